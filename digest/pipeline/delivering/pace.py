"""How many mails a sender takes at a time."""

from __future__ import annotations

_AHEAD = 0.1  # seconds of sending
_MOST = 3  # times the least


class Pace:
    """Two mails for each connection; where others share the rows, as many as go out in a tenth of a second.

    There the database's answers are what is waited for. Those are six for each connection at most: one that is frozen
    keeps few from the others, and what is urgent waits for what is in hand, which with slow servers is two.
    """

    def __init__(self, connections: int, *, shares_rows: bool) -> None:
        self.room = 2 * connections  #: mails that one claim takes, and results that one commit has at most
        self._least = self.room
        self._shares_rows = shares_rows
        self._noted_at = 0.0

    def note(self, answered: int, at: float) -> None:
        """Note that so many mails were answered since the last time; *at* are seconds of a clock that only goes on."""
        if self._shares_rows and answered:
            soon = answered * _AHEAD / max(at - self._noted_at, 0.001)
            self.room = min(max(int(soon), self._least), _MOST * self._least)
            self._noted_at = at
