r"""Printing: whatever comes from outside is shown, and never obeyed by the terminal.

Titles, addresses, file names and servers' words may hold escape sequences (ECMA-48) that move the cursor, rename
the window or type for the user. They are spelled out: ESC shows as \x1b.
"""

from __future__ import annotations

import csv
import io
import json
import os
import re
import shutil
import sys
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import compress
from typing import TYPE_CHECKING, Any, Protocol

import typer

if TYPE_CHECKING:
    from rich.console import RenderableType

# C0 and C1 but for tab and line end, DEL, the bidirectional controls that make a line read as another (UAX #9),
# the other line ends of Unicode, and bytes of a file name that are no text.
_STEERING = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
_WIDE = 140  # columns from which a table of the log has room for everything
_LINE_ENDS = re.compile("[\t\n]")


class Advance(Protocol):
    """Tells a progress bar that so many more are done, and the total once it is known."""

    def __call__(self, done: int, total: int | None = None) -> None:
        """Move on."""
        ...


def visible(text: str) -> str:
    """Return *text* for a terminal: tabs and line ends stay, what steers is spelled out."""
    return _STEERING.sub(_spelled, text)


def on_one_line(text: str) -> str:
    """Return *text* for one line of a terminal."""
    return _LINE_ENDS.sub(" ", visible(text))


def shortened(text: str, most: int) -> str:
    """Return *text*, when it is longer than *most* letters its first words and "…"; a longer word is cut."""
    if len(text) <= most:
        return text
    head, space, _ = text[:most].rpartition(" ")
    return f"{head.rstrip() if space else text[: most - 1]}…"


def counted(number: int, one: str, many: str = "") -> str:
    """Return "1 mail" or "2 mails"; *many* is *one* with an s unless given."""
    return f"{number} {one if number == 1 else many or one + 's'}"


def say(text: str, *, bold: bool = False) -> None:
    """Print text to stdout."""
    shown = visible(text)
    typer.echo(typer.style(shown, bold=True) if bold else shown)


def complain(text: str, *, prefix: str = "digest: ") -> None:
    """Print one line to stderr."""
    typer.echo(f"{prefix}{on_one_line(text)}", err=True)


def as_json(value: Any, *, indent: int | None = None) -> str:
    """Return *value* as JSON (RFC 8259) in which what steers a terminal is escaped."""
    text = json.dumps(value, ensure_ascii=False, indent=indent, default=str)
    # All of them are in U+0000 to U+FFFF, and can only stand inside strings.
    return _STEERING.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def print_json(value: Any) -> None:
    """Print one JSON document."""
    typer.echo(as_json(value, indent=2))


def print_json_lines(values: Iterable[Any]) -> None:
    """Print a JSON array element by element: a log of millions of lines does not fit into memory."""
    out = sys.stdout
    out.write("[")
    for number, value in enumerate(values):
        out.write((",\n" if number else "\n") + as_json(value))
    out.write("\n]\n")


def print_csv(columns: Sequence[str], lines: Iterable[object]) -> None:
    """Print CSV with these attributes of each line, as spreadsheets read it: formulas are made harmless."""
    from digest.pipeline.subscribers.formulas import cell_of, neutralised

    writer = csv.writer(sys.stdout)
    writer.writerow(columns)
    for line in lines:
        cells = (on_one_line(cell_of(getattr(line, name))) for name in columns)
        writer.writerow([neutralised(cell) for cell in cells])


def print_counts(counts: Mapping[str, int]) -> None:
    """Print how many there are of each, unless there are none."""
    if counts:
        typer.echo(", ".join(f"{name} {number}" for name, number in counts.items()))


def print_table(columns: list[str], rows: Iterable[Iterable[str]], *, empty: str, narrow: Collection[str] = ()) -> None:
    """Print a table, or the sentence *empty* that says what to do next.

    On a terminal of few columns only those named in *narrow*, when they are given; no word is cut.
    """
    from rich.table import Column, Table
    from rich.text import Text

    few = bool(narrow) and sys.stdout.isatty() and shutil.get_terminal_size().columns < _WIDE
    kept = [not few or name in narrow for name in columns]
    table = Table(*(Column(name, overflow="fold") for name in compress(columns, kept)), header_style="bold")
    count = 0
    for row in rows:
        # Text, not markup: a subject may hold "[bold]".
        table.add_row(*(Text(on_one_line(cell)) for cell in compress(row, kept)))
        count += 1
    show(table if count else Text(empty), width=200)


def show(renderable: RenderableType, *, width: int) -> None:
    """Print something of rich's, as wide as the terminal; *width* columns where there is none."""
    from rich.console import Console

    console = Console(width=None if sys.stdout.isatty() else width)
    # Printed by us: the library would end the program itself when the reader of our output has gone.
    with console.capture() as captured:
        console.print(renderable)
    typer.echo(captured.get(), nl=False)


@contextmanager
def progress_bar(label: str, total: int | None = None) -> Iterator[Advance]:
    """Give a function that moves a bar on stderr; nothing is shown when stderr is not a terminal."""
    if not sys.stderr.isatty():
        yield _say_nothing
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    words = TextColumn("{task.description}", markup=False)
    columns = (words, BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(on_one_line(label), total=total)

        def advance(done: int, total: int | None = None) -> None:
            if total is not None:
                bar.update(task, total=total)
            bar.advance(task, done)

        yield advance


@contextmanager
def working(label: str) -> Iterator[None]:
    """Say on stderr what is under way where no length is known; nothing when stderr is not a terminal."""
    if not sys.stderr.isatty():
        yield
        return
    from rich.console import Console
    from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    columns = (SpinnerColumn(), TextColumn("{task.description}", markup=False), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        bar.add_task(on_one_line(label), total=None)
        yield


def write_anything() -> None:
    """Let stdout and stderr spell out what their encoding cannot hold, instead of failing in the middle of a list."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def write_no_more() -> None:
    """Let what is still to be written vanish: the reader of our output (head, less) has gone.

    Python flushes once more at its end, and would complain.
    """
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _spelled(found: re.Match[str]) -> str:
    code = ord(found[0])
    return f"\\x{code:02x}" if code <= 0xFF else f"\\u{code:04x}"


def _say_nothing(done: int, total: int | None = None) -> None:
    """Stand in for a bar where nobody looks."""
