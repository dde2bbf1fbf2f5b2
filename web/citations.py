"""How to cite a passage: APA 7, Chicago 17 (notes), a newsroom's line, and BibTeX; pure but for the language of the request."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from urllib.parse import quote

from flask_babel import format_date, gettext

from archive import ArchivedRelease
from archive.addresses import site
from web.language import current_language, in_words
from web.links import web_address
from web.plain_text import one_line

_APA_DAY = {"id": "yyyy, d MMMM", "en": "yyyy, MMMM d"}
_NOTE_DAY = {"id": "d MMMM yyyy", "en": "MMMM d, yyyy"}
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")  # as BibTeX knows them

_LATEX = {
    "\\": r"\textbackslash{}",
    "{": r"\textbraceleft{}",  # \{ would do for LaTeX, but BibTeX counts braces whatever stands before them
    "}": r"\textbraceright{}",
    "$": r"\$",
    "&": r"\&",
    "#": r"\#",
    "%": r"\%",
    "_": r"\_",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
}
_SPECIAL = re.compile("[" + re.escape("".join(_LATEX)) + "]")
# Everything printable in ASCII but what is no part of an address, or would end the field: spaces, quotation marks, braces, \.
_OF_ADDRESSES = "%!#$&'()*+,/:;=?@[]~-._"


@dataclass(frozen=True, slots=True)
class Citation:
    """A citation in three pieces, for a style may set the title in italics.

    Attributes:
        before: What stands before the title.
        title: The release's title.
        after: What stands behind it.
        has_italics: The style sets the title in italics.
    """

    before: str
    title: str
    after: str
    has_italics: bool = False

    def __str__(self) -> str:
        """The citation as plain text."""
        return self.before + self.title + self.after


@dataclass(frozen=True, slots=True)
class Cited:
    """What is cited.

    Attributes:
        release: In the version that is cited.
        position: Of the paragraph, from 0; None where the release is cited as a whole.
        permalink: Absolute address of the passage here, pinned to its version.
        accessed: Day on which the archive was looked at.
    """

    release: ArchivedRelease
    position: int | None
    permalink: str
    accessed: date

    @property
    def title(self) -> str:
        """The title on one line."""
        return one_line(self.release.title)

    @property
    def author(self) -> str | None:
        """Who published it: the agency, else the office that signed it, else the name of its site."""
        release = self.release
        if release.agency or release.office:
            name = one_line(release.agency or release.office or "")
            return name[:1].upper() + name[1:]
        return site(release.url) if web_address(release.url) and release.url else None

    @property
    def day(self) -> date | None:
        """Day of publication."""
        return date.fromisoformat(self.release.date) if self.release.date else None

    @property
    def source(self) -> str | None:
        """Address at the publisher."""
        return web_address(self.release.url)

    @property
    def number(self) -> int | None:
        """Number of the paragraph as people count, from 1."""
        return None if self.position is None else self.position + 1


def apa(cited: Cited) -> Citation:
    """Entry in a list of references, APA style, 7th edition: a press release of a group author, retrieved from an archive.

    Without an author the title takes its place, without a date "t.t." or "n.d." does. No full stop follows an address.
    """
    when = _day(cited.day, _APA_DAY) if cited.day else gettext("t.t.")
    kind = gettext("(Versi %(version)s) [Siaran pers].", version=cited.release.version)
    source = f" {cited.source}" if cited.source else ""
    retrieved = gettext(
        "Diakses %(day)s, dari %(address)s (SHA-256 %(digest)s)",
        day=_day(cited.accessed, _NOTE_DAY),
        address=cited.permalink,
        digest=cited.release.digest,
    )
    if cited.author is None:
        return Citation("", cited.title, f" {kind} ({when}).{source} {retrieved}", has_italics=True)
    return Citation(f"{_stopped(cited.author)} ({when}). ", cited.title, f" {kind}{source} {retrieved}", has_italics=True)


def apa_in_text(cited: Cited) -> str:
    """What stands in the text then, with the paragraph: "(Diskominfo Kota Madiun, 2023, para. 2)"."""
    year = str(cited.day.year) if cited.day else gettext("t.t.")
    who = cited.author or f"“{_shortened(cited.title)}”"
    where = [] if cited.number is None else [gettext("para. %(number)s", number=cited.number)]
    return f"({', '.join([who, year, *where])})"


def chicago(cited: Cited) -> Citation:
    """A note, Chicago style, 17th edition: content of a website, with its archived copy and the day of access."""
    parts = [gettext("siaran pers"), _day(cited.day, _NOTE_DAY) if cited.day else gettext("t.t.")]
    if cited.number is not None:
        parts.append(gettext("par. %(number)s", number=cited.number))
    if cited.source:
        parts.append(cited.source)
    parts += [
        gettext(
            "diarsipkan sebagai versi %(version)s (SHA-256 %(digest)s)",
            version=cited.release.version,
            digest=cited.release.digest,
        ),
        gettext("diakses %(day)s", day=_day(cited.accessed, _NOTE_DAY)),
        cited.permalink,
    ]
    # In English the comma stands within the quotation marks.
    opening, closing = ("“", ",” ") if current_language() == "en" else ("“", "”, ")
    who = f"{cited.author}, " if cited.author else ""
    return Citation(who + opening, cited.title, f"{closing}{', '.join(parts)}.")


def newsroom(cited: Cited) -> Citation:
    """One line for a story, its notes, or a colleague who checks it."""
    facts = [gettext("siaran pers"), cited.author, in_words(cited.day) if cited.day else gettext("tanpa tanggal")]
    if cited.number is not None:
        facts.append(gettext("paragraf %(number)s", number=cited.number))
    addresses = gettext(
        "Arsip: %(address)s (versi %(version)s, SHA-256 %(digest)s, diakses %(day)s)",
        address=cited.permalink,
        version=cited.release.version,
        digest=cited.release.digest,
        day=in_words(cited.accessed),
    )
    if cited.source:
        addresses = gettext("Sumber: %(address)s", address=cited.source) + " " + addresses
    return Citation("“", cited.title, f"” ({', '.join(fact for fact in facts if fact)}). {addresses}")


def bibtex(cited: Cited) -> str:
    r"""An entry for BibTeX and biblatex, which ignore fields that they do not know.

    The key is the same whenever the same paragraph of the same version is cited. `url` leads to the publisher where the release
    has an address there; the archived copy stands in the note, as text, because `\url` within a field takes no `%` or `#`.
    """
    release = cited.release
    note = [gettext("siaran pers").capitalize()]
    if cited.number is not None:
        note.append(gettext("paragraf %(number)s", number=cited.number))
    note += [
        gettext("diarsipkan di %(address)s", address=cited.permalink),
        gettext("versi %(number)s", number=release.version),
        f"SHA-256 {release.digest}",
    ]
    fields = (
        [] if cited.author is None else [("author", f"{{{{{_latex(cited.author)}}}}}")]
    )  # the inner pair: not first and last name
    fields.append(("title", f"{{{{{_latex(cited.title)}}}}}"))
    if cited.day:
        fields += [("year", f"{{{cited.day.year}}}"), ("month", _MONTHS[cited.day.month - 1]), ("day", f"{{{cited.day.day}}}")]
    fields += [
        ("url", f"{{{_address(cited.source or cited.permalink)}}}"),
        ("urldate", f"{{{cited.accessed.isoformat()}}}"),
        ("version", f"{{{release.version}}}"),
        ("note", f"{{{_latex(', '.join(note))}}}"),
    ]
    lines = "".join(f"  {name:<8} = {value},\n" for name, value in fields)
    return f"@misc{{{key(cited)},\n{lines}}}\n"


def key(cited: Cited) -> str:
    """Key of the BibTeX entry, and name of its file: ASCII, for ids are."""
    place = "" if cited.number is None else f"-p{cited.number}"
    return f"telusur-{cited.release.id}-v{cited.release.version}{place}"


def _day(day: date, patterns: dict[str, str]) -> str:
    return str(format_date(day, patterns[current_language()]))


def _stopped(text: str) -> str:
    return text if text.endswith(".") else f"{text}."


def _shortened(title: str) -> str:
    words = title.split()
    return title if len(words) <= 5 else " ".join(words[:5]) + " …"


def _latex(text: str) -> str:
    return _SPECIAL.sub(lambda found: _LATEX[found[0]], text)


def _address(url: str) -> str:
    """An address that neither ends its field nor needs more than ASCII."""
    return quote(url, safe=_OF_ADDRESSES)
