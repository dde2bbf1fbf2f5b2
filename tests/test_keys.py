"""Keys for programs, and the command that keeps them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from scripts import cli
from web.operations.keys import FILE, Keys, UnknownKey


@pytest.fixture
def keys(tmp_path: Path) -> Iterator[Keys]:
    keys = Keys(tmp_path / FILE)
    yield keys
    keys.close()


def run(data: Path, *arguments: str) -> int:
    return cli.main(["key", arguments[0], "--data", str(data), *arguments[1:]])


def test_a_token_is_found_and_kept_nowhere(keys: Keys, tmp_path: Path) -> None:
    first, second = keys.create("Redaksi"), keys.create("Universitas", 0)
    assert re.fullmatch(r"telusur_[A-Za-z0-9_-]{43}", first)
    assert first != second
    found = [keys.find(token) for token in (first, second)]
    assert [(key.name, key.per_minute) for key in found if key] == [("Redaksi", 600), ("Universitas", 0)]
    kept = b"".join(file.read_bytes() for file in tmp_path.iterdir())
    assert b"Redaksi" in kept
    assert first.removeprefix("telusur_").encode() not in kept


@pytest.mark.parametrize("change", [str.upper, str.swapcase, lambda token: token[:-1], lambda token: token + "=", lambda _: ""])
def test_nothing_but_the_token_will_do(keys: Keys, change: object) -> None:
    token = keys.create("Redaksi")
    assert callable(change)
    assert keys.find(change(token)) is None


def test_a_revoked_key_is_out_of_force_but_listed_and_its_name_is_free(keys: Keys) -> None:
    old = keys.create("Redaksi", 10)
    keys.revoke(["Redaksi"])
    new = keys.create("Redaksi", 20)
    assert keys.find(old) is None
    assert keys.find(new) == keys.all()[1]
    assert [(key.per_minute, key.revoked_at is None) for key in keys.all()] == [(10, False), (20, True)]


def test_a_name_in_use_is_refused(keys: Keys) -> None:
    token = keys.create("Redaksi")
    with pytest.raises(ValueError, match="there is a key named 'Redaksi' already: revoke it first"):
        keys.create("Redaksi")
    assert keys.find(token) is not None


@pytest.mark.parametrize("name", ["", " ", "a\nb", "x" * 65, "<b>"])
def test_what_is_no_name_is_refused(keys: Keys, name: str) -> None:
    with pytest.raises(ValueError, match="is no name for a key"):
        keys.create(name)


@pytest.mark.parametrize("limit", [-1, 1_000_001])
def test_an_impossible_limit_is_refused(keys: Keys, limit: int) -> None:
    with pytest.raises(ValueError, match="must be 0 to 1000000 requests a minute"):
        keys.create("Redaksi", limit)


def test_revoking_is_all_or_nothing(keys: Keys) -> None:
    token = keys.create("Redaksi")
    with pytest.raises(UnknownKey, match="no key in force is named 'Radio'"):
        keys.revoke(["Redaksi", "Radio"])
    assert keys.find(token) is not None


def test_the_command_prints_a_key_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(tmp_path, "create", "Redaksi", "--limit", "90") == 0
    token, told = capsys.readouterr()
    assert "cannot be shown again" in told
    assert run(tmp_path, "list") == 0
    listed = capsys.readouterr().out
    assert re.fullmatch(r"Redaksi: 90 requests a minute, made \S+\n", listed)
    keys = Keys(tmp_path / FILE)
    assert keys.find(token.strip()) is not None
    assert run(tmp_path, "revoke", "Redaksi") == 0
    assert capsys.readouterr().out == "revoked Redaksi\n"
    assert keys.find(token.strip()) is None
    assert run(tmp_path, "revoke", "Redaksi") == 1
    assert capsys.readouterr().err == "telusur key: no key in force is named 'Redaksi': telusur key list shows them\n"
    keys.close()


def test_the_command_prints_json(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(tmp_path, "create", "Redaksi", "--json") == 0
    created = json.loads(capsys.readouterr().out)
    assert (created["name"], created["per_minute"], created["key"][:8]) == ("Redaksi", 600, "telusur_")
    assert run(tmp_path, "revoke", "Redaksi", "--json") == 0
    assert json.loads(capsys.readouterr().out) == {"revoked": ["Redaksi"]}
    assert run(tmp_path, "list", "--json") == 0
    (listed,) = json.loads(capsys.readouterr().out)["keys"]
    assert listed["revoked_at"] >= listed["created_at"]


def test_looking_makes_no_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(tmp_path, "list") == 0
    assert capsys.readouterr().err == "there is no key yet; make one: telusur key create NAME\n"
    assert list(tmp_path.iterdir()) == []
