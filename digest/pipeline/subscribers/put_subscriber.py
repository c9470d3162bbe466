"""One reader for one newsletter, as a program tells it: an import of one row, with every gate that an import has."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from digest.pipeline.installation import Installation
from digest.pipeline.subscribers.formulas import neutralised
from digest.pipeline.subscribers.import_subscribers import import_file
from digest.pipeline.subscribers.write_subscribers import Problem


class Put(StrEnum):
    """What became of it."""

    ADDED = "added"
    UPDATED = "updated"
    UNCHANGED = "unchanged"
    REFUSED = "refused"  #: a value cannot be used
    SUPPRESSED = "suppressed"  #: the address must not be mailed
    ENDED = "ended"  #: the reader has left; only they can come back
    CORRECTED = "corrected"  #: the address was corrected to another


@dataclass(frozen=True, slots=True)
class PutDone:
    """What became of a reader that was put; `kept` when they had chosen for themselves what the row says otherwise."""

    what: Put
    kept: bool = False
    problems: tuple[Problem, ...] = ()


def put_subscriber(
    house: Installation, newsletter: str, columns: Mapping[str, str], *, overwrite: bool = False
) -> PutDone:
    """Bring the reader in *columns* (those of a subscriber file; "email" must be) into *newsletter*.

    Columns that are left out change nothing. Raises NotFound for an unknown newsletter.
    """
    out = io.StringIO()
    csv.writer(out).writerows([columns.keys(), map(neutralised, columns.values())])
    done = import_file(
        house.engine,
        io.BytesIO(out.getvalue().encode()),
        newsletter=newsletter,
        now=house.clock.now(),
        secret=house.secret,
        previous_secret=house.previous_secret,
        overwrite=overwrite,
    )
    what = next((each for each in Put if getattr(done, each.value)), Put.REFUSED)
    return PutDone(what, bool(done.kept), done.problems)
