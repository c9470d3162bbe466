"""The journal: what a crash must not lose."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest.delivery import journal as journal_module
from digest.delivery.journal import REWRITE_ABOVE, Journal, JournalFailed, adopt, orphans, replay
from digest.delivery.records import Key, ack_bytes, mark_bytes
from digest.model.delivery import Attempt, Outcome, Phase, Reply
from tests.delivery.scripted import CLOCK

NOW = datetime(2026, 11, 23, 7, 0, 0, 123456, tzinfo=UTC)


def attempt(number: int = 1, outcome: Outcome = Outcome.SENT, text: str = "Ok: queued") -> Attempt:
    return Attempt(
        number, outcome, Phase.DOT, Reply(250, "2.0.0", text), "mx.example.org:25", NOW, NOW + timedelta(seconds=1)
    )


def key(number: int, attempt_no: int = 1) -> Key:
    return Key(number, attempt_no, 7)


def begin(folder: Path, worker: str = "worker-1") -> Journal:
    return Journal(folder, worker, clock=CLOCK)


def crash(journal: Journal) -> None:
    """Lose the process but not its file."""
    os.close(journal._fd)
    journal._fd = -1


def test_a_crash_leaves_what_was_said_and_what_was_not(tmp_path):
    """An answered message is known; one without an answer is in doubt."""
    journal = begin(tmp_path)
    journal.about_to_complete(key(1))
    journal.finished(key(1), attempt(1))
    journal.about_to_complete(key(2))
    journal.finished(key(3), attempt(3, Outcome.REFUSED, "größe"))
    crash(journal)
    found = replay(journal.path)

    assert [(each.key, each.attempt) for each in found.acked] == [
        (key(1), attempt(1)),
        (key(3), attempt(3, Outcome.REFUSED, "größe")),
    ]
    assert found.in_doubt == [key(2)]
    assert found.quarantined_bytes == 0
    assert (found.header.worker, found.header.pid) == ("worker-1", os.getpid())


@pytest.mark.parametrize("outcome", list(Outcome))
@pytest.mark.parametrize("phase", list(Phase))
def test_every_outcome_and_phase_comes_back(outcome, phase, tmp_path):
    """The numbers on disk stand for the same words."""
    said = Attempt(5, outcome, phase, Reply(0, "", ""), "", NOW, NOW)
    journal = begin(tmp_path)
    journal.finished(key(5), said)
    crash(journal)

    assert replay(journal.path).acked[0].attempt == said


def test_a_long_reply_is_cut_between_characters(tmp_path):
    """512 bytes, and still text."""
    journal = begin(tmp_path)
    journal.finished(key(1), attempt(text="é" * 400))
    crash(journal)

    assert replay(journal.path).acked[0].attempt.reply.text == "é" * 256


def test_only_we_can_read_it(tmp_path):
    """Addresses stay out of it, but replies may hold them."""
    assert begin(tmp_path).path.stat().st_mode & 0o777 == 0o600


def test_a_torn_tail_costs_only_itself(tmp_path):
    """Cut at any byte: what was whole before it counts, and nothing is thrown away."""
    journal = begin(tmp_path)
    journal.about_to_complete(key(1))
    journal.finished(key(1), attempt(1))
    crash(journal)
    whole = journal.path.read_bytes()
    for size in range(len(whole)):
        journal.path.write_bytes(whole[:size])
        found = replay(journal.path)
        quarantine = journal.path.with_suffix(".quarantine")
        torn = quarantine.read_bytes() if quarantine.exists() else b""
        quarantine.unlink(missing_ok=True)

        assert found.acked == []
        assert journal.path.read_bytes() + torn == whole[:size]
        assert found.quarantined_bytes == len(torn)


def test_replaying_twice_says_the_same(tmp_path):
    """A crash during recovery is only another recovery."""
    journal = begin(tmp_path)
    journal.about_to_complete(key(2))
    journal.finished(key(1), attempt(1))
    crash(journal)
    with journal.path.open("ab") as file:
        file.write(b"garbage")
    first, second = replay(journal.path), replay(journal.path)

    assert (first.acked, first.in_doubt, first.quarantined_bytes) == (second.acked, second.in_doubt, 7)
    assert second.quarantined_bytes == 0


def test_a_doubled_file_says_everything_once(tmp_path):
    """A copy appended to itself, as a careless backup makes it."""
    journal = begin(tmp_path)
    journal.about_to_complete(key(2))
    journal.finished(key(1), attempt(1))
    crash(journal)
    journal.path.write_bytes(journal.path.read_bytes() * 2)
    found = replay(journal.path)

    assert len(found.acked) == 1
    assert found.in_doubt == [key(2)]
    assert found.quarantined_bytes == 0


def test_a_journal_of_another_version_is_left_for_a_person(tmp_path):
    """Guessing at another program's records would be worse than reporting them."""
    journal = begin(tmp_path)
    journal.finished(key(1), attempt(1))
    crash(journal)
    data = bytearray(journal.path.read_bytes())
    data[8] = 99
    journal.path.write_bytes(data)

    assert replay(journal.path).acked == []
    assert journal.path.with_suffix(".quarantine").read_bytes() == data


PIECES = st.lists(
    st.binary(max_size=60)
    | st.builds(lambda n: mark_bytes(key(n)), st.integers(0, 9))
    | st.builds(lambda n: ack_bytes(key(n), attempt(n)), st.integers(0, 9))
    | st.builds(lambda n, at: ack_bytes(key(n), attempt(n))[at:], st.integers(0, 9), st.integers(1, 40)),
    max_size=12,
)


@given(PIECES, st.booleans())
def test_no_bytes_stop_a_recovery(pieces, with_header):
    """Whatever is in the file: never an error, never a record that was not written, no byte lost."""
    with TemporaryDirectory() as folder:
        journal = begin(Path(folder))
        crash(journal)
        data = (journal.path.read_bytes() if with_header else b"") + b"".join(pieces)
        journal.path.write_bytes(data)
        found = replay(journal.path)
        quarantine = journal.path.with_suffix(".quarantine")
        torn = quarantine.read_bytes() if quarantine.exists() else b""

        assert journal.path.read_bytes() + torn == data
        assert found.quarantined_bytes == len(torn)
        assert all(each.attempt == attempt(each.key.delivery_id) for each in found.acked)
        assert not {each.key for each in found.acked} & set(found.in_doubt)


@given(st.binary(max_size=300), st.integers(0, 400), st.data())
def test_a_flipped_byte_never_becomes_an_outcome(noise, at, data):
    """The checksum, not luck."""
    with TemporaryDirectory() as folder:
        journal = begin(Path(folder))
        for number in range(4):
            journal.finished(key(number), attempt(number))
        crash(journal)
        content = bytearray(journal.path.read_bytes())
        content[at % len(content)] ^= data.draw(st.integers(1, 255))
        journal.path.write_bytes(bytes(content) + noise)

        assert all(each.attempt == attempt(each.key.delivery_id) for each in replay(journal.path).acked)


def test_committed_records_are_forgotten_and_the_others_are_not(tmp_path):
    """What the database has need not be replayed; a message in flight must be."""
    journal = begin(tmp_path)
    journal.about_to_complete(key(1))
    journal.finished(key(1), attempt(1))
    journal.about_to_complete(key(2))
    journal.truncate_after_commit([key(1)])
    journal.truncate_after_commit([])

    assert replay(journal.path).in_doubt == [key(2)]

    journal.finished(key(2), attempt(2))
    journal.truncate_after_commit([key(2)])

    assert replay(journal.path).acked == []


def test_a_long_run_does_not_grow_the_journal_without_end(tmp_path):
    """It is rewritten with what is still open, under its name and its lock."""
    journal = begin(tmp_path)
    journal.about_to_complete(key(0))
    for number in range(1, 30_000):
        journal.about_to_complete(key(number))
        journal.finished(key(number), attempt(number))
        if number % 20 == 0:
            journal.truncate_after_commit([key(each) for each in range(number - 19, number + 1)])

    assert journal.path.stat().st_size < 2 * REWRITE_ABOVE
    assert orphans(tmp_path) == []
    assert key(0) in replay(journal.path).in_doubt
    assert [path.name for path in tmp_path.iterdir()] == ["worker-1.journal"]


def test_a_clean_end_leaves_nothing_behind(tmp_path):
    """Nothing to recover, no file."""
    journal = begin(tmp_path)
    journal.finished(key(1), attempt(1))
    journal.truncate_after_commit([key(1)])
    journal.discard()

    assert list(tmp_path.iterdir()) == []


def test_an_end_with_open_records_leaves_them(tmp_path):
    """Somebody will recover them."""
    journal = begin(tmp_path)
    journal.about_to_complete(key(1))
    journal.discard()

    assert orphans(tmp_path) == [journal.path]


def test_a_journal_that_is_only_closed_still_says_that_nothing_was_tried(tmp_path):
    """Its worker's claims may not have been given back; without the file they would be in doubt."""
    journal = begin(tmp_path)
    journal.close()

    assert orphans(tmp_path) == [journal.path]


def test_a_living_workers_journal_is_nobody_elses(tmp_path):
    """The lock says who lives."""
    living, dead = begin(tmp_path, "living"), begin(tmp_path, "dead")
    crash(dead)

    assert orphans(tmp_path) == [dead.path]
    assert adopt(living.path) is None


def test_two_recoveries_at_once_are_one(tmp_path):
    """Whoever comes second finds it taken, or gone."""
    dead = begin(tmp_path)
    dead.finished(key(1), attempt(1))
    crash(dead)
    first = adopt(dead.path)

    assert first is not None
    assert adopt(dead.path) is None
    assert len(first.replay().acked) == 1

    first.discard()

    assert adopt(dead.path) is None
    assert orphans(tmp_path) == []


def test_a_worker_does_not_start_over_its_own_unrecovered_journal(tmp_path):
    """Overwriting it would lose what it says."""
    journal = begin(tmp_path)
    journal.about_to_complete(key(1))
    crash(journal)

    with pytest.raises(JournalFailed, match="recover"):
        begin(tmp_path)
    assert replay(journal.path).in_doubt == [key(1)]


def test_a_full_disk_leaves_no_half_record(tmp_path, monkeypatch):
    """The failure is told, and what is written after space was made can be read."""
    journal = begin(tmp_path)
    journal.finished(key(1), attempt(1))
    real = os.write
    monkeypatch.setattr(journal_module.os, "write", lambda fd, data: real(fd, data[:10]))
    with pytest.raises(JournalFailed, match="space"):
        journal.about_to_complete(key(2))
    monkeypatch.setattr(journal_module.os, "write", real)
    journal.finished(key(3), attempt(3))
    crash(journal)

    assert [each.key for each in replay(journal.path).acked] == [key(1), key(3)]


def test_a_failed_sync_is_final(tmp_path, monkeypatch):
    """A second fsync would claim success for what the first one lost."""
    journal = Journal(tmp_path, "worker-1", clock=CLOCK, sync=True)
    journal.finished(key(1), attempt(1))

    def fail(fd: int) -> None:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(journal_module.os, "fdatasync", fail)
    with pytest.raises(JournalFailed, match="Input/output"):
        journal.finished(key(2), attempt(2))
    monkeypatch.undo()
    with pytest.raises(JournalFailed, match="start this worker again"):
        journal.finished(key(3), attempt(3))


def test_a_folder_that_is_not_there_is_told(tmp_path):
    """One line, with the path."""
    with pytest.raises(JournalFailed, match="nowhere"):
        begin(tmp_path / "nowhere")
