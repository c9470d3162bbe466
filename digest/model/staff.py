"""Who works with the pages: a person with an account, and what each role may do."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Role(StrEnum):
    """What a person may do; each role may do what those before it may."""

    VIEWER = "viewer"  #: look at everything
    EDITOR = "editor"  #: what goes out: articles, editions
    ADMIN = "admin"  #: people and settings

    def may(self, needed: Role) -> bool:
        """Whether this role is enough where *needed* is asked for."""
        order = list(Role)
        return order.index(self) >= order.index(needed)


@dataclass(frozen=True, slots=True)
class User:
    """A person with an account; `name` is what they sign in with.

    `role` is for everything; `grants` are roles that reach further, each for one newsletter.
    """

    user_id: int
    name: str
    role: Role
    grants: tuple[tuple[str, Role], ...] = ()

    def may(self, needed: Role, newsletter: str = "") -> bool:
        """Whether the person may do what *needed* may, to *newsletter* ("" is to all of them)."""
        return self.role.may(needed) or any(slug == newsletter and role.may(needed) for slug, role in self.grants)
