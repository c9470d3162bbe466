"""Errands: what pages asked for, for the next tick; and the lists of colleagues whom proofs go to."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Select, delete, insert, select, update

from digest.model.errand import Errand, ErrandKind
from digest.store.tables import errands, newsletters, proof_lists

_COLUMNS = (
    errands.c.id,
    errands.c.kind,
    newsletters.c.slug,
    errands.c.edition_id,
    errands.c.spec,
    errands.c.asked_by,
    errands.c.asked_at,
    errands.c.begun_at,
    errands.c.done_at,
    errands.c.told,
)
_ALL = select(*_COLUMNS).join(newsletters, newsletters.c.id == errands.c.newsletter_id)


def ask(
    connection: Connection,
    kind: ErrandKind,
    newsletter_id: int,
    *,
    edition_id: int | None = None,
    spec: Mapping[str, Any],
    by: str,
    now: datetime,
) -> int:
    """Write down that *by* asks for something; return the errand's id."""
    values = {"kind": kind, "newsletter_id": newsletter_id, "edition_id": edition_id, "spec": dict(spec)}
    asked = insert(errands).values(**values, asked_by=by, asked_at=now).returning(errands.c.id)
    return int(connection.execute(asked).scalar_one())


def waiting(connection: Connection, kinds: Collection[ErrandKind]) -> list[Errand]:
    """Return what is not done, in the order in which it was asked for."""
    return _read(connection, _ALL.where(errands.c.kind.in_(kinds), errands.c.done_at.is_(None)).order_by(errands.c.id))


def begin(connection: Connection, errand_id: int, now: datetime) -> bool:
    """Take an errand that must not be done twice; False when somebody has begun it."""
    begun = update(errands).where(errands.c.id == errand_id, errands.c.begun_at.is_(None)).values(begun_at=now)
    return connection.execute(begun).rowcount == 1


def finish(connection: Connection, errand: Errand, told: str, now: datetime) -> None:
    """Write down what came of an errand; whose mail a proof was is forgotten, for no erasure would find it here."""
    spec = {} if errand.kind is ErrandKind.PROOF else dict(errand.spec)
    done = update(errands).where(errands.c.id == errand.errand_id).values(done_at=now, told=told, spec=spec)
    connection.execute(done)


def latest(
    connection: Connection,
    newsletter: str,
    kinds: Collection[ErrandKind],
    *,
    edition_id: int | None = None,
    most: int = 5,
) -> list[Errand]:
    """Return the latest errands of a newsletter (and of one edition, where they have one), newest first."""
    query = _ALL.where(newsletters.c.slug == newsletter, errands.c.kind.in_(kinds))
    if edition_id is not None:
        query = query.where(errands.c.edition_id == edition_id)
    return _read(connection, query.order_by(errands.c.id.desc()).limit(most))


def _read(connection: Connection, query: Select[Any]) -> list[Errand]:
    return [Errand(row[0], ErrandKind(row[1]), *row[2:]) for row in connection.execute(query)]


# Lists of colleagues


def save_proof_list(connection: Connection, name: str, addresses: Sequence[str], *, by: str, now: datetime) -> None:
    """Keep *addresses* under *name*, in place of what was there; without any the list is forgotten."""
    connection.execute(delete(proof_lists).where(proof_lists.c.name == name))
    if addresses:
        values = {"name": name, "addresses": list(addresses), "saved_by": by, "saved_at": now}
        connection.execute(insert(proof_lists).values(values))


def find_proof_lists(connection: Connection) -> dict[str, list[str]]:
    """Return the lists by name."""
    query = select(proof_lists.c.name, proof_lists.c.addresses).order_by(proof_lists.c.name)
    return {name: list(addresses) for name, addresses in connection.execute(query)}
