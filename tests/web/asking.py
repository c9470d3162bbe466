"""Asking the pages: a browser, the addresses that Anna's mails carry, and what every answer must hold."""

from __future__ import annotations

import re
from typing import Any

from lxml import html as lxml_html
from starlette.testclient import TestClient

from digest.pipeline.installation import Installation
from digest.web.site import build_site
from tests.house import House

ANNA = "anna@example.org"
# What Gmail sends, as RFC 8058 §3.2 wants it: these 26 bytes and nothing else.
GMAIL = "List-Unsubscribe=One-Click"
FORM = {"content-type": "application/x-www-form-urlencoded"}
LOCALES = ("en", "ko", "ja", "ar", "de", "fr", "es")


def browser(installation: Installation, **how: Any) -> TestClient:
    return TestClient(build_site(installation), base_url="https://news.example.org", follow_redirects=False, **how)


def leave_path(house: House, address: str = ANNA, newsletter: str = "daily") -> str:
    return house.links.leave(house.subscription_id(address, newsletter)).removeprefix("https://news.example.org")


def preferences_path(house: House, address: str = ANNA) -> str:
    (row,) = house.rows("SELECT id FROM subscribers WHERE address = :a", a=address)
    return house.links.preferences(row[0]).removeprefix("https://news.example.org")


def subscription(house: House, newsletter: str = "daily", address: str = ANNA) -> tuple[Any, ...]:
    """Return state, reason, own hour."""
    (row,) = house.rows(
        "SELECT state, ended_reason, send_at FROM subscriptions WHERE id = :i",
        i=house.subscription_id(address, newsletter),
    )
    return row


def form(house: House, action: str, newsletter: str = "daily", **fields: Any) -> dict[str, Any]:
    return {"action": action, "subscription": str(house.subscription_id(ANNA, newsletter)), **fields}


def heading(answer: Any) -> str:
    return str(lxml_html.document_fromstring(answer.text).findtext(".//h1"))


def policy(answer: Any) -> dict[str, str]:
    rules = (rule.strip().partition(" ") for rule in answer.headers["content-security-policy"].split(";"))
    return {name: value for name, _, value in rules}


def strict(answer: Any) -> bool:
    """Return whether the answer leaves nothing open, and tells nothing of the program behind it."""
    rules, headers = policy(answer), answer.headers
    assert rules["default-src"] == rules["frame-ancestors"] == rules["base-uri"] == rules["object-src"] == "'none'"
    assert "script-src" not in rules
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["strict-transport-security"].startswith("max-age=")
    assert headers["x-robots-tag"].startswith("noindex")
    assert headers["cache-control"] in ("no-store", "no-cache")
    assert "set-cookie" not in headers
    assert "server" not in headers
    assert not re.search(r"Traceback|File \"|starlette|fastapi|sqlalchemy|detail", answer.text)
    return True
