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


def test_a_product_says_what_was_read_and_may_say_so_again(anna: House, program: Callable[..., TestClient]) -> None:
    """One, or several in one request; what cannot be used is told."""
    stream(anna)
    anna.reader(ANA, "comments", topics="")
    client = program(Scope.EVENTS_WRITE)
    client.post("/events", json=[event("a"), event("b")])
    said = {"stream": "comments", "dedupe_key": "a", "recipient": ANA}

    once, again = client.post("/events/read", json=said), client.post("/events/read", json=said)
    some = client.post("/events/read", json=[{**said, "dedupe_key": "b"}, {**said, "dedupe_key": "gossip"}])
    wrong = [
        client.post("/events/read", json={**said, **more}) for more in ({"stream": "x"}, {"recipient": "x"}, {"a": 1})
    ]

    assert once.json()["items"] == again.json()["items"] == [{"answer": "read", "reason": "", "readers": 1}]
    assert [(each["answer"], each["reason"]) for each in some.json()["items"]] == [
        ("read", ""),
        ("suppressed", "not_waiting"),
    ]
    assert [each.status_code for each in wrong] == [422] * 3


def test_a_thousand_with_one_that_cannot_be_used_are_999(anna: House, program: Callable[..., TestClient]) -> None:
    """The answer stands at its place; a body that is no JSON, or nests for ever, adds nothing."""
    stream(anna)
    anna.reader(ANA, "comments", topics="")
    client = program(Scope.EVENTS_WRITE)
    batch = [event(f"k{number}") for number in range(1_000)]
    batch[500]["recipient"] = {"subscriber": 10**30}

    answers = [each["answer"] for each in client.post("/events", json=batch).json()["items"]]
    deep = client.post(
        "/events", content=b'[{"payload":' + b"[" * 100_000, headers={"Content-Type": "application/json"}
    )

    assert (answers[500], answers.count("accepted")) == ("refused", 999)
    assert deep.status_code in (400, 422)
    assert anna.rows("SELECT COUNT(*) FROM events") == [(999,)]
