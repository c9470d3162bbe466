"""Which of many articles have a reader's free keyword: by an index of their words, so that most are not looked at."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from digest.enrichment.matching import match_keyword
from digest.enrichment.phrases import PhraseBook, Stems, parts_of, phrase_of
from digest.enrichment.points import mentions
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


class Keywords:
    """Many readers' keywords, of which an article may have some: it is read once, whatever their number."""

    def __init__(self, keywords: Iterable[str]) -> None:
        self._keywords = sorted(set(keywords))
        self._books: dict[str, tuple[dict[Stems, list[str]], PhraseBook]] = {}

    def matches(self, analysed: Analysed) -> dict[str, Why]:
        """Return keyword -> why for each keyword that the article has in any of its forms."""
        owners, book = self._book(analysed.language)
        found = mentions(analysed, book)
        suiting = {keyword: match_keyword(analysed, keyword) for stems in found for keyword in owners[stems]}
        return {keyword: why for keyword, why in sorted(suiting.items()) if why}

    def _book(self, language: str) -> tuple[dict[Stems, list[str]], PhraseBook]:
        if language not in self._books:
            owners: defaultdict[Stems, list[str]] = defaultdict(list)
            phrases = [(keyword, phrase_of(keyword, language)) for keyword in self._keywords]
            for keyword, phrase in phrases:
                if phrase:
                    owners[phrase.stems].append(keyword)
            self._books[language] = owners, PhraseBook(phrase for _, phrase in phrases if phrase)
        return self._books[language]


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
