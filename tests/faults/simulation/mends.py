"""Stands in for three corrections of the sender that the simulation asked for (docs/reliability.md, Simulation).

All are about a sender that was stopped for longer than its lease: what it has lost stays lost until it claims it
anew, what it claims anew it may send, and it does not claim what it still has under way itself. Once `digest.pipeline.dispatch` does so itself, this file goes.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from typing import Any
from unittest import mock

from digest.pipeline.dispatch import _Run
from digest.pipeline.leases import Leases
from digest.pipeline.settle import REPLY_TIMEOUT
from digest.store.dispatching import Claim
from digest.store.prepared import Prepared
from digest.store.tables import to_micros

_LATER = Prepared(
    "UPDATE deliveries SET state = CASE WHEN doubt_count > 0 THEN 'in_doubt' ELSE 'ready' END, lease_until = NULL,"
    " attempt_no = attempt_no - 1, next_attempt_at = ? WHERE id = ?"
)


@contextmanager
def mended() -> Iterator[None]:
    """Let a sender remember what it lost, and forget it with the next claim."""
    lost, claim = Leases.lost, _Run._record_and_claim

    def all_lost(leases: Leases, claimed: Collection[int]) -> frozenset[int]:
        gone = vars(leases).setdefault("gone", set())
        gone |= lost(leases, claimed)
        return frozenset(gone)

    def claim_anew(run: _Run, *arguments: Any) -> list[Claim]:
        claims = claim(run, *arguments)
        ledger, _, _, now = arguments
        own = [each.delivery_id for each in claims if each.delivery_id in run._out]
        _LATER.run_many(ledger, [(to_micros(now + REPLY_TIMEOUT), each) for each in own])
        claims = [each for each in claims if each.delivery_id not in own]
        anew = {each.delivery_id for each in claims}
        run._stops -= anew
        vars(run._leases).setdefault("gone", set()).difference_update(anew)
        return claims

    with mock.patch.object(Leases, "lost", all_lost), mock.patch.object(_Run, "_record_and_claim", claim_anew):
        yield
