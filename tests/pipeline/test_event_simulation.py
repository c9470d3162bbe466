"""What a stream would send: `simulate` and `send --dry-run`, by the code that closes windows, on a copy."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from digest.model.stream import WindowKind, WindowPolicy
from digest.pipeline.planning.plan import Who
from digest.pipeline.previewing.rehearse import rehearse
from digest.pipeline.previewing.simulate import Span, simulate
from tests.house import MONDAY, House
from tests.pipeline.happenings import add, event, stream
from tests.sink import Sink

WEEK = Span(date(2026, 11, 23), date(2026, 11, 29))


@pytest.fixture
def comments(house: House) -> House:
    """Give a stream that gathers for an hour and one by the clock, with two readers; Ana has the newsletter too."""
    stream(house)
    stream(house, WindowPolicy(WindowKind.SCHEDULE), slug="likes")
    for who in ("ana", "ben"):
        house.reader(f"{who}@example.org", "comments", topics="")
        house.reader(f"{who}@example.org", "likes", topics="")
    house.newsletter("daily")
    house.reader("ana@example.org")
    house.article("trade", "Steel tariffs")
    add(house, event("a"), event("b", on="cake"), event("c", "ben@example.org"), event("d", slug="likes"))
    return house


def test_a_stream_is_simulated_as_the_mail_of_its_waiting_events(comments: House) -> None:
    """Each at the instant at which it would go; nothing is written."""
    before = comments.dump()
    played = {slug: list(simulate(comments.installation, slug, WEEK)) for slug in ("comments", "likes", "daily")}

    assert comments.dump() == before
    (slot,) = played["comments"]
    assert slot.slot_at == MONDAY + timedelta(hours=1)
    assert sorted([one["title"] for one in each.articles] for each in slot.digests) == [
        ["Ben commented on Tea"],
        ["Ben commented on Tea", "Ben commented on Cake"],
    ]
    assert [each.slot_at for each in played["likes"]] == [MONDAY + timedelta(hours=1)]
    assert [len(each.digests) for each in played["daily"]] == [1, 0, 0, 0, 0, 0, 0]


def test_a_dry_run_of_a_stream_says_what_is_due_and_what_is_on_its_way(comments: House, sink: Sink) -> None:
    """And a stream of which nothing is due says so."""
    early = list(rehearse(comments.installation, "comments", at=comments.clock.now(), who=Who.LATEST).lines())
    comments.move(hours=1)
    due = rehearse(comments.installation, "comments", at=comments.clock.now(), who=Who.LATEST)
    comments.plan("comments", Who.DUE)
    planned = rehearse(comments.installation, "comments", at=comments.clock.now(), who=Who.LATEST)
    comments.dispatch(sink)

    assert early == ["comments: nobody is due."]
    assert dict(due.ready) == {"comments/2026-11-23+events": 2}
    assert dict(planned.waiting) == dict(due.ready)
    assert sorted(due.subjects) == sorted(str(mail.parsed["Subject"]) for mail in sink.mails)
