"""Changing many readers at once: who it is about is listed first, a person says yes, and it can be taken back.

Each batch is one transaction that writes what it changed and how far it has come, so a restart goes on from there.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Connection

from digest.errors import BadInput
from digest.model.chore import Chore, ChoreKind, ChoreState
from digest.model.segment import Condition
from digest.model.subscriber import SubscriptionState, SuppressionReason
from digest.pipeline.addresses import address_hash
from digest.pipeline.installation import Installation
from digest.pipeline.subscribers.reader_changes import EVENTS, UNDONE, Action, Standing, changed
from digest.pipeline.subscribers.segments import Known, as_pairs, read_conditions, read_day, what_is_known
from digest.pipeline.subscribers.suppression import suppressed_keys
from digest.store import chores, standings
from digest.store.audit import record
from digest.store.erasure import forget, overwrite_deleted, suppress
from digest.store.newsletters import newsletter_ids
from digest.store.profiles import interests_as_text, interests_from_text, profile_ids
from digest.store.reader_search import ids_of_readers
from digest.store.standings import Held
from digest.store.subscribers import add_consents
from digest.store.tables import from_micros, to_micros

REST = timedelta(hours=24)  #: between the word and an erasure, which nobody can take back
UNDOABLE = timedelta(days=30)  #: what was changed is kept so long
_AT_ONCE = 500  # readers in one transaction


@dataclass(frozen=True, slots=True)
class Change:
    """What is to be done: with a *topic* or *until* an instant where the action takes one; "" is every newsletter."""

    action: Action
    newsletter: str = ""
    topic: str = ""
    until: str = ""

    def as_json(self) -> dict[str, str]:
        """Return what `change_of` takes."""
        return {"action": self.action, "newsletter": self.newsletter, "topic": self.topic, "until": self.until}


def change_of(spec: Mapping[str, Any]) -> Change:
    """Return the change that a chore's spec holds."""
    return Change(Action(spec["action"]), spec["newsletter"], spec["topic"], spec["until"])


def read_change(said: Mapping[str, str], known: Known, now: datetime) -> Change:
    """Return what a form asks for: action, newsletter, topic, until; raises BadInput."""
    action, newsletter, topic, until = (
        said.get(name, "").strip() for name in ("action", "newsletter", "topic", "until")
    )
    if action not in Action.__members__.values():
        raise BadInput("choose what to do")
    if newsletter and newsletter not in known.newsletters:
        raise BadInput(f"there is no newsletter {newsletter[:40]!r}")
    if action in (Action.SUPPRESS, Action.ERASE):
        newsletter = ""  # an address is mailed or it is not
    if action not in (Action.FOLLOW, Action.UNFOLLOW):
        topic = ""
    elif topic not in known.topics:
        raise BadInput("choose a topic")
    if action != Action.PAUSE or not until:
        until = ""
    elif read_day(until) <= now.date():
        raise BadInput("a pause must end on a day that is still to come")
    return Change(Action(action), newsletter, topic, until)


def ask_for_change(
    house: Installation,
    who: str,
    change: Change,
    *,
    ids: Sequence[int] = (),
    conditions: Sequence[Condition] = (),
) -> int:
    """Write down a change of the readers *ids*, or of all who meet *conditions*, and return the chore's id.

    Nothing is changed before `agree`. Raises BadInput when nobody was chosen.
    """
    now = house.clock.now()
    spec = {**change.as_json(), "conditions": as_pairs(conditions), "after": 0}
    state, due = (ChoreState.ASKING, None) if ids else (ChoreState.LISTING, now)
    with house.engine.begin() as connection:
        there = sorted(standings.address_keys(connection, ids)) if ids else []
        if ids and not there:
            raise BadInput("nobody of these is there any more")
        chore_id = chores.add_chore(
            connection,
            ChoreKind.CHANGE,
            state,
            asked_by=who,
            spec=spec,
            now=now,
            due_at=due,
            total=len(there),
        )
        chores.add_rows(connection, chore_id, 0, there)
    return chore_id


def step(house: Installation, connection: Connection, chore: Chore) -> bool:
    """Do one batch of *chore*, which the caller holds, and return whether there is more to do at once."""
    match chore.state:
        case ChoreState.LISTING:
            return _list(connection, chore)
        case ChoreState.RUNNING:
            return _run(house, connection, chore)
        case ChoreState.RESTING:
            chores.change_chore(connection, chore.chore_id, state=ChoreState.ERASING.value, done=0)
            return True
        case ChoreState.ERASING:
            return _erase(house, connection, chore)
        case ChoreState.UNDOING:
            return _undo(house, connection, chore)
        case _:
            chores.change_chore(connection, chore.chore_id, due_at=None)
            return False


def _list(connection: Connection, chore: Chore) -> bool:
    conditions = read_conditions([(each[0], each[1]) for each in chore.spec["conditions"]], what_is_known(connection))
    ids, after = ids_of_readers(connection, conditions, after=chore.spec["after"])
    chores.add_rows(connection, chore.chore_id, chore.total, ids)
    values: dict[str, Any] = {"total": chore.total + len(ids), "spec": {**chore.spec, "after": after}}
    if not after:
        values |= {"state": ChoreState.ASKING.value, "due_at": None}
    chores.change_chore(connection, chore.chore_id, **values)
    return bool(after)


def _run(house: Installation, connection: Connection, chore: Chore) -> bool:
    change, now = change_of(chore.spec), house.clock.now()
    rows = chores.rows_after(connection, chore.chore_id, chore.done, _AT_ONCE)
    newsletter_id = newsletter_ids(connection).get(change.newsletter) if change.newsletter else None
    held = standings.held_by(connection, [row.subscriber_id for row in rows], newsletter_id)
    moved = [(each, after) for each in held if (after := _after(each, change, now)) != _before(each)]
    _write(connection, [(each.subscription_id, after) for each, after in moved])
    _log(connection, [each for each, _ in moved], EVENTS[change.action], chore.source, now)
    changes: dict[int, list[dict[str, Any]]] = {}
    for each, after in moved:
        one = {"subscription": each.subscription_id, "before": _plain(_before(each)), "after": _plain(after)}
        changes.setdefault(each.subscriber_id, []).append(one)
    if change.action is Action.SUPPRESS:
        for subscriber_id, hashed in _suppress(house, connection, [row.subscriber_id for row in rows], now).items():
            changes.setdefault(subscriber_id, []).append({"hash": hashed, "at": to_micros(now)})
    counts = Counter(chore.counts)
    for row in rows:
        counts["changed" if row.subscriber_id in changes else "unchanged"] += 1
        if row.subscriber_id in changes:
            chores.write_changes(connection, chore.chore_id, row.number, changes[row.subscriber_id])
    values: dict[str, Any] = {"counts": dict(counts), "done": chore.done + len(rows)}
    if len(rows) < _AT_ONCE:
        rests = change.action is Action.ERASE
        state = ChoreState.RESTING if rests else ChoreState.DONE
        values |= {"state": state.value, "due_at": now + REST if rests else None, "finished_at": now}
        _note(connection, chore, "done", dict(counts), now)
    chores.change_chore(connection, chore.chore_id, **values)
    return len(rows) == _AT_ONCE


def _erase(house: Installation, connection: Connection, chore: Chore) -> bool:
    """Take a few people out of the rows; whoever came back by their own hand meanwhile stays."""
    now = house.clock.now()
    overwrite_deleted(connection)
    rows = chores.rows_after(connection, chore.chore_id, chore.done, _AT_ONCE // 10)
    ids = [row.subscriber_id for row in rows]
    keys = standings.address_keys(connection, ids)
    back = {each.subscriber_id for each in standings.held_by(connection, ids, None) if each.state != "ended"}
    counts = Counter(chore.counts)
    for subscriber_id in ids:
        if subscriber_id in back or subscriber_id not in keys:
            counts["kept"] += 1
            continue
        suppress(connection, address_hash(house.secret, keys[subscriber_id]), SuppressionReason.ERASED, now)
        forget(connection, subscriber_id, now)
        counts["erased"] += 1
    values: dict[str, Any] = {"counts": dict(counts), "done": chore.done + len(rows)}
    is_last = len(rows) < _AT_ONCE // 10
    if is_last:
        values |= {"state": ChoreState.DONE.value, "due_at": None, "finished_at": now}
        _note(connection, chore, "erased", dict(counts), now)
    chores.change_chore(connection, chore.chore_id, **values)
    return not is_last


def _undo(house: Installation, connection: Connection, chore: Chore) -> bool:
    """Put back what nobody has touched since."""
    change, now = change_of(chore.spec), house.clock.now()
    rows = chores.rows_after(connection, chore.chore_id, chore.done, _AT_ONCE)
    ids = [row.subscriber_id for row in rows]
    held = {each.subscription_id: each for each in standings.held_by(connection, ids, None)}
    last = standings.last_sources(connection, ids)
    back: list[tuple[Held, Standing]] = []
    counts = Counter(chore.counts)
    for row in rows:
        made = [one for one in row.changes or () if "subscription" in one]
        for one in made:
            each = held.get(one["subscription"])
            if (
                each is not None
                and _plain(_before(each)) == one["after"]
                and last.get((each.subscriber_id, each.newsletter_id)) == chore.source
            ):
                back.append((each, _standing(one["before"])))
            else:
                counts["touched"] += 1
        for one in row.changes or ():
            if "hash" in one:
                at = from_micros(one["at"])
                standings.drop_suppressions(connection, [one["hash"]], SuppressionReason.ADMIN.value, at)
    _write(connection, [(each.subscription_id, before) for each, before in back])
    _log(connection, [each for each, _ in back], UNDONE[change.action], f"{chore.source}, undone", now)
    counts["undone"] += len(back)
    values: dict[str, Any] = {"counts": dict(counts), "done": chore.done + len(rows)}
    if len(rows) < _AT_ONCE:
        values |= {"state": ChoreState.UNDONE.value, "due_at": None, "finished_at": now}
        _note(connection, chore, "undone", dict(counts), now)
    chores.change_chore(connection, chore.chore_id, **values)
    return len(rows) == _AT_ONCE


def _after(each: Held, change: Change, now: datetime) -> Standing:
    until = datetime.combine(read_day(change.until), datetime.min.time(), UTC) if change.until else None
    return changed(_before(each), change.action, topic=change.topic, until=until, today=now.astimezone(UTC).date())


def _before(each: Held) -> Standing:
    return Standing(
        SubscriptionState(each.state), each.ended_reason, each.paused_until, interests_from_text(each.interests)
    )


def _plain(standing: Standing) -> dict[str, Any]:
    until = standing.paused_until
    return {
        "state": standing.state.value,
        "ended_reason": standing.ended_reason,
        "paused_until": to_micros(until) if until else None,
        "interests": interests_as_text(standing.interests),
    }


def _standing(plain: Mapping[str, Any]) -> Standing:
    until = plain["paused_until"]
    return Standing(
        SubscriptionState(plain["state"]),
        plain["ended_reason"],
        from_micros(until) if until is not None else None,
        interests_from_text(plain["interests"]),
    )


def _write(connection: Connection, moved: Sequence[tuple[int, Standing]]) -> None:
    plain = [(number, standing, interests_as_text(standing.interests)) for number, standing in moved]
    ids = profile_ids(connection, {interests for _, _, interests in plain})
    standings.write_standings(
        connection,
        [
            {
                "row_id": number,
                "state": standing.state.value,
                "ended_reason": standing.ended_reason,
                "paused_until": standing.paused_until,
                "profile_id": ids[interests],
            }
            for number, standing, interests in plain
        ],
    )


def _log(connection: Connection, held: Sequence[Held], event: str, source: str, now: datetime) -> None:
    rows = [(each.subscriber_id, each.newsletter_id, event, source, to_micros(now)) for each in held]
    add_consents(connection, rows)


def _suppress(house: Installation, connection: Connection, ids: Sequence[int], now: datetime) -> dict[int, str]:
    """Suppress those who are not yet; return subscriber id -> hash of the address."""
    keys = standings.address_keys(connection, ids)
    known = suppressed_keys(connection, keys.values(), house.secrets)
    made = {each: address_hash(house.secret, key) for each, key in keys.items() if key not in known}
    for hashed in made.values():
        suppress(connection, hashed, SuppressionReason.ADMIN, now)
    return made


def _note(connection: Connection, chore: Chore, what: str, counts: Mapping[str, int], now: datetime) -> None:
    after = {"counts": dict(counts), **change_of(chore.spec).as_json()}
    record(connection, chore.asked_by, f"change.{what}", f"change {chore.chore_id}", now=now, after=after)
