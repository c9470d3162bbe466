"""On which line of a TOML document a table or a key stands; tomllib does not tell."""

from __future__ import annotations

import re
from collections.abc import Mapping

_HEADER = re.compile(r"\s*\[{1,2}\s*([^\]]+?)\s*\]{1,2}\s*(?:#.*)?$")
_KEY = re.compile(
    r"""\s*((?:[A-Za-z0-9_-]+|"[^"]*"|'[^']*')(?:\s*\.\s*(?:[A-Za-z0-9_-]+|"[^"]*"|'[^']*'))*)\s*=(.*)$"""
)
_PART = re.compile(r"""[A-Za-z0-9_-]+|"([^"]*)"|'([^']*)'""")
_FENCES = ('"""', "'''")
_OF_AN_ERROR = re.compile(r" \(at line (\d+), column (\d+)\)$")

Path = tuple[str, ...]


def find_lines(text: str) -> Mapping[Path, int]:
    """Return the line (from 1) of every table header and key of the valid TOML document *text*, by its whole path."""
    lines: dict[Path, int] = {}
    table: Path = ()
    fence = ""
    for number, line in enumerate(text.split("\n"), 1):
        if fence:
            fence = "" if fence in line else fence
            continue
        if header := _HEADER.match(line):
            table = _parts(header[1])
            lines.setdefault(table, number)
        elif key := _KEY.match(line):
            lines.setdefault((*table, *_parts(key[1])), number)
            value = key[2].lstrip()
            fence = next((each for each in _FENCES if value.startswith(each) and value.count(each) == 1), "")
    return lines


def nearest_line(lines: Mapping[Path, int], path: Path) -> int:
    """Return the line of *path*, or of the nearest table around it; 0 when none of them stands anywhere."""
    return next((lines[path[:size]] for size in range(len(path), 0, -1) if path[:size] in lines), 0)


def with_line(problem: str) -> str:
    """Return what tomllib says is wrong, with the line first: "line 3, column 5: expected …"."""
    found = _OF_AN_ERROR.search(problem)
    return f"line {found[1]}, column {found[2]}: {problem[: found.start()]}" if found else problem


def _parts(dotted: str) -> Path:
    return tuple(part[1] or part[2] or part[0].strip("\"'") for part in _PART.finditer(dotted))
