"""Endings that forms of one word differ by, language by language; of folded words (no marks), lightly.

A form is cut until singular and plural, genders and cases meet, and no further: two words that mean different
things must stay apart. What is left need not be a word. Where a language has no rules here, `words.stem` has some
that do little harm anywhere.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

_VOWEL = re.compile("[aeiouy]")
# A last syllable that a silent e has fallen from (trad-ing, mak-ing), or that was doubled (plann-ed).
_SHORT = re.compile("[^aeiouy]*[aeiouy][^aeiouywx]")
_DOUBLED = re.compile("(bb|dd|ff|gg|mm|nn|pp|rr|tt)$")
# Words that only look like a plural or a form of a verb, or whose verb means something else.
_WHOLE = frozenset(
    """
    evening morning inning outing herring earring ceiling wedding shilling sibling darling sterling
    news united hundred sacred kindred hatred indeed proceed succeed exceed embed biased
    """.split()  # noqa: SIM905  # two dozen strings, one a line, read worse
)
_ARABIC_PREFIXES = ("وال", "بال", "كال", "فال", "لل", "ال", "و")
_ARABIC_SUFFIXES = ("ها", "هم", "ان", "ات", "ون", "ين", "يه", "ية", "ه", "ة", "ي")
# After these a German -s is an ending (des Exports); after others it belongs to the word (Haus).
_BEFORE_S = frozenset("bdfghklmnrt")
_GERMAN = ("ern", "em", "en", "er", "es", "e", "n", "a")
_FRENCH = (("eaux", "eau"), ("aux", "al"), ("ail", "al"), ("ails", "al"), ("ives", "if"), ("ive", "if"))


def english(word: str) -> str:
    """Return *word* without plural, -ed and -ing: exports, exported and exporting meet, so do trade and trading."""
    word = plural_less(word)
    if word in _WHOLE or len(word) < 5:
        return word
    for ending in ("ing", "ed"):
        rest = word.removesuffix(ending)
        if rest != word and len(rest) > 2 and _VOWEL.search(rest) and not word.endswith("eed"):
            return _with_its_e(rest)
    return word


def _with_its_e(rest: str) -> str:
    if rest.endswith(("at", "bl", "iz", "is", "us", "uc", "ag", "iv", "rv", "rg", "nc", "rc", "lv", "as", "os")):
        return rest + "e"
    if _DOUBLED.search(rest):
        return rest[:-1]
    return rest + "e" if _SHORT.fullmatch(rest) else rest[:-1] + "y" if rest.endswith("i") else rest


def plural_less(word: str) -> str:
    """Return *word* without the -s, -es, -ies of a plural: "gas" and "crisis" stay."""
    if word in _WHOLE:
        return word
    if len(word) > 4 and word.endswith("ies"):
        return word[:-3] + "y"
    if len(word) > 4 and word.endswith(("ches", "shes", "sses", "xes")):
        return word[:-2]
    if len(word) > 3 and word.endswith("s") and not word.endswith(("ss", "us", "is")):
        return word[:-1]
    return word


def german(word: str) -> str:
    """Return *word* without the endings of plurals and cases: Zoll, Zölle, Zöllen and Zolls meet."""
    for ending in _GERMAN:
        if word.endswith(ending) and len(word) - len(ending) > 3:
            rest = word.removesuffix(ending)
            return rest[:-2] if rest.endswith("inn") else rest
    return word[:-1] if len(word) > 4 and word.endswith("s") and word[-2] in _BEFORE_S else word


def french(word: str) -> str:
    """Return *word* without plural and feminine: journal and journaux meet, so do actif and actives."""
    for ending, instead in _FRENCH:
        if word.endswith(ending) and len(word) > len(ending) + 1:
            return word.removesuffix(ending) + instead
    if len(word) > 3:
        word = word[:-1] if word[-1] in "sx" and not word.endswith(("ss", "us", "is")) else word
    if len(word) > 4 and word.endswith("e"):
        word = word[:-1]
        return word[:-1] if word.endswith(("nn", "ll", "tt")) else word
    return word


def spanish(word: str) -> str:
    """Return *word* without plural and gender: luz and luces meet, so do económico and económicas."""
    if len(word) > 4 and word.endswith("s") and not word.endswith(("ss", "us", "is")):
        word = word[:-1]
    if len(word) > 3 and word[-1] in "aeo":
        word = word[:-1]
    return word[:-1] + "c" if word.endswith("z") else word


def arabic(word: str) -> str:
    """Return *word* without article, the conjunctions glued to it, and the endings of number, gender and owner.

    A single ب or ل or ك before a word is left: too many words begin with that letter themselves.
    """
    word = word.replace("\u0640", "").replace("ى", "ي")
    start = 0
    while found := next((p for p in _ARABIC_PREFIXES if word.startswith(p, start)), ""):
        if len(word) - start - len(found) < 3:
            break
        start += len(found)
    word = word[start:]
    while found := next((s for s in _ARABIC_SUFFIXES if word.endswith(s) and len(word) - len(s) > 2), ""):
        word = word.removesuffix(found)
    return word


BY_LANGUAGE: Mapping[str, Callable[[str], str]] = {
    "en": english,
    "de": german,
    "fr": french,
    "es": spanish,
}
