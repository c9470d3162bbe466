"""What editors say in an edition beside its articles."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class NoteKind(StrEnum):
    """The two places where editors speak."""

    NOTE = "note"  #: a word before the articles, to whoever gets the mail anyway
    ANNOUNCEMENT = "announcement"  #: above everything, to every active reader who is due, whatever suits them


@dataclass(frozen=True, slots=True)
class EditionNote:
    """One text (Markdown) of one edition, in one language whatever the reader's, and who wrote it when."""

    kind: NoteKind
    markdown: str
    language: str
    by: str
    at: datetime
