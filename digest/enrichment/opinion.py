"""What an archive says of a match: whether an article speaks as those do that have the topic's words.

`ranking` explains each topic's scores by all words of all articles (ridge regression). Here the same is learned once
from what was collected before, and then asked of each article that comes: it is the ranking for articles that the
archive has not seen. Nobody labels anything; an editor's examples count where there are any.

What comes out is points again, as `points` has them: among the archive's articles with a word of the topic it has
the mean and the spread of their points, so that the same score is enough, and a topic of which the archive knows
little keeps what its words come to.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

from digest.enrichment.ranking.evidence import Evidence
from digest.enrichment.ranking.reading import EXAMPLE, OTHERS, read_again, terms
from digest.enrichment.ranking.smoothing import fitted, less_their_mean, solve
from digest.enrichment.ranking.vectors import Learned, Row, Vectors
from digest.enrichment.reading import Analysed
from digest.model.digest import Field, Why
from digest.model.topic import Topic

OWN = 0.25  #: how far an article's own words are believed against what the archive makes of it
ALIKE = 10.0  #: points of an article that fits as well as the examples themselves, their own part in that included
ALIKE_WITHOUT_WORDS = 4.0  #: of these, what an article needs that no word of the topic names; twice the usual
TAUGHT = 5  #: examples; with so many their opinion counts for half
KNOWN = 20  #: articles with the topic's words; with so many the archive's opinion counts for half
ROUNDS = 4  #: a match is yes or no, no order: precision and recall are the same with 3 as with 8
_FEW = 2  # of fewer there is no spread
_TOGETHER = 64  # topics are learned at once: it takes little longer than one


@dataclass(frozen=True, slots=True)
class _Topic:
    """One topic: the mean score, and what turns a fit into points.

    `trust` is how far the archive is believed, `taught` how far the examples are, and `example` is their fit.
    """

    mean: float
    middle: float
    spread: float
    middle_points: float
    spread_points: float
    trust: float
    taught: float
    example: float

    def points(self, fit: float, own: float) -> float:
        """Return the points of an article whose words have *own*, where the archive says *fit*."""
        told = self.middle_points + (fit - self.middle) * self.spread_points / self.spread
        told = self.trust * told + (1 - self.trust) * own
        return max(self.taught * self.alike(fit) + (1 - self.taught) * told, 0.0)

    def alike(self, fit: float) -> float:
        """Return the points of an article that is so like the examples."""
        return ALIKE * fit / self.example if self.taught else 0.0


@dataclass(frozen=True, slots=True)
class _Part:
    """Some topics, and what each term is worth for each of them, in their order."""

    topics: Mapping[str, _Topic]
    terms: Learned

    def fits(self, row: Row) -> dict[str, float]:
        """Return what the terms of an article come to, by topic."""
        return dict(zip(self.topics, row.told_by(self.terms), strict=True))


class Opinion:
    """What one archive says of the articles of one vocabulary; learned when it is first asked for."""

    def __init__(
        self,
        topics: Sequence[Topic],
        archive: Sequence[Analysed],
        points: Sequence[Mapping[str, Why]],
        examples: Mapping[str, Collection[int]],
    ) -> None:
        """*points* is what the words of the articles of *archive* come to, *examples* are places in it, by slug."""
        read = [read_again(one) for one in archive]
        self._vectors = Vectors([terms(one) for one in read])
        self._evidence = Evidence(topics, read)
        self._points = points
        self._examples = {slug: frozenset(places) for slug, places in examples.items() if places}
        self._chosen = frozenset(at for places in self._examples.values() for at in places)
        slugs = sorted(topic.slug for topic in topics)
        self._part_of = {slug: at // _TOGETHER for at, slug in enumerate(slugs)}
        self._slugs = [slugs[at : at + _TOGETHER] for at in range(0, len(slugs), _TOGETHER)]
        self._parts: dict[int, _Part] = {}

    def of(self, analysed: Analysed, found: Mapping[str, Why]) -> dict[str, Why]:
        """Return *found* with the scores that the archive makes of them, and what only examples tell."""
        if not found and not self._examples:
            return {}
        one = read_again(analysed)
        own, row = self._evidence.of(one), self._vectors.row(terms(one))
        asked = sorted(found.keys() | self._examples.keys())
        fits: dict[str, float] = {}
        for number in sorted({self._part_of[slug] for slug in asked}):
            fits |= self._part(number).fits(row)
        corrected: dict[str, Why] = {}
        for slug in asked:
            why = found.get(slug)
            if slug not in fits:
                if why:
                    corrected[slug] = why
                continue
            learned, fit = self._part(self._part_of[slug]).topics[slug], fits[slug]
            fit += OWN * (own.get(slug, 0.0) - learned.mean - fit)
            if why:
                corrected[slug] = replace(why, score=round(learned.points(fit, why.score), 4))
            elif (alike := learned.alike(fit)) >= ALIKE_WITHOUT_WORDS:
                corrected[slug] = Why(slug, (), (Field.EXAMPLES,), round(alike, 4))
        return corrected

    def _part(self, number: int) -> _Part:
        if number not in self._parts:
            self._parts[number] = self._learn(self._slugs[number])
        return self._parts[number]

    def _learn(self, slugs: Sequence[str]) -> _Part:
        """Return what the archive teaches of those of *slugs* that it knows."""
        known = {slug: self._having(slug) for slug in slugs}
        told = [slug for slug in slugs if len(known[slug]) >= _FEW or slug in self._examples]
        scores = [self._taught(slug) for slug in told]
        targets = [less_their_mean(one) for one in scores]
        solutions = solve(self._vectors, targets, ROUNDS)
        topics = {
            slug: self._topic(slug, known[slug], math.fsum(one) / len(one), fitted(target, solution))
            for slug, one, target, solution in zip(told, scores, targets, solutions, strict=True)
        }
        return _Part(topics, self._vectors.learned(solutions))

    def _having(self, slug: str) -> list[int]:
        """Return the places of articles with a word of the topic, besides its examples."""
        examples = self._examples.get(slug, frozenset())
        return [at for at, found in enumerate(self._points) if slug in found and at not in examples]

    def _topic(self, slug: str, known: Sequence[int], mean: float, fit: Sequence[float]) -> _Topic:
        examples = self._examples.get(slug, frozenset())
        example, _ = _middle_and_spread([fit[at] for at in sorted(examples)])
        middle, spread = _middle_and_spread([fit[at] for at in known])
        middle_points, spread_points = _middle_and_spread([self._points[at][slug].score for at in known])
        return _Topic(
            mean=mean,
            middle=middle,
            spread=spread or 1.0,
            middle_points=middle_points,
            spread_points=spread_points,
            trust=len(known) / (len(known) + KNOWN) if len(known) >= _FEW and spread else 0.0,
            taught=len(examples) / (len(examples) + TAUGHT) if example > 0 else 0.0,
            example=example,
        )

    def _taught(self, slug: str) -> Sequence[float]:
        """Return the topic's scores with more for its examples, and less for those of other topics only."""
        examples = self._examples.get(slug, frozenset())
        scores = self._evidence.scores[slug]
        best = max(scores, default=0.0) or 1.0
        taught = list(scores)
        for at in sorted(self._chosen):
            taught[at] = scores[at] + EXAMPLE * best if at in examples else scores[at] * OTHERS
        return taught


def _middle_and_spread(values: Sequence[float]) -> tuple[float, float]:
    middle = math.fsum(values) / max(len(values), 1)
    return middle, math.sqrt(math.fsum((value - middle) ** 2 for value in values) / max(len(values), 1))
