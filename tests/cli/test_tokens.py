"""`digest tokens` and `digest webhooks`: keys for programs, and programs that are told."""

from __future__ import annotations

import json
import re

import pytest

from tests.cli.program import Program


@pytest.fixture
def ready(program: Program) -> Program:
    """Give a program with an empty database."""
    program.configure("smtp://127.0.0.1:1?starttls=never")
    program.run("init")
    return program


def test_a_token_is_made_listed_and_revoked(ready: Program) -> None:
    """Its key is printed once, alone on stdout."""
    assert "digest tokens create" in ready.run("tokens", "list").out

    made = ready.run("tokens", "create", "shop", "--scope", "articles:read", "--scope", "articles:write")
    listed = json.loads(ready.run("tokens", "list", "--json").out)

    assert re.fullmatch(r"dgt_1_[A-Za-z0-9_-]{43}\n", made.out)
    assert [(each["name"], each["scopes"], each["last_used_at"]) for each in listed] == [
        ("shop", ["articles:read", "articles:write"], None)
    ]
    assert "shop" in ready.run("tokens", "list").out
    assert ready.run("tokens", "revoke", "1").status == 0
    assert ready.run("tokens", "revoke", "1").status == 1
    assert ready.run("tokens", "create", "shop").status == 2
    assert "everything" in ready.run("tokens", "create", "shop", "--scope", "everything").err


def test_a_webhook_is_added_listed_tried_and_removed(ready: Program) -> None:
    """Its secret is printed once; plain http is refused, and one that cannot be reached says why."""
    refused = ready.run("webhooks", "add", "http://example.org/hook")
    assert (refused.status, refused.out, len(refused.err.splitlines())) == (1, "", 1)
    assert "digest webhooks add" in ready.run("webhooks", "list").out

    made = ready.run("webhooks", "add", "https://localhost/hook", "--event", "delivery.sent")
    tried = ready.run("webhooks", "test", "1")
    listed = json.loads(ready.run("webhooks", "list", "--json").out)

    assert made.out.startswith("whsec_")
    assert (tried.status, "is not fetched" in tried.err) == (1, True)
    assert [(each["url"], each["events"], each["waiting"]) for each in listed] == [
        ("https://localhost/hook", ["delivery.sent"], 0)
    ]
    assert "well" in ready.run("webhooks", "list").out
    assert ready.run("webhooks", "remove", "1").status == 0
    assert ready.run("webhooks", "remove", "1").status == 1
