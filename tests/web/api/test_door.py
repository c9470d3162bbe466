"""Who may do what with the API, how often, and what asking twice comes to."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, time, timedelta
from typing import Any

import pytest
from sqlalchemy import select
from starlette.testclient import TestClient

from digest.model.api_token import Scope
from digest.model.newsletter import ApprovalRule, CutOff
from digest.model.staff import Role
from digest.pipeline.staff.accounts import put_user
from digest.pipeline.staff.answered_once import Once, Turn
from digest.pipeline.staff.api_tokens import make_token, revoke_token, token_of
from digest.pipeline.staff.watch import watch
from digest.store import users
from digest.store.engine import reading
from digest.store.tables import api_tokens
from digest.web.api import door
from digest.web.api.limits import Buckets, Rate
from digest.web.api.site import build_api
from digest.web.site import build_site
from tests.house import House
from tests.web.api.conftest import API, key_for

#: Method and path -> the scope it needs. A route that is not listed fails the first test below.
MATRIX: dict[tuple[str, str], Scope] = {
    ("GET", "/newsletters"): Scope.NEWSLETTERS_READ,
    ("GET", "/newsletters/{slug}"): Scope.NEWSLETTERS_READ,
    ("GET", "/topics"): Scope.NEWSLETTERS_READ,
    ("GET", "/newsletters/{slug}/preview"): Scope.PREVIEWS_READ,
    ("POST", "/newsletters/{slug}/sign-ups"): Scope.SUBSCRIBERS_WRITE,
    ("GET", "/articles"): Scope.ARTICLES_READ,
    ("POST", "/articles"): Scope.ARTICLES_WRITE,
    ("GET", "/articles/{number}"): Scope.ARTICLES_READ,
    ("PATCH", "/articles/{number}"): Scope.ARTICLES_WRITE,
    ("PUT", "/articles/{number}/state"): Scope.ARTICLES_WRITE,
    ("PUT", "/articles/{number}/rulings/{kind}"): Scope.ARTICLES_WRITE,
    ("DELETE", "/articles/{number}/rulings/{kind}"): Scope.ARTICLES_WRITE,
    ("GET", "/subscribers"): Scope.SUBSCRIBERS_READ,
    ("GET", "/subscribers/{who}"): Scope.SUBSCRIBERS_READ,
    ("PUT", "/subscribers/{who}"): Scope.SUBSCRIBERS_WRITE,
    ("DELETE", "/subscribers/{who}"): Scope.SUBSCRIBERS_WRITE,
    ("GET", "/subscribers/{who}/subscriptions"): Scope.SUBSCRIBERS_READ,
    ("DELETE", "/subscribers/{who}/subscriptions/{newsletter}"): Scope.SUBSCRIBERS_WRITE,
    ("PUT", "/subscribers/{who}/subscriptions/{newsletter}/interests"): Scope.SUBSCRIBERS_WRITE,
    ("POST", "/subscribers/{who}/subscriptions/{newsletter}/pause"): Scope.SUBSCRIBERS_WRITE,
    ("POST", "/subscribers/{who}/subscriptions/{newsletter}/resume"): Scope.SUBSCRIBERS_WRITE,
    ("GET", "/editions"): Scope.EDITIONS_READ,
    ("GET", "/editions/{number}"): Scope.EDITIONS_READ,
    ("POST", "/editions/{number}/pause"): Scope.EDITIONS_WRITE,
    ("POST", "/editions/{number}/resume"): Scope.EDITIONS_WRITE,
    ("POST", "/editions/{number}/cancel"): Scope.EDITIONS_WRITE,
    ("POST", "/editions/{number}/correct"): Scope.EDITIONS_WRITE,
    ("GET", "/deliveries"): Scope.DELIVERIES_READ,
    ("GET", "/deliveries/{number}"): Scope.DELIVERIES_READ,
    ("GET", "/deliveries/{number}/attempts"): Scope.DELIVERIES_READ,
    ("GET", "/attempts"): Scope.DELIVERIES_READ,
    ("GET", "/suppressions"): Scope.SUPPRESSIONS_READ,
    ("GET", "/suppressions/{address}"): Scope.SUPPRESSIONS_READ,
    ("PUT", "/suppressions/{address}"): Scope.SUPPRESSIONS_WRITE,
    ("POST", "/imports"): Scope.IMPORTS_WRITE,
    ("POST", "/events"): Scope.EVENTS_WRITE,
    ("POST", "/events/read"): Scope.EVENTS_WRITE,
    ("GET", "/segments"): Scope.SUBSCRIBERS_READ,
    ("PUT", "/segments"): Scope.SUBSCRIBERS_WRITE,
    ("DELETE", "/segments/{number}"): Scope.SUBSCRIBERS_WRITE,
    ("GET", "/editions/{number}/approval"): Scope.EDITIONS_READ,
    ("PUT", "/editions/{number}/approval"): Scope.EDITIONS_APPROVE,
    ("DELETE", "/editions/{number}/approval"): Scope.EDITIONS_APPROVE,
    ("GET", "/alerts"): Scope.ALERTS_READ,
    ("POST", "/alerts/{number}/aside"): Scope.ALERTS_WRITE,
}
#: What anybody may read: what the API is, which says nothing of what is in it.
OPEN = {("GET", "/openapi.json")}
#: What the service's own signature opens (test_hooks.py).
SIGNED = {("POST", "/hooks/{provider}")}


def routes(of: Any) -> Iterator[tuple[str, str]]:
    for route in of.routes:
        within = getattr(route, "original_router", None)
        if within is not None:
            yield from routes(within)
        else:
            yield from ((method, route.path) for method in route.methods - {"HEAD"})


def filled(path: str) -> str:
    values = {"slug": "daily", "newsletter": "daily", "number": "1", "kind": "pin"}
    values |= {"who": "nobody@example.org", "address": "nobody@example.org"}
    return API + path.format(**values)


def test_every_route_of_the_api_is_listed_with_the_scope_it_needs(anna: House) -> None:
    """A new route fails here until somebody has said who may use it; the document says the same."""
    api = build_api(anna.installation)
    told = {
        (method.upper(), path): Scope(said["security"][0]["token"][0]) if said["security"] else None
        for path, methods in api.openapi()["paths"].items()
        for method, said in methods.items()
    }

    assert set(routes(api)) == set(MATRIX) | OPEN | SIGNED
    assert told == {**MATRIX, **dict.fromkeys(SIGNED)}


def test_a_route_lets_in_its_scope_and_no_other_token(anna: House, program: Callable[..., TestClient]) -> None:
    """Nobody: 401; every scope but the one: 403; the one alone: an answer. Whoever is refused changes nothing."""
    for needed in set(MATRIX.values()):
        own, others = program(needed), program(*set(Scope) - {needed})
        mine = [(method, filled(path)) for (method, path), scope in MATRIX.items() if scope is needed]
        before = kept(anna)
        for method, url in mine:
            anna.move(minutes=10)  # for the limits
            stranger = own.request(method, url, headers={"authorization": ""})
            refused = others.request(method, url, content=b"\xff{")
            assert (stranger.status_code, refused.status_code) == (401, 403), (method, url)
            assert stranger.headers["www-authenticate"].startswith("Bearer")
            for answer in (stranger, refused):
                assert answer.headers["content-type"] == "application/problem+json"
        assert kept(anna) == before
        for method, url in mine:
            allowed = own.request(method, url)
            assert allowed.status_code in (200, 404, 409, 422), (method, url, allowed.text)


def kept(house: House) -> str:
    """Return all that is stored, but for when tokens were used."""
    house.change("UPDATE api_tokens SET last_used_at = NULL")
    return house.dump()


@pytest.mark.parametrize(
    "header",
    [
        pytest.param("", id="nothing"),
        pytest.param("Bearer", id="no key"),
        pytest.param("Bearer x", id="no key of ours"),
        pytest.param("Basic {key}", id="another scheme"),
        pytest.param("Bearer {key}x", id="a letter more"),
        pytest.param("Bearer {short}", id="a letter less"),
        pytest.param("Bearer dgt_99_{secret}", id="a token that is not there"),
        pytest.param("Bearer dgt_999999999999999999_{secret}", id="a token that cannot be"),
    ],
)
def test_a_key_that_opens_nothing_is_answered_like_no_key(refusing: TestClient, header: str) -> None:
    """Nobody learns which tokens there are."""
    key = refusing.headers["authorization"].removeprefix("Bearer ")
    header = header.format(key=key, short=key[:-1], secret=key.rpartition("_")[2])

    answer = refusing.get("/newsletters", headers={"authorization": header})

    assert (answer.status_code, answer.json()["code"]) == (401, "no_token")


def test_a_key_is_nowhere_in_the_database(anna: House) -> None:
    """Only its hash is; and it is never taken from the address."""
    key = key_for(anna)
    with reading(anna.engine) as connection:
        stored = str(connection.execute(select(api_tokens)).all())

    assert key not in stored
    assert key.rpartition("_")[2] not in stored


def test_a_token_ends_when_it_is_revoked_or_its_time_has_come_or_its_account_changes(anna: House) -> None:
    """At once, each of them."""
    house, ends = anna.installation, anna.clock.now() + timedelta(hours=1)
    number, revoked = make_token(house, "one", [Scope.ARTICLES_READ], by="test")
    _, timed = make_token(house, "two", [Scope.ARTICLES_READ], by="test", ends_at=ends)
    put_user(house, "mina", Role.ADMIN, "rope ladder at noon")
    with reading(anna.engine) as connection:
        mina = users.find_user(connection, "mina")
    assert mina is not None
    _, owned = make_token(house, "three", [Scope.ARTICLES_READ], by=mina[0])
    assert all(token_of(house, key) for key in (revoked, timed, owned))

    revoke_token(house, number, by="test")
    anna.clock.at = ends
    put_user(house, "mina", Role.VIEWER, "rope ladder at night")

    assert not any(token_of(house, key) for key in (revoked, timed, owned))


def test_the_last_use_of_a_token_is_noted_once_a_minute(anna: House) -> None:
    """Reading does not write each time."""
    key = key_for(anna)

    for seconds in (0, 30, 61):
        anna.move(seconds=seconds)
        token_of(anna.installation, key)
    with anna.statements() as sent:
        token_of(anna.installation, key)

    assert not [each for each in sent if each.startswith("UPDATE")]
    assert anna.rows("SELECT last_used_at FROM api_tokens")[0][0] == int(anna.clock.at.timestamp() * 1e6)


@pytest.fixture
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let programs ask three times at once, and strangers twice."""
    monkeypatch.setattr(door, "PER_TOKEN", Rate(a_second=1, at_once=3))
    monkeypatch.setattr(door, "PER_NETWORK", Rate(a_second=1, at_once=2))


@pytest.mark.usefixtures("hasty")
def test_a_program_that_asks_too_often_is_told_when_to_come_again(
    anna: House, program: Callable[..., TestClient]
) -> None:
    """429 with Retry-After, for that token alone."""
    client, other = program(), program()
    answers = [client.get("/topics") for _ in range(4)]
    others = other.get("/topics")
    anna.move(seconds=int(answers[-1].headers["retry-after"]))

    assert [each.status_code for each in answers] == [200, 200, 200, 429]
    assert others.status_code == 200
    assert client.get("/topics").status_code == 200


@pytest.mark.usefixtures("hasty")
def test_a_network_with_too_many_wrong_keys_waits_whatever_key_it_sends(
    anna: House, program: Callable[..., TestClient]
) -> None:
    """Guessing does not become cheap, and the database is asked no more."""
    client = program()
    wrong = [client.get("/topics", headers={"authorization": "Bearer x"}) for _ in range(3)]

    assert [each.status_code for each in wrong] == [401, 401, 429]
    assert client.get("/topics").status_code == 429
    anna.move(seconds=2)
    assert client.get("/topics").status_code == 200


def test_turns_come_back_with_time_and_never_more_than_there_were() -> None:
    """A bucket; a clock that is set back fills none."""
    now, buckets = datetime(2026, 11, 23, tzinfo=UTC), Buckets(Rate(a_second=0.5, at_once=2))

    taken = [buckets.take("a", now) for _ in range(3)]
    back = buckets.take("a", now - timedelta(hours=1))
    later = [buckets.take("a", now + timedelta(days=1)) for _ in range(3)]

    assert taken == [0, 0, 2]
    assert back == 2
    assert later == [0, 0, 2]


# --- Asking twice ---

ARTICLE = {"format": "text", "content": "Steel tariffs fall\n\nA deck that says so.\n\nThe ministers agreed on Monday."}


def test_a_request_with_the_same_key_is_done_once_and_answered_alike(anna: House, api: TestClient) -> None:
    """For a day; then the key is free."""
    answers = [api.post("/articles", json=ARTICLE, headers={"idempotency-key": "one"}) for _ in range(2)]
    anna.move(hours=24)
    later = api.post("/articles", json=ARTICLE, headers={"idempotency-key": "one"})

    assert [each.status_code for each in answers] == [201, 201]
    assert answers[0].content == answers[1].content
    assert [each.headers.get("idempotency-replayed") for each in answers] == [None, "true"]
    assert later.json()["unchanged"] == answers[0].json()["added"]


def test_a_key_that_was_used_for_another_request_is_refused(api: TestClient) -> None:
    """Another body, or another address: 422, and nothing is done."""
    headers = {"idempotency-key": "one"}
    api.post("/articles", json=ARTICLE, headers=headers)

    other_body = api.post("/articles", json={**ARTICLE, "source": "wire"}, headers=headers)
    other_path = api.post("/editions/1/pause", headers=headers)

    assert [each.status_code for each in (other_body, other_path)] == [422, 422]
    assert other_body.json()["code"] == other_path.json()["code"] == "key_reused"


def test_a_refusal_is_repeated_too_and_keys_of_two_tokens_are_two(
    api: TestClient, program: Callable[..., TestClient]
) -> None:
    """What was wrong is wrong again."""
    headers = {"idempotency-key": "one"}

    wrong = [api.post("/articles", json={"format": "text"}, headers=headers) for _ in range(2)]
    other = program().post("/articles", json=ARTICLE, headers=headers)

    assert [each.status_code for each in wrong] == [422, 422]
    assert wrong[1].headers["content-type"] == "application/problem+json"
    assert other.status_code == 201


def test_a_request_under_way_is_waited_for_and_one_whose_process_died_is_done_anew(anna: House) -> None:
    """409 in between; a failure of ours leaves nothing on record."""
    token = token_of(anna.installation, key_for(anna))
    assert token is not None
    once = Once(anna.installation, token.token_id, "k")

    turns = [once.begin(b"x")[0], once.begin(b"x")[0]]
    anna.move(minutes=10)
    turns.append(once.begin(b"x")[0])
    once.end(500, "", b"")
    turns.append(once.begin(b"x")[0])
    once.end(200, "text/plain", b"done")
    turns.append(once.begin(b"x")[0])

    assert turns == [Turn.DO, Turn.WAIT, Turn.DO, Turn.DO, Turn.REPEAT]


#: What a token for one newsletter alone opens, where it is about that one.
OF_NEWSLETTER = {
    (method, path)
    for method, path in MATRIX
    if "{slug}" in path or "{newsletter}" in path or path.startswith(("/editions/", "/deliveries/", "/alerts/"))
} | {("POST", "/imports")}


def test_a_token_for_one_newsletter_reaches_nothing_of_another(anna: House) -> None:
    """Nor what belongs to none: articles, whole subscribers, suppressions, lists over all newsletters."""
    anna.article()
    for newsletter in ("daily", "weekly"):
        anna.plan(newsletter, at=anna.clock.at + timedelta(hours=2))
        anna.change("UPDATE newsletters SET paused_because = 'x' WHERE slug = :n", n=newsletter)
    watch(anna.installation, free=lambda _folder: (10**12, 10**12))
    ids = {
        kind: dict(anna.rows(f"SELECT n.slug, MIN(x.id) FROM {query} GROUP BY n.slug"))
        for kind, query in {
            "editions": "editions x JOIN newsletters n ON n.id = x.newsletter_id",
            "deliveries": "deliveries x JOIN editions e ON e.id = x.edition_id JOIN newsletters n ON n.id = e.newsletter_id",
            "alerts": "alerts x JOIN newsletters n ON n.slug = x.newsletter",
        }.items()
    }
    _, key = make_token(anna.installation, "one", tuple(Scope), by="test", newsletters=["daily"])
    headers = {"authorization": f"Bearer {key}"}

    def answer(client: TestClient, newsletter: str, method: str, path: str) -> tuple[int, str]:
        anna.move(minutes=10)
        number = ids.get(path.split("/")[1], {}).get(newsletter, 1)
        values = {"slug": newsletter, "newsletter": newsletter, "number": number, "kind": "pin"}
        at = API + path.format(**values, who="nobody@example.org", address="nobody@example.org")
        said = client.request(method, at, params={"newsletter": newsletter}, content=b"{", headers=headers)
        return said.status_code, said.json().get("code", "") if said.content else ""

    with TestClient(build_site(anna.installation), base_url=API) as client:
        for method, path in MATRIX:
            own, others = (answer(client, each, method, path) for each in ("daily", "weekly"))
            assert others == (403, "newsletter"), (method, path)
            assert (own[0] != 403) is ((method, path) in OF_NEWSLETTER), (method, path, own)


def test_an_import_by_such_a_token_leaves_alone_what_holds_for_all_newsletters(anna: House) -> None:
    """Name, language and zone of readers who are known; whoever is new comes as the file says."""
    _, key = make_token(anna.installation, "one", tuple(Scope), by="test", newsletters=["daily"])
    rows = "email,name,locale,timezone\nanna@example.org,Somebody,fr,Asia/Tokyo\nnew@example.org,New,fr,Asia/Tokyo\n"
    before = anna.rows("SELECT name, locale, zone FROM subscribers WHERE address = 'anna@example.org'")
    headers = {"authorization": f"Bearer {key}", "content-type": "text/csv"}
    with TestClient(build_site(anna.installation), base_url=API) as client:
        for overwrite in ("false", "true"):
            said = {"newsletter": "daily", "overwrite": overwrite}
            assert client.post(f"{API}/imports", params=said, content=rows, headers=headers).status_code == 200

    assert anna.rows("SELECT name, locale, zone FROM subscribers WHERE address = 'anna@example.org'") == before
    assert anna.rows("SELECT name, zone FROM subscribers WHERE address = 'new@example.org'") == [("New", "Asia/Tokyo")]


def test_what_a_program_changes_is_on_record(anna: House, api: TestClient) -> None:
    """Who, where and which; no address of a reader; once, also when it is asked for again."""
    again = {"Idempotency-Key": "once"}
    for _ in range(2):
        added = api.post("/articles", json={"format": "text", "content": "A title\n\nA deck.\n\nText."}, headers=again)
    assert added.status_code == 201
    api.put("/subscribers/new@example.org", json={})
    api.delete("/subscribers/anna@example.org")
    kept = api.put("/segments", json={"name": "Traders", "conditions": [{"claim": "topic-followed", "value": "trade"}]})
    assert api.get("/segments").json() == [kept.json()]
    assert api.delete(f"/segments/{kept.json()['id']}").status_code == 204
    assert api.put("/segments", json={"name": "x", "conditions": [{"claim": "y", "value": "z"}]}).status_code == 422

    acts = anna.rows("SELECT who, action, target FROM audit WHERE who LIKE 'API%' ORDER BY id")
    assert {who for who, _, _ in acts} == {"API, a program"}
    assert [(action, target) for _, action, target in acts] == [
        ("api", "POST /articles"),
        ("api", "DELETE /subscribers/{who}"),
        ("segment.save", "segment Traders"),
        ("segment.drop", "segment Traders"),
    ]
    assert "@" not in str(anna.rows("SELECT before, after FROM audit"))


def test_a_program_approves_what_it_looked_at(anna: House, api: TestClient) -> None:
    """By the pool's hash; another pool is refused; taken back, it waits again."""
    anna.newsletter("daily", approval=ApprovalRule.ONE, cut_off=CutOff(at=time(5, 0)))
    anna.article(at=anna.clock.at - timedelta(hours=3))
    anna.plan(at=anna.move(hours=1))
    (edition,) = anna.rows("SELECT id FROM editions WHERE state = 'awaiting'")
    at = f"/editions/{edition[0]}/approval"

    standing = api.get(at).json()
    refused = api.put(at, json={"pool": "0" * 64})
    approved = api.put(at, json={"pool": standing["pool"]}).json()
    back = api.delete(at).json()

    assert (standing["needs_approval"], standing["approved"]) == (True, False)
    assert (refused.status_code, refused.json()["code"]) == (409, "wrong_state")
    assert (approved["approved"], approved["approved_by"]) == (True, "API, a program")
    assert back["approved"] is False
    assert api.delete(at).status_code == 409


def test_a_program_reads_alerts_and_puts_one_aside(anna: House, api: TestClient) -> None:
    """What is open, and what is not."""
    anna.change("UPDATE newsletters SET paused_because = 'x' WHERE slug = 'daily'")
    watch(anna.installation, free=lambda _folder: (10**12, 10**12))

    (alert,) = api.get("/alerts").json()["items"]
    aside = api.post(f"/alerts/{alert['id']}/aside")

    assert (alert["kind"], alert["newsletter"]) == ("newsletter_paused", "daily")
    assert aside.json()["state"] == "aside"
    assert api.get("/alerts").json()["items"] == []
    assert [each["id"] for each in api.get("/alerts", params={"over": True}).json()["items"]] == [alert["id"]]
    assert api.post(f"/alerts/{alert['id']}/aside").status_code == 404
