"""Articles as vectors of their terms, weighted by how rare each is in the archive (TF-IDF).

Singhal, Buckley, Mitra, "Pivoted Document Length Normalization" (1996): at unit length short articles would count for
more than they are likely to be right.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from operator import itemgetter, mul

MOST = 0.5  #: of all articles; a term that stands in more of them (and in more than two) does not count
SLOPE = 0.6  #: 1 makes all vectors as long as each other, 0 leaves them as long as their texts make them

Pick = Callable[[Sequence[float]], tuple[float, ...]]


class Vectors:
    """The matrix of articles by terms: rows of about length 1, 0 for an article without a term that counts.

    A term that stands in a text n times weighs 1 + ⌊log2 n⌋ times its rarity. Those being whole numbers, a row is
    kept as a list of places, some of them repeated, and a product is a sum without a multiplication.
    """

    def __init__(self, archive: Sequence[Counter[str]]) -> None:
        spread = Counter(term for terms in archive for term in terms)
        self._rarity = {term: math.log(len(archive) / articles) for term, articles in spread.items()}
        most = max(2, MOST * len(archive))
        shared = sorted(term for term, articles in spread.items() if 2 <= articles <= most)
        self._places = {term: at for at, term in enumerate(shared)}
        # A term of this article alone adds to its length, and to its likeness to itself.
        self._alone = {term for term, articles in spread.items() if articles == 1}
        rows: list[list[int]] = []
        columns: list[list[int]] = [[] for _ in shared]
        lengths: list[float] = []
        own: list[float] = []
        for at, terms in enumerate(archive):
            weights = self._weights(terms)
            rows.append([place for place, weight in weights for _ in range(weight)])
            for place, weight in weights:
                columns[place] += [at] * weight
            own.append(_squared((times.bit_length(), self._rarity[term]) for term, times in self._lonely(terms)))
            lengths.append(
                math.sqrt(own[-1] + _squared((weight, self._rarity[shared[place]]) for place, weight in weights))
            )
        self._usual = math.fsum(lengths) / max(len(lengths), 1) or 1.0
        self._scale = [self._scale_of(length) for length in lengths]
        self._own = [square * scale**2 for square, scale in zip(own, self._scale, strict=True)]
        # A place after the last holds 0: `itemgetter` gives a tuple for two places or more.
        self._rows = [_pick(row, len(shared)) for row in rows]
        self._columns = [_pick(column, len(archive)) for column in columns]
        self._squares = [self._rarity[term] ** 2 for term in shared]

    def _weights(self, terms: Counter[str]) -> list[tuple[int, int]]:
        """Return the place and weight of each term that counts, in order."""
        return sorted((self._places[term], times.bit_length()) for term, times in terms.items() if term in self._places)

    def _lonely(self, terms: Counter[str]) -> list[tuple[str, int]]:
        return [(term, times) for term, times in terms.items() if term in self._alone]

    def _scale_of(self, length: float) -> float:
        return 1 / (self._usual * (1 - SLOPE) + SLOPE * length)

    def alike(self, values: Sequence[float]) -> list[float]:
        """Return for each article the sum of all articles' *values*, each times its likeness to it."""
        terms = self.learned(values)
        return [
            sum(pick(terms)) * scale + own * value
            for pick, scale, own, value in zip(self._rows, self._scale, self._own, values, strict=True)
        ]

    def learned(self, values: Sequence[float]) -> list[float]:
        """Return what each term is worth when articles are worth *values*; for `told_by`."""
        scaled = [*map(mul, values, self._scale), 0.0]
        terms = [sum(pick(scaled)) * square for pick, square in zip(self._columns, self._squares, strict=True)]
        terms.append(0.0)
        return terms

    def row(self, terms: Counter[str]) -> Row:
        """Return an article that is not in the archive as one of its rows."""
        weights = self._weights(terms)
        rarest = math.log(max(len(self._rows), 1))
        new = (
            (times.bit_length(), self._rarity.get(term, rarest)) for term, times in terms.items() if self._is_rare(term)
        )
        length = math.sqrt(_squared(new) + sum(self._squares[place] * weight**2 for place, weight in weights))
        return Row(
            _pick([place for place, weight in weights for _ in range(weight)], len(self._places)),
            self._scale_of(length),
        )

    def _is_rare(self, term: str) -> bool:
        return term in self._alone or term not in self._rarity


@dataclass(frozen=True, slots=True)
class Row:
    """One article's terms by their places, and what its length is allowed for with."""

    pick: Pick
    scale: float

    def told_by(self, learned: Sequence[float]) -> float:
        """Return what the article's terms come to together."""
        return sum(self.pick(learned)) * self.scale


def _squared(weights: Iterable[tuple[int, float]]) -> float:
    return math.fsum((weight * rarity) ** 2 for weight, rarity in weights)


def _pick(places: Sequence[int], nothing: int) -> Pick:
    return itemgetter(*places, *[nothing] * (2 - len(places)))
