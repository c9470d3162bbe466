"""Whether a person's answer asks to leave, in the languages that are shipped; the words are data (`farewell.toml`).

Only what the reader wrote counts, never what is quoted below it: every mail of ours has the word at its end.
"""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from digest.feedback.mail import Part
from digest.feedback.rules import Rules, plain
from digest.feedback.wording import read_wording

_MAX_LINE = 200
_FIRST_WITHOUT_SPACES = "\u1100"  # Hangul, kana and ideographs come after it
_REPEATED = re.compile(r"\b(\w{1,40})(?: \1\b)+")
_MARKS = re.compile(r"[\s.!?,;:…。！？、،؟¡¿\"'“”„«»()*_<>\[\]-]+")


@dataclass(frozen=True, slots=True)
class Words:
    """`whole` is all that is said; `within` may stand in a short line that has none of `never`."""

    whole: frozenset[str]
    within: tuple[str, ...]
    never: tuple[str, ...]
    polite: tuple[str, ...]
    quotes: tuple[str, ...]


@cache
def shipped_words() -> Words:
    """Return the words beside this file, of all languages together: nobody answers in the language they read only."""
    with Path(__file__).with_name("farewell.toml").open("rb") as file:
        tables = tomllib.load(file).values()
    said = {name: [_bare(word) for table in tables for word in table.get(name, ())] for name in ("whole", "within")}
    more = {name: [plain(word) for table in tables for word in table.get(name, ())] for name in ("never", "quotes")}
    polite = sorted((_bare(word) for table in tables for word in table.get("polite", ())), key=len, reverse=True)
    return Words(
        frozenset(said["whole"]), tuple(said["within"]), tuple(more["never"]), tuple(polite), tuple(more["quotes"])
    )


def asks_to_leave(mail: Part, rules: Rules) -> bool:
    """Whether a person wrote *mail* to hear no more: the first line they wrote says so, or the whole subject does."""
    words = shipped_words()
    subject, is_answer = plain(mail.get("subject")), False
    while prefix := next((each for each in rules.reply_prefixes if subject.startswith(each)), ""):
        subject, is_answer = subject.removeprefix(prefix).lstrip(), True
    lines = _own_lines(read_wording(mail, rules).text, words)
    if _is_farewell(subject, words, alone=True) and (not lines or not is_answer):  # else it is our own subject
        return True
    return bool(lines) and _is_farewell(lines[0], words, alone=False)


def _is_farewell(line: str, words: Words, *, alone: bool) -> bool:
    if len(line) > _MAX_LINE:
        return False
    said = _without_manners(_REPEATED.sub(r"\1", _bare(line)), words)
    if said in words.whole:
        return True
    return not alone and not any(each in plain(line) for each in words.never) and any(w in said for w in words.within)


def _without_manners(said: str, words: Words) -> str:
    before = None
    while said != before:
        before = said
        for polite in words.polite:
            said = _without(polite, said)
    return said


def _without(polite: str, said: str) -> str:
    """Return *said* without *polite* before or after it; only scripts that write no spaces run words together."""
    space = " " if polite.isascii() or polite[0] < _FIRST_WITHOUT_SPACES else ""
    return said.removeprefix(polite + space).removesuffix(space + polite).strip()


def _own_lines(text: str, words: Words) -> list[str]:
    """Return what stands above the quoted mail, without greetings alone on their line and without blank lines."""
    lines: list[str] = []
    for line in text.splitlines()[:50]:
        told = plain(line[:1000])
        if told.startswith((">", "--")) or any(each in told for each in words.quotes):
            break
        if told and _bare(told) not in words.polite:
            lines.append(told)
    return lines


def _bare(text: str) -> str:
    """Return *text* without marks: words with single spaces."""
    return _MARKS.sub(" ", plain(text)).strip()
