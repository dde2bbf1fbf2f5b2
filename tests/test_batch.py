from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from html import unescape
from pathlib import Path

import pytest
import web_archive
from flask.testing import FlaskClient
from test_exports import read_csv, read_xlsx
from web_archive import FLOOD, HOSTILE, SERVE

from index import Index, Query
from web import batch, create_app

QUESTIONS = "ASN harus melayani\r\n\r\n  banjir merendam rumah \nresep rendang\n"


@pytest.fixture
def index(tmp_path: Path) -> Iterator[Index]:
    with web_archive.opened(tmp_path, SERVE, FLOOD, *web_archive.many(3)) as index:
        yield index


def ask(client: FlaskClient, questions: str, status: int = 200, path: str = "/batch") -> str:
    response = client.post(path, data={"questions": questions})
    assert (response.status_code, response.content_type) == (status, "text/html; charset=utf-8")
    return response.get_data(as_text=True)


def text(html: str) -> str:
    without_marks = re.sub(r"</?(?:mark|b)>", "", html)
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", without_marks)).split())


def rows(html: str) -> list[list[str]]:
    """Texts of the table's cells."""
    body = html.partition("<tbody")[2].partition("</tbody>")[0]
    return [
        [text(cell) for cell in re.findall(r"<t[hd]\b.*?</t[hd]>", row, re.DOTALL)]
        for row in re.findall(r"<tr\b.*?</tr>", body, re.DOTALL)
    ]


def faults(html: str) -> list[str]:
    notice = html.partition('id="faults"')[2].partition("</section>")[0]
    return [text(one) for one in re.findall(r"<li>.*?</li>", notice, re.DOTALL)]


def test_page_asks_for_questions(client: FlaskClient) -> None:
    html = client.get("/batch").get_data(as_text=True)
    assert "Paling banyak 100 pertanyaan, masing-masing sampai 2.000 karakter" in html
    assert "<table" not in html


def test_each_question_gets_its_verdict_and_best_passage(client: FlaskClient, index: Index) -> None:
    html = ask(client, QUESTIONS)
    asn, flood, recipe = rows(html)
    best = index.search(Query("ASN harus melayani")).hits[0].passage
    assert asn == ["ASN harus melayani", "kuat", "4 siaran pers menjawab", best.text, f"{SERVE.title} 21 Maret 2023"]
    assert flood[:2] == ["banjir merendam rumah", "kuat"]
    assert flood[4] == f"{FLOOD.title} 19 Januari 2021"
    assert recipe[:3] == ["resep rendang", "lemah", "0 siaran pers menjawab"]
    assert f'href="/releases/asn-melayani?p={best.position}&amp;v=1#p{best.position}"' in html
    assert 'href="/?q=resep+rendang"' in html
    assert "2 dari 3 pertanyaan terjawab." in html


def test_all_questions_go_through_the_model_in_one_pass(
    client: FlaskClient, index: Index, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[int] = []
    search_many = index.search_many

    def counted(queries: list[Query]) -> object:
        calls.append(len(queries))
        return search_many(queries)

    monkeypatch.setattr(index, "search_many", counted)
    ask(client, QUESTIONS)
    assert calls == [3]


def test_what_was_pasted_stays_in_the_box(client: FlaskClient) -> None:
    html = ask(client, "  <b>melayani</b> & lain\n\n=1+1")
    box = re.search(r"<textarea[^>]*>\n(.*?)</textarea>", html, re.DOTALL)
    assert box
    assert box[1] == "  &lt;b&gt;melayani&lt;/b&gt; &amp; lain\n\n=1+1"
    assert [row[0] for row in rows(html)] == ["<b>melayani</b> & lain", "=1+1"]


def test_page_in_english(client: FlaskClient) -> None:
    html = ask(client, QUESTIONS, path="/batch?lang=en")
    assert '<html lang="en">' in html
    assert [row[1:3] for row in rows(html)[:2]] == [["strong", "4 releases answer"], ["strong", "1 release answers"]]
    assert "2 of 3 questions answered." in html


def test_files_hold_the_same_answers(client: FlaskClient, index: Index) -> None:
    response = client.post("/batch", data={"questions": QUESTIONS + "=cmd()", "format": "csv"})
    assert response.headers["Content-Disposition"].startswith("attachment; filename=telusur-pertanyaan-")
    found = read_csv(response.data)
    assert [row["question"] for row in found] == ["ASN harus melayani", "banjir merendam rumah", "resep rendang", "'=cmd()"]
    assert [row["band"] for row in found] == ["kuat", "kuat", "lemah", "lemah"]
    best = index.search(Query("banjir merendam rumah")).hits[0].passage
    assert (found[1]["number"], found[1]["total"], found[1]["passage"]) == ("2", "1", best.text)
    assert found[1]["permalink"] == f"http://localhost/releases/banjir?p={best.position}&v=1#p{best.position}"
    assert found[1]["sha256"] == index.store.release("banjir").digest
    response = client.post("/batch?lang=en", data={"questions": QUESTIONS + "=cmd()", "format": "xlsx"})
    (head, *body), about = read_xlsx(response.data)
    assert head[:4] == ["Number", "Question", "Strength", "Releases that answer"]
    assert [row[1] for row in body] == ["ASN harus melayani", "banjir merendam rumah", "resep rendang", "=cmd()"]
    assert (about["Question"], about["Answered"]) == (4, 2)


def test_each_line_at_fault_is_named_and_nothing_is_lost(client: FlaskClient) -> None:
    pasted = f"melayani\n\n{'a' * 2_001}\n-parkir\nbanjir\x01"
    html = ask(client, pasted, 400)
    third, fourth, fifth = faults(html)
    assert third.startswith("Baris 3: Pertanyaan terlalu panjang: 2001 karakter. Pakai paling banyak 2000 karakter;")
    assert fourth.startswith("Baris 4: Pertanyaan ini hanya berisi apa yang tidak boleh muncul. Tambahkan apa yang dicari,")
    assert fifth == "Baris 5: Isi parameter q memuat karakter kendali U+0001. Hapus karakter itu."
    assert 'aria-invalid="true"' in html
    assert "a" * 2_001 in html
    assert rows(html) == []


@pytest.mark.parametrize("pasted", ["", " \r\n\t\n"])
def test_an_empty_list_says_so(client: FlaskClient, pasted: str) -> None:
    assert faults(ask(client, pasted, 400)) == ["Belum ada pertanyaan. Tulis atau tempel pertanyaan, satu per baris."]


def test_too_many_questions_say_how_many(client: FlaskClient) -> None:
    assert len(rows(ask(client, "melayani\n" * batch.MAX_QUESTIONS))) == 100
    assert faults(ask(client, "melayani\n" * 101, 400)) == ["Ada 101 pertanyaan. Kirim paling banyak 100 sekaligus."]


def test_a_body_of_another_kind_is_refused(client: FlaskClient) -> None:
    assert client.post("/batch", json={"questions": "melayani"}).status_code == 415
    assert client.post("/batch", data=b"questions=%ff", content_type="application/x-www-form-urlencoded").status_code == 400
    assert client.post("/batch", data={"questions": "a" * 70_000}).status_code == 413


def test_hostile_passages_are_text(tmp_path: Path) -> None:
    with web_archive.opened(tmp_path / "hostile", HOSTILE) as index:
        html = ask(create_app({"INDEX": index}).test_client(), "pasar ramai pedagang\npedagang senang")
    assert "<script>alert" not in html
    assert "<img" not in html
    assert "{{ 7*7 }}" in html


def test_a_question_that_must_contain_what_nothing_contains_has_no_passage(client: FlaskClient) -> None:
    [row] = rows(ask(client, '"kereta gantung"'))
    assert row == ['"kereta gantung"', "lemah", "0 siaran pers menjawab", "Tidak ada siaran pers yang cocok", ""]
    [found] = read_csv(client.post("/batch", data={"questions": '"kereta gantung"', "format": "csv"}).data)
    assert (found["band"], found["passage"], found["permalink"]) == ("lemah", "", "")


def test_reading_keeps_order_and_passes_over_empty_lines() -> None:
    searches, none = batch.read("satu\r\n\n dua\rtiga")
    assert ([search.text for search in searches], none) == (["satu", "dua", "tiga"], [])
    assert replace(searches[0], text="dua") == searches[1]
