"""Disks that are full, broken or held by somebody else: nothing is sent that cannot be written down."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from digest.clock import FixedClock
from digest.delivery.making import Making
from digest.errors import DatabaseBusy, DatabaseFailed, DigestError
from digest.pipeline.delivering.dispatch import dispatch
from digest.store import engine as store_engine
from tests.faults.small_disk import SmallDisk, small_disk
from tests.house import SECRET, House
from tests.sink import Sink
from tests.web.asking import FORM, GMAIL, browser, heading, leave_path, strict, subscription

READERS = 200
CONNECTIONS = 2
# What may still go out: a message on each connection, and two claimed for each.
UNDER_WAY = 3 * CONNECTIONS
ROOT = Path(__file__).parents[2]


def planned(folder: Path) -> House:
    """Return an edition for many readers, by the real clock, with its database in *folder*."""
    house = House(folder, clock=FixedClock(datetime.now(UTC) - timedelta(minutes=5)))
    house.newsletter()
    house.readers([{"email": f"r{n:03}@example.org", "topics": "trade"} for n in range(READERS)])
    house.article("trade")
    house.plan()
    house.clock.at = datetime.now(UTC)
    return house


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[SmallDisk]:
    with small_disk(tmp_path / "disk", "3m") as made:
        if made is None:
            pytest.skip("a disk can be mounted by root only")
        yield made


@pytest.fixture
def crowd(tmp_path: Path) -> Iterator[House]:
    house = planned(tmp_path)
    yield house
    house.engine.dispose()


def copies(sink: Sink) -> Counter[str]:
    return Counter(mail.recipient for mail in sink.mails)


def check(house: House, sink: Sink) -> None:
    """Everybody has it; a second copy only who was under way, and of the same bytes."""
    twice = {who for who, times in copies(sink).items() if times > 1}
    assert set(house.states().values()) == {"sent"}
    assert len(copies(sink)) == READERS
    assert len(twice) <= CONNECTIONS
    assert all(len({mail.content for mail in sink.to(who)}) == 1 and len(sink.to(who)) == 2 for who in twice)


def test_a_full_disk_stops_the_sending_until_there_is_room(tmp_path: Path, disk: SmallDisk, sink: Sink):
    """D5: nothing is completed whose outcome cannot be written; then the rest goes out."""
    house = planned(disk.folder)
    house.installation = replace(house.installation, state_folder=tmp_path / "state")
    shorten_log(house)
    sink.on_mail = lambda _mail: disk.fill() if len(sink.mails) == 30 else None
    with pytest.raises(DatabaseFailed, match="the disk is full"):
        house.dispatch(sink, connections=CONNECTIONS)
    stopped = len(sink.mails)
    with pytest.raises(DatabaseFailed, match="the disk is full"):
        house.dispatch(sink, connections=CONNECTIONS)
    again = len(sink.mails)
    disk.free()
    house.dispatch(sink, connections=CONNECTIONS)
    house.engine.dispose()

    assert stopped - 30 <= UNDER_WAY
    assert again == stopped
    check(house, sink)


def shorten_log(house: House) -> None:
    """Let SQLite's log begin anew, so that the next write needs room on the disk."""
    house.engine.dispose()
    with closing(sqlite3.connect(house.folder / "digest.db")) as plain:
        plain.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def test_without_room_for_a_journal_nothing_is_sent(crowd: House, disk: SmallDisk, sink: Sink):
    """D5: what could not be recovered must not leave."""
    crowd.installation = replace(crowd.installation, state_folder=disk.folder / "state")
    (disk.folder / "state").mkdir()
    disk.fill()
    with pytest.raises(DigestError, match="No space left"):
        crowd.dispatch(sink, connections=CONNECTIONS)
    with pytest.raises(DigestError, match="No space left"):
        Making(disk.folder, "one")
    stopped = len(sink.mails)
    disk.free()
    crowd.dispatch(sink, connections=CONNECTIONS)

    assert stopped == 0
    assert set(copies(sink).values()) == {1}
    check(crowd, sink)


def send(house: House, sink: Sink, *before: str, **more: object) -> subprocess.CompletedProcess[bytes]:
    """Run `digest send daily`, after the words *before*."""
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("DIGEST_")},
        "DIGEST_DATABASE_URL": house.database,
        "DIGEST_SMTP_URL": f"smtp://127.0.0.1:{sink.port}?starttls=never",
        "DIGEST_SMTP_CONNECTIONS": str(CONNECTIONS),
        "DIGEST_BASE_URL": "https://news.example.org",
        "DIGEST_SECRET_KEY": SECRET,
        "PYTHONPATH": str(ROOT),
    }
    how = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, **more}
    command = [*before, sys.executable, "-m", "digest", "send", "daily"]
    return subprocess.run(command, cwd=house.folder, env=environment, timeout=90, check=False, **how)  # type: ignore[call-overload, no-any-return]


def test_a_log_that_cannot_be_written_loses_no_mail(crowd: House, sink: Sink):
    """D5: standard output and error stand on a full disk; everybody has one mail all the same."""
    with Path("/dev/full").open("wb") as full:
        send(crowd, sink, stdout=full, stderr=full)
    crowd.dispatch(sink)

    assert set(crowd.states().values()) == {"sent"}
    assert set(copies(sink).values()) == {1}
    assert len(sink.mails) == READERS


@pytest.mark.skipif(shutil.which("strace") is None, reason="strace is not installed")
def test_a_disk_that_fails_once_is_not_believed_again(crowd: House, sink: Sink):
    """D6: what fsync did not reach is lost, so the sender ends there and says why; the next start goes on."""
    crowd.engine.dispose()
    log = f"{crowd.folder}/digest.db-wal"
    inject = ("-e", "trace=fdatasync", "-e", "inject=fdatasync:error=EIO:when=12+")
    failed = send(crowd, sink, "strace", "-f", "-qq", "-o", str(crowd.folder / "trace"), "-P", log, *inject)
    if "PTRACE" in failed.stdout.decode():
        pytest.skip("processes may not be traced here")
    stopped = len(sink.mails)
    injected = (crowd.folder / "trace").read_text().count("(INJECTED)")
    crowd.dispatch(sink)

    assert failed.returncode == 1
    assert "the disk does not read or write it" in failed.stdout.decode()
    assert injected >= 1
    assert 0 < stopped < READERS
    check(crowd, sink)


def hold(house: House, seconds: float, held: list[int], sink: Sink) -> None:
    """Keep every other writer from the database for *seconds*."""
    other = sqlite3.connect(house.folder / "digest.db", isolation_level=None, timeout=5)
    other.execute("BEGIN IMMEDIATE")
    held.append(len(sink.mails))
    time.sleep(seconds)
    held.append(len(sink.mails))
    other.execute("ROLLBACK")
    other.close()


def test_a_database_that_somebody_holds_is_waited_for_and_nothing_is_sent_meanwhile(crowd: House, sink: Sink):
    """D4: replies that came are not lost, no reader is told twice."""
    held: list[int] = []
    holder = threading.Thread(target=hold, args=(crowd, 1.5, held, sink))
    sink.on_mail = lambda _mail: holder.start() if len(sink.mails) == 30 else None
    # The mail server's patience is not what this is about.
    dispatch(crowd.installation, replace(crowd.sending(sink, CONNECTIONS), timeouts=None))
    holder.join(10)

    assert held[1] - held[0] <= UNDER_WAY
    assert set(crowd.states().values()) == {"sent"}
    assert set(copies(sink).values()) == {1}
    assert len(sink.mails) == READERS


def test_a_database_that_is_held_for_too_long_ends_the_sending_and_doubles_nothing(
    crowd: House, sink: Sink, monkeypatch: pytest.MonkeyPatch
):
    """D4: after the wait it says so; the journal has what the database has not."""
    monkeypatch.setattr(store_engine, "_BUSY_MS", 200)
    crowd.engine.dispose()
    held: list[int] = []
    holder = threading.Thread(target=hold, args=(crowd, 1.2, held, sink))
    sink.on_mail = lambda _mail: holder.start() if len(sink.mails) == 30 else None
    with pytest.raises(DatabaseBusy):
        crowd.dispatch(sink, connections=CONNECTIONS)
    holder.join(10)
    stopped = len(sink.mails)
    crowd.dispatch(sink, connections=CONNECTIONS)

    assert stopped - held[0] <= UNDER_WAY
    check(crowd, sink)


def test_a_damaged_database_sends_nothing_and_says_so(crowd: House, sink: Sink):
    """D10: the page where its rows begin was overwritten."""
    path = crowd.folder / "digest.db"
    shorten_log(crowd)
    with closing(sqlite3.connect(path)) as plain:
        (root,) = plain.execute("SELECT rootpage FROM sqlite_master WHERE name = 'deliveries'").fetchone()
        (size,) = plain.execute("PRAGMA page_size").fetchone()
    with path.open("r+b") as file:
        file.seek((root - 1) * size)
        file.write(b"\xa5" * size)
    with pytest.raises(DatabaseFailed, match="it is damaged; restore it from a backup"):
        crowd.dispatch(sink)

    assert sink.mails == []


def test_a_page_that_needs_the_database_says_for_now_and_works_when_there_is_room(disk: SmallDisk):
    """D5: 503, so that a mail program which unsubscribes its reader comes again; nothing was changed."""
    house = planned(disk.folder)
    path = leave_path(house, "r001@example.org")
    shorten_log(house)
    disk.fill()
    with browser(house.installation, raise_server_exceptions=False) as ask:
        refused = ask.post(path, content=GMAIL, headers=FORM)
        disk.free()
        taken = ask.post(path, content=GMAIL, headers=FORM)
    state = subscription(house, address="r001@example.org")[0]
    house.engine.dispose()

    assert refused.status_code == 503
    assert int(refused.headers["retry-after"]) > 0
    assert "try again" in heading(refused)
    assert strict(refused)
    assert taken.status_code == 200
    assert state == "ended"
