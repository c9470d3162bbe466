"""Watch: every minute, what is wrong becomes an alert, and operators get a mail of each; what is mended is closed.

Alerts are worked out from what there is, never sent from where something fails: so none is lost with a process, and
each ends when its cause does. Webhooks tell of them as of anything else that happens.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from digest.log import get_logger
from digest.model.alert import Alert, AlertKind, Cause
from digest.model.delivery import Outcome
from digest.pipeline.delivering.sending import Sending
from digest.pipeline.installation import Installation
from digest.pipeline.staff.alert_mail import mail_of
from digest.pipeline.staff.send_apart import send_apart
from digest.store import alerts
from digest.store.alert_causes import causes_in
from digest.store.audit import record
from digest.store.engine import reading
from digest.store.lock import Alone, is_alone

EVERY = 60.0  # seconds
MAILED_EVERY = timedelta(hours=1)  #: one cause has one mail in this time at most
_SETTLED = frozenset({Outcome.SENT, Outcome.IN_DOUBT, Outcome.REFUSED})
_LEAST_FREE, _LEAST_SHARE = 500_000_000, 0.05  # bytes, of the disk
Free = Callable[[Path], tuple[int, int]]


@dataclass(frozen=True, slots=True)
class Watched:
    """What one look did: alerts opened, mails sent."""

    opened: int = 0
    mailed: int = 0


def room_on(folder: Path) -> tuple[int, int]:
    """Return how many bytes are free where *folder* is, and of how many."""
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    usage = shutil.disk_usage(folder)
    return usage.free, usage.total


def watch(
    house: Installation, sending: Sending | None = None, operators: Collection[str] = (), *, free: Free = room_on
) -> Watched:
    """Look at everything once; *operators* are the addresses that get mails, by the servers of *sending*."""
    now = house.clock.now()
    local = [*_of_this_machine(house, free), *_of_relays(sending)]
    with house.engine.begin() as connection:
        if not is_alone(connection, Alone.WATCH):
            return Watched()
        opened = alerts.keep_causes(connection, [*causes_in(connection, now), *local], now)
        waiting = alerts.to_be_mailed(connection, now - MAILED_EVERY, now) if operators and sending else []
        for each in waiting:  # before they are sent: two at once would tell twice
            alerts.note_mailed(connection, each.alert_id, now)
    mailed = _mail(house, sending, operators, waiting) if sending and waiting else 0
    if opened:
        get_logger().warning("alerts_opened", opened=opened, mailed=mailed)
    return Watched(opened, mailed)


def put_aside(house: Installation, alert_id: int, *, by: str) -> Alert:
    """Note that *by* has seen an alert; it is told of no more while its cause lasts. Raises NotFound."""
    now = house.clock.now()
    with house.engine.begin() as connection:
        found = alerts.put_aside(connection, alert_id, by=by, now=now)
        record(connection, by, "alert.put_aside", f"alert {found.cause.kind} {found.cause.subject}", now=now)
    return found


def _mail(house: Installation, sending: Sending, operators: Collection[str], waiting: list[Alert]) -> int:
    with reading(house.engine) as connection:
        mails = [(each, mail_of(house, connection, each, sorted(operators))) for each in waiting]
    envelopes = [envelope for _, some in mails for envelope in some]
    tries = send_apart(house, sending, [one._replace(delivery_id=place) for place, one in enumerate(envelopes)])
    # Refused for good it would be refused again; in doubt it may have come. Neither is tried each minute.
    taken = {each.delivery_id for each in tries if each.outcome in _SETTLED}
    number, done = 0, 0
    with house.engine.begin() as connection:
        for each, some in mails:
            if any(number + place in taken for place in range(len(some))):
                done += 1
            else:  # nobody heard of it: the next look tries again
                alerts.note_mailed(connection, each.alert_id, None)
            number += len(some)
    return done


def _of_this_machine(house: Installation, free: Free) -> Iterator[Cause]:
    folder = house.state_folder
    left, whole = free(folder)
    if left < _LEAST_FREE or left < whole * _LEAST_SHARE:
        says = f"{left / 1e9:.1f} GB are left of {whole / 1e9:.0f} GB at {folder}: without room nothing can be sent"
        yield Cause(AlertKind.DISK_FULL, str(folder)[-200:], says)
    damaged = [each for each in sorted(folder.glob("**/*.quarantine")) if each.stat().st_size]
    for each in damaged:
        says = f"part of a journal could not be read and lies in {each}; look at what was sent then, and move it away"
        yield Cause(AlertKind.JOURNAL_DAMAGED, str(each)[-200:], says)


def _of_relays(sending: Sending | None) -> Iterator[Cause]:
    if sending is None:
        return
    for relay, breaker in zip(sending.relays, sending.breakers, strict=False):
        if breaker.is_failing:
            says = f"the mail server {relay.server} failed again and again; what it says: digest doctor"
            yield Cause(AlertKind.RELAY_DOWN, relay.server, says)
