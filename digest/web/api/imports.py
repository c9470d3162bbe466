"""Imports: a CSV file of readers for one newsletter, and what became of each row."""

from __future__ import annotations

import io
from typing import Annotated, Any

from fastapi import Body, Query, Request
from pydantic import BaseModel

from digest.model.api_token import Scope
from digest.pipeline.installation import Installation
from digest.pipeline.subscribers.import_subscribers import import_file
from digest.web.api.door import Door
from digest.web.api.shapes import Slug


class ProblemOut(BaseModel):
    """Why a row was not taken, or not as it stands."""

    line: int
    column: str
    reason: str


class ImportOut(BaseModel):
    """What an import did; every row is in exactly one of the first eight numbers. `problems` are the first 1,000."""

    added: int
    updated: int
    unchanged: int
    refused: int
    suppressed: int
    ended: int
    repeated: int
    corrected: int
    kept: int
    problems: list[ProblemOut]
    notices: list[str]


def add_to(door: Door, house: Installation) -> None:
    """Add the address."""

    def import_subscribers(
        request: Request,
        newsletter: Annotated[Slug, Query()],
        data: Annotated[bytes, Body(media_type="text/csv")],
        overwrite: Annotated[bool, Query(description="Also what readers chose by their own hand.")] = False,
    ) -> ImportOut:
        """Bring the readers of a CSV file into a newsletter; bad rows are told and the rest goes on.

        By a token for some newsletters, readers who are known keep their name, language and zone.
        """
        done = import_file(
            house.engine,
            io.BytesIO(data),
            newsletter=newsletter,
            now=house.clock.now(),
            secret=house.secret,
            previous_secret=house.previous_secret,
            overwrite=overwrite,
            only_here=bool(request.state.token.newsletters),
        )
        counts: dict[str, Any] = {
            name: getattr(done, name) for name in ImportOut.model_fields if name not in ("problems", "notices")
        }
        problems = [ProblemOut(line=each.line, column=each.column, reason=each.reason) for each in done.problems]
        return ImportOut(**counts, problems=problems, notices=list(done.notices))

    door.add("POST", "/imports", Scope.IMPORTS_WRITE, import_subscribers)
