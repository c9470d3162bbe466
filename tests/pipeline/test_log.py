"""The delivery log answers who got what, when, and what the server said."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest

from digest.errors import BadInput, NotFound
from digest.store.engine import reading
from digest.store.log import Filter, attempts, count_states
from tests.house import MONDAY, House
from tests.sink import Do, Sink

ANNA, BEN, CHO, DAN = "anna@example.org", "ben@example.org", "cho@example.org", "dan@example.org"


@pytest.fixture
def sent(house: House, sink: Sink) -> House:
    """Give a house in which Anna was served on two days, Ben deferred, Cho refused, Dan had nothing new."""
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
    return house


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


def test_counts_tell_skipped_readers_by_reason(sent: House):
    """So that "nothing new" is not taken for a fault."""
    with reading(sent.engine) as connection:
        counts = count_states(connection, Filter(edition="daily/2026-11-24"))

    assert counts == {"deferred": 1, "refused": 1, "sent": 1, "skipped:nothing_new": 1}


def test_an_unknown_state_or_delivery_is_told(sent: House):
    """In words that say what there is."""
    with pytest.raises(BadInput, match="deferred"):
        sent.log(state="gone")
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
