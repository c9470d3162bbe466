"""Lines that an editor or mail program broke at a column -> whole paragraphs again."""

from __future__ import annotations

import itertools
import re
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import quantiles

from digest.collection.clean import ends_sentence, is_wide

WIDEST = 120
LONGEST_TITLE = 160
LONGEST_HEADING = 110
LONGEST_DECK = 280
SHORTEST_ENTRY = 100
LONGEST_NOTICE = 500
LONGEST_PARAGRAPH = 2_000  # characters that are looked at
# Lines are broken a little early before closing marks, and full-width editors count a mark as half a letter.
_EARLY = 4
_LONGEST_RUN = 16  # lines
_HANGUL = re.compile("[\u1100-\u11ff\u3130-\u318f\ua960-\ua97f\uac00-\ud7ff]")
_JOINED_SCRIPT = re.compile("[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff]")
_LONGEST_JOINED_WORD = 12
_ALONE = re.compile(r"^(?:#{1,6}\s|https?://\S+$|\W+$)")
_BULLET = re.compile(r"^[-*•·‣◦▪■●○]\s")
# A dash or a number may also begin a line in the middle of a sentence.
_DASH_OR_NUMBER = re.compile(r"^(?:[–—]\s|\(?\d{1,2}[.)]\s)")
_HYPHEN = re.compile(r"\w-$")
# What follows a hyphen that stands for the rest of a word: "Strom- und Gaspreise".
_AFTER_OPEN_HYPHEN = re.compile(r"(?:und|oder|bis|sowie|and|or|to|en|of|och|og|eller)\b")


@dataclass(frozen=True, slots=True)
class Wrap:
    """How a page was wrapped: at which width, counted how, and how much room its lines leave at most.

    `torn`: words were broken anywhere, as old tools do with Korean.
    """

    width: int
    measure: Callable[[str], int]
    slack: float = 0
    torn: bool = False

    def room(self, line: str, following: str) -> int:
        """Return the columns that stay free when the first word of *following* is put at the end of *line*."""
        if self.torn:
            return self.width - self.measure(line) - self.measure(following[0])
        return self.width - self.measure(line) - _first_word(line, following, self.measure)

    def ended_early(self, line: str, following: str) -> bool:
        """Whether *line* was ended by its writer: the next word would have fitted."""
        slack = max(self.slack, _EARLY if self.torn or _no_space(line, following) else 1)
        return self.room(line, following) >= slack

    def continues(self, line: str, following: str) -> bool:
        """Whether *following* surely goes on with the sentence of *line*."""
        return following[0].islower() and not ends_sentence(line) and self.measure(line) * 2 >= self.width

    def glue(self, line: str, following: str) -> str:
        """Return what stood between *line* and *following* before the line was broken."""
        if _no_space(line, following) or (self.torn and _HANGUL.match(following[0])):
            return ""
        if _JOINED_SCRIPT.match(line[-1]) and _JOINED_SCRIPT.match(following[0]):
            return ""
        return "" if _HYPHEN.search(line) and not _AFTER_OPEN_HYPHEN.match(following) else " "


def columns(text: str) -> int:
    """Return the width of *text* on a screen: East Asian letters take two columns, combining marks none."""
    marks = sum(1 for letter in text if letter > "\u02ff" and unicodedata.category(letter) == "Mn")
    return len(text) - marks + sum(1 for letter in text if letter > "\u10ff" and is_wide(letter))


def find_wrap(groups: Sequence[Sequence[str]]) -> Wrap | None:
    """Return how the page of *groups* (the lines between blank lines) was wrapped; None when each line is whole.

    Wrapped lines are full up to a common width and break in the middle of a sentence.
    """
    wraps = [wrap for measure in (columns, len) if (wrap := _wrap_by(groups, measure))]
    return max(wraps, key=lambda wrap: _full(groups, wrap), default=None)


def _wrap_by(groups: Sequence[Sequence[str]], measure: Callable[[str], int]) -> Wrap | None:
    # A long address cannot be broken, and says nothing about the width.
    lines = [line for group in groups for line in group if _longest_word(line, measure) * 2 < measure(line)]
    wrap = Wrap(max(map(measure, lines), default=0), measure)
    breaks = _breaks(groups)
    if not 20 <= wrap.width <= WIDEST or len(breaks) < 3:
        return None
    going_on = [wrap.room(*pair) for pair in breaks if wrap.continues(*pair)]
    usual = quantiles(going_on, n=10)[-1] if len(going_on) > 1 else 0
    wrap = Wrap(wrap.width, measure, slack=min(max(1, usual + 1), 0.2 * wrap.width))
    full = [pair for pair in breaks if not wrap.ended_early(*pair)]
    broken = [(line, following) for line, following in full if not ends_sentence(line)]
    cased = [following for _, following in broken if following[0].lower() != following[0].upper()]
    if len(broken) < 3 or len(broken) * 10 < len(full) * 6 or len(full) * 10 < len(breaks) * 2:
        return None
    if sum(1 for following in cased if following[0].islower()) * 10 < len(cased) * 4:
        return None
    hangul = [measure(line) for line, following in full if _HANGUL.match(following[0])]
    torn = len(hangul) > 7 and all(size >= wrap.width - measure("가") for size in hangul)
    return Wrap(wrap.width, measure, wrap.slack, torn)


def _full(groups: Sequence[Sequence[str]], wrap: Wrap) -> int:
    return sum(1 for pair in _breaks(groups) if not wrap.ended_early(*pair))


def _breaks(groups: Sequence[Sequence[str]]) -> list[tuple[str, str]]:
    return [
        (line, following)
        for group in groups
        for line, following in itertools.pairwise(group)
        if not _ALONE.match(line) and not _ALONE.match(following)
    ]


@dataclass(frozen=True, slots=True)
class Known:
    """What the words of a text tell: whether it surely is a disclaimer, and whether it heads a related list."""

    is_notice: Callable[[str], bool]
    is_related: Callable[[str], bool]


def unwrap(group: Sequence[str], wrap: Wrap, known: Known, *, titled: bool) -> list[str]:
    """Return the paragraphs of *group*, lines without a blank line between them; *titled*: a title is the first."""
    paragraphs = [group[0]]
    begins = 0
    in_list = False
    for at in range(1, len(group)):
        line, following = group[at - 1], group[at]
        item = _is_item(line, following, in_list=bool(_DASH_OR_NUMBER.match(paragraphs[-1])))
        if item or (
            not wrap.continues(line, following)
            and (
                wrap.ended_early(line, following)
                or (begins == at - 1 and _is_heading_line(line, _run(group, at, wrap), title=titled and at == 1))
                or _ends_full(
                    paragraphs[-1][-LONGEST_PARAGRAPH:],
                    _run(group, at, wrap),
                    known,
                    deck=titled and len(paragraphs) == 2,
                    entry=in_list,
                )
            )
        ):
            in_list = in_list or known.is_related(paragraphs[-1])
            paragraphs.append(following)
            begins = at
        else:
            paragraphs[-1] += wrap.glue(line, following) + following
    return paragraphs


def _is_item(line: str, following: str, *, in_list: bool) -> bool:
    if _ALONE.match(line) or _ALONE.match(following) or _BULLET.match(following):
        return True
    return bool(_DASH_OR_NUMBER.match(following)) and (in_list or ends_sentence(line) or line[-1] in ":：")


def _ends_full(text: str, run: str, known: Known, *, deck: bool, entry: bool) -> bool:
    """Whether the paragraph *text* is over although its last line is as long as a line can be.

    It is when a heading or a notice follows; for a deck, when longer text does; in a list of related articles, when
    both would be entries.
    """
    if not ends_sentence(text) or run[0].islower():
        return False
    if columns(run) <= LONGEST_HEADING and not ends_sentence(run, questions=False):
        return True
    if deck and columns(text) <= min(LONGEST_DECK, columns(run)):
        return True
    if entry and min(columns(text), columns(run)) >= SHORTEST_ENTRY:
        return True
    return len(run) <= LONGEST_NOTICE and known.is_notice(run) and not known.is_notice(text)


def _is_heading_line(line: str, run: str, *, title: bool) -> bool:
    """Whether *line*, the first of its paragraph, is whole: a title, or capitals throughout, and *run* is text."""
    if ends_sentence(line) or run[0].islower():
        return False
    if title:
        return ends_sentence(run) or columns(line) + columns(run) > LONGEST_TITLE
    long_words = [word for word in line.split() if len(word) > 4]
    return len(long_words) > 2 and all(word[0].isupper() for word in long_words) and ends_sentence(run)


def _run(group: Sequence[str], at: int, wrap: Wrap) -> str:
    """Return the lines from *at* to the first that ends early (the first few of many), as one text."""
    text = group[at]
    for line, following in itertools.pairwise(group[at : at + _LONGEST_RUN]):
        if _is_item(line, following, in_list=False) or wrap.ended_early(line, following):
            break
        text += wrap.glue(line, following) + following
    return text


def _no_space(line: str, following: str) -> bool:
    hangul = _HANGUL.match(line[-1]) or _HANGUL.match(following[0])
    return not hangul and is_wide(line[-1]) and is_wide(following[0])


def _first_word(line: str, following: str, measure: Callable[[str], int]) -> int:
    """Return the room that the first word of *following* would take after *line*, the space before it included."""
    if _no_space(line, following):
        return measure(following[0])
    word = measure(following.split(" ", 1)[0])
    return 1 + (min(word, _LONGEST_JOINED_WORD) if _JOINED_SCRIPT.match(following) else word)


def _longest_word(line: str, measure: Callable[[str], int]) -> int:
    return max(measure(word) for word in line.split()) if line and not is_wide(line[0]) else 0
