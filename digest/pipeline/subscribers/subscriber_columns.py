"""The columns of a subscriber file: which cell of a row is what, by the header's names or by a person's word."""

from __future__ import annotations

import re
import tomllib
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from digest.errors import BadInput
from digest.pipeline.subscribers.formulas import restored

COLUMNS = (
    "email", "name", "locale", "timezone", "topics", "muted", "keywords", "languages", "choices", "send_at",
    "frequency", "paused_until", "consent_source", "consent_at",
)  # fmt: skip

#: Not columns of ours: other programs' files have a name in two parts, which are read as one.
PARTS_OF_NAME = ("first_name", "last_name")
READ = (*COLUMNS, "state", *PARTS_OF_NAME)  #: every name that a column may be given

ALIASES: Mapping[str, str] = {
    **dict.fromkeys(("e mail", "mail", "email address", "e mail address", "address"), "email"),
    **dict.fromkeys(("full name", "display name", "subscriber name"), "name"),
    **dict.fromkeys(("firstname", "first", "fname", "given name", "forename"), "first_name"),
    **dict.fromkeys(("lastname", "last", "lname", "family name", "surname"), "last_name"),
    **dict.fromkeys(("language", "lang", "locales"), "locale"),
    **dict.fromkeys(("time zone", "tz", "zone"), "timezone"),
    **dict.fromkeys(("topic", "interests", "follows"), "topics"),
    **dict.fromkeys(("mute", "muted topics", "mutes", "not interested"), "muted"),
    **dict.fromkeys(("keyword", "words"), "keywords"),
    **dict.fromkeys(("article languages", "reads"), "languages"),
    **dict.fromkeys(("choice", "also"), "choices"),
    **dict.fromkeys(("hour", "send time", "delivery time"), "send_at"),
    **dict.fromkeys(("how often", "cadence"), "frequency"),
    **dict.fromkeys(("pause until", "pause"), "paused_until"),
    **dict.fromkeys(("opt in source",), "consent_source"),
    **dict.fromkeys(("consent time", "opt in time", "optin time", "confirm time"), "consent_at"),
}


_OTHER_LANGUAGES = Path(__file__).with_name("subscriber_headers.toml")


@dataclass(frozen=True, slots=True)
class Columns:
    """Where each known column stands in a row, and which headers were not understood."""

    positions: Mapping[str, int]
    width: int
    ignored: tuple[str, ...] = ()

    def __contains__(self, column: str) -> bool:
        return column in self.positions


def read_header(cells: Sequence[str]) -> Columns:
    """Return the columns of a header row, in any order and case; raises BadInput without an e-mail column."""
    names = [label_of(restored(cell.strip())).replace(" ", "_") for cell in cells]
    positions: dict[str, int] = {}
    for position, name in enumerate(names):
        if name in READ:
            if name in positions:
                raise BadInput(f"the file has two columns named {name}; keep one of them")
            positions[name] = position
    # A real name beats an alias: beside "email", "address" is where somebody lives.
    for position, name in enumerate(names):
        positions.setdefault(column_called(name.replace("_", " ")), position)
    positions.pop("", None)
    if "email" not in positions:
        needed = ", ".join(COLUMNS)
        raise BadInput(f"the file has no column named email; its first line must name the columns: {needed}")
    used = set(positions.values())
    ignored = tuple(cell.strip()[:40] for at, cell in enumerate(cells) if at not in used and cell.strip())
    return Columns(positions, len(cells), ignored)


def column_called(label: str) -> str:
    """Return the column that *label* (of `label_of`) means, in any of the languages we know; "" for none."""
    return ALIASES.get(label) or _in_other_languages().get(label, "")


@cache
def _in_other_languages() -> Mapping[str, str]:
    with _OTHER_LANGUAGES.open("rb") as file:
        return {label_of(word): column for column, words in tomllib.load(file).items() for word in words}


def guessed(cells: Sequence[str]) -> tuple[str, ...]:
    """Return the column that each cell of a header names, "" where that is none."""
    try:
        columns = read_header(cells)
    except BadInput:
        # One name twice, or no address: a person is to say which is which.
        names = [label_of(restored(cell.strip())).replace(" ", "_") for cell in cells]
        known = [name if name in READ else column_called(name.replace("_", " ")) for name in names]
        return tuple(name if name not in known[:at] else "" for at, name in enumerate(known))
    by_position = {position: name for name, position in columns.positions.items()}
    return tuple(by_position.get(position, "") for position in range(len(cells)))


def mapped(cells: Sequence[str], names: Sequence[str]) -> Columns:
    """Return the columns that a person gave to the cells of a header, "" for those to leave out; raises BadInput."""
    positions: dict[str, int] = {}
    for position, name in enumerate(names[: len(cells)]):
        if name and name not in READ:
            raise BadInput(f"{name[:40]!r} is no column")
        if name in positions:
            raise BadInput(f"two columns are {name}; leave one of them out")
        if name:
            positions[name] = position
    if "email" not in positions:
        raise BadInput("say which column is the email address")
    used = set(positions.values())
    ignored = tuple(cell.strip()[:40] for at, cell in enumerate(cells) if at not in used and cell.strip())
    return Columns(positions, len(cells), ignored)


def label_of(text: str) -> str:
    """Return *text* as it is compared: without case, width, hyphens and underscores."""
    return " ".join(re.sub(r"[\s_\-]+", " ", unicodedata.normalize("NFKC", text)).casefold().split())
