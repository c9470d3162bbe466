"""Eight bugs that mailers have had, each to be put into the product: the simulation must catch every one."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from datetime import timedelta
from typing import Any
from unittest import mock

from digest.delivery.journal import Journal
from digest.delivery.records import Key
from digest.delivery.session import Session, Verdict
from digest.model.delivery import Attempt, DeliveryState, Outcome, Reply
from digest.pipeline.delivering import dispatch as sender
from digest.pipeline.delivering import settle
from digest.pipeline.installation import Installation
from digest.store import dispatching
from digest.store.dispatching import Claim, Result
from digest.store.prepared import Prepared

_CHECKPOINT = Prepared("UPDATE deliveries SET state = 'sent', lease_until = NULL WHERE id = ?")
_FORGET = Prepared("UPDATE deliveries SET state = 'deferred', lease_until = NULL WHERE id = ?")
_OWNER = Prepared("SELECT 1 FROM deliveries WHERE id = ? AND token = ? AND state = 'claimed'")


@contextmanager
def checkpoint_at_fetch() -> Iterator[None]:
    """What is fetched counts as sent."""
    claim = dispatching.claim

    def fetch(ledger: Any, **which: Any) -> list[Claim]:
        claims = claim(ledger, **which)
        _CHECKPOINT.run_many(ledger, [(each.delivery_id,) for each in claims])
        return claims

    with mock.patch.object(dispatching, "claim", fetch):
        yield


@contextmanager
def commit_per_batch() -> Iterator[None]:
    """Replies are kept in memory until a batch is full."""
    with mock.patch.object(Journal, "finished"), mock.patch.object(sender, "_GROUP_FOR", 5.0):
        yield


@contextmanager
def no_barrier() -> Iterator[None]:
    """The next message is begun before the reply to this one is on record."""
    finished, kept = Journal.finished, dict[Journal, tuple[Key, Attempt]]()

    def later(journal: Journal, key: Key, attempt: Attempt) -> None:
        if journal in kept:
            finished(journal, *kept.pop(journal))
        kept[journal] = (key, attempt)

    with mock.patch.object(Journal, "finished", later):
        yield


@contextmanager
def resend_at_once() -> Iterator[None]:
    """A message in doubt goes out again while the server may still be taking it."""
    with mock.patch.object(settle, "REPLY_TIMEOUT", timedelta()):
        yield


@contextmanager
def owner_check_on_ack() -> Iterator[None]:
    """A yes that comes after the lease has ended is thrown away."""
    record = dispatching.record

    def of_owner(ledger: Any, results: Sequence[Result]) -> None:
        record(
            ledger,
            [
                each
                for each in results
                if each.state is not DeliveryState.SENT
                or _OWNER.rows(ledger, (each.claim.delivery_id, each.claim.token))
            ],
        )

    with mock.patch.object(dispatching, "record", of_owner):
        yield


@contextmanager
def watermark_by_id() -> Iterator[None]:
    """What has a lower number than the last that was fetched counts as done."""
    claim, mark = dispatching.claim, 0

    def above(ledger: Any, **which: Any) -> list[Claim]:
        nonlocal mark
        claims = claim(ledger, **which)
        _FORGET.run_many(ledger, [(each.delivery_id,) for each in claims if each.delivery_id <= mark])
        claims = [each for each in claims if each.delivery_id > mark]
        mark = max([mark, *(each.delivery_id for each in claims)])
        return claims

    with mock.patch.object(dispatching, "claim", above):
        yield


@contextmanager
def retry_without_phase() -> Iterator[None]:
    """A lost connection means another try, whatever had been sent."""

    def again(session: Session, reply: Reply) -> Verdict:
        assert session.phase is not None
        return Verdict(Outcome.DEFERRED, session.phase, reply)

    with mock.patch.object(Session, "_without_answer", again):
        yield


@contextmanager
def sweeper_off() -> Iterator[None]:
    """Nobody takes back what a dead sender held."""

    def nobody(house: Installation) -> int:
        house.state_folder.mkdir(parents=True, exist_ok=True)
        return 0

    with mock.patch.object(sender, "recover", nobody):
        yield


BUGS: tuple[Callable[[], AbstractContextManager[None]], ...] = (
    checkpoint_at_fetch,
    commit_per_batch,
    no_barrier,
    resend_at_once,
    owner_check_on_ack,
    watermark_by_id,
    retry_without_phase,
    sweeper_off,
)
