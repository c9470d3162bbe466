"""Histories: what a mailbox was shown, as content-addressed sets of stories; equal sets are one row."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable

from sqlalchemy import Connection

from digest.errors import NotFound
from digest.store.get_or_create import ids_of, values_by
from digest.store.tables import histories


def history_ids(conn: Connection, sets: Iterable[frozenset[int]]) -> dict[frozenset[int], int]:
    """Return the id of the history that holds exactly each set of stories, making those that nobody had before."""
    texts = {stories: _as_text(stories) for stories in sets}
    keys = {stories: hashlib.sha256(text.encode()).hexdigest() for stories, text in texts.items()}
    ids = ids_of(conn, histories, {keys[stories]: {"stories": text} for stories, text in texts.items()})
    return {stories: ids[key] for stories, key in keys.items()}


def history_of(conn: Connection, stories: frozenset[int]) -> int:
    """Return the id of the history that holds exactly *stories*, making it when nobody had it before."""
    return history_ids(conn, [stories])[stories]


def stories_by_history(conn: Connection, ids: Iterable[int]) -> dict[int, frozenset[int]]:
    """Return the story ids of each history; raises NotFound when there is none with one of these ids."""
    wanted = set(ids)
    found = values_by(conn, histories.c.id, histories.c.stories, wanted)
    for missing in wanted - found.keys():
        raise NotFound(f"there is no history {missing} in this database")
    return {history_id: frozenset(json.loads(stories)) for history_id, stories in found.items()}


def stories_of(conn: Connection, history_id: int) -> frozenset[int]:
    """Return the story ids of a history; raises NotFound when there is none with this id."""
    return stories_by_history(conn, [history_id])[history_id]


def _as_text(stories: frozenset[int]) -> str:
    return json.dumps(sorted(stories), separators=(",", ":"))
