"""The pages for readers, all of them; none needs a login, a cookie or a script."""

from __future__ import annotations

from fastapi import APIRouter

from digest.pipeline.installation import Installation
from digest.web.archive import archive_routes
from digest.web.confirming import confirm_route
from digest.web.leaving import leave_route
from digest.web.liking import liking_route
from digest.web.my_data import my_data_routes
from digest.web.pages import Pages
from digest.web.preferences import preferences_route
from digest.web.reading import reading_routes
from digest.web.signing_up import sign_up_route
from digest.web.thinking import thinking_route


def readers_routes(house: Installation, pages: Pages) -> tuple[APIRouter, ...]:
    """Return the routes of every page for readers."""
    makers = (
        *(leave_route, preferences_route, my_data_routes, liking_route, thinking_route, reading_routes),
        *(sign_up_route, confirm_route, archive_routes),
    )
    return tuple(make(house, pages) for make in makers)
