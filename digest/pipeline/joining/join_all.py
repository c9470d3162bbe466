"""Join all: the parts that wait become mails, and events that were to go with one go alone where none came."""

from __future__ import annotations

from digest.pipeline.composing.planned import Planned
from digest.pipeline.events.close_windows import close_windows
from digest.pipeline.installation import Installation
from digest.pipeline.joining.join_parts import join_parts
from digest.store.engine import reading
from digest.store.newsletters import load_newsletters, newsletter_ids
from digest.store.parts import what_is_joined


def join_all(house: Installation, *, prints: bool = True) -> Planned:
    """Do what is left to do when every newsletter is planned; return what was planned."""
    with reading(house.engine) as connection:
        any_due, with_events = what_is_joined(connection, house.clock.now())
    done = join_parts(house, prints=prints) if any_due else Planned()
    if not with_events:
        return done
    with reading(house.engine) as connection:
        ids, newsletters = newsletter_ids(connection), load_newsletters(connection)
    for slug, newsletter in newsletters.items():
        if newsletter.stream is not None:
            done.add(close_windows(house, ids[slug], newsletter, at=house.clock.now()))
    return done
