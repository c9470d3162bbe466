"""Render a pool once: shell and cards become moulds, a digest is a choice of ready pieces (design §3.2).

A press belongs to one newsletter, one pool and one locale. It holds what it has rendered; the layouts and
pieces that it gives out are values.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from itertools import groupby
from typing import TYPE_CHECKING

from digest.errors import BadTemplate
from digest.rendering.alike import filled, filled_text, marked, shape_of
from digest.rendering.clean import clean_text, escape_html
from digest.rendering.encoder import Atom, Block, Encoder
from digest.rendering.fold import wrap
from digest.rendering.layout import Layout
from digest.rendering.marks import (
    CARD_FRAGMENTS,
    SHELL_FRAGMENTS,
    TEXT_HOLES,
    HoleRef,
    Mould,
    cut_text,
    fragment_mark,
    hole_mark,
    hole_places,
    region,
    regions_of,
    slot_places,
    url_mark,
)
from digest.rendering.parts import CardChoice, DigestParts
from digest.rendering.sections import Sections, last_more
from digest.rendering.subject_line import without_answer_marks
from digest.rendering.views import CardView, Frame, RelatedView
from digest.rendering.written import NO_NOTES, EditionView, Written

if TYPE_CHECKING:
    from digest.rendering.templates import Sheets, TemplateSet

CARDS_AT_ONCE = 200


@dataclass(frozen=True, slots=True)
class Composed:
    """One digest, ready to be spliced: its layout, its encoded pieces by hash, and its subject."""

    layout: Layout
    pieces: Mapping[str, bytes]
    subject: str

    def html_size(self, widths: Mapping[str, int]) -> int:
        """Return the decoded bytes of the HTML part for the largest slot values."""
        return self.layout.html_size(widths)


@dataclass(frozen=True, slots=True)
class _Card:
    view: CardView
    html: Mould
    text: Mould


class Press:
    """Renders cards and shell of one pool in one locale, and composes digests of them."""

    def __init__(self, templates: TemplateSet, frame: Frame, locale: str, edition: EditionView = NO_NOTES) -> None:
        self._sheets = templates.sheets(frame, locale)
        self._frame = frame
        self._cards: list[_Card] = []
        self._raw_card = ""
        self._raw_shell = self._shell("html", edition)
        self._moulds: dict[tuple[object, ...], Mould] = {}
        self._text_moulds: dict[tuple[object, ...], Mould | None] = {}
        self._shell_html = self._inline_shell()
        text = self._shell("txt", edition)
        self._shell_text = cut_text(text.rstrip("\n") + "\n", "shell.txt")
        self._html = Encoder(html=True)
        self._text = Encoder(html=False)
        self._sections = Sections(self._sheets, self._raw_shell)
        self._said: dict[object, str] = {}
        self._html_plan, self._text_plan = _in_blocks(self._shell_html), _in_blocks(self._shell_text)
        self._texts: dict[str, Block] = {}
        self._blocks: dict[tuple[CardChoice, bool], Block] = {}

    def add_cards(self, views: Sequence[CardView]) -> list[int]:
        """Render and inline one card per view, many in one go; return their ids in this press.

        Raises BadTemplate. About 200 cards take a second, so hand in a pool at once.
        """
        first = len(self._cards)
        for at in range(0, len(views), CARDS_AT_ONCE):
            self._add_batch(views[at : at + CARDS_AT_ONCE])
        return list(range(first, len(self._cards)))

    def add_alike(self, views: Sequence[CardView], sheets: Sheets | None = None) -> list[int]:
        """Add cards whose template only places their texts; return their ids. Each shape is inlined once.

        Their template is that of *sheets*, where it is another one's.
        """
        first, sheets = len(self._cards), sheets or self._sheets
        for view in views:
            shape = (id(sheets), *shape_of(view))
            if shape not in self._moulds:
                html = sheets.render("card.html", article=marked(view)).strip()
                if sheets is self._sheets:
                    self._raw_card = self._raw_card or html
                self._moulds[shape] = self._inlined({"0": html}, "card.html")["0"]
            self._cards.append(_Card(view, filled(self._moulds[shape], view), self._text_alike(view, sheets, shape)))
        return list(range(first, len(self._cards)))

    def _text_alike(self, view: CardView, sheets: Sheets, shape: tuple[object, ...]) -> Mould:
        """Return the text of a card; a template that does more than to place and fold its texts is rendered anew."""
        known = self._text_moulds.get(shape)
        if known is not None:
            return filled_text(known, view)
        whole = _text_of(sheets, view)
        if shape not in self._text_moulds:
            with suppress(BadTemplate, AttributeError):
                mould = _text_of(sheets, marked(view))
                self._text_moulds[shape] = mould if filled_text(mould, view) == whole else None
            self._text_moulds.setdefault(shape, None)
        return whole

    def compose(self, parts: DigestParts) -> Composed:
        """Return the digest made of *parts*; joins ready pieces, encodes only what is new in this press."""
        html = self._html.part(self._html_blocks(parts))
        text = self._text.part(self._text_blocks(parts))
        pieces = {name: self._html.pieces[name] for name in html.items if isinstance(name, str)}
        pieces.update({name: self._text.pieces[name] for name in text.items if isinstance(name, str)})
        return Composed(Layout(text=text, html=html), pieces, self.subject(parts))

    def how_many_fit(self, parts: DigestParts, widths: Mapping[str, int], max_bytes: int) -> int:
        """Return how many of the first cards of *parts* keep the HTML part within *max_bytes* (decoded).

        Everything else in *parts* counts, so give it the `more` line it would have with cards left out.
        """
        shell = replace(parts, cards=())
        size = self._html.at_most(self._html_blocks(shell), widths)
        for count, choice in enumerate(parts.cards):
            size += self._html.at_most([self._card(choice, html=True)], widths)
            if size > max_bytes:
                return count
        return len(parts.cards)

    def subject(self, parts: DigestParts) -> str:
        """Return the subject of *parts* as one clean line; the newsletter's name when the template gives none.

        An article may be called "Re: …"; a mail that is so called passes for an answer.
        """
        choices = [*parts.cards, *(choice for section in parts.sections for choice in section.cards)]
        titles = [] if parts.cards else [clean_text(parts.title)]
        titles += [self._cards[choice.card_id].view.title for choice in choices]
        titles = [without_answer_marks(title) or clean_text(self._frame.name) for title in titles]
        said = {"titles": titles, "count": len(titles), "date": clean_text(parts.date)}
        line = without_answer_marks(clean_text(self._sheets.render("subject.txt", digest=said)))
        return line or clean_text(self._frame.name)

    def _shell(self, kind: str, edition: EditionView) -> str:
        holes = hole_places(TEXT_HOLES, SHELL_FRAGMENTS, html=kind == "html")
        shell = self._sheets.render(f"shell.{kind}", slot=slot_places(), hole=holes, edition=edition)
        for name in ("announcement", "note"):
            said: Written | None = getattr(edition, name)
            if said and unicodedata.normalize("NFC", said.html if kind == "html" else said.text) not in shell:
                what = f"{{{{ edition.{name}.{'html' if kind == 'html' else 'text'} }}}}"
                raise BadTemplate(f"shell.{kind}: {what} is missing, so what the editors say would not be shown")
        return shell

    def _inline_shell(self) -> Mould:
        raw = self._raw_shell
        for name in ("more", "follows"):
            said = self._sheets.fragment("html", name, hole_mark("text"))
            raw = raw.replace(fragment_mark(name), fragment_mark(name) + region(name, said))
        regions = regions_of(self._sheets.inliner.inline(raw), "shell.html")
        for name in ("more", "follows"):
            self._moulds[(name,)] = regions.get(name, ())
        if not any(isinstance(s, HoleRef) and s.name == "cards" for s in regions["shell"]):
            raise BadTemplate("shell.html: {{ hole.cards }} is missing, so no article would be shown")
        return regions["shell"]

    def _add_batch(self, views: Sequence[CardView]) -> None:
        html_holes = hole_places((), CARD_FRAGMENTS, html=True)
        text_holes = hole_places((), CARD_FRAGMENTS, html=False)
        raw = [self._sheets.render("card.html", article=view, hole=html_holes).strip() for view in views]
        texts = [self._sheets.render("card.txt", article=view, hole=text_holes).strip("\n") for view in views]
        self._raw_card = self._raw_card or (raw[0] if raw else "")
        regions = self._inlined({str(number): html for number, html in enumerate(raw)}, "card.html")
        self._cards += [
            _Card(view, regions[str(number)], cut_text(text + "\n", "card.txt"))
            for number, (view, text) in enumerate(zip(views, texts, strict=True))
        ]

    def _inlined(self, cards: Mapping[str, str], where: str) -> dict[str, Mould]:
        """Return *cards* (raw HTML by name) and every region in them, inlined where cards stand in the shell."""
        together = "".join(region(name, html) for name, html in cards.items())
        document = self._raw_shell.replace(fragment_mark("cards"), together)
        return regions_of(self._sheets.inliner.inline(document), where)

    def _html_blocks(self, parts: DigestParts) -> list[Block]:
        plain = {"date": parts.date, "preheader": parts.preheader, "lead": parts.lead}
        said = {name: escape_html(clean_text(text)) for name, text in plain.items()}
        for name, text in (("more", last_more(parts)), ("follows", parts.follows)):
            said[name] = self._say((name,), {"text": clean_text(text)}) if text else ""
        blocks: list[Block] = []
        for segment in self._html_plan:
            if isinstance(segment, Block):
                blocks.append(segment)
            elif segment.name == "cards":
                blocks += [self._card(choice, html=True) for choice in parts.cards]
                blocks += self._sections.html(parts, self._card)
            else:
                blocks.append(self._block(said[segment.name]))
                if segment.name == "follows":
                    blocks += self._sections.closings_html(parts.sections)
        return blocks

    def _card(self, choice: CardChoice, *, html: bool) -> Block:
        """Return a card as it stands in all digests that show it alike."""
        block = self._blocks.get((choice, html))
        if block is None:
            made = self._card_html(choice) if html else self._card_text(choice)
            block = self._blocks[choice, html] = Block(tuple(made))
        return block

    def _block(self, text: str) -> Block:
        """Return the block of a single text."""
        block = self._texts.get(text)
        if block is None:
            block = self._texts[text] = Block((text,))
        return block

    def _card_html(self, choice: CardChoice) -> list[Atom]:
        said = {
            "why": self._say(("why",), {"text": clean_text(choice.why)}) if choice.why else "",
            "related": self._related_html(choice.related) if choice.related else "",
        }
        return [said[s.name] if isinstance(s, HoleRef) else s for s in self._cards[choice.card_id].html]

    def _related_html(self, related: tuple[RelatedView, ...]) -> str:
        shape = ("related", *((bool(item.url), item.language, item.dir) for item in related))
        values = {f"title{n}": item.title for n, item in enumerate(related)}
        values.update({f"url{n}": item.url for n, item in enumerate(related)})
        return self._say(shape, values, related)

    def _say(self, shape: tuple[object, ...], values: Mapping[str, str], related: tuple[RelatedView, ...] = ()) -> str:
        """Return a fragment of this *shape* with its holes filled, inlined when the shape is new."""
        key = (shape, *values.values())
        if key not in self._said:
            if shape not in self._moulds:
                self._moulds[shape] = self._inline_shape(str(shape[0]), related)
            mould = self._moulds[shape]
            self._said[key] = "".join(escape_html(values[s.name]) if isinstance(s, HoleRef) else str(s) for s in mould)
        return self._said[key]

    def _inline_shape(self, name: str, related: tuple[RelatedView, ...]) -> Mould:
        if name == "related":
            items = [
                {
                    "title": hole_mark(f"title{n}"),
                    "url": url_mark("hole", f"url{n}") if item.url else "",
                    "language": item.language,
                    "dir": item.dir,
                }
                for n, item in enumerate(related)
            ]
            raw = self._sheets.fragment("html", name, items)
        else:
            raw = self._sheets.fragment("html", name, hole_mark("text"))
        card = self._raw_card.replace(fragment_mark(name), region(name, raw))
        return self._inlined({"card": card}, f"fragments.html, {name}").get(name, ())

    def _text_blocks(self, parts: DigestParts) -> list[Block]:
        said = {
            "date": clean_text(parts.date),
            "preheader": wrap(clean_text(parts.preheader)),
            "lead": wrap(clean_text(parts.lead)),
            "more": self._say_text("more", clean_text(more)) if (more := last_more(parts)) else "",
            "follows": self._say_text("follows", clean_text(parts.follows)) if parts.follows else "",
        }
        blocks: list[Block] = []
        for segment in self._text_plan:
            if isinstance(segment, Block):
                blocks.append(segment)
            elif segment.name == "follows" and parts.sections:
                blocks.append(self._block(f"{segment.before}{said['follows']}"))
                blocks += [*self._sections.closings_text(parts.sections), self._block("\n" + segment.after)]
            elif segment.name != "cards":
                blocks.append(self._block(segment.filled(said[segment.name])))
            elif parts.cards or parts.sections:
                blocks.append(self._block(segment.before))
                for number, choice in enumerate(parts.cards):
                    blocks += [self._block("\n\n")] if number else []
                    blocks.append(self._card(choice, html=False))
                blocks += self._sections.text(parts, self._card)
                blocks.append(self._block(segment.after))
            else:
                blocks.append(self._block(segment.empty))
        return blocks

    def _card_text(self, choice: CardChoice) -> list[str]:
        """Return the text of a card without line breaks at its end."""
        related = [
            {"title": item.title, "url": item.url, "language": item.language, "dir": item.dir}
            for item in choice.related
        ]
        said = {
            "why": self._say_text("why", clean_text(choice.why)) if choice.why else "",
            "related": self._say_text("related", related, choice.related) if related else "",
        }
        mould = self._cards[choice.card_id].text
        texts = [s.filled(said[s.name]) if isinstance(s, HoleRef) else str(s) for s in mould]
        while texts and not texts[-1].rstrip("\n"):
            texts.pop()
        return [*texts[:-1], texts[-1].rstrip("\n")] if texts else []

    def _say_text(self, name: str, argument: object, key: object = None) -> str:
        """Return a fragment of the text part; rendered whole, because its lines are folded by their content."""
        known = ("txt", name, argument if key is None else key)
        if known not in self._said:
            self._said[known] = self._sheets.fragment("txt", name, argument)
        return self._said[known]


def _text_of(sheets: Sheets, view: object) -> Mould:
    return cut_text(sheets.render("card.txt", article=view).strip("\n") + "\n", "card.txt")


def _in_blocks(mould: Mould) -> list[Block | HoleRef]:
    """Return *mould* with all that stands between two holes as one block."""
    plan: list[Block | HoleRef] = []
    for is_hole, segments in groupby(mould, lambda each: isinstance(each, HoleRef)):
        if is_hole:
            plan += [each for each in segments if isinstance(each, HoleRef)]
        else:
            plan.append(Block(tuple(each for each in segments if not isinstance(each, HoleRef))))
    return plan
