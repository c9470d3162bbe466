"""Text from outside -> plain text: NFC, no control characters, no bidirectional overrides, single spaces."""

from __future__ import annotations

import re
import unicodedata

# Embeddings, overrides and isolates (U+202A-202E, U+2066-2069) can make a line read as something else (UAX #9);
# marks such as U+200F stay, since Arabic and Hebrew need them, and joiners stay for Persian and for emoji.
_INVISIBLE = re.compile(
    "[\u0000-\u0008\u000e-\u001b\u007f-\u0084\u0086-\u009f\u00ad\u200b\u2060\ufeff\ufff9-\ufffb"
    "\u202a-\u202e\u2066-\u206f\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff]"
)
_LINE_END = re.compile("\r\n|[\r\n\v\f\u001c-\u001e\u0085\u2028\u2029]")
_WIDE = re.compile(
    "[\u1100-\u11ff\u2e80-\u9fff\ua960-\ua97f\uac00-\ud7ff\uf900-\ufaff\uff00-\uff60\U00020000-\U0003ffff]"
)
_CLOSERS = "\"'”’»›)]}）」』】〉》”*_ "
_FINAL = ".。．。।॥۔!?！？؟…።፧։"
_SENTENCE_END = re.compile(r"(?<=[.!?؟۔।;])[\"”’»)\]]*\s+|(?<=[。！？；])[」』）”]*")
_ABBREVIATION = re.compile(r"(?:^|[\s(])(?:\w\.){2,}$")


def clean_line(text: str) -> str:
    """Return *text* as one line of plain text; every run of white space becomes one space."""
    return " ".join(unicodedata.normalize("NFC", _INVISIBLE.sub("", text)).split())


def split_lines(text: str) -> list[str]:
    """Return the lines of *text*, each cleaned; an empty string stands for a blank line."""
    return [clean_line(line) for line in _LINE_END.split(text)]


def weight(text: str) -> int:
    """Return the length of *text* in Latin letters: a Chinese, Japanese or Korean letter says as much as two."""
    return len(text) + len(_WIDE.findall(text))


def is_wide(character: str) -> bool:
    """Whether *character* belongs to a script that is written without spaces, or nearly so."""
    return bool(_WIDE.match(character))


def ends_sentence(text: str, *, questions: bool = True) -> bool:
    """Whether *text* ends as a sentence does; without *questions*, "?" and "!" do not count.

    An abbreviation such as "U.S." at the end does not make a sentence.
    """
    bare = text.rstrip(_CLOSERS)
    if not bare or bare[-1] not in _FINAL:
        return False
    if bare[-1] in "?!？！؟…":
        return questions
    return not _ABBREVIATION.search(bare)


def sentences(text: str) -> list[str]:
    """Return *text* cut after full stops, question marks, exclamation marks and semicolons of any script."""
    return [part for part in _SENTENCE_END.split(text) if part and part.strip()]


def fold(text: str) -> str:
    """Return *text* for comparing words: NFKC, case folded, punctuation to spaces, variant spellings levelled.

    Capitals lose their dots in Turkish and their accents in Greek, so both are levelled; so are Arabic and Persian
    letters and vowel signs, Hebrew points, and the Romanian cedilla. A space stands between Latin letters and another
    script, so that "AI가" holds the word "ai".
    """
    folded = unicodedata.normalize("NFKC", text.replace("ⓒ", "©")).casefold().translate(_LEVELLED)
    folded = _NOT_WORD.sub(" ", folded)
    return " ".join(_SCRIPT_CHANGE.sub(" ", folded).split())


_LEVELLED: dict[int, int | None] = {
    **str.maketrans("أإآىیةکışţάέήίόύώϊϋΐΰʼ", "اااييهكișțαεηιουωιυιυ "),
}
# The dot that İ leaves behind when it is folded; Arabic vowel signs and joining stroke; Hebrew points.
_LEVELLED |= dict.fromkeys([0x0307, 0x0640, 0x0670, *range(0x064B, 0x0660), *range(0x0591, 0x05BE)])
_LEVELLED |= dict.fromkeys([0x05BF, 0x05C1, 0x05C2, 0x05C4, 0x05C5, 0x05C7])
_NOT_WORD = re.compile(r"[^\w©\u0300-\u036f\u0900-\u0dff\u0e00-\u0eff]+|_")
# Vietnamese letters with two marks, U+1E00-U+1EFF, are Latin.
_SCRIPT_CHANGE = re.compile(
    "(?<=[a-z0-9])(?=[\u0590-\u1dff\u1f00-\uffff])|(?<=[\u0590-\u1dff\u1f00-\uffff])(?=[a-z0-9])"
)
