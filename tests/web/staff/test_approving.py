"""Approving on the page: the final sentence, the word of who is signed in, and never for what nobody saw."""

from __future__ import annotations

from datetime import time, timedelta
from typing import Any

from lxml import html as lxml_html

from digest.model.newsletter import ApprovalRule, CutOff
from digest.model.note import NoteKind
from digest.model.staff import Role
from digest.pipeline.editing.write_note import write_note
from digest.pipeline.tick import plan_due
from tests.house import House
from tests.sink import Sink
from tests.web.staff.visiting import press


def prepared(anna: House, rule: ApprovalRule = ApprovalRule.ONE) -> None:
    anna.newsletter("daily", approval=rule, cut_off=CutOff(at=time(5, 0)))
    anna.reader("cho@example.org", timezone="America/New_York")
    anna.article(at=anna.clock.now() - timedelta(hours=2))
    anna.move(hours=1)
    plan_due(anna.installation)


def pool_on(page: Any) -> str:
    return str(lxml_html.document_fromstring(page.text).xpath("//input[@name='pool']/@value")[0])


def test_an_editor_approves_what_stands_on_the_page_and_takes_it_back(anna: House, visit: Any, sink: Sink) -> None:
    """How many wait, how many are due later and when; then who said what when, and why it ended."""
    prepared(anna)
    client = visit(Role.EDITOR)
    asked = client.get("/staff/editions/1/approve")
    words = " ".join(lxml_html.document_fromstring(asked.text).text_content().split())
    assert "daily/2026-11-23: 1 message waits for your word. 1 reader more is due later: 2026-11-23 12:00 UTC." in words
    assert "Tariff story 1" in words
    assert "Waits for an approval" in client.get("/staff").text
    assert press(client, "/staff/editions/1/approve", pool=pool_on(asked)).status_code == 303
    anna.dispatch(sink)
    assert [mail.recipient for mail in sink.mails] == ["anna@example.org"]
    anna.move(hours=5)
    plan_due(anna.installation)
    assert "Take the approval back?" in client.get("/staff/editions/1/withdraw-approval").text
    assert press(client, "/staff/editions/1/withdraw-approval").status_code == 303
    anna.dispatch(sink)

    assert len(sink.mails) == 1
    page = client.get("/staff/editions/1").text
    assert "taken back by hand" in page
    assert "(<bdi>editor</bdi>)" in page


def test_what_changed_since_it_was_looked_at_is_not_approved(anna: House, visit: Any) -> None:
    """The page says that it is not what was looked at, and to look again."""
    prepared(anna)
    client = visit(Role.EDITOR)
    seen = pool_on(client.get("/staff/editions/1/approve"))
    write_note(anna.installation, "daily/2026-11-23", NoteKind.NOTE, "A word.", by="Ola")
    refused = press(client, "/staff/editions/1/approve", pool=seen)

    assert refused.status_code == 422
    assert "something changed since; look again" in refused.text


def test_who_had_the_last_hand_in_it_is_told_that_another_must_approve(anna: House, visit: Any) -> None:
    """On the page, and by the form; another account may."""
    prepared(anna, ApprovalRule.TWO)
    write_note(anna.installation, "daily/2026-11-23", NoteKind.NOTE, "A word.", by="editor")
    editor, admin = visit(Role.EDITOR), visit(Role.ADMIN)
    told = editor.get("/staff/editions/1/approve").text
    refused = press(editor, "/staff/editions/1/approve")
    done = press(admin, "/staff/editions/1/approve", pool=pool_on(admin.get("/staff/editions/1/approve")))

    assert "somebody else must approve it" in told
    assert (refused.status_code, done.status_code) == (422, 303)
