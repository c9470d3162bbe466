"""What readers chose about events, and what becomes of windows when nobody was there to close them."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta

import pytest

from digest.model.frequency import Quiet
from digest.model.newsletter import Schedule
from digest.model.stream import WindowKind, WindowPolicy
from digest.pipeline.reading import subscribe
from digest.pipeline.reading.notifying import choose_way
from digest.scheduling.reader_rules import ReaderRules
from digest.store.reader_rules import save_rules
from tests.house import MONDAY, House
from tests.pipeline.happenings import add, event, fates, stream, tick
from tests.sink import Do, Sink

pytestmark = pytest.mark.sqlite

ANA = "ana@example.org"
INSTANT = WindowPolicy(WindowKind.INSTANT)
DAILY = WindowPolicy(WindowKind.SCHEDULE)


@pytest.fixture
def comments(house: House) -> House:
    """Give an installation with an instant stream, and its reader Ana in London."""
    stream(house, INSTANT)
    house.reader(ANA, "comments", topics="", timezone="Europe/London")
    return house


def rules(house: House, **what: object) -> None:
    """Set Ana's rules."""
    (number,) = house.rows("SELECT id FROM subscribers WHERE address = :a", a=ANA)[0]
    with house.engine.begin() as connection:
        save_rules(connection, number, ReaderRules(**what))  # type: ignore[arg-type]


def way(house: House, which: str, send_at: str = "", slug: str = "comments") -> None:
    """Let a stream come to Ana in this way."""
    token = house.links.preferences(house.rows("SELECT id FROM subscribers WHERE address = :a", a=ANA)[0][0])
    _, every = subscribe.preferences_for(house.installation, token.rpartition("/")[2]) or (0, [])
    (one,) = (each for each in every if each.newsletter.slug == slug)
    choose_way(house.installation, one, which, send_at)


def go(house: House, sink: Sink, slug: str = "comments") -> int:
    """Tick and send; return how many mails there are by now."""
    tick(house, slug)
    house.dispatch(sink)
    return len(sink.mails)


def test_mail_waits_for_the_end_of_quiet_hours_and_its_content_does_not_change(comments: House, sink: Sink) -> None:
    """What comes meanwhile is a mail of its own: the cut-off stays where it was."""
    rules(comments, quiet=Quiet(time(5), time(9)))
    add(comments, event("a"))
    counts = [go(comments, sink)]
    comments.clock.at = datetime(2026, 11, 23, 8, 59, 59, tzinfo=UTC)
    counts.append(go(comments, sink))
    comments.move(seconds=1)
    counts.append(go(comments, sink))

    assert counts == [0, 0, 1]


def test_a_critical_event_comes_in_quiet_hours_and_beyond_the_cap(comments: House, sink: Sink) -> None:
    """Q7; it is counted all the same."""
    rules(comments, quiet=Quiet(time(5), time(9)), daily_cap=1)
    add(comments, event("a", priority="critical"))
    add(comments, event("b", priority="critical"))

    assert go(comments, sink) == 2
    comments.move(hours=4)
    add(comments, event("c"))
    assert go(comments, sink) == 2
    assert fates(comments)["c"] == "pending"


def test_a_cap_delays_and_drops_nothing(comments: House, sink: Sink) -> None:
    """C16: two streams and four events, one mail a day; what waits is together in the next mail of its stream."""
    stream(comments, INSTANT, slug="likes")
    comments.reader(ANA, "likes", topics="", timezone="Europe/London")
    rules(comments, daily_cap=1)
    counts = []
    for key in ("a", "b", "c"):
        add(comments, event(key, group_key=key, on=key))
        counts.append(go(comments, sink))
    add(comments, event("d", slug="likes"))
    counts.append(go(comments, sink, "likes"))
    for _ in range(3):
        comments.move(days=1)
        tick(comments)
        counts.append(go(comments, sink, "likes"))

    assert counts == [1, 1, 1, 1, 2, 3, 3]
    assert set(fates(comments).values()) == {"sent"}
    assert [("Words of b." in mail.text, "Words of c." in mail.text) for mail in sink.mails].count((True, True)) == 1


def test_a_readers_own_way_beats_the_streams(comments: House, sink: Sink) -> None:
    """Once a day at their hour, by their clock; gathered; and back to what the stream does."""
    way(comments, "daily", "18:00")
    add(comments, event("a"))
    comments.clock.at = datetime(2026, 11, 23, 17, 59, tzinfo=UTC)
    counts = [go(comments, sink)]
    comments.move(minutes=1)
    counts.append(go(comments, sink))
    way(comments, "gathered")
    add(comments, event("b"))
    counts.append(go(comments, sink))
    comments.move(hours=1)
    counts.append(go(comments, sink))
    way(comments, "")
    add(comments, event("c"))
    counts.append(go(comments, sink))

    assert counts == [0, 1, 1, 2, 3]


def test_once_a_week_is_monday_at_the_readers_hour(comments: House, sink: Sink) -> None:
    """MONDAY is an hour before the usual slot."""
    way(comments, "weekly", "07:00")
    comments.move(days=1)
    add(comments, event("a"))
    comments.clock.at = MONDAY + timedelta(days=7, minutes=59)
    counts = [go(comments, sink)]
    comments.move(minutes=1)
    counts.append(go(comments, sink))

    assert counts == [0, 1]


def test_days_without_anybody_to_close_become_one_mail(comments: House, sink: Sink) -> None:
    """C7: three daily slots were missed; back at ten."""
    stream(comments, DAILY)
    for day in range(3):
        comments.clock.at = MONDAY + timedelta(days=day)
        add(comments, event(f"k{day}"))
    comments.move(hours=4)

    assert go(comments, sink) == 1
    assert set(fates(comments).values()) == {"sent"}


def test_a_slot_that_is_long_past_waits_for_the_next_with_everything(comments: House, sink: Sink) -> None:
    """C8: back at nine in the evening, fourteen hours late."""
    stream(comments, DAILY)
    add(comments, event("a"))
    comments.move(hours=15)
    counts = [go(comments, sink)]
    add(comments, event("b"))
    comments.move(hours=10)
    counts.append(go(comments, sink))

    assert counts[0] == 0
    assert set(fates(comments).values()) == {"sent"}


def test_events_of_a_week_ago_are_not_too_old(comments: House, sink: Sink) -> None:
    """C9: down for ten days; nothing looks back only so far."""
    stream(comments, DAILY, schedule=Schedule(days=(0,)))
    comments.move(days=1)
    add(comments, event("a"))
    comments.move(days=6, hours=2)
    comments.move(days=2)

    assert go(comments, sink) == 1


def test_an_event_that_happened_days_ago_is_in_the_next_mail(comments: House, sink: Sink) -> None:
    """C10: windows go by when it came."""
    stream(comments, DAILY)
    comments.move(hours=1)
    go(comments, sink)
    add(comments, event("a", occurred_at="2026-11-20T08:00:00Z"))
    comments.move(days=1)

    assert go(comments, sink) == 1


def test_who_is_on_a_break_gets_later_what_they_missed(comments: House, sink: Sink) -> None:
    """The window stays open until the pause is over."""
    comments.change("UPDATE subscriptions SET state = 'paused', paused_until = :until", until=_micros(days=2))
    add(comments, event("a"))
    counts = [go(comments, sink)]
    comments.move(days=1)
    add(comments, event("b"))
    counts.append(go(comments, sink))
    comments.move(days=1, minutes=1)
    counts.append(go(comments, sink))

    assert counts == [0, 0, 1]
    assert set(fates(comments).values()) == {"sent"}


def test_a_mail_at_once_does_not_stop_the_daily_one(comments: House, sink: Sink) -> None:
    """C17: the daily mail comes, without what came at once."""
    stream(comments, DAILY)
    add(comments, event("a", priority="critical"), event("b", on="cake"))
    counts = [go(comments, sink)]
    comments.move(hours=1)
    counts.append(go(comments, sink))

    assert counts == [1, 2]
    assert "Words of a." not in sink.mails[1].text


def test_the_events_of_a_mail_that_was_given_up_are_in_the_next_one(comments: House, sink: Sink) -> None:
    """A day of "come back later"; what is given up twice stays so."""
    sink.script = lambda _who, _number: Do.LATER
    add(comments, event("a"))
    for _ in range(30):
        go(comments, sink)
        comments.move(hours=2)
    states = comments.rows("SELECT state FROM deliveries ORDER BY id")
    sink.script = lambda _who, _number: Do.TAKE
    go(comments, sink)

    assert [each for (each,) in states][:2] == ["expired", "expired"]
    assert len(states) == 2
    assert fates(comments) == {"a": "expired"}


def test_a_mail_that_was_given_up_once_comes_when_the_server_is_back(comments: House, sink: Sink) -> None:
    """Its events were not in a mail that arrived, so they are in the next."""
    sink.script = lambda _who, _number: Do.LATER
    add(comments, event("a"), event("b", on="cake"))
    for _ in range(14):
        go(comments, sink)
        comments.move(hours=2)
    sink.script = lambda _who, _number: Do.TAKE
    for _ in range(3):
        go(comments, sink)
        comments.move(hours=4)

    assert fates(comments) == {"a": "sent", "b": "sent"}


def test_what_expires_while_its_mail_waits_for_the_server_is_taken_out(comments: House, sink: Sink) -> None:
    """The mail is made anew without it."""
    stream(comments, WindowPolicy(WindowKind.FIXED, wait=timedelta(hours=1)))
    soon = (MONDAY + timedelta(hours=2)).isoformat()
    sink.script = lambda _who, number: Do.LATER if number == 1 else Do.TAKE
    add(comments, event("a", expires_at=soon), event("b", on="cake"))
    comments.move(hours=1)
    go(comments, sink)
    comments.move(hours=2)
    go(comments, sink)

    assert [str(mail.parsed["Subject"]) for mail in sink.mails] == ["Ben commented on Cake"]
    assert fates(comments) == {"a": "expired(expired)", "b": "sent"}


def _micros(**after: float) -> int:
    return int((MONDAY + timedelta(**after)).timestamp()) * 1_000_000
