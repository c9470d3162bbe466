"""Words of a text in any script, folded so that forms of one word compare equal; pure and deterministic."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from functools import lru_cache

from digest.model.endings import BY_LANGUAGE, arabic, plural_less

# Scripts written without spaces between words, or with endings glued on (Hangul): searched as substrings.
_UNSPACED_LETTERS = (
    "\u0e00-\u0eff\u1000-\u109f\u1100-\u11ff\u1780-\u17ff\u3005-\u3007\u3040-\u30ff\u3130-\u318f\u3400-\u9fff"
    "\uac00-\ud7af\uf900-\ufaff\U00020000-\U0003ffff"
)
_UNSPACED = re.compile(f"[{_UNSPACED_LETTERS}]")
# A Latin name stands in such a text without spaces too ("EU" with a Korean particle), and is a word of its own.
_WORD = re.compile(f"[{_UNSPACED_LETTERS}]+|[^\\W{_UNSPACED_LETTERS}]+")
# Accents, Hebrew points, Arabic vowel signs. Not the voicing marks of kana, nor the vowels of Indic scripts and
# Thai: without those, other words would be left.
_MARKS = re.compile(
    "[\u0300-\u036f\u0483-\u0487\u0591-\u05bd\u05bf\u05c1\u05c2\u05c4\u05c5\u05c7\u0610-\u061a\u064b-\u065f\u0670"
    "\u06d6-\u06dc\u06df-\u06e4\u06e7\u06e8\u06ea-\u06ed\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f]"
)
_ARABIC = re.compile(r"[\u0620-\u064a]")
# The same ending wherever two spellings of one word differ; what it does to other words it does on both sides.
_SPELLINGS = (("ical", "ic"), ("ence", "ense"), ("our", "or"), ("ise", "ize"), ("yse", "yze"), ("tre", "ter"))


def fold(text: str) -> str:
    """Return *text* compatible-composed, casefolded, without diacritics on letters that stand without them."""
    if text.isascii():
        return text.casefold()
    decomposed = unicodedata.normalize("NFKD", text).casefold()
    return unicodedata.normalize("NFC", _MARKS.sub("", decomposed))


def is_unspaced(text: str) -> bool:
    """Whether *text* has letters of a script that is searched as substrings."""
    return not text.isascii() and bool(_UNSPACED.search(text))


@lru_cache(maxsize=131_072)
def stem(word: str, language: str = "") -> str:
    """Return a folded word without its commonest endings, lightly: "exports" and "export" meet, "gas" stays.

    *language* is the first part of a tag ("en"), "" when unknown: then plurals as English forms them. British and
    American spellings meet as well (defence and defense, labour and labor, organise and organize).
    """
    if _ARABIC.search(word):
        return arabic(word)
    if language in ("de", "es", "fr"):
        return BY_LANGUAGE[language](word)
    return _without_spelling(BY_LANGUAGE.get(language, plural_less)(word))


def _without_spelling(word: str) -> str:
    if len(word) > 5:
        for ending, instead in _SPELLINGS:
            if word.endswith(ending):
                return word.removesuffix(ending) + instead
    return word


def words_of(folded: str) -> list[str]:
    """Return the words of a folded text, in order; a run of letters without spaces is one."""
    return _WORD.findall(folded)


def stems(text: str, language: str = "") -> list[str]:
    """Return the stems of the words of *text*, in order, by the rules of *language* (the first part of a tag)."""
    return [stem(word, language) for word in _WORD.findall(fold(text))]


def text_key(text: str) -> str:
    """Return 64 hexadecimal characters that texts share when they differ only in case, marks and spacing.

    "" stays "".
    """
    words = "".join(_WORD.findall(fold(text)))
    return hashlib.sha256(words.encode()).hexdigest() if words else ""
