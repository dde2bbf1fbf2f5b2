"""Short forms written out for the encoder."""

from __future__ import annotations

import pytest

from index.glossary import write_out

PLAIN = "pegawai negeri (aparatur sipil negara)"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("ASN harus melayani", f"{PLAIN} harus melayani"),
        ("‘’Bahwa, ASN itu melayani,’’ kata ASN.", f"‘’Bahwa, {PLAIN} itu melayani,’’ kata {PLAIN}."),
        ("asn, ASNA dan xASN tetap", "asn, ASNA dan xASN tetap"),
        ("Civil servants serve; a CIVIL SERVANT serves", f"{PLAIN} serve; a {PLAIN} serves"),
        ("the village heads and the state civil apparatus", f"the kepala desa and the {PLAIN}"),
        ("civil service, uncivil servants and Mayor Jenderal stay", "civil service, uncivil servants and Mayor Jenderal stay"),
        ("", ""),
    ],
)
def test_a_name_is_written_as_readers_and_officials_say_it(text: str, expected: str) -> None:
    assert write_out(text).text == expected


def test_every_character_is_traced_to_where_it_stood() -> None:
    text = "Kata ASN: ‘’ASN melayani’’"
    written = write_out(text)
    for position, character in enumerate(written.text):
        origin = written.origin(position)
        assert text[origin] == character or text[origin : origin + 3] == "ASN"
    assert [written.origin(place) for place in (0, 4, 5, 5 + len(PLAIN))] == [0, 4, 5, 8]
    assert written.origin(len(written.text)) == len(text)


def test_origins_never_go_back() -> None:
    written = write_out("ASN ASN dan ASN")
    origins = [written.origin(position) for position in range(len(written.text) + 1)]
    assert origins == sorted(origins)
