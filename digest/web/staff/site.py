"""All pages of those who work with it, each with the role it needs."""

from __future__ import annotations

from fastapi import APIRouter, Response

from digest.errors import NotFound
from digest.model.staff import Role
from digest.pipeline.installation import Installation
from digest.web.staff import (
    account,
    articles,
    changes,
    dashboard,
    deliveries,
    editions,
    imports,
    people,
    preview,
    signing,
    subscribers,
    today,
    topics,
    upkeep,
)
from digest.web.staff.gate import Gate, Visit
from digest.web.staff.pages import StaffPages

UPLOADS = "/staff/imports"  #: where files are posted to


def staff_routes(house: Installation) -> APIRouter:
    """Return the routes below /staff; what is none of them is known to those who are signed in only."""
    pages = StaffPages(house.base_url)
    gate = Gate(house, pages)
    readers, mails = (subscribers, changes, imports), (editions, preview, articles, deliveries)
    for part in (signing, today, dashboard, *readers, *mails, topics, upkeep, account, people):
        part.add_to(gate, house, pages)

    def nowhere(visit: Visit) -> Response:
        raise NotFound(f"there is no page {visit.request.url.path}")

    gate.get("/{rest:path}", Role.VIEWER, nowhere)
    return gate.router
