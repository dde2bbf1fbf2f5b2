"""The letterhead that official documents carry above their title; pure."""

from __future__ import annotations

import re
from collections.abc import Sequence

_OFFICES = r"(?:DINAS|BADAN|SEKRETARIAT|BAGIAN|INSPEKTORAT|KECAMATAN|KELURAHAN|KANTOR|SATUAN)(?: [A-Z.,&-]+){1,6}"
_GOVERNMENT = re.compile(rf"PEMERINTAH (?:KOTA|KABUPATEN|PROVINSI|DAERAH)(?: [A-Z.-]+){{1,3}}?(?: {_OFFICES})?")
_OFFICE = re.compile(_OFFICES)
_ADDRESS = re.compile(
    r"(?:Jl\.|Jln\.|Jalan |Telp|Telepon|Tlp|Fax|Faks|Website|Laman|Pos-?el|E-?mail|https?:|www\.)\s?.*\d.*|.*@.*", re.IGNORECASE
)
_LABEL = re.compile(
    r"(?:SIARAN PERS|RILIS(?: BERITA| PERS)?|PRESS RELEASE|NASKAH BERITA)(?:\s*\(?(?:NOMOR|NO)\b.*)?|NOMOR\s*:.*", re.IGNORECASE
)
_LONGEST_CHARS = 200


def count_letterhead(texts: Sequence[str]) -> int:
    """How many of the first paragraphs are the letterhead: who writes, where from, and that this is a press release.

    The office and the address count only below the line of the government, since a title may begin with an office too. A title
    and a paragraph always remain.
    """
    is_official = False
    for number, text in enumerate(texts[:-2]):
        is_government = _GOVERNMENT.fullmatch(text) is not None
        below = (_OFFICE, _ADDRESS) if is_official else ()
        is_letterhead = is_government or any(pattern.fullmatch(text) for pattern in (_LABEL, *below))
        if not is_letterhead or len(text) > _LONGEST_CHARS:
            return number
        is_official = is_official or is_government
    return max(0, len(texts) - 2)
