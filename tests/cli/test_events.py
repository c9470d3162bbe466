"""`digest events`, `digest thoughts` and the preview of a stream, as a person runs them."""

from __future__ import annotations

import json

import pytest

ANN = "ann@example.org"
STREAM = """
[streams.comments]
name = "Comments"
sender = { name = "The Shop", address = "shop@example.org" }
postal_address = "1 Example Street"
window = { policy = "fixed", wait = "1h" }
categories.comment = { one = { en = "{actors} commented on {object}" } }
"""


def line(key: str, **more: object) -> str:
    told = {"stream": "comments", "recipient": ANN, "category": "comment", "dedupe_key": key}
    return json.dumps({**told, "actor": {"name": "Ben"}, "object": {"id": key, "name": key.title()}, **more})


@pytest.fixture(scope="module")
def told(program):
    """Give name -> what the commands told, in order."""
    program.configure("smtp://127.0.0.1:9")
    program.write("streams.toml", STREAM)
    program.write("readers.csv", f"email\n{ANN}\n")
    program.write("events.jsonl", "\n".join([line("tea"), line("cake"), "{oops", line("tea"), line("x", colour=1)]))
    program.write("good.jsonl", line("tea") + "\n")
    commands = {
        "init": ["init"],
        "applied": ["newsletters", "apply", "streams.toml"],
        "imported": ["subscribers", "import", "readers.csv", "--newsletter", "comments"],
        "listed": ["newsletters", "list"],
        "added": ["events", "add", "events.jsonl"],
        "again": ["events", "add", "good.jsonl", "--json"],
        "cancelled": ["events", "cancel", "comments", "cake"],
        "twice": ["events", "cancel", "comments", "cake"],
        "queue": ["events", "list", "--subscriber", ANN, "--json"],
        "preview": ["preview", "comments", "--subscriber", ANN],
        "followed": ["events", "follow", "comments", "tea", "--subscriber", ANN],
        "not followed": ["events", "follow", "gossip", "tea", "--subscriber", ANN],
        "thoughts": ["thoughts", "list"],
        "no thought": ["thoughts", "publish", "7"],
        "no file": ["events", "add", "missing.jsonl"],
    }
    return {name: program.run(*words) for name, words in commands.items()}


def test_what_a_file_had_is_told_line_by_line(told):
    """What cannot be used keeps no other out, and the status says so."""
    added = told["added"]

    assert (added.status, added.out) == (1, "2 accepted, 1 duplicate, 2 refused\n")
    assert "events.jsonl: line 3, an event must be a JSON object" in added.error_lines[0]
    assert "events.jsonl: line 5, 'colour' is no part of an event" in added.error_lines[1]
    assert told["again"].json == {"answers": {"duplicate": 1}, "refused": {}}
    assert "comments" in told["listed"].out
    assert "fixed" in told["listed"].out


def test_an_event_is_cancelled_once_and_the_queue_says_so(told):
    """Latest first."""
    assert told["cancelled"].out == "Cancelled for 1 reader.\n"
    assert told["twice"].status == 1
    assert [(each["dedupe_key"], each["fate"]) for each in told["queue"].json] == [
        *[("cake", "cancelled"), ("tea", "waiting")],
    ]


def test_the_open_window_is_shown_as_the_mail_it_would_be(told):
    """With its subject."""
    assert "Subject: Ben commented on Tea" in told["preview"].out


def test_what_is_not_there_is_told_in_one_line(told):
    """And what is done is."""
    assert told["followed"].out == f"{ANN} follows tea in comments.\n"
    assert told["thoughts"].out == "No thought is waiting.\n"
    for name in ("not followed", "no thought", "no file"):
        assert told[name].status == 1
        assert len(told[name].error_lines) == 1
