"""Settle: what one attempt makes of its row; pure, decided where the consequence is owned."""

from __future__ import annotations

from datetime import datetime, timedelta

from digest.delivery.retry import next_attempt
from digest.model.delivery import Attempt, DeliveryState, Outcome, Reply
from digest.model.newsletter import InDoubt, Newsletter
from digest.store.dispatching import Claim, Result

# RFC 5321 §4.5.3.2.6: a server may take ten minutes over the final dot; until then it may still accept.
REPLY_TIMEOUT = timedelta(minutes=10)
AFTER_OUR_FAULT = timedelta(minutes=5)
STOPPED = "stopped"
SENDER_FAULT = "sender_fault"
BY_US = "by us"  # in the place of the phase: no server was asked


def settle(claim: Claim, attempt: Attempt, newsletter: Newsletter, *, jitter: float) -> Result:
    """Return the new state of the row; *jitter* in [0, 1) spreads retries."""
    now = attempt.finished_at
    match attempt.outcome:
        case Outcome.SENT:
            return Result(claim, attempt, DeliveryState.SENT)
        case Outcome.REFUSED:
            return Result(claim, attempt, DeliveryState.REFUSED, reason=_words(attempt))
        case Outcome.SENDER_FAULT:
            # Ours to mend: the reader's row waits and nothing counts against the address.
            if now + AFTER_OUR_FAULT >= claim.dated_at + newsletter.retry.expires_after:
                return _give_up(claim, attempt)
            return Result(claim, attempt, DeliveryState.DEFERRED, SENDER_FAULT, now + AFTER_OUR_FAULT)
        case Outcome.IN_DOUBT:
            return in_doubt(claim, attempt, newsletter.in_doubt, ready_at=now + REPLY_TIMEOUT)
        case Outcome.DEFERRED:
            if attempt.reply == Reply(0, "", STOPPED):  # ours; a server may say the same word with a code
                return Result(claim, attempt, DeliveryState.DEFERRED, STOPPED, now)
            again = next_attempt(
                newsletter.retry, attempt_no=claim.attempt_no, first_at=claim.dated_at, now=now, jitter=jitter
            )
            if again is None:
                return _give_up(claim, attempt)
            return Result(claim, attempt, DeliveryState.DEFERRED, _words(attempt), again)


def in_doubt(claim: Claim, attempt: Attempt, policy: InDoubt, *, ready_at: datetime) -> Result:
    """Return the row of a message whose last reply was lost; resent at most once, never before *ready_at*."""
    if policy is InDoubt.ASSUME_SENT:
        return Result(claim, attempt, DeliveryState.SENT, "assumed")
    again = ready_at if policy is InDoubt.RESEND_ONCE and claim.doubt_count == 0 else None
    return Result(claim, attempt, DeliveryState.IN_DOUBT, "reply_lost", again)


def _give_up(claim: Claim, attempt: Attempt) -> Result:
    """Return the row expired; of the second try of a message in doubt the first may still have arrived."""
    given_up = DeliveryState.IN_DOUBT if claim.doubt_count else DeliveryState.EXPIRED
    return Result(claim, attempt, given_up, reason=_words(attempt))


def _words(attempt: Attempt) -> str:
    code = attempt.reply.enhanced or (str(attempt.reply.code) if attempt.reply.code else "")
    return f"{attempt.phase if attempt.server else BY_US} {code}".strip()
