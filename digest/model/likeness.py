"""How much of two texts is the same, told from short sketches of them; pure, and equal on every machine.

A sketch is made with one hash for each run of three words (one-permutation MinHash, 64 bins), so that making one
grows with the text, comparing two is constant, and texts that share much share one of few `bands`.
"""

from __future__ import annotations

import zlib
from operator import eq

from digest.model.words import is_unspaced, stems

BINS = 64
LEAD_BINS = 8
_LEAD = 40  #: words; what is cut to a third of its length keeps its beginning
_RUN = 3  #: words in one shingle; letters where words have no spaces
_EMPTY = "......."
_WIDTH = len(_EMPTY)
_ROWS = 2  #: bins in one band: of texts that are four tenths equal all but one in 200 pairs share a band
_MIX = 0x9E3779B1


def sketch(text: str) -> str:
    """Return 448 characters that tell how alike texts are; "" for a text without words."""
    return _sketch(_words(text), BINS)


def lead_sketch(text: str) -> str:
    """Return the sketch of the beginning of *text*, for `bands`: 56 characters, or "" for a text without words."""
    return _sketch(_words(text)[:_LEAD], LEAD_BINS)


def _words(text: str) -> list[str]:
    words = stems(text)
    if is_unspaced(text):
        words = [part for word in words for part in (word if is_unspaced(word) else (word,))]
    return words


def _sketch(words: list[str], bins: int) -> str:
    if not words:
        return ""
    least: dict[int, int] = {}
    for run in zip(*(words[skip:] for skip in range(min(_RUN, len(words)))), strict=False):
        value = zlib.crc32(" ".join(run).encode("utf-8", "surrogatepass")) * _MIX & 0xFFFFFFFF
        place, rest = value % bins, value // bins
        if rest < least.get(place, rest + 1):
            least[place] = rest
    return "".join(f"{least[place]:0{_WIDTH}x}" if place in least else _EMPTY for place in range(bins))


def likeness(one: str, other: str) -> float:
    """Return which share of the runs of words of two texts is common to both (Jaccard, about ±0.05), from sketches."""
    if not one or not other:
        return 0.0
    left, right = _bins(one), _bins(other)
    none = sum(a == b == _EMPTY for a, b in zip(left, right, strict=True))
    return float(sum(map(eq, left, right)) - none) / (BINS - none)


def bands(text_sketch: str, lead: str = "") -> list[int]:
    """Return the keys of which texts that share much have at least one in common: at most 36, each of 38 bits.

    With the sketch of its *lead* a text is found by one that is far longer, or far shorter, and begins alike.
    """
    width = _ROWS * _WIDTH
    whole = text_sketch + lead
    parts = [whole[at : at + width] for at in range(0, len(whole), width)]
    # Empty bins say that a text is short, and nothing else.
    return [place << 32 | zlib.crc32(part.encode()) for place, part in enumerate(parts) if _EMPTY not in part]


def _bins(text_sketch: str) -> list[str]:
    return [text_sketch[at : at + _WIDTH] for at in range(0, len(text_sketch), _WIDTH)]
