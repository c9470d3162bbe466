"""A sample of a newsletter's readers: some of each hour and zone, found by an index however many there are."""

from __future__ import annotations

from collections import Counter

from sqlalchemy import Connection, text

_CADENCES = 50  # looked at; each hour and zone has one
_READERS = 5_000  # in all


def sample_of_readers(connection: Connection, newsletter_id: int) -> Counter[tuple[int, str]]:
    """Return (profile, locale) of some thousand active readers, counted; of all where there are no more than that."""
    found = connection.execute(
        text("SELECT id FROM cadences WHERE newsletter_id = :n ORDER BY id"), {"n": newsletter_id}
    )
    cadences = list(found.scalars())
    step = max(1, len(cadences) // _CADENCES)
    chosen = cadences[::step]
    some = text(
        "SELECT s.profile_id, u.locale FROM subscriptions s JOIN subscribers u ON u.id = s.subscriber_id"
        " WHERE s.cadence_id = :c AND s.state = 'active' LIMIT :most"
    )
    each = max(1, _READERS // max(1, len(chosen)))
    readers: Counter[tuple[int, str]] = Counter()
    for cadence_id in chosen:
        rows = connection.execute(some, {"c": cadence_id, "most": each})
        readers.update((row.profile_id, row.locale) for row in rows)
    return readers
