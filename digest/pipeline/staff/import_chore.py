"""An import in the browser: the file waits in the database, is read in the background, and can be rolled back.

A dry run writes each batch and takes it back, so it tells exactly what the import would do. Killed at any moment, the
import reads the file once more and goes on with the batch after the last one it wrote.
"""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from typing import Any

from sqlalchemy import Connection

from digest.errors import BadInput
from digest.model.chore import Chore, ChoreKind, ChoreState
from digest.pipeline.installation import Installation
from digest.pipeline.subscribers.csv_records import read_lines, read_records
from digest.pipeline.subscribers.formulas import neutralised
from digest.pipeline.subscribers.import_subscribers import How, Ready, Tally, read_rows
from digest.pipeline.subscribers.subscriber_columns import guessed, mapped
from digest.pipeline.subscribers.write_subscribers import BatchWriter, Problem, Written
from digest.store import chores, imported
from digest.store.audit import record
from digest.store.engine import reading
from digest.store.newsletters import load_newsletter

LARGEST = 100_000_000  # bytes
_SHOWN = 5  # rows of the file, to see what its columns are
_BATCH = 2_000  # rows in one transaction
_AT_ONCE = 500  # subscriptions taken back in one transaction
_MOST_COLUMNS = 60
_MOST_PROBLEMS = 100_000  # lines of a report
_COUNTED = ("added", "updated", "unchanged", "suppressed", "ended", "corrected", "kept")
Stop = Callable[[], bool]


class Gone(Exception):
    """Somebody else has the chore by now, or it was dropped."""


def bring_file(house: Installation, who: str, pieces: Iterator[bytes], *, file: str, newsletter: str) -> int:
    """Keep an uploaded file and return the chore's id; raises NotFound for the newsletter, BadInput for the file.

    Each piece is a transaction of its own, so that no sender waits for a slow disk.
    """
    now = house.clock.now()
    spec = {"file": file[:120], "newsletter": newsletter, "overwrite": False, "mapping": []}
    with house.engine.begin() as connection:
        load_newsletter(connection, newsletter)
        chore_id = chores.add_chore(connection, ChoreKind.IMPORT, ChoreState.LISTING, asked_by=who, spec=spec, now=now)
    size = 0
    for number, piece in enumerate(pieces):
        size += len(piece)
        with house.engine.begin() as connection:
            chores.add_piece(connection, chore_id, "upload", number, piece)
    try:
        cells, _ = look_at(house, chore_id)
    except BadInput as error:
        with house.engine.begin() as connection:
            chores.drop_file(connection, chore_id, "upload")
            chores.change_chore(connection, chore_id, state=ChoreState.FAILED.value, problem=str(error))
        raise
    spec |= {"mapping": list(guessed(cells)), "bytes": size}
    with house.engine.begin() as connection:
        chores.change_chore(connection, chore_id, state=ChoreState.MAPPING.value, spec=spec)
        after = {"file": spec["file"], "newsletter": newsletter, "bytes": size}
        record(connection, who, "import.upload", f"import {chore_id}", now=now, after=after)
    return chore_id


def look_at(house: Installation, chore_id: int) -> tuple[list[str], list[list[str]]]:
    """Return the header and the first rows of an uploaded file; raises BadInput when it has no header."""
    with reading(house.engine) as connection:
        records = read_records(read_lines(chores.file_pieces(connection, chore_id, "upload")))
        header = next(records, None)
        if header is None or header.problem:
            raise BadInput("the file has no header line; its first line must name the columns")
        if len(header.cells) > _MOST_COLUMNS:
            raise BadInput(f"the file has more than {_MOST_COLUMNS} columns; take out those that are not needed")
        return header.cells, [each.cells for each in islice(records, _SHOWN)]


def check_import(house: Installation, chore_id: int, mapping: Sequence[str], *, overwrite: bool) -> None:
    """Take down what the columns are and let the dry run begin; raises BadInput."""
    cells, _ = look_at(house, chore_id)
    mapped(cells, mapping)
    with house.engine.begin() as connection:
        chore = chores.find_chore(connection, chore_id, to_change=True)
        if chore.state not in (ChoreState.MAPPING, ChoreState.ASKING):
            raise BadInput("it has gone on meanwhile; look again")
        spec = {**chore.spec, "mapping": list(mapping), "overwrite": overwrite}
        checking = {"state": ChoreState.CHECKING.value, "due_at": house.clock.now(), "spec": spec}
        chores.change_chore(connection, chore_id, **checking, counts={}, done=0, total=0)


def work(house: Installation, chore: Chore, stop: Stop) -> None:
    """Do what is to be done with *chore*, which the caller holds, until it is over or *stop* says so."""
    holder = _Holder(house, chore, stop)
    try:
        match chore.state:
            case ChoreState.CHECKING:
                _check(house, holder)
            case ChoreState.RUNNING:
                _run(house, holder)
            case ChoreState.UNDOING:
                while _undo(house, holder):
                    pass
    except Gone:
        return


class _Holder:
    """Keeps the lease of a chore while it is worked on."""

    def __init__(self, house: Installation, chore: Chore, stop: Stop) -> None:
        self.chore = chore
        self._house = house
        self._stop = stop

    def renew(self, connection: Connection) -> Chore:
        """Hold it for longer; raises Gone when it is not ours any more, or the program is to end."""
        if self._stop():
            chores.change_chore(connection, self.chore.chore_id, due_at=self._house.clock.now())
            connection.commit()
            raise Gone
        held = chores.renewed(connection, self.chore, self._house.clock.now())
        if held is None:
            raise Gone
        self.chore = held
        return held

    def change(self, connection: Connection, **values: Any) -> None:
        """Write columns, and know of them."""
        chores.change_chore(connection, self.chore.chore_id, **values)
        self.chore = chores.find_chore(connection, self.chore.chore_id)

    def pieces(self) -> Iterator[bytes]:
        """Give the file; the lease is renewed on the way."""
        number = 0
        while True:
            with self._house.engine.begin() as connection:
                if number % 16 == 0:
                    self.renew(connection)
                piece = chores.file_piece(connection, self.chore.chore_id, "upload", number)
            if piece is None:
                return
            yield piece
            number += 1


class _Report:
    """Problems as lines of a CSV file, kept until they are written with a batch."""

    def __init__(self) -> None:
        self._lines = io.StringIO()
        self._writer = csv.writer(self._lines)
        self._told = 0

    def __call__(self, problem: Problem) -> None:
        self._told += 1
        if self._told > _MOST_PROBLEMS:
            return
        self._writer.writerow((problem.line, problem.column, neutralised(problem.reason)))

    def write(self, connection: Connection, chore_id: int) -> None:
        """Append what has come together to the chore's report."""
        number = chores.count_pieces(connection, chore_id, "report")
        head = "\ufeffline,column,reason\r\n" if number == 0 else ""
        text = head + self._lines.getvalue()
        for at, piece in enumerate(chores.pieces_of(text.encode()), number):
            chores.add_piece(connection, chore_id, "report", at, piece)
        self._lines.seek(0)
        self._lines.truncate()


def _how(house: Installation, chore: Chore) -> How:
    spec = chore.spec
    mapping = tuple(spec["mapping"])
    return How(spec["newsletter"], house.clock.now(), house.secrets, spec["overwrite"], mapping)


def _check(house: Installation, holder: _Holder) -> None:
    """Write every batch and take it back: what is counted is what would come of it."""
    report = _Report()
    tally, chore_id = Tally(report), holder.chore.chore_id
    with house.engine.begin() as connection:
        chores.drop_file(connection, chore_id, "report")
    with house.engine.connect() as conn, read_rows(conn, holder.pieces(), _how(house, holder.chore), tally) as ready:
        counts = Counter({"refused": tally.refused, "repeated": ready.repeated})
        for batch in ready.scratch.batches(_BATCH):
            with conn.begin() as trial:
                written = BatchWriter(ready.terms).write(conn, batch)
                trial.rollback()
            _add(counts, written, report)
            with conn.begin():
                holder.renew(conn)
                report.write(conn, chore_id)
                holder.change(conn, done=holder.chore.done + len(batch), total=ready.kept, counts=_plain(counts))
        with conn.begin():
            report.write(conn, chore_id)
            asking = {"state": ChoreState.ASKING.value, "due_at": None, "done": 0, "total": ready.kept}
            holder.change(conn, **asking, counts=_plain(counts))


def _run(house: Installation, holder: _Holder) -> None:
    report = _Report()
    tally, chore_id, begun = Tally(report), holder.chore.chore_id, holder.chore.done > 0
    with house.engine.connect() as conn, read_rows(conn, holder.pieces(), _how(house, holder.chore), tally) as ready:
        if not begun:
            with conn.begin():
                holder.renew(conn)
                chores.drop_file(conn, chore_id, "report")
                report.write(conn, chore_id)
                counts = {"refused": tally.refused, "repeated": ready.repeated}
                holder.change(conn, counts=counts, total=ready.kept)
        report = _Report()  # what was read is told already
        _write(conn, holder, ready, report)
    with house.engine.begin() as conn:
        now = house.clock.now()
        chore = holder.renew(conn)
        chores.drop_file(conn, chore_id, "upload")
        record(conn, chore.asked_by, "import.done", f"import {chore_id}", now=now, after={"counts": dict(chore.counts)})
        holder.change(conn, state=ChoreState.DONE.value, due_at=None, finished_at=now)


def _write(conn: Connection, holder: _Holder, ready: Ready, report: _Report) -> None:
    """Write the batches that are not written yet, each with who was added by it."""
    writer, passed = BatchWriter(ready.terms), 0
    for batch in ready.scratch.batches(_BATCH):
        passed += len(batch)
        if passed <= holder.chore.done:
            continue
        with conn.begin():
            chore = holder.renew(conn)
            counts = Counter(chore.counts)
            written = writer.write(conn, batch)
            _add(counts, written, report)
            report.write(conn, chore.chore_id)
            before = chores.count_rows(conn, chore.chore_id)
            rows = [(before + at, each.subscriber_id, list(each)) for at, each in enumerate(writer.latest, 1)]
            chores.add_changes(conn, chore.chore_id, rows)
            holder.change(conn, done=passed, counts=_plain(counts))


def _undo(house: Installation, holder: _Holder) -> bool:
    """Take back what nobody has touched since: who never got a mail goes, others end; True while there is more."""
    now = house.clock.now()
    with house.engine.begin() as conn:
        chore = holder.renew(conn)
        if chore.done == 0:
            chores.change_chore(conn, chore.chore_id, total=chores.count_rows(conn, chore.chore_id))
        newsletter_id, _ = load_newsletter(conn, chore.spec["newsletter"])
        rows = chores.rows_after(conn, chore.chore_id, chore.done, _AT_ONCE)
        added = [imported.AddedRow(*row.changes) for row in rows if row.changes]
        counts = Counter(chore.counts)
        counts.update(imported.take_back(conn, newsletter_id, added, source=f"{chore.source}, undone", now=now))
        holder.change(conn, done=chore.done + len(rows), counts=_plain(counts))
        if len(rows) == _AT_ONCE:
            return True
        after = {"counts": _plain(counts)}
        record(conn, chore.asked_by, "import.undone", f"import {chore.chore_id}", now=now, after=after)
        holder.change(conn, state=ChoreState.UNDONE.value, due_at=None, finished_at=now)
    return False


def _add(counts: Counter[str], written: Written, report: _Report) -> None:
    for name in _COUNTED:
        counts[name] += getattr(written, name)
    for problem in written.problems:
        report(problem)


def _plain(counts: Counter[str]) -> dict[str, int]:
    return {name: count for name, count in counts.items() if count}
