"""How Indonesian press offices write: the dateline that opens a release and the sign-off that closes it. Pure."""

from __future__ import annotations

import re

_PLACE = r"[A-Z][A-Z.'’ ]{1,38}[A-Z]"
# What stands between the place and its dash: "(21/3)", ", DISKOMINFO", ", (21/3)", ",".
_ASIDE = r"(?:,?\s?\([^()\n–—]{0,40}\)|\s?[,(][^–—\n-]{0,40})"
_DASH = r"(?:\s*[–—]\s*|\s+--?\s+|,-\s+|\s+-(?=[A-Z‘’“\"']))"
# "MADIUN – Aparatur …", "BANDAR LAMPUNG, (21/3) — …", "MADIUN (DISKOMINFO) - …", "(MADIUN) – …"
_DATELINE = re.compile(rf"\s*(?:(?P<city>{_PLACE}){_ASIDE}?|[(\[](?P<bracketed>{_PLACE})[)\]],?){_DASH}\S")
# In small letters a place and a dash may be any sentence; with an office or a day between them they are a dateline.
_DAY = r"[0-9]{1,2}(?:/[0-9]{1,2}(?:/[0-9]{2,4})?| [A-Za-z]{3,9} [0-9]{4})"
_DESK = r"(?i:diskominfo|kominfo|infopublik|humas|prokopim|mc)[A-Za-z. ]{0,30}|[A-Z]{4,14}"
_SMALL_DATELINE = re.compile(
    rf"\s*(?P<city>[A-Z][a-z]{{2,20}}(?: [A-Z][a-z]{{2,20}}){{0,2}})(?:,\s?\(?|\s\()(?:{_DAY}|{_DESK})\)?{_DASH}\S"
)

_NAME = r"[A-Za-z][A-Za-z. ]{1,38}"
_SIGN_OFF = re.compile(
    rf"(?P<before>^|[^\s*])[\s*]*(?:\((?P<names>{_NAME}(?:\s?[/|&,-]\s?{_NAME}){{0,5}})\)|\[(?P<boxed>{_NAME}(?:\s?[/|&-]\s?{_NAME}){{0,5}})\])"
    r"[.*]{0,3}\s*$"
)
_BETWEEN_NAMES = re.compile(r"\s?[/|&,-]\s?")
_CREDIT = re.compile(
    r"(?<![^\W_])(?P<label>penulis|pewarta|kontributor|reporter|rep|redaktur|red|penyunting|editor|ed|foto|fotografer|sumber)\s?:\s*",
    re.IGNORECASE,
)
_CREDITED = re.compile(r"[^\W\d_][^\W\d_.'’ -]*(?:[.'’ -]{1,2}[^\W\d_]+){0,4}")
_NEVER_INITIALS = frozenset({"foto", "fotografer", "sumber"})
_BETWEEN_CREDITS = " \t\n,;/|–—-()[]*."
_SENTENCE_ENDS = frozenset(".!?…’”\"'")
_LONGEST_INITIALS = 4
_LONGEST_NAME = 20
_LONGEST_BESIDE_AN_OFFICE = 12
_LONGEST_TAIL = 150
_LONGEST_CREDITS = 250
# Known by how their names start: "diskominfo", "Diskominfo Kota Madiun", "Humas Pemkot".
_OFFICES = {
    **dict.fromkeys(("dinas", "humas"), ""),
    **{
        name: name.capitalize()
        for name in ("bappeda", "bapenda", "dinkes", "dinsos", "disbudpar", "disdik", "dishub", "diskominfo")
    },
    **{name: name.capitalize() for name in ("disnaker", "disparbud", "disperindag", "dispora", "kominfo", "prokopim")},
}
# Short names, which could be mistaken for someone's initials.
_SHORT_OFFICES = {
    **{name: name.upper() for name in ("bkd", "bpbd", "dlh", "dkk", "dkpp", "dprd", "kpu", "pkk", "pmi", "pupr", "rsud")},
    "setda": "Setda",
    "tapem": "",
}
# What a paper writes below a text that somebody paid for; nobody's name.
_ADVERTISED = frozenset({"adv", "advertorial", "iklan", "pariwara"})

# Ministers and mayors meet there: a dateline of the capital does not say where a local office is.
_CAPITAL = "JAKARTA"
_STAYS_IN_CAPITALS = frozenset({"DKI", "DI"})


def dateline_city(text: str) -> str | None:
    """City that a release's first paragraph opens with, as published ("MADIUN" of "MADIUN – Aparatur …").

    In capitals, perhaps in brackets; in small letters only where an office or a day follows: "Madiun (Diskominfo) – …".
    """
    if found := _DATELINE.match(text):
        return found["city"] or found["bracketed"]
    found = _SMALL_DATELINE.match(text)
    return found["city"] if found else None


def sign_off(text: str) -> tuple[tuple[str, ...], str | None] | None:
    """Initials and office that end a release's last paragraph.

    Returns:
        (("ney", "agi"), "diskominfo") for a text that ends in "… (ney/agi/diskominfo)"; the office is None where only
        people signed. (("Ney", "Agi"), None) for "Penulis: Ney, Editor: Agi". ((), None) for "(adv)", which names nobody.
        None for a text that nobody signed.
    """
    found = _SIGN_OFF.search(text, max(0, len(text) - _LONGEST_TAIL))
    if found is None:
        return _credits(text[-_LONGEST_CREDITS:])
    written = found["names"] or found["boxed"]
    names = tuple(name.strip() for name in _BETWEEN_NAMES.split(written))
    # A parenthesis that continues a sentence, "… 80 (km/jam)", is no signature.
    ends_sentence = not found["before"] or found["before"] in _SENTENCE_ENDS
    named = tuple(name for name in names if name.lower() not in _ADVERTISED)
    if len(named) < len(names):
        return _split_office(named) if ends_sentence and _may_sign(named) else None
    if len(names) == 1:
        # Nor is one word that comments, "… (tertawa)", or spells out a short name, "… (KPU)".
        initials = names[0].islower() and len(names[0]) <= _LONGEST_INITIALS and " " not in names[0]
        return _split_office(names) if ends_sentence and (initials or _starts_like_an_office(names[0])) else None
    has_known_office = _is_known_office(names[-1]) or _is_known_office(names[0])
    if not (ends_sentence or has_known_office) or not _may_sign(names):
        return None
    # "(sapi, kambing)" lists and "(kilo-meter)" joins; only an office makes a signature of that.
    if not set(written) & set("/|&") and not (ends_sentence and has_known_office):
        return None
    return _split_office(names)


def agency(office: str | None, city: str | None) -> str | None:
    """Who publishes, as far as the sign-off's office and the dateline's city say: "Diskominfo Madiun".

    "MADIUN" is a city and a regency, so neither is named unless the text did: "KOTA MADIUN". None for an office not known,
    and for "humas", which every body has.
    """
    if office is None:
        return None
    if " " in office:
        # "Diskominfo Kota Madiun" says it all; "Humas Pemkot" does not.
        return office if _OFFICES.get(office.split()[0].lower()) or office.lower().startswith("dinas ") else None
    name = _OFFICES.get(office.lower()) or _SHORT_OFFICES.get(office.lower())
    if not name:
        return None
    return name if city is None or city.upper() == _CAPITAL else f"{name} {_in_small_letters(city)}"


def _split_office(names: tuple[str, ...]) -> tuple[tuple[str, ...], str | None]:
    if names and _is_office(names[-1]):
        return names[:-1], names[-1]
    if names and _is_known_office(names[0]):
        return names[1:], names[0]
    return names, None


def _may_sign(names: tuple[str, ...]) -> bool:
    """Whether the names are short enough for initials, or people's beside an office that is known."""
    if not names:
        return True
    if any(len(name) > _LONGEST_NAME and not _is_known_office(name) for name in names):
        return False
    known = next((name for name in (names[-1], names[0]) if _is_known_office(name)), None)
    others = [name for name in (names[:-1] if known is None else names) if name is not known]
    longest = _LONGEST_INITIALS if known is None else _LONGEST_BESIDE_AN_OFFICE
    return all(len(name) <= longest and " " not in name for name in others) and (known is not None or " " not in names[-1])


def _credits(tail: str) -> tuple[tuple[str, ...], str | None] | None:
    """Who is named by "Penulis: …, Editor: …" or "Rep: … / Red: …" at the very end of a text."""
    before, *parts = _CREDIT.split(tail)
    if not parts or not _ends(before):
        return None
    credited = [(label.lower(), value.strip(_BETWEEN_CREDITS)) for label, value in zip(parts[::2], parts[1::2], strict=True)]
    if not all(len(value) <= 2 * _LONGEST_NAME and _CREDITED.fullmatch(value) for _, value in credited):
        return None
    names = tuple(value for label, value in credited if label not in _NEVER_INITIALS)
    office = next((value for label, value in credited if label == "sumber" and _is_known_office(value)), None)
    return (names, office) if names or office else None


def _ends(before: str) -> bool:
    """Whether a sentence or a line has ended, so that what follows stands for itself."""
    rest = before.rstrip(" \t([*")
    return not rest or rest[-1] == "\n" or rest[-1] in _SENTENCE_ENDS


def _is_office(name: str) -> bool:
    return _is_known_office(name) or len(name) > _LONGEST_INITIALS


def _is_known_office(name: str) -> bool:
    return name.lower() in _SHORT_OFFICES or _starts_like_an_office(name)


def _starts_like_an_office(name: str) -> bool:
    return name.lower().startswith(tuple(_OFFICES))


def _in_small_letters(city: str) -> str:
    return " ".join(word if word in _STAYS_IN_CAPITALS or "." in word else word.capitalize() for word in city.split())
