"""Warm-up: a new sender's first weeks, kept to by every sending and shown to its operator.

What is over a day's share stays due until the next day, or is superseded by the reader's next digest, which then has
what was missed. Letters that somebody waits for (confirmations) are counted, and never held.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from digest.delivery.groups import GroupOf, grouping, load_providers
from digest.delivery.warm_up import WarmUp, shipped_plan
from digest.pipeline.composing.links import LETTER
from digest.pipeline.installation import Installation
from digest.store.dispatching import Claim
from digest.store.engine import reading
from digest.store.volumes import period_of, readers_by_domain, tried_since

_LOOK_AGAIN = timedelta(seconds=2)  # where several senders share the rows


class DayShares:
    """The warm-up in one run; holds nobody where no day is set on which it began."""

    def __init__(self, house: Installation, start: date | None, group_of: GroupOf) -> None:
        self._house = house
        self._letters: dict[int, bool] = {}
        again = _LOOK_AGAIN if house.shares_rows else None
        self._warm_up = WarmUp(shipped_plan(), start, group_of, self._tried, look_again=again) if start else None

    @property
    def limited(self) -> bool:
        """Whether anybody may have to wait at all."""
        return self._warm_up is not None

    def wait(self, claim: Claim) -> float:
        """Return 0.0, or the seconds until the provider of a reader may have more."""
        if self._warm_up is None or self._is_letter(claim.edition_id):
            return 0.0
        return self._warm_up.wait(claim.address, self._house.clock.now())

    def note(self, claim: Claim) -> None:
        """Count a mail that is let go."""
        if self._warm_up is not None:
            self._warm_up.note(claim.address)

    def _tried(self, since: datetime) -> Counter[str]:
        with reading(self._house.engine) as connection:
            return tried_since(connection, since)

    def _is_letter(self, edition_id: int) -> bool:
        if edition_id not in self._letters:
            with reading(self._house.engine) as connection:
                self._letters[edition_id] = f"+{LETTER}" in period_of(connection, edition_id)
        return self._letters[edition_id]


@dataclass(frozen=True, slots=True)
class Share:
    """One provider, or a domain of its own: readers, mails tried today, the most today, the day that all fit."""

    group: str
    readers: int
    tried: int
    most: int | None  #: None: any number
    whole_from: date


def warm_up_shares(house: Installation, start: date) -> list[Share]:
    """Return what each provider gets in a warm-up that begins on *start*, the one with most readers first."""
    plan, group_of = shipped_plan(), grouping(load_providers())
    today = house.clock.now().astimezone(UTC).date()
    with reading(house.engine) as connection:
        readers = _by_group(readers_by_domain(connection), group_of)
        tried = _by_group(tried_since(connection, datetime.combine(today, time(), UTC)), group_of)
    most = plan.cap((today - start).days)
    return [
        Share(group, count, tried[group], most, start + timedelta(days=plan.day_for(count)))
        for group, count in sorted(readers.items(), key=lambda each: (-each[1], each[0]))
    ]


def _by_group(domains: Counter[str], group_of: GroupOf) -> Counter[str]:
    found: Counter[str] = Counter()
    for domain, count in domains.items():
        found[group_of(f"@{domain}")] += count
    return found
