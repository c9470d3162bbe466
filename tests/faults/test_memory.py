"""A machine with little memory: what is too large for it stops no other mail."""

from __future__ import annotations

import subprocess
from datetime import UTC, datetime
from pathlib import Path

from digest.model.article import Section
from tests.faults.killing import Nursery
from tests.faults.story import planned
from tests.faults.witness import Witness
from tests.house import House

READERS = 20
MEGABYTES = 512
HUNGRY = "r007@example.org"


def run_twice(house: House, cradle: subprocess.Popen[str], hungry: str = "") -> tuple[list[int], list[str]]:
    """Send, and once more when all that waits is due; return how that ended and who has a mail."""
    ended = []
    with Witness() as witness:
        make = Nursery(cradle, house, witness, 2)
        for _ in range(2):
            make.start(megabytes=MEGABYTES, hungry=hungry)
            ended.append(make.wait())
            house.change("UPDATE deliveries SET next_attempt_at = 1 WHERE next_attempt_at IS NOT NULL")
    return ended, sorted(copy.recipient for copy in witness.copies)


def test_a_mail_that_takes_all_memory_is_put_aside_and_the_others_go_out(tmp_path: Path, cradle: subprocess.Popen[str]):
    """K8: at its second time a person must look; the sender goes on."""
    house = planned(tmp_path, "", READERS)
    ended, came = run_twice(house, cradle, HUNGRY)
    states = house.states()
    house.engine.dispose()

    assert ended == [0, 0]
    assert states.pop(HUNGRY) == "poison"
    assert came == sorted(states)
    assert set(states.values()) == {"sent"}


def test_an_article_of_megabytes_is_a_short_mail_like_any_other(tmp_path: Path, cradle: subprocess.Popen[str]):
    """K8: what readers get of it is made once, while it is planned; sending needs no memory for it."""
    house = planned(tmp_path, "", READERS)
    text = "The tariff on exports rose again this week, said the ministry. " * 30_000
    house.article("trade", sections=(Section("", (text,)),), at=datetime.now(UTC))
    house.change("UPDATE deliveries SET digest_id = NULL")  # they are planned anew by the sending
    ended, came = run_twice(house, cradle)
    states = house.states()
    house.engine.dispose()

    assert ended == [0, 0]
    assert came == sorted(states)
    assert set(states.values()) == {"sent"}
