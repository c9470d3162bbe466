"""Writing a newsletter's subscribers as CSV: the columns of an import, and the state; streamed."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, TextIO

from sqlalchemy import Connection, Engine

from digest.model.subscriber import Interests
from digest.pipeline.newsletters.frequencies import frequency_words
from digest.pipeline.subscribers.formulas import neutralised
from digest.pipeline.subscribers.subscriber_columns import COLUMNS
from digest.pipeline.subscribers.subscriber_rows import CHOICES
from digest.store.newsletters import load_newsletter
from digest.store.profiles import interests_from_text
from digest.store.subscribers import consents_given, count_subscriptions, list_subscriptions
from digest.store.tables import from_micros

EXPORTED = (*COLUMNS, "state")
_ROWS_PER_READ = 2_000


def export_subscribers(
    engine: Engine,
    out: TextIO,
    *,
    newsletter: str,
    as_json: bool = False,
    progress: Callable[[int, int], None] | None = None,
) -> int:
    """Write every subscription of *newsletter* (a slug), also those that ended, and return how many.

    CSV (RFC 4180) with cells that a spreadsheet would run made harmless; `import_file` takes it back as it
    was. With *as_json*, one JSON object per line instead. Readers are read some thousands at a time, so an
    export never holds the database; erased ones are left out. *progress* is told (done, in all).

    Raises NotFound for an unknown newsletter.
    """
    done = 0
    for text, many, total in exported(engine, newsletter=newsletter, as_json=as_json):
        out.write(text)
        done += many
        if progress and many:
            progress(done, total)
    return done


def exported(engine: Engine, *, newsletter: str, as_json: bool = False) -> Iterator[tuple[str, int, int]]:
    """Give what `export_subscribers` writes, in pieces: text, how many rows are in it, how many there are in all."""
    after = 0
    with engine.connect() as conn:
        with conn.begin():
            newsletter_id, _ = load_newsletter(conn, newsletter)
            total = sum(count_subscriptions(conn, newsletter_id).values())
        if not as_json:
            yield _as_csv([EXPORTED]), 0, total
        while True:
            with conn.begin():
                page = list_subscriptions(conn, newsletter_id, after=after, limit=_ROWS_PER_READ)
                rows = _rows(conn, newsletter_id, page)
            if not page:
                return
            yield (
                _as_lines(rows) if as_json else _as_csv([tuple(map(neutralised, row)) for row in rows]),
                len(rows),
                total,
            )
            after = page[-1].id


def _as_csv(rows: Iterable[Sequence[str]]) -> str:
    out = io.StringIO()
    csv.writer(out).writerows(rows)
    return out.getvalue()


def _as_lines(rows: Iterable[Sequence[str]]) -> str:
    return "".join(json.dumps(dict(zip(EXPORTED, row, strict=True)), ensure_ascii=False) + "\n" for row in rows)


def interests_as_cells(interests: Interests) -> tuple[str, ...]:
    """Return the cells topics, muted, keywords, languages, choices; a weight other than 1 is written as "trade:2"."""
    follows = (
        follow.topic if follow.weight == 1 else f"{follow.topic}:{follow.weight:g}" for follow in interests.follows
    )
    choices = [name for name, on in zip(CHOICES, (interests.wants_all, interests.surprise), strict=True) if on]
    return tuple(map("|".join, (follows, interests.muted, interests.keywords, interests.languages, choices)))


def _rows(conn: Connection, newsletter_id: int, page: list[Any]) -> list[tuple[str, ...]]:
    given = consents_given(conn, newsletter_id, [one.subscriber_id for one in page])
    return [_row(one, given.get(one.subscriber_id, [])) for one in page if one.address]


def _row(one: Any, given: list[tuple[str, int]]) -> tuple[str, ...]:
    source, at = given[-1] if given else ("", 0)
    cells = interests_as_cells(interests_from_text(one.interests))
    told = from_micros(at).isoformat() if given else ""
    when = (one.send_at, frequency_words(one.frequency), one.paused_until.isoformat() if one.paused_until else "")
    return (one.address, one.name, one.locale, one.zone, *cells, *when, source, told, one.state)
