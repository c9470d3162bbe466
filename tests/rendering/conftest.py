"""What the tests about rendering share: the small mail template, a frame, a reader, a desk that makes messages."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import pytest

from digest.rendering.headers import ConstantHeaders, constant_headers
from digest.rendering.parts import CardChoice, DigestParts
from digest.rendering.press import Composed, Press
from digest.rendering.splice import ReaderValues, Splicer
from digest.rendering.templates import TemplateSet
from digest.rendering.views import CardView, Frame

TEMPLATES = Path(__file__).parent / "templates"
FRAME = Frame(
    name="Example weekly",
    sender_name="Example Digest",
    sender_address="digest@news.example.net",
    list_id="weekly.news.example.net",
    postal_lines=("1 Example Road", "Exampleton"),
    description="The week in brief",
    reply_to="editor@example.net",
    home_url="https://example.net/",
    archive_url="https://news.example.net/weekly/",
    feedback_id="w2026-47:weekly:acct1:exdigest",
    unsubscribe_address="leave@news.example.net",
)
TOKEN = "t" * 32
READER = ReaderValues(
    name="Anna",
    address="anna@example.org",
    unsubscribe_url=f"https://news.example.net/u/{TOKEN}?a=1&b=2",
    preferences_url=f"https://news.example.net/p/{TOKEN}",
    view_url=f"https://news.example.net/v/{TOKEN}",
    message_id="<01jd@news.example.net>",
    date=datetime(2026, 11, 23, 7, 0, tzinfo=UTC),
)


@dataclass
class Desk:
    """One press with its cards."""

    locale: str = "en"
    templates: TemplateSet = field(default_factory=lambda: TemplateSet.load(TEMPLATES, "mini"))
    frame: Frame = FRAME

    def __post_init__(self) -> None:
        self.press = Press(self.templates, self.frame, self.locale)

    def compose(self, cards: Sequence[CardView], **parts: str) -> Composed:
        """Compose one digest of all *cards*, in order."""
        ids = self.press.add_cards(cards)
        choices = tuple(CardChoice(card_id) for card_id in ids)
        return self.press.compose(DigestParts(choices, **{"date": "Monday", "preheader": "In brief", **parts}))

    def headers(self, composed: Composed) -> ConstantHeaders:
        """Return the constant headers of a digest."""
        return constant_headers(self.frame, composed.subject, composed.layout.boundary)

    def splicer(self, cards: Sequence[CardView], **parts: str) -> Splicer:
        """Return the splicer of one digest of all *cards*."""
        composed = self.compose(cards, **parts)
        return Splicer(composed.layout, composed.pieces, self.headers(composed))


@pytest.fixture(scope="session")
def reader() -> Callable[..., ReaderValues]:
    """Return a maker of readers: Anna, with whatever is named otherwise."""
    return READER._replace


@pytest.fixture
def desk() -> Callable[..., Desk]:
    """Return a maker of desks by locale."""
    return Desk


@pytest.fixture
def frame() -> Frame:
    """Return the frame of the example newsletter."""
    return FRAME
