"""What a page says and where it leads, read from its HTML."""

from __future__ import annotations

import re
from html import unescape

from flask.testing import FlaskClient


def page(client: FlaskClient, path: str, status: int = 200) -> str:
    response = client.get(path)
    assert (response.status_code, response.content_type) == (status, "text/html; charset=utf-8")
    return response.get_data(as_text=True)


def links(html: str) -> list[str]:
    return [unescape(address) for address in re.findall(r'<a [^>]*?href="([^"]*)"', html)]


def inside(html: str, tag: str, **attributes: str) -> str:
    """Text of the first element with this tag and these attributes."""
    wanted = "".join(rf'(?=[^>]*\b{name.strip("_").replace("_", "-")}="{value}")' for name, value in attributes.items())
    found = re.search(rf"<{tag}\b{wanted}[^>]*>(.*?)</{tag}>", html, re.DOTALL)
    assert found, f"no <{tag}> with {attributes}"
    without_marks = re.sub(r"</?(?:mark|b)>", "", found[1])
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", without_marks)).split())


def paragraphs(html: str) -> list[str]:
    """Markup of each paragraph, as it stands in the page."""
    return re.findall(r'<p dir="auto">(.*?)</p>', html, re.DOTALL)


def marked(html: str) -> dict[str, str]:
    """How each paragraph is marked, by its id."""
    return {id: kinds.strip() for id, kinds in re.findall(r'<div id="(p\d+)" class="paragraph([^"]*)">', html)}


def steps(html: str, key: str) -> dict[str, str]:
    """Where the links to what stands before and after lead."""
    found = re.findall(rf'<a class="jump"[^>]*?data-{key}-(previous|next)[^>]*>', html)
    whole = re.findall(rf'<a class="jump"[^>]*?data-{key}-[^>]*>', html)
    addresses = [re.search('href="([^"]*)"', one) for one in whole]
    return {name: unescape(address[1]) for name, address in zip(found, addresses, strict=True) if address}
