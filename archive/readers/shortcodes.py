"""WordPress shortcodes, "[caption id=…]…[/caption]", that stand in a text because nothing replaced them."""

from __future__ import annotations

import re

# Those whose content is no text of the release: a picture, its caption, an address to embed.
_WITH_CONTENT = ("audio", "caption", "code_snippet", "embed", "embedyt", "playlist", "video", "wp_caption", "youtube")
_ALONE = (
    "ads?",
    "contact-form(?:-7)?",
    "gallery",
    "metaslider",
    "ngg\\w*",
    "pdf-embedder",
    "quads",
    "rev_slider",
    "smartslider3",
    "social\\w*",
    "table",
    "toc",
    "wpforms",
    "wpdm_\\w+",
)
# Page builders write a whole layout that way, and the text stands between.
_BUILDERS = ("av_\\w+", "et_pb_\\w+", "fusion_\\w+", "mk_\\w+", "tatsu_\\w+", "td_block\\w*", "ux_\\w+", "vc_\\w+")
_OPENING = re.compile(rf"\[(?P<name>{'|'.join(_WITH_CONTENT)})\b[^\[\]]{{0,2000}}\]")
_PARTING = re.compile(rf"\[/?(?:{'|'.join((*_WITH_CONTENT, *_ALONE, *_BUILDERS))})(?:\s[^\[\]]{{0,4000}})?/?\]")
# Any other name is a shortcode only with an attribute, or with a name that nobody writes: "[ney/agi]" and "[sic]" are text.
_INLINE = re.compile(
    r"\[/?su_\w+(?:\s[^\[\]]{0,4000})?\]"
    r"|\[(?P<name>[a-z][\w-]{1,40})\s+[a-z][\w-]{0,40}=(?:\"|'|&#82\d\d;|&quot;|“|”|″)[^\[\]]{0,4000}\]"
)
_END = re.compile(r"\[/([a-z][\w-]{1,40})\]")


def remove(content: str) -> str:
    """Take them out, and the content of those that hold no text of the release. As in WordPress, "[Video]" is text."""
    if "[" not in content:
        return content
    kept: list[str] = []
    position = 0
    ends: dict[str, int] = {}
    while found := _OPENING.search(content, position):
        name = found["name"]
        # Each end is looked for once; looked for at each beginning, it would cost the square of the length.
        if ends.get(name, 0) < found.end():
            end = content.find(f"[/{name}]", found.end())
            ends[name] = end if end >= 0 else len(content)
        end = ends[name]
        next_one = content.find(f"[{name}", found.end(), end)
        if end == len(content) or next_one >= 0 or found[0].endswith("/]"):  # never closed
            kept.append(content[position : found.end()])
            position = found.end()
        else:
            kept += (content[position : found.start()], "\n\n")
            position = end + len(name) + 3
    text = _PARTING.sub("\n\n", "".join((*kept, content[position:])))
    names = {found["name"] for found in _INLINE.finditer(text) if found["name"]}
    text = _INLINE.sub("", text)
    return _END.sub(lambda found: "" if found[1] in names else found[0], text) if names else text
