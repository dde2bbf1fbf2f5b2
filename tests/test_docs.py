"""What the README says is so."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from archive.readers import text as text_reader
from index.answer import MAX_K
from index.hooks import GIVE_UP_AFTER
from scripts import cli
from web.api.requests import MAX_QUERIES
from web.batch import MAX_QUESTIONS
from web.exports import MAX_EXPORT
from web.feeds import MOST_ENTRIES
from web.parameters import DEFAULT_K

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCKS = [(kind, body) for kind, body in re.findall(r"```([\w-]+)\n(.*?)```", README, re.DOTALL)]
# In backquotes, or where a reader is shown what to type.
COMMANDS = re.findall(r"`(telusur \w[^`]*)`", README) + re.findall(r"^(?:\$ |.* && )(telusur [^&\n]*)", README, re.MULTILINE)


def blocks(kind: str) -> list[str]:
    return [body for found, body in BLOCKS if found == kind]


def test_two_commands_lead_to_a_first_hit_and_to_green_tests() -> None:
    shell = re.findall(r"^\$ (\./scripts/\S+)$", "\n".join(blocks("console")), re.MULTILINE)
    assert shell == ["./scripts/run", "./scripts/test"]
    assert all((ROOT / command).stat().st_mode & 0o111 for command in shell)


def test_every_command_is_listed_and_every_listed_command_exists(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        cli.main(["--help"])
    known = set(re.findall(r"^    (\w+)", capsys.readouterr().out, re.MULTILINE))
    listed = set(re.findall(r"^\| .*$", README, re.MULTILINE))
    assert set(re.findall(r"`telusur (\w+)", "\n".join(listed))) == known
    assert set(re.findall(r"telusur ([a-z]+)", "\n".join(blocks("console")))) <= known


@pytest.mark.parametrize("command", sorted({" ".join(one.split()) for one in COMMANDS}))
def test_options_of_commands_are_understood(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    words = command.split()[1:]
    shown = help_of(capsys, words[0])
    if "ACTION" in shown and len(words) > 1:
        shown = help_of(capsys, *words[:2])
    assert [flag for flag in re.findall(r"(?<!\S)\[?(--[a-z-]+|-k)\b", command) if flag not in shown] == []


def help_of(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    with pytest.raises(SystemExit, match="0"):
        cli.main([*words, "--help"])
    return capsys.readouterr().out


@pytest.mark.parametrize("option", re.findall(r"^\| (`--.*`) \|", README, re.MULTILINE))
def test_options_of_the_server_are_understood(option: str, capsys: pytest.CaptureFixture[str]) -> None:
    shown = help_of(capsys, "serve")
    assert all(flag in shown for flag in re.findall(r"--[a-z-]+", option))


def test_everything_in_the_layout_exists() -> None:
    rooms = re.findall(r"^\| `(\w+/)` \| (.*) \|$", README.partition("## Layout")[2], re.MULTILINE)
    named = [(room, path) for room, told in rooms for path in re.findall(r"`([\w.]+/?)`", told)]
    assert [room for room, _ in rooms] == ["archive/", "index/", "web/", "scripts/", "tests/"]
    assert [room + path for room, path in named if not (ROOT / room / path).exists()] == []


def test_the_answer_shown_has_the_form_that_the_endpoint_gives(client: FlaskClient) -> None:
    (shown,) = (json.loads(body) for body in blocks("json"))
    given = client.get("/api/v1/search", query_string={"q": "c0 ASN", "k": 1}).get_json()
    assert shown.keys() == given.keys()
    hit = {name: value for name, value in given["hits"][0].items() if name not in {"more", "near_identical"}}
    assert shown["hits"][0].keys() == hit.keys()
    assert shown["hits"][0]["release"].keys() == hit["release"].keys()


def test_the_text_file_shown_is_read_as_described() -> None:
    (shown,) = (body for body in blocks("text") if body.startswith("---"))
    release = text_reader.parse(shown.encode(), "README")
    assert (release.title, release.published, release.topic) == ("Judul Siaran Pers", "2023-03-21", "Kepegawaian")
    assert (release.city, release.initials, release.office) == ("MADIUN", ("ney", "agi"), "diskominfo")


def test_defaults_and_limits_are_as_stated(capsys: pytest.CaptureFixture[str]) -> None:
    assert f"[-k {DEFAULT_K}]" in README
    assert f"`k` (1–{MAX_K})" in README
    shown = " ".join(help_of(capsys, "serve").split())
    told = [re.search(rf"--{name} [A-Z]+ [^:]*\(default: (\d+)\)", shown) for name in ("threads", "api-limit", "page-limit")]
    threads, api, pages = (one[1] for one in told if one)
    assert f"answers so many requests at once ({threads})" in README
    assert f"({api} to the endpoint, {pages} pages; 0 for any number)" in README
    assert f"Any list, up to {MAX_EXPORT:,} releases" in README
    assert f"(`/batch`): up to {MAX_QUESTIONS}, one a line" in README
    assert f"`POST search` | the same for up to {MAX_QUERIES} queries" in README
    assert GIVE_UP_AFTER.days == 3
    assert "given up after three days" in README
    assert f"the last {MOST_ENTRIES} passages above the line" in README
