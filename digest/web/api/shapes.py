"""What comes in and goes out, piece by piece: nothing longer, larger or stranger than what we keep."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Generic, TypeVar

from fastapi import Path, Query
from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints

from digest.errors import BadInput

T = TypeVar("T")
_LARGEST = 2**63 - 1  # what the database counts to
_FIRST_YEAR, _LAST_YEAR = 1970, 2200
_CURSOR = r"^[0-9]{1,19}(\.[0-9]{1,19}){0,3}$"


def _writable(text: str) -> str:
    # PostgreSQL keeps no NUL, and half a surrogate pair is no character at all.
    if "\0" in text or any("\ud800" <= letter <= "\udfff" for letter in text):
        raise ValueError("must not have NUL or half characters")
    return text


def _near(at: datetime) -> datetime:
    if not _FIRST_YEAR <= at.year <= _LAST_YEAR:
        raise ValueError(f"must be a time from {_FIRST_YEAR} to {_LAST_YEAR}")
    return at


Text = Annotated[str, AfterValidator(_writable)]
Line = Annotated[Text, StringConstraints(max_length=300)]
Slug = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,79}$")]
Moment = Annotated[AwareDatetime, AfterValidator(_near)]
Id = Annotated[int, Path(ge=1, le=_LARGEST)]
Cursor = Annotated[str, Query(pattern=_CURSOR, description="`next` of the page before.")]
Who = Annotated[Line, Path(description="An address, or the id of a subscriber.")]


class Given(BaseModel):
    """What comes in: a field that we do not know is a mistake."""

    model_config = ConfigDict(extra="forbid", str_max_length=1_000_000)


class Page(BaseModel, Generic[T]):
    """Some of a list; `next` is the cursor of what follows, null at the end. A page may be short, or empty."""

    items: list[T]
    next: str | None = None


class Planned(BaseModel):
    """How many waiting mails are planned anew."""

    replanned: int


class Reason(Given):
    """Why somebody did it, for the record."""

    source: Annotated[Line, Field(default="", description="What the consent log says beside the token's name.")]


def cursor_of(text: str | None) -> tuple[int, ...]:
    """Return the values of a cursor; raises BadInput for one that no list of ours gave."""
    values = tuple(int(word) for word in text.split(".")) if text else ()
    if any(value > _LARGEST for value in values):
        raise BadInput("`after` is no cursor of this list; begin again without it")
    return values


def next_of(after: tuple[int, ...]) -> str | None:
    """Return the cursor of the next page, None at the end."""
    return ".".join(str(value) for value in after) or None
