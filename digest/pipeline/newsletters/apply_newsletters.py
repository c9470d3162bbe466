"""Bringing a newsletter file into the database: all of it or nothing, and twice is the same as once."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

from sqlalchemy import Connection, Engine

from digest.errors import BadNewsletter
from digest.model.newsletter import Newsletter
from digest.pipeline.newsletters.newsletter_changes import describe_changes
from digest.pipeline.newsletters.newsletter_file import NewsletterFile, read_newsletter_file
from digest.store.approvals import newsletter_changed
from digest.store.cadences import align_cadences
from digest.store.newsletters import (
    load_newsletters,
    load_sources,
    load_topics,
    newsletter_ids,
    save_newsletters,
    save_sources,
    save_topics,
)

T = TypeVar("T")

_LARGEST_FILE = 5_000_000  # bytes; a vocabulary of thousands of topics has one or two


@dataclass(frozen=True, slots=True)
class Applied:
    """What was changed (or would be, in a dry run), and what should be thought about; one line each."""

    changes: tuple[str, ...]
    warnings: tuple[str, ...]


def apply_file(
    engine: Engine, path: Path, *, postal_address: str = "", dry_run: bool = False, now: datetime
) -> Applied:
    """Write the newsletters, streams, topics and sources of a TOML file over those with the same name.

    Names that the file does not mention are left alone. *postal_address* stands in for newsletters that
    name none. A newsletter whose schedule changes gets its readers' cadences computed anew, from *now* on.
    With *dry_run* nothing is written.

    Raises BadNewsletter with every problem; then nothing was written.
    """
    text = _read(path)
    with engine.connect() as conn, conn.begin() as transaction:
        before = _stored(conn)
        after = read_newsletter_file(
            text,
            name=path.name,
            folder=path.resolve().parent,
            postal_address=postal_address,
            known_topics={topic.slug: topic.parent for topic in before.topics},
            known_sources=[source.slug for source in before.sources],
        )
        if not (after.newsletters or after.topics or after.sources):
            raise BadNewsletter(
                f"{path.name} names no newsletter, stream, topic or source; subscribers/example.toml shows how"
            )
        _require_same_kind(path.name, before, after)
        changes = describe_changes(before, after)
        if changes and not dry_run:
            _save(conn, before, after, now.astimezone(UTC))
        else:
            transaction.rollback()
    return Applied(tuple(changes), after.warnings)


def _read(path: Path) -> str:
    try:
        with path.open("rb") as file:
            content = file.read(_LARGEST_FILE + 1)
        if len(content) > _LARGEST_FILE:
            raise BadNewsletter(f"{path.name}: the file is larger than {_LARGEST_FILE:,} bytes; split it")
        return content.decode("utf-8-sig").replace("\r\n", "\n")
    except OSError as error:
        raise BadNewsletter(f"{path} cannot be read ({error.strerror}); check the path") from error
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise BadNewsletter(f"{path.name}: line {line} is not UTF-8; save the file in that encoding") from error


def _stored(conn: Connection) -> NewsletterFile:
    return NewsletterFile(
        tuple(load_newsletters(conn).values()),
        tuple(load_topics(conn).values()),
        tuple(load_sources(conn).values()),
    )


def _save(conn: Connection, before: NewsletterFile, after: NewsletterFile, now: datetime) -> None:
    topics = _changed(before.topics, after.topics)
    save_topics(conn, topics)
    if topics:
        newsletter_changed(conn, "", "the topics were changed", now=now)
    save_sources(conn, _changed(before.sources, after.sources), now=now)
    letters: list[Newsletter] = _changed(before.newsletters, after.newsletters)
    save_newsletters(conn, letters)
    schedules = {letter.slug: letter.schedule for letter in before.newsletters}
    ids = newsletter_ids(conn)
    for letter in letters:
        newsletter_changed(conn, letter.slug, "the newsletter was changed", now=now)
        if schedules.get(letter.slug, letter.schedule) != letter.schedule:
            align_cadences(conn, ids[letter.slug], letter, now)


def _require_same_kind(name: str, before: NewsletterFile, after: NewsletterFile) -> None:
    streams = {letter.slug: letter.stream is not None for letter in before.newsletters}
    for letter in after.newsletters:
        if streams.get(letter.slug, letter.stream is not None) != (letter.stream is not None):
            was = "stream" if streams[letter.slug] else "newsletter"
            raise BadNewsletter(f"{name}: {letter.slug} is a {was} already, with readers; give this one another name")


def _changed(before: tuple[T, ...], after: tuple[T, ...]) -> list[T]:
    return [one for one in after if one not in before]
