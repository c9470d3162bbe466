"""Who got what and why, in a terminal: a table for eyes, plain lines for a pipe."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from digest.cli.demo.rows import ReaderRow, local_time, outcome_of, plain

if TYPE_CHECKING:
    from rich.console import Console, RenderableType
    from rich.table import Table

#: Below this many columns a table of three columns would break words; blocks read better.
NARROWEST_TABLE = 88
#: Beyond this many columns lines get too long to read.
WIDEST_TABLE = 150


def print_rows(rows: Sequence[ReaderRow], console: Console) -> None:
    """Print *rows* to *console*: a table on a terminal with room for one, else one block per reader.

    In a pipe each line stays whole, whatever its length, so that it can be searched.
    """
    if not console.is_terminal:
        console.print(lines_of(rows), markup=False, highlight=False, emoji=False, soft_wrap=True)
    elif console.width >= NARROWEST_TABLE:
        console.print(table_of(rows), width=min(console.width, WIDEST_TABLE))
    else:
        _print_blocks(rows, console)


def table_of(rows: Sequence[ReaderRow]) -> Table:
    """Return *rows* as a rich table; every text is shown as it is, never as markup."""
    from rich import box
    from rich.table import Table
    from rich.text import Text

    table = Table(box=box.HORIZONTALS, show_lines=True, expand=True, header_style="bold", border_style="dim")
    table.add_column("Reader", ratio=30, overflow="fold")
    table.add_column("Follows", ratio=20, overflow="fold")
    table.add_column("Articles, and why", ratio=50, overflow="fold")
    for row in rows:
        reader = Text(plain(row.name or row.address), style="bold")
        if row.name:
            reader.append(f"\n{plain(row.address)}", style="not bold")
        for line in _when(row):
            reader.append(f"\n{line}", style="not bold dim")
        table.add_row(reader, Text(_follows(row)), _outcome(row))
    return table


def _outcome(row: ReaderRow) -> RenderableType:
    from rich.table import Table
    from rich.text import Text

    if not (row.articles and row.got_mail):
        return Text(plain(outcome_of(row)), style="yellow")
    numbered = Table.grid(padding=(0, 1))
    numbered.add_column(justify="right", style="dim")
    numbered.add_column(overflow="fold")
    for number, (title, why) in enumerate(row.articles, start=1):
        text = Text(plain(title))
        if why:
            text.append(f"\n{plain(why)}", style="dim")
        numbered.add_row(str(number), text)
    return numbered


def _print_blocks(rows: Sequence[ReaderRow], console: Console) -> None:
    from rich.padding import Padding
    from rich.text import Text

    for line in lines_of(rows).split("\n"):
        words = line.lstrip(" ")
        # Long lines go on under their own beginning, not at the edge.
        console.print(Padding(Text(words, overflow="fold"), (0, 0, 0, len(line) - len(words))))


def lines_of(rows: Sequence[ReaderRow]) -> str:
    """Return *rows* as plain lines: one block per reader, a blank line between blocks."""
    return "\n\n".join("\n".join(_block(row)) for row in rows)


def _block(row: ReaderRow) -> list[str]:
    who = f"{plain(row.name)} <{plain(row.address)}>" if row.name else plain(row.address)
    about = [" · ".join(_when(row)), f"follows {_follows(row)}", plain(outcome_of(row))]
    lines = [who, *(f"  {line}" for line in about)]
    if row.got_mail:
        for number, (title, why) in enumerate(row.articles, start=1):
            lines.append(f"    {number}. {plain(title)}")
            lines.extend([f"       {plain(why)}"] if why else [])
    return lines


def _when(row: ReaderRow) -> tuple[str, str]:
    due = local_time(row.slot_local) if row.slot_local else "not due"
    return due, plain(f"{row.hour} in {row.zone} · {row.locale}")


def _follows(row: ReaderRow) -> str:
    return plain(", ".join(row.follows)) or "everything"
