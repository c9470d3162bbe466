"""Alerts have one place: a page, with their number in the menu of every page."""

from __future__ import annotations

from typing import Any

from starlette.testclient import TestClient

from digest.model.staff import Role
from digest.pipeline.staff.watch import watch
from tests.house import House
from tests.web.staff.visiting import press

EVIL = "<script>alert(1)</script>"


def test_alerts_are_listed_counted_and_put_aside(anna: House, admin: TestClient, visit: Any) -> None:
    """Hostile words in them are letters; a viewer looks only."""
    assert "Nothing is wrong." in admin.get("/staff/alerts").text
    anna.change("UPDATE newsletters SET paused_because = :why WHERE slug = 'daily'", why=EVIL)
    watch(anna.installation, free=lambda _folder: (10**12, 10**12))

    page = admin.get("/staff/alerts").text
    assert "&lt;script&gt;" in page
    assert EVIL not in page
    assert 'class="badge">1<' in admin.get("/staff/topics").text
    assert "Put aside" not in visit(Role.VIEWER).get("/staff/alerts").text
    answer = press(admin, "/staff/alerts/1/aside", page="/staff/alerts")
    assert answer.headers["location"] == "/staff/alerts?done=aside"

    assert "badge" not in admin.get("/staff/topics").text
    assert "put aside" in admin.get("/staff/alerts").text
    assert press(admin, "/staff/alerts/1/aside", page="/staff/topics/trade").status_code == 404
