"""The templates that mails are made with: what editors published, else the files that are shipped."""

from __future__ import annotations

from digest.pipeline.installation import Installation
from digest.rendering.templates import BASE, TemplateSet
from digest.store.engine import reading
from digest.store.template_versions import published_mails


def templates_of(house: Installation, name: str) -> TemplateSet:
    """Return the templates of the mail *name* as they are now; raises BadTemplate when there are none.

    Drafts are in no mail: only where the installation was given some to look at do they stand before the others.
    """
    with reading(house.engine) as connection:
        published = published_mails(connection, (name, BASE))
    return TemplateSet.load(house.templates / "email", name, {**published, **house.drafts})
