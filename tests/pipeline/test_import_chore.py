"""An import in the background: it tells beforehand what would come of it, outlives a kill, and can be rolled back."""

from __future__ import annotations

from typing import Any

import pytest

from digest.errors import BadInput
from digest.pipeline.staff import chores, import_chore
from digest.pipeline.staff.import_chore import bring_file, check_import
from digest.store.chores import file_pieces
from digest.store.engine import reading
from tests.house import House
from tests.sink import Sink

WHO = "mina"


def listing(many: int, first: int = 0) -> bytes:
    rows = [f"new{number:02}@example.org,trade,N{number}" for number in range(first, first + many)]
    return "\n".join(["E-Mail,Interests,Shoe size", *rows]).encode()


def bring(house: House, content: bytes, **more: Any) -> int:
    return bring_file(house.installation, WHO, iter([content[:40], content[40:]]), file="list.csv", newsletter="daily")


def check(house: House, number: int, *mapping: str) -> dict[str, int]:
    """Do the dry run and return what it counted."""
    check_import(house.installation, number, mapping or ("email", "topics", ""), overwrite=False)
    chores.run_chores(house.installation)
    return told(house, number)[1]


def told(house: House, number: int) -> tuple[str, dict[str, int]]:
    from digest.store.chores import find_chore

    with reading(house.engine) as connection:
        chore = find_chore(connection, number)
    return chore.state, dict(chore.counts)


def go(house: House, number: int) -> None:
    chores.agree(house.installation, number, WHO)
    chores.run_chores(house.installation)


def report(house: House, number: int) -> str:
    with reading(house.engine) as connection:
        return b"".join(file_pieces(connection, number, "report")).decode("utf-8-sig")


def test_the_dry_run_says_what_the_import_then_does(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """To the number, over several batches, and it leaves no trace; the report names every row that is not taken."""
    monkeypatch.setattr(import_chore, "_BATCH", 4)
    house.readers(
        [{"email": "new01@example.org", "topics": "trade"}, {"email": "new02@example.org", "topics": "sport"}]
    )
    house.leave("new02@example.org")
    content = listing(9) + b"\nnot an address,trade,1\nnew03@example.org,energy,2\nx@example.org,=nonsense,3"
    number = bring(house, content)
    before = house.rows("SELECT * FROM subscribers ORDER BY id"), house.rows("SELECT COUNT(*) FROM profiles")

    counted = check(house, number)
    assert told(house, number)[0] == "asking"
    assert counted == {"added": 7, "unchanged": 1, "ended": 1, "refused": 2, "repeated": 1}
    assert (house.rows("SELECT * FROM subscribers ORDER BY id"), house.rows("SELECT COUNT(*) FROM profiles")) == before
    lines = report(house, number).splitlines()
    assert lines[0] == "line,column,reason"
    assert [line.split(",")[:2] for line in lines[1:]] == [
        ["11", "email"],
        ["13", "topics"],
        ["5", "email"],
        ["4", "email"],
    ]

    go(house, number)

    assert told(house, number) == ("done", counted)
    assert report(house, number).splitlines() == lines
    assert house.rows("SELECT COUNT(*) FROM subscriptions") == [(9,)]
    assert house.rows("SELECT COUNT(*) FROM chore_files WHERE name = 'upload'") == [(0,)]
    assert [row[0] for row in house.rows("SELECT action FROM audit ORDER BY id")] == [
        "import.upload",
        "import.agreed",
        "import.done",
    ]


def test_a_killed_import_goes_on_with_the_next_batch(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody is added twice, none is counted twice, and the report is whole."""
    monkeypatch.setattr(import_chore, "_BATCH", 3)
    number = bring(house, listing(10) + b"\nnot an address,trade,1")
    counted = check(house, number)
    chores.agree(house.installation, number, WHO)
    batches = 0

    def dies(*arguments: Any) -> Any:
        nonlocal batches
        batches += 1
        if batches == 3:
            raise KeyboardInterrupt
        return written(*arguments)

    written = import_chore.BatchWriter.write
    monkeypatch.setattr(import_chore.BatchWriter, "write", dies)
    with pytest.raises(KeyboardInterrupt):
        chores.run_chores(house.installation)
    monkeypatch.setattr(import_chore.BatchWriter, "write", written)
    assert house.rows("SELECT done, state FROM chores") == [(6, "running")]

    house.move(minutes=3)
    chores.run_chores(house.installation)

    assert told(house, number) == ("done", counted)
    assert house.rows("SELECT COUNT(*) FROM subscriptions") == [(10,)]
    assert house.rows("SELECT COUNT(*) FROM chore_rows") == [(10,)]
    assert len(report(house, number).splitlines()) == 2


def test_rolling_back_takes_out_what_nobody_has_touched(house: House, sink: Sink) -> None:
    """Who had a mail ends, who changed something stays, who was there before is not even asked."""
    house.newsletter("weekly")
    house.reader("new00@example.org", "weekly")
    house.reader("new01@example.org")
    number = bring(house, listing(6))
    check(house, number)
    go(house, number)
    before = house.rows("SELECT COUNT(*) FROM subscribers")
    house.leave("new02@example.org")
    house.change("UPDATE subscriptions SET chosen_at = 1 WHERE id = :i", i=house.subscription_id("new03@example.org"))
    house.change("INSERT INTO editions (newsletter_id, period, state, created_at) VALUES (1, '2026-11-23', 'open', 0)")
    house.change(
        "INSERT INTO deliveries (edition_id, subscriber_id, subscription_id, slot_at, state, address, planned_at)"
        " SELECT 1, s.subscriber_id, s.id, 0, 'sent', '', 0 FROM subscriptions s WHERE s.id = :i",
        i=house.subscription_id("new04@example.org"),
    )
    chores.undo(house.installation, number, WHO)
    chores.run_chores(house.installation)

    state, counts = told(house, number)
    assert state == "undone"
    assert {name: counts[name] for name in ("removed", "stopped", "touched")} == {
        "removed": 2,
        "stopped": 1,
        "touched": 2,
    }
    left = house.rows(
        "SELECT u.address, n.slug, s.state FROM subscriptions s JOIN subscribers u ON u.id = s.subscriber_id"
        " JOIN newsletters n ON n.id = s.newsletter_id ORDER BY u.address"
    )
    assert left == [
        ("new00@example.org", "weekly", "active"),
        ("new01@example.org", "daily", "active"),
        ("new02@example.org", "daily", "ended"),
        ("new03@example.org", "daily", "active"),
        ("new04@example.org", "daily", "ended"),
    ]
    assert before == [(6,)]
    assert house.rows("SELECT COUNT(*) FROM subscribers") == [(5,)]


@pytest.mark.parametrize(
    ("mapping", "says"),
    [
        pytest.param(("", "topics", ""), "which column is the email", id="no address"),
        pytest.param(("email", "email", ""), "two columns are email", id="twice"),
        pytest.param(("email", "password", ""), "is no column", id="unknown"),
    ],
)
def test_columns_that_make_no_sense_are_refused(house: House, mapping: tuple[str, ...], says: str) -> None:
    """Before anything is read."""
    number = bring(house, listing(2))
    with pytest.raises(BadInput, match=says):
        check(house, number, *mapping)


def test_a_file_without_a_header_is_forgotten(house: House) -> None:
    """With its reason, and without its bytes."""
    with pytest.raises(BadInput, match="no header line"):
        bring(house, b"\n\n")

    assert house.rows("SELECT state FROM chores") == [("failed",)]
    assert house.rows("SELECT COUNT(*) FROM chore_files") == [(0,)]
