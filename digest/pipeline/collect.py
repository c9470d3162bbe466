"""Collect: from files, folders and URLs to stored articles; one bad file never stops the rest."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path

from sqlalchemy import Engine

from digest.collection.fetch import fetch
from digest.collection.fetched import Fetched
from digest.collection.folder import list_article_files
from digest.collection.read import Reading, reading_of_fetched, reading_of_file
from digest.errors import BadInput, DigestError, FetchRefused
from digest.model.article import Article, Collected
from digest.model.newsletter import Source, SourceKind
from digest.store.articles import Saved, save_article
from digest.store.engine import reading
from digest.store.sources import DueSource, due_sources, record_visit

Progress = Callable[[int], None]
_PER_WRITE = 50
_OVERLAP = timedelta(minutes=1)  # clocks of file servers, and files that were too young at the last visit


@dataclass(slots=True)
class Read:
    """Articles as read, and a line for each thing that could not be: its name and the reason.

    A date later than *now* is no date of publication.
    """

    now: datetime
    articles: list[Article] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Visit:
    """What one visit to a source brought; `error` is "" when the source itself could be read."""

    source: str
    collected: Collected
    error: str = ""


def read_paths(
    places: Sequence[str | Path], *, now: datetime, allow_private: bool = False, progress: Progress | None = None
) -> Read:
    """Read files, folders and URLs; nothing is stored."""
    found = Read(now)
    for place in places:
        try:
            if str(place).startswith(("http://", "https://")):
                _read_url(str(place), found, allow_private=allow_private)
            else:
                _read_place(Path(place), found, progress)
        except (BadInput, FetchRefused) as error:
            found.problems.append(_told(place, error))
        if progress is not None:
            progress(1)
    return found


def store_articles(
    engine: Engine, articles: Sequence[Article], *, source: str, now: datetime, progress: Progress | None = None
) -> Collected:
    """Store *articles* in short transactions; the same one again updates and never doubles."""
    outcome: dict[str, list[int]] = {Saved.ADDED: [], Saved.UPDATED: [], Saved.UNCHANGED: []}
    for at in range(0, len(articles), _PER_WRITE):
        part = articles[at : at + _PER_WRITE]
        with engine.begin() as connection:
            for article in part:
                article_id, what = save_article(connection, article, source=source, now=now)
                outcome[what].append(article_id)
        if progress is not None:
            progress(len(part))
    return Collected(tuple(outcome[Saved.ADDED]), tuple(outcome[Saved.UPDATED]), tuple(outcome[Saved.UNCHANGED]))


def collect_due(engine: Engine, *, now: datetime, allow_private: bool = False) -> list[Visit]:
    """Visit every source whose time has come; a failing one is told, kept with its error, and tried again later."""
    with reading(engine) as connection:
        due = due_sources(connection, now)
    visits = []
    for each in due:
        visit, fetched = _visit(engine, each, now, allow_private=allow_private)
        with engine.begin() as connection:
            record_visit(
                connection,
                each,
                now=now,
                error=visit.error or "; ".join(visit.collected.problems),
                etag=fetched.etag if fetched else each.etag,
                last_modified=fetched.last_modified if fetched else each.last_modified,
            )
        visits.append(visit)
    return visits


def _visit(engine: Engine, due: DueSource, now: datetime, *, allow_private: bool) -> tuple[Visit, Fetched | None]:
    source, fetched, found = due.source, None, Read(now)
    try:
        if source.kind is SourceKind.FOLDER:
            _read_changed(Path(source.location), found, due.last_visit_at)
            if not found.articles and not found.problems:
                # Nothing changed, so what was wrong at the last visit still is.
                return Visit(source.slug, Collected(), due.last_error), None
        else:
            fetched = fetch(
                source.location, etag=due.etag, last_modified=due.last_modified, allow_private=allow_private
            )
            if not fetched.not_modified:
                _take(fetched, found)
    except (DigestError, OSError) as error:
        return Visit(source.slug, Collected(), str(error)), None
    articles = [_from_source(article, source) for article in found.articles]
    collected = store_articles(engine, articles, source=source.slug, now=now)
    return Visit(source.slug, replace(collected, problems=tuple(found.problems))), fetched


def _from_source(article: Article, source: Source) -> Article:
    """Return *article* with what only its source knows: its language, and whether it is AI-generated."""
    if not article.language and source.language:
        article = replace(article, language=source.language)
    if article.ai_generated is None and source.ai_generated is not None:
        article = replace(article, ai_generated=source.ai_generated)
    return article


def _read_url(url: str, found: Read, *, allow_private: bool) -> None:
    _take(fetch(url, allow_private=allow_private), found)


def _take(fetched: Fetched, found: Read) -> None:
    _keep(reading_of_fetched(fetched, now=found.now), fetched.url, found)


def _keep(reading: Reading, name: object, found: Read) -> None:
    found.articles.extend(reading.articles)
    found.problems.extend(f"{name}: {problem}" for problem in reading.problems)


def _read_place(path: Path, found: Read, progress: Progress | None) -> None:
    if path.is_dir():
        _read_folder(path, found, progress)
    elif path.is_file():
        _read_one(path, found)
    else:
        raise BadInput("there is no such file or folder")


def _read_folder(folder: Path, found: Read, progress: Progress | None) -> None:
    for path in list_article_files(folder):
        _read_one(path, found)
        if progress is not None:
            progress(1)


def _read_changed(folder: Path, found: Read, last_visit_at: datetime | None) -> None:
    """Read the files that came or changed since the last visit; one that is still being written waits.

    The time of the last change of a file's entry counts: a file that is moved in keeps its older time of writing.
    """
    since = (last_visit_at - _OVERLAP).timestamp() if last_visit_at else 0.0
    for path in list_article_files(folder, now=found.now):
        if path.stat().st_ctime >= since:
            _read_one(path, found)


def _read_one(path: Path, found: Read) -> None:
    try:
        reading = reading_of_file(path, path.read_bytes(), now=found.now)
    except BadInput as error:
        found.problems.append(_told(path, error))
    except OSError as error:
        found.problems.append(f"{path}: cannot be read ({error.strerror})")
    else:
        _keep(reading, path, found)


def _told(place: object, error: DigestError) -> str:
    """Return one line that names the place and the reason, the place once."""
    text = str(error)
    return text if str(place) in text else f"{place}: {text}"
