"""Reading one table of a TOML document; every problem is collected in words, none stops the reading."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Collection, Mapping
from datetime import timedelta
from typing import Any, TypeVar
from unicodedata import category

from digest.store.durations import read_duration

T = TypeVar("T")

# Control characters, line and paragraph separators, lone surrogates: they would end a header or a line.
_BREAKING = ("Cc", "Zl", "Zp", "Cs")


def suggestion(word: str, known: Collection[str]) -> str:
    """Return "; did you mean 'trade'?" for the known word nearest to *word*, or ""."""
    near = difflib.get_close_matches(word, known, n=1)
    return f"; did you mean {near[0]!r}?" if near else ""


class CheckedTable:
    """A table and where it stands; what is asked for is checked, what was never asked for is unknown."""

    def __init__(self, where: str, values: Mapping[str, Any], problems: list[str], prefix: str = "") -> None:
        self.where = where
        self._values = values
        self._problems = problems
        self._prefix = prefix
        self._asked: set[str] = set()

    def wrong(self, key: str, what: str) -> None:
        """Note that the value of *key* cannot be used, and why."""
        self._problems.append(f"[{self.where}] {self._prefix}{key} {what}")

    def has(self, key: str) -> bool:
        """Return whether the table has *key*."""
        self._asked.add(key)
        return key in self._values

    def raw(self, key: str) -> Any:
        """Return the value of *key* as TOML gave it, or None."""
        self._asked.add(key)
        return self._values.get(key)

    def text(self, key: str, default: str = "", *, needed: str = "", lines: bool = False) -> str:
        """Return one line of text (several with *lines*); *needed* says what to write when it is missing."""
        value = self.raw(key)
        if value is None and not needed:
            return default
        if value is not None and not isinstance(value, str):
            self.wrong(key, 'must be text in "quotes"')
            return default
        text = str(value or "").strip()
        if not text and needed:
            self.wrong(key, f"is missing: {needed}")
        breaking = [one for one in text if category(one) in _BREAKING and not (lines and one == "\n")]
        if breaking:
            self.wrong(key, f"has a line break or control character (U+{ord(breaking[0]):04X}); take it out")
            return default
        return text

    def texts(self, key: str) -> tuple[str, ...]:
        """Return a list of non-empty texts, each once, in their order."""
        value = self.raw(key)
        if value is None:
            return ()
        good = isinstance(value, list) and all(isinstance(one, str) and one.strip() for one in value)
        if not good:
            self.wrong(key, 'must be a list of texts, like ["first", "second"]')
            return ()
        return tuple(dict.fromkeys(" ".join(one.split()) for one in value))

    def texts_by_language(self, key: str, read_language: Callable[[str], str]) -> dict[str, str]:
        """Return texts by language tag; *read_language* gives the tag's usual form or raises ValueError."""
        found: dict[str, str] = {}
        for tag, text in self._sub_values(key).items():
            try:
                usual = read_language(tag)
            except ValueError:
                self.wrong(f"{key}.{tag}", 'is no language tag; use one like "en", "ko" or "pt-BR"')
                continue
            if isinstance(text, str) and text.strip():
                found[usual] = " ".join(text.split())
            else:
                self.wrong(f"{key}.{tag}", 'must be text in "quotes"')
        return found

    def lists_by_language(self, key: str, read_language: Callable[[str], str]) -> dict[str, tuple[str, ...]]:
        """Return lists of texts by language tag, as `texts` and `texts_by_language` do."""
        table, found = self.table(key), dict[str, tuple[str, ...]]()
        for tag in self._sub_values(key):
            texts = table.texts(tag)
            try:
                found[read_language(tag)] = texts
            except ValueError:
                self.wrong(f"{key}.{tag}", 'is no language tag; use one like "en", "ko" or "pt-BR"')
        return found

    def number(self, key: str, default: int, low: int, high: int) -> int:
        """Return a whole number from *low* to *high*."""
        value = self.raw(key)
        if value is None:
            return default
        if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
            self.wrong(key, f"must be a whole number from {low:,} to {high:,}")
            return default
        return value

    def flag(self, key: str) -> bool | None:
        """Return true or false, or None when the key is absent."""
        value = self.raw(key)
        if value is not None and not isinstance(value, bool):
            self.wrong(key, "must be true or false")
            return None
        return value

    def duration(self, key: str, default: timedelta) -> timedelta:
        """Return a duration above zero."""
        return self._duration(key, self.raw(key)) or default

    def durations(self, key: str, default: tuple[timedelta, ...]) -> tuple[timedelta, ...]:
        """Return a list of durations above zero, at least one."""
        value = self.raw(key)
        if value is None:
            return default
        if not isinstance(value, list) or not value:
            self.wrong(key, 'must be a list of durations, like ["30m", "2h"]')
            return default
        return tuple(found for one in value if (found := self._duration(key, one)))

    def choice(self, key: str, default: T, choices: Mapping[str, T]) -> T:
        """Return what *choices* has for the text of *key*."""
        value = self.raw(key)
        if value is None:
            return default
        if not isinstance(value, str) or value not in choices:
            listed = ", ".join(map(repr, choices))
            self.wrong(key, f"must be one of {listed}{suggestion(str(value), choices)}")
            return default
        return choices[value]

    def table(self, key: str) -> CheckedTable:
        """Return the table under *key*, empty when absent."""
        return CheckedTable(self.where, self._sub_values(key), self._problems, f"{self._prefix}{key}.")

    def refuse_unknown(self) -> None:
        """Note every key that nobody asked for; call when everything was read."""
        for key in self._values:
            if key not in self._asked:
                self.wrong(key, f"is not a setting of this table{suggestion(key, self._asked)}")

    def _sub_values(self, key: str) -> Mapping[str, Any]:
        value = self.raw(key)
        if value is None:
            return {}
        if not isinstance(value, dict):
            self.wrong(key, "must be a table")
            return {}
        return value

    def _duration(self, key: str, value: Any) -> timedelta | None:
        if value is None:
            return None
        try:
            found = read_duration(value) if isinstance(value, str) else timedelta(0)
        except ValueError:
            found = timedelta(0)
        if not found:
            self.wrong(key, 'must be a duration like "30m", "12h" or "3d"')
            return None
        return found
