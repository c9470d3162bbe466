"""Scripts that a name mixes (UTS #39 §5.2, "highly restrictive"), by the Unicode names of its letters."""

from __future__ import annotations

import unicodedata

_TOGETHER = (
    frozenset({"LATIN", "CJK", "HIRAGANA", "KATAKANA"}),
    frozenset({"LATIN", "CJK", "BOPOMOFO"}),
    frozenset({"LATIN", "CJK", "HANGUL"}),
)


def mixed_scripts(label: str) -> str:
    """Return the scripts of *label* in words when they may not stand together, else ""."""
    scripts = {unicodedata.name(each, "").partition(" ")[0] for each in label[:100] if each.isalpha()}
    if len(scripts) < 2 or any(scripts <= each for each in _TOGETHER):
        return ""
    return " and ".join(sorted(each.title() for each in scripts))
