"""A joined mail: several newsletters of one reader, each chosen on what the ones before it tell, in one digest."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, NamedTuple

from digest.enrichment.reading import Analysed
from digest.model.digest import SkipReason
from digest.model.newsletter import Newsletter
from digest.model.note import NoteKind
from digest.model.subscriber import Interests
from digest.pipeline.composing.compose import Shelf, Workshop, open_workshop
from digest.pipeline.composing.edition_cut import cut_for
from digest.pipeline.composing.frame import date_of
from digest.pipeline.composing.made import Made, Wanted
from digest.pipeline.installation import Installation
from digest.rendering.parts import DigestParts, Section
from digest.rendering.press import Composed, Press
from digest.rendering.sections import LEAVE
from digest.store.tables import from_micros, to_micros

SectionOf = Callable[[Press, str], Section]
"""Makes a section of something that is no newsletter's, for a press and a locale."""


class Seat(NamedTuple):
    """The part of one newsletter, for readers who share it; `asked_at` as in `cut_of`."""

    newsletter: str
    newsletter_id: int
    edition_id: int
    period: str
    slot_at: datetime
    profile_id: int
    since: int
    is_new: bool
    asked_at: datetime | None


class Course(NamedTuple):
    """What is in one part: `told` are the stories its readers were told when it was chosen."""

    seat: Seat
    workshop: Workshop
    wanted: Wanted
    made: Made


@dataclass(frozen=True, slots=True)
class Joined:
    """What a mail came to: the parts that it has, in order, and why the others have none.

    `composed` is of several parts; a single one is a digest like any other. `later` found no room.
    """

    courses: tuple[Course, ...]
    reasons: Mapping[Seat, str]
    later: tuple[Seat, ...] = ()
    composed: Composed | None = None

    @property
    def alive(self) -> frozenset[int]:
        """The stories that a history still has to remember."""
        return frozenset[int]().union(*(each.workshop.alive for each in self.courses))


@dataclass(slots=True)
class Joiner:
    """Makes joined mails; a slot's workshop is opened once."""

    house: Installation
    newsletters: Mapping[str, Newsletter]
    prints: bool = True
    analysed: dict[int, Analysed] = field(default_factory=dict)
    _workshops: dict[tuple[int, datetime, datetime | None], Workshop] = field(default_factory=dict)

    def workshop(self, seat: Seat) -> Workshop:
        """Return the workshop of the slot that *seat* is of."""
        key = (seat.edition_id, seat.slot_at, seat.asked_at)
        if key not in self._workshops:
            newsletter = self.newsletters[seat.newsletter]
            day = date_of(seat.period, newsletter, seat.slot_at)
            cut = cut_for(newsletter, seat.period, seat.slot_at, day=day, asked_at=seat.asked_at)
            shelf = Shelf(analysed=self.analysed, prints=self.prints)
            self._workshops[key] = open_workshop(self.house, newsletter, cut, seat.period, shelf, day=day)
        return self._workshops[key]

    def forget(self) -> None:
        """Read everything anew: something has changed since."""
        self._workshops.clear()

    def choose(
        self, seats: Sequence[Seat], interests: Mapping[int, Interests], history: frozenset[int], locale: str
    ) -> list[Course]:
        """Return what is in each of *seats*, in order, for readers who were told *history*."""
        courses, told = [], history
        for seat in seats:
            workshop = self.workshop(seat)
            since = seat.since if seat.since > to_micros(workshop.since_cut) else None
            first = workshop.newsletter.welcome and seat.is_new and since is not None
            day = None if since is None else from_micros(since)
            wanted = Wanted(interests[seat.profile_id], told, day, locale, first)
            made = workshop.make(wanted)
            courses.append(Course(seat, workshop, wanted, made))
            told = told | stories_of(made)
        return courses

    def join(self, courses: Sequence[Course], events: Sequence[SectionOf] = ()) -> Joined:
        """Return the mail of *courses* and *events*, whose sections come last.

        That there is nothing new is only said where it is all there is to say.
        """
        speaking = [each for each in courses if each.made.layout is not None]
        with_news = [each for each in speaking if not _is_mere_note(each)]
        said = with_news or (speaking[:1] if not events else [])
        reasons = {each.seat: _reason(each) for each in courses if each not in said}
        if not said or (len(said) == 1 and not events) or not self.prints:
            return Joined(tuple(said), reasons)
        return self._compose(list(said), reasons, events)

    def _compose(self, said: list[Course], reasons: Mapping[Seat, str], events: Sequence[SectionOf]) -> Joined:
        host = said[0].workshop
        locale, press = host.locale_for(said[0].wanted.locale), host.bench(host.locale_for(said[0].wanted.locale)).press
        more = tuple(section(press, locale) for section in events)
        whole = {each.seat: each for each in said}
        later: list[Seat] = []
        while True:
            if len(said) == 1 and not more:
                # Alone it is the mail it would have been: nothing has to give way to others any more.
                return Joined((whole[said[0].seat],), reasons, tuple(later))
            composed = press.compose(_parts(said, press, locale, more))
            limit = min(each.workshop.newsletter.limits.max_html_bytes for each in said)
            if composed.html_size(_widths(said, more)) <= limit or not _give_way(said, later):
                return Joined(tuple(said), reasons, tuple(later), composed)


def stories_of(made: Made) -> frozenset[int]:
    """Return the stories that a reader need not be told any more after *made*."""
    if made.layout is None:
        return frozenset()
    return frozenset(one.article.story_id for one in made.selection.chosen) | made.selection.let_go


def items_of(joined: Joined) -> list[Mapping[str, Any]]:
    """Return what the log keeps of the articles of the whole mail; those of other newsletters say whose they are."""
    host, *others = joined.courses
    return [
        *host.made.items,
        *({**item, "newsletter": each.seat.newsletter} for each in others for item in each.made.items),
    ]


def _parts(said: Sequence[Course], press: Press, locale: str, more: tuple[Section, ...]) -> DigestParts:
    told = {each.seat: stories_of(each.made) for each in said}
    made: list[DigestParts] = []
    for each in said:
        beside = frozenset[int]().union(*(stories for seat, stories in told.items() if seat != each.seat))
        made.append(_on(each, press, locale, each.wanted.history | beside))
    sections = tuple(
        _section(said[0].workshop.newsletter, each, one) for each, one in zip(said[1:], made[1:], strict=True)
    )
    return replace(made[0], sections=(*sections, *more))


def _on(course: Course, press: Press, locale: str, told: frozenset[int]) -> DigestParts:
    """Return what one part says, by the press of the mail it is in."""
    workshop, selection, interests = course.workshop, course.made.selection, course.wanted.interests
    bench = workshop.guest_bench(press, locale)
    if not selection.chosen:
        return bench.without_articles(interests, selection.waiting, workshop.edition.announcement)
    bench.print(selection.chosen)
    related = workshop.links_beside(selection.chosen, interests, told)
    return bench.parts(selection, interests, related, welcome=course.wanted.first)


def _section(host: Newsletter, course: Course, parts: DigestParts) -> Section:
    newsletter = course.workshop.newsletter
    return Section(
        name=newsletter.name,
        slot=f"{LEAVE}{course.seat.newsletter_id}",
        cards=parts.cards,
        description=newsletter.description,
        lead=parts.lead if course.wanted.first else "",
        more=parts.more,
        follows=parts.follows,
        edition=course.workshop.edition,
        **postal_of(newsletter, host),
    )


def postal_of(newsletter: Newsletter, host: Newsletter) -> dict[str, Any]:
    """Return sender and address of *newsletter* as its section names them; nothing when they are the mail's."""
    if newsletter.postal_address == host.postal_address:
        return {}
    return {"sender": newsletter.sender.name, "postal_lines": tuple(newsletter.postal_address.splitlines())}


def _give_way(said: list[Course], later: list[Seat]) -> bool:
    """Let one article give way, the last part's first, or a whole part that has one; False when only one is left."""
    for place in range(len(said) - 1, -1, -1):
        selection = said[place].made.selection
        fewer = len(selection.chosen) - 1
        smaller = said[place].workshop.without_the_large(selection, fewer) if fewer > 0 else selection
        if 0 < len(smaller.chosen) < len(selection.chosen):  # none: fewer than the newsletter wants in a mail
            made = replace(said[place].made, selection=smaller, items=said[place].made.items[: len(smaller.chosen)])
            said[place] = said[place]._replace(made=made)
            return True
        if place:
            later.append(said.pop(place).seat)
            return True
    return False


def _widths(said: Sequence[Course], more: Sequence[Section]) -> dict[str, int]:
    widths = said[0].workshop.widths()
    slots = [*(f"{LEAVE}{each.seat.newsletter_id}" for each in said[1:]), *(each.slot for each in more)]
    return widths | dict.fromkeys(slots, widths["unsubscribe_url"])


def _is_mere_note(course: Course) -> bool:
    """Whether a part only says that there is nothing new."""
    return not (course.made.selection.chosen or course.workshop.says(NoteKind.ANNOUNCEMENT))


def _reason(course: Course) -> str:
    return (course.made.selection.skip or SkipReason.NOTHING_NEW).value
