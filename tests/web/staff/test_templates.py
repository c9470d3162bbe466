"""The template editor: a draft with its mail beside it, compared, published, restored; hostile words are letters."""

from __future__ import annotations

import io
import zipfile
from typing import Any

from starlette.testclient import TestClient

from digest.model.staff import Role
from digest.shipped import shipped_folder
from digest.store.template_versions import publish_version
from tests.house import House
from tests.web.asking import policy
from tests.web.staff.visiting import press, token

PAGE = "/staff/templates/digest"
EVIL = "<script>alert(1)</script>{{ slot.name }}"


def test_an_editor_writes_looks_saves_and_publishes(anna: House, admin: TestClient) -> None:
    """The mail of what is being written, without saving; the draft; the mail of the version; out."""
    anna.article("trade", "Tariff on rope")
    subject = "From our harbour: {{ digest.titles[0] }}"
    anna.move(hours=2)

    written = {"version": "0", "file": "card.txt", "text": "(( {{ article.title }} ))\n", "part": "text"}
    shown = press(admin, f"{PAGE}/mail", page=PAGE, **written)
    assert "(( Tariff on rope ))" in shown.text
    assert "sandbox" in policy(shown)
    assert anna.rows("SELECT * FROM template_versions") == []
    answer = press(admin, PAGE, page=PAGE, version="0", file="subject.txt", text=subject, do="save")
    assert answer.headers["location"] == f"{PAGE}?version=1&file=subject.txt&done=draft"
    assert "Saved as a draft" in admin.get(answer.headers["location"]).text
    assert "From our harbour" not in admin.get("/staff/preview?newsletter=daily").text
    with anna.engine.begin() as connection:  # what publishing checks takes seconds, and has its own tests
        publish_version(connection, "digest", 1, by="admin", now=anna.clock.now())
    assert "version 1" in admin.get("/staff/templates").text

    assert "From our harbour: Tariff on rope" in admin.get("/staff/preview?newsletter=daily").text


def test_a_broken_template_is_saved_shown_as_broken_and_not_published(anna: House, admin: TestClient) -> None:
    """The page says where it breaks; its frame says so too."""
    broken = {"version": "0", "file": "shell.html", "text": f"{EVIL} {{% if %}}"}
    checked = press(admin, PAGE, page=PAGE, do="check", **broken)
    assert checked.status_code == 422
    assert "shell.html, line 1" in checked.text
    assert press(admin, PAGE, page=PAGE, do="save", **broken).status_code == 303

    assert "<script>alert" not in admin.get(f"{PAGE}?version=1").text
    assert "shell.html, line 1" in admin.get(f"{PAGE}/mail?version=1").text
    refused = press(admin, f"{PAGE}/publish", page=PAGE, version="1")
    assert refused.status_code == 422
    assert "cannot be published" in refused.text
    assert "as shipped" in admin.get("/staff/templates").text


def test_broken_styles_are_told_beside_the_mail(anna: House, admin: TestClient) -> None:
    """In the frame and by the check; no page breaks down."""
    shell = (shipped_folder("templates") / "email" / "digest" / "shell.html").read_text()
    written = {
        "version": "0",
        "file": "shell.html",
        "text": shell.replace("<style", "<style>p { color: red</style><style", 1),
    }

    assert "the style sheet is broken" in press(admin, f"{PAGE}/mail", page=PAGE, **written).text
    assert "the style sheet is broken" in press(admin, PAGE, page=PAGE, do="check", **written).text


def test_a_file_as_large_as_one_may_be_is_taken(anna: House, admin: TestClient) -> None:
    """60,000 letters of Korean are nine times as many bytes in a form; more than that is refused before it is read."""
    written = {"version": "0", "file": "card.txt", "do": "save"}
    assert press(admin, PAGE, page=PAGE, text="가" * 60_000, **written).status_code == 303
    assert press(admin, PAGE, page=PAGE, text="x" * 60_001, **written).status_code == 422

    assert press(admin, PAGE, page=PAGE, text="가" * 80_000, **written).status_code == 413


def test_versions_are_compared_and_restored(anna: House, admin: TestClient) -> None:
    """What changed is a table; a restored version is a new one; a file that is dropped is the other mail's again."""
    press(admin, PAGE, page=PAGE, version="0", file="subject.txt", text=EVIL, do="save")
    compared = admin.get(f"{PAGE}/compare?old=0&new=1").text
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in compared
    assert 'class="new"' in compared
    assert "They are the same" in admin.get(f"{PAGE}/compare?old=1&new=1").text
    assert press(admin, f"{PAGE}/restore", page=PAGE, version="1").headers["location"].startswith(f"{PAGE}?version=2")
    press(admin, PAGE, page=PAGE, version="2", file="subject.txt", do="drop")

    assert "subject.txt" not in str(anna.rows("SELECT files FROM template_versions WHERE number = 3"))
    assert admin.get(f"{PAGE}?version=99").status_code == 404
    assert admin.get("/staff/templates/none").status_code == 404


def test_files_go_out_and_come_back_as_one(anna: House, admin: TestClient) -> None:
    """Downloaded and brought in again they make a draft that is the same."""
    archive = admin.get(f"{PAGE}/files?version=0")
    assert archive.headers["content-type"] == "application/zip"
    names = zipfile.ZipFile(io.BytesIO(archive.content)).namelist()
    answer = admin.post(
        f"{PAGE}/import", data={"csrf": token(admin, PAGE)}, files={"archive": ("digest.zip", archive.content)}
    )

    assert answer.status_code == 303
    assert "shell.html" in names
    assert "They are the same" in admin.get(f"{PAGE}/compare?old=0&new=1").text


def test_another_kind_of_mail_begins_like_one(anna: House, admin: TestClient) -> None:
    """Under a name that is free, and can be one."""
    made = press(admin, "/staff/templates", page="/staff/templates", name="letterhead", like="digest")
    assert made.headers["location"].startswith("/staff/templates/letterhead?version=1")
    assert "no mail can be made with it" in admin.get("/staff/templates").text

    for name in ("digest", "../etc", "", "A" * 50):
        assert press(admin, "/staff/templates", page="/staff/templates", name=name, like="digest").status_code == 422


def test_a_viewer_looks_and_writes_nothing(anna: House, visit: Any) -> None:
    """No button, a text that cannot be changed."""
    page = visit(Role.VIEWER).get(PAGE).text

    assert "readonly" in page
    assert "Save as a draft" not in page
