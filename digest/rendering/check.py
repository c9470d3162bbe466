"""Hold a template to the law: spliced and whole must be the same tree (design §3.2).

Articles, names and selections are made up here, in several languages and with every part present and
missing; whoever saves a template hears at once where it would break, and not from a reader.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from types import MappingProxyType

from lxml import etree
from lxml import html as lxml_html

from digest.errors import BadInput, BadTemplate
from digest.rendering.clean import clean_url
from digest.rendering.headers import constant_headers
from digest.rendering.parts import CardChoice, DigestParts, Section
from digest.rendering.press import Press
from digest.rendering.splice import ReaderValues, Splicer
from digest.rendering.templates import Edited, TemplateSet
from digest.rendering.views import CardView, Frame, ImageView, RelatedView
from digest.rendering.whole import Whole, render_whole
from digest.rendering.written import edition_view

LOCALES = ("en", "de", "ja", "ko", "ar")
ROUNDS = 3
_WORDS = {
    "en": "harbour opens at dawn",
    "de": "Häfen öffnen früh",
    "ja": "港は夜明けに開く",
    "ko": "항구가 새벽에 열린다",
    "ar": "يفتح الميناء عند الفجر",
}
_NAMES = (
    "Anna",
    "",
    "</span><script>alert(1)</script>",
    "سلمى",
    "👩‍🚀 Ω",
    "=?utf-8?q?x?=",
    "N" * 200,
    'O\'Neil & "Co"',
)
_NOTES = {
    "note": ("Good *morning* & [welcome](https://example.org/?a=1&b=2)\n\n- one\n- two", "en"),
    "announcement": ("# يفتح\n\nالميناء عند الفجر", "ar"),
}
_FRAME = Frame(
    name="Sample & daily",
    sender_name="Sample",
    sender_address="digest@example.org",
    list_id="daily.example.org",
    postal_lines=("1 Sample Road", "Sampleton"),
    description="What is new",
    home_url="https://example.org/",
)


def check_template(
    folder: Path, name: str = "digest", *, notes: bool = True, edited: Edited = MappingProxyType({})
) -> list[str]:
    """Return what is wrong with the mail *name* under *folder*, one line each; an empty list means it may be used.

    Without *notes* it need not show what editors say in an edition. Mails of *edited* stand in place of their folders.
    """
    try:
        templates = TemplateSet.load(folder, name, edited)
    except BadTemplate as wrong:
        return [str(wrong)]
    return check_templates(templates, notes=notes)


def check_templates(templates: TemplateSet, *, notes: bool = True, locales: Sequence[str] = LOCALES) -> list[str]:
    """Return what is wrong with *templates*, as `check_template` does, in mails of *locales*."""
    problems: dict[str, None] = {}
    chance = random.Random(20)  # noqa: S311 - the same samples each time, nothing secret
    for locale in locales:
        try:
            for problem in _check_locale(templates, locale, chance, notes=notes):
                problems.setdefault(problem)
        except BadInput as wrong:
            problems.setdefault(str(wrong))
        if problems:  # the other languages would say the same again
            break
    return list(problems)


def differences(splicer: Splicer, whole: Whole, reader: ReaderValues) -> list[str]:
    """Return where the spliced message of *reader* is not what *whole* is; an empty list when it is the same."""
    found = []
    problem = tree_difference(splicer.html(reader), whole.html)
    if problem:
        found.append(f"html: {problem}")
    spliced, rendered = splicer.text(reader).split(), whole.text.split()
    if spliced != rendered:
        pairs = zip([*spliced, "(end)"], [*rendered, "(end)"], strict=False)
        one, other = next(pair for pair in pairs if pair[0] != pair[1])
        found.append(f"text: {one!r} when spliced is {other!r} in the whole")
    return found


def tree_difference(spliced: str, whole: str) -> str:
    """Return the first place where two HTML documents differ as trees, or "" when they do not."""
    return _difference(lxml_html.document_fromstring(spliced), lxml_html.document_fromstring(whole), "")


def _difference(one: etree._Element, other: etree._Element, path: str) -> str:
    here = f"{path}/{one.tag if isinstance(one.tag, str) else 'comment'}"
    if one.tag != other.tag:
        return f"{here} is {other.tag} in the whole"
    for key in sorted({*one.attrib, *other.attrib}):
        if one.get(key) != other.get(key):
            return (
                f"{here}: {key} is {one.get(key)!r} when spliced and {other.get(key)!r} in the whole; "
                "a card or fragment must not depend on its neighbours (first-child, a + b) or on slot values"
            )
    for what in ("text", "tail"):
        mine, theirs = getattr(one, what) or "", getattr(other, what) or ""
        if mine.strip("\n") != theirs.strip("\n"):
            at = max(0, next((n for n, (a, b) in enumerate(zip(mine, theirs, strict=False)) if a != b), 0) - 20)
            return (
                f"{here}: its {what} is {mine[at : at + 60]!r} when spliced and {theirs[at : at + 60]!r} in the whole"
            )
    if len(one) != len(other):
        return f"{here}: {len(one)} elements inside when spliced, {len(other)} in the whole"
    return next(filter(None, (_difference(a, b, here) for a, b in zip(one, other, strict=True))), "")


def _check_locale(templates: TemplateSet, locale: str, chance: random.Random, *, notes: bool) -> Iterator[str]:
    cards, edition = _cards(), edition_view(_NOTES if notes else {})
    press = Press(templates, _FRAME, locale, edition)
    # Another order than the selections have, so that what depends on the order shows.
    ids = dict(zip(reversed(range(len(cards))), press.add_cards(cards[::-1]), strict=True))
    for round_number in range(ROUNDS):
        parts = _parts(cards, chance, full=round_number == 0)
        reader = _reader(chance.choice(_NAMES))
        in_press = replace(
            parts,
            cards=_in_press(parts.cards, ids),
            sections=tuple(replace(one, cards=_in_press(one.cards, ids)) for one in parts.sections),
        )
        composed = press.compose(in_press)
        headers = constant_headers(_FRAME, composed.subject, composed.layout.boundary)
        splicer = Splicer(composed.layout, composed.pieces, headers)
        yield from differences(splicer, render_whole(templates, _FRAME, locale, cards, parts, reader, edition), reader)


def _cards() -> list[CardView]:
    picture = ImageView("https://example.org/p.png", 640, 360, "A harbour")
    cards = []
    for number, (language, words) in enumerate(_WORDS.items()):
        cards.append(CardView(words, heading_id=f"a{number}", language=language))
        cards.append(
            CardView(
                title=f"{words} <&>",
                url=clean_url(f"https://example.org/{number}?a=1&b={words}"),
                topic=words,
                summary=f"{words}. " * 9,
                summary_by=("publisher", "extract", "model")[number % 3],
                disclaimer=f"{words}!",
                language=language,
                source="Example",
                date="2026",
                image=picture if number % 2 else None,
                heading_id=f"b{number}",
            )
        )
    return cards


def _parts(cards: Sequence[CardView], chance: random.Random, *, full: bool) -> DigestParts:
    def maybe(text: str) -> str:
        return text if full or chance.random() < 0.5 else ""

    chosen = chance.sample(range(len(cards)), len(cards) if full else chance.randint(1, 5))
    pool = [RelatedView(f"{words} & more", "https://example.org/r?x=1&y=2", tag) for tag, words in _WORDS.items()]
    pool += [RelatedView(words, "", tag) for tag, words in _WORDS.items()]
    choices = tuple(
        CardChoice(
            card, maybe('Because you follow "Trade" & <ports>'), tuple(chance.sample(pool, chance.randint(0, 3)))
        )
        for card in chosen
    )
    more, follows, lead = maybe("3 < 4 more"), maybe("Trade, Ports & Ünïts"), maybe("Look <here>")
    section = Section(
        "Other & daily", "leave_2", choices[:1], maybe("What else & more"), lead, more, follows, edition_view(_NOTES)
    )
    return DigestParts(
        choices,
        "23.11.",
        maybe("A & b"),
        more,
        follows,
        lead,
        sections=(section, replace(section, slot="leave_3", postal_lines=("1 Road",))) if maybe("sections") else (),
    )


def _in_press(choices: Sequence[CardChoice], ids: Mapping[int, int]) -> tuple[CardChoice, ...]:
    return tuple(replace(each, card_id=ids[each.card_id]) for each in choices)


def _reader(name: str) -> ReaderValues:
    links = {
        f"{kind}_url": f"https://example.org/{kind}/{'t' * 32}?a=1&b=2"
        for kind in ("unsubscribe", "preferences", "view")
    }
    return ReaderValues(
        name=name,
        address="r@example.org",
        message_id="<m@example.org>",
        date=datetime(2026, 11, 23, tzinfo=UTC),
        leave_urls={f"leave_{number}": f"https://example.org/leave/{number}?a=1&b=2" for number in (2, 3)},
        **links,
    )
