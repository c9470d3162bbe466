"""The summary of an article: an editor's, else its deck, else the source's, else an extract of whole sentences."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from digest.model.article import Article
from digest.model.words import is_unspaced, stems

LENGTH = 300
# A full stop (and the quotes it closes) ends a sentence before white space; the full-width and Arabic ones end it
# wherever they stand.
_SENTENCE_END = re.compile(r"[.!?…।][\"'”’»)\]]*(?=\s)|[。！？](?![。！？」』”])|[؟۔](?![؟۔])|\n")
_UNSPACED_END = ("。", "！", "？", "」", "』")
_ABBREVIATION = 12  # characters that the longest below fits in
_NOT_AN_END = re.compile(
    r"\b(?:[A-Z]|Dr|Mr|Mrs|Ms|Mx|Mme|Mlle|Prof|Sra?|Srta|Dra|St|Jr|Inc|Ltd|Corp|Co|Gen|Gov|Sen|Rep|Rev|Capt|Col|Lt|Sgt"
    r"|vs|No|Nr|Art|Abs|Abb|Bd|Std|Mio|Mrd|z\.B|d\.h|u\.a|bzw|ca|etc|e\.g|i\.e|cf|al|a\.m|p\.m|U\.[SKN]|EE\.UU|approx"
    r"|Jan|Feb|Apr|Aug|Sept?|Oct|Okt|Nov|Dec|Dez)\.$"
)
# Where a number with a full stop is an ordinal ("am 3. Oktober").
_ORDINALS = frozenset(
    ["cs", "da", "de", "et", "fi", "hr", "hu", "is", "lv", "nb", "nn", "no", "pl", "sk", "sl", "sr", "tr"]
)
_ORDINAL = re.compile(r"(?<![\d.,:])\d{1,2}\.$")


class SummaryBy(StrEnum):
    """Who wrote a summary."""

    EDITOR = "editor"  #: one of ours; as good as the publisher's
    PUBLISHER = "publisher"
    EXTRACT = "extract"  #: sentences of the article, chosen by us; labelled so
    MODEL = "model"  #: written by a language model; labelled as AI-generated


@dataclass(frozen=True, slots=True)
class Summary:
    """A summary and who made it; "" when the article has no text at all."""

    text: str
    by: SummaryBy


Summariser = Callable[[Article], Summary]


def summarise(article: Article, length: int = LENGTH) -> Summary:
    """Return the summary of *article*; an extract has at most *length* characters where sentences allow."""
    if article.edited_summary:
        return Summary(article.edited_summary, SummaryBy.EDITOR)
    own = article.deck or article.summary
    if own:
        return Summary(own, SummaryBy.PUBLISHER)
    paragraphs = [paragraph for section in article.sections for paragraph in section.paragraphs]
    return Summary(extract("\n".join(paragraphs), length, article.language), SummaryBy.EXTRACT)


def extract(text: str, length: int = LENGTH, language: str = "") -> str:
    """Return whole sentences of *text* in their order: the lead, and those most like the whole."""
    sentences = split_sentences(text, language)
    if not sentences:
        return ""
    words = [Counter(_terms(sentence)) for sentence in sentences]
    whole = Counter[str]()
    for some in words:
        whole.update(some)
    best = sorted(range(len(sentences)), key=lambda n: (-_worth(n, words[n], whole), n))
    chosen: list[int] = []
    room = length
    for n in [0, *(n for n in best if n != 0)]:
        if len(sentences[n]) + 1 <= room:
            chosen.append(n)
            room -= len(sentences[n]) + 1
    if not chosen:
        return _cut(sentences[0], length)
    told = [sentences[n] for n in sorted(chosen)]
    return "".join(one if one.endswith(_UNSPACED_END) else f"{one} " for one in told[:-1]) + told[-1]


def split_sentences(text: str, language: str = "") -> list[str]:
    """Return the sentences of *text*; abbreviations, initials and the ordinals of *language* do not end one.

    *language* is a BCP 47 tag, "" when unknown.
    """
    ordinals = language.partition("-")[0].lower() in _ORDINALS
    found: list[list[str]] = []
    start = 0
    for end in [*(match.end() for match in _SENTENCE_END.finditer(text)), len(text)]:
        part = text[start:end].strip()
        start = end
        if not part:
            continue
        before = found[-1][-1][-_ABBREVIATION:] if found else ""
        if _NOT_AN_END.search(before) or (ordinals and _ORDINAL.search(before)):
            found[-1].append(part)
        else:
            found.append([part])
    return [" ".join(parts) for parts in found]


def _terms(sentence: str) -> list[str]:
    if is_unspaced(sentence):
        return [sentence[n : n + 2] for n in range(len(sentence) - 1)]
    return [word for word in stems(sentence) if len(word) > 3]


def _worth(position: int, words: Counter[str], whole: Counter[str]) -> float:
    if not words:
        return 0.0
    central = sum(whole[word] for word in words) / len(words)
    return central / (1.0 + 0.25 * position)


def _cut(sentence: str, length: int) -> str:
    if len(sentence) <= length:
        return sentence
    head = sentence[: length - 1]
    whole_words = head if sentence[length - 1].isspace() else head.rpartition(" ")[0]
    # Where words are not told apart by spaces, the last space may be far back.
    return (whole_words if len(whole_words) > len(head) // 2 else head).rstrip(" ,;:") + "…"
