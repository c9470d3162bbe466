"""The public archive of a newsletter: what readers of every topic were sent, with nobody's links in it."""

from __future__ import annotations

from dataclasses import dataclass

from digest.errors import NotFound
from digest.model.newsletter import Newsletter
from digest.pipeline.delivering.messages import Messages
from digest.pipeline.installation import Installation
from digest.rendering.splice import ReaderValues
from digest.store import archive
from digest.store.archive import Issue
from digest.store.engine import reading
from digest.store.newsletters import load_newsletter, load_newsletters

PER_PAGE = 20


@dataclass(frozen=True, slots=True)
class ArchivePage:
    """One page of the archive, newest first; `more` whether an older one follows."""

    newsletter: Newsletter
    issues: tuple[Issue, ...]
    more: bool


def archived(house: Installation) -> frozenset[str]:
    """Return the newsletters that have an archive."""
    with reading(house.engine) as connection:
        return frozenset(slug for slug, each in load_newsletters(connection).items() if each.archive)


def archive_page(house: Installation, slug: str, page: int = 1) -> ArchivePage:
    """Return page *page* (from 1) of the archive; raises NotFound when the newsletter has none."""
    with reading(house.engine) as connection:
        newsletter_id, newsletter = _open(house, slug)
        skip = (page - 1) * PER_PAGE
        found = archive.issues(connection, newsletter_id, newsletter.locale, limit=PER_PAGE + 1, skip=skip)
    if page > 1 and not found:
        raise NotFound(f"the archive of {slug} has no page {page}")
    return ArchivePage(newsletter, tuple(found[:PER_PAGE]), len(found) > PER_PAGE)


def archived_mail(house: Installation, slug: str, period: str) -> str:
    """Return the HTML of the mail of *period* as it was sent, with the links of the pages in place of a reader's.

    Raises NotFound when it is not in the archive, or its pieces are gone.
    """
    newsletter_id, newsletter = _open(house, slug)
    with reading(house.engine) as connection:
        found = archive.issue(connection, newsletter_id, newsletter.locale, period)
    if found is None:
        raise NotFound(f"{slug}/{period} is not in the archive")
    sheet = Messages(house).sheet(found.digest_id)
    page = f"{house.base_url}/n/{slug}"
    values = ReaderValues(
        name="",
        address="…",
        unsubscribe_url=page,
        preferences_url=page,
        view_url=f"{page}/archive/{period}",
        more_url=page,
        message_id="",
        date=found.slot_at,
    )
    return sheet.splicer.html(values).replace("\n", "\r\n")


def _open(house: Installation, slug: str) -> tuple[int, Newsletter]:
    with reading(house.engine) as connection:
        newsletter_id, newsletter = load_newsletter(connection, slug)
    if not newsletter.archive:
        raise NotFound(f"{slug} has no archive; set archive = true in its table of the newsletter file")
    return newsletter_id, newsletter
