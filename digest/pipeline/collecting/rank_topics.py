"""Rank the articles of a file for the topics of another, day by day."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from digest.collection.gzipped import is_gzipped, unfold
from digest.enrichment.ranking.ranking import Ranking, rank
from digest.enrichment.ranking.reading import Item
from digest.errors import BadArticle, BadInput
from digest.model.topic import Topic

_LARGEST = 1_000_000_000  # bytes, unfolded; what is read is held in memory


@dataclass(frozen=True, slots=True)
class Definitions:
    """Topics as their editors define them, and the articles (ids of the other file, or texts) given as examples."""

    topics: tuple[Topic, ...]
    examples: dict[str, tuple[int | str | Item, ...]]


def rank_topics(
    definitions: Definitions, items: Sequence[Item], top: int, progress: Callable[[int], None] | None = None
) -> Ranking:
    """Return for each day of *items* and each topic the ids of the *top* best articles, best first.

    Raises BadInput when an example is an id that is not among *items*.
    """
    known = {item.id: item for item in items}
    examples: dict[str, list[Item]] = {}
    for slug, given in definitions.examples.items():
        if unknown := [one for one in given if not isinstance(one, Item) and one not in known]:
            raise BadInput(f"topic {slug!r}: example {unknown[0]!r} is no id of the articles; correct or remove it")
        examples[slug] = [one if isinstance(one, Item) else known[one] for one in given]
    return rank(definitions.topics, items, top, examples, progress)


def read_articles(path: Path) -> list[Item]:
    """Read a file of JSON lines (UTF-8, gzip or not): `id published_at title text`, and `deck` where there is one.

    `published_at` is ISO 8601; without an offset it is UTC, and the day is the one in UTC. Other keys are not
    looked at. Raises BadInput, with file and line.
    """
    items: list[Item] = []
    seen: dict[int | str, int] = {}
    for number, line in _lines(path):
        where = f"{path}:{number}"
        item = _item(_object(line, where), where)
        if item.id in seen:
            raise BadInput(f"{where}: id {item.id!r} stands in line {seen[item.id]} too; give each article its own")
        seen[item.id] = number
        items.append(item)
    if not items:
        raise BadInput(f"{path}: there is no article in this file; it needs one JSON object a line")
    return items


def read_definitions(path: Path) -> Definitions:
    """Read a JSON array of topics: `slug name`, and where there are any `keywords names parent examples`.

    An example is the id of an article, or an object with `title` and `text`. Raises BadInput.
    """
    try:
        found = json.loads(_text(_bytes(path), str(path)))
    except (ValueError, RecursionError) as wrong:
        if isinstance(wrong, BadInput):
            raise
        line = f":{wrong.lineno}" if isinstance(wrong, json.JSONDecodeError) else ""
        raise BadInput(f"{path}{line}: this is not JSON ({_reason(wrong)}); save it again") from None
    if not isinstance(found, list) or not found:
        raise BadInput(f'{path}: expected a JSON array of topics, like [{{"slug": "trade", "name": "Trade"}}]')
    topics: dict[str, Topic] = {}
    examples: dict[str, tuple[int | str | Item, ...]] = {}
    for number, value in enumerate(found, 1):
        where = f"{path}: topic {number}"
        topic = _topic(value, where)
        if topic.slug in topics:
            raise BadInput(f"{where}: slug {topic.slug!r} was used before; give each topic its own")
        topics[topic.slug] = topic
        examples[topic.slug] = _examples(value.get("examples", []), where)
    return Definitions(tuple(topics.values()), examples)


def _topic(value: object, where: str) -> Topic:
    if not isinstance(value, dict):
        raise BadInput(f"{where}: expected an object with slug and name")
    names = value.get("names", {})
    if not isinstance(names, dict) or not all(isinstance(one, str) for one in names.values()):
        raise BadInput(f"{where}: names must be an object of language and name")
    keywords = value.get("keywords", [])
    if not isinstance(keywords, list) or not all(isinstance(one, str) for one in keywords):
        raise BadInput(f"{where}: keywords must be an array of texts")
    more = value.get("keywords_in", {})
    if not isinstance(more, dict) or not all(isinstance(words, list) for words in more.values()):
        raise BadInput(f"{where}: keywords_in must be an object of language and array of texts")
    words = [word for found in more.values() for word in found]
    if not all(isinstance(word, str) for word in words):
        raise BadInput(f"{where}: keywords_in must be an object of language and array of texts")
    slug = _filled(value, "slug", where)
    return Topic(slug, _filled(value, "name", where), (*keywords, *words), names, _string(value, "parent", where))


def _examples(value: object, where: str) -> tuple[int | str | Item, ...]:
    if not isinstance(value, list):
        raise BadInput(f"{where}: examples must be an array of ids or of objects with title and text")
    given: list[int | str | Item] = []
    for one in value:
        if isinstance(one, dict):
            given.append(Item("", "", _string(one, "title", where), _string(one, "text", where)))
        elif isinstance(one, (int, str)) and not isinstance(one, bool):
            given.append(one)
        else:
            raise BadInput(f"{where}: example {one!r} is neither an id nor an object with title and text")
    return tuple(given)


def _item(value: dict[str, Any], where: str) -> Item:
    key = value.get("id")
    if not isinstance(key, (int, str)) or isinstance(key, bool) or key == "":
        raise BadInput(f"{where}: this article has no id; give it a number or a text of its own")
    title, deck = _string(value, "title", where), _string(value, "deck", where)
    if "text" not in value:
        raise BadInput(f"{where}: this article has no text; add the key text")
    text = _string(value, "text", where)
    if not f"{title}{deck}{text}".strip():
        raise BadInput(f"{where}: this article has no text; fill in text, or take the line out")
    return Item(key, _day(value.get("published_at"), where), title, text, deck)


def _day(written: object, where: str) -> str:
    """Return the day in UTC; a date of any year, for an archive may be old."""
    try:
        at = datetime.fromisoformat(written) if isinstance(written, str) else None
        if at is not None:
            return (at if at.tzinfo else at.replace(tzinfo=UTC)).astimezone(UTC).date().isoformat()
    except (ValueError, OverflowError):
        pass
    raise BadInput(f"{where}: published_at is {written!r}; write a date like 2026-11-23T07:00:00Z")


def _filled(value: dict[str, Any], key: str, where: str) -> str:
    text = _string(value, key, where)
    if not text.strip():
        raise BadInput(f"{where}: {key} is missing; fill it in")
    return text


def _string(value: dict[str, Any], key: str, where: str) -> str:
    found = value.get(key, "")
    if found is None:
        return ""
    if not isinstance(found, str):
        raise BadInput(f"{where}: {key} must be a text, not {type(found).__name__}")
    return found


def _object(line: str, where: str) -> dict[str, Any]:
    try:
        value = json.loads(line)
    except (ValueError, RecursionError) as wrong:
        raise BadInput(f"{where}: this line is not JSON ({_reason(wrong)}); save the file again") from None
    if not isinstance(value, dict):
        raise BadInput(f"{where}: expected a JSON object, one article a line")
    return value


def _reason(wrong: Exception) -> str:
    return wrong.msg if isinstance(wrong, json.JSONDecodeError) else str(wrong)


def _lines(path: Path) -> Iterator[tuple[int, str]]:
    for number, line in enumerate(_bytes(path).removeprefix(b"\xef\xbb\xbf").split(b"\n"), 1):
        if line.strip():
            yield number, _text(line, f"{path}:{number}")


def _text(data: bytes, where: str) -> str:
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as wrong:
        raise BadInput(f"{where}: byte {wrong.start + 1} is not UTF-8; save the file in that encoding") from None


def _bytes(path: Path) -> bytes:
    try:
        data = path.read_bytes()
    except OSError as wrong:
        raise BadInput(f"{path}: {wrong.strerror or wrong}; name a file that can be read") from None
    if not is_gzipped(data):
        if path.suffix == ".gz" and data:
            raise BadInput(f"{path}: this is not gzip as its name says; save it again, or name it without .gz")
        return data
    try:
        return unfold(data, _LARGEST)
    except BadArticle as wrong:
        raise BadInput(f"{path}: {wrong}") from None
