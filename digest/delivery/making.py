"""Which message a worker is making at this instant, for whoever finds it dead.

Eight bytes in a mapped file: they outlive the process, whatever killed it, and cost a tenth of a microsecond,
which a record in the journal would not.
"""

from __future__ import annotations

import mmap
import os
from pathlib import Path

from digest.errors import DeliveryError

SUFFIX = ".making"
_WIDTH = 8


class Making:
    """The note of a living worker. Without a disk to keep it on it says nothing, and harms nothing."""

    def __init__(self, folder: Path, worker: str) -> None:
        """Begin a note in *folder* (0600); raises DeliveryError when it cannot be written."""
        self._path = folder / f"{worker}{SUFFIX}"
        try:
            fd = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
            try:
                # Written, not only made so long: a page that finds no room later ends the process (SIGBUS).
                os.write(fd, bytes(_WIDTH))
                self._note = mmap.mmap(fd, _WIDTH)
            finally:
                os.close(fd)
        except OSError as error:
            raise DeliveryError(
                f"cannot write {self._path}: {error.strerror}; nothing is sent until that is mended"
            ) from error

    def begin(self, delivery_id: int) -> None:
        """Note that the message of *delivery_id* is being made."""
        self._note[:] = delivery_id.to_bytes(_WIDTH, "little")

    def end(self) -> None:
        """Note that it is made."""
        self._note[:] = bytes(_WIDTH)

    def close(self) -> None:
        """Remove the note: this worker ends in good order."""
        self._note.close()
        self._path.unlink(missing_ok=True)


def take_note(folder: Path, worker: str) -> int | None:
    """Return the delivery whose message a dead *worker* was making, None for none; the note is gone then."""
    path = folder / f"{worker}{SUFFIX}"
    try:
        number = int.from_bytes(path.read_bytes()[:_WIDTH], "little")
    except FileNotFoundError:
        return None
    path.unlink(missing_ok=True)
    return number or None
