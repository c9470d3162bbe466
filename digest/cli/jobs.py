"""What `digest serve` does again and again, beside its pages."""

from __future__ import annotations

from collections.abc import Callable

from digest.feedback.mailboxes import mailboxes_of
from digest.pipeline.delivering.sending import Sending
from digest.pipeline.delivering.sweep import EVERY, sweep
from digest.pipeline.hearing.hear_mailbox import EVERY as LISTEN_EVERY
from digest.pipeline.hearing.hear_mailbox import Listener
from digest.pipeline.installation import Installation
from digest.pipeline.staff.chores import EVERY as WORK_EVERY
from digest.pipeline.staff.chores import run_chores
from digest.pipeline.staff.tally import EVERY as TALLY_EVERY
from digest.pipeline.staff.tally import tally
from digest.pipeline.staff.watch import EVERY as WATCH_EVERY
from digest.pipeline.staff.watch import watch
from digest.pipeline.staff.webhooks import poster, tell_webhooks
from digest.pipeline.tick import plan_due, send_due, visit_sources
from digest.scheduling.ticker import Job
from digest.settings import Settings


def jobs_of(
    house: Installation, settings: Settings, how: Sending | None, *, every: float, stop: Callable[[], bool]
) -> list[Job]:
    """Return the jobs of one process; it sends when it is told *how*.

    *every* is in seconds. Whatever takes long ends early once *stop* returns True.
    """
    telling = poster(allow_private=settings.webhook_private_addresses)
    jobs = [
        Job("sources", every, lambda: visit_sources(house, allow_private=settings.fetch_private_addresses)),
        # Planning and sending are two: a long sending must not keep the next slots from being planned.
        Job("plan", every, lambda: plan_due(house)),
        Job("sweep", EVERY, lambda: sweep(house)),
        Job("tally", TALLY_EVERY, lambda: tally(house, stop=stop)),
        Job("chores", WORK_EVERY, lambda: run_chores(house, stop=stop)),
        Job("hear", LISTEN_EVERY, Listener(house, mailboxes_of(settings.bounce_mailbox)).listen),
        Job("webhooks", every, lambda: tell_webhooks(house, telling)),
    ]
    jobs.append(Job("watch", WATCH_EVERY, lambda: watch(house, how, settings.alerts_to.split())))
    if how is not None:
        jobs.append(Job("send", every, lambda: send_due(house, how, stop=stop)))
    return jobs
