"""The language of a text: its script first, then a vote of the little words every text is full of."""

from __future__ import annotations

import re
import tomllib
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from digest.collection.clean import fold
from digest.collection.markers import Markers, load_markers

SAMPLE = 20_000

_TAG = re.compile(r"[A-Za-z]{2,3}(?:-[A-Za-z0-9]{2,8})*")
_SCRIPTS = (
    ("kana", re.compile("[\u3040-\u30ff\uff66-\uff9d]")),
    ("hangul", re.compile("[\uac00-\ud7a3\u1100-\u11ff\u3130-\u318f]")),
    ("han", re.compile("[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]")),
    ("arabic", re.compile("[\u0620-\u06ff\u0750-\u077f]")),
    ("hebrew", re.compile("[\u05d0-\u05ea]")),
    ("cyrillic", re.compile("[\u0400-\u04ff]")),
    ("greek", re.compile("[\u0370-\u03ff]")),
    ("thai", re.compile("[\u0e00-\u0e7f]")),
    ("devanagari", re.compile("[\u0900-\u097f]")),
    ("bengali", re.compile("[\u0980-\u09ff]")),
    ("tamil", re.compile("[\u0b80-\u0bff]")),
    ("georgian", re.compile("[\u10a0-\u10ff]")),
    ("armenian", re.compile("[\u0530-\u058f]")),
    ("latin", re.compile("[A-Za-z\u00c0-\u024f\u1e00-\u1eff]")),
)
_ONE_LANGUAGE = {
    "hangul": "ko",
    "hebrew": "he",
    "greek": "el",
    "thai": "th",
    "devanagari": "hi",
    "bengali": "bn",
    "tamil": "ta",
    "georgian": "ka",
    "armenian": "hy",
}
LANGUAGES_FILE = Path(__file__).with_name("languages.toml")
# Foreign names bring a few words with letters that a language does not write.
_FOREIGN_WORDS = 0.06
_LEAST_WORDS = 0.08
# A loan word brings letters too ("Café", "Málaga"): they tell of a language beside so many of its own words only.
_LEAST_OWN = 2
_LEAD = 1.1
_TRADITIONAL = re.compile(
    "[這個們來時為國對說會學後過與發開關係點經還進問無東車長門馬見書話語讓從應該種樣實現區術業產當體總將報導灣臺聲]"
)
_SIMPLIFIED = re.compile(
    "[这个们来时为国对说会学后过与发开关系点经还进问无东车长门马见书话语让从应该种样实现区术业产当体总将报导湾台声]"
)


def language_tag(raw: object) -> str:
    """Return *raw* as a BCP 47 tag with hyphens ("en_US" -> "en-US"), "" when it is none."""
    text = raw.strip().split(".")[0].replace("_", "-") if isinstance(raw, str) else ""
    if len(text) > 35 or not _TAG.fullmatch(text):
        return ""
    first, *rest = text.split("-")
    parts = [first.lower()]
    for part in rest:
        if len(part) == 2 and part.isalpha():
            parts.append(part.upper())
        else:
            parts.append(part.title() if len(part) == 4 and part.isalpha() else part.lower())
    return "" if parts[0] in ("und", "zxx", "mul", "mis") else "-".join(parts)


def guess_language(text: str, markers: Markers | None = None) -> str:
    """Return the language of *text* as a tag ("ko", "zh-Hant"); "" when the text does not tell.

    Reads the first 20,000 characters; the same text always gives the same answer.
    """
    sample = text[:SAMPLE]
    counts = {name: len(letters.findall(sample)) for name, letters in _SCRIPTS}
    total = sum(counts.values())
    if total < 4:
        return ""
    # Hangul, kana and Han pack more into a letter than Latin does, and Latin names are strewn into them.
    weighed = {name: count * (3 if name in ("kana", "hangul", "han") else 1) for name, count in counts.items()}
    east = weighed["kana"] + weighed["han"]
    if east > max(weighed["hangul"], weighed["latin"], weighed["cyrillic"], weighed["arabic"]):
        return _han_or_kana(sample, counts)
    script = max(weighed, key=lambda name: weighed[name])
    if script in _ONE_LANGUAGE:
        return _ONE_LANGUAGE[script]
    return _vote(sample, script, load_markers() if markers is None else markers)


def _han_or_kana(sample: str, counts: dict[str, int]) -> str:
    if counts["kana"] * 12 >= counts["han"]:
        return "ja"
    traditional, simplified = len(_TRADITIONAL.findall(sample)), len(_SIMPLIFIED.findall(sample))
    return "zh-Hant" if traditional > simplified else "zh"


@dataclass(frozen=True, slots=True)
class Voter:
    """One language of a script: the letters only some of its languages write, and its little words."""

    language: str
    letters: frozenset[str]
    words: frozenset[str]


@cache
def load_voters(path: Path = LANGUAGES_FILE) -> Mapping[str, tuple[Voter, ...]]:
    """Return the languages of each script in *path*."""
    with path.open("rb") as file:
        scripts = tomllib.load(file)
    return {
        script: tuple(
            Voter(language, frozenset(told["letters"].casefold()), frozenset(fold(told["words"]).split()))
            for language, told in languages.items()
        )
        for script, languages in scripts.items()
    }


def _vote(sample: str, script: str, markers: Markers) -> str:
    voters = load_voters().get(script, ())
    own = {table.language: table.common for table in markers.tables}
    words = Counter(fold(sample).split())
    letters = Counter(letter for letter in sample.casefold() if letter.isalpha())
    known = Counter(letter for voter in voters for letter in voter.letters)
    strange = {letter: count for letter, count in letters.items() if letter in known or not _is_plain(letter, script)}
    most = max(2.0, _FOREIGN_WORDS * words.total())
    marked = Counter(frozenset(strange.keys() & set(word)) for word in sample.casefold().split())
    votes: dict[str, float] = {}
    for voter in voters:
        if sum(count for marks, count in marked.items() if not marks <= voter.letters) > most:
            continue
        own_words = [word for word in voter.words | own.get(voter.language, frozenset()) if word in words]
        said = sum(words[word] for word in own_words)
        # A letter that few languages write tells much.
        telling = sum(count / known[letter] for letter, count in strange.items() if letter in voter.letters)
        if said:
            sure = sum(len(word) > 1 for word in own_words) >= _LEAST_OWN
            votes[voter.language] = said + (min(telling / 2, 2.0 * said) if sure else 0.0)
    ranked = sorted(votes.items(), key=lambda item: (-item[1], item[0]))
    if not ranked or ranked[0][1] < 1:
        return ""
    second = ranked[1][1] if len(ranked) > 1 else 0
    # A text in a language we have no words for still shares one or two with its neighbours.
    few = ranked[0][1] < 2 or ranked[0][1] / max(1, words.total()) < _LEAST_WORDS
    return "" if ranked[0][1] < _LEAD * second or (script == "latin" and few) else ranked[0][0]


def _is_plain(letter: str, script: str) -> bool:
    """Whether *letter* is one that every language of the script may write, or of another script."""
    return (
        letter < "\u0080" or script != "latin" or not ("\u00c0" <= letter <= "\u024f" or "\u1e00" <= letter <= "\u1eff")
    )
