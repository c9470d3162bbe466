"""A backup that is put back: what went out after it was made does not go out again, and nobody is lost."""

from __future__ import annotations

import shutil
from collections import Counter
from typing import Any

import pytest
from sqlalchemy import Table, delete, insert, select

from digest.errors import DatabaseRestored
from digest.model.newsletter import InDoubt
from digest.pipeline.delivering.restore import recover_now
from digest.pipeline.planning.hold_edition import pause_edition
from digest.pipeline.planning.plan import Who
from digest.store.engine import reading
from digest.store.log import Filter, retry_failed
from digest.store.tables import metadata
from tests.house import House, titles
from tests.sink import Do, Sink

ANNA, BEN = "anna@example.org", "ben@example.org"


Backup = dict[Table, list[dict[str, Any]]]


def backed_up(house: House) -> Backup:
    """Return all that is in the database."""
    with reading(house.engine) as connection:
        return {
            table: [dict(row) for row in connection.execute(select(table)).mappings()]
            for table in metadata.sorted_tables
        }


def put_back(house: House, backup: Backup, *, with_notes: bool = True) -> None:
    """Put that in the place of all there is; *with_notes* False: on another machine."""
    with house.engine.begin() as connection:
        for table in reversed(metadata.sorted_tables):
            connection.execute(delete(table))
        for table, rows in backup.items():
            if rows:
                connection.execute(insert(table), rows)
    if not with_notes:
        shutil.rmtree(house.installation.state_folder)


def received(sink: Sink) -> Counter[str]:
    return Counter(mail.recipient for mail in sink.mails)


def retry_in_doubt(house: House, **which: str) -> int:
    with house.engine.begin() as connection:
        return retry_failed(connection, Filter(state="in_doubt", **which), house.clock.now())


def test_a_database_that_is_older_than_what_was_sent_from_it_sends_nothing(house: House, sink: Sink):
    """It says what to do."""
    house.readers([{"email": each, "topics": "trade"} for each in (ANNA, BEN)])
    house.article("trade")
    house.plan()
    backup = backed_up(house)
    house.dispatch(sink)
    put_back(house, backup)

    with pytest.raises(DatabaseRestored, match="digest recover --after-restore"):
        house.dispatch(sink)
    assert received(sink) == {ANNA: 1, BEN: 1}


@pytest.mark.parametrize("with_notes", [True, False], ids=["on its machine", "on another machine"])
def test_what_a_backup_calls_ready_is_held_and_not_sent_again(house: House, sink: Sink, with_notes: bool):
    """In doubt, with a reason of its own; the next edition tells other stories, and to everybody."""
    house.readers([{"email": each, "topics": "trade"} for each in (ANNA, BEN)])
    house.article("trade", "Tariff one")
    house.plan()
    backup = backed_up(house)
    house.dispatch(sink)
    put_back(house, backup, with_notes=with_notes)
    done = recover_now(house.installation, after_restore=True)
    held = house.rows("SELECT state, reason FROM deliveries")
    house.article("trade", "Tariff two")
    house.move(days=1)
    house.send(sink)

    assert (done.held, held) == (2, [("in_doubt", "restored")] * 2)
    assert [titles(mail.html, house) for mail in sink.mails] == [["Tariff one"]] * 2 + [["Tariff two"]] * 2


def test_a_slot_that_came_after_the_backup_is_not_planned_and_sent_again(house: House, sink: Sink):
    """Not by the first tick either, however long ago it was."""
    house.reader(ANNA)
    house.article("trade", "Tariff one")
    backup = backed_up(house)
    house.move(hours=2)
    house.plan(who=Who.DUE)
    house.dispatch(sink)
    put_back(house, backup)
    house.move(hours=20)
    recover_now(house.installation, after_restore=True)
    house.article("trade", "Tariff two")
    house.move(hours=4)
    house.plan(who=Who.DUE)
    house.dispatch(sink)

    assert [titles(mail.html, house) for mail in sink.mails] == [["Tariff one"], ["Tariff two"]]


def test_what_did_not_go_out_after_the_backup_goes_out_when_a_person_says_so(house: House, sink: Sink):
    """Under the Message-ID and with the bytes that it would have had."""
    house.readers([{"email": each, "topics": "trade"} for each in (ANNA, BEN)])
    house.article("trade")
    house.plan()
    backup = backed_up(house)
    house.dispatch(sink)
    put_back(house, backup)
    recover_now(house.installation, after_restore=True)
    house.dispatch(sink)
    again = retry_in_doubt(house, address=BEN)
    house.dispatch(sink)

    assert (again, received(sink)) == (1, {ANNA: 1, BEN: 2})
    assert len({mail.content for mail in sink.mails if mail.recipient == BEN}) == 1
    assert house.states() == {ANNA: "in_doubt", BEN: "sent"}


def test_a_reader_of_two_newsletters_is_told_nothing_again_that_either_had(house: House, sink: Sink):
    """Both were waiting in the backup, one of them in an edition that was paused."""
    house.newsletter("weekly")
    for letter in ("daily", "weekly"):
        house.reader(ANNA, letter, topics="trade;energy")
    house.article("trade", "Tariff one")
    house.plan("daily")
    house.article("energy", "Solar one")
    house.plan("weekly")
    pause_edition(house.installation, "weekly/2026-11-22")
    recover_now(house.installation, after_restore=True)
    house.article("energy", "Solar two")
    house.move(days=1)
    house.send(sink)

    assert [titles(mail.html, house) for mail in sink.mails] == [["Solar two"]]
    assert house.rows("SELECT state FROM deliveries ORDER BY id") == [("in_doubt",), ("in_doubt",), ("sent",)]


def test_what_is_held_in_doubt_is_sent_once_more_when_a_person_says_so(house: House, sink: Sink):
    """The answer to `hold`, which no sending gives by itself."""
    sink.script = lambda _, number: Do.LOSE_REPLY if number == 1 else Do.TAKE
    house.newsletter(in_doubt=InDoubt.HOLD)
    house.reader(ANNA)
    house.article("trade")
    house.send(sink)
    house.move(hours=1)
    house.dispatch(sink)
    waited = received(sink)
    retry_in_doubt(house)
    house.dispatch(sink)

    assert (waited, received(sink)) == ({ANNA: 1}, {ANNA: 2})
    assert (len({mail.content for mail in sink.mails}), house.states()) == (1, {ANNA: "sent"})
