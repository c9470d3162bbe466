"""XML that is nearly a feed -> XML that is well-formed, in time that grows with its length only."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html.entities import name2codepoint
from xml.parsers import expat

from digest.errors import BadArticle

_ENTITY = re.compile(r"&([A-Za-z][A-Za-z0-9]{1,30});")
_BARE_AMPERSAND = re.compile(r"&(?!#\d{1,7};|#x[0-9A-Fa-f]{1,6};|(?:amp|lt|gt|quot|apos);)")
_PREFIX = re.compile(r"</?([A-Za-z][\w.-]{0,40}):[A-Za-z]")
_DECLARED = re.compile(r"xmlns:([A-Za-z][\w.-]{0,40})\s*=")
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff\ud800-\udfff]")
_ROOT = re.compile(r"<([A-Za-z][\w.:-]*)")
_XML_OWN = frozenset({"amp", "lt", "gt", "quot", "apos"})
_SPACES = {
    "content": "http://purl.org/rss/1.0/modules/content/",
    "dc": "http://purl.org/dc/elements/1.1/",
    "media": "http://search.yahoo.com/mrss/",
    "atom": "http://www.w3.org/2005/Atom",
}


def is_well_formed(text: str) -> bool:
    """Whether *text*, an XML document without a document type, is well-formed with its namespaces."""
    # A document type is refused before, so there are no entities to unfold.
    parser = expat.ParserCreate("utf-8", namespace_separator=" ")
    try:
        parser.Parse(text.encode("utf-8", "replace"), True)
    except expat.ExpatError:
        return False
    return True


def repaired(text: str) -> str:
    """Return *text* as well-formed XML: bare ampersands, HTML entities, missing namespaces and end tags mended.

    feedparser would fall back to a parser of its own that needs quadratic time. Raises BadArticle when the text
    cannot be mended.
    """
    from lxml import etree

    text = _with_namespaces(_CONTROL.sub(" ", text))
    text = "".join(_mended_outside_cdata(text))
    if is_well_formed(text):
        return text
    parser = etree.XMLParser(recover=True, resolve_entities=False, no_network=True, huge_tree=False, load_dtd=False)
    body = re.sub(r"^\s*<\?xml[^>]*\?>", "", text)
    try:
        root = etree.fromstring(body.encode("utf-8", "replace"), parser)
        result = etree.tostring(root, encoding="unicode") if root is not None else ""
    except (etree.LxmlError, ValueError):
        result = ""
    if not result or not is_well_formed(result):
        raise BadArticle("the feed is not well-formed XML and cannot be mended; check it with a feed validator")
    return result


def _mended_outside_cdata(text: str) -> Iterator[str]:
    at = 0
    while (start := text.find("<![CDATA[", at)) >= 0 and (end := text.find("]]>", start)) >= 0:
        yield _mended(text[at:start])
        yield text[start : end + 3]
        at = end + 3
    yield _mended(text[at:])


def _mended(text: str) -> str:
    return _BARE_AMPERSAND.sub("&amp;", _ENTITY.sub(_letter, text))


def _letter(found: re.Match[str]) -> str:
    name = found[1]
    return chr(name2codepoint[name]) if name in name2codepoint and name not in _XML_OWN else found[0]


def _with_namespaces(text: str) -> str:
    missing = set(_PREFIX.findall(text)) - set(_DECLARED.findall(text)) - {"xml", "xmlns"}
    root = _ROOT.search(text)
    if not missing or root is None or len(missing) > 50:
        return text
    spaces = "".join(f' xmlns:{name}="{_SPACES.get(name.lower(), "urn:unknown:" + name)}"' for name in sorted(missing))
    return text[: root.end()] + spaces + text[root.end() :]
