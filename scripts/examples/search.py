"""Search an archive from Python, with nothing but its standard library.

python search.py http://127.0.0.1:8000 "ASN harus melayani" prints every release that answers, with the address of the passage.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from typing import Any
from urllib.error import HTTPError
from urllib.parse import urlencode, urljoin
from urllib.request import urlopen


def answering(base: str, question: str) -> Iterator[dict[str, Any]]:
    """Every hit that answers, best first: page after page, until one hardly answers."""
    page: str | None = "/api/v1/search?" + urlencode({"q": question, "k": 5})
    while page:
        with urlopen(urljoin(base, page), timeout=30) as response:  # noqa: S310 - the caller's own address
            answer = json.load(response)
        for hit in answer["hits"]:
            if hit["band"] == "lemah":
                return
            yield hit
        page = answer["next"]


def main(base: str, question: str) -> int:
    """Print the hits; where something is wrong, say what and what to do about it."""
    try:
        for hit in answering(base, question):
            release = hit["release"]
            print(hit["rank"], release["published"] or "-", release["title"], urljoin(base, hit["link"]), sep="\t")
    except HTTPError as error:
        problem = json.load(error)
        print(problem["detail"], problem["remedy"], file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
