"""Write what planning made: the readers of each cohort get their rows, in sets and in short transactions."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, Engine, select, text

from digest.model.article import ArticleState
from digest.model.note import EditionNote, NoteKind
from digest.store.edition_notes import notes_of
from digest.store.get_or_create import chunks
from digest.store.jobs import ask_for_workers
from digest.store.planning import (
    SINCE,
    UNJOINED,
    UNMADE,
    UNPLANNED,
    Group,
    Twice,
    fill_scope,
    history_sql,
    twice_values,
)
from digest.store.rulings import kept_out
from digest.store.standing import NEVER, is_awaiting
from digest.store.tables import articles, to_micros

_LONG_DUE = 1  # microseconds after 1970
_ROWS_PER_WRITE = 20_000  # a fraction of a second, and SQLite's other writers wait for ten


@dataclass(frozen=True, slots=True)
class Cohort:
    """What a group gets: a digest, or the reason for none; and the revisions of the articles in it."""

    group: Group
    digest_id: int | None
    reason: str = ""
    revisions: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class AsRead:
    """What editors had said when the pool was read: rulings in this newsletter as at a moment, the edition's notes.

    *welcome* as in `groups_due`.
    """

    newsletter: str
    welcome: bool
    ruled_at: datetime
    notes: Mapping[NoteKind, EditionNote]


@dataclass(frozen=True, slots=True)
class Written:
    """What became of cohorts: rows written by reason ("" for those with a digest), and whether all stood."""

    rows: Counter[str]
    all_stood: bool


def write_cohorts(
    engine: Engine,
    cadence_ids: Collection[int],
    *,
    edition_id: int,
    slot_at: datetime,
    since_cut: datetime,
    as_read: AsRead,
    cohorts: Sequence[Cohort],
    now: datetime,
    fresh: bool = True,
    urgent: bool = False,
    twice: Twice | None = None,
    alone: bool = True,
) -> Written:
    """Give each reader of *cohorts* their row; return how many rows were written, by reason.

    Readers are lined up once and written in short transactions, so that a sender beside it never waits long; what
    one of them has written stands when the next one fails, and whoever has no row stays due. So does a reader whose
    profile, history or locale changed since `groups_due`, or whose cohort has an article that was withdrawn,
    edited or ruled out by an editor since the pool was read; and everybody when the edition's notes changed.
    Claims go by the time a row is due, so *urgent* ones are long due and come next. *alone* as in `groups_due`.
    """
    values = {
        "e": edition_id,
        "since_cut": to_micros(since_cut),
        "welcome": int(as_read.welcome),
        "slot": to_micros(slot_at),
        "now": to_micros(now),
        "due": _LONG_DUE if urgent else to_micros(now),
        "alone": int(alone),
        **twice_values(twice),
    }
    rows: Counter[str] = Counter()
    with engine.connect() as connection:
        with connection.begin():
            fill_scope(connection, cadence_ids)
            _fill_cohorts(connection, cohorts)
            all_stood = _leave_out_changed(connection, cohorts, edition_id, as_read)
            waiting = _line_up(connection, values, fresh=fresh)
        for first in range(1, waiting + 1, _ROWS_PER_WRITE):
            with connection.begin():
                all_stood = _leave_out_changed(connection, cohorts, edition_id, as_read) and all_stood
                # Held by the line above, so that nobody approves the edition between the look and the rows.
                due = NEVER if is_awaiting(connection, edition_id) else values["due"]
                part = {**values, "first": first, "end": first + _ROWS_PER_WRITE, "due": due}
                wrote = _write_rows(connection, part, fresh=fresh)
                ask_for_workers(connection, edition_id, wrote[""])
            rows += wrote
    return Written(rows, all_stood)


def _fill_cohorts(connection: Connection, cohorts: Sequence[Cohort]) -> None:
    """Put *cohorts* into the connection's temporary table `cohort`, numbered from 0."""
    connection.execute(
        text(
            "CREATE TEMP TABLE IF NOT EXISTS cohort (no INTEGER PRIMARY KEY, profile_id BIGINT, history_id BIGINT,"
            " locale TEXT, since BIGINT, digest_id BIGINT, reason TEXT, UNIQUE (profile_id, history_id, locale, since))"
        )
    )
    connection.execute(text("DELETE FROM cohort"))
    connection.execute(
        text("INSERT INTO cohort VALUES (:no, :p, :h, :l, :f, :d, :r)"),
        [
            {
                "no": number,
                "p": each.group.profile_id,
                "h": each.group.history_id,
                "l": each.group.locale,
                "f": each.group.since if each.group.since is not None else -1,
                "d": each.digest_id,
                "r": each.reason,
            }
            for number, each in enumerate(cohorts)
        ],
    )


def _leave_out_changed(connection: Connection, cohorts: Sequence[Cohort], edition_id: int, as_read: AsRead) -> bool:
    """Take cohorts out of the temporary table that are not what they would be now; True when there are none."""
    if notes_of(connection, edition_id, hold=True) != as_read.notes:
        connection.execute(text("DELETE FROM cohort"))
        return False
    live = live_among(connection, {each for cohort in cohorts for each in cohort.revisions})
    live -= kept_out(connection, live, as_read.newsletter, as_read.ruled_at)
    changed = [{"no": number} for number, each in enumerate(cohorts) if not each.revisions <= live]
    if changed:
        connection.execute(text("DELETE FROM cohort WHERE no = :no"), changed)
    return not changed


# A reader belongs to a cohort as long as this holds; it is asked when they are lined up and when they are written.
_IN_COHORT = f"""k.profile_id = s.profile_id AND k.history_id = {{history}} AND k.locale = u.locale
    AND k.since = COALESCE({SINCE}, -1) AND s.state = 'active'"""


def _line_up(connection: Connection, values: Mapping[str, int], *, fresh: bool) -> int:
    """Put the readers of the cohorts into the temporary table `lined_up`, numbered from 1; return how many.

    In the order of digests, so that the sender works on one after the other. Rows that wait for a new plan come
    with their id.
    """
    connection.execute(
        text(
            "CREATE TEMP TABLE IF NOT EXISTS lined_up"
            " (place INTEGER PRIMARY KEY, cohort_no INTEGER, subscription_id BIGINT, delivery_id BIGINT)"
        )
    )
    connection.execute(text("DELETE FROM lined_up"))
    belongs = _IN_COHORT.format(history=history_sql(connection, fresh=fresh))
    done = connection.execute(
        text(
            "INSERT INTO lined_up SELECT ROW_NUMBER() OVER (ORDER BY digest_id, sid), no, sid, did FROM ("  # noqa: S608
            " SELECT k.digest_id, k.no, s.id sid, CAST(NULL AS BIGINT) did"
            " FROM scope c JOIN subscriptions s ON s.cadence_id = c.cadence_id"
            f" JOIN subscribers u ON u.id = s.subscriber_id JOIN cohort k ON {belongs}"
            f" WHERE :fresh = 1 AND {UNJOINED} AND {UNPLANNED}"
            " UNION ALL SELECT k.digest_id, k.no, s.id, d.id"
            " FROM deliveries d JOIN subscriptions s ON s.id = d.subscription_id"
            f" JOIN subscribers u ON u.id = d.subscriber_id JOIN cohort k ON {belongs}"
            f" WHERE d.edition_id = :e AND {UNMADE}"
            "  AND s.cadence_id IN (SELECT cadence_id FROM scope)) due"
        ),
        {**values, "fresh": int(fresh)},
    )
    if connection.dialect.name == "postgresql":
        # Nobody else counts the rows of a temporary table, and without a count each step would read all of them.
        connection.execute(text("ANALYZE lined_up, cohort, scope"))
    return done.rowcount


def _write_rows(connection: Connection, values: Mapping[str, int], *, fresh: bool) -> Counter[str]:
    """Write the rows of the readers lined up from place `first` to before `end`; return them counted by reason."""
    belongs = _IN_COHORT.format(history=history_sql(connection, fresh=fresh))
    readers = (
        "FROM lined_up w JOIN cohort k ON k.no = w.cohort_no JOIN subscriptions s ON s.id = w.subscription_id"  # noqa: S608
        f" JOIN subscribers u ON u.id = s.subscriber_id AND {belongs}"
        " WHERE w.place >= :first AND w.place < :end AND s.cadence_id IN (SELECT cadence_id FROM scope)"
    )
    # The old rows come first: a reader who gets a new row in the second step must not be counted twice.
    again = connection.execute(
        text(
            "UPDATE deliveries SET digest_id = c.digest_id, reason = c.reason, doubt_count = 0,"  # noqa: S608
            # Of a clock that is set back a third plan must see what the first saw.
            " planned_at = CASE WHEN planned_at > :now THEN planned_at ELSE :now END,"
            " attempt_no = 0, dated_at = NULL, address = c.address, name = c.name,"
            " state = CASE WHEN c.digest_id IS NULL THEN 'skipped' ELSE 'ready' END,"
            " next_attempt_at = CASE WHEN c.digest_id IS NULL THEN NULL ELSE :due END,"
            " finished_at = CASE WHEN c.digest_id IS NULL THEN :now END"
            f" FROM (SELECT w.delivery_id row_id, k.digest_id, k.reason, u.address, u.name {readers}) c"
            " WHERE deliveries.id = c.row_id AND deliveries.state = 'ready' AND deliveries.digest_id IS NULL"
            " RETURNING deliveries.reason"
        ),
        values,
    )
    rows = Counter(again.scalars())
    for reason, count in _insert(
        connection, f"{readers} AND w.delivery_id IS NULL AND {UNJOINED} AND {UNPLANNED}", values
    ):
        rows[reason] += count
    return rows


def _insert(connection: Connection, readers: str, values: Mapping[str, int]) -> list[tuple[str, int]]:
    """Add rows for *readers* (a FROM clause); return how many this transaction added, by reason."""
    insert = (
        "INSERT INTO deliveries (edition_id, subscriber_id, subscription_id, slot_at, digest_id, state, reason,"
        " address, name, next_attempt_at, planned_at, finished_at)"
        " SELECT :e, u.id, s.id, :slot, k.digest_id,"
        " CASE WHEN k.digest_id IS NULL THEN 'skipped' ELSE 'ready' END, k.reason, u.address, u.name,"
        " CASE WHEN k.digest_id IS NULL THEN NULL ELSE :due END, :now,"
        " CASE WHEN k.digest_id IS NULL THEN :now END"
        f" {readers} ORDER BY w.place ON CONFLICT (edition_id, subscriber_id) DO NOTHING"
    )
    if connection.dialect.name == "postgresql":  # where others add rows to the edition at the same time
        added = f"WITH added AS ({insert} RETURNING reason) SELECT reason, COUNT(*) FROM added GROUP BY reason"  # noqa: S608
        return [(row[0], row[1]) for row in connection.execute(text(added), values)]
    last = connection.execute(text("SELECT COALESCE(MAX(id), 0) FROM deliveries")).scalar_one()
    connection.execute(text(insert), values)
    counted = connection.execute(
        text("SELECT reason, COUNT(*) FROM deliveries WHERE id > :last AND edition_id = :e GROUP BY reason"),
        {"last": last, "e": values["e"]},
    )
    return [(row[0], row[1]) for row in counted]


def live_among(connection: Connection, revisions: Iterable[int]) -> frozenset[int]:
    """Return those *revisions* that are still the latest of an article that may be chosen.

    They stay so until the transaction ends: whoever withdraws or edits one waits, and then finds what was written.
    """
    live: set[int] = set()
    for part in chunks(sorted(revisions), 500):
        query = select(articles.c.revision_id).where(
            articles.c.revision_id.in_(part), articles.c.state == ArticleState.LIVE
        )
        # SQLite has one writer, and leaves this out.
        live.update(connection.execute(query.with_for_update(read=True)).scalars())
    return frozenset(live)
