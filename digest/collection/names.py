"""Whether words could be the name of a person or a place."""

from __future__ import annotations

import re
from collections.abc import Sequence

_WITHOUT_CASE = re.compile("[\u0590-\u08ff\u0900-\u0dff\u0e00-\u0eff\u1100-\u11ff\u2e80-\uffdc]")
_BETWEEN = "and und et y e i и & of for de da do dos del della di van von der den la le el al bin ben"
_PARTICLES = frozenset(_BETWEEN.split(" "))


def is_name(words: Sequence[str]) -> bool:
    """Whether *words* could be names: capitals, or a few words of a script without them."""
    if not words:
        return False
    if any(_WITHOUT_CASE.match(word) for word in words):
        return len(words) <= 4
    plain = [word.strip(",.()") for word in words]
    return plain[0][:1].isupper() and all(word[:1].isupper() or word.casefold() in _PARTICLES for word in plain)
