"""A sender that is killed in the middle of its work: nothing lost, nothing twice but what was under way."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import structlog

from digest.clock import FixedClock
from digest.delivery.journal import Journal, Orphan
from digest.model.newsletter import InDoubt
from digest.pipeline.delivering.leases import LEASE
from digest.pipeline.delivering.recover import recover
from digest.store import dispatching
from tests.forked import Forked
from tests.house import SECRET, House
from tests.sink import Do, Mail, Sink

CONNECTIONS = 3
READERS = 150
ROOT = Path(__file__).parents[2]


def environment(house: House, sink: Sink) -> dict[str, str]:
    return {
        **{name: value for name, value in os.environ.items() if not name.startswith("DIGEST_")},
        "DIGEST_DATABASE_URL": house.database,
        "DIGEST_SMTP_URL": f"smtp://127.0.0.1:{sink.port}?starttls=never",
        "DIGEST_SMTP_CONNECTIONS": str(CONNECTIONS),
        "DIGEST_BASE_URL": "https://news.example.org",
        "DIGEST_SECRET_KEY": SECRET,
        "PYTHONPATH": str(ROOT),
    }


class Running(Forked):
    """A command of `digest`, and what it says."""

    def __init__(self, house: House, sink: Sink, *arguments: str) -> None:
        self._told = house.folder / f"told at {time.monotonic_ns()}"
        super().__init__("digest", arguments, folder=house.folder, environment=environment(house, sink), out=self._told)

    def told(self) -> str:
        """Return what it has said until now."""
        return self._told.read_text("utf-8")

    def ended(self, seconds: float) -> tuple[int, str]:
        """Wait for its end; return its status and what it said."""
        return self.wait(seconds), self.told()


def digest_send(house: House, sink: Sink) -> Running:
    return Running(house, sink, "send", "daily")


@pytest.fixture
def crowd(tmp_path: Path, database: str) -> Iterator[House]:
    """Give a house on the machine's own clock with many readers who follow one topic."""
    house = House(tmp_path, database, clock=FixedClock(datetime.now(UTC) - timedelta(minutes=5)))
    house.newsletter()
    house.readers([{"email": f"r{n:03}@example.org", "topics": "trade"} for n in range(READERS)])
    house.article("trade")
    yield house
    house.engine.dispose()


@pytest.mark.parametrize("kill_after", [1, 100])
def test_a_killed_send_run_again_loses_nobody(crowd: House, sink: Sink, kill_after: int):
    """The kill comes while messages are under way: each reader has the mail; twice at most one for each connection."""
    reached = threading.Event()

    def kill_at(mail: Mail) -> None:
        if len(sink.mails) == kill_after:
            first.send_signal(signal.SIGKILL)
            reached.set()

    sink.on_mail = kill_at
    first = digest_send(crowd, sink)
    assert reached.wait(60), first.told()
    first.wait(10)
    sink.on_mail = lambda mail: None
    # This one is started by itself, so that not even its hashes are like those of the first.
    second = subprocess.run(
        [sys.executable, "-m", "digest", "send", "daily"],
        cwd=crowd.folder,
        env=environment(crowd, sink),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        timeout=120,
        check=False,
    )
    assert second.returncode == 0, second.stdout.decode()
    # What was in doubt is sent once more; nobody can still be waiting for the dead sender's replies.
    crowd.clock.at = datetime.now(UTC) + timedelta(minutes=11)
    crowd.dispatch(sink)

    copies: defaultdict[str, list[Mail]] = defaultdict(list)
    for mail in sink.mails:
        copies[mail.recipient].append(mail)
    twice = {reader: mails for reader, mails in copies.items() if len(mails) > 1}

    assert len(copies) == READERS
    assert Counter(crowd.states().values()) == {"sent": READERS}
    assert len(twice) <= CONNECTIONS
    assert all(len(mails) == 2 and mails[0].content == mails[1].content for mails in twice.values())
    assert crowd.rows("SELECT state FROM editions") == [("finished",)]


def test_what_was_under_way_without_a_journal_is_in_doubt_and_not_sent_blindly(crowd: House, sink: Sink):
    """The disk was lost: nobody can say how far the claimed ones got; the newsletter's policy decides."""
    crowd.newsletter(in_doubt=InDoubt.HOLD)
    hung = threading.Event()
    sink.script = lambda _recipient, _number: Do.HANG
    sink.on_mail = lambda mail: hung.set()
    first = digest_send(crowd, sink)
    assert hung.wait(60), first.told()
    first.kill()
    first.wait(10)
    for journal in crowd.installation.state_folder.glob("*.journal"):
        journal.unlink()
    claimed = {address for (address,) in crowd.rows("SELECT address FROM deliveries WHERE state = 'claimed'")}
    sink.script = lambda _recipient, _number: Do.TAKE
    sink.on_mail = lambda mail: None
    under_way = {mail.recipient for mail in sink.mails}
    sink.clear()
    crowd.clock.at = datetime.now(UTC) + LEASE  # where many send, a silent one is given up only then
    crowd.dispatch(sink)

    assert under_way <= claimed
    assert {address for address, state in crowd.states().items() if state == "in_doubt"} == claimed
    assert {mail.recipient for mail in sink.mails} == set(crowd.states()) - claimed


@pytest.mark.sqlite
def test_two_senders_at_once_do_not_share_the_work(crowd: House, sink: Sink):
    """The second says that another process is sending, and fails."""
    hung = threading.Event()
    sink.script = lambda _recipient, _number: Do.HANG
    sink.on_mail = lambda mail: hung.set()
    first = digest_send(crowd, sink)
    assert hung.wait(60), first.told()
    second = digest_send(crowd, sink)
    status, told = second.ended(60)
    first.kill()
    first.wait(10)

    assert status == 1
    assert "another process is sending" in told


def test_a_recovery_that_is_killed_in_between_puts_no_untried_mail_in_doubt(
    crowd: House, sink: Sink, monkeypatch: pytest.MonkeyPatch
):
    """Two senders died before a byte of their mails left; so did the recovery, after the first one's journal."""
    crowd.newsletter(in_doubt=InDoubt.HOLD)
    crowd.plan()
    claims_of_the_dead(crowd, "first", 5)
    claims_of_the_dead(crowd, "second", 5)
    discard = Orphan.discard

    def discard_and_die(orphan: Orphan) -> None:
        discard(orphan)
        raise KeyboardInterrupt

    monkeypatch.setattr(Orphan, "discard", discard_and_die)
    with pytest.raises(KeyboardInterrupt):
        recover(crowd.installation)
    monkeypatch.undo()
    crowd.dispatch(sink)

    assert Counter(crowd.states().values()) == {"sent": READERS}
    assert len(sink.mails) == READERS


def claims_of_the_dead(house: House, worker: str, count: int) -> None:
    """Leave what a sender leaves that was killed after a claim: rows, and a journal that says nothing of them."""
    now = house.clock.now()
    house.installation.state_folder.mkdir(parents=True, exist_ok=True)
    journal = Journal(house.installation.state_folder, worker, clock=house.clock)
    with house.engine.begin() as connection:
        dispatching.claim(connection, worker=worker, newsletter_id=None, limit=count, now=now, lease_until=now + LEASE)
    os.close(journal._fd)  # what the death of the process does


@pytest.mark.parametrize(
    "damage",
    [
        pytest.param(lambda data: b"", id="empty"),
        pytest.param(lambda data: b"\0" * len(data), id="zeros"),
        pytest.param(lambda data: data[:20], id="cut in its header"),
        pytest.param(lambda data: data[:9] + b"\xff" + data[10:], id="of another version"),
    ],
)
def test_a_journal_that_cannot_be_read_counts_as_gone_and_is_kept_aside(crowd: House, sink: Sink, damage):
    """It does not say which mails were never begun, so none of its sender's is sent blindly."""
    crowd.newsletter(in_doubt=InDoubt.HOLD)
    crowd.plan()
    claims_of_the_dead(crowd, "first", 5)
    claims_of_the_dead(crowd, "second", 5)
    folder = crowd.installation.state_folder
    left = damage((folder / "first.journal").read_bytes())
    (folder / "first.journal").write_bytes(left)
    crowd.clock.at += LEASE + timedelta(seconds=1)
    with structlog.testing.capture_logs() as lines:
        crowd.dispatch(sink)

    assert Counter(crowd.states().values()) == {"sent": READERS - 5, "in_doubt": 5}
    assert len(sink.mails) == READERS - 5
    assert list(folder.glob("*.journal")) == []
    assert [kept.read_bytes() for kept in folder.glob("*.quarantine")] == ([left] if left else [])
    assert [(line["worker"], line["quarantined"]) for line in lines if line["event"] == "journal_unreadable"] == [
        ("first", len(left))
    ]


@pytest.mark.parametrize(
    ("asked", "status"), [pytest.param(signal.SIGTERM, 143, id="TERM"), pytest.param(signal.SIGINT, 130, id="Ctrl-C")]
)
def test_a_send_that_is_told_to_end_leaves_nothing_in_doubt(crowd: House, sink: Sink, asked: int, status: int):
    """It says how many it waits for and how many it sent; the same command sends exactly the rest."""
    reached = threading.Event()

    def tell(mail: Mail) -> None:
        time.sleep(0.02)
        if len(sink.mails) == 30:
            first.send_signal(asked)
            reached.set()

    sink.on_mail = tell
    first = digest_send(crowd, sink)
    assert reached.wait(60), first.told()
    ended, told = first.ended(20)
    after, sent = Counter(crowd.states().values()), len(sink.mails)
    sink.on_mail = lambda mail: None
    second = digest_send(crowd, sink)
    finished, said = second.ended(120)

    assert ended == status, told
    assert "stopping: waiting for " in told
    assert f"stopped; {sent} sent. The same command sends the rest." in told
    assert 30 <= sent < READERS
    assert after == {"sent": sent, "ready": READERS - sent}
    assert finished == 0, said
    assert len(sink.mails) == len({mail.recipient for mail in sink.mails}) == READERS


def test_a_second_ctrl_c_ends_a_send_at_once(crowd: House, sink: Sink):
    """The server keeps it waiting; what had left is in doubt, as after any sudden end."""
    crowd.newsletter(in_doubt=InDoubt.HOLD)
    hung = threading.Event()
    sink.script = lambda _recipient, _number: Do.HANG
    sink.on_mail = lambda mail: hung.set() if len(sink.mails) == CONNECTIONS else None
    first = digest_send(crowd, sink)
    assert hung.wait(60), first.told()
    first.send_signal(signal.SIGINT)
    until = time.monotonic() + 20
    while "\n" not in (told := first.told()):
        assert time.monotonic() < until
        time.sleep(0.01)
    first.send_signal(signal.SIGINT)
    status = first.wait(5)
    under_way = {mail.recipient for mail in sink.mails}
    sink.script = lambda _recipient, _number: Do.TAKE
    crowd.clock.at = datetime.now(UTC)
    crowd.dispatch(sink)

    assert f"stopping: waiting for {CONNECTIONS} messages" in told
    assert status == 130
    assert {who for who, state in crowd.states().items() if state == "in_doubt"} == under_way
    assert len(sink.mails) == READERS


def test_a_service_that_is_told_to_end_leaves_nothing_in_doubt(crowd: House, sink: Sink):
    """A restart in the middle of an edition: what is under way gets its answer, the rest is for the next start."""
    crowd.plan()
    reached = threading.Event()

    def tell(mail: Mail) -> None:
        time.sleep(0.02)
        if len(sink.mails) == 30:
            service.send_signal(signal.SIGTERM)
            reached.set()

    sink.on_mail = tell
    service = Running(crowd, sink, "serve", "--port", "0", "--every", "0.5")
    assert reached.wait(60), service.told()
    status, told = service.ended(20)
    after, sent = Counter(crowd.states().values()), len(sink.mails)
    sink.on_mail = lambda mail: None
    crowd.clock.at = datetime.now(UTC)
    crowd.dispatch(sink)

    assert status == 0, told
    assert 30 <= sent < READERS
    assert after == {"sent": sent, "ready": READERS - sent}
    assert len(sink.mails) == len({mail.recipient for mail in sink.mails}) == READERS
