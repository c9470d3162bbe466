"""The delivery log answers who got what, when, and what the server said."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
from sqlalchemy import text

from digest.errors import BadInput, NotFound
from digest.store.engine import reading
from digest.store.log import Filter, attempts, count_outcomes, count_states, deliveries
from tests.house import MONDAY, House
from tests.lived import Story
from tests.sink import Do, Sink

ANNA, BEN, CHO, DAN = "anna@example.org", "ben@example.org", "cho@example.org", "dan@example.org"


@pytest.fixture
def sent(lived: Callable[[Story], House]) -> House:
    """Give a house in which Anna was served on two days, Ben deferred, Cho refused, Dan had nothing new."""
    return lived(two_days)


def two_days(house: House, sink: Sink) -> None:
    fates = {BEN: Do.LATER, CHO: Do.NEVER}
    sink.script = lambda recipient, _number: fates.get(recipient, Do.TAKE)
    for reader, topic in ((ANNA, "trade"), (BEN, "trade"), (CHO, "trade"), (DAN, "sport")):
        house.reader(reader, topics=topic)
    house.move(hours=2)
    house.article("trade", "Tariff one")
    house.send(sink)
    house.article("trade", "Tariff two")
    house.move(days=1)
    house.send(sink)


def test_each_reader_has_one_line_for_each_edition(sent: House):
    """With what the server said, what was in the mail, and why there was none."""
    lines = {(each.edition, each.address): each for each in sent.log()}

    assert len(lines) == len(sent.log()) == 8
    assert lines["daily/2026-11-23", ANNA].items == ("Tariff one",)
    assert lines["daily/2026-11-24", ANNA].reply == "250 taken"
    assert lines["daily/2026-11-23", BEN].state == "superseded"
    assert lines["daily/2026-11-24", BEN].state == "deferred"
    assert sorted(lines["daily/2026-11-24", BEN].items) == ["Tariff one", "Tariff two"]
    assert lines["daily/2026-11-24", CHO].reason == "rcpt 5.1.1"
    assert (lines["daily/2026-11-24", DAN].state, lines["daily/2026-11-24", DAN].reason) == ("skipped", "nothing_new")


@pytest.mark.parametrize(
    ("which", "count"),
    [
        pytest.param({}, 8, id="all"),
        pytest.param({"edition": "daily/2026-11-23"}, 4, id="by edition"),
        pytest.param({"edition": "daily"}, 8, id="by newsletter"),
        pytest.param({"edition": "1"}, 4, id="by the edition's number"),
        pytest.param({"edition": "weekly"}, 0, id="by a newsletter that nobody sent"),
        pytest.param({"state": "sent"}, 2, id="by state"),
        pytest.param({"address": "ANNA@EXAMPLE.ORG"}, 2, id="by address, whatever its case"),
        pytest.param({"since": MONDAY + timedelta(days=1)}, 5, id="since: Ben's first line ended on the second day"),
        pytest.param({"until": MONDAY + timedelta(days=1)}, 3, id="until"),
        pytest.param({"state": "skipped", "edition": "daily/2026-11-23"}, 1, id="two at once"),
        pytest.param({"limit": 3}, 3, id="at most three"),
    ],
)
def test_the_log_can_be_asked(sent: House, which: dict[str, object], count: int):
    """Each filter narrows the others; the counts agree with the lines."""
    lines = sent.log(**which)

    assert len(lines) == count
    assert [each.delivery_id for each in lines] == sorted((each.delivery_id for each in lines), reverse=True)
    if "limit" not in which:
        with reading(sent.engine) as connection:
            assert sum(count_states(connection, Filter(**which)).values()) == count


@pytest.mark.parametrize(
    ("which", "count"),
    [
        pytest.param({}, 6, id="all"),
        pytest.param({"edition": "daily/2026-11-23"}, 3, id="by edition"),
        pytest.param({"edition": "daily"}, 6, id="by newsletter"),
        pytest.param({"edition": "1"}, 3, id="by the edition's number"),
        pytest.param({"edition": "weekly"}, 0, id="by a newsletter that nobody sent"),
        pytest.param({"state": "deferred"}, 2, id="by outcome: Ben's first line reads superseded by now"),
        pytest.param({"state": "in_doubt"}, 0, id="by an outcome that nothing had"),
        pytest.param({"address": "ANNA@EXAMPLE.ORG"}, 2, id="by address, whatever its case"),
        pytest.param({"since": MONDAY + timedelta(days=1)}, 3, id="since"),
        pytest.param({"until": MONDAY + timedelta(days=1)}, 3, id="until"),
        pytest.param({"state": "sent", "edition": "daily/2026-11-23"}, 1, id="two at once"),
        pytest.param({"limit": 4}, 4, id="at most four"),
    ],
)
def test_attempts_can_be_asked_as_the_log_can(sent: House, which: dict[str, object], count: int):
    """Each filter narrows the others, newest first; the counts agree with the attempts."""
    every = sent.rows("SELECT delivery_id, attempt_no FROM attempts ORDER BY id DESC")
    with reading(sent.engine) as connection:
        found = [(each.delivery_id, each.attempt_no) for each in attempts(connection, which=Filter(**which))]
        counts = count_outcomes(connection, Filter(**which))

    assert len(found) == count
    assert found == [each for each in every if each in found]
    if "limit" in which:
        assert found == every[:count]
    else:
        assert sum(counts.values()) == count


def test_attempts_are_of_their_own_time(sent: House):
    """Ben's first mail was tried on Monday, though its line in the log ended on Tuesday."""
    on_monday = {"address": BEN, "until": MONDAY + timedelta(days=1)}
    with reading(sent.engine) as connection:
        (found,) = attempts(connection, which=Filter(**on_monday))

    assert (found.outcome, found.recipient) == ("deferred", BEN)
    assert sent.log(**on_monday) == []


def test_the_attempts_of_one_delivery_stand_first_to_last_and_can_be_narrowed(sent: House, sink: Sink):
    """As it went; what was not so leaves none of them."""
    (line,) = sent.log(address=BEN, edition="daily/2026-11-24")
    sink.script = lambda _recipient, _number: Do.TAKE
    sent.move(hours=1)
    sent.dispatch(sink)

    def outcomes(**which: object) -> list[str]:
        with reading(sent.engine) as connection:
            return [each.outcome for each in attempts(connection, line.delivery_id, Filter(**which))]

    assert outcomes() == ["deferred", "sent"]
    assert outcomes(state="sent") == ["sent"]
    assert outcomes(limit=1) == ["deferred"]
    assert outcomes(edition="daily/2026-11-23") == outcomes(address=ANNA) == []


@pytest.mark.sqlite
@pytest.mark.parametrize(
    "which",
    [
        pytest.param({}, id="all"),
        pytest.param({"edition": "daily/2026-11-23"}, id="by edition"),
        pytest.param({"edition": "daily"}, id="by newsletter"),
        pytest.param({"edition": "1"}, id="by the edition's number"),
        pytest.param({"state": "sent", "address": ANNA, "since": MONDAY}, id="by everything else"),
    ],
)
def test_no_million_attempts_are_sorted_in_memory(house: House, which: dict[str, object]):
    """SQLite reads them in the order in which they are asked for."""
    with house.statements() as seen, reading(house.engine) as connection:
        list(attempts(connection, which=Filter(**which)))
        plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {seen[-1]}", (None,) * seen[-1].count("?")).all()

    assert plan[0].detail == "SCAN a"
    assert [step.detail for step in plan if "TEMP B-TREE" in step.detail] == []


@pytest.mark.postgres
@pytest.mark.parametrize("asked", [attempts, deliveries])
def test_no_million_lines_are_fetched_at_once(sent: House, asked: Callable[..., Iterator[object]]):
    """PostgreSQL keeps the rest, and gives it as it is printed."""
    with reading(sent.engine) as connection:
        lines = asked(connection, which=Filter())
        next(lines)
        kept = connection.execute(text("SELECT COUNT(*) FROM pg_cursors")).scalar_one()
        rest = len(list(lines))
        after = connection.execute(text("SELECT COUNT(*) FROM pg_cursors")).scalar_one()

    assert (kept, rest > 0, after) == (1, True, 0)


def test_counts_tell_skipped_readers_by_reason(sent: House):
    """So that "nothing new" is not taken for a fault."""
    with reading(sent.engine) as connection:
        counts = count_states(connection, Filter(edition="daily/2026-11-24"))

    assert counts == {"deferred": 1, "refused": 1, "sent": 1, "skipped:nothing_new": 1}


def test_an_unknown_state_outcome_or_delivery_is_told(sent: House):
    """In words that say what there is."""
    with pytest.raises(BadInput, match="no state 'gone'; states: ready, claimed, sent"):
        sent.log(state="gone")
    with reading(sent.engine) as connection, pytest.raises(BadInput, match="no outcome 'superseded'; outcomes: sent"):
        attempts(connection, which=Filter(state="superseded"))
    with reading(sent.engine) as connection, pytest.raises(NotFound, match="digest deliveries"):
        attempts(connection, 999)


def test_each_attempt_keeps_the_servers_words(sent: House):
    """Code, enhanced code, text, server and times."""
    (line,) = sent.log(address=CHO, edition="daily/2026-11-23")
    with reading(sent.engine) as connection:
        (found,) = attempts(connection, line.delivery_id)

    assert (found.outcome, found.phase, found.reply_code, found.enhanced, found.text) == (
        "refused",
        "rcpt",
        550,
        "5.1.1",
        "no such mailbox",
    )
    assert found.server.startswith("127.0.0.1:")
    assert json.loads(json.dumps(found.as_json()))["started_at"] == found.started_at.isoformat()


def test_a_line_can_be_read_by_a_program(sent: House):
    """Every value is plain JSON, times in ISO 8601."""
    plain = json.loads(json.dumps(sent.log()[0].as_json()))

    assert plain["planned_at"] == "2026-11-24T08:00:00+00:00"


def test_a_refusal_of_ours_is_not_told_as_the_servers(house: House, sink: Sink):
    """An address beyond ASCII, and a server without SMTPUTF8: it was never asked, so it said no number."""
    sink.offer = ("PIPELINING", "8BITMIME")
    house.reader("zoë@example.org")
    house.article("trade")
    house.move(hours=2)
    house.send(sink)
    line = house.log()[0]
    with reading(house.engine) as connection:
        (attempt,) = attempts(connection, line.delivery_id)

    assert (line.state, line.reason) == ("refused", "by us 5.6.7")
    assert line.reply == "not sent: the address needs SMTPUTF8, which the server does not offer"
    assert (attempt.reply_code, attempt.server, attempt.text) == (0, "", line.reply)
