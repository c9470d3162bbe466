"""What editors and admins decide on their pages: articles, notes, and lines of the delivery log."""

from __future__ import annotations

import csv
import io

import pytest
from starlette.testclient import TestClient

from tests.house import House
from tests.pipeline.happenings import stream
from tests.sink import Do, Sink
from tests.web.staff.visiting import press

DECISIONS = "/staff/articles/1/decisions"


def rulings(house: House) -> list[tuple[object, ...]]:
    return house.rows("SELECT kind, newsletter, ruled_by FROM rulings ORDER BY kind")


def test_an_editor_pins_an_article_for_one_newsletter_and_takes_it_back(anna: House, admin: TestClient) -> None:
    """The page says who decided what, and it is on record."""
    anna.article()
    page = "/staff/articles/1"

    assert press(admin, DECISIONS, page=page, kind="pin", newsletter="daily").status_code == 303
    assert rulings(anna) == [("pin", "daily", "admin")]
    assert "pinned" in admin.get(page).text
    assert press(admin, DECISIONS, page=page, kind="pin", newsletter="daily", do="lift").status_code == 303

    assert rulings(anna) == []
    assert [row[0] for row in anna.rows("SELECT action FROM audit ORDER BY id")][-2:] == [
        "article.pin",
        "article.pin.lift",
    ]


@pytest.mark.parametrize(
    "said",
    [
        {"kind": "embargo"},  # without its end
        {"kind": "pin", "until": "2020-01-01T00:00"},  # past
        {"kind": "pin", "until": "soon"},
        {"kind": "pin", "until": "2030-01-01T00:00", "zone": "Nowhere/Land"},
        {"kind": "burn"},
    ],
    ids=lambda said: " ".join(said.values()),
)
def test_a_decision_that_cannot_be_is_refused_in_words(anna: House, admin: TestClient, said: dict[str, str]) -> None:
    """And nothing is decided."""
    anna.article()

    assert press(admin, DECISIONS, page="/staff/articles/1", **said).status_code == 422
    assert rulings(anna) == []


def test_a_time_is_read_in_the_zone_that_was_named(anna: House, admin: TestClient) -> None:
    """Nine in Seoul is midnight in UTC."""
    anna.article()
    press(admin, DECISIONS, page="/staff/articles/1", kind="embargo", until="2026-12-01T09:00", zone="Asia/Seoul")

    assert "2026-12-01 00:00 UTC" in admin.get("/staff/articles/1").text


def test_a_note_is_written_for_the_next_edition_and_taken_back(anna: House, admin: TestClient, sink: Sink) -> None:
    """Whoever gets the edition reads it; the page shows what is there."""
    page = "/staff/notes/daily"
    assert "daily/2026-11-23" in admin.get(page).text
    said = {"edition": "2026-11-23", "kind": "note", "text": "We *move* on Monday."}

    assert press(admin, page, page=page, **said).headers["location"] == f"{page}?edition=2026-11-23&done=noted"
    assert "We *move* on Monday." in admin.get(f"{page}?edition=2026-11-23").text
    anna.article()
    anna.move(hours=2)
    anna.send(sink)
    assert "We move on Monday." in sink.mails[0].text
    assert press(admin, page, page=page, **{**said, "edition": "2026-11-24"}).status_code == 303
    assert press(admin, page, page=page, **{**said, "edition": "2026-11-24", "do": "clear"}).status_code == 303

    assert anna.rows("SELECT COUNT(*) FROM edition_notes") == [(1,)]
    assert admin.get("/staff/notes/nothing").status_code == 404
    assert press(admin, page, page=page, **{**said, "edition": "someday"}).status_code == 422


def test_who_was_refused_gets_the_edition_at_a_corrected_address(anna: House, admin: TestClient, sink: Sink) -> None:
    """Planned anew after one final sentence with the exact number; nobody else gets it again."""
    anna.reader("ben@example.org")
    anna.article()
    anna.move(hours=2)
    sink.script = lambda who, _tries: Do.NEVER if who == "ben@example.org" else Do.TAKE
    anna.send(sink)
    anew = "/staff/deliveries/anew?edition=daily/2026-11-23"
    assert "There is nothing to do" in admin.get(anew).text
    anna.change("UPDATE subscribers SET address = 'ben@example.net' WHERE address = 'ben@example.org'")

    assert "1 delivery that expired" in admin.get(anew).text
    said = {"edition": "daily/2026-11-23", "state": "", "address": ""}
    answer = press(admin, "/staff/deliveries/anew", page=anew, **said)
    assert answer.headers["location"] == "/staff/deliveries?edition=daily%2F2026-11-23&done=anew"
    anna.dispatch(sink)

    assert [mail.recipient for mail in sink.mails] == ["anna@example.org", "ben@example.net"]


def test_what_is_in_doubt_and_held_goes_out_once_more_by_a_word(anna: House, admin: TestClient, sink: Sink) -> None:
    """The same message under the same Message-ID; the list of all editions is its queue."""
    anna.article()
    anna.move(hours=2)
    anna.send(sink)
    anna.change("UPDATE deliveries SET state = 'in_doubt', next_attempt_at = NULL, finished_at = planned_at")
    listed = admin.get("/staff/deliveries?state=in_doubt").text
    assert "Send them once more…" in listed

    assert "1 message of which nobody knows" in admin.get("/staff/deliveries/anew?state=in_doubt").text
    said = {"edition": "", "state": "in_doubt", "address": ""}
    press(admin, "/staff/deliveries/anew", page="/staff/deliveries/anew?state=in_doubt", **said)

    assert anna.rows("SELECT next_attempt_at IS NULL FROM deliveries") == [(0,)]


def test_planning_anew_without_an_edition_is_refused(anna: House, admin: TestClient) -> None:
    """A log of millions is not gone through for it."""
    answer = admin.get("/staff/deliveries/anew")

    assert answer.status_code == 422
    assert "choose an edition first" in answer.text


def test_the_log_is_a_csv_file_that_no_spreadsheet_runs(anna: House, admin: TestClient, sink: Sink) -> None:
    """Every line with its zone and the server's words; formulas are text; who took it is on record."""
    anna.article(title="=Tariff(1)")
    anna.move(hours=2)
    anna.send(sink)
    answer = press(admin, "/staff/deliveries/csv", page="/staff/deliveries", edition="daily/2026-11-23")

    (line,) = csv.DictReader(io.StringIO(answer.text))
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert (line["address"], line["state"], line["reply"]) == ("anna@example.org", "sent", "250 taken")
    assert line["items"] == "'=Tariff(1)"
    assert line["finished_at"].endswith("+00:00")
    assert anna.rows("SELECT action FROM audit ORDER BY id DESC LIMIT 1") == [("deliveries.export",)]


def test_growth_and_churn_are_a_sentence_over_the_charts(anna: House, admin: TestClient) -> None:
    """Of those whom there were at the beginning of the days that are shown."""
    anna.change(
        "INSERT INTO tallies (day, newsletter_id, provider, event, count) VALUES"
        " ('2026-01-05', 1, 'other', 'joined', 50), ('2026-11-20', 1, 'other', 'joined', 3),"
        " ('2026-11-21', 1, 'other', 'ended', 2)"
    )
    text = admin.get("/staff/dashboard").text

    assert "<strong>+1</strong>" in text
    assert "3 joined, 2 left" in text
    assert "<strong>4.0%</strong>" in text


def test_a_stream_has_no_note(anna: House, admin: TestClient) -> None:
    """What gathers events has no editions that editors write for; Today does not lead there."""
    stream(anna)
    anna.reader("anna@example.org", "comments", topics="")

    assert admin.get("/staff/notes/comments").status_code == 422
    assert "/staff/notes/comments" not in admin.get("/staff").text
    assert "/staff/notes/daily" in admin.get("/staff").text
