"""An admin brings a file in the browser, sees what would come of it, agrees, and takes a list out again."""

from __future__ import annotations

from typing import Any

import pytest
from lxml import html as lxml_html
from starlette.testclient import TestClient

from digest.model.staff import Role
from digest.pipeline.staff.chores import run_chores
from digest.web.staff.site import UPLOADS
from tests.house import House
from tests.web.staff.test_pages import EVIL, harmless
from tests.web.staff.visiting import press, token

FILE = b"Mail,Who,Interests,Shoes\nben@example.org,Ben,trade,44\neva@example.org,Eva,trade|energy,38\nnobody,X,,1\n"


def upload(client: TestClient, content: bytes = FILE, name: str = "list.csv", **fields: str) -> Any:
    fields = {"csrf": token(client, "/staff/import"), "newsletter": "daily", **fields}
    return client.post(UPLOADS, data=fields, files={"file": (name, content, "text/csv")})


def test_a_list_is_brought_checked_imported_and_rolled_back(anna: House, admin: TestClient) -> None:
    """Columns are guessed; each step is a page; nothing is written before the yes."""
    where = upload(admin).headers["location"]
    page = lxml_html.document_fromstring(admin.get(where).text)
    assert page.xpath("//select[starts-with(@name, 'm')]/option[@selected]/@value") == ["email", "topics"]
    press(admin, where, where, do="check", m0="email", m1="name", m2="topics", m3="")
    assert "being checked" in admin.get(where).text
    run_chores(anna.installation)
    asked = admin.get(where).text
    assert "2 subscriptions to daily are added" in asked
    assert "1 rows that cannot be read" in asked
    rows = admin.get(f"{where}/report")
    assert rows.headers["content-type"] == "text/csv; charset=utf-8"
    assert rows.headers["content-disposition"] == 'attachment; filename="import-1-report.csv"'
    assert rows.text.splitlines()[1].startswith("4,email,")
    assert anna.rows("SELECT COUNT(*) FROM subscribers") == [(1,)]

    press(admin, where, where, do="agree")
    run_chores(anna.installation)
    assert "2 subscriptions added" in admin.get(where).text
    assert anna.rows("SELECT name FROM subscribers ORDER BY id") == [("Anna",), ("Ben",), ("Eva",)]
    press(admin, where, where, do="undo")
    run_chores(anna.installation)

    assert anna.rows("SELECT COUNT(*) FROM subscribers") == [(1,)]


def test_only_admins_bring_files_and_only_small_enough_ones(
    anna: House, admin: TestClient, visit: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of whoever may not, nothing is read; a form that is not ours brings nothing."""
    editor = visit(Role.EDITOR)
    files = {"file": ("x.csv", FILE, "text/csv")}
    assert editor.post(UPLOADS, data={"csrf": token(editor, "/staff/editions")}, files=files).status_code == 403
    assert visit(None).post(UPLOADS, files=files).status_code == 303
    assert admin.post(UPLOADS, data={"csrf": "other", "newsletter": "daily"}, files=files).status_code == 403
    assert upload(admin, newsletter="nothing").status_code == 404
    assert admin.post(UPLOADS, data={"csrf": token(admin, "/staff/import"), "newsletter": "daily"}).status_code == 422
    large = b"email\n" + b"x" * 100_200_000
    assert upload(admin, large).status_code == 413
    csrf = token(admin, "/staff/editions")
    assert admin.post("/staff/editions/1/pause", data={"csrf": csrf, "x": "y" * 70_000}).status_code == 413

    assert anna.rows("SELECT COUNT(*) FROM chores") == [(0,)]


def test_an_export_is_a_form_that_leaves_a_trace(anna: House, admin: TestClient) -> None:
    """The list as an import takes it back; the audit log names who took it."""
    got = press(admin, "/staff/export", "/staff/import", newsletter="daily")

    assert got.headers["content-disposition"] == 'attachment; filename="daily-subscribers.csv"'
    assert got.text.splitlines()[1].startswith("anna@example.org,Anna,en,UTC,trade,")
    assert anna.rows("SELECT who, action, target FROM audit") == [("admin", "export", "newsletter daily")]


def test_hostile_files_are_letters(anna: House, admin: TestClient) -> None:
    """In their name, their header and their cells."""
    where = upload(admin, f'email,"{EVIL.replace(chr(34), "")}"\n"{EVIL[:20]}",=1+1\n'.encode(), name=EVIL).headers[
        "location"
    ]

    assert harmless(admin.get(where).text)
    assert harmless(admin.get("/staff/changes").text)
