"""What one digest says: its cards, the words beside them, and the parts of other newsletters; plain values."""

from __future__ import annotations

from dataclasses import dataclass

from digest.rendering.views import RelatedView
from digest.rendering.written import NO_NOTES, EditionView


@dataclass(frozen=True, slots=True)
class CardChoice:
    """One card of a digest: its id in the press, why this reader profile gets it, and related articles."""

    card_id: int
    why: str = ""
    related: tuple[RelatedView, ...] = ()


@dataclass(frozen=True, slots=True)
class Section:
    """Another newsletter's part in a mail: its heading, its cards, and what its own mail would say beside them.

    `slot` is the slot with the reader's link to leave it; `sender` and `postal_lines` are given when they are not
    those of the mail.
    """

    name: str
    slot: str
    cards: tuple[CardChoice, ...]
    description: str = ""
    lead: str = ""
    more: str = ""
    follows: str = ""
    edition: EditionView = NO_NOTES
    sender: str = ""
    postal_lines: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class DigestParts:
    """What one digest says beside its cards; plain text, "" leaves a part out.

    `date` is the day in the reader's words, `more` tells how many articles gave way, `follows` why this mail came,
    `lead` stands before the articles. `title` is the subject of a mail without articles. `sections` come after all.
    """

    cards: tuple[CardChoice, ...]
    date: str
    preheader: str = ""
    more: str = ""
    follows: str = ""
    lead: str = ""
    title: str = ""
    sections: tuple[Section, ...] = ()
