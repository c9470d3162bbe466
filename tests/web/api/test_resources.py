"""What programs do with the API, and that it goes by the gates of the pages and the files."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from starlette.testclient import TestClient

from digest.web.site import build_site
from tests.house import House
from tests.sink import Sink
from tests.web.api.conftest import key_for
from tests.web.asking import ANNA, subscription

BEN = {"newsletter": "daily", "consent": {"source": "shop checkout", "at": "2026-11-20T10:00:00Z"}}


# --- Articles ---


@pytest.mark.parametrize(
    "said",
    [
        pytest.param(
            {"format": "text", "content": "Steel tariffs fall\n\nA deck that says so.\n\nThey agreed."}, id="text"
        ),
        pytest.param(
            {"format": "markdown", "content": "# Steel tariffs fall\n\nThey agreed on Monday."}, id="markdown"
        ),
        pytest.param(
            {
                "format": "html",
                "content": "<html><body><article><h1>Steel tariffs fall</h1><p>They agreed on Monday, after a long "
                "night of talks in the capital, and both sides were glad that it was over.</p></article></body></html>",
            },
            id="html",
        ),
        pytest.param(
            {
                "format": "json",
                "article": {
                    "title": "Steel <b>tariffs</b>\u202e fall\r\nBcc: x@example.net",
                    "sections": [{"paragraphs": ["They agreed.", " "]}, {"paragraphs": []}],
                    "url": "javascript:alert(1)",
                    "related": [{"title": "Another", "url": "https://user:word@example.org/"}],
                    "image": {"url": "http://example.org/a.png", "width": 10, "height": 10, "alt": "A"},
                    "published_at": "2099-01-01T00:00:00Z",
                },
            },
            id="json",
        ),
    ],
)
def test_an_article_comes_in_once_however_it_is_written_and_is_clean(api: TestClient, said: dict[str, Any]) -> None:
    """Text, Markdown, HTML or JSON: the readers of files; the same again makes no second."""
    (number,) = api.post("/articles", json=said).json()["added"]
    again = api.post("/articles", json=said).json()
    found = api.get(f"/articles/{number}").json()

    assert again == {"added": [], "updated": [], "unchanged": [number]}
    assert found["title"].startswith("Steel ")
    assert "\u202e" not in found["title"]
    assert "\n" not in found["title"]
    assert found["url"] == ""
    assert found["article"]["published_at"] is found["article"]["image"] is None
    assert all(each["url"] == "" for each in found["article"]["related"])
    assert [each["id"] for each in api.get("/articles", params={"search": "tariffs"}).json()["items"]] == [number]


def test_an_editor_s_program_pins_excludes_and_withdraws(anna: House, api: TestClient) -> None:
    """The rulings of `digest articles`, with the token's name beside them."""
    number = anna.article()
    anna.move(hours=2)
    anna.plan()

    pinned = api.put(f"/articles/{number}/rulings/pin", json={"until": "2026-11-24T00:00:00Z"})
    excluded = api.put(f"/articles/{number}/rulings/exclude", json={"newsletter": "weekly"})
    endless = api.put(f"/articles/{number}/rulings/embargo", json={})
    late = api.put(f"/articles/{number}/rulings/pin", json={"until": "2026-11-22T00:00:00Z"})
    found = api.get(f"/articles/{number}").json()["rulings"]
    dropped = [api.delete(f"/articles/{number}/rulings/pin").status_code for _ in range(2)]
    withdrawn = api.put(f"/articles/{number}/state", json={"state": "withdrawn"})

    assert [pinned.json(), excluded.json()] == [{"replanned": 0}, {"replanned": 0}]
    assert (endless.status_code, late.status_code) == (422, 422)
    assert [(each["kind"], each["newsletter"], each["by"]) for each in found] == [
        ("exclude", "weekly", "API, a program"),
        ("pin", "", "API, a program"),
    ]
    assert dropped == [204, 404]
    assert withdrawn.json() == {"replanned": 1}


# --- Subscribers ---


def test_a_reader_who_agreed_elsewhere_is_put_and_found(anna: House, api: TestClient) -> None:
    """With the consent on record; by address, by id, by newsletter, and all that is stored."""
    interests = {"topics": [{"topic": "energy", "weight": 2.5}], "keywords": ["fusion, hot"[:6]], "everything": True}
    said = {**BEN, "name": "=Ben", "timezone": "Asia/Seoul", "send_at": "08:30", "interests": interests}

    put = [api.put("/subscribers/ben@example.org", json=said).json() for _ in range(2)]
    listed = api.get("/subscribers", params={"newsletter": "daily", "state": "active", "domain": "EXAMPLE.org"}).json()
    number = listed["items"][0]["id"]
    whole = api.get(f"/subscribers/{number}").json()

    assert [each["result"] for each in put] == ["added", "unchanged"]
    assert put[0]["subscription"]["interests"] == {
        "topics": [{"topic": "energy", "weight": 2.5}],
        "muted": [],
        "keywords": ["fusion"],
        "languages": [],
        "everything": True,
        "surprise": False,
    }
    assert [each["address"] for each in listed["items"]] == ["ben@example.org", ANNA]
    assert (whole["name"], whole["timezone"]) == ("=Ben", "Asia/Seoul")
    assert [(each["event"], each["source"]) for each in whole["consents"]] == [("given", "shop checkout")]
    assert api.get("/subscribers", params={"beginning": "BEN"}).json()["items"][0]["id"] == number


def test_nobody_is_brought_back_by_a_program(anna: House, api: TestClient) -> None:
    """Who left, was suppressed or erased: 409 with a word to go by, and nothing changes."""
    anna.leave(ANNA)
    api.put("/subscribers/ben@example.org", json=BEN)
    assert api.delete("/subscribers/ben@example.org").status_code == 204
    assert api.put("/suppressions/cora@example.org").json() == {"reason": "admin"}

    told = {who: api.put(f"/subscribers/{who}@example.org", json=BEN) for who in ("anna", "ben", "cora")}

    assert {who: (each.status_code, each.json()["code"]) for who, each in told.items()} == {
        "anna": (409, "ended"),
        "ben": (409, "suppressed"),
        "cora": (409, "suppressed"),
    }
    assert subscription(anna)[0] == "ended"
    assert api.post(f"/subscribers/{ANNA}/subscriptions/daily/resume", json={}).status_code == 422
    assert api.get("/suppressions/cora@example.org").json() == {"reason": "admin"}
    assert api.get("/suppressions/dora@example.org").status_code == 404
    assert api.delete("/suppressions/cora@example.org").status_code == 405
    assert {each["reason"] for each in api.get("/suppressions").json()["items"]} == {"admin", "erased"}


def test_a_program_needs_a_reader_s_consent_and_says_where_it_is_from(api: TestClient) -> None:
    """Without: 422, and nobody is subscribed."""
    answer = api.put("/subscribers/ben@example.org", json={"newsletter": "daily"})

    assert answer.status_code == 422
    assert answer.json()["errors"] == [{"where": "body.consent", "detail": "Field required"}]
    assert api.get("/subscribers/ben@example.org").status_code == 404


def test_interests_are_set_and_what_the_reader_chose_is_kept(anna: House, api: TestClient) -> None:
    """All of them at once; by their own hand they stay."""
    path = f"/subscribers/{ANNA}/subscriptions/daily/interests"

    changed = api.put(path, json={"topics": [{"topic": "sport"}], "muted": ["space"]}).json()
    anna.change("UPDATE subscriptions SET chosen_at = 1")
    kept = api.put(path, json={"topics": [{"topic": "trade"}]}).json()
    unknown = api.put(path, json={"topics": [{"topic": "gossip"}]})

    assert changed["result"] == "updated"
    assert changed["subscription"]["interests"]["muted"] == ["space"]
    assert kept["kept"] is True
    assert kept["subscription"]["interests"]["topics"] == [{"topic": "sport", "weight": 1.0}]
    assert (unknown.status_code, "gossip" in unknown.json()["detail"]) == (422, True)


def test_a_subscription_is_paused_resumed_and_ended_with_the_reason_on_record(anna: House, api: TestClient) -> None:
    """The consent log has which program it was."""
    own = f"/subscribers/{ANNA}/subscriptions"

    paused = api.post(f"{own}/daily/pause", json={"until": "2026-12-24T00:00:00Z", "source": "holiday"})
    past = api.post(f"{own}/daily/pause", json={"until": "2026-11-01T00:00:00Z"})
    resumed = api.post(f"{own}/daily/resume", json={})
    ended = [api.delete(f"{own}/daily").status_code for _ in range(2)]

    assert (paused.json()["state"], paused.json()["paused_until"]) == ("paused", "2026-12-24T00:00:00Z")
    assert past.status_code == 422
    assert resumed.json()["state"] == "active"
    assert ended == [204, 204]
    assert {each["newsletter"]: each["state"] for each in api.get(own).json()["items"]} == {
        "daily": "ended",
        "weekly": "active",
    }
    assert anna.rows("SELECT event, source FROM consents WHERE event IN ('paused', 'ended')") == [
        ("paused", "API, a program: holiday"),
        ("ended", "API, a program"),
    ]
    assert api.delete(f"{own}/monthly").status_code == 404


def test_a_sign_up_by_a_program_waits_for_the_reader_s_own_word(anna: House, api: TestClient) -> None:
    """Double opt-in: a letter will be written, and nobody is subscribed before it is answered."""
    said = {"address": "dora@example.org", "topics": ["trade"], "wording": "Send me Daily", "timezone": "Asia/Seoul"}

    answers = [
        api.post("/newsletters/daily/sign-ups", json={**said, "address": who}) for who in (said["address"], ANNA)
    ]

    assert [(each.status_code, each.json()) for each in answers] == [(202, {"status": "asked"})] * 2
    assert anna.rows("SELECT kind, address FROM sign_ups ORDER BY id") == [("join", "dora@example.org"), ("join", ANNA)]
    assert api.get("/subscribers/dora@example.org").status_code == 404


def test_an_import_is_reported_row_by_row(anna: House, api: TestClient) -> None:
    """By the same code as `digest subscribers import`."""
    anna.leave(ANNA)
    rows = f"email,topics\nben@example.org,trade\nnobody,trade\n{ANNA},trade\ncora@example.org,gossip\n"

    done = api.post("/imports", params={"newsletter": "daily"}, content=rows, headers={"content-type": "text/csv"})
    unknown = api.post("/imports", params={"newsletter": "none"}, content=rows, headers={"content-type": "text/csv"})

    told = done.json()
    assert {name: told[name] for name in ("added", "refused", "ended")} == {"added": 1, "refused": 2, "ended": 1}
    assert [(each["line"], each["column"]) for each in told["problems"]] == [(3, "email"), (5, "topics"), (4, "email")]
    assert unknown.status_code == 404


# --- Editions, deliveries, previews ---


def test_an_edition_is_held_corrected_and_its_deliveries_are_found(anna: House, api: TestClient, sink: Sink) -> None:
    """Down to the server's words; what is in no state for it is a 409."""
    anna.article()
    anna.move(hours=2)
    anna.plan()

    paused = api.post("/editions/1/pause").json()
    resumed = api.post("/editions/1/resume").json()
    again = api.post("/editions/1/resume")
    anna.dispatch(sink)
    edition = api.get("/editions/1").json()
    (line,) = api.get("/deliveries", params={"edition": edition["newsletter"] + "/" + edition["period"]}).json()[
        "items"
    ]
    tries = api.get(f"/deliveries/{line['id']}/attempts").json()["items"]
    all_tries = api.get("/attempts", params={"outcome": "sent"}).json()
    corrected = api.post("/editions/1/correct", json={"template": "digest"})

    assert (paused["state"], paused["waiting"], resumed["state"]) == ("paused", 1, "open")
    assert (again.status_code, again.json()["code"]) == (409, "wrong_state")
    assert (edition["state"], edition["deliveries"]) == ("finished", {"sent": 1})
    assert (line["address"], line["state"], line["part_of"]) == (ANNA, "sent", None)
    assert tries == all_tries["items"]
    assert tries[0]["reply_code"] == 250
    assert all_tries["next"] is None
    assert corrected.json()["planned"] == 1
    assert api.get("/attempts", params={"outcome": "refused"}).json()["items"] == []
    assert [each["id"] for each in api.get("/editions").json()["items"]] == [2, 1]


@pytest.mark.parametrize("state", ["awaiting", "open", "paused", "finished", "cancelled"])
def test_editions_can_be_asked_for_by_each_state_that_they_have(api: TestClient, state: str) -> None:
    """Those that wait for a word too: whoever approves by program must find them."""
    assert api.get(f"/editions?state={state}").status_code == 200


def test_a_preview_is_the_mail_and_why(anna: House, api: TestClient) -> None:
    """As JSON with the reasons, as HTML in a sandbox, as text, as the message; nothing is written."""
    anna.article(title="Tariff talks go on")
    api.get("/topics")  # its use is noted
    before = anna.dump()
    asked = {"subscriber": ANNA, "at": "2026-11-23T08:00:00Z"}

    whole = {
        kind: api.get("/newsletters/daily/preview", params={**asked, "format": kind})
        for kind in ("json", "html", "text", "eml")
    }
    sample = api.get("/newsletters/daily/preview")

    assert [each["title"] for each in whole["json"].json()["articles"]] == ["Tariff talks go on"]
    assert all("Tariff talks go on" in whole[kind].text for kind in ("html", "text", "eml"))
    assert "sandbox" in whole["html"].headers["content-security-policy"]
    assert sample.status_code == 200
    assert api.get("/newsletters/daily/preview", params={"subscriber": "x@example.org"}).status_code == 404
    assert anna.dump() == before


def test_newsletters_and_topics_are_told_as_their_file_says_them(anna: House, api: TestClient) -> None:
    """Read only: they are managed as files."""
    found = api.get("/newsletters/daily").json()

    assert [each["slug"] for each in api.get("/newsletters").json()["items"]] == ["daily", "weekly"]
    assert (found["active"], found["settings"]["sender"]["address"]) == (1, "press@example.org")
    assert api.get("/newsletters/none").status_code == 404
    assert {each["slug"] for each in api.get("/topics").json()["items"]} == {"trade", "energy", "sport", "space"}


# --- Pages of lists, and what is wrong ---


def test_a_list_goes_on_where_it_ended_and_ends(anna: House, api: TestClient) -> None:
    """Every row once, whatever is added meanwhile."""
    anna.readers([{"email": f"r{n}@example.org", "topics": "trade"} for n in range(120)])
    for path, extra in (
        ("/subscribers", {}),
        ("/subscribers", {"newsletter": "daily"}),
        ("/subscribers", {"beginning": "r"}),
    ):
        seen: list[int] = []
        after: dict[str, str] = {}
        while True:
            page = api.get(path, params={**extra, **after}).json()
            seen += [each["id"] for each in page["items"]]
            if page["next"] is None:
                break
            after = {"after": page["next"]}
        assert len(seen) == len(set(seen)) == (120 if extra.get("beginning") else 121)


@pytest.mark.parametrize("after", ["x", "-1", "1.2.3.4.5", "9" * 20, "1..2", "1%00"])
def test_a_cursor_that_no_list_gave_is_refused(refusing: TestClient, after: str) -> None:
    """422 in problem details, for every list."""
    for path in ("/articles", "/subscribers", "/editions", "/deliveries", "/attempts", "/suppressions"):
        answer = refusing.get(path, params={"after": after})
        assert (answer.status_code, answer.headers["content-type"]) == (422, "application/problem+json"), path


def test_a_cursor_of_another_list_is_refused(refusing: TestClient) -> None:
    """Articles go by time and number, and no calendar has such a time."""
    for after in ("5", "1.2.3", f"{2**63 - 1}.1"):
        assert refusing.get("/articles", params={"after": after}).status_code == 422


@pytest.mark.parametrize(
    ("content", "status"),
    [
        pytest.param(b"", 422, id="empty"),
        pytest.param(b"{", 422, id="half"),
        pytest.param(b"\xff\xfe", 422, id="bytes"),
        pytest.param(b"[" * 100_000, 400, id="deep"),
        pytest.param(b'{"format": "text", "content": "a\\u0000b"}', 422, id="NUL"),
        pytest.param(b'{"format": "text", "content": "\\ud800"}', 422, id="half a character"),
        pytest.param(b'{"format": "json", "article": {"title": "\\ud800\\u0000", "deck": "x"}}', 422, id="no title"),
        pytest.param(b'{"format": "json", "article": {"title": "a", "deck": {"b": 1}}}', 422, id="another shape"),
        pytest.param(b'{"format": "json", "article": ' + b'{"a":' * 500 + b"1" + b"}" * 501, 422, id="nested"),
        pytest.param(b'{"format": "text", "content": "a", "admin": true}', 422, id="a field too many"),
        pytest.param(b'{"format": 1' + b"0" * 5000 + b"}", 400, id="a number too long"),
        pytest.param(b" " * (6 * 1024 * 1024 + 1), 413, id="too large"),
    ],
)
def test_a_body_that_cannot_be_used_is_told_so(refusing: TestClient, content: bytes, status: int) -> None:
    """Never a 5xx, always problem details (RFC 9457)."""
    answer = refusing.post("/articles", content=content, headers={"content-type": "application/json"})

    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json")
    assert {"title", "status", "code", "detail"} <= answer.json().keys()
    assert answer.json()["status"] == status


def test_every_answer_of_the_api_is_kept_by_nobody_and_leaves_nothing_open(
    api: TestClient, program: Callable[..., TestClient]
) -> None:
    """Found or not, allowed or not."""
    for answer in (
        api.get("/newsletters"),
        api.get("/openapi.json", headers={"authorization": ""}),
        api.get("/nothing"),
        api.delete("/newsletters"),
        api.get("/newsletters/"),
        api.get("/newsletters", headers={"authorization": ""}),
    ):
        assert answer.status_code in (200, 401, 404, 405)
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert "default-src 'none'" in answer.headers["content-security-policy"]
        assert answer.headers["strict-transport-security"]
        assert answer.status_code == 200 or answer.headers["content-type"] == "application/problem+json"


def test_a_database_that_is_away_is_a_503_that_says_when_to_come_again(
    anna: House, api: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """For now only."""
    from digest.errors import DatabaseBusy
    from digest.web.api import editions

    def away(*_: Any, **__: Any) -> None:
        raise DatabaseBusy("another process keeps the database busy")

    monkeypatch.setattr(editions, "browse_editions", away)
    answer = api.get("/editions")

    assert (answer.status_code, answer.headers["retry-after"]) == (503, "30")


def test_the_api_answers_below_the_path_of_the_installation(anna: House) -> None:
    """Whether a proxy takes that path away or not."""
    house = replace(anna.installation, base_url="https://example.org/news")
    headers = {"authorization": f"Bearer {key_for(anna)}"}

    with TestClient(build_site(house), base_url="https://example.org", headers=headers) as client:
        found = [client.get(f"{root}/api/v1/newsletters/daily").status_code for root in ("/news", "")]
        document = client.get("/news/api/v1/openapi.json").json()

    assert found == [200, 200]
    assert document["servers"] == [{"url": "https://example.org/news/api/v1"}]


def test_a_program_edits_an_article_as_an_editor_does(anna: House, api: TestClient) -> None:
    """What is left out stays; of what somebody else changed meanwhile it hears with 409."""
    number = anna.article()
    began = api.get(f"/articles/{number}").json()["revision"]
    said = {"summary": "Ours.", "topics": ["energy", "-trade"], "related": [{"title": "Hemp"}], "revision": began}
    found = api.patch(f"/articles/{number}", json=said).json()

    assert found["article"]["edited_summary"] == "Ours."
    assert (found["article"]["topics"], found["article"]["deck"]) == (["energy", "-trade"], found["deck"])
    assert api.patch(f"/articles/{number}", json={"summary": "Mine.", "revision": began}).status_code == 409
    assert api.patch(f"/articles/{number}", json={"topics": ["no-such"]}).status_code == 422
    assert api.patch(f"/articles/{number}", json={"related": [{"title": "X", "url": "no"}]}).status_code == 422
    again = api.patch(f"/articles/{number}", json={"disclaimer": "Checked.\nTwice."}).json()["article"]
    assert (again["edited_summary"], again["disclaimer"]) == ("Ours.", "Checked.\nTwice.")
    assert api.patch("/articles/999", json={}).status_code == 404
