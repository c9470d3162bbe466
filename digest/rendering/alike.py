"""Cards that differ only in their texts: one card of each shape is rendered and inlined, all others are filled in.

What a reader's product sends is in one mail only, so inlining each card would cost more than everything else.
"""

from __future__ import annotations

from types import SimpleNamespace

from digest.rendering.clean import escape_html
from digest.rendering.marks import HoleRef, Mould, hole_mark, url_mark
from digest.rendering.views import CardView

_TEXTS = ("title", "topic", "summary", "disclaimer", "source", "date", "heading_id")
_PREFIX = "card_"


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
    done: list[object] = []
    for segment in mould:
        part: object = segment
        if isinstance(segment, HoleRef) and segment.name.startswith(_PREFIX):
            part = escape_html(str(getattr(view, segment.name.removeprefix(_PREFIX))))
        if isinstance(part, str) and done and isinstance(done[-1], str):
            done[-1] += part
        else:
            done.append(part)
    return tuple(done)  # type: ignore[arg-type]  # strings and the references of the mould
