"""Jobs (door): hints to workers, kept by Procrastinate in the same PostgreSQL database.

A job says "this edition may have something due", and carries its id only. The rows of deliveries are the truth: a
job too many finds nothing and ends, one that is lost is derived again from them. On SQLite there are none, for the
process that plans also sends.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, text

from digest.store.standing import NEVER
from digest.store.tables import from_micros, to_micros

QUEUE = "deliveries"
TASK = "send"
BUDGET = 20.0  # seconds that a job may begin new mails; then it makes room for others
_ROWS_PER_JOB = 500
_MOST_WAITING = 16  # jobs of one edition that wait at a time: as many workers may begin on it at once
_SOON = timedelta(seconds=1)  # rows that are due within so much of each other share a job
_OVER_AFTER = timedelta(minutes=5)  # so much longer than a job lasts that whoever took it has ended, or lost it


def add_tables(connection: Connection) -> None:
    """Make or upgrade Procrastinate's tables in the caller's transaction; nothing happens when they are up to date."""
    if connection.dialect.name != "postgresql":
        return
    from procrastinate.schema import SchemaManager

    steps = sorted(Path(SchemaManager.get_migrations_path()).glob("*.sql"))
    have = connection.execute(
        text("SELECT COALESCE(obj_description(to_regclass('procrastinate_jobs'), 'pg_class'), '')")
    ).scalar_one()
    if not connection.execute(text("SELECT to_regclass('procrastinate_jobs') IS NOT NULL")).scalar_one():
        _run(connection, SchemaManager.get_schema())
    else:
        for step in steps:
            if step.name > have:
                _run(connection, step.read_text(encoding="utf-8"))
    # Procrastinate does not note which of its steps were taken.
    _run(connection, f"COMMENT ON TABLE procrastinate_jobs IS '{steps[-1].name}'")


def _run(connection: Connection, script: str) -> None:
    """Run *script* as it is: it may hold many statements, and signs that mean parameters elsewhere."""
    cursor = connection.connection.cursor()
    try:
        cursor.execute(script)
    finally:
        cursor.close()


def ask_for_workers(connection: Connection, edition_id: int, rows: int = 1) -> int:
    """Add jobs for *rows* due rows of an edition, in the caller's transaction; return how many were added.

    Those that wait already are counted in, so asking again costs nothing.
    """
    if connection.dialect.name != "postgresql" or rows < 1:
        return 0
    waiting = connection.execute(
        text(
            "SELECT COUNT(*) FROM procrastinate_jobs"
            " WHERE status = 'todo' AND task_name = :task AND args @> jsonb_build_object('edition_id', :e)"
            " AND (scheduled_at IS NULL OR scheduled_at <= now())"
        ),
        {"task": TASK, "e": edition_id},
    ).scalar_one()
    missing = min(_MOST_WAITING, -(-rows // _ROWS_PER_JOB)) - int(waiting)
    if missing < 1:
        return 0
    _add(connection, edition_id, missing)
    return missing


def ask_for_next(connection: Connection, now: datetime) -> datetime | None:
    """Add a job for the row that is due first after *now*, to be begun then, unless one is there; return when.

    Whoever has done a job asks for this, so a mail that was put off goes out within a second of its time.
    """
    if connection.dialect.name != "postgresql":
        return None
    row = connection.execute(
        text(
            "SELECT d.edition_id, d.next_attempt_at FROM deliveries d JOIN editions e ON e.id = d.edition_id"
            " WHERE d.next_attempt_at > :now AND d.next_attempt_at < :never AND e.state IN ('open', 'finished')"
            " ORDER BY d.next_attempt_at, d.id LIMIT 1"
        ),
        {"now": to_micros(now), "never": NEVER},
    ).first()
    if row is None:
        return None
    at = max(from_micros(row.next_attempt_at), now + _SOON)
    there = connection.execute(
        text(
            "SELECT 1 FROM procrastinate_jobs"
            " WHERE status = 'todo' AND task_name = :task AND args @> jsonb_build_object('edition_id', :e)"
            " AND (scheduled_at IS NULL OR scheduled_at BETWEEN :now AND :at) LIMIT 1"
        ),
        {"task": TASK, "e": row.edition_id, "now": now, "at": at + _SOON},
    )
    if there.first() is not None:
        return None
    _add(connection, row.edition_id, at=at)
    return at


def _add(connection: Connection, edition_id: int, count: int = 1, *, at: datetime | None = None) -> None:
    from procrastinate import App, SyncPsycopgConnector

    driver = connection.connection.driver_connection
    # No lock: a worker that died with it would keep all others out.
    app = App(connector=SyncPsycopgConnector())
    asking = app.configure_task(TASK, queue=QUEUE, connection=driver, schedule_at=at)
    what: dict[str, Any] = {"edition_id": edition_id}
    asking.batch_defer(*[what] * count)


def editions_due(connection: Connection, now: datetime, edition_id: int | None = None) -> list[int]:
    """Return the editions (or whether this one) that have a row due at *now* which nothing holds back."""
    only = "" if edition_id is None else "AND e.id = :e"
    rows = connection.execute(
        text(
            "SELECT e.id FROM editions e WHERE e.state IN ('open', 'finished') AND EXISTS"  # noqa: S608
            f" (SELECT 1 FROM deliveries d WHERE d.edition_id = e.id AND d.next_attempt_at <= :now) {only} ORDER BY 1"
        ),
        {"now": to_micros(now), "e": edition_id},
    )
    return list(rows.scalars())


def drop_lost(connection: Connection) -> int:
    """Take away the jobs that were begun and never reported as done; return how many.

    Whoever began them was killed, or could not reach the database at the end: Procrastinate itself repeats neither.
    """
    gone = connection.execute(
        text(
            "DELETE FROM procrastinate_jobs j WHERE j.status = 'doing' AND NOT EXISTS"
            " (SELECT 1 FROM procrastinate_events v WHERE v.job_id = j.id AND v.type = 'started'"
            "  AND v.at > now() - make_interval(secs => :seconds))"
        ),
        {"seconds": _OVER_AFTER.total_seconds()},
    )
    return gone.rowcount
