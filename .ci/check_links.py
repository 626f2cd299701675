"""Check that every link within the built documentation leads somewhere, and that it reads offline.

    python .ci/check_links.py docs/_build/html

Targets are files and the anchors in them. Pages may link to other sites, but may load nothing from
there: no script, no style, no font, no image.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

#: Attributes with an address, by tag; what an `a` names is only followed, the rest is loaded.
ADDRESSES = {"a": "href", "link": "href", "script": "src", "img": "src", "iframe": "src"}
#: These name other pages and load nothing.
FOLLOWED = {"canonical", "next", "prev", "search", "index", "author", "top"}
LOADED_BY_CSS = re.compile(r"""(?:url\(|@import)\s*["']?((?:https?:)?//[^"')\s]+)""")


class Page(HTMLParser):
    """The addresses and the anchors of one page."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.anchors: set[str] = set()
        self.links: list[tuple[str, bool]] = []
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note the anchor and the address of a tag."""
        found = dict(attrs)
        self.anchors |= {found[name] or "" for name in ("id", "name") if name in found}
        address = found.get(ADDRESSES.get(tag, ""))
        if address is not None:
            loaded = tag != "a" and not FOLLOWED & set((found.get("rel") or "").split())
            self.links.append((address, loaded))


def wrong(folder: Path) -> Iterator[str]:
    """Say what is wrong with the links of the pages in a folder."""
    # What lies in _static is no page: templates of the theme, which are not filled in.
    found = (path for path in sorted(folder.rglob("*.html")) if "_static" not in path.parts)
    pages = {path.resolve(): Page(path) for path in found}
    if not pages:
        yield f"{folder} has no pages; build the documentation first"
    for path, page in pages.items():
        for address, loaded in page.links:
            parts = urlsplit(address)
            where = f"{path.relative_to(folder.resolve())}: {address}"
            if parts.scheme in ("http", "https") or parts.netloc:
                if loaded:
                    yield f"{where} is loaded from the network"
                continue
            if parts.scheme:  # mail, or data in the address itself
                continue
            target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
            if not target.exists():
                yield f"{where} leads nowhere"
            elif target in pages and unquote(parts.fragment) not in {"", *pages[target].anchors}:
                yield f"{where} has no such anchor"
    for path in sorted(folder.rglob("*.css")):
        for address in LOADED_BY_CSS.findall(path.read_text(encoding="utf-8")):
            yield f"{path.relative_to(folder)}: {address} is loaded from the network"


def main(folder: str) -> int:
    """Print what is wrong; 1 if anything is."""
    found = list(wrong(Path(folder)))
    print("\n".join(found) or "All links lead somewhere, and nothing is loaded from the network.")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
