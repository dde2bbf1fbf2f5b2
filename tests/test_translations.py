"""The messages in the code are Indonesian; each has its English one, and the compiled file ships what the source says."""

from __future__ import annotations

from pathlib import Path

import pytest
from babel.messages.catalog import Catalog
from babel.messages.extract import DEFAULT_KEYWORDS, extract_from_dir
from babel.messages.frontend import parse_mapping_cfg
from babel.messages.mofile import read_mo
from babel.messages.pofile import read_po

WEB = Path(__file__).parents[1] / "web"
FOLDER = WEB / "translations" / "en" / "LC_MESSAGES"


@pytest.fixture(scope="module")
def english() -> Catalog:
    with (FOLDER / "messages.po").open("rb") as file:
        return read_po(file, locale="en")


def messages(catalog: Catalog) -> dict[object, object]:
    return {_plain(message.id): _plain(message.string) for message in catalog if message.id}


def _plain(text: object) -> object:
    return tuple(text) if isinstance(text, list | tuple) else text


def test_every_message_of_the_code_is_in_the_source(english: Catalog) -> None:
    with (WEB / "babel.cfg").open(encoding="utf-8") as file:
        methods, options = parse_mapping_cfg(file)
    keywords = {**DEFAULT_KEYWORDS, "lazy_gettext": None}
    found = {message for _, _, message, _, _ in extract_from_dir(WEB, methods, options, keywords=keywords)}
    assert found == set(messages(english))


def test_no_message_is_untranslated_or_doubtful(english: Catalog) -> None:
    for message in english:
        if message.id:
            strings = message.string if message.pluralizable else [message.string]
            assert all(strings), message.id
            assert not message.fuzzy, message.id
            assert not list(message.check(english)), message.id
    assert not english.obsolete


def test_compiled_messages_agree_with_their_source(english: Catalog) -> None:
    with (FOLDER / "messages.mo").open("rb") as file:
        assert messages(read_mo(file)) == messages(english)
