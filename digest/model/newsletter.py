"""A newsletter: sender, schedule, limits, topics on offer, template and disclaimers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from enum import StrEnum

from digest.model.frequency import EVERY_DAY, Frequency, Quiet
from digest.model.stream import Stream


@dataclass(frozen=True, slots=True)
class Sender:
    """Who a newsletter comes from, as readers see it.

    `letters_address`, when there is one, is where letters come from that a reader waits for (confirmations): a domain
    of their own, whose name does not suffer from that of the newsletter. `complaints_address` is where mailbox
    providers may send complaints (RFC 9477).
    """

    name: str
    address: str
    reply_to: str = ""
    letters_address: str = ""
    complaints_address: str = ""

    @property
    def addresses(self) -> tuple[str, ...]:
        """The addresses that its mail comes from."""
        return (self.address, self.letters_address) if self.letters_address else (self.address,)


@dataclass(frozen=True, slots=True)
class Schedule:
    """On which local days (0 = Monday … 6 = Sunday), at which local time, in whose zone.

    `month_day` (31: the last) or `hours` between mails, when given, take the place of `days`. `zone` is an IANA
    name, or "" for each reader's own. A reader's own `send_at` moves only the time, their own `frequency` only the
    days. `quiet` holds back what comes every so many hours.
    """

    days: tuple[int, ...] = EVERY_DAY
    at: time = time(7, 0)
    zone: str = ""
    month_day: int = 0
    hours: int = 0
    quiet: Quiet | None = None

    @property
    def frequency(self) -> Frequency:
        """How often readers get it who named nothing else."""
        if self.hours:
            return Frequency(hours=self.hours)
        return Frequency(month_day=self.month_day) if self.month_day else Frequency(self.days)


class Overflow(StrEnum):
    """What becomes of articles that suit a reader and find no place in a full digest."""

    ROLLOVER = "rollover"  #: they wait for the next one
    COUNT = "count"  #: the mail says how many there were; they do not come again
    DROP = "drop"  #: they do not come again


class Fallback(StrEnum):
    """What a reader gets with less than `min_items` of their own."""

    NONE = "none"  #: no mail
    PINNED = "pinned"  #: what the editors pinned, alone if need be
    MOST_CHOSEN = "most_chosen"  #: that, and what suits most other readers, up to `min_items`


class NothingNew(StrEnum):
    """What a reader gets for whom there is nothing."""

    SKIP = "skip"  #: no mail; the log has the reason
    NOTE = "note"  #: a short mail that says so


@dataclass(frozen=True, slots=True)
class CutOff:
    """Until when what is collected counts: `before` each slot, or (`at` is set) once for a whole edition.

    A fixed cut-off is the local time `at` in `zone`, so many days before the day that names the edition.
    """

    before: timedelta = timedelta(0)
    at: time | None = None
    zone: str = "UTC"
    days_before: int = 0

    @property
    def longest(self) -> timedelta:
        """How long before a slot it is at most: readers of an edition are a week and two days apart, or less."""
        return self.before if self.at is None else timedelta(days=self.days_before + 9)


@dataclass(frozen=True, slots=True)
class Limits:
    """How many articles one digest may and must have, and how large its HTML may be (decoded bytes).

    Of one source, and of one topic, at most so many, 0 for any number. `diversity` is what an article loses, in per
    cent of its score, by being about just what a chosen one is about; less the less they have in common.
    """

    max_items: int = 10
    min_items: int = 1
    max_per_source: int = 0
    max_per_topic: int = 0
    diversity: int = 50
    max_related: int = 4
    # Gmail clips at about 102 kB; 100,000 bytes is where we stop (whole articles give way).
    max_html_bytes: int = 100_000
    overflow: Overflow = Overflow.ROLLOVER


class Unmarked(StrEnum):
    """What to do with an article that says neither that it is AI-generated nor that it is not."""

    LEAVE = "leave"  #: show it as it came
    LABEL = "label"  #: treat it as AI-generated and show our notice (fail closed)


@dataclass(frozen=True, slots=True)
class Disclaimers:
    """Our own notices, by language tag, beside the publisher's, which always travels with its article."""

    unmarked: Unmarked = Unmarked.LEAVE
    notices: Mapping[str, str] = field(default_factory=dict)


class UnresolvedRelated(StrEnum):
    """What to do with a related entry that leads to no article we know: never a dead link."""

    TEXT = "text"
    OMIT = "omit"


class InDoubt(StrEnum):
    """What to do with a message whose last reply was lost."""

    RESEND_ONCE = "resend_once"  #: the same bytes and Message-ID, one more time
    HOLD = "hold"  #: a person decides
    ASSUME_SENT = "assume_sent"


@dataclass(frozen=True, slots=True)
class Retry:
    """When a deferred message is tried again (RFC 5321 §4.5.4.1), and when it is given up."""

    delays: tuple[timedelta, ...] = (
        timedelta(minutes=30),
        timedelta(minutes=30),
        timedelta(hours=2),
        timedelta(hours=3),
    )  #: the last one repeats
    expires_after: timedelta = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class Newsletter:
    """What one subscribes to. `topics` on offer: empty means the whole vocabulary; `sources` likewise."""

    slug: str
    name: str
    sender: Sender
    postal_address: str
    schedule: Schedule = Schedule()
    limits: Limits = Limits()
    description: str = ""
    topics: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()
    template: str = "digest"
    locale: str = "en"
    list_id: str = ""
    disclaimers: Disclaimers = Disclaimers()
    unresolved_related: UnresolvedRelated = UnresolvedRelated.TEXT
    in_doubt: InDoubt = InDoubt.RESEND_ONCE
    retry: Retry = Retry()
    look_back: timedelta = timedelta(days=3)
    expires_after: timedelta = timedelta(days=14)
    max_late: timedelta | None = None  #: None is half the time between two slots
    freshness_half_life: timedelta = timedelta(days=2)
    cut_off: CutOff = CutOff()
    fallback: Fallback = Fallback.NONE
    nothing_new: NothingNew = NothingNew.SKIP
    #: A reader's first mail is the best of `look_back`: what is older weighs as much.
    welcome: bool = False
    urgent: bool = False  #: its mails go out before those of all others that wait
    managed: str = "file"
    archive: bool = False  #: whether everybody may read on our pages what readers of every topic were sent
    stream: Stream | None = None  #: what its mails are made of when that is events, not articles

    def since_cut(self, cut_off: datetime) -> datetime:
        """Return the day before which whoever joined has nothing to look back to, in a pool with this *cut_off*."""
        return cut_off - self.expires_after + self.look_back


class SourceKind(StrEnum):
    """How a source is read."""

    FEED = "feed"
    PAGE = "page"
    FOLDER = "folder"


@dataclass(frozen=True, slots=True)
class Source:
    """Where articles come from: a feed or page by URL, or a folder of files; read again every `every`."""

    slug: str
    kind: SourceKind
    location: str
    every: timedelta = timedelta(minutes=15)
    language: str = ""
    ai_generated: bool | None = None
