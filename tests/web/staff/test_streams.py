"""Streams, open windows, events and thoughts as staff see them: what waits, until when and why; what an editor decides."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from starlette.testclient import TestClient

from digest.model.stream import Category, WindowKind, WindowPolicy
from digest.pipeline.reading.following import follow_object
from digest.pipeline.reading.thoughts import publish
from digest.scheduling.reader_rules import ReaderRules
from digest.store import thoughts
from digest.store.reader_rules import save_rules
from tests.house import MONDAY, House
from tests.pipeline.happenings import add, event, fates, stream, tick
from tests.sink import Sink
from tests.web.asking import ANNA
from tests.web.staff.test_pages import EVIL, harmless, tables
from tests.web.staff.visiting import press

BEN = "ben@example.org"


@pytest.fixture
def busy(anna: House) -> House:
    """Give a stream of comments with windows of Anna (in Berlin) and Ben, and one in which nothing waits."""
    stream(anna, WindowPolicy(WindowKind.LEADING, wait=timedelta(hours=1), cooldown=timedelta(hours=6)), slug="calm")
    stream(anna)
    anna.reader(ANNA, "comments", topics="", timezone="Europe/Berlin")
    anna.reader(BEN, "comments", topics="")
    add(anna, event("a", ANNA), event("b", ANNA, on="cake"), event("c", BEN))
    return anna


def test_each_stream_says_when_its_mail_goes_and_how_much_waits(busy: House, admin: TestClient) -> None:
    """In words, with the time of the next closing and its zone."""
    busy.move(minutes=61)

    assert tables(admin.get("/staff/streams")) == [
        [
            "Calm calm",
            "the first at once, then what comes within 6h of a mail waits for 1h",
            "0",
            "–",
            "Events calmPreview calm",
        ],
        [
            "Comments comments",
            "1h after the first event",
            "22 are due",
            "2026-11-23 07:00 UTC",
            "Events commentsPreview comments",
        ],
    ]


def test_open_windows_are_found_by_stream_and_reader_and_say_why_they_wait(busy: House, admin: TestClient) -> None:
    """Those that close first first; the time by the reader's clock."""
    rows = tables(admin.get("/staff/windows", params={"address": ANNA.upper(), "stream": "comments"}))
    none = admin.get("/staff/windows", params={"stream": "calm"})
    wrong = [
        admin.get("/staff/windows", params=each).status_code
        for each in ({"stream": "x"}, {"address": "x"}, {"after": "1.x"})
    ]

    assert rows == [
        [
            *("2026-11-23 08:00 Europe/Berlin", "comments", ANNA),
            *("its window gathers others1h after the first event", "2", "2026-11-23 07:00 Europe/Berlin"),
        ]
    ]
    assert len(tables(admin.get("/staff/windows"))) == 2
    assert "No window is open." in none.text
    assert "digest events add" in none.text
    assert wrong == [422] * 3


def test_an_event_is_found_by_key_reader_object_and_state(busy: House, admin: TestClient, sink: Sink) -> None:
    """With what became of it, and the mail that it was in."""
    busy.move(hours=1)
    tick(busy)
    busy.dispatch(sink)
    add(busy, event("d", BEN, actor={"address": BEN}), {"stream": "comments", "cancel": "zzz"})

    def keys(**asked: str) -> list[str]:
        return [row[2] for row in tables(admin.get("/staff/events", params=asked))]

    assert keys() == ["d", "c", "b", "a"]
    assert keys(key="b") == ["b"]
    assert keys(address=BEN) == ["d", "c"]
    assert keys(object="cake") == ["b"]
    assert keys(state="suppressed") == ["d"]
    assert keys(stream="comments", state="gathered", object="tea") == ["c", "a"]
    assert keys(stream="calm") == keys(key="' OR 1=1") == keys(state="waiting") == []
    assert admin.get("/staff/events", params={"state": "lost"}).status_code == 422
    assert tables(admin.get("/staff/events", params={"key": "d"}))[0][5] == "left outits reader did it themselves"
    assert tables(admin.get("/staff/events", params={"key": "a"}))[0][5] == "accepted by serverDelivery 1"


def test_a_long_list_of_events_has_pages(busy: House, admin: TestClient) -> None:
    """Each begins where the one before ended; none is shown twice."""
    add(busy, *(event(f"k{number}", BEN) for number in range(60)))
    first = admin.get("/staff/events", params={"address": BEN})
    second = admin.get(
        "/staff/events",
        params={"address": BEN, "after": str(busy.rows("SELECT id FROM events ORDER BY id DESC LIMIT 50")[-1][0])},
    )

    assert "Next page" in first.text
    assert [len(tables(first)), len(tables(second))] == [50, 11]


def test_a_readers_queue_says_why_something_waits(busy: House, admin: TestClient) -> None:
    """A cap, a break, a window that gathers; with what the reader chose."""
    stream(busy, WindowPolicy(WindowKind.INSTANT), slug="calm")
    busy.reader(BEN, "calm", topics="")
    number = busy.rows("SELECT id FROM subscribers WHERE address = :a", a=BEN)[0][0]
    with busy.engine.begin() as connection:
        save_rules(connection, number, ReaderRules(daily_cap=1, quiet_days=(6,)))
    for key in ("x", "y"):
        add(busy, event(key, BEN, slug="calm"))
        tick(busy, "calm")
    shown = admin.get(f"/staff/subscribers/{number}/events")
    busy.change("UPDATE subscriptions SET state = 'paused' WHERE subscriber_id = :n", n=number)
    paused = admin.get(f"/staff/subscribers/{number}/events")

    assert "at most 1 mail a day, newsletters included" in shown.text
    assert "quiet days: sun" in " ".join(shown.text.split())
    why = {row[1]: row[3] for row in tables(shown) if len(row) == 6}
    assert "its window gathers others" in why["comments"]
    assert "as many mails as they want" in why["calm"]
    assert "its reader is on a break" in paused.text
    assert admin.get("/staff/subscribers/99/events").status_code == 404


def test_hostile_strings_are_letters_on_the_pages_of_events(busy: House, admin: TestClient) -> None:
    """Keys, objects, names, thoughts, the query itself."""
    busy.article("trade", f"Tariff {EVIL}")
    add(busy, event(EVIL, BEN, on=EVIL, by=EVIL, group_key=EVIL))
    with busy.engine.begin() as connection:
        thoughts.add(connection, article_id=1, subscriber_id=1, name=EVIL, words=EVIL, now=busy.clock.now())
    pages = [
        "streams",
        "windows",
        f"windows?stream={EVIL}",
        "events",
        f"events?key={EVIL}&object={EVIL}",
        "thoughts",
        "subscribers/2/events",
    ]

    for page in pages:
        assert harmless(admin.get(f"/staff/{page}").text), page


@pytest.fixture
def thinking(anna: House) -> House:
    """Give two thoughts about an article that Ben follows."""
    words = Category({"en": "{actors} thought of {object}"})
    stream(anna, slug="thoughts", categories={"thought": words})
    anna.reader(BEN, "thoughts", topics="")
    anna.article("trade", "Steel tariffs")
    follow_object(anna.installation, "thoughts", "article:1", BEN, follows=True)
    with anna.engine.begin() as connection:
        for said in ("Well said.", "Rude words."):
            thoughts.add(connection, article_id=1, subscriber_id=1, name="Anna", words=said, now=MONDAY)
    return anna


def shown(client: TestClient, state: str) -> list[str]:
    """Return the thoughts in a state, as the page shows them."""
    return [row[1].partition("Anna")[0] for row in tables(client.get("/staff/thoughts", params={"state": state}))]


def test_an_editor_publishes_and_declines_and_may_take_that_back(
    thinking: House, admin: TestClient, sink: Sink
) -> None:
    """What was taken back is not in mail that has not left; published again, its followers hear of it once."""

    def do(number: int, what: str) -> Any:
        return press(admin, f"/staff/thoughts/{number}", "/staff/thoughts?state=waiting", do=what)

    before = shown(admin, "waiting")
    do(1, "publish")
    press(admin, "/staff/thoughts/2", "/staff/thoughts?state=waiting", do="decline")
    decided = [shown(admin, state) for state in ("waiting", "published", "declined")]
    thinking.move(minutes=10)
    for number, page in ((1, "published"), (2, "declined")):
        press(admin, f"/staff/thoughts/{number}", f"/staff/thoughts?state={page}", do="take_back")
    again = shown(admin, "waiting")
    first = fates(thinking)
    publish(thinking.installation, 1, by="anna")
    thinking.move(hours=2)
    tick(thinking, "thoughts")
    thinking.dispatch(sink)

    assert before == again == ["Well said.", "Rude words."]
    assert decided == [[], ["Well said."], ["Rude words."]]
    assert first == {None: "cancelled"}
    assert [str(mail.parsed["Subject"]) for mail in sink.mails] == ["Anna thought of Steel tariffs"]
    assert thinking.rows("SELECT who, action, target FROM audit ORDER BY id LIMIT 3") == [
        ("admin", "thought.publish", "thought 1"),
        ("admin", "thought.decline", "thought 2"),
        ("admin", "thought.take_back", "thought 1"),
    ]
    assert press(admin, "/staff/thoughts/99", "/staff/thoughts?state=published", do="take_back").status_code == 404
    assert press(admin, "/staff/thoughts/1", "/staff/thoughts?state=published", do="burn").status_code == 422
    assert "No thought is like that" in admin.get("/staff/thoughts", params={"state": "declined"}).text
