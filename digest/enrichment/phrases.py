"""Words and phrases as they are sought in articles, in any script; and where they stand."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from digest.enrichment.boundaries import KOREAN_ENDING, stands
from digest.model.words import fold, is_unspaced, stems

LETTERS_OF_A_WORD = 3  #: where words have no spaces, and the space between them
_LEAST_PART = 4  # letters of a part of a German compound, without endings
_LEAST_KEYWORD = 5  # letters of a word that is sought inside compounds
_FEW = 4  # stems that texts are searched for faster than all their stems are looked up
_LEAST_BESIDE = 3  # letters of the part before it; of the part behind it there is one more
# German words that begin with these are verbs and what is made of them; no compounds.
_GERMAN_PREFIXES = frozenset(["abe", "durch", "emp", "ent", "hinter", "miss", "uber", "unter", "ver", "wider", "zer"])

Stems = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Phrase:
    """A word or phrase as searched for: stems, or the folded text where words have no spaces.

    `pattern` finds the folded text with what Korean puts between its words. `part` is the stem by which a
    German word is also found at the beginning or the end of a compound; "" when it is not.
    """

    shown: str
    stems: Stems
    substring: str = ""
    pattern: re.Pattern[str] | None = None
    part: str = ""


def phrase_of(text: str, language: str = "") -> Phrase | None:
    """Return the phrase of *text* by the rules of *language*, or None when it has no letters or digits."""
    parts = tuple(stems(text, language))
    if not parts:
        return None
    if is_unspaced(text):
        words = fold(text).split()
        return Phrase(text, parts, words[0], re.compile(rf"{KOREAN_ENDING}\s+".join(map(re.escape, words))))
    is_sought_inside = language == "de" and len(parts) == 1 and len(parts[0]) >= _LEAST_PART
    return Phrase(text, parts, part=parts[0] if is_sought_inside and len(fold(text)) >= _LEAST_KEYWORD else "")


def phrases_of(texts: Iterable[str], language: str = "") -> tuple[Phrase, ...]:
    """Return the phrases of *texts*; of those that mean the same, the last."""
    found = (phrase_of(text, language) for text in dict.fromkeys(texts))
    return tuple({phrase.stems: phrase for phrase in found if phrase}.values())


class PhraseBook:
    """Many phrases of one language, indexed by how they begin: a text is read once, whatever their number."""

    def __init__(self, phrases: Iterable[Phrase]) -> None:
        self._beginning: defaultdict[str, list[Stems]] = defaultdict(list)
        self._letters: defaultdict[str, list[Phrase]] = defaultdict(list)
        self._parts: dict[str, Stems] = {}
        seen: set[Stems] = set()
        for phrase in phrases:
            if phrase.part:
                self._parts[phrase.part] = phrase.stems
            if phrase.stems in seen:
                continue
            seen.add(phrase.stems)
            if phrase.pattern:
                self._letters[phrase.substring[:2]].append(phrase)
            else:
                self._beginning[phrase.stems[0]].append(phrase.stems)

    def standing(self, sequence: Sequence[str]) -> Iterator[tuple[Stems, int]]:
        """Give each phrase as often as it stands in a text's stems, and the position of its end.

        A German word stands in its compounds too.
        """
        for at, one in self._beginnings(sequence):
            for sought in self._beginning[one]:
                end = at + len(sought)
                if len(sought) == 1 or tuple(sequence[at:end]) == sought:
                    yield sought, end
        if not self._parts:
            return
        for at, one in enumerate(sequence):
            if len(one) >= _LEAST_PART + _LEAST_BESIDE:
                for part in parts_of(one):
                    if part in self._parts:
                        yield self._parts[part], at + 1

    def _beginnings(self, sequence: Sequence[str]) -> Iterator[tuple[int, str]]:
        """Give each place of *sequence* where a phrase may begin, with its stem; a few are sought one by one."""
        if len(self._beginning) > _FEW:
            yield from ((at, one) for at, one in enumerate(sequence) if one in self._beginning)
            return
        for one in self._beginning:
            at = -1
            for _ in range(sequence.count(one)):
                at = sequence.index(one, at + 1)
                yield at, one

    def standing_in_letters(self, folded: str) -> Iterator[tuple[Stems, int]]:
        """Give each phrase as often as it stands in a folded text whose words have no spaces, and where it ends."""
        if not folded or not self._letters:
            return
        pairs = {folded[at : at + 2] for at in range(len(folded))}
        for start in self._letters.keys() & (pairs | {pair[0] for pair in pairs}):
            for phrase in self._letters[start]:
                if phrase.pattern and phrase.substring in folded:
                    for found in phrase.pattern.finditer(folded):
                        if stands(folded, *found.span()):
                            yield phrase.stems, found.end()


def parts_of(word: str) -> Iterator[str]:
    """Give what the stem of a German word may begin or end with as a part of a compound."""
    for size in range(_LEAST_PART, len(word) - _LEAST_BESIDE):
        yield word[:size]
    for at in range(_LEAST_BESIDE, len(word) - _LEAST_PART + 1):
        if word[:at] not in _GERMAN_PREFIXES:
            yield word[at:]
