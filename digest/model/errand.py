"""An errand: what a page asked for that takes a while or a mail server; the next tick does it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any


class ErrandKind(StrEnum):
    """What is to be done."""

    SEND_NOW = "send_now"  #: today's edition to all who have not had it
    CORRECT = "correct"  #: a correction to those whom an edition reached
    PROOF = "proof"  #: a test mail to colleagues


@dataclass(frozen=True, slots=True)
class Errand:
    """Who asked for what when; `told` is what came of it at `done_at`, a sentence."""

    errand_id: int
    kind: ErrandKind
    newsletter: str
    edition_id: int | None
    spec: Mapping[str, Any]
    by: str
    at: datetime
    begun_at: datetime | None
    done_at: datetime | None
    told: str
