"""Somebody approves an edition and the program is killed (-9): the word counts as a whole or not at all."""

from __future__ import annotations

import signal
import subprocess
from collections.abc import Iterator
from datetime import time, timedelta
from pathlib import Path

import pytest

from digest.errors import BadInput
from digest.model.newsletter import ApprovalRule, CutOff
from digest.pipeline.planning.approve import approve_edition, standing_of
from digest.pipeline.tick import plan_due
from tests.conftest import BOTH
from tests.faults.killing import Nursery
from tests.faults.points import POINTS
from tests.faults.witness import Witness
from tests.house import House
from tests.sink import Sink

READERS = [f"r{number}@example.org" for number in range(3)]
NAME = "daily/2026-11-23"


@pytest.fixture
def waiting(tmp_path: Path, database: str) -> Iterator[House]:
    """Give an edition that is planned and waits for an approval."""
    house = House(tmp_path, database)
    house.newsletter(approval=ApprovalRule.ONE, cut_off=CutOff(at=time(5, 0)))
    house.readers([{"email": each, "topics": "trade"} for each in READERS])
    house.article("trade", "Tariff one", at=house.clock.now() - timedelta(hours=2))
    house.move(hours=1)
    plan_due(house.installation)
    yield house
    house.engine.dispose()


@pytest.mark.parametrize("database", BOTH, indirect=True)
def test_who_dies_while_approving_has_approved_or_has_not(
    waiting: House, sink: Sink, cradle: subprocess.Popen[str]
) -> None:
    """At each step: before the commit nothing goes out and the word can be given anew; after it everybody gets it."""
    told = []
    with Witness(delay=0, seed=1) as witness:
        make = Nursery(cradle, waiting, witness, 1)
        for point in (name for name in POINTS if name.startswith("A")):
            at = waiting.clock.now().isoformat()
            make.start(work="approve", edition=NAME, at=at, point=point, nth=1)
            ended = make.wait()
            waiting.dispatch(sink)
            stands = standing_of(waiting.installation, NAME).approval is not None
            told.append((point[:2], ended, stands, len(sink.mails)))
    with pytest.raises(BadInput, match="approved already"):
        approve_edition(waiting.installation, NAME, by="Ola")

    half_way = [(point, -signal.SIGKILL, False, 0) for point in ("A1", "A2", "A3", "A4", "A5")]
    assert told == [*half_way, ("A6", -signal.SIGKILL, True, len(READERS))]
    assert sorted(mail.recipient for mail in sink.mails) == READERS
    assert waiting.rows("SELECT COUNT(*) FROM approvals") == [(1,)]
