"""Take a picture of every page, in both colour schemes, on a phone and on a desk, and lay them out on one sheet.

    scripts/screenshots FOLDER [--lang en] [--data DIR]

Open FOLDER/index.html. Without --data the pictures show the small archive that the tests use, in which each page shows all that
it can; with it, those pages of that archive which need no particular release.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from html import escape
from pathlib import Path
from typing import Literal

import every_page
from every_page import LOCALES, PAGES, Page
from playwright.sync_api import Browser

from index import Index

WIDTHS = (360, 1440)
SCHEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command."""
    parser = argparse.ArgumentParser(description="Take a picture of every page.")
    parser.add_argument("folder", type=Path, help="where the pictures go")
    parser.add_argument("--lang", choices=tuple(LOCALES), default="id", help="language of the pages (default: %(default)s)")
    parser.add_argument("--data", type=Path, help="an archive to show instead of the small one")
    args = parser.parse_args(arguments)
    args.folder.mkdir(parents=True, exist_ok=True)
    pages = [page for page in PAGES if args.data is None or not page.path.startswith("/releases/")]
    with _site(args.data) as site, every_page.chromium() as browser:
        for page in pages:
            take(browser, site, page, args.lang, args.folder)
    (args.folder / "index.html").write_text(contact_sheet(pages), encoding="utf-8")
    sys.stdout.write(f"{len(pages) * len(WIDTHS) * len(SCHEMES)} pictures: {args.folder / 'index.html'}\n")
    return 0


def picture(page: Page, width: int, scheme: str) -> str:
    """Name of a picture."""
    return f"{page.name}-{width}-{scheme}.png"


def take(browser: Browser, site: str, page: Page, language: str, folder: Path) -> None:
    """Take the pictures of one page."""
    for scheme in SCHEMES:
        for width in WIDTHS:
            context = browser.new_context(
                base_url=site, locale=LOCALES[language], viewport={"width": width, "height": 800}, color_scheme=scheme
            )
            tab = context.new_page()
            tab.goto(page.path)
            tab.screenshot(path=folder / picture(page, width, scheme), full_page=True)
            context.close()


def contact_sheet(pages: Sequence[Page]) -> str:
    """An HTML page with all pictures, a row for each page."""
    rows = "\n".join(
        f"<section><h2>{page.name} <code>{escape(page.path)}</code></h2><div>"
        + "".join(
            f'<a href="{name}"><img src="{name}" width="{180 if width < 500 else 480}" loading="lazy" alt="{name}"></a>'
            for width in WIDTHS
            for scheme in SCHEMES
            for name in (picture(page, width, scheme),)
        )
        + "</div></section>"
        for page in pages
    )
    return f"""<!doctype html>
<html lang="en"><meta charset="utf-8"><title>Every page</title>
<style>
body {{ margin: 1rem; background: #888; font: 14px/1.4 sans-serif; }}
div {{ display: flex; gap: 1rem; align-items: flex-start; overflow-x: auto; }}
img {{ max-height: 60rem; object-fit: cover; object-position: top; }}
</style>
<h1>Every page</h1>
{rows}
</html>
"""


@contextmanager
def _site(data: Path | None) -> Iterator[str]:
    if data is None:
        with tempfile.TemporaryDirectory() as folder, every_page.sample_site(Path(folder)) as site:
            yield site
        return
    index = Index(data)
    try:
        with every_page.served(index) as site:
            yield site
    finally:
        index.close()


if __name__ == "__main__":
    sys.exit(main())
