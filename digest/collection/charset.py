"""Which of the old encodings bytes are in, by what they say when they are read in each."""

from __future__ import annotations

import re

from digest.collection.language import guess_language, load_voters

SAMPLE = 60_000
# Where at least this share of the bytes is beyond ASCII, the text is not in a Latin alphabet.
_FOREIGN = 0.25
_PLAUSIBLE = 0.5
_CYRILLIC = "оеаинтсрвл"
# Letters that make up a good part of every text, and the share they usually have of its letters beyond ASCII.
_FREQUENT = (
    ("cp949", "이다의는을가에고지하한기사로인서은들도자리대시해어전수했과", 0.40),
    ("cp932", "のにはをたがでてとしれさいるなからもすこあっりまうンーくき", 0.45),
    ("euc_jp", "のにはをたがでてとしれさいるなからもすこあっりまうンーくき", 0.45),
    (
        "gb18030",
        "的一是不了在人有我他这个们中来上大为和国地到以说时要就出会可也对生能而年发后作用行所成方多经法学都同",
        0.25,
    ),
    (
        "big5",
        "的一是不了在人有我他這個們中來上大為和國地到以說時要就出會可也對生能而年發後作用行所成方多經法學都同",
        0.25,
    ),
    ("cp1251", _CYRILLIC, 0.65),
    ("koi8_r", _CYRILLIC, 0.65),
    ("cp1253", "αοιετσνηυρ", 0.65),
    ("cp1255", "יוהלאתמרבש", 0.65),
    ("cp1256", "اليمنرتوبد", 0.60),
)
_LATIN = (
    ("iso8859_2", {"pl", "cs", "sk", "hu", "hr", "sl", "ro"}),
    ("cp1250", {"pl", "cs", "sk", "hu", "hr", "sl", "ro"}),
    ("cp1254", {"tr"}),
    ("cp1257", {"lt", "lv", "et"}),
)
_HIGH = re.compile(rb"[\x80-\xff]")
_C1 = re.compile("[\x80-\x9f]")


def guess_charset(data: bytes) -> str:
    """Return Python's name of the encoding *data* (no Unicode) is in, "" when it reads as text in none of them.

    Text of a Latin alphabet is windows-1252 unless the words of another language come out of another encoding. A few
    letters beyond ASCII are windows-1252 in any case: they prove nothing.
    """
    sample = data[:SAMPLE]
    high = len(_HIGH.findall(sample))
    if high < _FOREIGN * len(b"".join(sample.split())):
        return _latin(sample)
    best = max(_FREQUENT, key=lambda row: _likeness(sample, *row))
    if high >= 12 and _likeness(sample, *best) >= _PLAUSIBLE:
        return best[0]
    return "cp1252" if high < 40 else ""


def _likeness(sample: bytes, encoding: str, frequent: str, share: float) -> float:
    """Return how like *encoding* the sample reads: 1 as usual, 0 when it cannot be read."""
    text = _read(sample, encoding)
    letters = [letter for letter in text if letter > "\x7f" and letter.isalpha()]
    strange = sum(1 for letter in text if letter > "\x7f" and not letter.isprintable() and not letter.isspace())
    if not letters or strange * 50 > len(letters):
        return 0.0
    return sum(1 for letter in letters if letter in frequent) / len(letters) / share


def _latin(sample: bytes) -> str:
    if guess_language(_read(sample, "cp1252")):
        return "cp1252"
    fitting: list[tuple[int, str]] = []
    for encoding, languages in _LATIN:
        text = _read(sample, encoding)
        language = "" if not text or _C1.search(text) else guess_language(text)
        if language in languages:
            fitting.append((_foreign(text, language), encoding))
    return min(fitting, key=lambda found: found[0], default=(0, "cp1252"))[1]


def _foreign(text: str, language: str) -> int:
    """Return how many letters and signs of *text* beyond ASCII the *language* does not write."""
    own = next(voter.letters for voter in load_voters()["latin"] if voter.language == language)
    return sum(1 for letter in text.casefold() if letter > "\x9f" and letter not in own)


def _read(sample: bytes, encoding: str) -> str:
    """Return *sample* as text, a torn last letter left out; "" when it is not in *encoding*."""
    for end in range(len(sample), max(0, len(sample) - 4), -1):
        try:
            return sample[:end].decode(encoding)
        except UnicodeDecodeError as wrong:
            if wrong.start < len(sample) - 4:
                return ""
    return ""
