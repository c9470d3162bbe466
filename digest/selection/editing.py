"""What editors' rulings mean for one article at one moment."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from digest.model.digest import Rejection
from digest.model.ruling import Ruling, RulingKind

# The first that holds is the reason that is told.
_KEEPS_OUT = {
    RulingKind.EXCLUDE: Rejection.EXCLUDED,
    RulingKind.EXPIRE: Rejection.EXPIRED,
    RulingKind.EMBARGO: Rejection.EMBARGOED,
}


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether an article is pinned, or why it is kept out; an article that is kept out is not pinned."""

    pinned: bool = False
    kept_out: Rejection | None = None


UNTOUCHED = Verdict()


def verdict_of(rulings: Iterable[Ruling], at: datetime) -> Verdict:
    """Return what *rulings*, all of one article and one newsletter, come to at the moment *at*."""
    holding = {ruling.kind for ruling in rulings if ruling.holds(at)}
    reason = next((reason for kind, reason in _KEEPS_OUT.items() if kind in holding), None)
    return Verdict(pinned=reason is None and RulingKind.PIN in holding, kept_out=reason)
