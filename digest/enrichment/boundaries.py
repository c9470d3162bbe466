"""Where a keyword stands for itself in a script without spaces between words, and where only its letters do.

Nothing tells the words of such a text apart, but its scripts tell much: a run of katakana is one loan word or two,
Korean endings are few, and a single Han letter beside others is a part of their word.
"""

from __future__ import annotations

import re
from enum import Enum, auto

#: What Korean puts after a noun: the plural, then one or two particles.
KOREAN_ENDING = (
    "(?:들)?(?:에서|에게|으로|까지|부터|처럼|보다|이라고|라고|이라는|라는|이라|라|이나|이며|이다|입니다|마다|조차|뿐|께|로|와|과|"
    "의|에|은|는|이|가|을|를|도|만|나)?(?:서|써|은|는|도|만|의)?"
)
_ENDING = re.compile(KOREAN_ENDING)
# A Japanese noun can begin after these; after another hiragana a short one may be the rest of a word.
_BEFORE_A_WORD = frozenset("のはがをにでとへもや")
# In these another word can be read across their own seam: Kyoto in the metropolis of Tokyo, China in developing
# countries.
_COVERING = ("東京都", "发展中国", "發展中國")
_REACH = 24  # letters to each side that are looked at


class _Script(Enum):
    HANGUL = auto()
    KATAKANA = auto()
    HIRAGANA = auto()
    HAN = auto()
    SPACED = auto()  #: words have spaces between them
    NONE = auto()  #: no letter, or of a script that tells nothing


_LETTERS = (
    (_Script.HANGUL, re.compile("[\uac00-\ud7a3]")),
    (_Script.KATAKANA, re.compile("[\u30a1-\u30fa\u30fc]")),
    (_Script.HIRAGANA, re.compile("[\u3041-\u309f]")),
    (_Script.HAN, re.compile("[\u3005-\u3007\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]")),
    (_Script.SPACED, re.compile("[0-9a-z\u00df-\u024f\u0370-\u052f]")),
)


def stands(text: str, start: int, end: int) -> bool:
    """Whether what was found in a folded *text* at *start* up to *end* is a word there, or words, or a part that tells.

    A part that tells is the first or the last word of a compound.
    """
    before, found, after = text[max(0, start - _REACH) : start], text[start:end], text[end : end + _REACH]
    first, last = _script(found[:1]), _script(found[-1:])
    before_is_same = bool(before) and _script(before[-1]) is first
    after_is_same = bool(after) and _script(after[0]) is last
    if not before_is_same and not after_is_same:
        return True
    if _Script.HANGUL in (first, last):
        return _stands_in_korean(before, found, after)
    return (
        (not before_is_same or _can_begin(first, before, found))
        and (not after_is_same or _can_end(last, found, after))
        and not _is_covered(text, start)
    )


def _can_begin(script: _Script, before: str, found: str) -> bool:
    """Whether *found* can begin a word after letters of its own script."""
    match script:
        case _Script.KATAKANA:
            return _run(script, before[::-1]) > 1
        case _Script.HIRAGANA:
            return len(found) > 2 or before[-1] in _BEFORE_A_WORD
        case _Script.HAN:
            return len(found) > 1
    return script is _Script.NONE


def _can_end(script: _Script, found: str, after: str) -> bool:
    """Whether *found* can end a word before letters of its own script."""
    match script:
        case _Script.KATAKANA:
            return _run(script, after) > 1
        case _Script.HAN:
            return len(found) > 1
    return script is not _Script.SPACED


def _stands_in_korean(before: str, found: str, after: str) -> bool:
    """Whether *found* stands between spaces but for endings, begins a compound or ends one.

    What has three letters is no chance, wherever it stands. One letter needs its endings, and a word of two at the end
    of a compound needs another of two at least before it, as most have.
    """
    parts = found.split()
    first, last = _run(_Script.HANGUL, parts[0]), _run(_Script.HANGUL, parts[-1][::-1])
    letters_before, rest = _run(_Script.HANGUL, before[::-1]), after[: _run(_Script.HANGUL, after)]
    has_ending = bool(_ENDING.fullmatch(rest))
    begins = not letters_before or first > 2 or (first == 2 and letters_before > 1)
    ends = has_ending or last > 2 or (last == 2 and (len(parts) > 1 or not letters_before))
    return begins and ends


def _script(letter: str) -> _Script:
    return next((script for script, pattern in _LETTERS if pattern.match(letter)), _Script.NONE)


def _run(script: _Script, text: str) -> int:
    """Return how many letters of *script* the text begins with."""
    return next((at for at, letter in enumerate(text) if _script(letter) is not script), len(text))


def _is_covered(text: str, start: int) -> bool:
    """Whether what was found begins inside a longer word that it is no part of."""
    for word in _COVERING:
        at = text.find(word, max(0, start - len(word) + 1), start + len(word))
        if 0 <= at < start:
            return True
    return False
