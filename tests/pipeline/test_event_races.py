"""Many who add and close at once, whatever the clock does: each event is in exactly one digest, or in none and why."""

from __future__ import annotations

import json
from collections import Counter
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Event
from time import sleep

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from digest.model.event import Added
from digest.model.stream import WindowKind, WindowPolicy
from digest.pipeline.events import close_windows
from tests.house import House
from tests.pipeline.happenings import HOUR, add, event, fates, stream, tick
from tests.sink import Sink


@pytest.fixture
def comments(house: House) -> House:
    """Give an installation with a stream that gathers for an hour, and its reader Ana."""
    stream(house)
    house.reader("ana@example.org", "comments", topics="")
    return house


def in_digests(house: House) -> Counter[int]:
    """Return how many digests each event is in, by what the digests say."""
    found = house.rows("SELECT items FROM digests WHERE id IN (SELECT digest_id FROM deliveries)")
    return Counter(number for (items,) in found for item in json.loads(items) for number in item["events"])


def test_a_hundred_who_add_at_once_open_one_window(comments: House) -> None:
    """C1: none is lost, none is alone."""
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda number: add(comments, event(f"k{number}")), range(100)))

    assert {each.answer for (each,) in answers} == {"accepted"}
    assert comments.rows("SELECT state, COUNT(*) FROM event_windows GROUP BY state") == [("open", 1)]
    assert comments.rows("SELECT COUNT(*) FROM events WHERE window_id IS NOT NULL") == [(100,)]


def test_the_same_key_added_by_many_at_once_is_one_event(comments: House) -> None:
    """Each of them has an answer; one of these is that it was accepted."""
    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(lambda _: add(comments, event("x")), range(12)))

    assert Counter(each.answer for (each,) in answers) == {"accepted": 1, "duplicate": 11}


def test_an_event_that_comes_while_its_window_is_read_is_in_the_next_one(
    comments: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """C2: between reading the members and writing the digest, also by a clock that runs behind."""
    add(comments, event("a"))
    comments.move(hours=1)
    before = comments.clock.now()
    gather = close_windows.gather_events
    late = Event()

    def gathering(*arguments: object) -> object:
        if not late.is_set():
            late.set()
            add(comments, event("b"))
            add(comments, event("c"), at=before)
        return gather(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(close_windows, "gather_events", gathering)
    tick(comments)
    comments.move(hours=1)
    tick(comments)

    assert sorted(in_digests(comments).values()) == [1, 1, 1]
    assert comments.rows("SELECT COUNT(*) FROM deliveries") == [(2,)]


def test_what_is_cancelled_while_its_window_is_read_is_not_in_the_mail(
    comments: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The digest that was made with it is thrown away."""
    add(comments, event("a"), event("b", on="cake"))
    comments.move(hours=1)
    gather = close_windows.gather_events
    late = Event()

    def gathering(*arguments: object) -> object:
        found = gather(*arguments)  # type: ignore[arg-type]
        if not late.is_set():
            late.set()
            add(comments, {"stream": "comments", "cancel": "a"})
        return found

    monkeypatch.setattr(close_windows, "gather_events", gathering)
    tick(comments)

    assert fates(comments) == {"a": "cancelled", "b": "ready"}
    assert list(in_digests(comments).values()) == [1]


@pytest.mark.parametrize("asked", [{"cancel": "a"}, {"read": "a", "recipient": "ana@example.org"}])
def test_what_is_taken_out_while_its_mail_is_written_is_in_the_mail_or_not_but_never_both(
    comments: House, monkeypatch: pytest.MonkeyPatch, sink: Sink, asked: dict[str, str]
) -> None:
    """The answer is the truth: who asks waits until the window is closed, then the digest is made anew without it."""
    add(comments, event("a"), event("b", on="cake"))
    comments.move(hours=1)
    ask = close_windows.ask_for_workers
    with ThreadPoolExecutor(1) as pool:
        answers: list[Future[list[Added]]] = []

        def asking(*arguments: object) -> None:
            ask(*arguments)  # type: ignore[arg-type]
            answers.append(pool.submit(add, comments, {"stream": "comments", **asked}))
            sleep(0.2)

        monkeypatch.setattr(close_windows, "ask_for_workers", asking)
        tick(comments)
        ((done,),) = (each.result(10) for each in answers)
    comments.dispatch(sink)

    assert done.answer in ("cancelled", "read")
    assert [str(mail.parsed["Subject"]) for mail in sink.mails] == ["Ben commented on Cake"]
    assert fates(comments) == {"a": "cancelled" if "cancel" in asked else "suppressed(read)", "b": "sent"}


def test_two_who_close_at_once_make_one_mail_of_each_window(comments: House) -> None:
    """C6: the second finds that the window is closed."""
    for number in range(20):
        comments.reader(f"r{number}@example.org", "comments", topics="")
    add(comments, *(event(f"k{number}", f"r{number}@example.org") for number in range(20)))
    comments.move(hours=1)
    with ThreadPoolExecutor(3) as pool:
        list(pool.map(lambda _: tick(comments), range(3)))

    assert comments.rows("SELECT COUNT(*), COUNT(DISTINCT subscriber_id) FROM deliveries") == [(20, 20)]
    assert set(in_digests(comments).values()) == {1}


def test_one_reader_whose_mail_cannot_be_made_keeps_no_other_back(
    comments: House, monkeypatch: pytest.MonkeyPatch, sink: Sink
) -> None:
    """C5: it stands in the log for a person to look at."""
    comments.reader("ben@example.org", "comments", topics="")
    make = close_windows.EventBench.make

    def failing(self: object, gathered: object, **more: object) -> object:
        if "Words of bad." in str(gathered):
            raise RuntimeError("not this one")
        return make(self, gathered, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(close_windows.EventBench, "make", failing)
    add(comments, event("good"), event("bad", "ben@example.org"))
    comments.move(hours=1)
    tick(comments)
    comments.dispatch(sink)

    assert [mail.recipient for mail in sink.mails] == ["ana@example.org"]
    assert comments.states() == {"ana@example.org": "sent", "ben@example.org": "poison"}


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("add"), st.integers(0, 30), st.sampled_from(["", "g", "h"])),
        st.tuples(st.just("cancel"), st.integers(0, 30), st.just("")),
        st.tuples(st.just("move"), st.integers(-40, 90), st.just("")),
        st.tuples(st.just("tick"), st.just(0), st.just("")),
        st.tuples(st.just("send"), st.just(0), st.just("")),
    ),
    min_size=4,
    max_size=25,
)
POLICIES = [
    HOUR,
    WindowPolicy(WindowKind.INSTANT),
    WindowPolicy(WindowKind.FIXED, wait=HOUR.wait, max_events=2),
    WindowPolicy(WindowKind.SLIDING, gap=HOUR.wait / 3, longest=HOUR.wait),
    WindowPolicy(WindowKind.LEADING, wait=HOUR.wait, cooldown=HOUR.wait),
    WindowPolicy(WindowKind.SCHEDULE),
]


@pytest.mark.sqlite
@settings(max_examples=12)
@given(st.sampled_from(POLICIES), STEPS)
def test_whatever_happens_each_event_has_one_fate(policy: WindowPolicy, steps: list[tuple[str, int, str]]) -> None:
    """C20: adds, repetitions, cancels, ticks, sends and a clock that jumps, also back (I1, I2)."""
    with TemporaryDirectory() as folder, Sink() as sink:
        house = House(Path(folder))
        house.newsletter("daily")
        stream(house, policy)
        house.reader("ana@example.org", "comments", topics="")
        given_in, cancelled = set[str](), set[str]()
        for what, number, group in steps:
            key = f"k{number}"
            if what == "add":
                (done,) = add(house, event(key, on=key, group_key=group or None))
                assert (done.answer == "duplicate") == (key in given_in)
                given_in.add(key)
            elif what == "cancel":
                (done,) = add(house, {"stream": "comments", "cancel": key})
                cancelled |= {key} if done.answer == "cancelled" else set()
            elif what == "move":
                house.move(minutes=number)
            elif what == "tick":
                tick(house)
            else:
                house.dispatch(sink)
        for _ in range(3):
            house.move(days=1)
            tick(house)
            house.dispatch(sink)
        house.engine.dispose()
        found = fates(house)
        told = Counter(
            key for mail in sink.mails for key in given_in if f"Words of {key}." in mail.text.replace("\n", " ")
        )

    assert found == {key: "cancelled" if key in cancelled else "sent" for key in given_in}
    assert told == dict.fromkeys(given_in - cancelled, 1)
