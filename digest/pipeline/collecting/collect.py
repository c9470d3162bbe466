"""Collect: from files, folders and URLs to stored articles; one bad file never stops the rest."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy import Engine

from digest.collection.fetch import FetchLimits, fetch
from digest.collection.fetched import Fetched
from digest.collection.folder import Look, is_settled, list_article_files
from digest.collection.gzipped import is_gzipped, unfold
from digest.collection.links import without_login
from digest.collection.read import Reading, reading_of_fetched, reading_of_file
from digest.errors import BadInput, DigestError, FetchRefused
from digest.log import get_logger
from digest.model.article import Article, Collected
from digest.model.newsletter import Source, SourceKind
from digest.store.articles import Saved, save_article
from digest.store.engine import reading
from digest.store.sources import DueSource, due_sources, record_visit

Progress = Callable[[int], None]
_PER_WRITE = 50
LARGEST_FILE = FetchLimits().max_bytes  #: bytes
_OVERLAP = timedelta(minutes=1)  # clocks of file servers, and files that were too young at the last visit


@dataclass(slots=True)
class Read:
    """Articles as read, and a line for each thing that could not be: its name and the reason.

    `files` says beside each article which file is all its own, "" when none is. A date later than *now* is no
    date of publication.
    """

    now: datetime
    articles: list[Article] = field(default_factory=list)
    files: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Visit:
    """What one visit to a source brought; `error` is "" when the source itself could be read.

    `rest` is how long its server wishes to be left alone.
    """

    source: str
    collected: Collected
    error: str = ""
    rest: timedelta = timedelta()


def read_paths(
    places: Sequence[str | Path], *, now: datetime, allow_private: bool = False, progress: Progress | None = None
) -> Read:
    """Read files, folders and URLs; nothing is stored."""
    found = Read(now)
    for place in places:
        with _told_apart(place, found):
            if str(place).lower().startswith(("http://", "https://")):
                _take(fetch(str(place), allow_private=allow_private), found)
            else:
                _read_place(Path(place), found, progress)
        if progress is not None:
            progress(1)
    return found


def read_brought(name: str, data: bytes, *, now: datetime) -> Read:
    """Read a file that somebody brings, as one of that *name* in a folder is read; nothing is stored.

    It is nobody's own file: two of one name may be two articles.
    """
    found = Read(now)
    with _told_apart(name, found):
        _keep(_reading(Path(name), data, now), name, found)
    return found


def store_articles(
    engine: Engine,
    articles: Sequence[Article],
    *,
    source: str,
    now: datetime,
    files: Sequence[str] = (),
    progress: Progress | None = None,
) -> Collected:
    """Store *articles* in short transactions; the same one again updates and never doubles.

    *files* are those of `Read`: an edited file is the same article again, whatever changed in it.
    """
    named = list(zip(articles, files or [""] * len(articles), strict=True))
    outcome: dict[str, list[int]] = {Saved.ADDED: [], Saved.UPDATED: [], Saved.UNCHANGED: []}
    for at in range(0, len(named), _PER_WRITE):
        part = named[at : at + _PER_WRITE]
        with engine.begin() as connection:
            for article, file in part:
                article_id, what = save_article(connection, article, source=source, now=now, file=file)
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
        seen = fetched or each
        # What was not read whole (a feed that breaks off) is asked for anew: a 304 would hide its rest.
        etag, last_modified = ("", "") if visit.collected.problems else (seen.etag, seen.last_modified)
        with engine.begin() as connection:
            record_visit(
                connection,
                each,
                now=now,
                failed=bool(visit.error),
                rest=visit.rest,
                error=visit.error or "; ".join(visit.collected.problems),
                etag=etag,
                last_modified=last_modified,
            )
        visits.append(visit)
    return visits


def _visit(engine: Engine, due: DueSource, now: datetime, *, allow_private: bool) -> tuple[Visit, Fetched | None]:
    source, fetched, found = due.source, None, Read(now)
    try:
        if source.kind is SourceKind.FOLDER:
            _read_changed(Path(source.location), found, due)
        else:
            fetched = fetch(
                source.location, etag=due.etag, last_modified=due.last_modified, allow_private=allow_private
            )
            if not fetched.not_modified:
                _take(fetched, found)
        articles = [_from_source(article, source) for article in found.articles]
        collected = store_articles(engine, articles, source=source.slug, now=now, files=found.files)
    except (DigestError, OSError) as error:
        rest = timedelta(seconds=error.rest) if isinstance(error, FetchRefused) else timedelta()
        return Visit(source.slug, Collected(), str(error), rest), None
    except Exception as error:  # noqa: BLE001  # of one source, and must not keep the others from being read
        return Visit(source.slug, Collected(), _our_mistake(without_login(source.location), error)), None
    return Visit(source.slug, replace(collected, problems=tuple(found.problems))), fetched


def _from_source(article: Article, source: Source) -> Article:
    """Return *article* with what only its source knows: its language, and whether it is AI-generated."""
    if not article.language and source.language:
        article = replace(article, language=source.language)
    if article.ai_generated is None and source.ai_generated is not None:
        article = replace(article, ai_generated=source.ai_generated)
    return article


def _take(fetched: Fetched, found: Read) -> None:
    _keep(reading_of_fetched(fetched, now=found.now), fetched.url, found)


def _keep(reading: Reading, name: object, found: Read, file: str = "") -> None:
    # A file of several articles, or one whose article has a name of its own, says nothing about which is which.
    own = file if len(reading.articles) == 1 and not reading.articles[0].guid else ""
    found.articles.extend(reading.articles)
    found.files.extend(own for _ in reading.articles)
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


def _read_changed(folder: Path, found: Read, due: DueSource) -> None:
    """Read the files that came or changed since the last visit, and those that were bad then.

    One that is still being written waits.
    """
    since = (due.last_visit_at - _OVERLAP).timestamp() if due.last_visit_at else 0.0
    for path in list_article_files(folder):
        with _told_apart(path, found):
            facts = path.stat()
            # The entry's time of change counts: a file that is moved in keeps its older time of writing, and one
            # from a machine with another clock may have been written in the future.
            written_at = datetime.fromtimestamp(min(facts.st_mtime, facts.st_ctime), UTC)
            changed = facts.st_ctime >= since or str(path) in due.last_error
            if changed and is_settled(Look(facts.st_size, written_at), now=found.now):
                _read_one(path, found)


def _read_one(path: Path, found: Read) -> None:
    with _told_apart(path, found):
        _require_size(path.stat().st_size)
        _keep(_reading(path, path.read_bytes(), found.now), path, found, path.resolve().as_posix())


def _reading(path: Path, data: bytes, now: datetime) -> Reading:
    _require_size(len(data))
    if is_gzipped(data):
        data = unfold(data, LARGEST_FILE)
        # The ending below chooses the reader: "feed.xml.gz" is read as "feed.xml".
        path = path.with_suffix("") if path.suffix.lower() == ".gz" else path
    return reading_of_file(path, data, now=now)


def _require_size(size: int) -> None:
    if size > LARGEST_FILE:
        raise BadInput(f"the file is larger than {LARGEST_FILE:,} bytes")


@contextmanager
def _told_apart(place: object, found: Read) -> Iterator[None]:
    """Turn what is wrong with *place* into one line among the problems; the rest goes on."""
    place = without_login(str(place))
    try:
        yield
    except (BadInput, FetchRefused) as error:
        found.problems.append(_told(place, error))
    except OSError as error:
        found.problems.append(f"{place}: cannot be read ({error.strerror or error})")
    except Exception as error:  # noqa: BLE001  # hostile input meets parsers that raise anything
        found.problems.append(_our_mistake(place, error))


def _our_mistake(place: str, error: Exception) -> str:
    get_logger().error("reading_failed", place=place, exc_info=error)
    return f"{place}: cannot be read ({type(error).__name__}; the log has more, please report it)"


def _told(place: str, error: DigestError) -> str:
    """Return one line that names the place and the reason, the place once."""
    text = str(error)
    return text if place in text else f"{place}: {text}"
