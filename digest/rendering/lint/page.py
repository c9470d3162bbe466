"""The HTML of a message as mail programs see it: a tree, and how each element would look from inline styles alone."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property

from lxml import etree
from lxml import html as lxml_html
from lxml.html import HtmlElement

from digest.rendering.lint.colours import Colour, colour

LARGEST = 1_000_000  # characters that are made a tree; far more than any mail program shows
_BLACK, _WHITE, _LINK = (0, 0, 0), (255, 255, 255), (0, 0, 238)
_SPACES = re.compile(r"\s+")
_BRACE = re.compile(r"[{}]")
_LENGTH = re.compile(r"(-?\d{1,6}(?:\.\d{1,6})?)\s*(px|pt|em|rem|%)?")
_CLASS = re.compile(r"\.([A-Za-z_-][\w-]*)\s*(?:,|$)")
_HEADINGS = {"h1": 2.0, "h2": 1.5, "h3": 1.17, "h4": 1.0, "h5": 0.83, "h6": 0.67}
_UNSEEN = frozenset({"style", "script", "head", "title", "template", "noscript"})


@dataclass(frozen=True, slots=True)
class Look:
    """How an element looks: colours, size in px (None: left to the mail program), height of a line, direction."""

    ink: Colour = _BLACK
    ground: Colour = _WHITE
    size: float | None = None
    line_height: float | None = None  #: in sizes
    direction: str = "ltr"  #: "ltr", "rtl" or "auto"
    language: str = ""
    side: str = ""  #: text-align, "" where nobody says
    hidden: str = ""  #: why nobody sees it, "" when it can be seen


@dataclass(frozen=True, slots=True)
class Seen:
    """An element of the body, how it looks, and the words that are its own."""

    element: HtmlElement
    look: Look
    words: str

    @property
    def line(self) -> int:
        """Its line in the decoded part, 0 when it is not known."""
        return int(self.element.sourceline or 0)

    @property
    def tag(self) -> str:
        """Its name in small letters."""
        return str(self.element.tag).lower()


class Page:
    """One HTML part, read as leniently as a browser reads it."""

    def __init__(self, html: str) -> None:
        self.html = html

    @cached_property
    def root(self) -> HtmlElement | None:
        """The tree; None when there is no element at all."""
        data = self.html[:LARGEST].replace("\0", "").encode("utf-8", "replace")
        parser = lxml_html.HTMLParser(encoding="utf-8")
        try:
            root = lxml_html.document_fromstring(data, parser=parser)
        except (etree.ParserError, etree.XMLSyntaxError, ValueError, AssertionError):
            return None
        return root if isinstance(root.tag, str) else None

    @cached_property
    def elements(self) -> list[HtmlElement]:
        """Every element, in order."""
        return [] if self.root is None else [each for each in self.root.iter() if isinstance(each.tag, str)]

    @cached_property
    def body(self) -> HtmlElement | None:
        """The body."""
        return None if self.root is None else self.root.find("body")

    def named(self, *tags: str) -> list[HtmlElement]:
        """Return every element of these *tags*."""
        return [each for each in self.elements if each.tag in tags]

    @cached_property
    def sheet(self) -> str:
        """All style sheets in one text."""
        return "\n".join(each.text or "" for each in self.named("style"))

    @cached_property
    def dark(self) -> dict[str, dict[str, str]]:
        """What the dark palette sets, by class; empty where there is none."""
        rules: dict[str, dict[str, str]] = {}
        for condition, block in media(self.sheet):
            if "prefers-color-scheme" in condition and "dark" in condition:
                for rule in block.split("}"):
                    selectors, _, declarations = rule.rpartition("{")
                    for name in _CLASS.findall(selectors):
                        rules.setdefault(name, {}).update(style(declarations))
        return rules

    @cached_property
    def seen(self) -> list[Seen]:
        """Every element of the body by day."""
        return self._look({})

    @cached_property
    def seen_at_night(self) -> list[Seen]:
        """Every element of the body in the dark palette, where there is one."""
        return self._look(self.dark) if self.dark else []

    @cached_property
    def words(self) -> str:
        """What a reader sees, on one line."""
        return " ".join(each for each in (_SPACES.sub(" ", word).strip() for word in self._texts()) if each)

    @cached_property
    def links(self) -> list[tuple[str, str, int]]:
        """Address, words and line of every link."""
        links = [each for each in self.named("a", "area") if each.get("href") is not None]
        return [(each.get("href").strip(), text_of(each), int(each.sourceline or 0)) for each in links]

    def _texts(self) -> Iterator[str]:
        looks = {each.element: each.look for each in self.seen}
        for each in self.seen:
            if not each.look.hidden and each.tag not in _UNSEEN:
                yield each.element.text or ""
            around = looks.get(each.element.getparent())
            if each.element is not self.body and not (around and around.hidden):
                yield each.element.tail or ""

    def _look(self, dark: dict[str, dict[str, str]]) -> list[Seen]:
        if self.body is None:
            return []
        root = self.root
        assert root is not None
        frame = Look(direction=(root.get("dir") or "ltr").lower(), language=(root.get("lang") or "").lower())
        looks: dict[HtmlElement, Look] = {}
        found = []
        for each in self.body.iter():
            if not isinstance(each.tag, str):
                continue
            look = _look_of(each, looks.get(each.getparent(), frame), dark)
            looks[each] = look
            found.append(Seen(each, look, _own_words(each)))
        return found


def style(text: str) -> dict[str, str]:
    """Return the declarations of a style attribute by property, without "!important"; the last one counts."""
    found = {}
    for declaration in text.split(";"):
        name, colon, value = declaration.partition(":")
        if colon:
            found[name.strip().lower()] = value.replace("!important", "").strip().lower()
    return found


def text_of(element: HtmlElement) -> str:
    """Return the words in *element*, those of pictures too, on one line."""
    words = []
    for each in element.iter():
        if each.tag == "img":
            words.append(each.get("alt") or "")
        elif isinstance(each.tag, str) and each.tag not in _UNSEEN:
            words.append(each.text or "")
        if each is not element:
            words.append(each.tail or "")
    return _SPACES.sub(" ", "".join(words)).strip()


def media(sheet: str) -> Iterator[tuple[str, str]]:
    """Give condition and block of each @media rule."""
    at = sheet.find("@media")
    while at >= 0:
        start = sheet.find("{", at)
        if start < 0:
            return
        depth, end = 1, start + 1
        for brace in _BRACE.finditer(sheet, start + 1):
            depth += 1 if brace[0] == "{" else -1
            end = brace.start()
            if not depth:
                break
        yield sheet[at:start].lower(), sheet[start + 1 : end]
        at = sheet.find("@media", max(end, start + 1))


def outside_media(sheet: str) -> str:
    """Return the rules of *sheet* that always hold."""
    kept, at = [], 0
    for _, block in media(sheet):
        start = sheet.index(block, at)
        kept.append(sheet[at:start])
        at = start + len(block)
    return "".join([*kept, sheet[at:]])


def pixels(value: str, around: float | None) -> float | None:
    """Return a length in px, where *around* is what it is relative to; None when it cannot be told."""
    found = _LENGTH.fullmatch(value.strip())
    if found is None:
        return None
    number, unit = float(found[1]), found[2]
    if unit in ("em", "%"):
        return None if around is None else number * around / (100 if unit == "%" else 1)
    return number * {"pt": 4 / 3, "rem": 16.0}.get(unit, 1.0)


def _look_of(element: HtmlElement, around: Look, dark: dict[str, dict[str, str]]) -> Look:
    own = style(element.get("style") or "")
    for name in (element.get("class") or "").split():
        own |= dark.get(name, {})
    size = pixels(own.get("font-size", ""), around.size)
    if size is None:
        shrunk = _HEADINGS.get(element.tag)
        size = around.size if shrunk is None or around.size is None else around.size * shrunk
    ink = colour(own.get("color", "") or element.get("color") or "")
    if ink is None:
        ink = _LINK if element.tag == "a" and element.get("href") is not None else around.ink
    ground = colour(own.get("background-color", "") or own.get("background", "") or element.get("bgcolor") or "")
    return replace(
        around,
        ink=ink,
        ground=ground or around.ground,
        size=size,
        line_height=_line_height(own.get("line-height", ""), size) or around.line_height,
        direction=(element.get("dir") or own.get("direction") or around.direction).lower(),
        language=(element.get("lang") or around.language).lower(),
        side=own.get("text-align") or (element.get("align") or "").lower() or around.side,
        hidden=around.hidden or _why_hidden(element, own, size),
    )


def _line_height(value: str, size: float | None) -> float | None:
    found = _LENGTH.fullmatch(value.strip())
    if found is None:
        return None
    if found[2] in (None, "em", "%"):
        return float(found[1]) / (100 if found[2] == "%" else 1)
    height = pixels(value, size)
    return height / size if height is not None and size else None


def _why_hidden(element: HtmlElement, own: dict[str, str], size: float | None) -> str:
    if "hidden" in element.attrib:
        return "the attribute hidden"
    if size is not None and size < 9 and "font-size" in own:
        return f"font-size {own['font-size'][:20]}"
    for name, wrong in (
        ("display", r"none\b"), ("visibility", r"hidden\b|collapse\b"), ("opacity", r"0(?:\.0+)?$"),
        ("mso-hide", r"all\b"), ("max-height", r"0(?:px)?$"), ("height", r"0(?:px)?$"), ("max-width", r"0(?:px)?$"),
        ("width", r"0(?:px)?$"), ("text-indent", r"-\d{3,}"),
    ):  # fmt: skip
        if name in own and re.match(wrong, own[name]):
            return f"{name}: {own[name][:20]}"
    return ""


def _own_words(element: HtmlElement) -> str:
    if element.tag in _UNSEEN:
        return ""
    texts = [element.text or "", *(child.tail or "" for child in element)]
    return _SPACES.sub(" ", " ".join(texts)).strip()
