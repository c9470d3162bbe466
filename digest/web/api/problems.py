"""What went wrong, for programs: problem details in JSON (RFC 9457), in the words of our errors."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http import HTTPStatus
from typing import Any

from fastapi import Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException

from digest.errors import BadInput, DatabaseBusy, DatabaseFailed, FetchRefused, NotFound

KIND = "application/problem+json"
_AGAIN = "30"  # seconds
_SHOWN = 50  # fields of one request
_OUR_FAULT = "something went wrong on our side; the log has more"


class Refused(Exception):
    """A request that is answered with a problem; `code` is a word that a program may go by."""

    def __init__(self, status: int, code: str, detail: str, headers: Mapping[str, str] | None = None) -> None:
        self.status, self.code, self.detail, self.headers = status, code, detail, dict(headers or {})
        super().__init__(detail)


@contextmanager
def in_a_state_for_it() -> Iterator[None]:
    """Answer 409 when what is named is there, but in no state for what is asked of it."""
    try:
        yield
    except NotFound:
        raise
    except BadInput as why:
        raise Refused(409, "wrong_state", str(why)) from None


def problem(
    status: int, code: str, detail: str, headers: Mapping[str, str] | None = None, **members: object
) -> Response:
    """Return a problem; *members* are added to it."""
    told = {"title": HTTPStatus(status).phrase, "status": status, "code": code, "detail": detail, **members}
    return Response(json.dumps(told, ensure_ascii=True), status, headers=dict(headers or {}), media_type=KIND)


def problem_of(error: Exception) -> Response | None:
    """Return the problem that an error of ours makes, None for one that nobody expected."""
    match error:
        case Refused():
            return problem(error.status, error.code, error.detail, error.headers)
        case RequestValidationError():
            return _wrong_fields(error)
        case HTTPException():
            code = HTTPStatus(error.status_code).phrase.lower().replace(" ", "_")
            return problem(error.status_code, code, _sentence(error), error.headers)
        case NotFound():
            return problem(404, "not_found", str(error))
        case BadInput() | FetchRefused():
            return problem(422, "bad_input", str(error))
        case DatabaseBusy() | DatabaseFailed():
            return problem(503, "database_away", "the database is away for now", {"Retry-After": _AGAIN})
    return None


def our_fault() -> Response:
    """Return what is said when something failed that should not."""
    return problem(500, "our_fault", _OUR_FAULT)


def _wrong_fields(error: RequestValidationError) -> Response:
    wrong = [
        {"where": ".".join(str(part) for part in each["loc"])[:200], "detail": str(each["msg"])[:300]}
        for each in error.errors()[:_SHOWN]
    ]
    told = "; ".join(f"{each['where']}: {each['detail']}" for each in wrong[:3])
    return problem(422, "bad_input", told or "the request cannot be read", errors=wrong)


def _sentence(error: HTTPException) -> str:
    known = {
        404: "there is nothing at this address; openapi.json lists what there is",
        405: "this address cannot do that; Allow says what it can",
        413: "the body is larger than this address takes",
    }
    return known.get(error.status_code, str(error.detail))


def documented(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Return for the OpenAPI document that these statuses, and those of every address, are problems."""
    schema = {"$ref": "#/components/schemas/Problem"}
    all_of_them = sorted({400, 401, 403, 413, 422, 429, 503, *statuses})
    return {
        each: {"description": HTTPStatus(each).phrase, "content": {KIND: {"schema": schema}}} for each in all_of_them
    }


SCHEMA = {
    "type": "object",
    "required": ["title", "status", "code", "detail"],
    "properties": {
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "code": {"type": "string", "description": "A word to go by."},
        "detail": {"type": "string", "description": "What is wrong and what to do, for people."},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {"where": {"type": "string"}, "detail": {"type": "string"}},
            },
        },
    },
}  #: of a problem, for the OpenAPI document (RFC 9457 §3)
