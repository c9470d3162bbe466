"""Histories: what a mailbox was shown, as content-addressed sets of stories; equal sets are one row."""

from __future__ import annotations

import hashlib
import json

from sqlalchemy import Connection, select

from digest.errors import NotFound
from digest.store.get_or_create import ids_of
from digest.store.tables import histories


def history_key(stories: frozenset[int]) -> str:
    """Return the key of a set of story ids: SHA-256 of the sorted ids, in hexadecimal."""
    return hashlib.sha256(_as_text(stories).encode()).hexdigest()


def history_of(conn: Connection, stories: frozenset[int]) -> int:
    """Return the id of the history that holds exactly *stories*, making it when nobody had it before."""
    key = history_key(stories)
    return ids_of(conn, histories, {key: {"stories": _as_text(stories)}})[key]


def stories_of(conn: Connection, history_id: int) -> frozenset[int]:
    """Return the story ids of a history; raises NotFound when there is none with this id."""
    text = conn.execute(select(histories.c.stories).where(histories.c.id == history_id)).scalar()
    if text is None:
        raise NotFound(f"there is no history {history_id} in this database")
    return frozenset(json.loads(text))


def _as_text(stories: frozenset[int]) -> str:
    return json.dumps(sorted(stories), separators=(",", ":"))
