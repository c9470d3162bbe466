"""How much of two texts is the same, told from short sketches of them; pure, and equal on every machine.

A sketch is made with one hash for each run of three words (one-permutation MinHash, 64 bins), so that making one
grows with the text, comparing two is constant, and texts that are nearly equal share one of few `bands`.
"""

from __future__ import annotations

import zlib
from operator import eq

from digest.model.words import is_unspaced, stems

BINS = 64
_RUN = 3  #: words in one shingle; letters where words have no spaces
_EMPTY = "......."
_WIDTH = len(_EMPTY)
_ROWS = 4  #: bins in one band: of texts that are nine tenths equal all but one in 10 million pairs share a band
_MIX = 0x9E3779B1


def sketch(text: str) -> str:
    """Return 448 characters that tell how alike texts are; "" for a text without words."""
    words = stems(text)
    if is_unspaced(text):
        words = [part for word in words for part in (word if is_unspaced(word) else (word,))]
    if not words:
        return ""
    least: dict[int, int] = {}
    for run in zip(*(words[skip:] for skip in range(min(_RUN, len(words)))), strict=False):
        value = zlib.crc32(" ".join(run).encode("utf-8", "surrogatepass")) * _MIX & 0xFFFFFFFF
        place, rest = value % BINS, value // BINS
        if rest < least.get(place, rest + 1):
            least[place] = rest
    return "".join(f"{least[place]:07x}" if place in least else _EMPTY for place in range(BINS))


def likeness(one: str, other: str) -> float:
    """Return which share of the runs of words of two texts is common to both (Jaccard, about ±0.05), from sketches."""
    if not one or not other:
        return 0.0
    left, right = _bins(one), _bins(other)
    none = sum(a == b == _EMPTY for a, b in zip(left, right, strict=True))
    return float(sum(map(eq, left, right)) - none) / (BINS - none)


def bands(text_sketch: str) -> list[int]:
    """Return the keys of which two nearly equal texts share at least one: at most 16, each of 36 bits."""
    width = _ROWS * _WIDTH
    parts = [text_sketch[at : at + width] for at in range(0, len(text_sketch), width)]
    return [
        place << 32 | zlib.crc32(part.encode())
        for place, part in enumerate(parts)
        # Empty bins say that a text is short, and nothing else.
        if part != _EMPTY * _ROWS
    ]


def _bins(text_sketch: str) -> list[str]:
    return [text_sketch[at : at + _WIDTH] for at in range(0, len(text_sketch), _WIDTH)]
