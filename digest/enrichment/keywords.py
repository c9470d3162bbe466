"""Which of many articles have a reader's free keyword: by an index of their words, so that most are not looked at."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from digest.enrichment.matching import match_keyword
from digest.enrichment.phrases import parts_of, phrase_of
from digest.enrichment.reading import Analysed
from digest.model.digest import Why
from digest.model.words import is_unspaced


class KeywordIndex:
    """The words of articles, by language; made when the first keyword is asked for."""

    def __init__(self, articles: Sequence[Analysed]) -> None:
        self._articles = articles
        self._places: dict[str, dict[str, list[int]]] = {}

    def matches(self, keyword: str) -> Mapping[int, Why]:
        """Return place -> why for each article that has *keyword* in any of its forms, in order."""
        if not self._places:
            self._places = _index(self._articles)
        having: set[int] = set()
        for language, places in self._places.items():
            phrase = phrase_of(keyword, language)
            if phrase:
                start = phrase.substring[:2] if phrase.pattern else phrase.stems[0]
                having.update(places.get(start, ()))
        found = ((at, match_keyword(self._articles[at], keyword)) for at in sorted(having))
        return {at: why for at, why in found if why}


def _index(articles: Sequence[Analysed]) -> dict[str, dict[str, list[int]]]:
    index: dict[str, dict[str, list[int]]] = {}
    for at, one in enumerate(articles):
        places = index.setdefault(one.language, defaultdict(list))
        for entry in set(_entries(one)):
            places[entry].append(at)
    return index


def _entries(one: Analysed) -> Iterable[str]:
    """Give what a phrase in the article may begin with: stems, parts of compounds, letters and pairs of letters."""
    for sequence in one.sequences.values():
        yield from sequence
        if one.language == "de":
            for word in set(sequence):
                yield from parts_of(word)
    for text in one.folded.values():
        yield from (text[at : at + 2] for at in range(len(text)))
        yield from filter(is_unspaced, text)
