"""Simulate: what planning would do over some days, by the code that plans, on a virtual clock; nothing is written.

Planning works in several transactions, so it cannot be taken back as one: it is given a copy of what it reads, in a
temporary file without addresses, whichever database is the real one. Every mail is supposed to be accepted. Nothing
is rendered but mail of events, so the limit of a mail's size leaves nothing out here.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time, timedelta
from itertools import groupby
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from digest.clock import FixedClock
from digest.errors import BadInput, NotFound
from digest.pipeline.addresses import read_address
from digest.pipeline.composing.compose import Shelf
from digest.pipeline.installation import Installation
from digest.pipeline.joining.join_all import join_all
from digest.pipeline.planning.plan import Who, plan_newsletter
from digest.scheduling.zones import zone_of
from digest.store.engine import reading
from digest.store.newsletters import load_newsletter, load_newsletters
from digest.store.planning import reader_of
from digest.store.planning_copy import accept_all, copy_for_planning, last_delivery, next_due, planned_since
from digest.store.tables import from_micros

_LONGEST = timedelta(days=400)


@dataclass(frozen=True, slots=True)
class SimulatedDigest:
    """One digest: its articles (`article_id`, `title`, `why`) and how many readers would get it.

    Of a stream its lines (`title`, `count`).
    """

    articles: Sequence[Mapping[str, Any]]
    readers: int


@dataclass(frozen=True, slots=True)
class SimulatedSlot:
    """One slot of one edition: its digests, most readers first, and who would get nothing, by reason."""

    slot_at: datetime
    edition: str
    digests: tuple[SimulatedDigest, ...]
    skipped: Counter[str] = field(default_factory=Counter)

    def as_json(self) -> dict[str, Any]:
        """Return it as plain values."""
        return {
            "slot_at": self.slot_at.isoformat(),
            "edition": self.edition,
            "digests": [
                {"readers": each.readers, "articles": [dict(one) for one in each.articles]} for each in self.digests
            ],
            "skipped": dict(sorted(self.skipped.items())),
        }


@dataclass(frozen=True, slots=True)
class Span:
    """What to simulate: from midnight of the first day to the end of the last, in the newsletter's zone or UTC."""

    first: date
    last: date

    def __post_init__(self) -> None:
        """Refuse days in the wrong order, or too many."""
        if self.last < self.first:
            raise BadInput(f"the last day ({self.last}) lies before the first ({self.first}); exchange them")
        if self.last - self.first > _LONGEST:
            raise BadInput(f"{(self.last - self.first).days} days are too many; simulate at most {_LONGEST.days}")

    def instants(self, zone: str) -> tuple[datetime, datetime]:
        """Return the first instant and the one after the last."""
        midnights = (datetime.combine(day, time(), zone_of(zone)) for day in (self.first, self.last + timedelta(1)))
        since, until = (midnight.astimezone(zone_of("UTC")) for midnight in midnights)
        return since, until


def simulate(house: Installation, slug: str, span: Span, *, address: str = "") -> Iterator[SimulatedSlot]:
    """Give every slot of newsletter *slug* in *span*, in order, also those in which nobody would get a mail.

    Of a stream those are the instants at which mail of its waiting events would go, if no others came.

    With *address*, those of this reader only. Other newsletters of the same readers are planned beside it, because
    what they tell is not told again. Raises NotFound for an unknown newsletter or reader.
    """
    with TemporaryDirectory(prefix="digest-") as folder:
        with reading(house.engine) as connection:
            newsletter_id, newsletter = load_newsletter(connection, slug)
            since, until = span.instants(newsletter.schedule.zone or "UTC")
            key = read_address(address).key if address else ""
            if key and reader_of(connection, newsletter_id, key) is None:
                raise NotFound(f"{address} does not subscribe to {slug}; see: digest subscribers show {address}")
            copied = copy_for_planning(
                connection, Path(folder), newsletter_id=newsletter_id, since=since, address_key=key
            )
        try:
            yield from _played(replace(house, engine=copied, clock=FixedClock(since)), newsletter_id, slug, until)
        finally:
            copied.dispose()


def _played(house: Installation, newsletter_id: int, slug: str, until: datetime) -> Iterator[SimulatedSlot]:
    assert isinstance(house.clock, FixedClock)
    with reading(house.engine) as connection:
        slugs, seen = list(load_newsletters(connection)), last_delivery(connection)
    shelf = Shelf(prints=False)
    while True:
        with reading(house.engine) as connection:
            due = next_due(connection, house.clock.at)
        if due is None or due >= until:
            return
        house.clock.at = max(due, house.clock.at)  # what should have happened before happens at once
        for each in slugs:
            plan_newsletter(house, each, at=house.clock.at, who=Who.DUE, shelf=shelf)
        join_all(house, prints=False)
        with house.engine.begin() as connection:
            rows = planned_since(connection, newsletter_id, seen, house.clock.at)
            accept_all(connection, house.clock.at)
            seen = last_delivery(connection)
        for (slot_at, period), found in groupby(rows, key=lambda row: (row.slot_at, row.period)):
            yield _slot(from_micros(slot_at), f"{slug}/{period}", list(found))


def _slot(slot_at: datetime, edition: str, rows: Sequence[Any]) -> SimulatedSlot:
    skipped: Counter[str] = Counter()
    for row in rows:
        skipped += Counter({row.reason: row.readers}) if row.digest_id is None else Counter()
    digests = tuple(SimulatedDigest(json.loads(row.articles), row.readers) for row in rows if row.digest_id is not None)
    return SimulatedSlot(slot_at, edition, digests, skipped)
