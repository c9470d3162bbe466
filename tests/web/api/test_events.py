"""Events by the API: one or a thousand, each answered, once however often it is sent."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from starlette.testclient import TestClient

from digest.model.api_token import Scope
from tests.house import House
from tests.pipeline.happenings import event, stream

ANA = "ana@example.org"


def test_an_event_is_added_once_and_a_batch_is_answered_in_its_order(
    anna: House, program: Callable[..., TestClient]
) -> None:
    """What cannot be used keeps no other out; alone it is a 422."""
    stream(anna)
    anna.reader(ANA, "comments", topics="")
    client = program(Scope.EVENTS_WRITE)

    def post(said: Any) -> Any:
        return client.post("/events", json=said)

    one, again = post(event("a")), post(event("a"))
    batch = post([event("b"), {"stream": "gossip"}, {"stream": "comments", "cancel": "a"}])
    wrong = post({"stream": "gossip"})
    many = post([event("c")] * 1_001)
    nul = post({**event("d"), "payload": {"text": ["\0"]}})

    assert one.json()["items"] == [{"answer": "accepted", "reason": "", "readers": 1}]
    assert again.json()["items"][0]["answer"] == "duplicate"
    assert [each["answer"] for each in batch.json()["items"]] == ["accepted", "refused", "cancelled"]
    assert [each.status_code for each in (wrong, many, nul)] == [422, 422, 422]
