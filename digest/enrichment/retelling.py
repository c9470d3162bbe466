"""Whether two articles tell one story: copied, cut, extended, corrected or reworded, and not merely from one mould.

Reports of markets, weather and dividends share most of their words and differ in their numbers; a story told again
shares the numbers too. So the two texts are laid side by side, and what stands in place of what is looked at: a few
words for others are an edit, numbers for others are another day. Pure, in any script, and linear in the texts.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from digest.model.article import Article
from digest.model.words import fold, is_unspaced, stems

SHARED = 0.7  #: of the shorter text, in its order or as runs of words; less is another article on the matter
OTHER_NUMBERS = 0.1  #: of the numbers that stand side by side; a misprint is put right, a rate is not reported anew
OTHER_WORDS = 0.05  #: of the words, one for another
ALIKE_TITLE = 0.5  #: of the words of both titles; from here on twice as many numbers and words may be others
TELLING = 40  #: words that are the same, a number as two more; below that only what is next to equal is one story
NEXT_TO_EQUAL = 0.95
_RUN = 3
_PLACE = 8  # words in a difference, at most, that can be one thing in place of another; more is another passage
_WORDS_READ = 5_000  # of a text; what is longer is judged by its beginning
_TOKEN = re.compile(r"\d+(?:[.,:/-]\d+)*|\w+")
_LETTER = re.compile(r"\d+(?:[.,:/-]\d+)*|[a-z]+|\w")


@dataclass(frozen=True, slots=True)
class Telling:
    """An article as compared: the words of its text in order, the stems of its title."""

    words: tuple[str, ...]
    title: frozenset[str]


@dataclass(slots=True)
class _Sides:
    """What two texts have in common side by side, counted in words, and what stands in place of what."""

    words: int = 0
    numbers: int = 0
    other_words: int = 0
    other_numbers: int = 0
    passages: int = 0  # differences that are more, or less, than a number in place of a number

    def same(self, words: Sequence[str]) -> None:
        self.words += len(words)
        self.numbers += sum(map(_is_number, words))


def telling_of(article: Article) -> Telling:
    """Return *article* ready for comparing: its text, or its deck where that is all there is."""
    folded = fold(max(article.text, article.deck, key=len))
    found = (_LETTER if is_unspaced(folded) else _TOKEN).finditer(folded)
    words = tuple(one.group() for one, _ in zip(found, range(_WORDS_READ), strict=False))
    return Telling(words, frozenset(stems(article.title)))


def tells_the_same(one: Telling, other: Telling) -> bool:
    """Whether two articles tell one story, so that who read the one need not be told the other."""
    shorter, longer = sorted((len(one.words), len(other.words)))
    if not shorter:
        return False
    sides = _side_by_side(one.words, other.words)
    titles = _share(one.title, other.title)
    if sides.words + 2 * sides.numbers < TELLING:
        equal = sides.words >= NEXT_TO_EQUAL * longer and not sides.other_words + sides.other_numbers
        return equal and titles >= ALIKE_TITLE
    if max(sides.words / shorter, _contained(one.words, other.words)) < SHARED:
        return False
    if sides.other_numbers and not sides.passages:
        return False
    if _missing(one.words, other.words) > 0.2:
        return False
    leeway = 2 if titles >= ALIKE_TITLE else 1
    return (
        sides.other_numbers <= leeway * OTHER_NUMBERS * (sides.numbers + sides.other_numbers)
        and sides.other_words <= leeway * OTHER_WORDS * sides.words
    )


def _side_by_side(one: Sequence[str], other: Sequence[str]) -> _Sides:
    """Return what is the same in both, and in what they differ between two places where they are the same."""
    sides = _Sides()
    before = before_beside = -1
    for at, beside in [*_matched(one, other), (len(one), len(other))]:
        _compare(sides, list(one[before + 1 : at]), list(other[before_beside + 1 : beside]))
        sides.same(one[at : at + 1])
        before, before_beside = at, beside
    return sides


def _matched(one: Sequence[str], other: Sequence[str]) -> Iterator[tuple[int, int]]:
    """Give the places of words that are the same in both, increasing: those in runs that either text has once."""
    last = last_beside = -1
    for at, beside in _longest_increasing(_common_runs(one, other)):
        for step in range(_RUN):
            if at + step > last and beside + step > last_beside:
                last, last_beside = at + step, beside + step
                yield last, last_beside


def _common_runs(one: Sequence[str], other: Sequence[str]) -> list[tuple[int, int]]:
    runs, others = list(_runs(one)), list(_runs(other))
    once, once_beside = Counter(runs), Counter(others)
    places = {run: at for at, run in enumerate(others) if once_beside[run] == 1}
    return [(at, places[run]) for at, run in enumerate(runs) if once[run] == 1 and run in places]


def _longest_increasing(points: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """Return the most of *points*, which increase in their first number, that increase in the second one too."""
    ends: list[int] = []
    last: list[int] = []
    before: list[int] = []
    for number, (_, beside) in enumerate(points):
        length = bisect_left(ends, beside)
        before.append(last[length - 1] if length else -1)
        ends[length : length + 1] = [beside]
        last[length : length + 1] = [number]
    chain: list[tuple[int, int]] = []
    at = last[-1] if last else -1
    while at >= 0:
        chain.append(points[at])
        at = before[at]
    return chain[::-1]


def _compare(sides: _Sides, left: list[str], right: list[str]) -> None:
    """Count what stands on either side between two places where the texts are the same."""
    for end in (0, -1):
        while left and right and left[end] == right[end]:
            sides.same([left.pop(end)])
            right.pop(end)
    if not left or not right:
        sides.passages += bool(left or right)
        return
    numbers, numbers_beside = Counter(filter(_is_number, left)), Counter(filter(_is_number, right))
    words, words_beside = Counter(left) - numbers, Counter(right) - numbers_beside
    sides.numbers += (numbers & numbers_beside).total()
    more, less = (numbers - numbers_beside).total(), (numbers_beside - numbers).total()
    if max(len(left), len(right)) > _PLACE:
        sides.other_numbers += min(more, less)
        sides.passages += 1
        return
    sides.other_numbers += max(more, less)
    sides.other_words += min((words - words_beside).total(), (words_beside - words).total())
    sides.passages += not (more and less)


def _contained(one: Sequence[str], other: Sequence[str]) -> float:
    """Return which share of the runs of words of the shorter text the longer one has, in whatever order."""
    runs, others = set(_runs(one)), set(_runs(other))
    return len(runs & others) / max(min(len(runs), len(others)), 1)


def _missing(one: Sequence[str], other: Sequence[str]) -> float:
    """Return which share of the numbers of the shorter text the longer one does not have at all."""
    shorter, longer = sorted((one, other), key=len)
    numbers = set(filter(_is_number, shorter))
    return len(numbers.difference(longer)) / len(numbers) if numbers else 0.0


def _runs(words: Sequence[str]) -> Iterator[tuple[str, ...]]:
    return zip(*(words[skip:] for skip in range(_RUN)), strict=False)


def _is_number(word: str) -> bool:
    return any(letter.isnumeric() for letter in word)


def _share(one: frozenset[str], other: frozenset[str]) -> float:
    return len(one & other) / len(one | other) if one and other else 0.0
