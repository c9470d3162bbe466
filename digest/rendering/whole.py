"""Render one message for one reader as a whole: full Jinja, premailer once; slow, plain, and the measure.

The splicer must give the same tree (the law of design §3.2). Tests, `check_template` and the benchmark use it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from markupsafe import Markup

from digest.rendering.clean import clean_text, shorten
from digest.rendering.fold import wrap
from digest.rendering.marks import Places
from digest.rendering.parts import CardChoice, DigestParts
from digest.rendering.sections import section_view
from digest.rendering.splice import NAME_LENGTH, ReaderValues
from digest.rendering.views import CardView, Frame
from digest.rendering.written import NO_NOTES, EditionView

if TYPE_CHECKING:
    from digest.rendering.templates import Sheets, TemplateSet


@dataclass(frozen=True, slots=True)
class Whole:
    """One reader's message before any encoding."""

    html: str
    text: str


def render_whole(
    templates: TemplateSet,
    frame: Frame,
    locale: str,
    cards: Sequence[CardView],
    parts: DigestParts,
    reader: ReaderValues,
    edition: EditionView = NO_NOTES,
) -> Whole:
    """Return the message of *parts* (card ids are indexes into *cards*) for *reader*; raises BadTemplate."""
    sheets = templates.sheets(frame, locale)
    shells = {kind: partial(sheets.render, f"shell.{kind}", edition=edition) for kind in ("html", "txt")}
    html, text = (shells[kind](**_places(sheets, kind, cards, parts, reader)) for kind in shells)
    return Whole(html=sheets.inliner.inline(html), text=text)


def _places(
    sheets: Sheets, kind: str, cards: Sequence[CardView], parts: DigestParts, reader: ReaderValues
) -> dict[str, Places]:
    preheader, lead = clean_text(parts.preheader), clean_text(parts.lead)
    shown = [_card(sheets, kind, cards[choice.card_id], choice) for choice in parts.cards]
    follows = [_said(sheets, kind, "follows", clean_text(parts.follows))]
    before = parts.more
    for one in parts.sections:
        view = section_view(one, link=reader.leave_urls[one.slot], before=before)
        shown.append(sheets.fragment(kind, "opening", view))
        shown += [_card(sheets, kind, cards[choice.card_id], choice) for choice in one.cards]
        follows.append(sheets.fragment(kind, "closing", view))
        before = one.more
    holes = {
        "date": clean_text(parts.date),
        "preheader": wrap(preheader) if kind == "txt" else preheader,
        "lead": wrap(lead) if kind == "txt" else lead,
        "cards": _ready(kind, ("" if kind == "html" else "\n\n").join(shown)),
        "more": _said(sheets, kind, "more", clean_text(before)),
        "follows": _ready(kind, ("" if kind == "html" else "\n\n").join(follows)),
    }
    return {"slot": _slots(reader), "hole": Places(holes)}


def _card(sheets: Sheets, kind: str, view: CardView, choice: CardChoice) -> str:
    items = [
        {"title": item.title, "url": item.url, "language": item.language, "dir": item.dir} for item in choice.related
    ]
    holes = {
        "why": _said(sheets, kind, "why", clean_text(choice.why)),
        "related": _said(sheets, kind, "related", items),
    }
    return sheets.render(f"card.{kind}", article=view, hole=Places(holes)).strip()


def _said(sheets: Sheets, kind: str, name: str, argument: object) -> str:
    return _ready(kind, sheets.fragment(kind, name, argument)) if argument else ""


def _ready(kind: str, text: str) -> str:
    return Markup(text) if kind == "html" else text  # noqa: S704 - rendered by an escaping template


def _slots(reader: ReaderValues) -> Places:
    values: Mapping[str, str] = {
        "name": shorten(clean_text(reader.name), NAME_LENGTH),
        "address": clean_text(reader.address),
        "unsubscribe_url": reader.unsubscribe_url,
        "preferences_url": reader.preferences_url,
        "view_url": reader.view_url,
        "more_url": reader.more_url or reader.view_url,
    }
    return Places(dict(values), lambda fallback: values["name"] or str(fallback))
