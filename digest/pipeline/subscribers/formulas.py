"""Cells that a spreadsheet would run as formulas, made harmless and whole again (OWASP ASVS 5.0 §1.2.10).

A leading apostrophe makes a spreadsheet show the rest as text. A cell that starts with apostrophes before
such a character gets one more, so that taking one away always gives back what was there.
"""

from __future__ import annotations

import re
from datetime import datetime

_RISKY = re.compile("'*[=+\\-@\t\r\n＝＋－＠]")


def cell_of(value: object) -> str:
    """Return a value as spreadsheets know it; what is in a tuple has bars between."""
    if isinstance(value, datetime):
        return value.isoformat(timespec="seconds")
    if isinstance(value, tuple):
        return " | ".join(value)
    return "" if value is None else str(value)


def neutralised(cell: str) -> str:
    """Return *cell* as it may stand in a CSV file that somebody opens in a spreadsheet."""
    return f"'{cell}" if _RISKY.match(cell) else cell


def restored(cell: str) -> str:
    """Return the cell that `neutralised` was given."""
    return cell[1:] if cell.startswith("'") and _RISKY.match(cell, 1) else cell
