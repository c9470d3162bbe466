"""All pages of those who work with it, each with the role it needs."""

from __future__ import annotations

from fastapi import APIRouter, Response

from digest.errors import NotFound
from digest.model.staff import Role
from digest.pipeline.installation import Installation
from digest.web.staff import (
    account,
    adding,
    alerts,
    approving,
    articles,
    changes,
    comparing,
    dashboard,
    deliveries,
    editing,
    editions,
    events,
    imports,
    log_actions,
    notes,
    people,
    preview,
    proofing,
    records,
    rulings,
    sending,
    signing,
    streams,
    subscribers,
    templates,
    thoughts,
    today,
    tokens,
    topics,
    upkeep,
)
from digest.web.staff.gate import Gate, Visit
from digest.web.staff.pages import StaffPages

UPLOADS = "/staff/imports"  #: where files are posted to
ARTICLES = "/staff/articles/add"  #: where articles are posted to
TEMPLATES = "/staff/templates/"  #: below which files of templates are posted


def staff_routes(house: Installation) -> APIRouter:
    """Return the routes below /staff; what is none of them is known to those who are signed in only."""
    pages = StaffPages(house.base_url)
    gate = Gate(house, pages)
    readers, going_out = (subscribers, changes, imports), (editions, approving, sending)
    looks, told = (
        (preview, comparing, proofing, templates, adding, articles, editing, rulings, notes),
        (streams, events, thoughts),
    )
    log = (log_actions, deliveries)
    for part in (
        signing,
        today,
        dashboard,
        alerts,
        *readers,
        *going_out,
        *looks,
        *log,
        *told,
        topics,
        upkeep,
        records,
        account,
        people,
        tokens,
    ):
        part.add_to(gate, house, pages)

    def nowhere(visit: Visit) -> Response:
        raise NotFound(f"there is no page {visit.request.url.path}")

    gate.get("/{rest:path}", Role.VIEWER, nowhere)
    return gate.router
