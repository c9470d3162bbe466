"""Hear what mail servers said while we sent: a refusal in the session goes by the same rules as one by mail."""

from __future__ import annotations

from digest.delivery.outcomes import classify
from digest.feedback.diagnosis import Evidence, diagnose
from digest.feedback.rules import shipped_rules
from digest.model.delivery import Outcome, Phase, Reply
from digest.model.feedback import Report, ReportKind
from digest.pipeline.hearing.judge import Judged, judge
from digest.pipeline.installation import Installation
from digest.store.lock import Alone, wait_for_others
from digest.store.refusals import Refusal, latest_attempt, refusals_between
from digest.store.reports import Found, bookmark, move_bookmark, take_down

BOOKMARK = "attempts"
# Where several senders write, a lower number may come to be seen after a higher one.
_LOOK_BACK = 10_000
_AT_ONCE = 200  # in one transaction, so that the sender need not wait


def hear_replies(house: Installation) -> Judged:
    """Take down every refusal since the last time, and draw the consequences; twice is the same as once."""
    while _take_down_some(house) == _AT_ONCE:
        pass
    return judge(house)


def _take_down_some(house: Installation) -> int:
    """Take down the next refusals in one transaction; return how many."""
    back = _LOOK_BACK if house.shares_rows else 0
    with house.engine.begin() as connection:
        wait_for_others(connection, Alone.HEAR)
        read_to, latest = int(bookmark(connection, BOOKMARK) or 0), latest_attempt(connection)
        found = refusals_between(connection, max(0, read_to - back), latest, limit=_AT_ONCE)
        for each in found:
            told = (report_of(each), Found("smtp", each.subscription_id, each.delivery_id))
            take_down(connection, f"attempt:{each.attempt_id}", [told], house.clock.now())
        reached = latest if len(found) < _AT_ONCE else max(read_to, found[-1].attempt_id)
        if reached != read_to:
            move_bookmark(connection, BOOKMARK, str(reached))
    return len(found)


def report_of(refusal: Refusal) -> Report:
    """Return what a refusal says of the address, by the tables that read bounces."""
    said = " ".join(str(each) for each in (refusal.reply_code or "", refusal.enhanced, refusal.text) if each)
    step = {"rcpt": "in reply to RCPT TO", "mail": "in reply to MAIL FROM"}.get(refusal.phase, "in reply to DATA")
    found = diagnose(Evidence(f"{said} ({step})", status=refusal.enhanced), (), shipped_rules())
    reply = Reply(refusal.reply_code, refusal.enhanced, refusal.text)
    ours = found.cause.is_sender_fault or classify(reply, Phase(refusal.phase)) is Outcome.SENDER_FAULT
    return Report(
        ReportKind.BOUNCE,
        found.report_class,
        found.status,
        str(refusal.reply_code or ""),
        cause=found.cause.name,
        is_sender_fault=ours,
        text=refusal.text,
    )
