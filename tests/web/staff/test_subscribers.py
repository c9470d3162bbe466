"""Lists of readers: found by conditions in the address, kept as segments, changed many at once after a yes."""

from __future__ import annotations

from typing import Any

import pytest
from lxml import html as lxml_html
from starlette.testclient import TestClient

from digest.model.staff import Role
from digest.pipeline.staff.chores import run_chores
from digest.web.staff import subscribers
from tests.house import House
from tests.web.asking import heading
from tests.web.staff.test_pages import EVIL, harmless, tables
from tests.web.staff.visiting import press


@pytest.fixture(autouse=True)
def _patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """How long a page may look depends on what else the machine does."""
    monkeypatch.setattr(subscribers, "_PATIENCE", 60.0)


@pytest.fixture
def crowd(anna: House) -> House:
    """Anna, and sixty readers of two domains."""
    anna.readers([{"email": f"r{number:02}@d{number % 2}.example.net", "topics": "energy"} for number in range(60)])
    return anna


def found(answer: Any) -> str:
    return " ".join(lxml_html.document_fromstring(answer.text).xpath("string(//p[@role='status'])").split())


def test_a_filter_stands_in_the_address_and_in_the_form(crowd: House, admin: TestClient) -> None:
    """It holds on every page of the list and in every order; a wrong value is told, and keeps its place."""
    asked = "/staff/subscribers?c1=domain-is&v1=d1.example.net&c2=state-is&v2=active"
    answer = admin.get(asked)
    assert found(answer) == "30 found"
    assert len(tables(answer)) == 30
    page = lxml_html.document_fromstring(answer.text)
    assert page.xpath("//input[@name='v1']/@value")[0] == "d1.example.net"
    assert page.xpath("//select[@name='c2']/option[@selected]/@value") == ["state-is"]
    first = admin.get("/staff/subscribers?c1=topic-followed&v1=Energy&order=address")
    (more,) = lxml_html.document_fromstring(first.text).xpath("//a[@rel='next']/@href")
    rest = admin.get(f"/staff/subscribers{more}")
    assert [len(tables(first)), len(tables(rest))] == [50, 10]
    assert tables(first)[0][1] == "r00@d0.example.net"

    wrong = admin.get("/staff/subscribers?c1=zone-is&v1=Mars")
    assert wrong.status_code == 422
    assert "is no time zone" in wrong.text
    assert 'value="Mars"' in wrong.text


def test_a_segment_is_a_filter_with_a_name(crowd: House, visit: Any) -> None:
    """Editors keep and forget them, everybody can follow their links; the audit log tells."""
    editor = visit(Role.EDITOR)
    page = "/staff/subscribers?c1=domain-is&v1=d1.example.net"
    press(editor, "/staff/segments", page, name="The ones", c1="domain-is", v1="d1.example.net")
    (address,) = lxml_html.document_fromstring(visit(Role.VIEWER).get("/staff/subscribers").text).xpath(
        "//nav[contains(@class, 'segments')]/a/@href"
    )
    assert found(editor.get(f"/staff/subscribers{address}")) == "30 found"
    press(editor, "/staff/segments/1/drop", page)

    assert crowd.rows("SELECT COUNT(*) FROM segments") == [(0,)]
    assert crowd.rows("SELECT who, action FROM audit ORDER BY id") == [
        ("editor", "segment.save"),
        ("editor", "segment.drop"),
    ]
    assert press(editor, "/staff/segments", page, name="All").status_code == 422


def test_all_that_a_filter_finds_are_changed_after_a_yes_and_undone(crowd: House, admin: TestClient) -> None:
    """The exact number stands in the sentence; the page follows; the undo puts everything back."""
    fields = {"c1": "domain-is", "v1": "d1.example.net", "whom": "all", "action": "pause", "until": "2026-12-24"}
    where = press(admin, "/staff/changes", "/staff/subscribers", **fields).headers["location"]
    assert "data-live" in admin.get(where).text
    run_chores(crowd.installation)
    asked = admin.get(where)
    assert "30 readers get no mail until 2026-12-24" in asked.text
    press(admin, where, where, do="agree")
    assert "under way" in admin.get(where).text
    run_chores(crowd.installation)
    assert "30 readers changed" in admin.get(where).text
    assert found(admin.get("/staff/subscribers?c1=state-is&v1=paused")) == "30 found"
    story = admin.get("/staff/subscribers/3").text
    assert "What staff did" in story
    assert "staff: admin (change 1)" in story
    press(admin, where, where, do="undo")
    run_chores(crowd.installation)

    assert crowd.rows("SELECT DISTINCT state FROM subscriptions") == [("active",)]
    assert tables(admin.get("/staff/changes"))[0][2] == "undone"


def test_the_ticked_ones_are_changed_and_nobody_else(crowd: House, admin: TestClient) -> None:
    """Without a tick, without an action or with another word nothing is even asked."""
    csrf = lxml_html.document_fromstring(admin.get("/staff/subscribers").text).xpath("//input[@name='csrf']/@value")[0]
    ticked = {"csrf": csrf, "whom": "chosen", "id": ["2", "3"], "action": "end", "newsletter": "daily"}
    where = admin.post("/staff/changes", data=ticked).headers["location"]
    assert heading(admin.get(where)) == "Change 1"
    assert "The subscriptions of 2 readers end." in admin.get(where).text
    for wrong in ({"id": []}, {"action": "nothing"}, {"id": ["2", "x"]}, {"whom": "all", "c1": "x", "v1": "y"}):
        assert admin.post("/staff/changes", data={**ticked, **wrong}).status_code in (404, 422), wrong
    press(admin, where, where, do="drop")

    assert crowd.rows("SELECT COUNT(*) FROM chores") == [(1,)]
    assert press(admin, where, where, do="agree").status_code == 422


def test_hostile_strings_in_filters_and_segments_are_letters(crowd: House, admin: TestClient) -> None:
    """In names of segments, in values, in what staff are called."""
    press(admin, "/staff/segments", "/staff/subscribers", name=EVIL[:80], c1="name-has", v1=EVIL)
    press(admin, "/staff/changes", "/staff/subscribers", whom="all", c1="name-has", v1=EVIL, action="end")
    crowd.change("UPDATE chores SET asked_by = :e, problem = :e", e=EVIL)

    for path in (
        f"/staff/subscribers?c1=name-has&v1={EVIL[:30].replace('&', '')}",
        "/staff/subscribers?c1=%3Cscript%3E&v1=x&order=%3Cscript%3E",
        "/staff/changes",
        "/staff/changes/1",
    ):
        assert harmless(admin.get(path).text), path
