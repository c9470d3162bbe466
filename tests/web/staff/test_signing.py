"""Signing in and out, and the first admin."""

from __future__ import annotations

import re
from typing import Any

import pytest
from starlette.testclient import TestClient

from digest.errors import BadInput
from digest.model.staff import Role
from digest.pipeline.staff.accounts import first_word, make_first_admin, put_user, user_of
from digest.web.staff.limits import Failures
from tests.house import House
from tests.web.asking import heading
from tests.web.staff.visiting import COOKIE, PASSWORD, account, press, token

LONG = "as long a sentence as anybody would like to remember, and then some more of it " * 3


def sign_in(client: TestClient, name: str = "admin", password: str = PASSWORD, **more: str) -> Any:
    return press(client, "/staff/sign-in", "/staff/sign-in", name=name, password=password, **more)


def test_a_person_signs_in_with_a_new_key_and_out_for_good(anna: House, visit: Any) -> None:
    """The key before is not the key after (no fixation); the old one is worthless once they are out."""
    account(anna, Role.ADMIN)
    client = visit(None)
    client.get("/staff/sign-in")
    before = client.cookies[COOKIE]

    assert sign_in(client, " Admin ").headers["location"] == "/staff"
    inside = client.cookies[COOKIE]
    assert inside != before
    assert heading(client.get("/staff")) == "Today"
    assert press(client, "/staff/sign-out").headers["location"] == "/staff/sign-in"

    client.cookies.set(COOKIE, inside, domain="news.example.org", path="/")
    assert client.get("/staff").status_code == 303
    assert user_of(anna.installation, before) is None


def test_a_session_ends_after_twelve_hours(anna: House, admin: TestClient) -> None:
    """Whatever was done meanwhile."""
    anna.move(hours=11.9)
    assert admin.get("/staff").status_code == 200
    anna.move(hours=0.2)

    assert admin.get("/staff").status_code == 303


def test_who_was_on_the_way_to_a_page_gets_there(anna: House, visit: Any) -> None:
    """And never to another site."""
    account(anna, Role.ADMIN)
    client = visit(None)
    door = client.get("/staff/deliveries?state=refused").headers["location"]

    assert 'value="/deliveries?state=refused"' in client.get(door).text
    assert sign_in(client, back="/deliveries?state=refused").headers["location"] == "/staff/deliveries?state=refused"
    for back in (
        "https://evil.example",
        "//evil.example",
        "/\\evil.example",
        "/x\r\nSet-Cookie: a=b",
        "javascript:alert(1)",
    ):
        client.cookies.clear()
        location = sign_in(client, back=back).headers["location"]
        assert location.startswith("/staff"), back
        assert "\n" not in location


@pytest.mark.parametrize(
    ("name", "password"),
    [("admin", "wrong"), ("nobody", PASSWORD), ("", ""), ("admin", PASSWORD.upper()), ("admin' OR 1=1 --", "x")],
)
def test_a_wrong_name_and_a_wrong_password_get_the_same_answer(
    anna: House, visit: Any, name: str, password: str
) -> None:
    """Nobody learns which names there are."""
    account(anna, Role.ADMIN)
    client = visit(None)
    answer = sign_in(client, name, password)

    assert answer.status_code == 422
    assert "Name and password do not belong together." in answer.text
    assert client.get("/staff").status_code == 303


def test_guessing_ends_after_five_tries_for_a_quarter_of_an_hour(anna: House, visit: Any) -> None:
    """The right password does not help meanwhile; the wrong ones are asked for no hash."""
    account(anna, Role.ADMIN)
    client = visit(None)
    assert [sign_in(client, password="wrong").status_code for _ in range(6)] == [422] * 5 + [429]
    answer = sign_in(client)
    assert answer.status_code == 429
    assert answer.headers["retry-after"] == "900"
    anna.move(minutes=16)

    assert sign_in(client).status_code == 303


def test_a_network_is_one_party_and_the_memory_has_a_bound(anna: House) -> None:
    """/24 and /64; another network may go on."""
    failures, now = Failures(), anna.clock.now()
    for number in range(20):
        failures.note(f"name{number}", f"192.0.2.{number}", now)
    assert failures.too_many("other", "192.0.2.200", now)
    assert not failures.too_many("other", "198.51.100.1", now)
    for number in range(20):
        failures.note(f"name{number}", f"2001:db8::{number}", now)
    assert failures.too_many("other", "2001:db8::ffff", now)
    for number in range(12_000):
        failures.note(str(number), f"10.{number // 250}.{number % 250}.1", now)

    assert len(failures._seen) < 20_000


def test_the_first_admin_is_made_once_by_who_knows_the_word(anna: House, visit: Any) -> None:
    """The word is the machine's; afterwards the page is gone."""
    client = visit(None)
    assert heading(client.get("/staff/sign-in")) == "The first admin"
    fields = {"name": "Mina", "password": "rope ladder at noon"}
    wrong = press(client, "/staff/first", "/staff/sign-in", word="guess", **fields)
    assert wrong.status_code == 422
    word = first_word(anna.installation)
    assert re.fullmatch(r"[0-9a-f]{32}", word)

    assert press(client, "/staff/first", "/staff/sign-in", word=word, **fields).headers["location"] == "/staff"
    assert heading(client.get("/staff")) == "Today"
    assert anna.rows("SELECT name, role FROM users") == [("mina", "admin")]
    assert first_word(anna.installation) == ""
    with pytest.raises(BadInput):
        make_first_admin(anna.installation, word, "other", "rope ladder at noon")
    other = visit(None)
    assert heading(other.get("/staff/sign-in")) == "Sign in"


@pytest.mark.parametrize(
    ("name", "password", "why"),
    [
        ("mina", "short", "12 to 256"),
        ("mina", "x" * 257, "12 to 256"),
        ("mina", "aaaaaaaaaaaaaaaa", "too easy"),
        ("mina", "mina mina mina 1", "too easy"),
        ("m", "rope ladder at noon", "2 to 80"),
        ("<b>mina", "rope ladder at noon", "2 to 80"),
        ("mina two", "rope ladder at noon", "2 to 80"),
    ],
)
def test_an_account_that_cannot_be_is_refused_in_words(anna: House, name: str, password: str, why: str) -> None:
    """And nothing is written."""
    with pytest.raises(BadInput, match=why):
        put_user(anna.installation, name, Role.VIEWER, password)

    assert anna.rows("SELECT COUNT(*) FROM users") == [(0,)]


def test_a_password_is_kept_as_argon2id_and_may_be_long(anna: House, visit: Any) -> None:
    """64 characters and more, blanks and all; the database has neither it nor the key of the session."""
    put_user(anna.installation, "Mina", Role.VIEWER, LONG)
    client = visit(None)
    assert sign_in(client, "mina", LONG).status_code == 303

    dump = anna.dump()
    assert "$argon2id$" in dump
    assert LONG not in dump
    assert client.cookies[COOKIE] not in dump
    assert token(client, "/staff/editions") not in dump
