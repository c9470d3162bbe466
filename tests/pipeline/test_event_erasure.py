"""A reader who is erased leaves nothing of what was told to them; others keep their mails."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from digest.pipeline.delivering.messages import Messages
from digest.pipeline.delivering.retain import drop_old
from digest.pipeline.events.event_queue import latest_events
from digest.pipeline.reading.following import follow_object
from digest.pipeline.subscribers.erase_subscriber import erase_subscriber
from digest.pipeline.subscribers.show_subscriber import subscriber_as_json
from digest.store.dispatching import find_row
from digest.store.engine import reading
from tests.house import SECRET, House
from tests.pipeline.happenings import add, event, fates, stream, tick
from tests.sink import Sink


def test_what_was_told_to_an_erased_reader_is_gone_and_the_same_words_stay_with_others(
    house: House, sink: Sink
) -> None:
    """In events, digests and pieces; before it, "my data" has all of it."""
    stream(house)
    for who in ("kim", "ana"):
        house.reader(f"{who}@example.org", "comments", topics="")
        follow_object(house.installation, "comments", "tea", f"{who}@example.org", follows=True)
    add(house, event("shared", {"followers": "tea"}), event("secretive", "kim@example.org", on="cake"))
    house.move(hours=1)
    tick(house)
    house.dispatch(sink)
    add(house, event("secretive-2", "kim@example.org"))
    known = subscriber_as_json(house.engine, "kim@example.org")

    erase_subscriber(house.engine, "kim@example.org", secret=SECRET, now=house.clock.now())

    assert [each["dedupe_key"] for each in known["events"]] == ["shared", "secretive", "secretive-2"]
    assert [each["object_key"] for each in known["follows"]] == ["tea"]
    assert "secretive" not in house.dump()
    assert fates(house)["shared"] == "sent"
    assert house.rows("SELECT COUNT(*) FROM event_windows WHERE state <> 'closed'") == [(0,)]
    (row,) = house.rows("SELECT id FROM deliveries WHERE address = 'ana@example.org'")
    with reading(house.engine) as connection:
        claim = find_row(connection, row[0])
    assert claim is not None
    assert b"Words of shared." in Messages(house.installation).envelope(claim).content


def test_when_the_log_is_shortened_the_words_go_and_the_event_stays_no_news(house: House, sink: Sink) -> None:
    """The delivery, its digest and the payload; not the key."""
    stream(house)
    house.reader("kim@example.org", "comments", topics="")
    for key in ("secretive", "later"):
        add(house, event(key, "kim@example.org", on=key))
        house.move(hours=1)
        tick(house)
        house.dispatch(sink)
        house.move(days=40)
    dropped = drop_old(replace(house.installation, keep_log=timedelta(days=60)))

    assert dropped == 1
    told = house.rows(
        "SELECT content FROM events UNION ALL SELECT subject FROM digests UNION ALL SELECT items FROM digests"
    )
    assert not [each for (each,) in told if "secretive" in each.lower()]
    assert [each.answer for each in add(house, event("secretive", "kim@example.org"))] == ["duplicate"]
    fate = {each.dedupe_key: each.fate for each in latest_events(house.installation, "kim@example.org")}
    assert fate == {"secretive": "gathered", "later": "sent"}
