"""Today: what stopped by itself, what goes out next, what is under way, what is held, which sources fail."""

from __future__ import annotations

from fastapi import Response
from sqlalchemy import Connection

from digest.model.staff import Role
from digest.pipeline.installation import Installation
from digest.store.approvals import approvals_of
from digest.store.browsing import browse_articles, browse_editions, count_subscribers, states_of_edition
from digest.store.engine import reading
from digest.store.guarding import paused_newsletters
from digest.store.held import held_articles
from digest.store.newsletters import load_newsletters, newsletter_ids
from digest.store.upcoming import coming_slots, failing_sources
from digest.store.users import has_second_factor
from digest.web.staff.gate import Gate, Visit
from digest.web.staff.pages import StaffPages
from digest.web.staff.words import mark

_SHOWN = 3  # editions; each takes counting


def add_to(gate: Gate, house: Installation, pages: StaffPages) -> None:
    """Add the page."""

    def show(visit: Visit) -> Response:
        with reading(house.engine) as connection:
            latest = browse_editions(connection).rows[:_SHOWN]
            newsletters = load_newsletters(connection)
            return pages.draw(
                "today.html",
                visit,
                here="today",
                now=house.clock.now(),
                coming=coming_slots(connection),
                failing=failing_sources(connection),
                held=held_articles(connection, house.clock.now()),
                paused=paused_newsletters(connection),
                awaiting=[
                    (each, next(reversed(approvals_of(connection, each.edition_id)), None))
                    for each in browse_editions(connection, state="awaiting").rows[:_SHOWN]
                ],
                latest=[(each, states_of_edition(connection, each.edition_id)) for each in latest],
                newsletters=len(newsletters),
                streams={slug for slug, each in newsletters.items() if each.stream},
                steps=_first_steps(connection, visit),
            )

    gate.get("", Role.VIEWER, show)


def _first_steps(connection: Connection, visit: Visit) -> list[tuple[str, str, bool]]:
    """Return what is to be done before the first mail can go out: words, page and whether it is done; [] after it."""
    newsletters = bool(newsletter_ids(connection))
    articles, _unread = browse_articles(connection)
    has_readers = count_subscribers(connection) > 0
    if newsletters and articles.rows and has_readers:
        return []
    has_factor = visit.user is not None and has_second_factor(connection, visit.user.user_id)
    return [
        (mark("Give your account a second factor."), "/account", has_factor),
        (mark("Test the mail server."), "/relays", False),
        (mark("Describe a newsletter in a file: digest newsletters apply FILE.toml"), "/schedules", newsletters),
        (mark("See that its sources bring articles."), "/sources", bool(articles.rows)),
        (mark("Bring readers in, or send them to the newsletter's page."), "/import", has_readers),
        (mark("Publish the DNS records of your sender."), "/records", False),
        (mark("Look at a mail before it goes out."), "/preview", False),
    ]
