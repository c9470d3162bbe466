"""How large and how deep a document may be, checked before any parser sees it."""

from __future__ import annotations

import re

from digest.errors import BadArticle

MAX_DEPTH = 256
MAX_HTML = 5 * 1024 * 1024
LONGEST_TAG = 64 * 1024
MOST_TAGS = 100_000

_TAG = re.compile(r"<!--|<!\[CDATA\[|<(/?)([A-Za-z][A-Za-z0-9:_.-]*)")
# These need no end tag, so that a count of open ones says nothing about depth (HTML standard, section 13.1.2.4).
_UNCOUNTED = frozenset(
    {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "param", "source", "track", "wbr"}
    | {"p", "li", "dt", "dd", "option", "tr", "td", "th", "thead", "tbody", "tfoot", "colgroup"}
    | {"html", "head", "body"}
)
# What stands in these is text to a parser, however much it looks like tags.
_RAW_ENDS = {"script": "</script", "style": "</style", "textarea": "</textarea", "title": "</title"}


def check_markup(text: str, *, html: bool = True) -> None:
    """Raise BadArticle when *text* is markup that a parser should not be given.

    More than 5 MB, more than 256 elements open at once, 100,000 tags, or a tag of more than 64 KB: parsers and
    sanitisers need quadratic time for such documents, and no article looks like that.
    """
    if len(text) > MAX_HTML:
        raise BadArticle(f"the page has {len(text):,} characters; at most {MAX_HTML:,} are read")
    lowered = text.lower() if html else text
    # What is known never to end is not looked for again: that would take quadratic time.
    endless: set[str] = set()
    depth = tags = at = 0
    while found := _TAG.search(text, at):
        at = found.end()
        if not found[2]:
            # A comment or CDATA section; one that never ends is not skipped, so nothing hides behind it.
            ends = "-->" if found[0] == "<!--" else "]]>"
            close = -1 if ends in endless else text.find(ends, at)
            if close < 0:
                endless.add(ends)
            at = max(at, close)
            continue
        tags += 1
        name = found[2].lower() if html else found[2]
        if tags > MOST_TAGS:
            raise BadArticle(f"the page has more than {MOST_TAGS:,} tags; it is no article")
        if found[1]:
            depth = max(0, depth - (name not in _UNCOUNTED or not html))
            continue
        end = text.find(">", at, at + LONGEST_TAG)
        if end < 0:
            raise BadArticle("the page has a tag of more than 64 KB, or one that never ends; it is no article")
        if html and name in _RAW_ENDS:
            close = -1 if name in endless else lowered.find(_RAW_ENDS[name], end)
            if close < 0:
                endless.add(name)
            depth, at = depth + 1, max(end, close)
        elif text[end - 1] != "/" and not (html and name in _UNCOUNTED):
            depth += 1
        if depth > MAX_DEPTH:
            raise BadArticle(f"the page nests more than {MAX_DEPTH} elements; it is no article")


def check_no_dtd(text: str) -> None:
    """Raise BadArticle when the XML document *text* declares a document type or entities (XXE, billion laughs).

    Such declarations may stand only before the root element (XML 1.0, section 2.8), behind comments and
    processing instructions.
    """
    at = 0
    skip = re.compile(r"\s*(?:<\?.*?\?>|<!--.*?-->)", re.DOTALL)
    while found := skip.match(text, at):
        at = found.end()
    before_root = re.match(r"[^<]*<!\s*[A-Za-z\[]", text[at:])
    if before_root:
        raise BadArticle("the feed declares a document type (DTD); save it without its <!DOCTYPE …> line")
