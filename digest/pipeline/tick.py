"""The tick: what `digest serve` does every few seconds; each step asks the rows what is due."""

from __future__ import annotations

from digest.errors import DatabaseBusy
from digest.log import get_logger
from digest.pipeline.collecting.collect import collect_due
from digest.pipeline.composing.match_articles import match_for_the_next
from digest.pipeline.delivering.dispatch import Sending, Stop, dispatch
from digest.pipeline.installation import Installation
from digest.pipeline.joining.join_all import join_all
from digest.pipeline.planning.approve import attend
from digest.pipeline.planning.letters import write_letters
from digest.pipeline.planning.plan import Who, plan_newsletter
from digest.pipeline.previewing.proofs import KINDS as PROOFS
from digest.pipeline.previewing.proofs import send_proofs
from digest.pipeline.staff.errands import KINDS as ERRANDS
from digest.pipeline.staff.errands import run_errands
from digest.store import dispatching, errands
from digest.store.engine import reading
from digest.store.newsletters import load_newsletters


def visit_sources(house: Installation, *, allow_private: bool = False) -> None:
    """Read every source whose next visit is due; what went wrong with one is told and kept with it."""
    for visit in collect_due(house.engine, now=house.clock.now(), allow_private=allow_private):
        get_logger().info(
            "source_visited",
            source=visit.source,
            added=len(visit.collected.added),
            updated=len(visit.collected.updated),
            problems=len(visit.collected.problems),
            error=visit.error,
        )


def plan_due(house: Installation) -> None:
    """Write the letters that pages asked for; plan every slot that has come, newsletters in the order of their names.

    What the articles match that the next slots will draw from is found out before.
    Beside a sending that may run. An edition in which nobody is to get anything is finished here: no sending will
    come to do it.
    """
    with reading(house.engine) as connection:
        newsletters = load_newsletters(connection)
        asked = errands.waiting(connection, ERRANDS)
    write_letters(house)
    match_for_the_next(house)
    planned = [_plan(house, slug) for slug in newsletters]  # all of them, whatever the first one says
    planned.append(_join(house))
    lapsed = attend(house, [each for each in newsletters.values() if each.approval])
    if run_errands(house, asked) or lapsed or any(planned):
        with house.engine.begin() as connection:
            dispatching.finish_editions(connection)


def send_due(house: Installation, sending: Sending, stop: Stop | None = None) -> None:
    """Send the proofs that pages asked for, and what is due, if anything is, until *stop* returns True."""
    if stop is not None and stop():
        return
    with reading(house.engine) as connection:
        needed = dispatching.needs_sender(connection, house.clock.now())
        asked = errands.waiting(connection, PROOFS)
    send_proofs(house, sending, asked)
    if not needed:
        return
    try:
        done = dispatch(house, sending, stop=stop)
    except DatabaseBusy:
        # `digest send` is at it; what it leaves is still due at the next tick.
        return
    get_logger().info("dispatched", stopped_by=done.stopped_by, **{str(k): n for k, n in done.states.items()})


def _join(house: Installation) -> bool:
    """Make mails of the parts that wait; True when rows were written."""
    try:
        joined = join_all(house)
    except Exception as error:  # noqa: BLE001  # they wait for the next tick
        get_logger().error("joining_failed", exc_info=error)
        return False
    return bool(joined.ready or joined.skipped)


def _plan(house: Installation, slug: str) -> bool:
    """Plan one newsletter; True when rows were written."""
    try:
        planned = plan_newsletter(house, slug, at=house.clock.now(), who=Who.DUE)
    except Exception as error:  # noqa: BLE001  # a newsletter with a broken template must not hold up the others
        get_logger().error("planning_failed", newsletter=slug, exc_info=error)
        return False
    if planned.ready or planned.skipped:
        get_logger().info("slots_planned", newsletter=slug, ready=planned.ready, skipped=dict(planned.skipped))
    return bool(planned.ready or planned.skipped or planned.superseded)
