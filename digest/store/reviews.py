"""Reviews: which person read which revision of an article, and when; rows are added and never changed."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, select

from digest.errors import BadInput, NotFound
from digest.store.get_or_create import among, chunks
from digest.store.tables import articles, reviews

_LONGEST_NAME, _LONGEST_NOTE = 80, 1_000


@dataclass(frozen=True, slots=True)
class Review:
    """One person's review of one revision."""

    revision_id: int
    reviewer: str
    at: datetime
    note: str = ""

    def as_json(self) -> dict[str, str | int]:
        """Return its values."""
        return {"revision": self.revision_id, "by": self.reviewer, "at": self.at.isoformat(), "note": self.note}


def record_review(
    connection: Connection, article_id: int, reviewer: str, note: str, *, now: datetime, read: int | None = None
) -> Review:
    """Put on record that *reviewer* read the article as it is now.

    *read* is the revision that was before their eyes, where that is known. Raises NotFound, and BadInput without a
    name, or when the article has been changed since.
    """
    name = " ".join(reviewer.split())
    if not 0 < len(name) <= _LONGEST_NAME:
        raise BadInput(f"a review needs the name of a person, of at most {_LONGEST_NAME} characters: --by NAME")
    if len(note) > _LONGEST_NOTE:
        raise BadInput(f"the note has {len(note)} characters; {_LONGEST_NOTE} are kept")
    revision_id = connection.scalar(select(articles.c.revision_id).where(articles.c.id == article_id))
    if revision_id is None:
        raise NotFound(f"there is no article {article_id}; see: digest articles list")
    if read is not None and read != revision_id:
        raise BadInput("the article was changed while it was read; read it again")
    connection.execute(reviews.insert().values(revision_id=revision_id, reviewer=name, note=note.strip(), at=now))
    return Review(revision_id, name, now, note.strip())


def reviews_of(connection: Connection, revision_ids: Iterable[int]) -> dict[int, list[Review]]:
    """Return the reviews of each of these revisions that has any, oldest first."""
    found: dict[int, list[Review]] = {}
    for part in chunks(sorted(set(revision_ids))):
        asked = select(reviews).where(among(connection, reviews.c.revision_id, part)).order_by(reviews.c.id)
        for row in connection.execute(asked):
            found.setdefault(row.revision_id, []).append(Review(row.revision_id, row.reviewer, row.at, row.note))
    return found
