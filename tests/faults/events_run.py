"""What scripts/events-run runs: events of all policies in, mails out, and kills at random moments in between.

The input file says what is to come of each event, in its own words; the mail server writes down what came, of which
mail. `events_check` reads these two files and nothing else.
"""

from __future__ import annotations

import argparse
import asyncio
import hashlib
import json
import os
import quopri
import random
import re
import signal
import subprocess
import sys
import tempfile
import time
from base64 import b64decode
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import Any, TextIO

from digest.errors import DatabaseBusy
from digest.model.event import Answer
from digest.model.newsletter import Limits, Schedule
from digest.model.stream import Stream, WindowKind, WindowPolicy
from digest.pipeline.delivering.dispatch import dispatch
from digest.pipeline.events.add_events import MOST, add_events
from digest.pipeline.tick import plan_due
from digest.store.tables import from_micros
from tests import postgres
from tests.faults.events_check import Findings, check
from tests.faults.killing import born
from tests.faults.witness import Witness
from tests.house import House

_KEY = re.compile(rb"key-[0-9]{8}")
_SECOND = timedelta(seconds=1)
_FIXED = WindowPolicy(WindowKind.FIXED, wait=2 * _SECOND)
POLICIES = {
    "at-once": WindowPolicy(WindowKind.INSTANT),
    "fixed": _FIXED,
    "full": WindowPolicy(WindowKind.FIXED, wait=60 * _SECOND, max_events=3),
    "sliding": WindowPolicy(WindowKind.SLIDING, gap=_SECOND, longest=3 * _SECOND),
    "leading": WindowPolicy(WindowKind.LEADING, wait=2 * _SECOND, cooldown=2 * _SECOND),
    "hourly": WindowPolicy(WindowKind.SCHEDULE),
}
_LEFT_OUT = 0.02  # of all events: each of own, expired and cancelled


class _Later:
    """The machine's clock, so much later; the hourly slot comes soon after the start."""

    def __init__(self, offset: timedelta) -> None:
        self.offset = offset

    def now(self) -> datetime:
        return datetime.now(UTC) + self.offset

    def skip_to(self, at: datetime) -> None:
        """Go on from *at*, unless that is past."""
        self.offset = max(self.offset, at - datetime.now(UTC))


class _Sink(Witness):
    """A witness that writes down at once which events came in which mail."""

    def __init__(self, record: TextIO) -> None:
        super().__init__()
        self._record = record

    async def _take(self, content: bytes, recipient: str, writer: asyncio.StreamWriter, number: int) -> None:
        start = content.index(b"\r\nMessage-ID: ") + len(b"\r\nMessage-ID: ")
        message_id = content[start : content.index(b"\r\n", start)].decode()
        keys = sorted({key.decode() for key in _KEY.findall(_first_part(content))})
        line = [recipient, message_id, hashlib.sha256(content).hexdigest()[:16], *keys]
        self._record.write(" ".join(line) + "\n")
        self._record.flush()
        writer.write(b"250 2.0.0 taken\r\n")


def _first_part(content: bytes) -> bytes:
    """Return the text part of a mail, decoded."""
    _, _, parts = content.partition(b"\r\n\r\n")
    head, _, body = parts.partition(b"\r\n\r\n")
    boundary = head.split(b"\r\n", 1)[0]
    body = body.split(boundary, 1)[0]
    return b64decode(body) if b"base64" in head.lower() else quopri.decodestring(body)


def write_input(file: Path, *, events: int, readers: int, seed: int) -> None:
    """Write *events* events for *readers* readers; the last fifth of the readers have left."""
    chance, names = random.Random(seed), list(POLICIES)
    with file.open("w", encoding="ascii") as out:
        for number in range(events):
            key, to = f"key-{number:08}", address_of(chance.randrange(readers), readers)
            stream, luck = names[chance.randrange(len(names))], chance.random()
            event: dict[str, Any] = {
                "stream": stream,
                "recipient": to,
                "dedupe_key": key,
                "object": {"id": key, "name": key},
                "payload": {"title": f"Something new: {key}"},
            }
            if luck < _LEFT_OUT:
                event["actor"] = {"name": "Me", "address": to}
            elif luck < 2 * _LEFT_OUT:
                event["expires_at"] = "2020-01-01T00:00:00Z"
            out.write(json.dumps(event) + "\n")
            if 2 * _LEFT_OUT <= luck < 3 * _LEFT_OUT:
                out.write(json.dumps({"stream": stream, "cancel": key}) + "\n")


def address_of(number: int, readers: int) -> str:
    """Return a reader's address; that of who has left says so."""
    return f"{'left' if number >= readers - readers // 5 else 'r'}{number}@example.org"


def make_house(folder: Path, database: str, readers: int, offset: timedelta) -> None:
    """Make the installation: a stream for each policy, every reader in each of them, but for those who left."""
    house = House(folder, database, clock=_Later(offset))  # type: ignore[arg-type]
    for name, policy in POLICIES.items():
        schedule = Schedule(hours=1) if policy.kind is WindowKind.SCHEDULE else Schedule()
        house.newsletter(
            name, template="events", stream=Stream(policy), schedule=schedule, limits=Limits(max_items=200)
        )
        rows = [{"email": address_of(number, readers)} for number in range(readers)]
        house.readers(rows, name)
    house.change(
        "UPDATE subscriptions SET state = 'ended', ended_reason = 'page' WHERE subscriber_id IN"
        " (SELECT id FROM subscribers WHERE address LIKE 'left%')"
    )
    house.engine.dispose()


def work(order: dict[str, Any]) -> None:
    """Be a process that adds the input file, or one that closes and sends until there is nothing left to do."""
    clock = _Later(timedelta(seconds=order["offset"]))
    house = House(Path(order["folder"]), order["database"], clock=clock)  # type: ignore[arg-type]
    if order["work"] == "add":
        add_from_where_it_stopped(house, Path(order["input"]))
        return
    sink, parent = Witness(port=order["port"]), os.getppid()
    while os.getppid() == parent:
        plan_due(house.installation)
        dispatch(house.installation, house.sending(sink, connections=8))  # type: ignore[arg-type]
        if order["work"] == "finish":
            waits = first_waiting(house)
            if waits is None:
                return
            clock.skip_to(waits + _SECOND)
        time.sleep(0.05)


def add_from_where_it_stopped(house: House, given: Path) -> None:
    """Add the events of a file, a thousand lines at a time; what was not noted as added is added again."""
    mark, noted = given.with_suffix(".mark"), given.with_suffix(".new")
    with given.open("rb") as lines:
        lines.seek(int(mark.read_text()) if mark.exists() else 0)
        while batch := [json.loads(line) for line in islice(lines, MOST)]:
            with suppress(DatabaseBusy):
                answers = add_events(house.installation, batch)
                assert Answer.REFUSED not in {each.answer for each in answers}, answers
                noted.write_text(str(lines.tell()))
                noted.replace(mark)
                continue
            lines.seek(int(mark.read_text()) if mark.exists() else 0)


def first_waiting(house: House) -> datetime | None:
    """Return when the first window closes or the first mail is due that is left; None when all has its end."""
    (found,) = house.rows(
        "SELECT MIN(at) FROM (SELECT MIN(closes_at) at FROM event_windows WHERE state <> 'closed' UNION ALL"
        " SELECT MIN(COALESCE(next_attempt_at, lease_until)) FROM deliveries"
        " WHERE next_attempt_at IS NOT NULL OR lease_until IS NOT NULL) waits"
    )
    return from_micros(found[0]) if found[0] is not None else None


class _Process:
    """A process of ours that may be killed and started again; *nursery* makes it in no time."""

    def __init__(self, nursery: subprocess.Popen[str], **order: Any) -> None:
        self._nursery, self._order = nursery, order
        self.start()

    def start(self, **more: Any) -> None:
        assert self._nursery.stdin is not None
        self._order |= more
        self._nursery.stdin.write(json.dumps(self._order) + "\n")
        self._nursery.stdin.flush()
        self._pid, self._ended = self._answer(), False

    @property
    def runs(self) -> bool:
        return not self._ended and Path(f"/proc/{self._pid}").exists()

    def kill(self) -> None:
        if not self._ended:
            with suppress(ProcessLookupError):
                os.kill(self._pid, signal.SIGKILL)
            self._answer()
            self._ended = True

    def wait(self) -> None:
        status = self._answer()
        self._ended = True
        assert status == 0, f"{self._order['work']} failed"

    def _answer(self) -> int:
        assert self._nursery.stdout is not None
        return int(self._nursery.stdout.readline())


def run(
    folder: Path, *, database: str = "", events: int, readers: int, kills: int, seed: int = 1, apart: float = 1.0
) -> Findings:
    """Do it all in *folder*; a kill comes every *apart* seconds or so, to who adds and to who sends in turn."""
    chance, given, record = random.Random(seed), folder / "events.jsonl", folder / "mails.txt"
    write_input(given, events=events, readers=readers, seed=seed)
    now = datetime.now(UTC)
    offset = (now.replace(minute=59, second=45, microsecond=0) - now).total_seconds()
    make_house(folder, database, readers, timedelta(seconds=offset))
    order = {"folder": str(folder), "database": database, "offset": offset, "input": str(given)}
    with record.open("w", encoding="ascii") as out, _Sink(out) as sink, born() as one_nursery, born() as other:
        adding = _Process(one_nursery, work="add", **order)
        sending = _Process(other, work="send", port=sink.port, **order)
        try:
            for number in range(kills):
                time.sleep(chance.uniform(0.3, 2 * apart - 0.3))
                one = adding if adding.runs and not number % 2 else sending
                one.kill()
                one.start()
            adding.wait()
            sending.kill()
            sending.start(work="finish")
            sending.wait()
        finally:
            for each in (adding, sending):
                each.kill()
    return check(given, record)


def main() -> int:
    """Run; return 1 when something came twice, or not at all, without a reason."""
    asked = argparse.ArgumentParser(prog="scripts/events-run", description=__doc__)
    asked.add_argument("--events", type=int, default=1_000_000)
    asked.add_argument("--readers", type=int, default=100_000)
    asked.add_argument("--kills", type=int, default=20)
    asked.add_argument("--apart", type=float, default=10.0, metavar="SECONDS", help="between two kills, about")
    asked.add_argument("--seed", type=int, default=1)
    asked.add_argument("--database", choices=("sqlite", "postgres"), default="sqlite")
    asked.add_argument("--folder", type=Path, help="where to keep the two files; a temporary one unless given")
    given = asked.parse_args()
    began = time.monotonic()
    sizes = {"events": given.events, "readers": given.readers, "kills": given.kills, "seed": given.seed}
    with tempfile.TemporaryDirectory(prefix="digest-events-") as temporary:
        folder = given.folder or Path(temporary)
        folder.mkdir(exist_ok=True)
        if given.database == "postgres":
            with postgres.running() as server:
                found = run(folder, database=server.url(server.create()), apart=given.apart, **sizes)
        else:
            found = run(folder, apart=given.apart, **sizes)
    seconds = round(time.monotonic() - began, 1)
    print(json.dumps({"what": __doc__.splitlines()[0], **sizes, "seconds": seconds, **vars(found)}, indent=2))
    return int(bool(found.wrong))


if __name__ == "__main__":
    sys.exit(main())
