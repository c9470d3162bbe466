"""Which paragraphs of a page are the publisher's disclaimer."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum

from digest.collection.blocks import Block, Shape
from digest.collection.clean import ends_sentence, sentences, weight
from digest.collection.markers import Folded, Markers, Pattern

LONGEST = 1200
LONGEST_IN_BODY = 500
LONGEST_HINT = 300
LONGEST_STAMP = 30
MOST_UNDER_LABEL = 4
HEAD = 60
_QUOTED = re.compile('“[^”]*”|"[^"]*"|«[^»]*»|„[^“”]*[“”]|「[^」]*」|『[^』]*』|《[^》]*》')
_MARKS = " *_-–—•·※★☆▶►■□▲△◆◇!()[]（）【】〔〕<>|#＊"
_LABEL = re.compile(r"^\W*([^:：\]】]{2,60})[:：\]】]\s*\S")


class Strength(IntEnum):
    """How sure the words alone make it."""

    NONE = 0
    HINT = 1  #: just before the related list or the site's furniture it is one
    LIKELY = 2  #: at the end of an article it is one
    SURE = 3  #: at the end it is one; elsewhere when it speaks of the page itself


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the words of one paragraph say: how sure, and which kinds of disclaimer ("ai", "advice", ...).

    `of_itself`: it begins with the page's words for itself ("this article"), or with a label ("Disclaimer: …").
    """

    strength: Strength = Strength.NONE
    kinds: frozenset[str] = frozenset()
    of_itself: bool = False


@dataclass(frozen=True, slots=True)
class Disclaimers:
    """The paragraphs found, by index, and their kinds; `labels` are headings that only name them."""

    found: tuple[int, ...] = ()
    labels: tuple[int, ...] = ()
    kinds: frozenset[str] = frozenset()

    @property
    def ai_generated(self) -> bool | None:
        """Whether the disclaimers say that a machine wrote this; None when they say nothing of it."""
        if "human" in self.kinds:
            return False
        return True if "ai" in self.kinds else None


def judge(text: str, markers: Markers) -> Verdict:
    """Return what the words of the paragraph *text* say, wherever it stands.

    Words in quotation marks do not count: somebody else said them.
    """
    size = weight(text)
    if size > LONGEST:
        return Verdict()
    spoken = sentences(_QUOTED.sub(" ", text).strip(_MARKS))[:12]
    label = _LABEL.match(text)
    labelled = label is not None and markers.labels.match(label[1].strip(_MARKS))
    if labelled and label is not None:
        spoken = sentences(_QUOTED.sub(" ", text[label.end() - 1 :]).strip(_MARKS))[:12] or spoken
    noted = label is not None and markers.notes.match(label[1].strip(_MARKS))
    if noted and label is not None:
        spoken = sentences(_QUOTED.sub(" ", text[label.end() - 1 :]).strip(_MARKS))[:12] or spoken
    strength, kinds, of_itself = Strength.NONE, set[str](), False
    hinted = set[str]()
    # A short notice may spread its words over two sentences.
    whole = [(0, " ".join(spoken))] if 1 < len(spoken) <= 3 and size <= 250 else []
    for number, sentence in [*enumerate(spoken), *whole]:
        folded, head = Folded.of(sentence), Folded.of(sentence[:HEAD])
        for pattern in markers.disclaimers:
            if not pattern.matches(folded, first=number == 0, paragraph_weight=size):
                continue
            if pattern.hint:
                strength = max(strength, Strength.HINT if size <= LONGEST_HINT else Strength.NONE)
                hinted.add(pattern.kind)
                continue
            kinds.add(pattern.kind)
            sure = number == 0 and size <= LONGEST_IN_BODY and (labelled or noted or pattern.opens(folded, head))
            # Deep in a long paragraph the same words are more likely the article's own.
            likely = number < 3 or size <= 300
            strength = max(strength, Strength.SURE if sure else Strength.LIKELY if likely else Strength.NONE)
            of_itself |= sure and (labelled or noted or (pattern.of_itself and _begins(pattern, folded)))
    if labelled and not kinds:
        return Verdict(Strength.LIKELY, frozenset(hinted or {"general"}))
    if strength is Strength.HINT:
        return Verdict(strength, frozenset(hinted))
    return Verdict(
        strength, frozenset(kinds - {"ai"} if "human" in kinds else kinds) if strength else frozenset(), of_itself
    )


def _begins(pattern: Pattern, sentence: Folded) -> bool:
    # Where the verb comes first, in Arabic and Hebrew, the words for the page follow it.
    return pattern.groups[0].begins(sentence) or "\u0590" <= sentence.joined[:1] <= "\u08ff"


def is_notice(verdict: Verdict, text: str) -> bool:
    """Whether the paragraph *text* is a disclaimer wherever it stands: a whole sentence about this very page.

    A stamp such as "Sponsored content" is not: as a title, a heading or an entry it is the article's own.
    """
    return verdict.strength is Strength.SURE and verdict.of_itself and ends_sentence(text)


class Judge:
    """Judges paragraphs, each only once while one page is read."""

    def __init__(self, markers: Markers) -> None:
        self.markers = markers
        self._known: dict[str, Verdict] = {}

    def __call__(self, text: str) -> Verdict:
        """Return the verdict on the paragraph *text*."""
        found = self._known.get(text)
        if found is None:
            found = self._known[text] = judge(text, self.markers)
        return found


def find_disclaimers(blocks: Sequence[Block], judged: Judge, *, anchored: bool = False) -> Disclaimers:
    """Return which of *blocks* (a title and body without furniture and related list) are disclaimers.

    *anchored*: a related list or furniture stood after the last of them, so that is where the article ends.
    """
    verdicts = [judged(block.text) if index else Verdict() for index, block in enumerate(blocks)]
    taken: set[int] = set()
    labels: set[int] = set()
    for index in range(len(blocks) - 1, 0, -1):
        under = _under_label(blocks, index, verdicts, taken, judged.markers)
        if under:
            labels.add(index)
            taken.update(under)
    for index, verdict in enumerate(verdicts):
        if blocks[index].shape is not Shape.HEADING and (
            is_notice(verdict, blocks[index].text) or (index == 1 and is_stamp(verdict, blocks[index].text))
        ):
            taken.add(index)
    # From the end backwards, likely is enough: that is where publishers put them.
    last = len(blocks) - 1
    while last > 0 and (last in taken or last in labels or _closes(verdicts[last], blocks[last].text, anchored)):
        if last not in labels:
            taken.add(last)
        last -= 1
    kinds = frozenset[str]().union(*(verdicts[index].kinds or {"general"} for index in taken))
    return Disclaimers(tuple(sorted(taken)), tuple(sorted(labels)), kinds)


def is_stamp(verdict: Verdict, text: str) -> bool:
    """Whether *text* is nothing but a few words such as "Sponsored content" or "Generated by AI."."""
    return verdict.strength is Strength.SURE and weight(text) <= LONGEST_STAMP and len(text.split()) <= 4


def _closes(verdict: Verdict, text: str, anchored: bool) -> bool:
    """Whether *text* is a disclaimer when it is the last line of an article."""
    if verdict.strength is Strength.HINT:
        return anchored and ends_sentence(text)
    whole = ends_sentence(text) or verdict.of_itself or is_stamp(verdict, text)
    return verdict.strength >= Strength.LIKELY and whole


def _under_label(
    blocks: Sequence[Block], index: int, verdicts: Sequence[Verdict], taken: set[int], markers: Markers
) -> list[int]:
    """Return the paragraphs under the heading at *index* when that heading names a disclaimer."""
    text = blocks[index].text.strip(_MARKS + ":：")
    if weight(text) > 60 or not markers.labels.match(text):
        return []
    under: list[int] = []
    for at in range(index + 1, len(blocks)):
        if at in taken and under:
            break
        if blocks[at].shape is Shape.HEADING or not (
            ends_sentence(blocks[at].text) or weight(blocks[at].text) > 80 or verdicts[at].strength
        ):
            break
        under.append(at)
    reaches_end = bool(under) and under[-1] == len(blocks) - 1
    if reaches_end and len(under) <= MOST_UNDER_LABEL and all(weight(blocks[at].text) <= LONGEST for at in under):
        return under
    return under[:1] if under and verdicts[under[0]].strength else []
