"""Which articles of a pool are about the same things, told from their words; in any script, with nothing learned.

The words of title, deck and beginning, those that few articles have counting for more (TF-IDF, cosine). An index is
made when the first article is asked for, and each is worked out once; work grows with the words in common.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence

from digest.enrichment.reading import Analysed
from digest.model.digest import Field
from digest.model.words import is_unspaced

ABOUT_THE_SAME = 0.2  #: below this two articles share a manner of speaking, not a matter
_LEAD = 80  # words of the body
_COMMON = 0.05  # a word that more of the articles have tells little
_FEW = 10  # articles among which no word is too common
_ENOUGH = 30  # articles; among fewer nobody can tell which words are rare


class Neighbours:
    """The likeness of articles, by their position among *analysed*."""

    def __init__(self, analysed: Sequence[Analysed]) -> None:
        self._analysed = analysed
        self._vectors: list[dict[str, float]] = []
        self._having: defaultdict[str, list[int]] = defaultdict(list)
        self._found: dict[int, Mapping[int, float]] = {}

    def of(self, position: int) -> Mapping[int, float]:
        """Return position -> likeness (0.2 to 1) of every other article that is about the same as that at *position*.

        None among fewer than 30 articles, which do not tell what a rare word is.
        """
        if len(self._analysed) < _ENOUGH:
            return {}
        if not self._vectors:
            self._index()
        if position not in self._found:
            likeness: defaultdict[int, float] = defaultdict(float)
            for word, weight in self._vectors[position].items():
                for other in self._having[word]:
                    likeness[other] += weight * self._vectors[other][word]
            likeness.pop(position, None)
            self._found[position] = {
                other: round(min(value, 1.0), 4) for other, value in likeness.items() if value >= ABOUT_THE_SAME
            }
        return self._found[position]

    def _index(self) -> None:
        counted = [Counter(_words(each)) for each in self._analysed]
        having = Counter(word for words in counted for word in words)
        most = max(_COMMON * len(counted), _FEW)
        for position, words in enumerate(counted):
            weights = {
                word: (1 + math.log(times)) * math.log(1 + len(counted) / having[word])
                for word, times in words.items()
                if having[word] <= most
            }
            length = math.sqrt(sum(weight * weight for weight in weights.values())) or 1.0
            self._vectors.append({word: weight / length for word, weight in weights.items()})
            for word in weights:
                self._having[word].append(position)


def _words(analysed: Analysed) -> list[str]:
    """Return the words that tell what an article is about; pairs of letters where words have no spaces."""
    lead = analysed.sequences[Field.BODY][:_LEAD]
    words = (*analysed.sequences[Field.TITLE], *analysed.sequences[Field.DECK], *lead)
    found: list[str] = []
    for word in words:
        if is_unspaced(word):
            part = word[: 4 * _LEAD]
            found.extend(part[at : at + 2] for at in range(max(len(part) - 1, 1)))
        elif len(word) > 2 and not any(letter.isdigit() for letter in word):
            found.append(word)
    return found
