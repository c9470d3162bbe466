"""Judge: what the reports on record come to for their readers and for the newsletter."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from sqlalchemy import Connection

from digest.feedback.account import Entry, Terms, is_certain, is_dead, is_failure, is_too_much, puts_out, shipped_terms
from digest.log import get_logger
from digest.model.feedback import Effect, ReportKind
from digest.model.subscriber import EndedReason, SuppressionReason
from digest.pipeline.installation import Installation
from digest.pipeline.reading.leave import end_subscription, put_out
from digest.store.guarding import Met, met_by, pause_newsletter
from digest.store.lock import Alone, wait_for_others
from digest.store.reports import Unjudged, bounces_of, set_effects, succeeded_at, unjudged

_AT_ONCE = 200  # in one transaction, so that the sender need not wait


@dataclass(frozen=True, slots=True)
class Judged:
    """How many reports had which effect, and the newsletters that paused, each with why."""

    effects: Counter[Effect] = field(default_factory=Counter)
    paused: tuple[str, ...] = ()


def judge(house: Installation) -> Judged:
    """Draw the consequences of every report that is not judged yet.

    All of them were taken down before: a mail that came back keeps the one before it from counting as arrived, in
    whatever order the two are read.
    """
    judged = Judged()
    while some := _judge_some(house):
        judged = Judged(judged.effects + some.effects, judged.paused + some.paused)
    for why in judged.paused:
        get_logger().error("newsletter_paused", why=why)
    return judged


def _judge_some(house: Installation) -> Judged | None:
    """Judge the next reports in one transaction; None when there are none."""
    terms = shipped_terms()
    with house.engine.begin() as connection:
        wait_for_others(connection, Alone.HEAR)
        waiting = unjudged(connection, _AT_ONCE)
        effects = {each.report_id: _effect(house, connection, each, terms) for each in waiting}
        set_effects(connection, effects)
        editions = dict.fromkeys(each.edition_id for each in waiting if each.edition_id is not None)
        paused = _guard(connection, editions, terms)
    return Judged(Counter(effects.values()), tuple(paused)) if waiting else None


def _effect(house: Installation, connection: Connection, found: Unjudged, terms: Terms) -> Effect:
    report = found.report
    if found.subscription_id is None or found.subscriber_id is None:
        return Effect.NOTHING
    if report.kind is ReportKind.LEAVE:
        said = f"mail to leave (report {found.report_id})"
        left = end_subscription(house, connection, found.subscription_id, EndedReason.MAIL, source=said)
        return Effect.LEFT if left else Effect.NOTHING
    # Who was erased has no address, and who has another one now is not meant.
    if not found.reads_at or found.reads_at != found.address:
        return Effect.NOTHING
    if report.kind is ReportKind.COMPLAINT and puts_out(report.feedback_type, terms):
        said = f"complaint ({report.feedback_type or 'abuse'}, report {found.report_id})"
        return _put_out(house, connection, found, SuppressionReason.COMPLAINED, said)
    if not is_failure(report, terms):
        return Effect.NOTHING
    if not _is_dead(house, connection, found.subscriber_id, found.address, terms):
        return Effect.COUNTED
    said = f"bounce ({report.report_class} {report.status}, report {found.report_id})"
    return _put_out(house, connection, found, SuppressionReason.BOUNCED, said)


def _put_out(
    house: Installation, connection: Connection, found: Unjudged, why: SuppressionReason, source: str
) -> Effect:
    assert found.subscriber_id is not None
    done = put_out(house, connection, found.subscriber_id, found.address, why, source=source)
    return Effect.SUPPRESSED if done else Effect.NOTHING


def _is_dead(house: Installation, connection: Connection, reader: int, address: str, terms: Terms) -> bool:
    entries = [
        Entry(each.report.report_class, each.edition_id, each.dated_at, is_certain(each.report.status, terms))
        for each in bounces_of(connection, reader, address)
        if is_failure(each.report, terms)
    ]
    settled_by = house.clock.now() - terms.settled_after
    return is_dead(entries, terms, succeeded_at=succeeded_at(connection, reader, address, settled_by))


def _guard(connection: Connection, editions: Iterable[int], terms: Terms) -> list[str]:
    """Pause the newsletters of these editions that met with too much; return why, for each."""
    paused = []
    for edition_id in editions:
        met = met_by(connection, edition_id, terms.harmless_complaints)
        why = _too_much(met, terms) if met else ""
        if met and why:
            pause_newsletter(connection, met.newsletter_id, why)
            slug = met.edition.newsletter
            paused.append(f"{slug} is paused: {why}. See who they are, then: digest resume {slug}")
    return paused


def _too_much(met: Met, terms: Terms) -> str:
    told = f"of the {met.reached} readers whom {met.edition.name} reached"
    if is_too_much(met.complaints, met.reached, rate=terms.complaint_rate, least=terms.complaint_least):
        return f"{met.complaints} {told} complained (more than {terms.complaint_rate:.1%})"
    if is_too_much(met.hard, met.reached, rate=terms.hard_rate, least=terms.hard_least):
        return f"{met.hard} {told} have a dead address (more than {terms.hard_rate:.0%})"
    return ""
