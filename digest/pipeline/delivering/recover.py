"""Recover: what a sender that died was doing, from its journal, before anything new is claimed.

A message with a recorded reply is settled by it. One that may have been complete, without a reply, is in
doubt. One that was claimed and never got that far is simply ready again; but the message that was just being made
when its sender ended for the second time is put aside for a person to look at, so that all others get theirs.
Without a journal, or with one that nobody can read, all that its sender had claimed is in doubt. So it is when the
machine itself ended: journals are not synced, and the last records may be missing.

Where senders share the rows, a lease that ended proves nobody dead. The owner may be frozen, with its journal locked,
or on another machine, and its message still on the wire: such a row waits as long as that message may be answered.
"""

from __future__ import annotations

from contextlib import closing
from datetime import timedelta

from sqlalchemy import Connection

from digest.delivery.journal import Orphan, adopt, boot_id, orphans
from digest.delivery.making import take_note
from digest.delivery.records import Key
from digest.log import get_logger
from digest.model.delivery import Attempt, DeliveryState, Outcome, Phase, Reply
from digest.model.newsletter import Newsletter
from digest.pipeline.delivering.settle import REPLY_TIMEOUT, in_doubt, settle
from digest.pipeline.installation import Installation
from digest.store import dispatching
from digest.store.dispatching import Claim, Result
from digest.store.newsletters import load_newsletters

_LOST = Reply(0, "", "the sender ended before the server's reply was recorded")


def recover(house: Installation) -> int:
    """Settle every claim of senders that are gone; return how many. The caller holds the sender lock."""
    house.state_folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    settled = 0
    for path in orphans(house.state_folder):
        orphan = adopt(path)
        if orphan is None:
            continue
        with closing(orphan):  # whoever fails here leaves it to be recovered by the next
            settled += _recover_one(house, orphan, path.stem)
    with house.engine.begin() as connection:
        if house.shares_rows:
            left, wait = dispatching.lapsed_rows(connection, house.clock.now()), REPLY_TIMEOUT
        else:
            left, wait = dispatching.claimed_rows(connection), timedelta()
        _leave_in_doubt(house, connection, left, wait)
    return settled + len(left)


def _leave_in_doubt(house: Installation, connection: Connection, left: list[Claim], wait: timedelta) -> None:
    """Without its journal nobody can say how far a message got: in doubt, not lost and not sent blindly."""
    newsletters = load_newsletters(connection)
    dispatching.record(connection, [_doubt(house, newsletters[claim.newsletter], claim, wait) for claim in left])


def _recover_one(house: Installation, orphan: Orphan, worker: str) -> int:
    said = orphan.replay()
    if said.header is None:
        # It says nothing, not even that what it does not name was never begun. Its bytes are kept aside.
        get_logger().warning("journal_unreadable", worker=worker, quarantined=said.quarantined_bytes)
        with house.engine.begin() as connection:
            claims = _claims_of(worker, connection)
            _leave_in_doubt(house, connection, claims, timedelta())
        orphan.discard()
        return len(claims)
    with house.engine.begin() as connection:
        results = _results(house, connection, {each.key: each.attempt for each in said.acked}, said.in_doubt)
        dispatching.record(connection, results)
        # In the same transaction: without the journal these would look as if nobody knew of them.
        untried = _claims_of(worker, connection)
        making = take_note(house.state_folder, worker)
        if said.header.boot != boot_id():
            _leave_in_doubt(house, connection, untried, timedelta())
        else:
            dispatching.release(connection, [(each, house.clock.now()) for each in untried])
            if making in {claim.delivery_id for claim in untried}:
                dispatching.count_crashes(connection, [making], now=house.clock.now())
    orphan.discard()
    get_logger().info(
        "journal_replayed", acked=len(said.acked), in_doubt=len(said.in_doubt), quarantined=said.quarantined_bytes
    )
    return len(results) + len(untried)


def _claims_of(worker: str, connection: Connection) -> list[Claim]:
    return [claim for claim in dispatching.claimed_rows(connection) if claim.worker == worker]


def _results(house: Installation, connection: Connection, acked: dict[Key, Attempt], marks: list[Key]) -> list[Result]:
    """Return what the journal says of rows that are still as its owner left them, and of any that a server took."""
    held = {
        Key(claim.delivery_id, claim.attempt_no, claim.token): claim for claim in dispatching.claimed_rows(connection)
    }
    newsletters = load_newsletters(connection)
    results = [
        settle(held[key], attempt, newsletters[held[key].newsletter], jitter=0.5)
        for key, attempt in acked.items()
        if key in held
    ]
    results += [_doubt(house, newsletters[held[key].newsletter], held[key]) for key in marks if key in held]
    # The owner may have lost the row to others before it died; the server's yes holds whoever has it by now.
    late = {key.delivery_id: key for key, each in acked.items() if key not in held and each.outcome is Outcome.SENT}
    for claim in dispatching.unsent_rows(connection, late):
        key = late[claim.delivery_id]
        results.append(Result(claim._replace(attempt_no=key.attempt_no), acked[key], DeliveryState.SENT))
    return results


def _doubt(house: Installation, newsletter: Newsletter, claim: Claim, wait: timedelta = timedelta()) -> Result:
    """Return the row in doubt; an owner that is known to be dead waits for no reply, so neither does the row."""
    now = house.clock.now()
    attempt = Attempt(claim.delivery_id, Outcome.IN_DOUBT, Phase.DOT, _LOST, "", now, now)
    return in_doubt(claim, attempt, newsletter.in_doubt, ready_at=now + wait)
