"""Cards that differ only in their texts: one card of each shape is rendered and inlined, all others are filled in.

What a reader's product sends is in one mail only, so inlining each card would cost more than everything else.
"""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace

from digest.rendering.clean import escape_html
from digest.rendering.fold import wrap
from digest.rendering.marks import CLOSE, OPEN, HoleRef, Mould, hole_mark, url_mark
from digest.rendering.views import CardView

_TEXTS = ("title", "topic", "summary", "disclaimer", "source", "date", "heading_id")
_PREFIX, _FOLDED = "card_", "card_folded_"
_BEGINS = f"{OPEN}h:{_PREFIX}"


def shape_of(view: CardView) -> tuple[object, ...]:
    """Return what a template may branch on: which texts there are, language and direction; never a text itself."""
    there = tuple(bool(getattr(view, name)) for name in (*_TEXTS, "url"))
    return ("alike", *there, view.language, view.dir, view.summary_by)


def marked(view: CardView) -> SimpleNamespace:
    """Return what a template sees in place of *view*: a mark for each text that it has."""
    said = {name: hole_mark(_PREFIX + name) if getattr(view, name) else "" for name in _TEXTS}
    return SimpleNamespace(
        **said,
        url=url_mark("hole", f"{_PREFIX}url") if view.url else "",
        summary_by=view.summary_by,
        language=view.language,
        image=None,
        dir=view.dir,
        start=view.start,
        end=view.end,
    )


def filled(mould: Mould, view: CardView) -> Mould:
    """Return *mould* with the texts of *view*, escaped, where its marks are; what follows each other is one text."""
    return _filled(mould, lambda name: escape_html(str(getattr(view, name.removeprefix(_PREFIX)))))


def filled_text(mould: Mould, view: CardView) -> Mould:
    """Return the same for a text part: nothing is escaped, and what its template folds is folded."""

    def said(name: str) -> str:
        if name.startswith(_FOLDED):
            return wrap(str(getattr(view, name.removeprefix(_FOLDED))))
        return str(getattr(view, name.removeprefix(_PREFIX)))

    return _filled(mould, said)


def wrap_or_mark(text: str, *width: int) -> str:
    """Return what the filter `wrap` makes of *text*; of a card's mark one of folded text, if it stands alone."""
    if _BEGINS not in text:
        return wrap(text, *width)
    name = text.removeprefix(_BEGINS).removesuffix(CLOSE)
    return hole_mark(_FOLDED + name if name in _TEXTS and not width else f"{_PREFIX}mixed")


def _filled(mould: Mould, said: Callable[[str], str]) -> Mould:
    done: list[object] = []
    for segment in mould:
        part: object = segment
        if isinstance(segment, HoleRef) and segment.name.startswith(_PREFIX):
            part = segment.filled(said(segment.name))
        if isinstance(part, str) and done and isinstance(done[-1], str):
            done[-1] += part
        else:
            done.append(part)
    return tuple(done)  # type: ignore[arg-type]  # strings and the references of the mould
