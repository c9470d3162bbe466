"""What a rule has to say about a message, and where."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from digest.rendering.lint.letter import Letter


class Level(StrEnum):
    """How bad it is."""

    ERROR = "error"  #: providers refuse such mail, or readers cannot use it
    WARN = "warn"  #: worth a look


@dataclass(frozen=True, slots=True)
class Place:
    """Where: a header, or a part ("html", "text"); the line, from 1, in the file or in the decoded part, 0 unknown."""

    header: str = ""
    part: str = ""
    line: int = 0

    def __str__(self) -> str:
        """Return it in words, "" for the message as a whole."""
        return ", ".join(filter(None, [self.header or self.part, f"line {self.line}" if self.line else ""]))


WHOLE = Place()


@dataclass(frozen=True, slots=True)
class Remark:
    """One thing that is wrong, in words, and what to do about it."""

    level: Level
    what: str
    remedy: str
    place: Place = WHOLE


@dataclass(frozen=True, slots=True)
class Finding:
    """A remark, and the rule it comes from."""

    rule: str
    remark: Remark

    def as_json(self) -> dict[str, Any]:
        """Return rule, level, what, remedy, header, part and line; None for what cannot be told."""
        remark = self.remark
        return {
            "rule": self.rule,
            "level": remark.level.value,
            "what": remark.what,
            "remedy": remark.remedy,
            "header": remark.place.header or None,
            "part": remark.place.part or None,
            "line": remark.place.line or None,
        }


Check = Callable[["Letter"], Iterator[Remark]]


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule by its id; what it asks; its check, or None and who checks it `elsewhere`."""

    id: str
    asks: str
    check: Check | None = None
    elsewhere: str = ""


def error(what: str, remedy: str, place: Place = WHOLE) -> Remark:
    """Return a remark that must be dealt with."""
    return Remark(Level.ERROR, what, remedy, place)


def warn(what: str, remedy: str, place: Place = WHOLE) -> Remark:
    """Return a remark that is worth a look."""
    return Remark(Level.WARN, what, remedy, place)


def quoted(text: str, most: int = 80) -> str:
    """Return *text* for a sentence: on one line, in quotes, cut when it is long."""
    short = " ".join(text.split())
    return repr(short if len(short) <= most else short[: most - 1] + "…")
