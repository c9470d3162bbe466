"""Words of a text in any script, folded so that forms of one word compare equal; pure and deterministic."""

from __future__ import annotations

import hashlib
import re
import unicodedata

_WORD = re.compile(r"\w+", re.UNICODE)
# Scripts written without spaces between words, or with endings glued on (Hangul): searched as substrings.
_UNSPACED = re.compile(r"[\u0e00-\u0eff\u1100-\u11ff\u3040-\u30ff\u3130-\u318f\u3400-\u9fff\uac00-\ud7af\uf900-\ufaff]")
_ARABIC = re.compile(r"[\u0620-\u064a]")
_ARABIC_PREFIXES = ("وال", "بال", "كال", "فال", "لل", "ال", "و")


def fold(text: str) -> str:
    """Return *text* compatible-composed, casefolded, without diacritics on letters that stand without them."""
    decomposed = unicodedata.normalize("NFKD", text).casefold()
    kept = "".join(
        c for c in decomposed if unicodedata.category(c) != "Mn" or "\u3040" <= c <= "\u30ff" or c in "\u3099\u309a"
    )
    return unicodedata.normalize("NFC", kept)


def is_unspaced(text: str) -> bool:
    """Whether *text* has letters of a script that is searched as substrings."""
    return bool(_UNSPACED.search(text))


def stem(word: str) -> str:
    """Return a folded word without its commonest endings, lightly: "exports" and "export" meet, "gas" stays."""
    if _ARABIC.search(word):
        for prefix in _ARABIC_PREFIXES:
            if word.startswith(prefix) and len(word) - len(prefix) >= 3:
                return word[len(prefix) :]
        return word
    if len(word) > 4 and word.endswith("ies"):
        return word[:-3] + "y"
    if len(word) > 4 and word.endswith(("ches", "shes", "sses", "xes")):
        return word[:-2]
    if len(word) > 3 and word.endswith("s") and not word.endswith(("ss", "us", "is")):
        return word[:-1]
    return word


def stems(text: str) -> list[str]:
    """Return the stems of the words of *text*, in order."""
    return [stem(word) for word in _WORD.findall(fold(text))]


def text_key(text: str) -> str:
    """Return 64 hexadecimal characters that texts share when they differ only in case, marks and spacing.

    "" stays "".
    """
    words = "".join(_WORD.findall(fold(text)))
    return hashlib.sha256(words.encode()).hexdigest() if words else ""
