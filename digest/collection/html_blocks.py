"""HTML -> blocks of plain text, by our own walk over lxml's tree: nothing is left out, nothing is judged."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from digest.collection.blocks import Block, Shape
from digest.collection.caps import check_markup
from digest.collection.clean import clean_line
from digest.collection.links import http_url
from digest.errors import BadArticle
from digest.model.article import RelatedLink

_HEADINGS = frozenset({"h1", "h2", "h3", "h4", "h5", "h6"})
_SKIPPED = frozenset(
    {
        *("script", "style", "noscript", "template", "svg", "math", "iframe", "object", "embed", "form", "button"),
        *("input", "select", "textarea", "option", "head", "title", "video", "audio", "canvas", "figcaption", "figure"),
    }
)
_OUTSIDE = frozenset({"nav"})
_INLINE = frozenset(
    {
        *("a", "abbr", "acronym", "b", "bdi", "bdo", "big", "cite", "code", "data", "del", "dfn", "em", "font"),
        *("i", "ins", "kbd", "label", "mark", "q", "rp", "rt", "ruby", "s", "samp", "small", "span", "strike"),
        *("strong", "sub", "sup", "time", "tt", "u", "var", "wbr", "img"),
    }
)


def parse_html(text: str) -> Any:
    """Return the tree of the HTML page *text*; sizes and depth are checked first.

    Raises BadArticle when the page is too large, too deep or not to be parsed.
    """
    from lxml import etree
    from lxml import html as lxml_html

    check_markup(text)
    parser = lxml_html.HTMLParser(encoding="utf-8", no_network=True, huge_tree=False, remove_pis=True)
    try:
        tree = lxml_html.document_fromstring(text.encode("utf-8", "replace"), parser=parser)
    except (etree.LxmlError, ValueError) as wrong:
        raise BadArticle(f"the page cannot be read as HTML: {clean_line(str(wrong))[:120]}") from None
    return tree


def fragment_blocks(text: str, base: str = "") -> list[Block]:
    """Return the blocks of an HTML fragment, such as the content of a feed's entry."""
    if "<" not in text and "&" not in text:
        return [Block(line, Shape.PARAGRAPH) for line in (clean_line(part) for part in text.splitlines()) if line]
    if not text.strip():
        return []
    return html_blocks(parse_fragment(text), base)


def parse_fragment(text: str) -> Any:
    """Return the tree of an HTML fragment; raises BadArticle as `parse_html` does."""
    return parse_html(f"<html><body><div>{text}</div></body></html>")


def html_blocks(root: Any, base: str = "") -> list[Block]:
    """Return every paragraph, heading and list entry under *root*, in order, with its links."""
    found: list[Block] = []
    pending = _Pending(base)
    for kind, value in _walk(root):
        if kind == "text":
            pending.add(value)
        elif kind == "link":
            pending.open_link(value)
        elif kind == "unlink":
            pending.close_link()
        else:
            found.extend(pending.flush())
            if kind == "open":
                pending.shape = value
    found.extend(pending.flush())
    return found


class _Pending:
    """The text and links gathered since the last block ended."""

    def __init__(self, base: str) -> None:
        self.base = base
        self.shape = Shape.PARAGRAPH
        self.pieces: list[str] = []
        self.links: list[RelatedLink] = []
        self.href = ""
        self.linked: list[str] = []

    def add(self, text: str) -> None:
        self.pieces.append(text)
        if self.href:
            self.linked.append(text)

    def open_link(self, href: str) -> None:
        self.href, self.linked = http_url(href, self.base), []

    def close_link(self) -> None:
        title = clean_line("".join(self.linked))
        if self.href and title:
            self.links.append(RelatedLink(title, self.href))
        self.href, self.linked = "", []

    def flush(self) -> Iterator[Block]:
        # A link around blocks (a card) gives its address to the first block that has words.
        if self.href and self.linked:
            self.links.append(RelatedLink(clean_line("".join(self.linked)), self.href))
            self.linked = []
        text = clean_line("".join(self.pieces))
        if text:
            yield Block(text, self.shape, tuple(self.links))
        self.pieces, self.links, self.shape = [], [], Shape.PARAGRAPH


def _walk(root: Any) -> Iterator[tuple[str, Any]]:
    """Return what stands in *root*, in order; without recursion, since depth is the page's choice."""
    stack: list[tuple[str, Any]] = [("element", root)]
    while stack:
        kind, value = stack.pop()
        if kind != "element":
            yield kind, value
            continue
        tag = value.tag if isinstance(value.tag, str) else ""
        tail: list[tuple[str, Any]] = [("text", value.tail)] if value.tail and value is not root else []
        if not tag or tag in _SKIPPED or tag in _OUTSIDE or is_hidden(value):
            stack.extend(tail)
            continue
        opening, closing = _edges(tag, value)
        inner: list[tuple[str, Any]] = [*opening]
        if value.text:
            inner.append(("text", value.text))
        inner.extend(("element", child) for child in value)
        inner.extend([*closing, *tail])
        stack.extend(reversed(inner))


def _edges(tag: str, element: Any) -> tuple[list[tuple[str, Any]], list[tuple[str, Any]]]:
    if tag == "a":
        return [("link", element.get("href") or "")], [("unlink", None)]
    if tag == "br":
        return [("close", None)], []
    if tag in _INLINE:
        return [], []
    if tag in _HEADINGS:
        return [("open", Shape.HEADING)], [("close", None)]
    if tag == "li":
        return [("open", Shape.ITEM)], [("close", None)]
    return [("open", Shape.PARAGRAPH)], [("close", None)]


def is_hidden(element: Any) -> bool:
    """Whether the page itself says that *element* is not shown."""
    style = (element.get("style") or "")[:500].replace(" ", "").lower()
    return element.get("hidden") is not None or element.get("aria-hidden") == "true" or "display:none" in style
