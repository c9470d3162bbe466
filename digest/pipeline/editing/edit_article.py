"""Edit: what an editor writes in an article that was collected; two at once lose nothing of each other's."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

from digest.collection.clean import clean_line
from digest.collection.links import http_url
from digest.enrichment.summary import summarise
from digest.errors import BadInput
from digest.model.article import Article, RelatedLink
from digest.model.edit import Edit, changed_fields, edit_of
from digest.model.topic import Topic
from digest.pipeline.editing.line_diff import DiffRow, diff_files
from digest.pipeline.installation import Installation
from digest.store.article_edits import (
    Edits,
    Revision,
    as_values,
    edit_from,
    hold_article,
    latest_revisions_of,
    revision_of,
    source_article,
    source_values,
    write_edit,
)
from digest.store.audit import record
from digest.store.engine import reading
from digest.store.newsletters import load_topics

SHOWN = 30  #: revisions that a page shows
LONGEST = 5_000  #: characters of a summary or a disclaimer
_LONGEST_TITLE, _MOST = 500, 50


class EditClash(BadInput):
    """Somebody else changed the same fields meanwhile; nothing was written."""

    def __init__(self, fields: tuple[str, ...], now: Revision) -> None:
        self.fields, self.now = fields, now
        who = now.made_by or "the source"
        super().__init__(f"{who} changed the same meanwhile ({', '.join(fields)}); look at both, then keep one")


@dataclass(frozen=True, slots=True)
class Step:
    """A revision, and what it changed of the one before: field -> before and after, and the rows of the text."""

    revision: Revision
    changes: dict[str, tuple[Any, Any]]
    text: list[DiffRow]


def edit_shown(article: Article) -> Edit:
    """Return what a form shows: the fields as they are, with the summary that a mail would have."""
    return replace(edit_of(article), summary=summarise(article).text)


def edit_article(house: Installation, article_id: int, wanted: Edit, *, based_on: int, by: str) -> tuple[str, ...]:
    """Write *wanted*, which was made from the revision *based_on*; return the names of the fields that changed.

    A field that was left as that revision has it takes what is there by now. Raises NotFound, EditClash when
    somebody else changed the same field since, BadInput for a topic that there is not.
    """
    wanted = _clean(wanted)
    with house.engine.begin() as connection:
        current_id, current, edits = hold_article(connection, article_id)
        base = edit_shown(revision_of(connection, article_id, based_on).article)
        mine = changed_fields(base, wanted)
        shown, now = edit_shown(current), edit_of(current)
        if clash := _clash(mine, base, shown, wanted):
            raise EditClash(clash, revision_of(connection, article_id, current_id))
        require_topics(load_topics(connection), wanted.topics, known={*base.topics, *current.topics, *_read(edits)})
        fresh = replace(now, **{name: getattr(wanted, name) for name in mine})
        if fresh.summary == summarise(source_article(current, edits)).text:
            fresh = replace(fresh, summary="")
        return _write(house, connection, article_id, (current, edits), fresh, by)


def put_back(house: Installation, article_id: int, revision_id: int, *, based_on: int, by: str) -> tuple[str, ...]:
    """Give an article the fields of an older revision again, or (0) those of its source; return which changed.

    Raises NotFound, and EditClash when it is no longer as *based_on*.
    """
    with house.engine.begin() as connection:
        current_id, current, edits = hold_article(connection, article_id)
        if revision_id:
            fresh = edit_of(revision_of(connection, article_id, revision_id).article)
        else:
            fresh = edit_from(source_values(current, edits))
        base = edit_of(revision_of(connection, article_id, based_on).article)
        if clash := changed_fields(base, edit_of(current)):
            raise EditClash(clash, revision_of(connection, article_id, current_id))
        return _write(house, connection, article_id, (current, edits), fresh, by)


def history_of(house: Installation, article_id: int) -> list[Step]:
    """Return the latest revisions of an article with what each changed, latest first; the first changed nothing."""
    with reading(house.engine) as connection:
        found = latest_revisions_of(connection, article_id, SHOWN + 1)
    steps = [_step(after, before) for after, before in pairwise(found)]
    return steps if len(found) > SHOWN else [*steps, *(Step(each, {}, []) for each in found[-1:])]


def read_topics(text: str) -> tuple[str, ...]:
    """Return the labels in "trade, -sport"."""
    return tuple(dict.fromkeys(filter(None, (clean_line(each)[:80] for each in text.split(",")))))


def read_related(text: str) -> tuple[RelatedLink, ...]:
    """Return the entries of a text: one a line, a title with its address behind it, or alone; raises BadInput."""
    return tuple(_related(line) for line in map(clean_line, text.splitlines()) if line)


def related_text(related: Iterable[RelatedLink]) -> str:
    """Return *related* as `read_related` reads it."""
    return "\n".join(f"{each.title} {each.url}".strip() for each in related)


def _related(line: str) -> RelatedLink:
    words, _, last = line.rpartition(" ")
    if not last.lower().startswith(("http://", "https://")):
        return RelatedLink(line)
    url = http_url(last)
    if not url:
        raise BadInput(f"{last[:60]!r} is no web address; it should look like https://example.org/article")
    if not words:
        raise BadInput(f"write a title before {last[:60]!r}: readers see that")
    return RelatedLink(words.rstrip(" |"), url)


def _clean(wanted: Edit) -> Edit:
    too_long = [name for name in ("summary", "disclaimer") if len(getattr(wanted, name)) > LONGEST]
    if too_long:
        raise BadInput(f"the {too_long[0]} is longer than {LONGEST:,} characters; shorten it")
    if len(wanted.related) > _MOST or len(wanted.topics) > _MOST:
        raise BadInput(f"name at most {_MOST} topics and {_MOST} related articles")
    lines = filter(None, map(clean_line, wanted.disclaimer.splitlines()))
    related = tuple(RelatedLink(clean_line(each.title)[:_LONGEST_TITLE], each.url) for each in wanted.related)
    return Edit(clean_line(wanted.summary), wanted.topics, "\n".join(lines), related)


def _clash(mine: tuple[str, ...], base: Edit, now: Edit, wanted: Edit) -> tuple[str, ...]:
    theirs = changed_fields(base, now)
    return tuple(name for name in mine if name in theirs and getattr(now, name) != getattr(wanted, name))


def _read(edits: Edits) -> tuple[str, ...]:
    return tuple(edits["topics"]["read"]) if "topics" in edits else ()


def require_topics(known_topics: Mapping[str, Topic], labels: Iterable[str], *, known: Collection[str] = ()) -> None:
    """Raise BadInput for a label that is no topic of ours, unless it is one of *known*, which the source has."""
    names = {slug.casefold() for slug in known_topics}
    for topic in known_topics.values():
        names |= {name.casefold() for name in (topic.name, *topic.names.values())}
    for label in labels:
        if label not in known and label.removeprefix("-").casefold() not in names:
            there = ", ".join(sorted(known_topics)[:20]) or "none yet"
            raise BadInput(f"there is no topic {label.removeprefix('-')[:40]!r} (known: {there})")


def _write(
    house: Installation, connection: Any, article_id: int, before: tuple[Article, Edits], fresh: Edit, by: str
) -> tuple[str, ...]:
    now, old = house.clock.now(), edit_of(before[0])
    changed = changed_fields(old, fresh)
    if not changed:
        return ()
    write_edit(connection, article_id, before, fresh, by=by, now=now)
    was, said = as_values(old), as_values(fresh)
    record(
        connection,
        by,
        "article.edit",
        f"article {article_id}",
        now=now,
        before={name: was[name] for name in changed},
        after={name: said[name] for name in changed},
    )
    return changed


def _step(after: Revision, before: Revision) -> Step:
    one, other = before.article, after.article
    was, now = as_values(edit_of(one)), as_values(edit_of(other))
    changes = {name: (was[name], now[name]) for name in changed_fields(edit_of(one), edit_of(other))}
    changes |= {
        name: (getattr(one, name), getattr(other, name))
        for name in ("title", "deck")
        if getattr(one, name) != getattr(other, name)
    }
    return Step(after, changes, diff_files({"text": one.text}, {"text": other.text}).get("text", []))
