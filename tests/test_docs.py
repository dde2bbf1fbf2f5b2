"""What the README says is so."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from archive.readers import text as text_reader
from scripts import cli
from web.parameters import DEFAULT_K

README = (Path(__file__).parents[1] / "README.md").read_text(encoding="utf-8")
BLOCKS = [(kind, body) for kind, body in re.findall(r"```(\w+)\n(.*?)```", README, re.DOTALL)]


def blocks(kind: str) -> list[str]:
    return [body for found, body in BLOCKS if found == kind]


def test_two_commands_lead_to_a_first_hit_and_to_green_tests() -> None:
    shell = re.findall(r"^\$ (\./scripts/\S+)$", "\n".join(blocks("console")), re.MULTILINE)
    assert shell == ["./scripts/run", "./scripts/test"]
    assert all((Path(__file__).parents[1] / command).stat().st_mode & 0o111 for command in shell)


def test_every_command_is_listed_and_every_listed_command_exists(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        cli.main(["--help"])
    known = set(re.findall(r"^    (\w+)", capsys.readouterr().out, re.MULTILINE))
    listed = set(re.findall(r"^\| .*$", README, re.MULTILINE))
    assert set(re.findall(r"`telusur (\w+)", "\n".join(listed))) == known
    assert set(re.findall(r"telusur ([a-z]+)", "\n".join(blocks("console")))) <= known


@pytest.mark.parametrize("option", sorted(set(re.findall(r"`telusur \w+[^`]*`", README))))
def test_options_in_the_text_are_understood(option: str, capsys: pytest.CaptureFixture[str]) -> None:
    command, *words = option.strip("`").split()[1:]
    with pytest.raises(SystemExit):
        cli.main([command, "--help"])
    shown = capsys.readouterr().out
    assert all(flag in shown for flag in re.findall(r"--[a-z]+|-k", " ".join(words)))


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


def test_defaults_are_as_stated() -> None:
    assert DEFAULT_K == 10
    assert "[-k 10]" in README
    assert "(1–100)" in README
