"""Signing in with a provider of OpenID Connect, honest and not."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from joserfc import jwt
from joserfc.jwk import ECKey, OctKey
from pydantic import SecretStr
from starlette.testclient import TestClient

from digest.model.staff import Role
from digest.pipeline.staff.accounts import put_user
from digest.settings.sign_on import SignOn
from digest.store import users
from tests.house import House
from tests.web.asking import browser, heading
from tests.web.staff.provider import CLIENT, SECRET, TestProvider, provider
from tests.web.staff.visiting import COOKIE, PASSWORD, hashed, press

MINA = "mina@example.org"
Open = Callable[..., TestClient]


@pytest.fixture
def mina(anna: House) -> Iterator[TestProvider]:
    """Give a provider, and the account that Mina, an editor, has here."""
    with anna.engine.begin() as connection:
        users.add_user(connection, MINA, Role.EDITOR, hashed(), anna.clock.now())
    with provider(lambda: int(anna.clock.now().timestamp())) as running:
        yield running


@pytest.fixture
def open_site(anna: House, mina: TestProvider) -> Iterator[Open]:
    """Give what opens a browser on the site, with settings of a provider."""
    opened: list[TestClient] = []

    def open_one(**settings: Any) -> TestClient:
        sign_on = SignOn(mina.issuer, CLIENT, SecretStr(SECRET), name="Home", **settings)
        client = browser(replace(anna.installation, sign_on=sign_on))
        client.__enter__()
        opened.append(client)
        client.get("/staff/sign-in")
        return client

    yield open_one
    for client in opened:
        client.__exit__(None, None, None)


def leave(client: TestClient, back: str = "") -> str:
    """Press the button, and return where it leads."""
    answer = client.get("/staff/sign-in/provider", params={"back": back} if back else None)
    assert answer.status_code == 303
    return str(answer.headers["location"])


def sign_in(client: TestClient, mina: TestProvider, back: str = "") -> Any:
    """Go there and back, in a browser that nobody is signed in with."""
    client.cookies.clear()
    return client.get(f"/staff/sign-in/back?{mina.consent(leave(client, back))}")


def unsigned(claims: dict[str, Any]) -> str:
    """Return a token of the algorithm "none"."""
    parts = ({"alg": "none"}, claims)
    return ".".join(base64.urlsafe_b64encode(json.dumps(each).encode()).rstrip(b"=").decode() for each in parts) + "."


def test_who_has_an_account_comes_in_by_the_button(anna: House, mina: TestProvider, open_site: Open) -> None:
    """With a new key, to the page they were on the way to; local passwords go on to work."""
    client = open_site()
    page = client.get("/staff/sign-in?back=/editions")
    assert "Sign in with Home" in page.text
    assert 'href="/staff/sign-in/provider?back=/editions"' in page.text
    before = client.cookies[COOKIE]

    there = leave(client, "/editions")
    asked = {name: values[0] for name, values in parse_qs(urlsplit(there).query).items()}
    assert there.startswith(f"{mina.issuer}/authorize?tenant=1&")
    assert asked["code_challenge_method"] == "S256"
    assert asked["redirect_uri"] == "https://news.example.org/staff/sign-in/back"
    assert before not in there
    came = client.get(f"/staff/sign-in/back?{mina.consent(there)}")

    assert came.headers["location"] == "/staff/editions"
    assert client.cookies[COOKIE] != before
    assert MINA in client.get("/staff").text
    assert client.get("/staff/users").status_code == 403
    assert "user.sign_on" in anna.dump()
    other = open_site()
    local = press(other, "/staff/sign-in", "/staff/sign-in", name=MINA, password=PASSWORD)
    assert local.headers["location"] == "/staff"


LIES: dict[str, Callable[[TestProvider], object]] = {
    "wrong nonce": lambda p: p.claims.update(nonce="another"),
    "no nonce": lambda p: p.claims.update(nonce=None),
    "another audience": lambda p: p.claims.update(aud="somebody else"),
    "several audiences, no party": lambda p: p.claims.update(aud=[CLIENT, "other"]),
    "another party": lambda p: p.claims.update(azp="other"),
    "another issuer": lambda p: p.claims.update(iss="https://login.example.net"),
    "expired": lambda p: p.claims.update(exp=p.now() - 61),
    "without an end": lambda p: p.claims.update(exp=None),
    "of tomorrow": lambda p: p.claims.update(iat=p.now() + 86_400),
    "nobody's": lambda p: p.claims.update(sub=""),
    "alg none": lambda p: setattr(p, "token", unsigned),
    "signed with the client's secret": lambda p: setattr(
        p, "token", lambda claims: jwt.encode({"alg": "HS256"}, claims, OctKey.import_key(SECRET * 2))
    ),
    "signed by somebody else with a known name": lambda p: setattr(
        p,
        "token",
        lambda claims: jwt.encode({"alg": "ES256", "kid": "first"}, claims, ECKey.generate_key("P-256")),
    ),
    "no token at all": lambda p: setattr(p, "token", lambda _claims: "x"),
    "address not verified": lambda p: p.claims.update(email_verified=False),
    "address verified by nobody": lambda p: p.claims.pop("email_verified"),
    "no address": lambda p: p.claims.pop("email"),
    "unknown user": lambda p: p.claims.update(email="stranger@example.org"),
}


def test_an_answer_that_is_not_sound_lets_nobody_in(anna: House, mina: TestProvider, open_site: Open) -> None:
    """Told in words; nobody is signed in, and no account is made or tied to anybody."""
    client, sound = open_site(), dict(mina.claims)
    for lie, tell in LIES.items():
        mina.claims, mina.token = dict(sound), mina.sign
        tell(mina)
        answer = sign_in(client, mina)
        assert answer.status_code == 422, lie
        assert heading(answer) == "Sign in", lie
        assert client.get("/staff").status_code == 303, lie

    assert anna.rows("SELECT name, identity FROM users") == [(MINA, None)]


def test_an_answer_counts_once_and_only_in_the_browser_that_asked(
    anna: House, mina: TestProvider, open_site: Open
) -> None:
    """Replayed, of another browser, made up, too old, without its state: nobody comes in."""
    client, other = open_site(), open_site()
    kept = client.cookies[COOKIE]
    back = f"/staff/sign-in/back?{mina.consent(leave(client))}"
    assert other.get(back).status_code == 422
    assert client.head(back).status_code == 200
    assert client.get(back).status_code == 303
    client.cookies.set(COOKIE, kept, domain="news.example.org", path="/")
    assert client.get(back).status_code == 422

    old = f"/staff/sign-in/back?{mina.consent(leave(other))}"
    anna.move(minutes=11)
    for query in ("", "?code=x&state=1.2.3.4", "?error=access_denied"):
        assert other.get(f"/staff/sign-in/back{query}").status_code == 422, query
    assert other.get(old).status_code == 422
    assert other.get("/staff").status_code == 303


def test_a_refusal_there_is_told_here(mina: TestProvider, open_site: Open) -> None:
    """In the provider's own word, as text; an answer that names another provider is none (RFC 9207)."""
    client = open_site()
    state = parse_qs(urlsplit(leave(client)).query)["state"][0]
    answer = client.get("/staff/sign-in/back", params={"error": "<b>access_denied", "state": state})
    assert "&lt;b&gt;access_denied" in answer.text
    mixed = client.get(f"/staff/sign-in/back?{mina.consent(leave(client))}&iss=https://evil.example")

    assert mixed.status_code == 422


def test_the_way_back_stays_in_the_house(mina: TestProvider, open_site: Open) -> None:
    """Whatever the address that somebody was given says."""
    client = open_site()
    for back in ("https://evil.example", "//evil.example", "/\\evil.example", "/x\r\nA: b", "é" * 300):
        assert sign_in(client, mina, back).headers["location"].startswith("/staff"), back


def test_a_provider_that_is_away_or_not_itself_is_told_so(mina: TestProvider, open_site: Open) -> None:
    """503, the local form still there; another issuer, or an address over plain http, is no provider."""
    client = open_site()
    mina.is_down = True
    answer = client.get("/staff/sign-in/provider")
    assert answer.status_code == 503
    assert "cannot be reached" in answer.text
    assert 'name="password"' in answer.text
    mina.is_down = False
    for meta in ({"issuer": "https://login.example.net"}, {"token_endpoint": "http://login.example.net/token"}):
        mina.meta = meta
        assert client.get("/staff/sign-in/provider").status_code == 503
    mina.meta = {}
    there = leave(client)
    mina.is_down = True

    assert client.get(f"/staff/sign-in/back?{mina.consent(there)}").status_code == 503


def test_new_keys_of_the_provider_are_looked_up(mina: TestProvider, open_site: Open) -> None:
    """Once for each try, and old ones are known no more."""
    client = open_site()
    assert sign_in(client, mina).status_code == 303
    old = mina.keys[0]
    mina.rotate()
    assert sign_in(client, mina).status_code == 303
    assert mina.key_looks == 2
    mina.token = lambda claims: jwt.encode({"alg": "ES256", "kid": old.kid}, claims, old)

    assert sign_in(client, mina).status_code == 422
    assert mina.key_looks == 3


def test_an_account_stays_with_who_had_it_first(anna: House, mina: TestProvider, open_site: Open) -> None:
    """Another address there changes nothing; somebody who is given the old address is not let in."""
    client = open_site()
    assert sign_in(client, mina).status_code == 303
    mina.claims["email"] = "mina.kim@example.org"
    assert sign_in(client, mina).status_code == 303
    mina.claims = {"sub": "u-2", "email": MINA, "email_verified": True}
    assert sign_in(client, mina).status_code == 422
    put_user(anna.installation, MINA, Role.EDITOR, PASSWORD)

    assert sign_in(client, mina).status_code == 303


def test_groups_give_accounts_and_roles(anna: House, mina: TestProvider, open_site: Open) -> None:
    """The highest one counts; it follows at each time; who is in none is not let in."""
    client = open_site(claim="realm.roles", roles={"desk": "editor", "boss": "admin"})
    mina.claims = {"sub": "n", "email": "new@example.org", "email_verified": True, "realm": {"roles": ["boss", "desk"]}}
    assert sign_in(client, mina).status_code == 303
    mina.claims["realm"] = {"roles": "desk"}
    assert sign_in(client, mina).status_code == 422  # the only admin stays one
    put_user(anna.installation, "other", Role.ADMIN, PASSWORD)
    assert sign_in(client, mina).status_code == 303
    assert anna.rows("SELECT role FROM users WHERE name = 'new@example.org'") == [("editor",)]
    client.cookies.clear()
    assert press(client, "/staff/sign-in", "/staff/sign-in", name="new@example.org", password="").status_code == 422

    for roles in ([], ["other"], None, 7, {"boss": True}):
        mina.claims["realm"] = {"roles": roles}
        assert sign_in(client, mina).status_code == 422, roles


def test_what_the_token_leaves_out_is_asked_of_userinfo(mina: TestProvider, open_site: Open) -> None:
    """When it is of the same person, and only then."""
    client = open_site()
    mina.meta = {"userinfo_endpoint": f"{mina.issuer}/userinfo"}
    mina.userinfo, mina.claims = {**mina.claims, "sub": "other"}, {"sub": "u-1"}
    assert sign_in(client, mina).status_code == 422
    mina.userinfo["sub"] = "u-1"

    assert sign_in(client, mina).status_code == 303


def test_a_second_factor_of_ours_is_asked_for_all_the_same(anna: House, mina: TestProvider, open_site: Open) -> None:
    """Whoever has set one up here shows it here."""
    anna.change("UPDATE users SET second_factor = 'k:s'")
    client = open_site()
    answer = sign_in(client, mina, "/editions")

    assert 'name="code"' in answer.text
    assert 'value="/editions"' in answer.text
    assert client.get("/staff").status_code == 303
