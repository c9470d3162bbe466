"""Errands: sending now and correcting, as a page asked for; done by the tick, which a restart does not lose."""

from __future__ import annotations

from digest.errors import DigestError
from digest.log import get_logger
from digest.model.errand import Errand, ErrandKind
from digest.pipeline.composing.planned import Planned
from digest.pipeline.editing.correct_edition import correct_edition, find_correction
from digest.pipeline.installation import Installation
from digest.pipeline.planning.plan import Who, plan_newsletter
from digest.store import errands

KINDS = (ErrandKind.SEND_NOW, ErrandKind.CORRECT)


def run_errands(house: Installation, waiting: list[Errand]) -> bool:
    """Plan what pages asked for; True when there was any. Whatever is wrong with an errand is told beside it.

    Planning twice equals once, so one that was cut off is done again.
    """
    for each in waiting:
        try:
            told = _told(_do(house, each))
        except DigestError as error:
            told = str(error)
        except Exception as error:  # noqa: BLE001  # one errand that fails keeps no other back
            get_logger().error("errand_failed", errand=each.errand_id, exc_info=error)
            told = "it failed; the log of the program says why"
        get_logger().info("errand_done", errand=each.errand_id, kind=each.kind.value, by=each.by, told=told)
        with house.engine.begin() as connection:
            errands.finish(connection, each, told, house.clock.now())
    return bool(waiting)


def _do(house: Installation, errand: Errand) -> Planned:
    if errand.kind is ErrandKind.SEND_NOW:
        return plan_newsletter(house, errand.newsletter, at=house.clock.now(), who=Who.EVERYONE)
    correction = find_correction(house, str(errand.edition_id), str(errand.spec["template"]))
    return correct_edition(house, correction, stop=bool(errand.spec.get("stop")))


def _told(planned: Planned) -> str:
    skipped = [
        f"{count} skipped ({reason.replace('_', ' ')})" for reason, count in sorted(planned.skipped.items()) if count
    ]
    return ", ".join([f"{planned.ready} planned", *skipped])
