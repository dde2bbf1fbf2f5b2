"""What sites print around a release, told from the release itself: share bars, "Baca juga", captions, tags, counters.

Each rule judges one whole paragraph and is narrow on purpose: losing a sentence of a release is worse than keeping a button.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

Rule = Callable[[str], bool]

_LONGEST_LABEL = 200
_LONGEST_RELATED = 160
_LONGEST_COMMENTS = 300
_LONGEST_CAPTION = 400
_LONGEST_COOKIES = 600
_MOST_RELATED = 6


def _compile(*alternatives: str) -> re.Pattern[str]:
    """Any of these, with marks around it."""
    return re.compile(rf"\W*(?:{'|'.join(alternatives)})\W*", re.IGNORECASE | re.DOTALL)


# Longer words first: each word is matched once and for all, so that no text can make the search slow.
_NETWORKS = (
    r"(?:whats\s?app|facebook|messenger|linked\s?in|instagram|pinterest|telegram|twitter|threads|tik\s?tok|you\s?tube|google\+|"
    r"tumblr|reddit|skype|e-?mail|surel|line|wa|fb|ig|x)"
)
_SHARE = (
    r"(?:bagikan|sebarkan|sampaikan|shared|shares|share|tweet|kirim|pin)"
    r"(?:\s+(?:artikel|berita|postingan|tulisan|informasi|halaman|post|article|news)\b)?(?:\s+(?:ini|this|it)\b)?"
    r"(?:\s+(?:post|article|news)\b)?(?:\s+(?:ke|di|via|melalui|lewat|on|to|with)\b)?"
)
_BETWEEN = r"[\s:,;|/•·()+&\d-]*(?:(?:dan|and|ke|di|via|on)\s+)?"
_SHARE_BAR = re.compile(
    rf"{_BETWEEN}(?>(?:{_NETWORKS}|{_SHARE}|salin (?:tautan|link)|copy link|cetak|print){_BETWEEN})++!?\.?", re.IGNORECASE
)
_ONLY_LETTER_X = re.compile(r"[\W\d]*x[\W\d]*", re.IGNORECASE)

_MEDIA = r"(?:video|foto|berita|artikel|infografis|galeri|gallery|selengkapnya)"
_RELATED = re.compile(
    rf"\W*(?:(?:baca|simak|lihat|tonton|dengarkan)\s+(?:juga|pula)(?:\s+{_MEDIA})?|"
    r"berita\s+(?:terkait|lainnya|lain|terbaru|populer|terpopuler)|artikel\s+(?:terkait|lainnya)|pos\s+terkait|"
    r"related\s+(?:posts?|articles?|news)|see\s+also|read\s+(?:also|more|next)|"
    r"(?:simak|tonton|saksikan)\s+video(?:nya)?(?:\s+(?:berikut|di bawah ini|ini|terkait))?)\s*(?P<rest>[:：>»–—-].*|$)",
    re.IGNORECASE | re.DOTALL,
)
# "BACA JUGA Judul Lain" and "Simak juga video "…"": no colon, but a headline rather than a sentence follows.
_RELATED_HEADLINE = re.compile(
    r"\W*(?:(?:BACA|SIMAK|LIHAT|TONTON)\s+(?:JUGA|PULA)|(?:Baca|Simak|Lihat|Tonton)\s+[Jj]uga)"
    rf"(?:\s+(?i:{_MEDIA}))?\s+(?P<rest>[\"“‘']?[A-Z0-9].*)",
    re.DOTALL,
)
_CAPTION = re.compile(
    r"[\W_]*(?:(?:keterangan|ket\.?|teks|caption|kredit|sumber|photo credit|credit)\s*(?:foto|gambar|photo|image)?|"
    r"foto(?:-foto)?(?:\s+(?:ilustrasi|bersama|dok(?:umentasi)?\.?))?|ilustrasi|gambar(?:\s+\d+)?|photos?|image)"
    r"\s*(?:[:：]|\s/)\s*\S.*",
    re.IGNORECASE | re.DOTALL,
)
_SOURCE_OF_TEXT = re.compile(r"[\W_]*(?:sumber|kredit|credit|teks|ket\.?|keterangan)\s*:", re.IGNORECASE)
_CREDIT = _compile(
    r"(?<=[(\[])\s*(?:foto|photo|ilustrasi|dok(?:umentasi)?|istimewa|ist)\b\.?\s*(?:[:/–-]?\s*[^()\[\]]{0,60})?[)\]]\.?",
    r"(?:foto|photo)(?:\s+oleh|\s+by|\s*[:/©])\s*[^.!?]{1,60}",
    r"(?:dok|dokumentasi)\.?\s*(?:foto\s*)?[:/]?\s*(?:humas|prokopim|diskominfo|kominfo|istimewa|pribadi)[^.!?]{0,40}",
)

_TAGS = _compile(
    r"(?:tags?|tagar|label|kata kunci|keywords?|topik(?: terkait)?|hashtags?|filed under|posted in|tagged)\s*[:：#].*",
    r"tags?|tagar|hashtags?|kata kunci|keywords",
)
_HASHTAGS = re.compile(r"(?:#[\w-]+[\s,;|.]*)+")

_NUMBER = r"[\d.,]+\s*(?:k|rb|ribu|jt)?"
_COUNTED = (
    r"(?:dibaca|dilihat|dikunjungi|pembaca|views?|hits?|klik|kunjungan|tayangan|reads?|komentar|comments?|suka|likes?|shares?|"
    r"unduhan)"
)
_COUNTER = _compile(
    r"(?:total|jumlah)?\s*(?:post\s+views?|page\s+views?|views?|hits?|dibaca|dilihat|dikunjungi|pembaca|read|visitors?|"
    rf"pengunjung|reading time|waktu baca)\s*[:：=]?\s*{_NUMBER}\s*(?:x|kali|pembaca|orang|views?|times|menit|min(?:utes?)?)?",
    rf"{_NUMBER}\s*(?:x|kali)?\s*(?:total\s+|telah\s+)?{_COUNTED}(?:\s*(?:[:：]?\s*{_NUMBER}\s*)?(?:x|kali|orang))?",
    rf"{_NUMBER}\s*(?:menit|min)\s*(?:baca|membaca|read)",
    rf"artikel ini telah dibaca\s*:?\s*{_NUMBER}\s*(?:x|kali)?",
)
_TOOL = (
    r"(?:cetak|print friendly|print|pdf|unduh|download|versi cetak|e-?mail|kirim (?:ke )?(?:teman|e-?mail)|"
    r"perbesar huruf|perkecil huruf|"
    r"perbesar|perkecil|a\+|a-|zoom|dengarkan(?: (?:berita|artikel)(?: ini)?)?|simpan|bookmark|laporkan)"
)
_TOOLS = re.compile(
    rf"\W*(?>{_TOOL}(?:\s+(?:halaman|artikel|berita|lampiran|dokumen|file|pdf|siaran pers|rilis|this|page|article)\b)?"
    r"(?:\s+(?:ini|this)\b)?(?:\s+(?:di\s?sini|here)\b)?[\s|/•·:,-]*)++\W*",
    re.IGNORECASE,
)

_COOKIES = re.compile(
    r"(?=.*\b(?:cookies?|kuki)\b)"
    r"(?=.*\b(?:situs|website|laman|web|site|browser|peramban|we use|kami|menyetujui|setuju|kebijakan|accept|privasi)\b)"
    r"(?=.*\b(?:kami|anda|we|you|our|your|ini menggunakan|uses)\b).*",
    re.IGNORECASE | re.DOTALL,
)
_CONSENT = _compile(
    r"(?:saya\s+)?setuju",
    "terima semua",
    "tolak semua",
    "tolak",
    "mengerti",
    "accept(?: all)?",
    "reject(?: all)?",
    "got it",
    "i agree",
)
_COMMENTS = _compile(
    r"(?:tinggalkan|tulis(?:kan)?|kirim(?:kan)?|beri(?:kan)?|tambahkan|isi)\s+(?:sebuah\s+)?(?:komentar|balasan|tanggapan)"
    r"(?:\s+(?:anda|kamu|pertama|di bawah(?: ini)?|batalkan balasan))*",
    r"(?:leave|post|add|write)\s+a\s+(?:reply|comment)",
    r"batalkan\s+balasan|cancel\s+reply",
    r"(?:login|log masuk|masuk)\s+untuk\s+(?:ber|meninggalkan\s+|memberi\s+)?komentar",
    r"komentar\s*(?:\(\d+\)|:\s*\d+|ditutup|dinonaktifkan\b.*)?",
    r"(?:belum|tidak) ada komentar(?:\W+jadilah\b.*)?|no comments?(?: yet)?|comments? (?:off|are closed)",
    r"this entry was posted (?:on|in|by)\b.*",
    r"jadilah yang pertama (?:ber|mem)\w*\b.*",
    r"alamat (?:email|surel) anda tidak akan dipublikasikan\b.*|your email address will not be published\b.*",
    r"(?:bagaimana|apa) (?:pendapat|komentar|tanggapan) anda\b[^.]{0,60}\?",
)
_FOLLOW = _compile(
    r"(?:ikuti|follow|dapatkan|cek|subscribe|langganan|berlangganan)\b"
    r"(?=.*\b(?:google news|kanal|channel|whatsapp|telegram|instagram|facebook|twitter|youtube|tiktok|media sosial|"
    r"newsletter|buletin)\b)"
    r"(?=.*\b(?:kami|our|us|kita|klik|di sini|update|terbaru|kunjungi|google news)\b).*"
)
_ADVERT = _compile(
    r"iklan|advertisements?|advertorial|sponsor(?:ed)?",
    r"scroll (?:to continue|untuk)\b.*",
    r"lanjut(?:kan)? membaca|continue reading",
)
_NAVIGATION = _compile(
    r"(?:sebelumnya|selanjutnya|berikutnya|previous|next|prev|older|newer)(?:\s+(?:post|pos|article|artikel|berita))?",
    r"kembali(?:\s+ke\s+(?:atas|beranda|daftar berita|halaman (?:utama|sebelumnya)))?",
    r"back to top|beranda|home|selengkapnya|baca selengkapnya|read more|skip to content",
    r"(?:lewati|lompat) ke (?:konten|isi)(?: utama)?",
    r"(?:halaman\s*)?\d+\s*(?:dari|of|/)\s*\d+",
)
_FRAGMENT_OF_CODE = re.compile(
    r"\W*(?:window\.|var\s+\w+\s*=|function\s*\(|\(adsbygoogle|adsbygoogle|document\.write|<\w+[^>]*>).*", re.DOTALL
)


def is_share_bar(text: str) -> bool:
    """Share buttons: "Bagikan:", "Share: WhatsApp Facebook Twitter", "Bagikan ke Facebook"."""
    return _fits(_SHARE_BAR, text) and not _ONLY_LETTER_X.fullmatch(text)


def is_related(text: str) -> bool:
    """A pointer to another page: "Baca juga: …", "BACA JUGA Judul Lain", "Simak juga video …"."""
    found = _RELATED.fullmatch(text) or _RELATED_HEADLINE.fullmatch(text)
    if found is None:
        return False
    # "Berita lain – tentang … – dibantah wali kota." is a sentence; a headline ends in no full stop.
    return len(found["rest"]) <= _LONGEST_LABEL and not found["rest"].rstrip().endswith((".", "!”", ".”", ".’’", "’’"))


def is_caption(text: str) -> bool:
    """What stands below a picture: "Foto: …", "(Foto/Humas)", "Keterangan foto: …", "Dok. Humas"."""
    if _fits(_CREDIT, text):
        return True
    if not _CAPTION.fullmatch(text) or len(text) > _LONGEST_CAPTION:
        return False
    return not _SOURCE_OF_TEXT.match(text)


def is_tag_list(text: str) -> bool:
    """Tags: "Tags: madiun, asn", "#madiun #asn"."""
    return _fits(_TAGS, text) or _fits(_HASHTAGS, text)


def is_counter(text: str) -> bool:
    """How often a page was read: "123 kali dibaca", "Dibaca 45", "Post Views: 12"."""
    return _fits(_COUNTER, text)


def is_tool(text: str) -> bool:
    """Links that print, download or enlarge: "Cetak", "Print | PDF | Email", "Unduh lampiran di sini"."""
    return _fits(_TOOLS, text)


def is_cookie_notice(text: str) -> bool:
    """The site speaking of its cookies: "Situs ini menggunakan cookie …", "Terima semua"."""
    return len(text) <= _LONGEST_COOKIES and (_COOKIES.fullmatch(text) is not None or _CONSENT.fullmatch(text) is not None)


def is_comment_invitation(text: str) -> bool:
    """An invitation to comment: "Tinggalkan Balasan", "Belum ada komentar"."""
    return len(text) <= _LONGEST_COMMENTS and _COMMENTS.fullmatch(text) is not None


def is_follow_invitation(text: str) -> bool:
    """An invitation to follow the site elsewhere: "Ikuti berita terbaru kami di Google News"."""
    return _fits(_FOLLOW, text)


def is_advert(text: str) -> bool:
    """The label of an advertisement: "Iklan", "ADVERTISEMENT", "Scroll to continue"."""
    return _fits(_ADVERT, text)


def is_navigation(text: str) -> bool:
    """Ways to other pages: "Sebelumnya", "Kembali ke atas", "Baca Selengkapnya", "1 dari 3"."""
    return _fits(_NAVIGATION, text)


def is_code(text: str) -> bool:
    """A script that leaked into the text."""
    return _FRAGMENT_OF_CODE.fullmatch(text) is not None


def is_empty(text: str) -> bool:
    """No letter and no digit: rules, bullets, icons."""
    return not any(map(str.isalnum, text))


RULES: dict[str, Rule] = {
    "empty": is_empty,
    "share bar": is_share_bar,
    "related": is_related,
    "caption": is_caption,
    "tag list": is_tag_list,
    "counter": is_counter,
    "tool": is_tool,
    "cookie notice": is_cookie_notice,
    "comment invitation": is_comment_invitation,
    "follow invitation": is_follow_invitation,
    "advert": is_advert,
    "navigation": is_navigation,
    "code": is_code,
}
"""Every rule by its name, in the order in which they are asked."""

_AUTHORS_TOO = frozenset({"empty", "related", "advert"})  # what an author may type, or a newsroom leave among the sentences


def name_rule(text: str) -> str | None:
    """Name of the rule that calls a paragraph noise; None for a paragraph of a release."""
    text = " ".join(text.split())
    return next((name for name, rule in RULES.items() if rule(text)), None)


def drop(paragraphs: Sequence[str], plain: Sequence[bool] = ()) -> list[str]:
    """Leave out the paragraphs that belong to the site and not to the release; the others stay as published.

    A label alone, "Baca juga:", takes the headlines below it along.

    Args:
        paragraphs: Of one release, each one line.
        plain: Which of them stand on their page as its sentences do, without link or other markup. A pointer that points
            nowhere is the author's word, as is the label of an advertisement among the sentences: where a file gives them as
            paragraphs, so does a page. None are, if not told.
    """
    kept = []
    pending = 0  # headlines that may still belong to the label above
    before: str | None = None
    for text, is_plain in zip(paragraphs, plain or [False] * len(paragraphs), strict=True):
        rule = name_rule(text)
        if is_plain and rule in _AUTHORS_TOO and not _is_label(text):
            rule = None
        if rule is None and before == "share bar" and _ONLY_LETTER_X.fullmatch(text):
            rule = before
        if rule == "related":
            pending = _MOST_RELATED if _is_label(text) else 0
        elif rule is None and pending and _is_headline(text):
            pending -= 1
        elif rule is None:
            pending = 0
            kept.append(text)
        before = rule
    return kept


def _fits(pattern: re.Pattern[str], text: str) -> bool:
    return len(text) <= _LONGEST_LABEL and pattern.fullmatch(text) is not None


def _is_label(text: str) -> bool:
    found = _RELATED.fullmatch(" ".join(text.split()))
    return found is not None and not any(map(str.isalnum, found["rest"]))


def _is_headline(text: str) -> bool:
    words = text.split()
    return len(text) <= _LONGEST_RELATED and len(words) >= 3 and text.rstrip()[-1] not in ".!:;,…’”\"')"
