"""Writing in articles on their pages: what is kept, what the second of two is told, what is put back."""

from __future__ import annotations

from lxml import html as lxml_html
from starlette.testclient import TestClient

from tests.house import House
from tests.web.staff.visiting import press

PAGE, FORM = "/staff/articles/1", "/staff/articles/1/edit"


def fields(client: TestClient) -> dict[str, str]:
    """Return what the form holds."""
    document = lxml_html.document_fromstring(client.get(FORM).text)
    (form,) = [each for each in document.forms if "summary" in each.fields]
    return {name: form.fields[name] or "" for name in ("revision", "summary", "topics", "disclaimer", "related")}


def test_an_editor_writes_a_summary_and_takes_all_of_it_back(anna: House, admin: TestClient) -> None:
    """The page tells who wrote what, before and after."""
    anna.article(topics=("Ports & Ships",))
    said = {**fields(admin), "summary": "Our own words.", "topics": "energy, -trade", "related": "Hemp <is> back"}

    assert press(admin, FORM, page=FORM, **said).headers["location"] == "/staff/articles/1?done=edited"
    page = admin.get(PAGE).text
    assert "Our own words." in page
    assert "Hemp &lt;is&gt; back" in page
    assert "Ports &amp; Ships" in page  # before
    assert "Ports &amp; Ships" in admin.get(FORM).text  # what its source says
    said = {"revision": fields(admin)["revision"], "put-back": "0"}
    assert press(admin, "/staff/articles/1/restore", page=FORM, **said).status_code == 303

    assert fields(admin)["topics"] == "Ports & Ships"
    assert fields(admin)["related"] == ""


def test_the_second_of_two_editors_is_told_and_nothing_is_lost(anna: House, admin: TestClient) -> None:
    """Their words stand in the form, beside what is there now; keeping once more is knowing."""
    anna.article()
    began = fields(admin)
    press(admin, FORM, page=FORM, **{**began, "summary": "The first."})
    answer = press(admin, FORM, page=FORM, **{**began, "summary": "The second."})

    assert answer.status_code == 409
    shown = lxml_html.document_fromstring(answer.text)
    (form,) = [each for each in shown.forms if "summary" in each.fields]
    assert form.fields["summary"].strip() == "The second."
    assert "The first." in shown.xpath("string(//main)")
    said = {name: form.fields[name] or "" for name in began}
    assert press(admin, FORM, page=FORM, **said).status_code == 303
    assert fields(admin)["summary"].strip() == "The second."


def test_what_cannot_be_kept_comes_back_with_what_was_written(anna: House, admin: TestClient) -> None:
    """A topic that there is not, an address that is none."""
    anna.article()
    said = {**fields(admin), "summary": "Half an hour of work.", "topics": "no-such"}
    answer = press(admin, FORM, page=FORM, **said)

    assert answer.status_code == 422
    assert "Half an hour of work." in answer.text
    assert (
        press(admin, FORM, page=FORM, **{**said, "topics": "", "related": "https://bare.example/"}).status_code == 422
    )
    assert press(admin, FORM, page=FORM, **{**said, "revision": "999"}).status_code == 404
    assert anna.rows("SELECT COUNT(*) FROM revisions") == [(1,)]
