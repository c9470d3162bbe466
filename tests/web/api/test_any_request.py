"""Requests of every shape that the OpenAPI document allows or nearly allows: never a 5xx, always what it promises.

`scripts/check-api` does the same for as long as one likes.
"""

from __future__ import annotations

import os
import warnings
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings

from digest.web.site import build_site
from tests.house import House
from tests.sink import Sink
from tests.web.api.conftest import key_for

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    schemathesis = pytest.importorskip("schemathesis", exc_type=ImportError)

EXAMPLES = int(os.environ.get("DIGEST_API_EXAMPLES", "1"))


@pytest.fixture
def lived_in(anna: House, sink: Sink) -> House:
    """Give a house with something of everything."""
    anna.article()
    anna.move(hours=2)
    anna.send(sink)
    return anna


@pytest.mark.filterwarnings("ignore")
def test_no_request_is_too_strange_for_the_api(lived_in: House) -> None:
    """Every operation, right and wrong values for every parameter and field."""
    from schemathesis.checks import not_a_server_error
    from schemathesis.specs.openapi.checks import content_type_conformance, response_schema_conformance

    checks: list[Any] = [not_a_server_error, content_type_conformance, response_schema_conformance]
    headers = {"authorization": f"Bearer {key_for(lived_in)}"}
    schema = schemathesis.openapi.from_asgi("/api/v1/openapi.json", build_site(lived_in.installation))
    seen = set()
    for found in schema.get_all_operations():
        operation = found.ok()
        for mode in schemathesis.GenerationMode:

            @given(case=operation.as_strategy(generation_mode=mode))
            @settings(
                max_examples=EXAMPLES,
                deadline=None,
                database=None,
                derandomize=EXAMPLES < 20,
                phases=[Phase.generate],
                suppress_health_check=list(HealthCheck),
            )
            def ask(case: Any) -> None:
                lived_in.move(seconds=10)  # for the limits
                case.call_and_validate(headers=headers, checks=checks)

            ask()
        seen.add(operation.label)

    assert len(seen) >= 35
