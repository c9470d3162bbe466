"""Articles as vectors of their terms, weighted by how rare each is in the archive (TF-IDF).

Singhal, Buckley, Mitra, "Pivoted Document Length Normalization" (1996): at unit length short articles would count for
more than they are likely to be right.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import chain
from operator import itemgetter, mul

from digest.enrichment.ranking.lanes import LONGEST, UNIT, WIDTH, Lanes

MOST = 0.5  #: of all articles; a term that stands in more of them (and in more than two) does not count
SLOPE = 0.6  #: 1 makes all vectors as long as each other, 0 leaves them as long as their texts make them

_ONE = 1 << 24  # the square of a term's rarity is counted in parts of this, so that sums are exact
_FINEST = 1_000  # bits after the point; a float has no more
_REPEATED = 32  # more than one term can weigh in a text

Values = Sequence[float]
Pick = Callable[[Sequence[int]], tuple[int, ...]]


class Vectors:
    """The matrix of articles by terms: rows of about length 1, 0 for an article without a term that counts.

    A term that stands in a text n times weighs 1 + ⌊log2 n⌋ times its rarity. Those being whole numbers, a row is
    kept as a list of places, some of them repeated, and a product is a sum without a multiplication.
    """

    def __init__(self, archive: Sequence[Counter[str]]) -> None:
        self._spread = Counter(chain.from_iterable(archive))
        self._size = len(archive)
        most = max(2, MOST * self._size)
        shared = sorted(term for term, articles in self._spread.items() if 2 <= articles <= most)
        self._places = {term: at for at, term in enumerate(shared)}
        square = {articles: self._square(articles) for articles in set(self._spread.values())}
        self._squares = [square[self._spread[term]] for term in shared]
        columns: list[list[int]] = [[] for _ in shared]
        own, lengths = list[int](), list[float]()
        self._rows: list[Pick] = []
        for at, terms in enumerate(archive):
            row, alone, length = self._read(terms)
            for place in row:
                columns[place].append(at)
            # A place after the last holds 0: `itemgetter` gives a tuple for two places or more.
            self._rows.append(_pick(row, len(shared)))
            own.append(alone * self._square(1))
            lengths.append(length)
        self._usual = math.fsum(lengths) / max(self._size, 1) or 1.0
        self._scale = [self._scale_of(length) for length in lengths]
        self._own = [one / _ONE * scale**2 for one, scale in zip(own, self._scale, strict=True)]
        self._columns = [_pick(column, self._size) for column in columns]
        # What is left for a value when no sum of a column, nor of any text there can be, may outgrow its lane.
        longest = max(map(len, columns), default=0), max(self._squares, default=0), _REPEATED * (len(shared) + 1)
        self._bits = min(WIDTH - sum(map(int.bit_length, longest)), LONGEST)

    def _square(self, articles: int) -> int:
        """Return the rarity of a term in so many articles, squared, in parts of `_ONE`."""
        return round(math.log(max(self._size, 1) / articles) ** 2 * _ONE)

    def _read(self, terms: Counter[str]) -> tuple[list[int], int, float]:
        """Return the places of a text's terms, the squares of the weights of what is nowhere else, and its length."""
        places, spread, squares = self._places, self._spread, self._squares
        row: list[int] = []
        alone = square = 0
        for term, times in terms.items():
            weight = times.bit_length()
            place = places.get(term)
            if place is not None:
                row += (place,) * weight
                square += squares[place] * weight * weight
            # A term of one article adds to its length, and to its likeness to itself; so does one of none.
            elif spread[term] <= 1:
                alone += weight * weight
        return row, alone, math.sqrt((square + alone * self._square(1)) / _ONE)

    def _scale_of(self, length: float) -> float:
        return 1 / (self._usual * (1 - SLOPE) + SLOPE * length)

    def alike(self, values: Sequence[Values]) -> list[list[float]]:
        """Return for each of *values* the sums of them, each times its article's likeness to this one, by article."""
        learned = self.learned(values)
        told = zip(*map(learned.told_by, self._rows), strict=True)
        return [
            [
                each * scale + own * value
                for each, scale, own, value in zip(one, self._scale, self._own, given, strict=True)
            ]
            for one, given in zip(told, values, strict=True)
        ]

    def learned(self, values: Sequence[Values]) -> Learned:
        """Return what each term is worth when articles are worth one of *values*, side by side for all of these."""
        scaled = [list(map(mul, one, self._scale)) for one in values]
        # Each lane in parts of its own, so that the largest value is as fine as there is room for.
        sizes = [math.frexp(max(map(abs, one), default=0.0))[1] for one in scaled]
        ones = [2.0 ** min(self._bits - size, _FINEST) for size in sizes]
        lanes = Lanes(len(values))
        rows = [
            lanes.together([round(one[at] * part) for one, part in zip(scaled, ones, strict=True)])
            for at in range(self._size)
        ]
        rows.append(0)
        terms = [sum(pick(rows)) * square for pick, square in zip(self._columns, self._squares, strict=True)]
        terms.append(0)
        return Learned(terms, lanes, [UNIT / one / _ONE for one in ones])

    def row(self, terms: Counter[str]) -> Row:
        """Return an article that is not in the archive as one of its rows."""
        row, _, length = self._read(terms)
        return Row(_pick(row, len(self._places)), self._scale_of(length))


@dataclass(frozen=True, slots=True)
class Row:
    """One article's terms by their places, and what its length is allowed for with."""

    pick: Pick
    scale: float

    def told_by(self, learned: Learned) -> list[float]:
        """Return what the article's terms come to together, by each measure."""
        return [told * self.scale for told in learned.told_by(self.pick)]


@dataclass(frozen=True, slots=True)
class Learned:
    """What each term is worth by several measures, each in a lane of its own and in `units`."""

    terms: Sequence[int]
    lanes: Lanes
    units: Sequence[float]

    def told_by(self, pick: Pick) -> list[float]:
        """Return what the terms of one article come to by each measure, before its length is allowed for."""
        return list(map(mul, self.lanes.apart(sum(pick(self.terms))), self.units))


def _pick(places: Sequence[int], nothing: int) -> Pick:
    return itemgetter(*places, *[nothing] * (2 - len(places)))
