"""Text to the terms that the lexical side counts; pure.

A term is letters and digits only. From a text to its terms:

- case and accents go, apostrophes too (*Jum’at*, *jumat*); stop-words are left out;
- Indonesian affixes go (*melayani*, *pelayanan* → *layan*), by Snowball's stemmer after Tala, "A Study of Stemming Effects on
  Information Retrieval in Bahasa Indonesia" (Amsterdam, 2003); words of three letters and less are left as they are;
- a word said twice counts once (*warga-warga* → *warga*);
- what officials shorten is written out (*Pemkot* → *pemerintah kota*), so that either spelling finds the other and every part
  of the long one; the terms of one short form all stand where it stands;
- numbers lose their grouping and leading zeros (*1.250.000*, *1,250,000* → *1250000*), and a decimal comma, a decimal point
  and the point or colon of a time are one (*3,5* → *3koma5*, *09.00* = *9:00*);
- a date in digits becomes day, month's name and year (*21/3*, *21-03-2023*, *2023-03-21*). So does a fraction that could be
  one (*3/4*): texts and queries agree on it, which is all that counts.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection
from functools import lru_cache
from itertools import groupby
from typing import NamedTuple

import Stemmer

from index.stop_words import STOP_WORDS

VERSION = 2
"""Raised whenever `terms` cuts differently: an index of other terms is built anew."""

_UNSTEMMED_LETTERS = 3  # words this short carry no affix
_REMEMBERED = 1 << 18  # pieces; an archive's vocabulary fits, and the memory of a long-running server stays bounded

_LETTER = r"[^\W0-9_]"
_MARK = "[\u0300-\u036f\u00ad\u200b-\u200d]"  # combining accents, soft hyphens and other invisible signs stand within words
_JOINER = f"(?:{_MARK}+|[-\u2010\u2011'’ʼ`])"
_PIECE = re.compile(
    # A level, a class, a format: B3, G-20, U-17, 5G are one word each.
    rf"(?<!\w){_LETTER}-?[0-9]+(?![\w]|[.,][0-9])"
    rf"|[0-9]+(?:[.,:/-][0-9]+)*(?:{_LETTER}(?!\w))?"
    rf"|{_LETTER}+(?:{_JOINER}{_LETTER}+)*{_MARK}*"
)
_WORD = re.compile(r"\S+")
_HYPHEN = re.compile("[-\u2010\u2011]")
_POSSESSIVE = re.compile("['’ʼ`]s$", re.IGNORECASE)

_DATE = re.compile(
    r"(?P<day>[0-9]{1,2})/(?P<month>[0-9]{1,2})(?:/(?P<year>[0-9]{4}|[0-9]{2}))?"
    r"|(?P<day2>[0-9]{1,2})(?P<by>[-.])(?P<month2>[0-9]{1,2})(?P=by)(?P<year2>[0-9]{4})"
    r"|(?P<year3>[0-9]{4})-(?P<month3>[0-9]{1,2})-(?P<day3>[0-9]{1,2})"
)
_RANGE = re.compile("[/-]")
_GROUPED = re.compile(r"([1-9][0-9]{0,2}(?:\.[0-9]{3})+)(?:,([0-9]+))?|([1-9][0-9]{0,2}(?:,[0-9]{3})+)(?:\.([0-9]+))?")

_MONTHS = (
    "januari", "februari", "maret", "april", "mei", "juni", "juli", "agustus", "september", "oktober", "november", "desember",
)  # fmt: skip

_NAMES = frozenset({"AS", "IT", "ITS", "WHO"})  # in capitals a country, a trade, a university and an agency, not English words

# Only what has one meaning in a government's prose: *PKL* is a street vendor or an internship, *kasi* a head of section or
# "gives". Stop-words within a long form are left out, as they are from texts.
_WRITTEN_OUT = {
    "apbd": "anggaran pendapatan belanja daerah",
    "asn": "aparatur sipil negara",
    "balaikota": "balai kota",
    "bansos": "bantuan sosial",
    "bpbd": "badan penanggulangan bencana daerah",
    "bumd": "badan usaha milik daerah",
    "dinkes": "dinas kesehatan",
    "dinsos": "dinas sosial",
    "disdik": "dinas pendidikan",
    "dishub": "dinas perhubungan",
    "diskominfo": "dinas komunikasi informatika",
    "dlh": "dinas lingkungan hidup",
    "dprd": "dewan perwakilan rakyat daerah",
    "ibukota": "ibu kota",
    "jl": "jalan",
    "jln": "jalan",
    "kab": "kabupaten",
    "kabag": "kepala bagian",
    "kabid": "kepala bidang",
    "kades": "kepala desa",
    "kadinkes": "kepala dinas kesehatan",
    "kadis": "kepala dinas",
    "kec": "kecamatan",
    "kerjasama": "kerja sama",
    "kominfo": "komunikasi informatika",
    "lansia": "lanjut usia",
    "opd": "organisasi perangkat daerah",
    "pemda": "pemerintah daerah",
    "pemdes": "pemerintah desa",
    "pemkab": "pemerintah kabupaten",
    "pemkot": "pemerintah kota",
    "pemprov": "pemerintah provinsi",
    "perbup": "peraturan bupati",
    "perda": "peraturan daerah",
    "pergub": "peraturan gubernur",
    "perpres": "peraturan presiden",
    "perwal": "peraturan wali kota",
    "perwali": "peraturan wali kota",
    "pilkada": "pemilihan kepala daerah",
    "pns": "pegawai negeri sipil",
    "rsud": "rumah sakit umum daerah",
    "sekda": "sekretaris daerah",
    "umkm": "usaha mikro kecil menengah",
    "wabup": "wakil bupati",
    "wagub": "wakil gubernur",
    "walikota": "wali kota",
    "walkot": "wali kota",
    "wawali": "wakil wali kota",
    # Months as officials once wrote them, and as English queries do; *may* is too common an English word.
    "pebruari": "februari",
    "nopember": "november",
    "january": "januari",
    "february": "februari",
    "march": "maret",
    "june": "juni",
    "july": "juli",
    "august": "agustus",
    "october": "oktober",
    "december": "desember",
}

_stemmer = Stemmer.Stemmer("indonesian")


class Token(NamedTuple):
    """A term and where it stands: text[start:end] is the word, number or short form that it was made from."""

    term: str
    start: int
    end: int


def terms(text: str) -> list[str]:
    """Cut a text into terms, in reading order; stop-words are left out.

    >>> terms("‘’ASN itu melayani warga-warga,’’ kata Walikota (21/3)")
    ['aparatur', 'sipil', 'negara', 'layan', 'warga', 'wali', 'kota', '21', 'maret']
    """
    return [token.term for token in tokens(text)]


def tokens(text: str) -> list[Token]:
    """Cut a text into terms, each with its place in the text as it was given.

    Returns:
        Tokens in reading order. Starts never fall, and spans are either equal (a short form written out) or apart.
    """
    found: list[Token] = []
    previous, previous_end = "", -1
    for match in _PIECE.finditer(text):
        piece, start = match[0], match.start()
        if not _repeats(piece, previous, text[previous_end:start]):
            found += [Token(term, start + begin, start + end) for term, begin, end in _analyse(piece)]
        previous, previous_end = piece, match.end()
    return found


def _repeats(piece: str, previous: str, between: str) -> bool:
    """Whether this is *alun alun*, which is *alun-alun*; two numbers in a row stay two."""
    return (
        len(piece) == len(previous) and between == " " and piece.casefold() == previous.casefold() and not piece[0].isdecimal()
    )


def matching(text: str, wanted: Collection[str]) -> list[tuple[int, int]]:
    """Find what stands for wanted terms in a text: as `tokens` would, but without making tokens of everything else.

    Args:
        text: Any text.
        wanted: Terms.

    Returns:
        (start, end) of each word, number or short form all of whose terms are wanted; in reading order and apart.
    """
    found: list[tuple[int, int]] = []
    for word in _WORD.finditer(text):  # no piece goes beyond one, and most words have been seen before
        if _terms_of(word[0]).isdisjoint(wanted):
            continue
        for match in _PIECE.finditer(word[0]):
            start = word.start() + match.start()
            runs = groupby(_analyse(match[0]), key=lambda token: (token.start, token.end))
            found += [(start + begin, start + end) for (begin, end), run in runs if all(token.term in wanted for token in run)]
    return found


def units(text: str) -> list[tuple[str, ...]]:
    """Cut a query into what should weigh as one word: terms, and short forms as the sequence of terms they stand for.

    An *ASN* that counted as three words would drown the rest of its query, and would find each *negara*.

    >>> units("ASN harus melayani")
    [('aparatur', 'sipil', 'negara'), ('layan',)]
    """
    return [tuple(token.term for token in run) for _, run in groupby(tokens(text), key=lambda token: token.start)]


@lru_cache(_REMEMBERED)
def _analyse(piece: str) -> tuple[Token, ...]:
    """Tokens of one piece of text, with places counted from its start."""
    if not piece[0].isdecimal():
        return tuple(_word_tokens(piece))
    if piece[-1].isdecimal():
        return tuple(_number_tokens(piece))
    return (Token(_fold(piece), 0, len(piece)),)


@lru_cache(_REMEMBERED)
def _terms_of(word: str) -> frozenset[str]:
    return frozenset(token.term for match in _PIECE.finditer(word) for token in _analyse(match[0]))


def _word_tokens(piece: str) -> list[Token]:
    if piece[-1].isdecimal():
        return [Token(_fold(piece), 0, len(piece))]
    found: list[Token] = []
    start = 0
    for part in _HYPHEN.split(piece):
        end = start + len(part)
        made = _word_terms(part)
        if found and made == (found[-1].term,):
            found[-1] = Token(made[0], found[-1].start, end)
        else:
            found += [Token(term, start, end) for term in made]
        start = end + 1
    return found


def _word_terms(word: str) -> tuple[str, ...]:
    folded = _fold(_POSSESSIVE.sub("", word))
    if not folded or (folded in STOP_WORDS and word not in _NAMES):
        return ()
    return tuple(_stem(part) for part in _WRITTEN_OUT.get(folded, folded).split())


def _stem(word: str) -> str:
    return word if len(word) <= _UNSTEMMED_LETTERS else str(_stemmer.stemWord(word))


def _number_tokens(piece: str) -> list[Token]:
    if (date := _DATE.fullmatch(piece)) and (found := _date_tokens(date)):
        return found
    found = []
    start = 0
    for part in _RANGE.split(piece):
        found.append(Token(_number(part), start, start + len(part)))
        start += len(part) + 1
    return found


def _date_tokens(date: re.Match[str]) -> list[Token]:
    """Day, month and year in the order in which they are spoken; empty if there is no such day."""
    suffix = "" if date["day"] else "2" if date["day2"] else "3"
    day, month = int(date[f"day{suffix}"]), int(date[f"month{suffix}"])
    if not (1 <= day <= 31 and 1 <= month <= 12):
        return []
    if suffix == "3":
        # Written the other way round than spoken: each term stands for the whole, so that places still never fall.
        return [Token(term, *date.span()) for term in (str(day), _stem(_MONTHS[month - 1]), date["year3"])]
    found = [Token(str(day), *date.span(f"day{suffix}")), Token(_stem(_MONTHS[month - 1]), *date.span(f"month{suffix}"))]
    if year := date[f"year{suffix}"]:
        found.append(Token(year if len(year) == 4 else f"20{year}", *date.span(f"year{suffix}")))
    return found


def _number(text: str) -> str:
    if grouped := _GROUPED.fullmatch(text):
        whole = re.sub("[.,]", "", grouped[1] or grouped[3])
        decimals = (grouped[2] or grouped[4] or "").rstrip("0")  # Rp1.250.000,00 is Rp1.250.000
        return f"{whole}koma{decimals}" if decimals else whole
    first, *others = re.split("[.,:]", text)
    return "koma".join([first.lstrip("0") or "0", *others])


def _fold(word: str) -> str:
    """The word without case, accents and signs; some scripts have capitals that only appear once they are decomposed."""
    if word.isascii():
        folded = word.casefold()
    else:
        folded = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", word).casefold())
    return folded if folded.isalnum() else "".join(char for char in folded if char.isalnum())
