"""One name from the columns that other programs have for it."""

from __future__ import annotations

import re

_EAST_ASIAN = re.compile(r"[\u3005\u3040-\u30ff\u3400-\u9fff\uac00-\ud7a3\U00020000-\U0003ffff]+")


def whole_name(name: str, first: str, last: str) -> str:
    """Return what to call a reader whose file says *name*, *first* and *last*, each "" when it does not.

    A name beside one of the two that it lacks is the other one ("Prénom", "Nom"). Names in Chinese, Japanese and
    Korean letters begin with the family's and have no space.
    """
    part = first or last
    if name and (bool(first and last) or part.casefold() in name.casefold()):
        return name
    first, last = first or name, last or name
    if first and last and _EAST_ASIAN.fullmatch(first + last):
        return last + first
    return " ".join(filter(None, (first, last)))
