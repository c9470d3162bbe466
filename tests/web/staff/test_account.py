"""Accounts: the second factor, recovery codes, roles given and taken; what was done stands in the audit log."""

from __future__ import annotations

import re
from typing import Any

import pyotp
import pytest
from lxml import html as lxml_html
from starlette.testclient import TestClient

from digest.model.staff import Role
from tests.house import House
from tests.web.asking import heading
from tests.web.staff.test_pages import EVIL, harmless, tables
from tests.web.staff.test_signing import sign_in
from tests.web.staff.visiting import PASSWORD, account, press


def phone(page: Any) -> pyotp.TOTP:
    """Return the program on the phone that has scanned what the page shows."""
    return pyotp.TOTP(lxml_html.document_fromstring(page.text).xpath("string(//figure//code)"))


def enrolled(house: House, client: TestClient) -> tuple[pyotp.TOTP, list[str]]:
    """Turn the second factor on; return the phone and the recovery codes."""
    page = press(client, "/staff/account", "/staff/account", do="begin")
    (seed,) = lxml_html.document_fromstring(page.text).xpath("//input[@name='seed']/@value")
    program = phone(page)
    assert "<svg" in page.text
    code = program.at(house.clock.now())
    done = press(client, "/staff/account", "/staff/account", do="confirm", seed=seed, code=code)
    return program, re.findall(r"<code>([0-9a-f-]{17})</code>", done.text)


def second_step(client: TestClient, code: str, asked: Any, **changes: str) -> Any:
    page = lxml_html.document_fromstring(asked.text)
    fields = {each.get("name"): each.get("value") for each in page.xpath("//form//input[@type='hidden']")}
    return client.post("/staff/sign-in/code", data={**fields, "code": code, **changes})


def test_with_a_second_factor_nobody_gets_in_by_the_password_alone(anna: House, admin: TestClient, visit: Any) -> None:
    """The phone's code works once, a recovery code once; neither is in the database."""
    program, codes = enrolled(anna, admin)
    assert len(codes) == len(set(codes)) == 10
    assert program.secret not in anna.dump()
    assert codes[0] not in anna.dump()
    client = visit(None)
    asked = sign_in(client)
    assert heading(asked) == "The code of your phone"
    assert client.get("/staff").status_code == 303
    used = program.at(anna.clock.now())
    assert second_step(client, used, asked).status_code == 422  # used when it was turned on
    anna.move(seconds=30)
    assert second_step(client, "000000", asked).status_code == 422
    assert second_step(client, program.at(anna.clock.now()), asked).headers["location"] == "/staff"
    assert heading(client.get("/staff")) == "Today"

    other = visit(None)
    assert second_step(other, codes[3], sign_in(other)).status_code == 303
    again = visit(None)
    assert second_step(again, codes[3], sign_in(again)).status_code == 422


def test_a_second_step_belongs_to_the_session_and_password_that_asked(
    anna: House, admin: TestClient, visit: Any
) -> None:
    """A ticket of another browser, of another time, of another name or a made-up one opens nothing."""
    program, _ = enrolled(anna, admin)
    anna.move(seconds=60)
    code, mine = program.at(anna.clock.now()), visit(None)
    asked = sign_in(mine)
    (ticket,) = lxml_html.document_fromstring(asked.text).xpath("//input[@name='ticket']/@value")
    other = visit(None)
    theirs = other.get("/staff/sign-in")
    account(anna, Role.EDITOR)

    assert second_step(other, code, theirs, name="admin", ticket=ticket).status_code == 422
    assert second_step(mine, code, asked, ticket="9999999999.abc").status_code == 422
    assert second_step(mine, code, asked, name="editor").status_code == 422
    assert second_step(mine, code, asked, name="nobody").status_code == 422
    anna.move(minutes=6)
    late = second_step(mine, program.at(anna.clock.now()), asked)
    assert (late.status_code, heading(late)) == (422, "Sign in")


def test_guessing_codes_ends_too(anna: House, admin: TestClient, visit: Any) -> None:
    """After five, for a quarter of an hour."""
    enrolled(anna, admin)
    client = visit(None)
    asked = sign_in(client)

    assert [second_step(client, f"00000{n}", asked).status_code for n in range(6)] == [422] * 5 + [429]


def test_the_second_factor_is_turned_off_with_a_code(anna: House, admin: TestClient, visit: Any) -> None:
    """Not without one; and a wrong code turns none on."""
    _, codes = enrolled(anna, admin)
    assert press(admin, "/staff/account", "/staff/account", do="off", code="1").status_code == 422
    assert press(admin, "/staff/account", "/staff/account", do="off", code=codes[0]).status_code == 303
    assert press(admin, "/staff/account", "/staff/account", do="confirm", seed="x:y", code="1").status_code == 422
    assert press(admin, "/staff/account", "/staff/account", do="nothing").status_code == 422

    assert sign_in(visit(None)).status_code == 303
    assert [row[0] for row in anna.rows("SELECT action FROM audit")] == ["second_factor.on", "second_factor.off"]


def test_a_password_is_changed_by_who_knows_it(anna: House, admin: TestClient, visit: Any) -> None:
    """Every session of the account ends."""
    new = "another rope ladder"
    assert press(admin, "/staff/account", "/staff/account", do="password", before="x", after=new).status_code == 422
    press(admin, "/staff/account", "/staff/account", do="password", before=PASSWORD, after=new)

    assert admin.get("/staff").status_code == 303
    assert sign_in(visit(None), password=new).status_code == 303


def test_an_admin_gives_and_takes_roles_and_never_the_last_admins(anna: House, admin: TestClient, visit: Any) -> None:
    """The log tells who did it, and what it was before."""
    press(admin, "/staff/users", "/staff/users", do="put", name="Mina", role="viewer", password="rope ladder at dusk")
    press(admin, "/staff/users", "/staff/users", do="role", name="mina", role="editor")
    assert ["mina", "editor", "none"] in [row[:3] for row in tables(admin.get("/staff/users"))]
    for wrong in (
        {"do": "role", "name": "admin", "role": "viewer"},
        {"do": "remove", "name": "admin"},
        {"do": "put", "name": "admin", "role": "viewer", "password": "rope ladder at dawn"},
        {"do": "role", "name": "mina", "role": "king"},
        {"do": "put", "name": "ben", "role": "viewer", "password": "short"},
        {"do": "nothing", "name": "mina"},
    ):
        assert press(admin, "/staff/users", "/staff/users", **wrong).status_code == 422, wrong
    assert press(admin, "/staff/users", "/staff/users", do="remove", name="nobody").status_code == 404
    press(admin, "/staff/users", "/staff/users", do="remove", name="mina")

    log = [row[1:] for row in tables(admin.get("/staff/audit"))]
    assert log == [
        ["admin", "user.removeuser mina", '{"role": "editor"}', "–"],
        ["admin", "user.roleuser mina", '{"role": "viewer"}', '{"role": "editor"}'],
        ["admin", "user.putuser mina", "–", '{"role": "viewer", "password": "set"}'],
    ]
    assert tables(admin.get("/staff/audit?who=nobody")) == []
    assert len(tables(admin.get("/staff/audit?target=user+mina"))) == 3


@pytest.mark.parametrize("path", ["/staff/audit", f"/staff/audit?who={EVIL[:20]}"], ids=["rows", "query"])
def test_hostile_words_in_the_audit_log_are_letters(anna: House, admin: TestClient, path: str) -> None:
    """In every column."""
    anna.change(
        "INSERT INTO audit (at, who, action, target, before, after) VALUES (0, :e, :e, :e, :j, :j)",
        e=EVIL[:30],
        j='{"x": "<script>alert(1)</script>"}',
    )

    assert harmless(admin.get(path).text)
