"""What every use case works with: the database, the keys, the addresses readers reach, the template folder."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Engine

from digest.tokens import Tokens

if TYPE_CHECKING:
    from digest.clock import Clock


@dataclass(frozen=True, slots=True)
class Installation:
    """One installation, built once by `digest.app` and handed to the use cases.

    `secret` keys the hashes of suppressed addresses; `return_path` is the mailbox that bounces go to, ""
    for the newsletter's own sender; `state_folder` holds journals and locks.
    """

    engine: Engine
    clock: Clock
    tokens: Tokens
    secret: str
    base_url: str
    postal_address: str
    templates: Path
    state_folder: Path
    return_path: str = ""
