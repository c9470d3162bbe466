"""Which newsletter a request is about: what a role for one newsletter is held against."""

from __future__ import annotations

from digest.pipeline.installation import Installation
from digest.store.alerts import newsletter_of_alert
from digest.store.editions import find_edition
from digest.store.engine import reading
from digest.web.staff.gate import Of, Visit, number_of


def of_edition(house: Installation) -> Of:
    """Return what names the newsletter of the edition in the address."""

    def of(visit: Visit) -> str:
        number = number_of(visit.request.path_params["number"])
        with reading(house.engine) as connection:
            return find_edition(connection, str(number)).newsletter

    return of


def of_alert(house: Installation) -> Of:
    """Return what names the newsletter of the alert in the address, "" for one that is of none."""

    def of(visit: Visit) -> str:
        number = number_of(visit.request.path_params["number"])
        with reading(house.engine) as connection:
            return newsletter_of_alert(connection, number)

    return of


def in_path(visit: Visit) -> str:
    """Return the newsletter that the address names."""
    return str(visit.request.path_params["slug"])


def in_form(visit: Visit) -> str:
    """Return the newsletter that the form names."""
    return visit.said("newsletter")
