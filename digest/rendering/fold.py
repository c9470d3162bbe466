"""Fold plain text to a number of columns: at white space, and in Chinese and Japanese between characters.

What may not begin or end a line there (kinsoku, JIS X 4051) is the part of UAX #14 that readers notice: no line
starts with a closing mark, a small kana or a sign of lengthening, and none ends with an opening mark.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

WIDTH = 72

_NOT_FIRST = frozenset(
    "、。，．：；？！」』】〕〉》）］｝〗〙〛｠〟’”»・…‥ー～〜゠–々〻ゝゞヽヾ゛゜％‰℃"
    "ぁぃぅぇぉっゃゅょゎゕゖァィゥェォッャュョヮヵヶㇰㇱㇲㇳㇴㇵㇶㇷㇸㇹㇺㇻㇼㇽㇾㇿ"
    "｡､｣･ｰﾞﾟｧｨｩｪｫｯｬｭｮ,.:;?!)]}%"
)
_NOT_LAST = frozenset("「『【〔〈《（［｛〖〘〚｟〝‘“«｢([{￥＄￡$¥£")
_SYLLABLES = "\u1100-\u11ff\u3130-\u318f\ua960-\ua97f\uac00-\ud7ff"
_HANGUL = re.compile(f"[{_SYLLABLES}]")
_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://[^\s、。，．；：？！「」『』（）【】〈〉《》〔〕［］]+")


def wrap(text: str, width: int = WIDTH) -> str:
    """Return *text* folded to *width* columns (a wide character takes two); a URL or a Latin word stays whole.

    White space becomes one space or a line end. Korean is folded at its spaces, and inside a word only when the
    word alone is wider than a line.
    """
    if len(text) <= width and text.isascii():
        return " ".join(str(text).split())
    lines: list[str] = []
    free = 0
    for word in str(text).split():
        glue = " " if lines else ""
        for piece in _pieces(word, width):
            needed = len(glue) + columns(piece)
            if lines and needed <= free:
                lines[-1] += glue + piece
                free -= needed
            else:
                lines.append(piece)
                free = width - columns(piece)
            glue = ""
    return "\n".join(lines)


def columns(text: str) -> int:
    """Return how many columns *text* takes in a terminal (UAX #11): wide two, marks that combine none."""
    if text.isascii():
        return len(text)
    return sum(
        0 if unicodedata.category(c) in ("Mn", "Me", "Cf") else 2 if unicodedata.east_asian_width(c) in "WF" else 1
        for c in text
    )


def _pieces(word: str, width: int) -> Iterator[str]:
    """Give the parts of a word between which a line may end."""
    if word.isascii():
        yield word
        return
    urls = {at for found in _URL.finditer(word) for at in range(found.start() + 1, found.end())}
    breaks_hangul = columns(word) > width
    start = 0
    for at in range(1, len(word)):
        if at not in urls and _may_end(word[at - 1], word[at], breaks_hangul=breaks_hangul):
            yield word[start:at]
            start = at
    yield word[start:]


def _may_end(before: str, after: str, *, breaks_hangul: bool) -> bool:
    if before in _NOT_LAST or after in _NOT_FIRST or unicodedata.category(after)[0] == "M" or after == "\u200d":
        return False
    if not (_stands_alone(before) or _stands_alone(after)):
        return False
    return breaks_hangul or not (_HANGUL.match(before) or _HANGUL.match(after))


def _stands_alone(character: str) -> bool:
    """Return whether it is a wide letter or mark of East Asia; pictures go in sequences that must stay together."""
    return unicodedata.east_asian_width(character) in "WF" and unicodedata.category(character) != "So"
