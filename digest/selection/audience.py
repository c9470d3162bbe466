"""Which of many profiles an article suits: by an index of what they name, so that work grows with matches."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from digest.model.digest import Why
from digest.model.subscriber import Interests


class Audience:
    """Profiles, indexed by what they follow, mute and seek."""

    def __init__(self, profiles: Sequence[Interests]) -> None:
        self._followers: defaultdict[str, list[tuple[int, float]]] = defaultdict(list)
        self._seekers: defaultdict[str, list[int]] = defaultdict(list)
        self._muting: defaultdict[str, list[int]] = defaultdict(list)
        self._of_everything: list[int] = []
        for number, interests in enumerate(profiles):
            for follow in interests.follows:
                self._followers[follow.topic].append((number, follow.weight))
            for keyword in interests.keywords:
                self._seekers[keyword].append(number)
            for slug in interests.muted:
                self._muting[slug].append(number)
            if interests.everything:
                self._of_everything.append(number)

    @property
    def keywords(self) -> Iterable[str]:
        """Every keyword that anybody seeks."""
        return self._seekers.keys()

    def of(self, topics: Mapping[str, Why], keywords: Mapping[str, Why]) -> dict[int, float]:
        """Return profile number -> score, before freshness, of an article with these matches."""
        worth: defaultdict[int, float] = defaultdict(float, dict.fromkeys(self._of_everything, 1.0))
        for slug, why in topics.items():
            for number, weight in self._followers.get(slug, ()):
                worth[number] += weight * why.score
        for keyword, why in keywords.items():
            for number in self._seekers.get(keyword, ()):
                worth[number] += why.score
        for slug in topics:
            for number in self._muting.get(slug, ()):
                worth.pop(number, None)
        return dict(worth)
