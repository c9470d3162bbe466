"""A worker's append-only journal: what a crash must not lose, on disk before the next byte on the wire.

One record before the bytes that can complete a message (D), one after the reply (A). A plain `write()`
survives the death of the process; `sync=True` pays for surviving the machine's as well. Whoever holds the
file's lock owns it: a living worker, or whoever recovers a dead one's.
"""

from __future__ import annotations

import errno
import fcntl
import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from digest.clock import Clock
from digest.delivery.records import Acked, Header, Key, ack_bytes, header_bytes, mark_bytes, read_record
from digest.errors import DeliveryError
from digest.model.delivery import Attempt

SUFFIX = ".journal"
REWRITE_ABOVE = 1 << 20  # bytes; below, committed records are left where they are
_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


class JournalFailed(DeliveryError):
    """Nothing may be sent: the journal cannot be written."""


@dataclass(frozen=True, slots=True)
class Replayed:
    """What a dead worker's journal says.

    `acked` in the order of writing, each attempt once; `in_doubt` are the marks without an outcome.
    `header` is None when not even that could be read. `quarantined_bytes` were moved to `*.quarantine`.
    """

    acked: list[Acked]
    in_doubt: list[Key]
    quarantined_bytes: int
    header: Header | None = None


class Journal:
    """The journal of a living worker, locked for as long as it is open."""

    def __init__(self, folder: Path, worker: str, *, clock: Clock, sync: bool = False) -> None:
        """Begin a journal in *folder* (0600). Raises JournalFailed when this worker left one to recover."""
        self.path = folder / f"{worker}{SUFFIX}"
        self._header = header_bytes(Header(worker, os.getpid(), boot_id(), clock.now()))
        self._sync = sync
        self._kept: dict[Key, bytes] = {}  # not yet committed: what a rewrite must carry over
        self._is_dead = False
        fresh = self._fresh_path()
        try:
            self._fd = _create(fresh, self._header)
            try:
                self.path.hardlink_to(fresh)  # unlike a rename this never replaces what is to be recovered
            finally:
                fresh.unlink()
        except FileExistsError:
            os.close(self._fd)
            raise JournalFailed(f"{self.path} is still there; recover it before this worker starts") from None
        except OSError as error:
            raise self._failed(error) from error
        self._size = len(self._header)

    def about_to_complete(self, key: Key) -> None:
        """Write that the message may be complete from now on. Raises JournalFailed: then do not send it."""
        self._append(key, mark_bytes(key))

    def finished(self, key: Key, attempt: Attempt) -> None:
        """Write what came of it. Raises JournalFailed."""
        self._append(key, ack_bytes(key, attempt))

    def truncate_after_commit(self, committed: Iterable[Key]) -> None:
        """Forget the *committed* attempts, and give their space back when it pays.

        Marks and outcomes that are not committed stay, whatever the moment of a crash: the file shrinks in
        place only when nothing is left, otherwise a new one replaces it at once.
        """
        for key in committed:
            self._kept.pop(key, None)
        try:
            if not self._kept:
                os.ftruncate(self._fd, len(self._header))
                self._size = len(self._header)
            elif self._size > REWRITE_ABOVE:
                self._rewrite()
        except OSError as error:
            raise self._failed(error) from error

    def discard(self) -> None:
        """Remove it, once the database has every outcome and every claim given back; then close it.

        With an outcome that is not known to be committed it stays, for recovery.
        """
        if self._fd >= 0 and not self._kept:
            self.path.unlink(missing_ok=True)
        self.close()

    def close(self) -> None:
        """Release it as it is. Empty it still says something: that what its worker had claimed was not tried."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1

    def _append(self, key: Key, record: bytes) -> None:
        if self._is_dead:
            raise JournalFailed(f"{self.path} failed to reach the disk; check it and start this worker again")
        try:
            _write_whole(self._fd, record)
        except OSError as error:
            self._cut_off_torn_record()
            raise self._failed(error) from error
        if self._sync:
            try:
                os.fdatasync(self._fd)
            except OSError as error:
                self._is_dead = True  # a second fsync would claim success for what the first one lost
                raise self._failed(error) from error
        self._size += len(record)
        self._kept[key] = record

    def _cut_off_torn_record(self) -> None:
        """Leave no half record behind: all that is written after it could not be read again."""
        try:
            os.ftruncate(self._fd, self._size)
        except OSError as error:
            raise self._failed(error) from error

    def _rewrite(self) -> None:
        fresh = self._fresh_path()
        content = self._header + b"".join(self._kept.values())
        fd = _create(fresh, content)
        try:
            if self._sync:
                os.fdatasync(fd)
            fresh.rename(self.path)
        except OSError:
            os.close(fd)
            raise
        os.close(self._fd)
        self._fd, self._size = fd, len(content)

    def _fresh_path(self) -> Path:
        """Return where a journal is made before it gets its name, so that nobody adopts half of one."""
        fresh = self.path.with_suffix(f".{os.getpid()}.new")
        fresh.unlink(missing_ok=True)
        return fresh

    def _failed(self, error: OSError) -> JournalFailed:
        return JournalFailed(f"cannot write {self.path}: {error.strerror}; nothing is sent until that is mended")


class Orphan:
    """A dead worker's journal, locked by whoever recovers it."""

    def __init__(self, path: Path, fd: int) -> None:
        self.path = path
        self._fd = fd

    def replay(self) -> Replayed:
        """Return what it says; see `replay`."""
        return replay(self.path)

    def discard(self) -> None:
        """Remove it, once the database has all that it said."""
        self.path.unlink(missing_ok=True)
        self.close()

    def close(self) -> None:
        """Release it as it is; somebody else may recover it."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1


def orphans(folder: Path) -> list[Path]:
    """Return the journals in *folder* that no living process holds, by name."""
    found = []
    for path in sorted(folder.glob(f"*{SUFFIX}")):
        orphan = adopt(path)
        if orphan is not None:
            orphan.close()
            found.append(path)
    return found


def adopt(path: Path) -> Orphan | None:
    """Take over the journal at *path*; None when a living process holds it or it is gone."""
    try:
        fd = os.open(path, os.O_RDWR | os.O_CLOEXEC)
    except FileNotFoundError:
        return None
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        is_same_file = os.fstat(fd).st_ino == path.stat().st_ino
    except (BlockingIOError, FileNotFoundError):
        is_same_file = False
    if not is_same_file:  # locked, or replaced or removed between opening and locking
        os.close(fd)
        return None
    return Orphan(path, fd)


def replay(path: Path) -> Replayed:
    """Return what the journal at *path* says, whatever bytes are in it.

    The good prefix counts. What follows the first record that is torn or makes no sense is moved to
    `<name>.quarantine` for a person to look at. Twice the same gives the same answer. Raises OSError only
    when the file cannot be read or written.
    """
    data = path.read_bytes()
    header: Header | None = None
    acked: dict[Key, Acked] = {}
    marks: dict[Key, None] = {}
    at = 0
    while found := read_record(data, at):
        record, following = found
        if header is None and not isinstance(record, Header):
            break  # without a header it is no journal
        at = following
        if isinstance(record, Header):
            header = header or record
        elif isinstance(record, Acked):
            acked.setdefault(record.key, record)
        else:
            marks[record] = None
    if at < len(data):
        _quarantine(path, data[at:], at)
    in_doubt = [key for key in marks if key not in acked]
    return Replayed(list(acked.values()), in_doubt, len(data) - at, header)


def boot_id() -> bytes:
    """Return the 16 bytes that name this start of the machine; zeros where the system has no such name."""
    try:
        return bytes.fromhex(_BOOT_ID.read_text().strip().replace("-", ""))
    except (OSError, ValueError):
        return bytes(16)


def _quarantine(path: Path, tail: bytes, good: int) -> None:
    """Append *tail* to the quarantine file and cut the journal after *good* bytes, in that order."""
    fd = os.open(path.with_suffix(".quarantine"), os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
    with os.fdopen(fd, "ab") as quarantine:
        quarantine.write(tail)
        quarantine.flush()
        os.fsync(quarantine.fileno())
    os.truncate(path, good)


def _create(path: Path, content: bytes) -> int:
    """Return the locked descriptor of a new file (0600) with *content*."""
    fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_APPEND | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        _write_whole(fd, content)
    except OSError:
        os.close(fd)
        path.unlink(missing_ok=True)
        raise
    return fd


def _write_whole(fd: int, data: bytes) -> None:
    if os.write(fd, data) != len(data):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
