"""Who may do what: every route of the site is listed here, and each lets in those who are listed and nobody else."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from starlette.routing import Mount
from starlette.testclient import TestClient

from digest.model.staff import Role
from digest.pipeline.staff.accounts import grant_role
from digest.pipeline.staff.watch import watch
from digest.web.site import build_site
from tests.house import House
from tests.sink import Sink
from tests.web.asking import policy
from tests.web.staff.visiting import COOKIE, account, press, token

ANYBODY, BY_LINK = None, "whoever has the link"
#: Method and path -> the least role. A route that is not listed fails the first test below.
MATRIX: dict[tuple[str, str], Role | str | None] = {
    ("GET", "/u/{token}"): BY_LINK,
    ("POST", "/u/{token}"): BY_LINK,
    ("GET", "/p/{token}"): BY_LINK,
    ("POST", "/p/{token}"): BY_LINK,
    ("GET", "/v/{token}"): BY_LINK,
    ("GET", "/p/{token}/data"): BY_LINK,
    ("POST", "/p/{token}/data"): BY_LINK,
    ("GET", "/p/{token}/data.json"): BY_LINK,
    ("GET", "/v/{token}/{heading}"): BY_LINK,
    ("POST", "/v/{token}/{heading}"): BY_LINK,
    ("GET", "/v/{token}/thoughts/{number}"): BY_LINK,
    ("POST", "/v/{token}/thoughts/{number}"): BY_LINK,
    ("GET", "/c/{token}"): BY_LINK,
    ("POST", "/c/{token}"): BY_LINK,
    ("GET", "/n/{slug}"): ANYBODY,
    ("POST", "/n/{slug}"): ANYBODY,
    ("GET", "/n/{slug}/archive"): ANYBODY,
    ("GET", "/n/{slug}/archive/{period}"): ANYBODY,
    ("GET", "/n/{slug}/feed.xml"): ANYBODY,
    ("GET", "/articles/{number}"): ANYBODY,
    ("GET", "/"): ANYBODY,
    ("GET", "/static"): ANYBODY,
    ("GET", "/staff/sign-in"): ANYBODY,
    ("POST", "/staff/sign-in"): ANYBODY,
    ("POST", "/staff/sign-in/code"): ANYBODY,
    ("GET", "/staff/sign-in/provider"): ANYBODY,
    ("GET", "/staff/sign-in/back"): ANYBODY,
    ("POST", "/staff/first"): ANYBODY,
    ("GET", "/staff/account"): Role.VIEWER,
    ("POST", "/staff/account"): Role.VIEWER,
    ("GET", "/staff/users"): Role.ADMIN,
    ("POST", "/staff/users"): Role.ADMIN,
    ("GET", "/staff/audit"): Role.ADMIN,
    ("POST", "/staff/sign-out"): Role.VIEWER,
    ("GET", "/staff"): Role.VIEWER,
    ("GET", "/staff/dashboard"): Role.VIEWER,
    ("GET", "/staff/subscribers"): Role.VIEWER,
    ("GET", "/staff/subscribers/{number}"): Role.VIEWER,
    ("POST", "/staff/segments"): Role.EDITOR,
    ("POST", "/staff/segments/{number}/drop"): Role.EDITOR,
    ("GET", "/staff/changes"): Role.VIEWER,
    ("POST", "/staff/changes"): Role.ADMIN,
    ("GET", "/staff/changes/{number}"): Role.VIEWER,
    ("POST", "/staff/changes/{number}"): Role.ADMIN,
    ("GET", "/staff/import"): Role.ADMIN,
    ("POST", "/staff/imports"): Role.ADMIN,
    ("GET", "/staff/imports/{number}"): Role.ADMIN,
    ("POST", "/staff/imports/{number}"): Role.ADMIN,
    ("GET", "/staff/imports/{number}/report"): Role.ADMIN,
    ("POST", "/staff/export"): Role.ADMIN,
    ("GET", "/staff/suppressions"): Role.VIEWER,
    ("POST", "/staff/suppressions"): Role.ADMIN,
    ("GET", "/staff/sources"): Role.VIEWER,
    ("POST", "/staff/sources"): Role.EDITOR,
    ("GET", "/staff/schedules"): Role.VIEWER,
    ("GET", "/staff/relays"): Role.VIEWER,
    ("POST", "/staff/relays"): Role.ADMIN,
    ("GET", "/staff/records"): Role.VIEWER,
    ("GET", "/staff/topics"): Role.VIEWER,
    ("GET", "/staff/topics/{slug}"): Role.VIEWER,
    ("POST", "/staff/topics/{slug}"): Role.EDITOR,
    ("GET", "/staff/new-topic"): Role.EDITOR,
    ("POST", "/staff/new-topic"): Role.EDITOR,
    ("GET", "/staff/editions"): Role.VIEWER,
    ("GET", "/staff/editions/{number}"): Role.VIEWER,
    ("GET", "/staff/editions/{number}/pause"): Role.EDITOR,
    ("POST", "/staff/editions/{number}/pause"): Role.EDITOR,
    ("GET", "/staff/editions/{number}/resume"): Role.EDITOR,
    ("POST", "/staff/editions/{number}/resume"): Role.EDITOR,
    ("GET", "/staff/editions/{number}/cancel"): Role.EDITOR,
    ("POST", "/staff/editions/{number}/cancel"): Role.EDITOR,
    ("GET", "/staff/editions/{number}/approve"): Role.EDITOR,
    ("POST", "/staff/editions/{number}/approve"): Role.EDITOR,
    ("GET", "/staff/editions/{number}/withdraw-approval"): Role.EDITOR,
    ("POST", "/staff/editions/{number}/withdraw-approval"): Role.EDITOR,
    ("GET", "/staff/editions/{number}/correct"): Role.EDITOR,
    ("POST", "/staff/editions/{number}/correct"): Role.EDITOR,
    ("GET", "/staff/send/{slug}"): Role.EDITOR,
    ("POST", "/staff/send/{slug}"): Role.EDITOR,
    ("GET", "/staff/preview"): Role.VIEWER,
    ("GET", "/staff/preview/mail"): Role.VIEWER,
    ("GET", "/staff/preview/beside"): Role.VIEWER,
    ("POST", "/staff/preview/proof"): Role.EDITOR,
    ("POST", "/staff/preview/proof-list"): Role.EDITOR,
    ("GET", "/staff/alerts"): Role.VIEWER,
    ("POST", "/staff/alerts/{number}/aside"): Role.EDITOR,
    ("GET", "/staff/templates"): Role.VIEWER,
    ("POST", "/staff/templates"): Role.EDITOR,
    ("GET", "/staff/templates/{slug}"): Role.VIEWER,
    ("POST", "/staff/templates/{slug}"): Role.EDITOR,
    ("POST", "/staff/templates/{slug}/restore"): Role.EDITOR,
    ("POST", "/staff/templates/{slug}/publish"): Role.EDITOR,
    ("POST", "/staff/templates/{slug}/import"): Role.EDITOR,
    ("GET", "/staff/templates/{slug}/mail"): Role.VIEWER,
    ("POST", "/staff/templates/{slug}/mail"): Role.EDITOR,
    ("GET", "/staff/templates/{slug}/compare"): Role.VIEWER,
    ("GET", "/staff/templates/{slug}/files"): Role.VIEWER,
    ("GET", "/staff/articles"): Role.VIEWER,
    ("GET", "/staff/articles/add"): Role.EDITOR,
    ("POST", "/staff/articles/add"): Role.EDITOR,
    ("GET", "/staff/articles/{number}"): Role.VIEWER,
    ("POST", "/staff/articles/{number}/withdraw"): Role.EDITOR,
    ("POST", "/staff/articles/{number}/bring-back"): Role.EDITOR,
    ("POST", "/staff/articles/{number}/review"): Role.EDITOR,
    ("POST", "/staff/articles/{number}/decisions"): Role.EDITOR,
    ("GET", "/staff/articles/{number}/edit"): Role.EDITOR,
    ("POST", "/staff/articles/{number}/edit"): Role.EDITOR,
    ("POST", "/staff/articles/{number}/restore"): Role.EDITOR,
    ("GET", "/staff/notes/{slug}"): Role.EDITOR,
    ("POST", "/staff/notes/{slug}"): Role.EDITOR,
    ("GET", "/staff/deliveries"): Role.VIEWER,
    ("GET", "/staff/deliveries/anew"): Role.EDITOR,
    ("POST", "/staff/deliveries/anew"): Role.EDITOR,
    ("POST", "/staff/deliveries/csv"): Role.ADMIN,
    ("GET", "/staff/deliveries/{number}"): Role.VIEWER,
    ("GET", "/staff/streams"): Role.VIEWER,
    ("GET", "/staff/windows"): Role.VIEWER,
    ("GET", "/staff/events"): Role.VIEWER,
    ("GET", "/staff/subscribers/{number}/events"): Role.VIEWER,
    ("GET", "/staff/thoughts"): Role.VIEWER,
    ("POST", "/staff/thoughts/{number}"): Role.EDITOR,
    ("GET", "/staff/tokens"): Role.ADMIN,
    ("POST", "/staff/tokens"): Role.ADMIN,
    ("POST", "/staff/tokens/{number}/revoke"): Role.ADMIN,
    ("GET", "/staff/{rest:path}"): Role.VIEWER,
}
STAFF = [(method, path, needs) for (method, path), needs in MATRIX.items() if isinstance(needs, Role)]
VISITORS = [None, *Role]


def routes(of: Any) -> Iterator[tuple[str, str]]:
    """Give method and path of each route, also of routers within."""
    for route in of.routes:
        within = getattr(route, "original_router", None)
        if within is not None:
            yield from routes(within)
        elif isinstance(route, Mount):
            yield "GET", route.path
        else:
            yield from ((method, route.path) for method in route.methods - {"HEAD"})


#: Where a role for the newsletter in question is enough.
OF_NEWSLETTER = {
    *(("GET", f"/staff/editions/{{number}}/{what}") for what in ("pause", "resume", "cancel", "approve", "correct")),
    *(("POST", f"/staff/editions/{{number}}/{what}") for what in ("pause", "resume", "cancel", "approve", "correct")),
    ("GET", "/staff/editions/{number}/withdraw-approval"),
    ("POST", "/staff/editions/{number}/withdraw-approval"),
    ("GET", "/staff/send/{slug}"),
    ("POST", "/staff/send/{slug}"),
    ("POST", "/staff/preview/proof"),
    ("GET", "/staff/notes/{slug}"),
    ("POST", "/staff/notes/{slug}"),
    ("POST", "/staff/articles/{number}/decisions"),
    ("POST", "/staff/alerts/{number}/aside"),
}


def marked(of: Any) -> Iterator[tuple[str, str]]:
    """Give method and path of each route that asks for a role for one newsletter."""
    for route in of.routes:
        within = getattr(route, "original_router", None)
        if within is not None:
            yield from marked(within)
        elif getattr(getattr(route, "endpoint", None), "of_newsletter", False):
            yield from ((method, route.path) for method in route.methods - {"HEAD"})


def filled(path: str) -> str:
    return path.replace("{number}", "1").replace("{slug}", "trade").replace("{rest:path}", "nowhere")


def test_every_route_of_the_site_is_listed_with_who_may_use_it(anna: House) -> None:
    """A new route fails here until somebody has said who may use it."""
    found = set(routes(build_site(anna.installation)))

    assert found == set(MATRIX)


@pytest.mark.parametrize("who", VISITORS, ids=lambda who: who.value if who else "nobody")
def test_a_page_lets_in_its_roles_and_nobody_else(
    anna: House, visit: Callable[[Role | None], TestClient], sink: Sink, who: Role | None
) -> None:
    """Nobody is shown the door, who may not is told so, the rest get an answer; nothing else."""
    anna.article()
    anna.move(hours=2)
    anna.send(sink)
    client = visit(who)
    csrf = token(client, "/staff/editions") if who else token(client)

    for method, path, needs in STAFF:
        if path == "/staff/sign-out":
            continue
        answer = client.request(method, filled(path), data={"csrf": csrf} if method == "POST" else None)
        case = (method, path, who, answer.status_code)
        if who is None:
            assert answer.status_code == 303, case
            assert answer.headers["location"].startswith("/staff/sign-in"), case
        elif not who.may(needs):
            assert answer.status_code == 403, case
        else:
            assert answer.status_code in (200, 303, 404, 422), case
            assert answer.headers.get("location", "").startswith("/staff/sign-in") is False, case


@pytest.mark.parametrize(
    "path",
    [
        "/staff/",
        "/STAFF/editions",
        "/staff//editions",
        "/staff/./editions",
        "/staff/%2e%2e/staff/editions",
        "/staff/editions/",
    ],
)
def test_another_spelling_of_a_path_opens_nothing(visit: Callable[[Role | None], TestClient], path: str) -> None:
    """Slashes, case and dots lead to nothing, or to the door."""
    answer = visit(None).get(path)

    assert answer.status_code in (303, 404)
    assert "daily" not in answer.text


def test_a_form_without_its_token_does_nothing(anna: House, sink: Sink, admin: TestClient) -> None:
    """No token, another session's, a half one, or a browser that says the form stands on another site: 403."""
    anna.article()
    anna.plan(at=anna.move(hours=2))
    own, before = token(admin, "/staff/editions"), anna.dump()
    others = anna.installation.tokens.derive("staff form", "another session's key")

    for data, headers in [
        ({}, {}),
        ({"csrf": ""}, {}),
        ({"csrf": others}, {}),
        ({"csrf": own[:-1]}, {}),
        ({"csrf": "é" * 32}, {}),
        ({"csrf": own}, {"sec-fetch-site": "cross-site"}),
        ({"csrf": own}, {"sec-fetch-site": "same-site"}),
    ]:
        for path in [filled(path) for method, path, _ in STAFF if method == "POST"]:
            assert admin.post(path, data=data, headers=headers).status_code == 403, (path, data)

    assert anna.dump() == before
    assert admin.post("/staff/editions/1/pause", data={"csrf": own}).status_code == 303


def test_looking_changes_nothing(anna: House, sink: Sink, admin: TestClient) -> None:
    """GET and HEAD on every page leave the database as it was."""
    anna.article()
    anna.move(hours=2)
    anna.send(sink)
    before = anna.dump()

    for method, path, _ in STAFF:
        if method == "GET":
            assert admin.get(filled(path)).status_code in (200, 404, 422), path
            assert admin.head(filled(path)).status_code in (200, 404, 422), path

    assert anna.dump() == before


def test_every_answer_leaves_nothing_open(anna: House, admin: TestClient, visit: Any) -> None:
    """No script but our file, no frame around us, nothing kept, no name of the program behind it."""
    for client in (admin, visit(None)):
        for method, path, _ in STAFF:
            if method == "POST":
                continue
            answer = client.get(filled(path))
            rules, headers = policy(answer), answer.headers
            assert rules["default-src"] == rules["object-src"] == rules["base-uri"] == "'none'", path
            assert rules.get("script-src", "'self'") == "'self'", path
            assert rules["frame-ancestors"] in ("'none'", "'self'"), path
            assert "unsafe-inline" not in headers["content-security-policy"] or "sandbox" in rules, path
            assert headers["x-frame-options"] == "SAMEORIGIN"
            assert headers["cache-control"] == "no-store"
            assert headers["x-content-type-options"] == "nosniff"
            assert headers["referrer-policy"] == "same-origin"
            assert headers["strict-transport-security"].startswith("max-age=")
            assert "server" not in headers
            assert "<script>" not in answer.text
            assert " style=" not in answer.text


def test_a_session_cookie_is_for_this_host_over_tls_and_for_no_script(anna: House, visit: Any) -> None:
    """__Host-, Secure, HttpOnly, SameSite, the whole host (RFC 6265bis)."""
    cookie = visit(None).get("/staff/sign-in").headers["set-cookie"]

    assert cookie.startswith(f"{COOKIE}=")
    for part in ("Secure", "HttpOnly", "SameSite=lax", "Path=/", "Max-Age=43200"):
        assert part in cookie
    assert "Domain" not in cookie


def test_an_editor_pauses_resumes_and_cancels_an_edition(anna: House, visit: Any, sink: Sink) -> None:
    """Each after a page with the exact number; the log has what came of it."""
    anna.article()
    anna.plan(at=anna.move(hours=2))
    client = visit(Role.EDITOR)

    asked = client.get("/staff/editions/1/pause")
    assert "daily/2026-11-23: 1 message waits" in asked.text
    assert press(client, "/staff/editions/1/pause").headers["location"] == "/staff/editions/1?done=pause"
    assert anna.rows("SELECT state FROM editions") == [("paused",)]
    assert "Paused:" in client.get("/staff/editions/1?done=pause").text
    assert press(client, "/staff/editions/1/resume").status_code == 303
    assert press(client, "/staff/editions/1/resume").status_code == 422
    assert "never goes out" in client.get("/staff/editions/1/cancel").text
    assert press(client, "/staff/editions/1/cancel").status_code == 303

    assert anna.states() == {"anna@example.org": "skipped(cancelled)"}
    assert "There is nothing to do" in client.get("/staff/editions/1/pause").text


def test_who_loses_the_account_or_its_role_is_out_at_once(anna: House, visit: Any) -> None:
    """Another password or role ends every session; so does taking the account out."""
    from digest.pipeline.staff.accounts import put_user, remove_user

    client = visit(Role.EDITOR)
    assert client.get("/staff").status_code == 200
    put_user(anna.installation, "editor", Role.VIEWER, "another rope ladder")
    assert client.get("/staff").status_code == 303
    again = visit(Role.VIEWER)
    assert again.get("/staff").status_code == 200
    remove_user(anna.installation, "viewer")

    assert again.get("/staff").status_code == 303
    assert account(anna, Role.VIEWER)


def test_routes_that_go_by_the_newsletter_are_listed(anna: House) -> None:
    """As those of the matrix are."""
    assert set(marked(build_site(anna.installation))) == OF_NEWSLETTER


def test_a_role_for_one_newsletter_reaches_that_newsletter_and_no_other(anna: House, visit: Any) -> None:
    """Whoever looks at everything decides there: its editions, test mails and alerts; and nowhere else."""
    anna.article()
    for newsletter in ("daily", "weekly"):
        anna.plan(newsletter, at=anna.clock.at + timedelta(hours=2))
        anna.change(f"UPDATE newsletters SET paused_because = 'x' WHERE slug = '{newsletter}'")
    watch(anna.installation, free=lambda _folder: (10**12, 10**12))
    client = visit(Role.VIEWER)
    csrf = token(client, "/staff/editions")
    editions = {
        slug: number
        for number, slug in anna.rows(
            "SELECT e.id, n.slug FROM editions e JOIN newsletters n ON n.id = e.newsletter_id"
        )
    }
    alerts = {slug: number for number, slug in anna.rows("SELECT id, newsletter FROM alerts")}

    def answers(newsletter: str, method: str, path: str) -> int:
        number = alerts[newsletter] if "/alerts/" in path else editions[newsletter]
        at = path.replace("{number}", str(number)).replace("{slug}", newsletter)
        data = {"csrf": csrf, "newsletter": newsletter} if method == "POST" else None
        return client.request(method, at, data=data).status_code

    decided = [(method, path) for method, path, needs in STAFF if needs is Role.EDITOR]
    assert {answers("daily", *each) for each in decided} == {403}
    grant_role(anna.installation, "viewer", "daily", Role.EDITOR, by="admin")
    assert "pause" in client.get(f"/staff/editions/{editions['daily']}").text
    for each in decided:
        assert (answers("daily", *each) != 403) is (each in OF_NEWSLETTER), each
        assert answers("weekly", *each) == 403, each
    grant_role(anna.installation, "viewer", "daily", None, by="admin")

    assert {answers("daily", *each) for each in decided} == {403}


def test_an_admin_gives_a_role_for_one_newsletter(anna: House, admin: TestClient, visit: Any) -> None:
    """It is shown beside the account, and on record; a role or a newsletter that is none is not taken."""
    visit(Role.VIEWER)
    said = {"do": "grant", "name": "viewer", "newsletter": "daily", "role": "editor"}
    answer = press(admin, "/staff/users", page="/staff/users", **said)

    assert answer.headers["location"] == "/staff/users?done=granted"
    assert "<bdi>daily</bdi>: editor" in admin.get("/staff/users").text
    assert press(admin, "/staff/users", page="/staff/users", **{**said, "newsletter": "none"}).status_code == 404
    assert press(admin, "/staff/users", page="/staff/users", **{**said, "role": "owner"}).status_code == 422
    assert "user.grant" in admin.get("/staff/audit").text
