"""When a deferred message is tried again, and when no more (RFC 5321 §4.5.4.1)."""

from __future__ import annotations

from datetime import datetime

from digest.model.newsletter import Retry

SPREAD = 0.2  # of a delay: what was deferred together must not come back together


def next_attempt(
    newsletter_retry: Retry, attempt_no: int, first_at: datetime, now: datetime, jitter: float
) -> datetime | None:
    """Return when to try again after attempt *attempt_no* (from 1) was deferred at *now*; None: expired.

    *first_at* is when the first attempt began (aware UTC). *jitter* from 0 to 1 lengthens the delay by up
    to a fifth; it never shortens it, so the least delay is the newsletter's. A retry that would fall after
    `expires_after` is not made.
    """
    if attempt_no < 1:
        raise ValueError("attempts count from 1")
    if not 0.0 <= jitter <= 1.0:
        raise ValueError("jitter is a number from 0 to 1")
    delays = newsletter_retry.delays
    if not delays:
        return None
    delay = delays[min(attempt_no, len(delays)) - 1]
    due = now + delay * (1 + SPREAD * jitter)
    return due if due < first_at + newsletter_retry.expires_after else None
