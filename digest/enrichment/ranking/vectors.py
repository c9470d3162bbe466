"""Articles as vectors of their terms, weighted by how rare each is in the archive (TF-IDF).

Singhal, Buckley, Mitra, "Pivoted Document Length Normalization" (1996): at unit length short articles would count for
more than they are likely to be right.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Sequence
from operator import itemgetter, mul

FEWEST, MOST = 2, 0.5  #: articles that a term must stand in to count, and the share of all that it may
SLOPE = 0.6  #: 1 makes all vectors as long as each other, 0 leaves them as long as their texts make them

Pick = Callable[[Sequence[float]], tuple[float, ...]]


class Vectors:
    """The matrix of articles by terms: rows of about length 1, 0 for an article without a term that counts.

    A term that stands in a text n times weighs 1 + ⌊log2 n⌋ times its rarity. Those being whole numbers, a row is
    kept as a list of places, some of them repeated, and a product is a sum without a multiplication.
    """

    def __init__(self, archive: Sequence[Counter[str]]) -> None:
        spread = Counter(term for terms in archive for term in terms)
        most = max(FEWEST, MOST * len(archive))
        known = sorted(term for term, articles in spread.items() if FEWEST <= articles <= most)
        rarity = [math.log(len(archive) / spread[term]) for term in known]
        places = {term: at for at, term in enumerate(known)}
        rows: list[list[int]] = []
        columns: list[list[int]] = [[] for _ in known]
        lengths: list[float] = []
        for at, terms in enumerate(archive):
            weights = sorted((places[term], times.bit_length()) for term, times in terms.items() if term in places)
            lengths.append(math.sqrt(math.fsum((weight * rarity[place]) ** 2 for place, weight in weights)))
            rows.append([place for place, weight in weights for _ in range(weight)])
            for place, weight in weights:
                columns[place] += [at] * weight
        usual = math.fsum(lengths) / max(len(lengths), 1) or 1.0
        self._scale = [1 / (usual * (1 - SLOPE) + SLOPE * length) for length in lengths]
        # A place after the last holds 0: `itemgetter` gives a tuple for two places or more.
        self._rows = [_pick(row, len(known)) for row in rows]
        self._columns = [_pick(column, len(archive)) for column in columns]
        self._squares = [value * value for value in rarity]

    def alike(self, values: Sequence[float]) -> list[float]:
        """Return for each article the sum of all articles' *values*, each times its likeness to it."""
        scaled = [*map(mul, values, self._scale), 0.0]
        terms = [sum(pick(scaled)) * square for pick, square in zip(self._columns, self._squares, strict=True)]
        terms.append(0.0)
        return [sum(pick(terms)) * scale for pick, scale in zip(self._rows, self._scale, strict=True)]


def _pick(places: Sequence[int], nothing: int) -> Pick:
    return itemgetter(*places, *[nothing] * (2 - len(places)))
