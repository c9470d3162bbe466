"""Chores as rows: taken by one worker at a time, by a lease; each batch writes what it did and how far it has come."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import Connection, delete, func, insert, select, update

from digest.errors import NotFound
from digest.model.chore import Chore, ChoreKind, ChoreState
from digest.store.browsing import PAGE, Page
from digest.store.bulk import insert_rows
from digest.store.tables import chore_files, chore_rows, chores

LEASE = timedelta(minutes=2)  #: a batch takes seconds; whoever was killed is followed after this
_PIECE = 256 * 1024  # bytes


class ChoreRow(NamedTuple):
    """One reader of a chore, and what it changed for them, None before it was their turn."""

    number: int
    subscriber_id: int
    changes: Any


def add_chore(
    connection: Connection,
    kind: ChoreKind,
    state: ChoreState,
    *,
    asked_by: str,
    spec: dict[str, Any],
    now: datetime,
    due_at: datetime | None = None,
    total: int = 0,
) -> int:
    """Write down a chore and return its id."""
    values = {"kind": kind.value, "state": state.value, "asked_by": asked_by, "asked_at": now, "spec": spec}
    made = connection.execute(insert(chores).values(**values, counts={}, due_at=due_at, total=total))
    return int(made.inserted_primary_key[0])  # type: ignore[index]  # it has one


def find_chore(connection: Connection, chore_id: int, *, to_change: bool = False) -> Chore:
    """Return a chore, with *to_change* so that nobody else changes it meanwhile; raises NotFound."""
    query = select(chores).where(chores.c.id == chore_id)
    row = connection.execute(query.with_for_update() if to_change else query).first()
    if row is None:
        raise NotFound(f"there is no change or import {chore_id}")
    return _chore(row)


def browse_chores(connection: Connection, after: Sequence[int] = ()) -> Page[Chore]:
    """Return one page of them, newest first."""
    query = select(chores).order_by(chores.c.id.desc()).limit(PAGE + 1)
    if after:
        query = query.where(chores.c.id < after[0])
    rows = [_chore(row) for row in connection.execute(query)]
    return Page(tuple(rows[:PAGE]), (rows[PAGE - 1].chore_id,) if len(rows) > PAGE else ())


def take_due(connection: Connection, now: datetime) -> Chore | None:
    """Return the chore that has waited longest, leased to the caller; None when nothing is to be done."""
    query = select(chores).where(chores.c.due_at <= now).order_by(chores.c.due_at, chores.c.id).limit(1)
    row = connection.execute(query.with_for_update(skip_locked=True)).first()
    if row is None:
        return None
    return renewed(connection, _chore(row), now)


def renewed(connection: Connection, chore: Chore, now: datetime) -> Chore | None:
    """Return *chore* as it is now, leased anew; None when somebody else has taken or changed it meanwhile."""
    held = chores.c.due_at.is_(None) if chore.due_at is None else chores.c.due_at == chore.due_at
    mine = (chores.c.id == chore.chore_id) & held & (chores.c.state == chore.state.value)
    if not connection.execute(update(chores).where(mine).values(due_at=now + LEASE)).rowcount:
        return None
    return find_chore(connection, chore.chore_id)


def change_chore(connection: Connection, chore_id: int, **values: Any) -> None:
    """Write columns of a chore."""
    connection.execute(update(chores).where(chores.c.id == chore_id).values(values))


def add_rows(connection: Connection, chore_id: int, before: int, subscriber_ids: Sequence[int]) -> None:
    """Append readers to a chore that has *before* of them."""
    rows = [(chore_id, number, each) for number, each in enumerate(subscriber_ids, before + 1)]
    insert_rows(connection, chore_rows, ("chore_id", "number", "subscriber_id"), rows)


def add_changes(connection: Connection, chore_id: int, rows: Sequence[tuple[int, int, Any]]) -> None:
    """Append rows with their changes: (number, subscriber id, changes)."""
    if rows:
        names = ("number", "subscriber_id", "changes")
        connection.execute(
            insert(chore_rows), [{"chore_id": chore_id, **dict(zip(names, row, strict=True))} for row in rows]
        )


def rows_after(connection: Connection, chore_id: int, number: int, most: int) -> list[ChoreRow]:
    """Return the next rows past *number*, in order."""
    query = select(chore_rows.c.number, chore_rows.c.subscriber_id, chore_rows.c.changes)
    query = query.where(chore_rows.c.chore_id == chore_id, chore_rows.c.number > number)
    return [ChoreRow(*row) for row in connection.execute(query.order_by(chore_rows.c.number).limit(most))]


def count_rows(connection: Connection, chore_id: int) -> int:
    """Return how many rows a chore has: the highest number."""
    query = select(func.max(chore_rows.c.number)).where(chore_rows.c.chore_id == chore_id)
    return connection.execute(query).scalar() or 0


def write_changes(connection: Connection, chore_id: int, number: int, changes: Any) -> None:
    """Note what was changed for one reader."""
    row = (chore_rows.c.chore_id == chore_id) & (chore_rows.c.number == number)
    connection.execute(update(chore_rows).where(row).values(changes=changes))


def chores_of(connection: Connection, subscriber_id: int, most: int = PAGE) -> list[tuple[Chore, Any]]:
    """Return what chores changed for one reader, newest first."""
    query = (
        select(chores, chore_rows.c.changes)
        .join(chore_rows, chore_rows.c.chore_id == chores.c.id)
        .where(chore_rows.c.subscriber_id == subscriber_id, chore_rows.c.changes.is_not(None))
        .order_by(chores.c.id.desc())
        .limit(most)
    )
    return [(_chore(row), row.changes) for row in connection.execute(query)]


def add_piece(connection: Connection, chore_id: int, name: str, number: int, piece: bytes) -> None:
    """Append a piece to a file."""
    values = {"chore_id": chore_id, "name": name, "number": number, "content": piece}
    connection.execute(insert(chore_files).values(values))


def pieces_of(content: bytes) -> Iterator[bytes]:
    """Give *content* in pieces of a size that both databases like."""
    return (content[at : at + _PIECE] for at in range(0, len(content), _PIECE))


def file_piece(connection: Connection, chore_id: int, name: str, number: int) -> bytes | None:
    """Return one piece of a file, None past its end."""
    where = (chore_files.c.chore_id == chore_id) & (chore_files.c.name == name) & (chore_files.c.number == number)
    piece = connection.execute(select(chore_files.c.content).where(where)).scalar()
    return None if piece is None else bytes(piece)


def file_pieces(connection: Connection, chore_id: int, name: str) -> Iterator[bytes]:
    """Give the pieces of a file, one read each, so that a large one is never in memory whole."""
    number = 0
    while (piece := file_piece(connection, chore_id, name, number)) is not None:
        yield piece
        number += 1


def count_pieces(connection: Connection, chore_id: int, name: str) -> int:
    """Return how many pieces a file has, 0 when there is none."""
    where = (chore_files.c.chore_id == chore_id) & (chore_files.c.name == name)
    return connection.execute(select(func.count()).select_from(chore_files).where(where)).scalar_one()


def drop_file(connection: Connection, chore_id: int, *names: str) -> None:
    """Forget files of a chore."""
    connection.execute(delete(chore_files).where(chore_files.c.chore_id == chore_id, chore_files.c.name.in_(names)))


def forget_old(connection: Connection, asked_before: datetime, states: Collection[ChoreState]) -> None:
    """Drop rows and files of chores in *states* that were asked for long ago; their own rows stay."""
    old = select(chores.c.id).where(
        chores.c.asked_at < asked_before, chores.c.state.in_([state.value for state in states])
    )
    for table in (chore_rows, chore_files):
        connection.execute(delete(table).where(table.c.chore_id.in_(old)))


def _chore(row: Any) -> Chore:
    return Chore(
        row.id,
        ChoreKind(row.kind),
        ChoreState(row.state),
        row.asked_by,
        row.asked_at,
        row.spec,
        row.counts,
        row.done,
        row.total,
        row.due_at,
        row.finished_at,
        row.problem,
    )
