"""Webhooks: what is sent, to whom, how often, and what becomes of it where the receiver misbehaves."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import stat
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import web_archive
from conftest import run_python, start_python
from sites import Asked, Reply, Site, redirect
from web_archive import FLOOD, SERVE

from archive import Release
from archive.arrivals import latest_paragraph_id
from archive.fetching import connections, posting
from archive.fetching.posting import check_address
from index import Filters, Mode, Query
from index.hooks import FILE, GIVE_UP_AFTER, MOST_CHARS, MOST_PASSAGES, Hook, Hooks, HooksBusy, UnknownHook
from index.watching import Mark
from scripts import cli, delivering
from scripts.delivering import Report, sign

SERVICE = Query("melayani", mode=Mode.WORDS)
NEW = Release("Baru", "Bidan melayani warga.\n\nPasar ramai.", id="baru", published="2024-05-06")
BASE = "https://arsip.example/telusur"


@pytest.fixture
def data(tmp_path: Path) -> Path:
    web_archive.fill(tmp_path, SERVE, FLOOD)
    web_archive.build(tmp_path)
    return tmp_path


@pytest.fixture
def hooks(data: Path) -> Iterator[Hooks]:
    hooks = Hooks(data / FILE)
    yield hooks
    hooks.close()


@pytest.fixture
def site() -> Iterator[Site]:
    with Site() as site:
        site.on("/", Reply(204))
        yield site


def add(hooks: Hooks, site: Site, name: str = "redaksi", query: Query = SERVICE) -> Hook:
    with closing(web_archive.open_index(hooks.path.parent)) as index:
        made = Mark(latest_paragraph_id(index.store.database), datetime.now(UTC).isoformat(timespec="seconds"))
    return hooks.add(name, f"{site.url}/", query, BASE, made)


def publish(data: Path, *releases: Release) -> None:
    web_archive.fill(data, *releases)
    web_archive.build(data)


def deliver(hooks: Hooks, later: timedelta = timedelta()) -> list[Report]:
    with closing(web_archive.open_index(hooks.path.parent)) as index:
        return delivering.deliver(hooks, index, lambda: datetime.now(UTC) + later)


def sent(site: Site) -> list[dict[str, Any]]:
    return [json.loads(one.body) for one in site.asked]


def passages(site: Site) -> list[str]:
    return [hit["passage"] for document in sent(site) for hit in document["data"]["hits"]]


def run(data: Path, *arguments: str) -> int:
    return cli.main(["webhook", arguments[0], "--data", str(data), *arguments[1:]])


def test_a_new_passage_is_sent_once_as_the_endpoint_shows_it(hooks: Hooks, site: Site, data: Path) -> None:
    add(hooks, site)
    publish(data, NEW)
    assert deliver(hooks) == [Report("redaksi", found=1, delivered=1)]
    (document,) = sent(site)
    assert document["type"] == "passages.found"
    body = document["data"]
    assert (body["webhook"], body["query"], body["mode"], body["generation"]) == ("redaksi", "melayani", "kata", 2)
    assert body["search"] == f"{BASE}/?q=melayani&mode=kata"
    (hit,) = body["hits"]
    assert (hit["rank"], hit["passage"], hit["paragraph"], hit["band"]) == (1, "Bidan melayani warga.", 0, "kuat")
    assert hit["link"] == f"{BASE}/releases/baru?p=0&v=1#p0"
    assert hit["release"]["published"] == "2024-05-06"
    assert hit["key"].startswith("baru:")
    assert deliver(hooks, timedelta(days=1)) == [Report("redaksi")]
    web_archive.build(data)
    publish(data, Release("Lain", "Kabar pasar.", id="lain"))
    assert deliver(hooks, timedelta(days=1)) == [Report("redaksi")]
    assert site.count("/") == 1


def test_what_was_in_the_archive_before_is_never_sent_indexed_or_not(hooks: Hooks, site: Site, data: Path) -> None:
    web_archive.fill(data, Release("Tadi", "Satpam melayani tamu.", id="tadi"))
    add(hooks, site)
    publish(data, NEW)
    deliver(hooks)
    assert passages(site) == ["Bidan melayani warga."]


def test_a_delivery_is_signed_as_standard_webhooks_are(hooks: Hooks, site: Site, data: Path) -> None:
    hook = add(hooks, site)
    publish(data, NEW)
    deliver(hooks)
    (asked,) = site.asked
    assert (asked.method, asked.headers["content-type"]) == ("POST", "application/json")
    id, timestamp = asked.headers["webhook-id"], asked.headers["webhook-timestamp"]
    assert abs(int(timestamp) - datetime.now(UTC).timestamp()) < 60
    key = base64.b64decode(hook.secret.removeprefix("whsec_"))
    assert len(key) == 32
    digest = hmac.new(key, f"{id}.{timestamp}.".encode() + asked.body, hashlib.sha256).digest()
    assert asked.headers["webhook-signature"] == f"v1,{base64.b64encode(digest).decode()}"


def test_the_signature_is_the_one_that_the_specification_works_out() -> None:
    secret = "whsec_" + base64.b64encode(b"0" * 32).decode()
    expected = base64.b64encode(hmac.digest(b"0" * 32, b'msg_1.1700000000.{"a":1}', "sha256")).decode()
    assert sign(secret, "msg_1", 1_700_000_000, b'{"a":1}') == f"v1,{expected}"


@pytest.mark.parametrize(
    ("reply", "reason"),
    [
        (Reply(500), "it answers with HTTP 500"),
        (Reply(404), "it answers with HTTP 404"),
        (Reply(reset=True), ""),
        (Reply(raw=b"nonsense\r\n\r\n"), ""),
        (Reply(raw=b""), ""),
    ],
)
def test_what_fails_is_sent_again_with_the_same_id_and_body(
    hooks: Hooks, site: Site, data: Path, reply: Reply, reason: str
) -> None:
    site.on("/", reply, Reply(200, "ok"))
    add(hooks, site)
    publish(data, NEW)
    (report,) = deliver(hooks)
    assert (report.found, report.delivered, report.waiting) == (1, 0, 1)
    assert reason in (report.failure or "none")
    assert deliver(hooks) == [Report("redaksi", waiting=1)]
    assert deliver(hooks, timedelta(minutes=2)) == [Report("redaksi", delivered=1)]
    first, second = site.asked
    assert first.headers["webhook-id"] == second.headers["webhook-id"]
    assert first.headers["webhook-timestamp"] != second.headers["webhook-timestamp"]
    assert first.body == second.body
    progress = hooks.progress(hooks.get("redaksi"))
    assert (progress.delivered, progress.waiting, progress.failure) == (1, 0, None)


def test_redirects_are_not_followed(hooks: Hooks, site: Site, data: Path) -> None:
    site.on("/", redirect("/elsewhere", 307))
    add(hooks, site)
    publish(data, NEW)
    (report,) = deliver(hooks)
    assert report.failure == "it answers with HTTP 307, and redirects are not followed: add it with the address it has now"
    assert site.paths == ["/"]


@pytest.mark.parametrize("reply", [Reply(delay_s=60), Reply(body="x" * 100, drip_s=0.05, drip_headers=True)])
def test_a_slow_receiver_is_given_up_on(
    hooks: Hooks, site: Site, data: Path, monkeypatch: pytest.MonkeyPatch, reply: Reply
) -> None:
    monkeypatch.setattr(posting, "TIMEOUT_S", 0.5)
    monkeypatch.setattr(posting, "WHOLE_S", 0.5)
    site.on("/", reply)
    add(hooks, site)
    publish(data, NEW)
    started = datetime.now(UTC)
    assert deliver(hooks)[0].failure == "it does not answer in time"
    assert datetime.now(UTC) - started < timedelta(seconds=20)


def test_an_answer_without_end_is_not_read(hooks: Hooks, site: Site, data: Path) -> None:
    site.on("/", Reply(200, "x" * 10_000, {"Content-Length": "999999999"}, drip_s=1.0))
    add(hooks, site)
    publish(data, NEW)
    assert deliver(hooks)[0].delivered == 1


def test_a_receiver_that_asks_for_patience_gets_it(hooks: Hooks, site: Site, data: Path) -> None:
    site.on("/", Reply(503, headers={"Retry-After": "3600"}), Reply(200))
    add(hooks, site)
    publish(data, NEW)
    deliver(hooks)
    assert deliver(hooks, timedelta(minutes=59))[0].delivered == 0
    assert deliver(hooks, timedelta(minutes=61))[0].delivered == 1


def test_waits_grow_and_are_never_alike() -> None:
    waits = [[delivering._backoff(attempts) for _ in range(50)] for attempts in (0, 1, 2, 3, 40)]
    for minutes, found in zip((1, 2, 4, 8, 360), waits, strict=True):
        assert timedelta(minutes=minutes / 2) <= min(found) < max(found) <= timedelta(minutes=minutes)


def test_after_three_days_a_delivery_is_given_up_and_said_so(
    hooks: Hooks, site: Site, data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    site.on("/", Reply(500))
    add(hooks, site)
    publish(data, NEW)
    deliver(hooks)
    assert deliver(hooks, GIVE_UP_AFTER - timedelta(minutes=1))[0].waiting == 1
    (report,) = deliver(hooks, GIVE_UP_AFTER + timedelta(days=1))
    assert (report.given_up, report.waiting) == (1, 0)
    assert deliver(hooks, timedelta(days=9)) == [Report("redaksi")]
    assert site.count("/") == 3
    assert cli.main(["status", "--data", str(data)]) == 0
    line = f"redaksi: {site.url}/, 'melayani', 1 passages, 0 delivered, 1 given up; it answers with HTTP 500"
    assert f"webhook {line}\n" in capsys.readouterr().out
    assert run(data, "list") == 0
    assert capsys.readouterr().out == f"{line}\n"


def test_one_failure_holds_up_neither_other_webhooks_nor_later_passages(hooks: Hooks, site: Site, data: Path) -> None:
    with Site() as broken:
        broken.on("/", Reply(500), Reply(200))
        add(hooks, broken, "rusak")
        add(hooks, site, "sehat")
        publish(data, NEW)
        assert [report.delivered for report in deliver(hooks)] == [0, 1]
        publish(data, Release("Lagi", "Guru melayani murid.", id="lagi"))
        assert [report.delivered for report in deliver(hooks)] == [1, 1]
        assert deliver(hooks, timedelta(minutes=2))[0].delivered == 1
        assert passages(broken) == ["Bidan melayani warga.", "Guru melayani murid.", "Bidan melayani warga."]
        assert passages(site) == ["Bidan melayani warga.", "Guru melayani murid."]


def test_many_passages_go_out_in_several_deliveries_the_oldest_first(hooks: Hooks, site: Site, data: Path) -> None:
    add(hooks, site)
    count = MOST_PASSAGES + 10
    names = [chr(ord("a") + number // 26) + chr(ord("a") + number % 26) for number in range(count)]
    publish(data, *(Release(f"Rilis {name}", f"Petugas {name * 3} melayani {name * 4}.", id=name) for name in names))
    (report,) = deliver(hooks)
    assert (report.found, report.delivered) == (count, 2)
    assert [len(document["data"]["hits"]) for document in sent(site)] == [MOST_PASSAGES, 10]
    assert passages(site) == [f"Petugas {name * 3} melayani {name * 4}." for name in names]
    assert len({asked.headers["webhook-id"] for asked in site.asked}) == 2


def test_long_passages_go_out_apart(hooks: Hooks, site: Site, data: Path) -> None:
    add(hooks, site)
    bodies = [f"{word} melayani. " + "pengisi " * (MOST_CHARS // 16) for word in ("Bidan", "Guru", "Satpam")]
    publish(data, *(Release(f"Rilis {place}", body, id=f"r{place}") for place, body in enumerate(bodies)))
    deliver(hooks)
    assert max(len(one.body) for one in site.asked) < MOST_CHARS * 1.1
    assert len(passages(site)) == 3


KILLED = """
import os, signal, sys
from contextlib import closing
from pathlib import Path
import web_archive
from index.hooks import FILE, Hooks
from scripts import delivering
Hooks.note_delivered = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
data = Path(sys.argv[1])
with closing(Hooks(data / FILE)) as hooks, hooks.lock(), closing(web_archive.open_index(data)) as index:
    delivering.deliver(hooks, index)
"""


def test_killed_between_sending_and_noting_it_sends_again_under_the_same_id(hooks: Hooks, site: Site, data: Path) -> None:
    add(hooks, site)
    publish(data, NEW)
    assert run_python(KILLED, data).returncode == -9
    assert hooks.progress(hooks.get("redaksi")).waiting == 1
    with hooks.lock():  # which the dead process holds no more
        assert deliver(hooks, timedelta(minutes=2)) == [Report("redaksi", delivered=1)]
    first, second = site.asked
    assert first.headers["webhook-id"] == second.headers["webhook-id"]
    assert first.body == second.body


HOLDING = """
import sys
from pathlib import Path
from index.hooks import Hooks
with Hooks(Path(sys.argv[1])).lock():
    print("locked", flush=True)
    sys.stdin.read()
"""


def test_two_runs_do_not_deliver_at_once(hooks: Hooks, site: Site, data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    add(hooks, site)
    publish(data, NEW)
    with start_python(HOLDING, hooks.path) as other:
        assert other.stdout
        assert other.stdout.readline() == "locked\n"
        with pytest.raises(HooksBusy, match="another process is delivering"), hooks.lock():
            pass
        assert run(data, "deliver") == 0
        assert "another process is delivering" in capsys.readouterr().err
        other.communicate("")
    assert site.asked == []


def test_a_removed_webhook_is_forgotten_with_what_waits(hooks: Hooks, site: Site, data: Path) -> None:
    site.on("/", Reply(500))
    add(hooks, site)
    publish(data, NEW)
    deliver(hooks)
    with pytest.raises(UnknownHook, match="no webhook is named 'lain'"):
        hooks.remove(["redaksi", "lain"])
    assert [hook.name for hook in hooks.all()] == ["redaksi"]
    hooks.remove(["redaksi"])
    assert deliver(hooks, timedelta(days=1)) == []
    add(hooks, site)
    assert hooks.progress(hooks.get("redaksi")).passages == 0


def test_a_webhook_removed_while_it_is_told_is_passed_over(hooks: Hooks, site: Site, data: Path) -> None:
    add(hooks, site)
    publish(data, NEW)

    def gone(asked: Asked) -> Reply:
        hooks.remove(["redaksi"])
        return Reply(200)

    site.on("/", gone)
    assert deliver(hooks)[0].delivered == 1
    assert hooks.all() == []


def test_a_webhook_is_kept_as_it_was_made(hooks: Hooks, site: Site) -> None:
    filters = Filters(datetime(2024, 1, 1).date(), None, ("Sosial", "Ekonomi"), ("Dinas <x>",), (), ("id",))
    made = add(hooks, site, query=Query("siapa?", filters=filters, mode=Mode.MEANING))
    assert hooks.get("redaksi") == made
    assert made.query == Query("siapa?", filters=filters, mode=Mode.MEANING)
    assert stat.S_IMODE(hooks.path.stat().st_mode) == 0o600
    with pytest.raises(ValueError, match="there is a webhook named 'redaksi' already"):
        add(hooks, site)
    with pytest.raises(ValueError, match="is no name for a webhook"):
        add(hooks, site, "a\nb")


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("http://redaksi.example/", "must begin with https://"),
        ("ftp://127.0.0.1/", "must begin with https://"),
        ("redaksi.example", "must name a host"),
        ("https://a:b@redaksi.example/", "hold no user name"),
        ("https://redaksi.example/#a", "no #"),
        ("https://10.0.0.1/", "not on the public internet; give --allow-private"),
        ("https://169.254.169.254/", "not on the public internet"),
        ("https://[fd00::1]/", "not on the public internet"),
        ("https://internal.example/", "internal.example leads to 192.168.1.7, which is not"),
    ],
)
def test_an_address_that_is_not_safe_is_refused(monkeypatch: pytest.MonkeyPatch, url: str, reason: str) -> None:
    real = connections.resolve
    monkeypatch.setattr(
        connections, "resolve", lambda host, port: ["192.168.1.7"] if host == "internal.example" else real(host, port)
    )
    with pytest.raises(ValueError, match=reason):
        check_address(url, allow_private=False)


def test_this_machine_and_private_networks_that_are_allowed_are_addresses() -> None:
    for url in ("http://127.0.0.1:9000/a?b=c", "http://localhost/", "http://[::1]:80/"):
        check_address(url, allow_private=False)
    check_address("https://10.0.0.1/", allow_private=True)


def test_a_name_that_leads_into_a_private_network_later_is_refused_when_it_is_sent_to(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "resolve", lambda _host, _port: ["192.168.1.7"])
    with pytest.raises(posting.NotReceived, match="not on the public internet; add the webhook with --allow-private"):
        posting.post("https://redaksi.example/", b"{}", {})


def test_the_command_prints_the_secret_once(data: Path, site: Site, capsys: pytest.CaptureFixture[str]) -> None:
    assert (
        run(data, "add", "redaksi", f"{site.url}/", "--query", "melayani", "--mode", "kata", "--topic", "A", "--topic", "B")
        == 0
    )
    printed = capsys.readouterr()
    with closing(Hooks(data / FILE)) as hooks:
        hook = hooks.get("redaksi")
    assert printed.out == f"{hook.secret}\n"
    assert "cannot be shown again" in printed.err
    assert hook.query.filters.topics == ("A", "B")
    assert run(data, "list", "--json") == 0
    out = capsys.readouterr().out
    assert hook.secret not in out
    (listed,) = json.loads(out)["webhooks"]
    assert (listed["name"], listed["query"], listed["topics"], listed["passages"]) == ("redaksi", "melayani", ["A", "B"], 0)
    assert run(data, "remove", "redaksi") == 0
    assert run(data, "remove", "redaksi") == 1
    assert "no webhook is named 'redaksi'" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (("https://10.0.0.1/", "--query", "a"), "--allow-private"),
        (("http://127.0.0.1/", "--query", " "), "empty"),
        (("http://127.0.0.1/", "--query=-a"), "only says what to leave out"),
        (("http://127.0.0.1/", "--query", "a", "--base-url", "arsip"), "--base-url 'arsip' is no address"),
        (("http://127.0.0.1/", "--query", "a", "--since", "2024-02-01", "--until", "2024-01-01"), "swap"),
    ],
)
def test_the_command_refuses_what_cannot_work(
    data: Path, arguments: tuple[str, ...], reason: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(data, "add", "redaksi", *arguments) == 1
    assert reason in capsys.readouterr().err
    assert not (data / FILE).exists()


def test_looking_at_webhooks_makes_no_file(data: Path) -> None:
    assert run(data, "list") == 0
    assert run(data, "deliver") == 0
    assert cli.main(["status", "--data", str(data)]) == 0
    assert not (data / FILE).exists()


@pytest.mark.model
def test_indexing_delivers_at_its_end(tmp_path: Path, site: Site, cache_dir: Path, capsys: pytest.CaptureFixture[str]) -> None:
    web_archive.fill(tmp_path, FLOOD)
    assert run(tmp_path, "add", "redaksi", f"{site.url}/", "--query", "melayani", "--mode", "kata") == 0
    web_archive.fill(tmp_path, SERVE)
    capsys.readouterr()
    assert cli.main(["index", "--json", "--data", str(tmp_path), "--cache", str(cache_dir)]) == 0
    printed = capsys.readouterr()
    assert json.loads(printed.out)["generation"] == 1
    assert "webhook redaksi: 3 new passages, 1 delivered, 0 waiting\n" in printed.err
    assert len(passages(site)) == 3
