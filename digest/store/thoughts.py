"""Thoughts: what readers wrote about articles, and what an editor decided about each."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, func, insert, select, update

from digest.errors import NotFound
from digest.model.thought import Thought, ThoughtState
from digest.store.browsing import PAGE, Page
from digest.store.tables import subscribers, thoughts

_SELECT = select(
    thoughts.c.id,
    thoughts.c.article_id,
    thoughts.c.subscriber_id,
    subscribers.c.address,
    thoughts.c.name,
    thoughts.c.text,
    thoughts.c.state,
    thoughts.c.written_at,
).join_from(thoughts, subscribers)


def add(connection: Connection, *, article_id: int, subscriber_id: int, name: str, words: str, now: datetime) -> None:
    """Write down a thought that waits for an editor."""
    connection.execute(
        insert(thoughts).values(
            article_id=article_id,
            subscriber_id=subscriber_id,
            name=name,
            text=words,
            state=ThoughtState.WAITING.value,
            written_at=now,
        )
    )


def waiting_of(connection: Connection, subscriber_id: int) -> int:
    """Return how many thoughts of a reader wait."""
    mine = (thoughts.c.subscriber_id == subscriber_id) & (thoughts.c.state == ThoughtState.WAITING)
    return int(connection.execute(select(func.count()).select_from(thoughts).where(mine)).scalar_one())


def in_state(connection: Connection, state: ThoughtState, *, article_id: int = 0, limit: int = 200) -> list[Thought]:
    """Return the latest thoughts in this state, of one article or of all, earliest first."""
    query = _SELECT.where(thoughts.c.state == state)
    query = query.where(thoughts.c.article_id == article_id) if article_id else query
    rows = connection.execute(query.order_by(thoughts.c.id.desc()).limit(limit)).all()
    return [_thought(row) for row in reversed(rows)]


def browse(connection: Connection, state: ThoughtState, after: Sequence[int] = ()) -> Page[Thought]:
    """Return one page of the thoughts in this state: those that wait the longest first, others the latest first."""
    waits = state is ThoughtState.WAITING
    query = _SELECT.where(thoughts.c.state == state)
    if after:
        query = query.where(thoughts.c.id > after[0] if waits else thoughts.c.id < after[0])
    order = thoughts.c.id.asc() if waits else thoughts.c.id.desc()
    found = tuple(_thought(row) for row in connection.execute(query.order_by(order).limit(PAGE + 1)))
    return Page(found[:PAGE], (found[PAGE - 1].thought_id,) if len(found) > PAGE else ())


def find(connection: Connection, thought_id: int) -> Thought:
    """Return one thought; raises NotFound."""
    row = connection.execute(_SELECT.where(thoughts.c.id == thought_id)).first()
    if row is None:
        raise NotFound(f"there is no thought {thought_id}; see: digest thoughts list")
    return _thought(row)


def judge(connection: Connection, thought_id: int, state: ThoughtState, by: str, now: datetime) -> None:
    """Note what an editor decided."""
    judged = update(thoughts).where(thoughts.c.id == thought_id)
    connection.execute(judged.values(state=state.value, judged_by=by, judged_at=now))


def _thought(row: Row[*tuple[Any, ...]]) -> Thought:
    number, article_id, subscriber_id, address, name, words, state, written_at = row
    return Thought(number, article_id, subscriber_id, address, name, words, ThoughtState(state), written_at)
