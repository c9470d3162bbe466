"""The rules, which are data: causes and codes, phases, kinds of server, words that mark a report.

A phrase is written in lower case with single spaces; `*` stands for up to 40 characters, and a phrase begins and
ends at word boundaries unless `*` is there. Nothing in the tables is a regular expression.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

from digest.model.feedback import ReportClass

_SPACE = re.compile(r"\s+")
_CLAUSE = re.compile(r"(?<=[^\W\d_])[.;!?]\)? |[。！；] ?")
_SPACED = "A-Za-z0-9\u00c0-\u024f\u0370-\u03ff\u0400-\u04ff"  # letters of scripts that put spaces between words
_WORD = re.compile(r"[A-Za-z0-9]")
_BEGINS_WORD = re.compile(f"[{_SPACED}]")
_NEAR = 40  # characters between a thing and what is said of it, as many as a star stands for
_MOST_PLACES = 40


@dataclass(frozen=True, slots=True)
class Phrase:
    """Words to be found: the longest literal piece is looked for first, which is cheap."""

    written: str
    piece: str

    def find(self, words: str) -> int:
        """Return where it begins in *words* (see `plain`), -1 when it is not there."""
        if self.piece not in words:
            return -1
        found = _pattern(self.written).search(words)
        return found.start() if found else -1


@dataclass(frozen=True, slots=True)
class Saying:
    """Words for a thing beside words for what is the matter with it, in one clause, whichever comes first."""

    cause: str
    of: tuple[Phrase, ...]
    says: tuple[Phrase, ...]
    unless: tuple[Phrase, ...]  # words of the clause with which it means something else

    def is_in(self, clause: str) -> bool:
        """Say whether *clause* (see `clauses_of`) says so."""
        told = _places(self.says, clause)
        if not told or any_in(self.unless, clause):
            return False
        if not self.of:
            return True
        things = _places(self.of, clause)
        return any(0 <= max(begin - other, first - end) <= _NEAR for first, other in things for begin, end in told)


@dataclass(frozen=True, slots=True)
class Cause:
    """Why a mail came back. `status` is subject and detail of the code that says so (RFC 3463)."""

    name: str
    report_class: ReportClass
    status: str
    is_sender_fault: bool
    phrases: tuple[Phrase, ...]
    certain: tuple[Phrase, ...]  # words that need no second witness
    weak: tuple[Phrase, ...]  # words that a telling code overrules


@dataclass(frozen=True, slots=True)
class Server:
    """A kind of server: how its reports are known, and what its own words mean (cause -> phrases)."""

    name: str
    signs: tuple[Phrase, ...]
    fields: tuple[str, ...]
    phrases: tuple[tuple[str, tuple[Phrase, ...]], ...]
    statuses: tuple[tuple[str, str], ...]  # cause -> whole status it means by its own words


@dataclass(frozen=True, slots=True)
class Rules:
    """All tables."""

    causes: Mapping[str, Cause]
    sayings: tuple[Saying, ...]
    by_status: Mapping[str, str]
    by_subject: Mapping[str, str]
    by_reply: Mapping[str, str]
    by_phase: Mapping[str, str]
    phases: tuple[tuple[str, tuple[Phrase, ...]], ...]
    servers: tuple[Server, ...]
    dividers: tuple[str, ...]
    recipient_labels: tuple[str, ...]
    complaint_fields: tuple[str, ...]
    roles: frozenset[str]
    reply_prefixes: tuple[str, ...]
    marks: Mapping[str, tuple[Phrase, ...]]

    def keeping(self, keep: Callable[[Phrase], bool]) -> Rules:
        """Return the rules with only those phrases that *keep* says yes to."""

        def kept(phrases: tuple[Phrase, ...]) -> tuple[Phrase, ...]:
            return tuple(filter(keep, phrases))

        return replace(
            self,
            causes={
                name: replace(
                    each,
                    phrases=kept(each.phrases),
                    certain=kept(each.certain),
                    weak=kept(each.weak),
                )
                for name, each in self.causes.items()
            },
            servers=tuple(
                replace(
                    each, signs=kept(each.signs), phrases=tuple((name, kept(found)) for name, found in each.phrases)
                )
                for each in self.servers
            ),
            sayings=tuple(replace(each, of=kept(each.of), says=kept(each.says)) for each in self.sayings),
            phases=tuple((name, kept(phrases)) for name, phrases in self.phases),
            marks={name: kept(phrases) for name, phrases in self.marks.items()},
        )


def plain(text: str) -> str:
    """Return *text* as phrases are written: lower case, white space as single spaces."""
    return _SPACE.sub(" ", text).strip().lower().replace("\u2019", "'")


def clauses_of(words: str) -> list[str]:
    """Return *words* (see `plain`) in pieces within which one thing is said of another."""
    return [each for each in _CLAUSE.split(words) if each]


def any_in(phrases: Iterable[Phrase], words: str) -> bool:
    """Say whether one of *phrases* is in *words*."""
    return any(each.find(words) >= 0 for each in phrases)


@cache
def shipped_rules() -> Rules:
    """Return the tables beside this file."""
    causes, sayings, servers, marks = (_table(f"{name}.toml") for name in ("causes", "sayings", "servers", "marks"))
    return Rules(
        causes={each["name"]: _cause(each) for each in causes["cause"]},
        sayings=tuple(_saying(each, sayings["things"]) for each in sayings["saying"]),
        by_status=causes["status"],
        by_subject=causes["subject"],
        by_reply=causes["reply"],
        by_phase=causes["phase"],
        phases=tuple((name, _phrases(words)) for name, words in marks["phases"].items()),
        servers=tuple(_server(each) for each in servers["server"]),
        dividers=tuple(marks["report"]["dividers"]),
        recipient_labels=tuple(marks["report"]["recipient_labels"]),
        complaint_fields=tuple(marks["complaint"]["fields"]),
        roles=frozenset(marks["roles"]["names"]),
        reply_prefixes=tuple(marks["roles"]["reply_prefixes"]),
        marks={
            f"{table}.{name}": _phrases(words)
            for table in ("report", "reply", "challenge", "complaint")
            for name, words in marks[table].items()
        },
    )


def _table(name: str) -> dict[str, Any]:
    with Path(__file__).with_name(name).open("rb") as file:
        return tomllib.load(file)


def _cause(row: Mapping[str, Any]) -> Cause:
    return Cause(
        row["name"],
        ReportClass(row["class"]),
        row["status"],
        row.get("sender_fault", False),
        *(_phrases(row.get(key, ())) for key in ("phrases", "certain", "weak")),
    )


def _saying(row: Mapping[str, Any], things: Mapping[str, Sequence[str]]) -> Saying:
    of = [word for group in row["of"] for word in things[group]]
    return Saying(row["cause"], *map(_phrases, (of, row["says"], row.get("unless", ()))))


def _server(row: Mapping[str, Any]) -> Server:
    return Server(
        row["name"],
        _phrases(row.get("signs", ())),
        tuple(row.get("fields", ())),
        tuple((cause, _phrases(words)) for cause, words in row.get("phrases", {}).items()),
        tuple(row.get("statuses", {}).items()),
    )


def _phrases(written: Sequence[str]) -> tuple[Phrase, ...]:
    return tuple(Phrase(each, max(each.split("*"), key=len)) for each in written)


@cache
def _pattern(written: str) -> re.Pattern[str]:
    """Return what finds a phrase; made when its piece is first met, since most never are."""
    return re.compile(_written_as_pattern(written))


def _written_as_pattern(written: str) -> str:
    begin = f"(?<![{_SPACED}])" if _BEGINS_WORD.match(written[:1]) else ""
    end = r"(?![A-Za-z0-9])" if _WORD.match(written[-1:]) else ""  # other scripts decline their words
    return begin + ".{0,40}?".join(map(re.escape, written.split("*"))) + end


def _places(phrases: tuple[Phrase, ...], clause: str) -> list[tuple[int, int]]:
    """Return where one of *phrases* begins and ends in *clause*, the first so many."""
    found = _one_of(phrases).finditer(clause) if phrases else iter(())
    return [each.span() for each, _ in zip(found, range(_MOST_PLACES), strict=False)]


@cache
def _one_of(phrases: tuple[Phrase, ...]) -> re.Pattern[str]:
    longest_first = sorted((each.written for each in phrases), key=len, reverse=True)
    return re.compile("|".join(map(_written_as_pattern, longest_first)))
