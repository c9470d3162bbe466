"""Make the digests of events anew whose deliveries wait for that: an event was cancelled, or the key is gone."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from sqlalchemy import Connection

from digest.model.event import Outcome
from digest.pipeline.composing.planned import Planned, planned_rows
from digest.pipeline.events.close_windows import EVENTS, Desk, Mail, make_safely, save_mails
from digest.pipeline.installation import Installation
from digest.store import windows
from digest.store.engine import reading
from digest.store.newsletters import load_newsletter

_ROUNDS = 10


def remake_events(house: Installation, slug: str, edition_id: int, period: str) -> Planned:
    """Plan the rows of an edition of events that wait for a new plan; nobody else gets anything."""
    done = Planned()
    for _ in range(_ROUNDS):
        with reading(house.engine) as connection:
            _, newsletter = load_newsletter(connection, slug)
            found = windows.windows_to_remake(connection, edition_id)
            ids = [each.window_id for some in found.values() for each in some]
            events = windows.members(connection, ids, Outcome.GATHERED)
        if not found or newsletter.stream is None:
            return done
        desk = Desk(house, newsletter, newsletter.stream, period.partition(EVENTS)[0])
        now = house.clock.now()
        mails = {number: make_safely(desk, tuple(some), events, now) for number, some in found.items()}
        with house.engine.begin() as connection:
            done.add(_write(connection, house, edition_id, desk, mails))
    return done


def _write(
    connection: Connection, house: Installation, edition_id: int, desk: Desk, mails: Mapping[int, Mail]
) -> Planned:
    stand = windows.still_to_remake(connection, {number: mail.windows for number, mail in mails.items()})
    wanted = [(number, mail) for number, mail in mails.items() if number in stand]
    digest_ids = save_mails(
        connection, house, [mail for _, mail in wanted], [(edition_id, False)] * len(wanted), desk.day
    )
    counted: Counter[str] = Counter()
    for (number, mail), digest_id in zip(wanted, digest_ids, strict=True):
        windows.replan(connection, number, digest_id, mail.reason, house.clock.now())
        windows.expire(connection, mail.expired)
        counted[mail.reason] += 1
    return planned_rows(counted)
