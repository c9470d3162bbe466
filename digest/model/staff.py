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
    """A person with an account; `name` is what they sign in with."""

    user_id: int
    name: str
    role: Role
