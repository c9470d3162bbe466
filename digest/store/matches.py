"""What articles match, kept under the hash of the vocabulary and archive that say so: working it out takes seconds."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from sqlalchemy import Connection, delete, select

from digest.model.digest import Field, Why
from digest.store.get_or_create import among, chunks, insert_new
from digest.store.tables import matches, matchings

_KEPT = 32  # vocabularies with an archive; an archive grows with each day, and in the beginning with each article


@dataclass(frozen=True, slots=True)
class NewMatches:
    """What articles match (revision id -> topic -> why) by the vocabulary and archive with the hash `key`."""

    key: str
    found: Mapping[int, Mapping[str, Why]]


def matches_of(connection: Connection, key: str, revision_ids: Collection[int]) -> dict[int, Mapping[str, Why]]:
    """Return what is kept of those revisions, topic -> why for each; {} for one that matches nothing."""
    query = select(matches.c.revision_id, matches.c.found).join(matchings).where(matchings.c.hash == key)
    parts = (query.where(among(connection, matches.c.revision_id, part)) for part in chunks(sorted(revision_ids)))
    return {row.revision_id: _read(row.found) for part in parts for row in connection.execute(part)}


def kept_revisions(connection: Connection, key: str) -> frozenset[int]:
    """Return the revisions of which it is kept what they match."""
    query = select(matches.c.revision_id).join(matchings).where(matchings.c.hash == key)
    return frozenset(connection.execute(query).scalars())


def save_matches(connection: Connection, new: NewMatches) -> None:
    """Keep *new*; what is kept already stays. The oldest vocabulary goes when there are many."""
    if not new.found:
        return
    insert_new(connection, matchings, [{"hash": new.key}])
    matching_id = connection.execute(select(matchings.c.id).where(matchings.c.hash == new.key)).scalar_one()
    rows = [
        {"matching_id": matching_id, "revision_id": revision_id, "found": _written(found)}
        for revision_id, found in sorted(new.found.items())
    ]
    insert_new(connection, matches, rows)
    connection.execute(delete(matches).where(matches.c.matching_id <= matching_id - _KEPT))
    connection.execute(delete(matchings).where(matchings.c.id <= matching_id - _KEPT))


def _written(found: Mapping[str, Why]) -> str:
    whys = [[why.topic, why.words, why.fields, why.score, why.through] for why in found.values()]
    return json.dumps(whys, separators=(",", ":"), ensure_ascii=False)


def _read(written: str) -> dict[str, Why]:
    return {
        topic: Why(topic, tuple(words), tuple(map(Field, fields)), score, through)
        for topic, words, fields, score, through in json.loads(written)
    }
