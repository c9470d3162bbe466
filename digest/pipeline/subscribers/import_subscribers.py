"""Importing subscribers from a CSV file: read and check everything, then write it in batches.

The file is read once and may be a pipe. Good rows wait in a scratch table on disk, where the last row of a
mailbox wins; then each batch is one transaction. Killed in between, the same import run again finds what it
wrote unchanged and goes on.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self

from sqlalchemy import Connection, Engine

from digest.errors import BadInput
from digest.model.newsletter import Newsletter
from digest.pipeline.subscribers.csv_records import Record, read_lines, read_records
from digest.pipeline.subscribers.formulas import neutralised
from digest.pipeline.subscribers.subscriber_columns import Columns, mapped, read_header
from digest.pipeline.subscribers.subscriber_rows import Row, RowReader
from digest.pipeline.subscribers.write_subscribers import BatchWriter, Problem, Staged, Terms, Written, staged
from digest.store.newsletters import load_newsletter, load_newsletters, load_topics, newsletter_ids
from digest.store.staging import Staging
from digest.store.subscribers import bounded_cache

_CHUNK = 65_536  # bytes read at a time
_BATCH = 5_000  # rows in one transaction
_PROBLEMS_KEPT = 1_000

#: progress("reading", bytes done, bytes in all or 0) and then progress("writing", rows done, rows in all)
Progress = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True)
class Imported:
    """What an import did. Every record of the file is in exactly one of the first eight numbers.

    `repeated` rows gave way to a later one of the same mailbox; `refused` rows could not be read; `ended`
    rows belong to readers who left; `corrected` ones name an address that was corrected since. `kept` counts,
    beside them, readers who chose for themselves what the file says otherwise. `problems` are the first
    thousand; `on_problem` was told all of them.
    """

    added: int = 0
    updated: int = 0
    unchanged: int = 0
    refused: int = 0
    suppressed: int = 0
    ended: int = 0
    repeated: int = 0
    corrected: int = 0
    kept: int = 0
    problems: tuple[Problem, ...] = ()
    notices: tuple[str, ...] = ()


class ProblemReport:
    """Writes problems to a CSV file (line, column, reason) as they come; a context manager."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("w", encoding="utf-8-sig", newline="")
        self._writer = csv.writer(self._file)
        self._writer.writerow(Problem._fields)

    def __call__(self, problem: Problem) -> None:
        """Write one problem."""
        self._writer.writerow((problem.line, problem.column, neutralised(problem.reason)))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()


def import_file(
    engine: Engine,
    source: Path | BinaryIO,
    *,
    newsletter: str,
    now: datetime,
    secret: str,
    previous_secret: str = "",
    overwrite: bool = False,
    only_here: bool = False,
    progress: Progress | None = None,
    on_problem: Callable[[Problem], None] | None = None,
) -> Imported:
    """Bring the readers of a CSV file into *newsletter* (a slug) and return what was done.

    *secret* (and the one before a rotation) finds suppressed addresses, and those that were corrected. These,
    and readers who left, are never brought back: only they can do that. What readers chose on the preferences
    page stays, unless *overwrite*. With *only_here* what a reader is called, and their language and zone, which hold
    for all newsletters, stay as they are: for who may change this newsletter alone.

    Raises NotFound for an unknown newsletter, BadInput for a file without an e-mail column; bad rows are
    reported and everything else goes on.
    """
    now = now.astimezone(UTC)
    tell = progress or _say_nothing
    with engine.connect() as conn, ExitStack() as closing:
        stream, size = _open(source, closing)
        tally, chunks = Tally(on_problem), _chunks(stream, size, tell)
        secrets = tuple(filter(None, (secret, previous_secret)))
        how = How(newsletter, now, secrets, overwrite=overwrite, only_here=only_here)
        ready = closing.enter_context(read_rows(conn, chunks, how, tally))
        closing.enter_context(bounded_cache(conn))
        writer, done = BatchWriter(ready.terms), 0
        for batch in ready.scratch.batches(_BATCH):
            with conn.begin():
                written = writer.write(conn, batch)
            tally.add(written)
            done += len(batch)
            tell("writing", done, ready.kept)
    return tally.result(ready.repeated, ready.terms.columns)


@dataclass(frozen=True, slots=True)
class How:
    """What holds for an import; *mapping* names the column of each cell ("" leaves it out), None goes by the header."""

    newsletter: str
    now: datetime
    secrets: tuple[str, ...]
    overwrite: bool = False
    mapping: tuple[str, ...] | None = None
    only_here: bool = False


@dataclass(frozen=True, slots=True)
class Ready:
    """A file that was read: its good rows wait in *scratch*, *kept* of them; *repeated* gave way to later ones."""

    terms: Terms
    scratch: Staging
    kept: int
    repeated: int


@contextmanager
def read_rows(conn: Connection, chunks: Iterable[bytes], how: How, tally: Tally) -> Iterator[Ready]:
    """Read a whole file and give its good rows; the others are told to *tally*. Raises as `import_file` does."""
    with conn.begin():
        terms_of = _terms(conn, how)
        topics = load_topics(conn)
    records = read_records(read_lines(chunks))
    header = next(records, None)
    if header is None or header.problem:
        raise BadInput(f"the file has no header line{': ' + header.problem if header else '; it is empty'}")
    columns = read_header(header.cells) if how.mapping is None else mapped(header.cells, how.mapping)
    terms = terms_of(columns)
    reader = RowReader(columns, terms.newsletter, topics, how.now)
    with Staging(len(Staged._fields) - 2) as scratch:
        _stage(records, reader, scratch, tally)
        kept, repeated = scratch.counts()
        tally.note_repeated(scratch.repeated())
        yield Ready(terms, scratch, kept, repeated)


class Tally:
    """Counts what became of the rows, and tells each problem."""

    def __init__(self, on_problem: Callable[[Problem], None] | None) -> None:
        self._on_problem = on_problem
        self._kept: list[Problem] = []
        self._refused = 0
        self._sum = Written()

    @property
    def refused(self) -> int:
        """How many rows could not be read."""
        return self._refused

    def refuse(self, line: int, problems: list[tuple[str, str]]) -> None:
        """Count a row that could not be read."""
        self._refused += 1
        for column, reason in problems:
            self._note(Problem(line, column, reason))

    def note_repeated(self, lines: Iterable[tuple[int, int]]) -> None:
        """Tell of rows that gave way to later ones: line and the later line."""
        for line, later in lines:
            self._note(Problem(line, "email", f"line {later} has the same mailbox; the last one counts"))

    def add(self, written: Written) -> None:
        """Count what became of a batch."""
        for name in ("added", "updated", "unchanged", "suppressed", "ended", "corrected", "kept"):
            setattr(self._sum, name, getattr(self._sum, name) + getattr(written, name))
        for problem in written.problems:
            self._note(problem)

    def result(self, repeated: int, columns: Columns) -> Imported:
        """Return the whole account."""
        ignored = ", ".join(columns.ignored)
        return Imported(
            self._sum.added,
            self._sum.updated,
            self._sum.unchanged,
            self._refused,
            self._sum.suppressed,
            self._sum.ended,
            repeated,
            self._sum.corrected,
            self._sum.kept,
            tuple(self._kept),
            (f"columns that were not understood and left out: {ignored}",) if ignored else (),
        )

    def _note(self, problem: Problem) -> None:
        if self._on_problem:
            self._on_problem(problem)
        if len(self._kept) < _PROBLEMS_KEPT:
            self._kept.append(problem)


def _terms(conn: Connection, how: How) -> Callable[[Columns], Terms]:
    slug = how.newsletter
    newsletter_id, newsletter = load_newsletter(conn, slug)
    ids = newsletter_ids(conn)
    others: tuple[tuple[int, Newsletter], ...] = tuple(
        (ids[name], one) for name, one in load_newsletters(conn).items() if name != slug and not one.schedule.zone
    )
    rest = (how.now, how.secrets, how.overwrite, how.only_here)
    return lambda columns: Terms(newsletter_id, newsletter, others, columns, *rest)


def _stage(records: Iterator[Record], reader: RowReader, scratch: Staging, tally: Tally) -> None:
    for record in records:
        found = [("", record.problem)] if record.problem else reader.read(record.cells)
        if not isinstance(found, Row):
            tally.refuse(record.line, found)
            continue
        scratch.put(record.line, found.key, staged(found))


def _open(source: Path | BinaryIO, closing: ExitStack) -> tuple[BinaryIO, int]:
    if not isinstance(source, Path):
        return source, 0
    try:
        return closing.enter_context(source.open("rb")), source.stat().st_size
    except OSError as error:
        raise BadInput(f"{source} cannot be read ({error.strerror}); check the path") from error


def _chunks(stream: BinaryIO, size: int, tell: Progress) -> Iterator[bytes]:
    done = 0
    while chunk := stream.read(_CHUNK):
        yield chunk
        done += len(chunk)
        tell("reading", done, size)


def _say_nothing(_stage: str, _done: int, _total: int) -> None:
    pass
