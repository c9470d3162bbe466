"""Looking through streams, open windows and events, page by page, by their indexes; lists as in `browsing`."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Connection, text

from digest.errors import BadInput
from digest.model.event import Outcome
from digest.store.browsing import PAGE, Page
from digest.store.tables import from_micros, to_micros
from digest.store.windows import HELD

LOOKED_AT = 20_000  #: of the latest events, where no index leads to those that are wanted


class StreamCounts(NamedTuple):
    """What waits in one stream: windows, those of them that are past their time, and when the first one closes."""

    windows: int = 0
    due: int = 0
    held: int = 0
    closes_at: datetime | None = None


class ListedWindow(NamedTuple):
    """A window that is not closed, with its reader; `waiting`: events in it that are still to be told."""

    window_id: int
    stream: str
    subscriber_id: int
    address: str
    zone: str
    group_key: str
    state: str
    policy: str
    opened_at: datetime
    closes_at: datetime
    is_critical: bool
    subscription_state: str
    paused_until: datetime | None
    waiting: int

    @property
    def why(self) -> str:
        """Why it waits: "gathers", "held" for a cap, "on_a_break", or "due" when it waits for the next tick."""
        if self.subscription_state == "paused":
            return "on_a_break"
        if self.state == "due":
            return "due"
        return "held" if self.group_key == HELD else "gathers"


class ListedEvent(NamedTuple):
    """An event for one reader, and what became of it."""

    event_id: int
    added_at: datetime
    stream: str
    dedupe_key: str
    object_key: str
    subscriber_id: int
    address: str
    zone: str
    outcome: str
    reason: str
    window_state: str
    group_key: str
    closes_at: datetime | None
    delivery_id: int | None
    delivery_state: str
    delivery_reason: str
    goes_at: datetime | None
    subscription_state: str

    @property
    def fate(self) -> str:
        """What became of it, in the words of states: of what was gathered that of its mail."""
        if self.outcome == Outcome.PENDING:
            return "waiting" if self.window_state == "open" else "due"
        return self.delivery_state or "gathered" if self.outcome == Outcome.GATHERED else self.outcome

    @property
    def why(self) -> str:
        """Why there is no mail of it, or not yet; "" for nothing to tell."""
        if self.outcome == Outcome.PENDING:
            if self.subscription_state == "paused":
                return "on_a_break"
            return "held" if self.group_key == HELD else "gathers" if self.window_state == "open" else "due"
        if self.outcome == Outcome.GATHERED:
            return "later" if self.delivery_state == "ready" and self.goes_at else self.delivery_reason
        return "too_late" if self.reason == "expired" else self.reason


def count_windows(connection: Connection, now: datetime) -> dict[int, StreamCounts]:
    """Return what waits in each stream, by newsletter id; streams in which nothing waits are left out."""
    rows = connection.execute(
        text(
            "SELECT newsletter_id, COUNT(*), SUM(CASE WHEN closes_at <= :now THEN 1 ELSE 0 END),"
            " SUM(CASE WHEN group_key = :held THEN 1 ELSE 0 END), MIN(closes_at)"
            " FROM event_windows WHERE state <> 'closed' GROUP BY newsletter_id"
        ),
        {"now": to_micros(now), "held": HELD},
    )
    return {row[0]: StreamCounts(int(row[1]), int(row[2]), int(row[3]), from_micros(row[4])) for row in rows}


_WINDOWS = """SELECT w.id, n.slug, w.subscriber_id, u.address, u.zone, w.group_key, w.state, w.policy, w.opened_at,
    w.closes_at, w.critical, s.state, s.paused_until,
    (SELECT COUNT(*) FROM events e WHERE e.window_id = w.id AND e.outcome = '')
    FROM event_windows w JOIN newsletters n ON n.id = w.newsletter_id JOIN subscribers u ON u.id = w.subscriber_id
    JOIN subscriptions s ON s.id = w.subscription_id WHERE w.state <> 'closed'"""


def browse_windows(
    connection: Connection, *, newsletter_id: int = 0, subscriber_id: int = 0, after: Sequence[int] = ()
) -> Page[ListedWindow]:
    """Return one page of the windows that are not closed, those first that close first."""
    wheres = [" AND w.newsletter_id = :n"] * bool(newsletter_id) + [" AND w.subscriber_id = :u"] * bool(subscriber_id)
    if len(after) == 2:
        wheres.append(" AND (w.closes_at, w.id) > (:at, :id)")
    rows = connection.execute(
        text(f"{_WINDOWS}{''.join(wheres)} ORDER BY w.closes_at, w.id LIMIT {PAGE + 1}"),
        {"n": newsletter_id, "u": subscriber_id, **dict(zip(("at", "id"), after, strict=False))},
    ).all()
    found = tuple(
        ListedWindow._make(
            (
                *row[:8],
                *map(from_micros, row[8:10]),
                bool(row[10]),
                row[11],
                None if row[12] is None else from_micros(row[12]),
                row[13],
            )
        )
        for row in rows[:PAGE]
    )
    return Page(found, (rows[PAGE - 1][9], rows[PAGE - 1][0]) if len(rows) > PAGE else ())


_EVENTS = """SELECT e.id, e.added_at, n.slug, COALESCE(e.dedupe_key, ''), e.object_key, e.subscriber_id, u.address,
    u.zone, e.outcome, e.reason, COALESCE(w.state, ''), COALESCE(w.group_key, ''), w.closes_at, d.id,
    COALESCE(d.state, ''), COALESCE(d.reason, ''), d.next_attempt_at, COALESCE(s.state, '')
    FROM events e JOIN newsletters n ON n.id = e.newsletter_id JOIN subscribers u ON u.id = e.subscriber_id
    LEFT JOIN event_windows w ON w.id = e.window_id LEFT JOIN deliveries d ON d.id = w.delivery_id
    LEFT JOIN subscriptions s ON s.id = w.subscription_id"""
#: What a search may ask for, and the claim that says so.
STATES = {
    "waiting": "e.outcome = ''",
    "gathered": "e.outcome = 'gathered'",
    "cancelled": "e.outcome = 'cancelled'",
    "expired": "e.outcome = 'expired'",
    "suppressed": "e.outcome = 'suppressed'",
}


def browse_events(
    connection: Connection,
    *,
    scopes: Collection[int],
    newsletter_id: int = 0,
    dedupe_key: str = "",
    object_key: str = "",
    subscriber_id: int = 0,
    state: str = "",
    after: Sequence[int] = (),
) -> Page[ListedEvent]:
    """Return one page of events, latest first; *scopes* are those in which a dedupe key is looked for.

    Without key, object and reader only the latest 20,000 are looked at. Raises BadInput for an unknown state.
    """
    if state and state not in STATES:
        raise BadInput(f"there is no state {state!r}; states: {', '.join(STATES)}")
    wheres = []
    if dedupe_key:
        wheres.append(f"e.scope IN ({','.join(str(int(each)) for each in sorted(scopes))}) AND e.dedupe_key = :key")
    if object_key:
        wheres.append("e.object_key = :object AND e.object_key <> ''")
    if subscriber_id:
        wheres.append("e.subscriber_id = :u")
    if not wheres:
        wheres.append(f"e.id > (SELECT COALESCE(MAX(id), 0) FROM events) - {LOOKED_AT}")  # noqa: S608
    wheres += ["e.newsletter_id = :n"] * bool(newsletter_id)
    wheres += [STATES[state]] if state else []
    wheres += ["e.id < :after"] * bool(after)
    rows = connection.execute(
        text(f"{_EVENTS} WHERE {' AND '.join(wheres)} ORDER BY e.id DESC LIMIT {PAGE + 1}"),
        {"n": newsletter_id, "key": dedupe_key, "object": object_key, "u": subscriber_id, "after": (*after, 0)[0]},
    ).all()
    found = tuple(_event(row) for row in rows[:PAGE])
    return Page(found, (found[-1].event_id,) if len(rows) > PAGE else ())


def _event(row: Any) -> ListedEvent:
    closes, goes = (None if row[at] is None else from_micros(row[at]) for at in (12, 16))
    return ListedEvent._make((row[0], from_micros(row[1]), *row[2:12], closes, *row[13:16], goes, row[17]))
