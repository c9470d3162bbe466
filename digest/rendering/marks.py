"""Slots and holes: the marks that templates place, and how rendered text is taken apart at them.

A mark in text is written between two noncharacters (U+FDD0, U+FDD1), which no text from outside keeps; a URL
slot is an ASCII address under `slot.invalid` (RFC 2606), because an inliner percent-encodes anything else in
an href. Both pass through Jinja, premailer and lxml unchanged.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from digest.errors import BadTemplate

OPEN, CLOSE = "\ufdd0", "\ufdd1"
TEXT_SLOTS = ("name", "address")
URL_SLOTS = ("unsubscribe_url", "preferences_url", "view_url", "more_url")
TEXT_HOLES = ("date", "preheader", "lead")
SHELL_FRAGMENTS = ("cards", "more", "follows")
CARD_FRAGMENTS = ("why", "related")

_URL = r"https://(slot|hole)\.invalid/([a-z0-9_]+)"
_MARK = re.compile(
    f"<!--{OPEN}([hbe]):([a-z0-9_]+){CLOSE}-->"
    f"|{OPEN}([hs]):([a-z0-9_]+)(?::([0-9a-f]*))?{CLOSE}"
    rf"|(?<![A-Za-z0-9=/?&%#.:_-]){_URL}(?![A-Za-z0-9/?&%#=_-])"
)
_LEFT_OVER = re.compile(rf"[{OPEN}{CLOSE}]|(?:slot|hole)\.invalid|%EF%B7%9[01]", re.IGNORECASE)
_STYLE = re.compile(r"<(style|script)\b.*?</\1\s*>", re.DOTALL | re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class SlotRef:
    """A place that is filled for each reader; `fallback` is shown when the value is empty."""

    name: str
    fallback: str = ""


@dataclass(frozen=True, slots=True)
class HoleRef:
    """A place that is filled for each digest.

    In text, a hole that stands alone on its line owns the line: `before` and `after` are the line breaks
    around it, and `empty` is what stays when there is nothing to say.
    """

    name: str
    before: str = ""
    after: str = ""
    empty: str = ""

    def filled(self, text: str) -> str:
        """Return what stands here when the hole holds *text*."""
        return f"{self.before}{text}{self.after}" if text else self.empty


Segment = str | SlotRef | HoleRef
Mould = tuple[Segment, ...]


@dataclass(frozen=True, slots=True)
class Boundary:
    """The begin or end mark of a region that was put into one document with others to be inlined."""

    name: str
    begins: bool


def hole_mark(name: str) -> str:
    """Return the mark of a text hole."""
    return f"{OPEN}h:{name}{CLOSE}"


def fragment_mark(name: str) -> str:
    """Return the mark of a fragment hole in HTML: a comment, which may stand where text may not."""
    return f"<!--{OPEN}h:{name}{CLOSE}-->"


def url_mark(kind: str, name: str) -> str:
    """Return the mark of a URL; *kind* is "slot" or "hole"."""
    return f"https://{kind}.invalid/{name}"


def slot_mark(name: str, fallback: str = "") -> str:
    """Return the mark of a reader slot."""
    if name in URL_SLOTS:
        return url_mark("slot", name)
    return f"{OPEN}s:{name}:{fallback.encode().hex()}{CLOSE}" if fallback else f"{OPEN}s:{name}{CLOSE}"


def region(name: str, html: str) -> str:
    """Return *html* between the marks that find it again after inlining."""
    return f"<!--{OPEN}b:{name}{CLOSE}-->{html}<!--{OPEN}e:{name}{CLOSE}-->"


class Places:
    """The `slot` or `hole` that a template sees: an attribute per known name, nothing else."""

    def __init__(self, values: dict[str, str], named: Callable[[str], str] | None = None) -> None:
        self._values = values
        if named is not None:
            self.name_or = named

    def __getattr__(self, name: str) -> str:
        try:
            return self._values[name]
        except KeyError:
            raise AttributeError(name) from None


def slot_places() -> Places:
    """Return the `slot` of a template: marks, the same in text and HTML."""
    names = (*TEXT_SLOTS, *URL_SLOTS)
    return Places({name: slot_mark(name) for name in names}, lambda text: slot_mark("name", str(text)))


def hole_places(text_holes: Sequence[str], fragments: Sequence[str], *, html: bool) -> Places:
    """Return the `hole` of a template: marks; in HTML a fragment's is a comment."""
    values = {name: hole_mark(name) for name in (*text_holes, *fragments)}
    if html:
        values.update({name: Markup(fragment_mark(name)) for name in fragments})  # noqa: S704 - our own mark
    return Places(values)


def cut(text: str, where: str, *, html: bool) -> list[Segment | Boundary]:
    """Return *text* taken apart at its marks.

    Raises BadTemplate, naming *where*, for a mark that a filter or its place has destroyed.
    """
    if html:
        _refuse_marks_in_style(text, where)
    pieces: list[Segment | Boundary] = []
    at = 0
    for found in _MARK.finditer(text):
        if found.start() > at:
            pieces.append(text[at : found.start()])
        pieces.append(_ref(found))
        at = found.end()
    if at < len(text):
        pieces.append(text[at:])
    for piece in pieces:
        if isinstance(piece, str) and (left := _LEFT_OVER.search(piece)):
            near = re.sub(rf"[{OPEN}{CLOSE}]", "¤", piece[max(0, left.start() - 40) : left.end() + 20])
            raise BadTemplate(
                f"{where}: a slot or hole must stand in text or alone in an href, unchanged by filters; near {near!r}"
            )
    return pieces


def regions_of(html: str, where: str) -> dict[str, Mould]:
    """Return the regions of an inlined document by name; what is outside of all is "shell".

    Raises BadTemplate.
    """
    open_regions: list[tuple[str, list[Segment]]] = [("shell", [])]
    found: dict[str, Mould] = {}
    for piece in cut(html, where, html=True):
        if not isinstance(piece, Boundary):
            open_regions[-1][1].append(piece)
        elif piece.begins:
            open_regions.append((piece.name, []))
        else:
            name, mould = open_regions.pop()
            if name != piece.name or not open_regions:
                raise BadTemplate(f"{where}: its tags are not closed in the order in which they are opened")
            found[name] = tuple(mould)
    if len(open_regions) != 1:
        raise BadTemplate(f"{where}: its tags are not closed in the order in which they are opened")
    found["shell"] = tuple(open_regions[0][1])
    return found


def cut_text(text: str, where: str) -> Mould:
    """Return a text part taken apart; a hole alone on its line takes the line with it."""
    mould: list[Segment] = []
    pieces = cut(text, where, html=False)
    for index, piece in enumerate(pieces):
        if not isinstance(piece, HoleRef):
            assert not isinstance(piece, Boundary)
            mould.append(piece)
            continue
        before = mould[-1] if mould else ""
        follows = pieces[index + 1] if index + 1 < len(pieces) else "\n"
        own_line = not mould or _ends_line(before)
        if own_line and isinstance(follows, str) and follows.startswith("\n"):
            # At the very start there is no empty line before it to take along, so it takes those behind it.
            breaks = len(follows) - len(follows.lstrip("\n")) if not mould else 1
            mould.append(_take_line(piece, mould, follows[:breaks]))
            if index + 1 < len(pieces):
                pieces[index + 1] = follows[breaks:]
        else:
            mould.append(piece)
    return tuple(segment for segment in mould if segment != "")


def _take_line(hole: HoleRef, mould: list[Segment], after: str) -> HoleRef:
    """Move the line breaks before *hole*, from the end of *mould*, and those *after* it into it."""
    if not mould or not isinstance(mould[-1], str):
        return HoleRef(hole.name, "", after, "")
    kept = mould[-1].rstrip("\n")
    breaks = mould[-1][len(kept) :]
    mould[-1] = kept
    return HoleRef(hole.name, breaks, after, "\n" if kept else "")


def _ends_line(segment: Segment) -> bool:
    if isinstance(segment, HoleRef):
        return segment.after.endswith("\n")
    return isinstance(segment, str) and (segment.endswith("\n") or segment == "")


def _ref(found: re.Match[str]) -> SlotRef | HoleRef | Boundary:
    comment, comment_name, kind, name, fallback, url_kind, url_name = found.groups()
    if comment == "h":
        return HoleRef(comment_name)
    if comment:
        return Boundary(comment_name, comment == "b")
    if url_kind:
        return SlotRef(url_name) if url_kind == "slot" else HoleRef(url_name)
    return SlotRef(name, bytes.fromhex(fallback or "").decode()) if kind == "s" else HoleRef(name)


def _refuse_marks_in_style(text: str, where: str) -> None:
    for block in _STYLE.finditer(text):
        if _LEFT_OVER.search(block.group()):
            raise BadTemplate(f"{where}: no slot or hole may stand inside <{block.group(1).lower()}>")
