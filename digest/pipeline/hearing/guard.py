"""The hand on a newsletter that paused itself, for too many dead addresses or complaints."""

from __future__ import annotations

from digest.errors import BadInput
from digest.pipeline.installation import Installation
from digest.store import guarding


def resume_newsletter(house: Installation, slug: str) -> tuple[str, int]:
    """Let a newsletter go on; return why it had paused and how many mails wait.

    Its editions so far are not counted again: a person has looked at them.
    Raises NotFound, and BadInput when it is not paused.
    """
    with house.engine.begin() as connection:
        because, waiting = guarding.resume_newsletter(connection, slug, house.clock.now())
    if not because:
        raise BadInput(f"{slug} is not paused; name an edition to resume one, like {slug}/2026-11-23")
    return because, waiting
