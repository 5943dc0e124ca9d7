"""Builds docs/ as a site, into site/. A warning is an error, and so is a page that asks for anything from elsewhere.

The site reads from the disk, without a network, and tells nobody that it is read.
"""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

ROOT = Path(__file__).resolve().parent.parent
SITE = ROOT / "site"
GENERATOR = str(Path(sys.executable).parent / "zensical")
ESCAPES = re.compile(r"\x1b\[[0-9;]*m")
LOADED = {"src", "srcset", "poster", "data"}
"""Attributes whose value a browser fetches by itself."""


def main(root: Path = ROOT) -> int:
    built = subprocess.run(
        [GENERATOR, "build", "--clean", "--strict"], cwd=root, capture_output=True, text=True, check=False
    )
    said = ESCAPES.sub("", built.stdout + built.stderr).partition("Traceback")[0].strip()
    complaints = list(problems(root / "site")) if built.returncode == 0 else [said]
    if "warning" in said.lower() and not complaints:
        complaints = [said]
    for complaint in complaints:
        print(complaint)
    pages = len(list((root / "site").glob("*.html"))) - 1  # 404.html is none
    print(
        "docs: not as they should be"
        if complaints
        else f"docs: {pages} pages in {root / 'site'}, begin with index.html"
    )
    return 1 if complaints else 0


def problems(site: Path) -> Iterator[str]:
    """What a page loads from elsewhere, and what it loads or links to that is not there."""
    pages = sorted(site.rglob("*.html"))
    if not pages:
        yield "no page was built"
    for page in pages:
        found = References()
        found.feed(page.read_text(encoding="utf-8"))
        name = page.relative_to(site)
        for target in found.loaded:
            if urlsplit(target).scheme not in ("", "data") or target.startswith("//"):
                yield f"{name}: loads {target} from elsewhere"
        if page.name != "404.html":  # its links are for a server
            for target in (*found.loaded, *found.linked):
                if not there(page, target):
                    yield f"{name}: {target} does not exist"
    for sheet in site.rglob("*.css"):
        if "url(http" in sheet.read_text(encoding="utf-8") or "@import" in sheet.read_text(encoding="utf-8"):
            yield f"{sheet.relative_to(site)}: loads something from elsewhere"


def there(page: Path, target: str) -> bool:
    parts = urlsplit(target)
    return bool(parts.scheme or parts.netloc or not parts.path) or (page.parent / unquote(parts.path)).exists()


class References(HTMLParser):
    """What a page loads, and where its links lead."""

    def __init__(self) -> None:
        super().__init__()
        self.loaded: list[str] = []
        self.linked: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            if value is None:
                continue
            if name in LOADED or (tag == "link" and name == "href"):
                self.loaded.append(value)
            elif tag == "a" and name == "href":
                self.linked.append(value)


if __name__ == "__main__":
    sys.exit(main())
