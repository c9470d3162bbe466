"""The sender without its journal, its ledger or its small groups, to see what the real ones cost.

The stand-ins do nothing, except the last: it commits after 200 messages, as senders do that may lose or double them.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from datetime import datetime
from typing import Any, TypeVar
from unittest.mock import patch

from sqlalchemy import text

import digest.pipeline.delivering.dispatch as sender
from digest.pipeline.installation import Installation
from digest.store import dispatching
from digest.store.dispatching import Claim

T = TypeVar("T")
#: What `--without` may name -> what is replaced.
WITHOUT = {
    "both": ("journal", "ledger"),
    "journal": ("journal",),
    "ledger": ("ledger",),
    "small-groups": ("journal", "small-groups"),
}


class NoJournal:
    """Writes nothing."""

    def __init__(self, *_: Any, **__: Any) -> None:
        """Open nothing."""

    def about_to_complete(self, _key: object) -> None:
        """Write nothing."""

    def finished(self, _key: object, _attempt: object) -> None:
        """Write nothing."""

    def truncate_after_commit(self, _committed: object) -> None:
        """Forget nothing."""

    def discard(self) -> None:
        """Remove nothing."""

    def close(self) -> None:
        """Close nothing."""


class NoLedger:
    """Hands out claims that were made beforehand, and writes down nothing: no statement, no commit."""

    def __init__(self, house: Installation) -> None:
        self._house = house
        with house.engine.begin() as connection:
            rows = connection.execute(
                text(
                    "SELECT d.id, d.token + 1, d.attempt_no + 1, d.digest_id, d.edition_id, d.subscriber_id,"
                    " d.subscription_id, d.plan_no, d.doubt_count, d.address, d.name, n.slug"
                    " FROM deliveries d JOIN editions e ON e.id = d.edition_id"
                    " JOIN newsletters n ON n.id = e.newsletter_id"
                    " WHERE d.next_attempt_at IS NOT NULL ORDER BY d.next_attempt_at, d.id"
                )
            )
            self._rows = deque(tuple(row) for row in rows)
            # The end of a run looks at what is left; it must find as little as after a real one.
            connection.execute(text("UPDATE deliveries SET state = 'sent', next_attempt_at = NULL"))

    def opened(self, _engine: object) -> NoLedger:
        """Stand for a connection to the database."""
        return self

    def transact(self, work: Callable[[NoLedger], T]) -> T:
        """Call *work*, in no transaction."""
        return work(self)

    def claim(self, _ledger: object, *, worker: str, limit: int, now: datetime, **_: object) -> list[Claim]:
        """Return the next *limit* rows."""
        return [Claim(*self._rows.popleft(), worker, now) for _ in range(min(limit, len(self._rows)))]

    def record(self, _ledger: object, _results: object) -> None:
        """Write nothing."""

    def close(self) -> None:
        """Close nothing."""


class LargeGroups(sender._Run):
    """Claims 200 messages in one transaction, and writes them down in the next one."""

    def __init__(self, *how: Any) -> None:
        super().__init__(*how)
        self._room = 200


@contextmanager
def stand_ins(house: Installation, without: Sequence[str]) -> Iterator[None]:
    """Let the sender be *without* the "journal", the "ledger" (claims, results, commits) or "small-groups"."""
    with ExitStack() as replaced:
        if "journal" in without:
            replaced.enter_context(patch.object(sender, "Journal", NoJournal))
        if "ledger" in without:
            ledger = NoLedger(house)
            replaced.enter_context(patch.object(sender, "Exchange", ledger.opened))
            replaced.enter_context(patch.object(dispatching, "claim", ledger.claim))
            replaced.enter_context(patch.object(dispatching, "record", ledger.record))
        if "small-groups" in without:
            replaced.enter_context(patch.object(sender, "_Run", LargeGroups))
            replaced.enter_context(patch.object(sender, "_GROUP_FOR", 60.0))
        yield
