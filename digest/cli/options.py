"""What several commands share: reading a moment, printing JSON, progress, the doors to the installation."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any, Protocol

import typer

from digest.errors import BadInput

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from digest.pipeline.installation import Installation

Json = Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")]
At = Annotated[
    str, typer.Option("--at", metavar="TIME", help="As if the clock showed TIME (ISO 8601 with zone; default now).")
]


class ExitError(Exception):
    """Ends the program with a status after everything was said."""

    def __init__(self, status: int) -> None:
        self.status = status
        super().__init__(str(status))


class Advance(Protocol):
    """Tells a progress bar that so many more are done, and the total once it is known."""

    def __call__(self, done: int, total: int | None = None) -> None:
        """Move on."""
        ...


def moment(text: str) -> datetime:
    """Return the instant that *text* names, now for ""; a time without zone is UTC. Raises BadInput."""
    if not text:
        return datetime.now(UTC)
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise BadInput(f"{text!r} is not a time; write it like 2026-11-23T07:00+09:00") from None
    return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)


def print_json(value: Any) -> None:
    """Print one JSON document."""
    typer.echo(json.dumps(value, ensure_ascii=False, indent=2, default=str))


def print_json_lines(values: Iterable[Any]) -> None:
    """Print a JSON array element by element: a log of millions of lines does not fit into memory."""
    out = sys.stdout
    out.write("[")
    for number, value in enumerate(values):
        out.write((",\n" if number else "\n") + json.dumps(value, ensure_ascii=False, default=str))
    out.write("\n]\n")


def _say_nothing(done: int, total: int | None = None) -> None:
    """Stand in for a bar where nobody looks."""


@contextmanager
def progress_bar(label: str, total: int | None = None) -> Iterator[Advance]:
    """Give a function that moves a bar on stderr; nothing is shown when stderr is not a terminal."""
    if not sys.stderr.isatty():
        yield _say_nothing
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(label, total=total)

        def advance(done: int, total: int | None = None) -> None:
            if total is not None:
                bar.update(task, total=total)
            bar.advance(task, done)

        yield advance


def the_database() -> Engine:
    """Return the configured database; no other setting is needed."""
    from digest.app import open_database
    from digest.settings import read_settings

    return open_database(read_settings())


def the_installation() -> Installation:
    """Return the installation for commands that make links but send nothing."""
    from digest.app import open_installation
    from digest.settings import COMPOSING, read_settings

    return open_installation(read_settings(needs=COMPOSING))


def print_table(title: str, columns: list[str], rows: Iterable[Iterable[str]], *, empty: str) -> None:
    """Print a table, or the sentence *empty* that says what to do next."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(*columns, title=title or None, title_justify="left", header_style="bold")
    count = 0
    for row in rows:
        # Text, not markup: a subject may hold "[bold]".
        table.add_row(*(Text(cell) for cell in row))
        count += 1
    console = Console(width=None if sys.stdout.isatty() else 200)
    console.print(table) if count else console.print(Text(empty))
