"""Two versions of a text as the rows of a unified diff, for a table that people read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from difflib import SequenceMatcher

_AROUND = 3  # lines that stay, before and after what changed
_MANY = 2_000  # lines; beyond them lines that stand everywhere are no anchors, or equal ones would take minutes


@dataclass(frozen=True, slots=True)
class DiffRow:
    """A line: `sign` is "-" (gone), "+" (new), " " (stays) or "@" (some that stay were left out); numbers from 1."""

    sign: str
    old: int = 0
    new: int = 0
    text: str = ""


def diff_files(old: Mapping[str, str], new: Mapping[str, str]) -> dict[str, list[DiffRow]]:
    """Return the rows of each file that is not the same in both, by name; a file that is missing is empty."""
    names = sorted({*old, *new})
    return {name: list(_rows(old.get(name, ""), new.get(name, ""))) for name in names if old.get(name) != new.get(name)}


def _rows(old: str, new: str) -> Iterator[DiffRow]:
    one, other = old.splitlines(), new.splitlines()
    matcher = SequenceMatcher(None, one, other, autojunk=len(other) > _MANY)
    for number, group in enumerate(matcher.get_grouped_opcodes(_AROUND)):
        if number or group[0][1] or group[0][3]:
            yield DiffRow("@")
        for tag, i1, i2, j1, j2 in group:
            if tag == "equal":
                yield from (DiffRow(" ", i + 1, j1 + i - i1 + 1, one[i]) for i in range(i1, i2))
                continue
            yield from (DiffRow("-", i + 1, 0, one[i]) for i in range(i1, i2))
            yield from (DiffRow("+", 0, j + 1, other[j]) for j in range(j1, j2))
