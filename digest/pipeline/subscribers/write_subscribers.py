"""Writing a batch of read rows: who is new, who changed, who must be left alone; set by set, never row by row."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time
from typing import Any, NamedTuple

from sqlalchemy import Connection

from digest.model.newsletter import Newsletter
from digest.model.subscriber import Follow, Interests, SubscriptionState
from digest.pipeline.newsletters.frequencies import kept_frequency
from digest.pipeline.subscribers.subscriber_columns import Columns
from digest.pipeline.subscribers.subscriber_rows import Row
from digest.pipeline.subscribers.suppression import former_keys, suppressed_keys
from digest.store import subscribers as store
from digest.store.cadences import align_cadences, cadence_for, cadence_ids
from digest.store.histories import history_of
from digest.store.lock import Alone, wait_for_others
from digest.store.profiles import interests_as_text, interests_from_text, interests_texts, profile_ids
from digest.store.subscribers import Known
from digest.store.tables import to_micros

_REMEMBERED = 20_000
_CHOSEN_BY_READERS = frozenset({"topics", "muted", "keywords", "send_at", "frequency"})


class Staged(NamedTuple):
    """A read row between reading and writing: plain values, None where the file says nothing."""

    line: int
    key: str
    address: str
    name: str | None
    locale: str | None
    zone: str | None
    interests: str
    send_at: str
    frequency: str
    paused_until: int | None
    consent_source: str
    consent_at: int | None
    state: str


class Problem(NamedTuple):
    """Why a row was not taken: line in the file, column ("" for the whole row), reason in words."""

    line: int
    column: str
    reason: str


@dataclass(slots=True)
class Written:
    """What became of a batch."""

    added: int = 0
    updated: int = 0
    unchanged: int = 0
    suppressed: int = 0
    ended: int = 0
    corrected: int = 0
    kept: int = 0
    problems: list[Problem] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Terms:
    """What holds for the whole import. *others* are the newsletters that follow each reader's own zone.

    With *overwrite* the file wins over what readers chose by their own hand; with *only_here* never in what holds for
    all their newsletters.
    """

    newsletter_id: int
    newsletter: Newsletter
    others: tuple[tuple[int, Newsletter], ...]
    columns: Columns
    now: datetime
    secrets: tuple[str, ...]
    overwrite: bool = False
    only_here: bool = False


class Added(NamedTuple):
    """A subscription that was not there before, as it was written, and whether its reader was not there either."""

    subscriber_id: int
    is_new_reader: bool
    profile_id: int
    state: str
    send_at: str
    frequency: str


class _Merged(NamedTuple):
    """The interests that a file makes of known ones, and those that leave a reader's own choices alone."""

    file: str
    kept: str


class _Plan(NamedTuple):
    row: Staged
    known: Known | None
    name: str
    locale: str
    zone: str
    send_at: str
    frequency: str
    interests: str
    placed_at: datetime | None = None
    chosen_at: datetime | None = None
    kept: tuple[str, ...] = ()  #: in what the file says something else than the reader did


def staged(row: Row) -> tuple[Any, ...]:
    """Return the values of a `Staged` after its line and key."""
    who, what, given = row.subscriber, row.subscription, row.given
    consent = what.consent
    return (
        who.address,
        who.name if "name" in given else None,
        who.locale if "locale" in given else None,
        who.zone if "timezone" in given else None,
        row.interests_text,
        f"{what.send_at:%H:%M}" if what.send_at else "",
        kept_frequency(what.frequency),
        to_micros(what.paused_until) if what.paused_until else None,
        consent.source if consent else "",
        to_micros(consent.at) if consent and "consent_at" in given else None,
        what.state.value,
    )


def merged_interests(old: Interests, new: Interests, columns: Columns | frozenset[str], today: date) -> Interests:
    """Return the interests of a reader who had *old* when a file says *new*; columns it lacks keep theirs.

    A topic that was not followed before is followed from *today*; who followed everything has read it all
    along.
    """
    before = {follow.topic: follow.since for follow in old.follows}
    start = None if old.everything else today
    follows = tuple(Follow(one.topic, one.weight, before.get(one.topic, start)) for one in new.follows)
    return replace(
        old,
        follows=follows if "topics" in columns else old.follows,
        muted=new.muted if "muted" in columns else old.muted,
        keywords=new.keywords if "keywords" in columns else old.keywords,
        languages=new.languages if "languages" in columns else old.languages,
        wants_all=new.wants_all if "choices" in columns else old.wants_all,
        surprise=new.surprise if "choices" in columns else old.surprise,
    )


class BatchWriter:
    """Writes the batches of one import; remembers profiles and cadences between them, up to a bound."""

    def __init__(self, terms: Terms) -> None:
        self._terms = terms
        self._since = datetime.combine(terms.now.date(), time(), terms.now.tzinfo)
        self._profiles: dict[str, int] = {}
        self._cadences: dict[tuple[str, str, str], int] = {}  # by zone, own hour and frequency
        self._merged: dict[tuple[int, str], _Merged] = {}
        self.latest: list[Added] = []  #: whom the latest batch has brought

    def write(self, conn: Connection, batch: Sequence[tuple[Any, ...]]) -> Written:
        """Write rows shaped like `Staged`, each key once, and return what became of them."""
        written = Written()
        rows = self._mailable(conn, [Staged._make(row) for row in batch], written)
        wait_for_others(conn, Alone.ADD_SUBSCRIBERS)
        known = store.known_readers(conn, self._terms.newsletter_id, [row.key for row in rows])
        rows = self._not_corrected(conn, rows, known, written)
        rows = [row for row in rows if not self._has_left(row, known.get(row.key), written)]
        self._remember_interests(conn, rows, known)
        plans = [self._plan(row, known.get(row.key)) for row in rows]
        _report_kept(plans, written)
        self._remember_ids(conn, plans)
        self._add_subscribers(conn, [plan for plan in plans if plan.known is None])
        ids = store.subscriber_ids(conn, [plan.row.key for plan in plans if plan.known is None])
        touched = self._update_subscribers(conn, plans)
        self._add_subscriptions(conn, plans, ids, written)
        self._update_subscriptions(conn, plans, touched, written)
        return written

    def _mailable(self, conn: Connection, rows: list[Staged], written: Written) -> list[Staged]:
        reasons = suppressed_keys(conn, [row.key for row in rows], self._terms.secrets)
        for row in rows:
            if row.key in reasons:
                written.suppressed += 1
                why = f"this address is suppressed ({reasons[row.key]}); it is never mailed again by an import"
                written.problems.append(Problem(row.line, "email", why))
        return [row for row in rows if row.key not in reasons]

    def _not_corrected(
        self, conn: Connection, rows: list[Staged], known: dict[str, Known], written: Written
    ) -> list[Staged]:
        former = former_keys(conn, [row.key for row in rows if row.key not in known], self._terms.secrets)
        why = "this address was corrected to another; its reader is left as they are"
        written.corrected += len(former)
        written.problems.extend(Problem(row.line, "email", why) for row in rows if row.key in former)
        return [row for row in rows if row.key not in former]

    def _has_left(self, row: Staged, known: Known | None, written: Written) -> bool:
        why = ""
        if row.state == SubscriptionState.ENDED:
            why = "the file says that this subscription has ended; it was left as it is"
        elif known and known.state == SubscriptionState.ENDED:
            why = f"this reader has left ({known.ended_reason}); only they can come back"
        if why:
            written.ended += 1
            written.problems.append(Problem(row.line, "email", why))
        return bool(why)

    def _remember_interests(self, conn: Connection, rows: list[Staged], known: dict[str, Known]) -> None:
        """Work out what each (profile, interests in the file) comes to, once for all who share it."""
        if len(self._merged) > _REMEMBERED:
            self._merged.clear()
        pairs = {
            (found.profile_id, row.interests) for row in rows if (found := known.get(row.key)) and found.subscription_id
        }
        missing = pairs - self._merged.keys()
        texts = interests_texts(conn, {profile_id for profile_id, _ in missing})
        today, columns = self._since.date(), self._terms.columns
        unchosen = frozenset(columns.positions) - _CHOSEN_BY_READERS
        for profile_id, text in missing:
            old, new = interests_from_text(texts[profile_id]), interests_from_text(text)
            by_file, kept = (merged_interests(old, new, which, today) for which in (columns, unchosen))
            self._merged[profile_id, text] = _Merged(interests_as_text(by_file), interests_as_text(kept))

    def _plan(self, row: Staged, known: Known | None) -> _Plan:
        letter = self._terms.newsletter
        if known is None:
            zone = row.zone or letter.schedule.zone or "UTC"
            locale = row.locale or letter.locale
            return _Plan(row, None, row.name or "", locale, zone, row.send_at, row.frequency, row.interests)
        plan = _Plan(
            row,
            known,
            known.name if row.name is None else row.name,
            row.locale or known.locale,
            row.zone or known.zone,
            row.send_at,
            row.frequency,
            row.interests,
            known.placed_at,
            known.chosen_at,
        )
        if self._terms.only_here:
            plan = plan._replace(name=known.name, locale=known.locale, zone=known.zone)
        if known.subscription_id:
            lacks = [name for name in ("send_at", "frequency") if name not in self._terms.columns]
            merged = self._merged[known.profile_id, row.interests]
            plan = plan._replace(interests=merged.file, **{name: getattr(known, name) for name in lacks})
        return self._overwritten(plan, known) if self._terms.overwrite else self._respectful(plan, known)

    def _respectful(self, plan: _Plan, known: Known) -> _Plan:
        """Return *plan* with what the reader chose by their own hand in the place of what the file says."""
        kept: list[str] = []
        if known.placed_at:
            kept += [name for name in ("locale", "zone") if getattr(plan, name) != getattr(known, name)]
            plan = plan._replace(locale=known.locale, zone=known.zone)
        if known.chosen_at:
            merged = self._merged[known.profile_id, plan.row.interests]
            kept += ["interests"] if merged.file != merged.kept else []
            kept += ["hour"] if plan.send_at != known.send_at else []
            kept += ["frequency"] if plan.frequency != known.frequency else []
            plan = plan._replace(interests=merged.kept, send_at=known.send_at, frequency=known.frequency)
        return plan._replace(kept=tuple(kept))

    def _overwritten(self, plan: _Plan, known: Known) -> _Plan:
        """Return *plan* without the mark of a choice, wherever the file sets another value in its place."""
        if (plan.locale, plan.zone) != (known.locale, known.zone):
            plan = plan._replace(placed_at=None)
        if known.chosen_at:
            merged = self._merged[known.profile_id, plan.row.interests]
            own = (merged.kept, known.send_at, known.frequency)
            if (plan.interests, plan.send_at, plan.frequency) != own:
                plan = plan._replace(chosen_at=None)
        return plan

    def _remember_ids(self, conn: Connection, plans: list[_Plan]) -> None:
        if len(self._profiles) > _REMEMBERED:
            self._profiles.clear()
        missing = {plan.interests for plan in plans} - self._profiles.keys()
        self._profiles |= profile_ids(conn, missing)
        absent = {(plan.zone, plan.send_at, plan.frequency) for plan in plans} - self._cadences.keys()
        if absent:
            wanted = {one: cadence_for(self._terms.newsletter, *one) for one in absent}
            ids = cadence_ids(conn, self._terms.newsletter_id, set(wanted.values()), self._terms.now)
            self._cadences |= {one: ids[cadence] for one, cadence in wanted.items()}

    def _add_subscribers(self, conn: Connection, plans: list[_Plan]) -> None:
        if not plans:
            return
        empty, joined = history_of(conn, frozenset()), to_micros(self._terms.now)
        store.add_subscribers(
            conn,
            [(plan.row.address, plan.row.key, plan.name, plan.locale, plan.zone, empty, joined) for plan in plans],
        )

    def _update_subscribers(self, conn: Connection, plans: list[_Plan]) -> set[int]:
        """Write changed names, locales and zones; return the ids of those subscribers."""
        changed = {
            known.subscriber_id: {
                "name": plan.name,
                "locale": plan.locale,
                "zone": plan.zone,
                "chosen_at": plan.placed_at,
            }
            for plan in plans
            if (known := plan.known) and (known.name, known.locale, known.zone) != (plan.name, plan.locale, plan.zone)
        }
        store.update_subscribers(conn, [{"row_id": row_id, **values} for row_id, values in changed.items()])
        moved = [plan.known.subscriber_id for plan in plans if plan.known and plan.known.zone != plan.zone]
        if moved:
            if not self._terms.newsletter.schedule.zone:
                store.note_moved(conn, self._terms.newsletter_id, moved, self._terms.now)
            for newsletter_id, newsletter in self._terms.others:
                align_cadences(conn, newsletter_id, newsletter, self._terms.now, moved)
        return set(changed)

    def _add_subscriptions(self, conn: Connection, plans: list[_Plan], ids: dict[str, int], written: Written) -> None:
        new = [plan for plan in plans if not (plan.known and plan.known.subscription_id)]
        owners = [plan.known.subscriber_id if plan.known else ids[plan.row.key] for plan in new]
        newsletter_id, since = self._terms.newsletter_id, to_micros(self._since)
        store.add_subscriptions(
            conn,
            [
                (
                    *(owner, newsletter_id, self._profiles[plan.interests], self._cadence(plan)),
                    *(plan.row.state, plan.send_at, plan.frequency, plan.row.paused_until, since),
                )
                for plan, owner in zip(new, owners, strict=True)
            ],
        )
        given = [self._consent(plan, owner) for plan, owner in zip(new, owners, strict=True)]
        store.add_consents(conn, given)
        self.latest = [
            Added(
                owner,
                plan.known is None,
                self._profiles[plan.interests],
                plan.row.state,
                plan.send_at,
                plan.frequency,
            )
            for plan, owner in zip(new, owners, strict=True)
        ]
        written.added += len(new)

    def _update_subscriptions(self, conn: Connection, plans: list[_Plan], touched: set[int], written: Written) -> None:
        changed, agreed = [], []
        old = [(plan, plan.known) for plan in plans if plan.known and plan.known.subscription_id]
        dated = [known.subscriber_id for plan, known in old if plan.row.consent_at is not None]
        given = store.consents_given(conn, self._terms.newsletter_id, dated)
        for plan, known in old:
            values = (self._profiles[plan.interests], self._cadence(plan), plan.send_at, plan.frequency)
            differs = values != (known.profile_id, known.cadence_id, known.send_at, known.frequency)
            if differs:
                names = ("profile_id", "cadence_id", "send_at", "frequency", "chosen_at")
                row = dict(zip(names, (*values, plan.chosen_at), strict=True))
                changed.append({"row_id": known.subscription_id, **row})
            consent = self._consent(plan, known.subscriber_id)
            dated_before = consent[3:] in given.get(known.subscriber_id, [])
            newly = plan.row.consent_at is not None and not dated_before
            agreed.extend([consent] if newly else [])
            if differs or newly or known.subscriber_id in touched:
                written.updated += 1
            else:
                written.unchanged += 1
        store.update_subscriptions(conn, changed)
        store.add_consents(conn, agreed)

    def _cadence(self, plan: _Plan) -> int:
        return self._cadences[plan.zone, plan.send_at, plan.frequency]

    def _consent(self, plan: _Plan, subscriber_id: int) -> tuple[int, int, str, str, int]:
        at = plan.row.consent_at
        source = plan.row.consent_source or "import"
        return (
            subscriber_id,
            self._terms.newsletter_id,
            "given",
            source,
            to_micros(self._terms.now) if at is None else at,
        )


def _report_kept(plans: Sequence[_Plan], written: Written) -> None:
    for plan in plans:
        if plan.kept:
            written.kept += 1
            why = f"this reader chose for themselves ({', '.join(plan.kept)}); kept (--overwrite takes the file's)"
            written.problems.append(Problem(plan.row.line, "", why))
