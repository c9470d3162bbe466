"""What a language tag (BCP 47) says about a page: which way it runs, and how a day is written there."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from datetime import date
from functools import lru_cache

from babel import Locale, UnknownLocaleError
from babel.dates import format_date

_TAG = re.compile(r"[A-Za-z]{2,8}(?:-[A-Za-z0-9]{1,8})*")
_RTL_LANGUAGES = frozenset(
    ["ar", "arc", "ckb", "dv", "fa", "he", "khw", "ks", "lrc", "mzn", "nqo", "pnb", "ps", "sd", "syr", "ug", "ur", "yi"]
)
_RTL_SCRIPTS = frozenset(["adlm", "arab", "aran", "hebr", "mand", "nkoo", "rohg", "samr", "syrc", "thaa"])
_FALLBACK = "en"


@dataclass(frozen=True, slots=True)
class LocaleView:
    """The language of the frame, as templates see it; `start` and `end` are "left" or "right"."""

    tag: str
    dir: str

    @property
    def start(self) -> str:
        """The side where a line starts."""
        return start_of(self.dir)

    @property
    def end(self) -> str:
        """The side where a line ends."""
        return end_of(self.dir)


def locale_view(tag: str) -> LocaleView:
    """Return the view of a locale *tag*; a tag that is none counts as English."""
    clean = clean_tag(tag) or _FALLBACK
    return LocaleView(clean, direction(clean))


def clean_tag(tag: str) -> str:
    """Return *tag* in BCP 47 form ("pt_BR" becomes "pt-BR"), or "" when it cannot be one."""
    tag = tag.strip().replace("_", "-")
    return tag if len(tag) <= 35 and _TAG.fullmatch(tag) else ""


def direction(tag: str, sample: str = "") -> str:
    """Return "rtl" or "ltr" for a language *tag*; when it is "", the first strong letter of *sample* decides."""
    if tag:
        first, *rest = tag.lower().split("-")
        scripts = [part for part in rest if len(part) == 4 and part.isalpha()]
        return "rtl" if (scripts[0] in _RTL_SCRIPTS if scripts else first in _RTL_LANGUAGES) else "ltr"
    for character in sample:
        kind = unicodedata.bidirectional(character)
        if kind in ("L", "R", "AL"):
            return "ltr" if kind == "L" else "rtl"
    return "ltr"


def start_of(direction: str) -> str:
    """Return the side where a line of this direction starts."""
    return "right" if direction == "rtl" else "left"


def end_of(direction: str) -> str:
    """Return the side where a line of this direction ends."""
    return "left" if direction == "rtl" else "right"


@lru_cache(maxsize=1024)
def date_text(day: date, tag: str) -> str:
    """Return *day* in words for the locale *tag*, without the day of the week: "23 November 2026"."""
    return str(format_date(day, format="long", locale=_babel_locale(tag)))


@lru_cache(maxsize=1024)
def weekday_date_text(day: date, tag: str) -> str:
    """Return *day* in words for the locale *tag*, with the day of the week."""
    return str(format_date(day, format="full", locale=_babel_locale(tag)))


@lru_cache(maxsize=256)
def is_known(tag: str) -> bool:
    """Return whether it is known how dates are written in the locale *tag* itself, not only in its language."""
    try:
        return str(Locale.parse(tag, sep="-")) == tag.replace("-", "_")  # it may find another one instead
    except (UnknownLocaleError, ValueError):
        return False


@lru_cache(maxsize=256)
def _babel_locale(tag: str) -> Locale:
    parts = (clean_tag(tag) or _FALLBACK).split("-")
    while parts:
        try:
            return Locale.parse("-".join(parts), sep="-")
        except (UnknownLocaleError, ValueError):
            parts.pop()
    return Locale.parse(_FALLBACK)
