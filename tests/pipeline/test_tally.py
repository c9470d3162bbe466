"""What happened is counted once, by day, newsletter and provider."""

from __future__ import annotations

from datetime import date

import pytest

from digest.pipeline.staff import tally as tallying
from digest.pipeline.staff.tally import tally
from digest.store.engine import reading
from digest.store.tallies import counts_between
from tests.house import House
from tests.sink import Do, Sink

TODAY = date(2026, 11, 23)


def test_each_attempt_report_and_goodbye_is_counted_once(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """In small batches, again and again, the sums are the same; what a server refuses at once is no bounce as well."""
    monkeypatch.setattr(tallying, "_AT_ONCE", 2)
    house.newsletter("weekly")
    names = ("ann@gmail.com", "ben@googlemail.com", "cem@example.org", "dia@web.de")
    house.readers([{"email": name, "topics": "trade", "consent_source": "form"} for name in names])
    house.article()
    house.move(hours=2)
    with Sink(script=lambda who, _: Do.NEVER if who == "dia@web.de" else Do.TAKE) as sink:
        house.send(sink)
    house.leave("ben@googlemail.com")
    house.change(
        "INSERT INTO reports (source_key, number, kind, class, status, reply_code, cause, sender_fault, feedback_type,"
        " text, found_by, subscription_id, at) SELECT 'k', 1, 'complaint', 'complaint', '', '', '', 0, 'abuse', '',"
        " 'tag', :s, finished_at FROM attempts WHERE id = 1",
        s=house.subscription_id("ann@gmail.com"),
    )
    house.move(minutes=3)

    for _ in range(3):
        tally(house.installation)

    with reading(house.engine) as connection:
        by_day, by_provider = counts_between(connection, TODAY, TODAY)
        assert counts_between(connection, TODAY, TODAY, "weekly") == ({}, {})
    assert by_day == {
        ("2026-11-23", "sent"): 3,
        ("2026-11-23", "refused"): 1,
        ("2026-11-23", "complained"): 1,
        ("2026-11-23", "joined"): 4,
        ("2026-11-23", "ended"): 1,
    }
    assert by_provider[("google", "sent")] == 2
    assert by_provider[("other", "sent")] == 1
    assert by_provider[("gmx", "refused")] == 1
    assert by_provider[("google", "complained")] == 1
