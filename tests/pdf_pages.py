"""Small PDFs for tests, written by hand: each line says where it stands."""

from __future__ import annotations

from collections.abc import Sequence

Placed = tuple[float, float, float, str]
"""x and y in points from the lower left corner, size of the letters, text."""

PICTURE = "picture"
"""Stands for a page that is a scan: an image and no text."""

_IMAGE = (
    b"<< /Type /XObject /Subtype /Image /Width 1 /Height 1 /ColorSpace /DeviceGray /BitsPerComponent 8 /Length 1 >>\n"
    b"stream\n\x00\nendstream"
)


def make_pdf(pages: Sequence[Sequence[Placed] | str], title: str | None = None) -> bytes:
    """A PDF of these pages, set in Helvetica."""
    objects = [b"<< /Type /Catalog /Pages 2 0 R >>", b"", b"", _IMAGE, b""]
    objects[2] = b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>"
    kids = []
    for page in pages:
        kids.append(f"{len(objects) + 1} 0 R")
        used = "/XObject << /I 4 0 R >>" if page == PICTURE else "/Font << /F 3 0 R >>"
        contents = b"/I Do" if page == PICTURE else b"\n".join(_draw(line) for line in page if isinstance(line, tuple))
        objects.append(
            f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Resources << {used} >> "
            f"/Contents {len(objects) + 2} 0 R >>".encode()
        )
        objects.append(b"<< /Length %d >>\nstream\n%s\nendstream" % (len(contents), contents))
    objects[1] = f"<< /Type /Pages /Count {len(kids)} /Kids [{' '.join(kids)}] >>".encode()
    objects[4] = b"<< /Title %s >>" % _string(title) if title is not None else b"<< >>"
    return _assemble(objects)


def set_lines(texts: Sequence[str], top: float = 700, size: float = 11, leading: float = 14, x: float = 72) -> list[Placed]:
    """Lines one below the other; an empty text leaves a line free."""
    return [(x, top - leading * number, size, text) for number, text in enumerate(texts) if text]


def _draw(line: Placed) -> bytes:
    x, y, size, text = line
    return b"BT /F %g Tf 1 0 0 1 %g %g Tm %s Tj ET" % (size, x, y, _string(text, "cp1252"))


def _string(text: str, encoding: str = "utf-16") -> bytes:
    data = text.encode(encoding) if encoding == "cp1252" else b"\xfe\xff" + text.encode("utf-16-be")
    return b"<" + data.hex().encode() + b">"


def _assemble(objects: Sequence[bytes]) -> bytes:
    data, places = b"%PDF-1.4\n", []
    for number, content in enumerate(objects, 1):
        places.append(len(data))
        data += b"%d 0 obj\n%s\nendobj\n" % (number, content)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    trailer = b"trailer\n<< /Size %d /Root 1 0 R /Info 5 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (len(objects) + 1, len(data))
    return data + b"xref\n0 %d\n0000000000 65535 f \n%s" % (len(objects) + 1, table) + trailer
