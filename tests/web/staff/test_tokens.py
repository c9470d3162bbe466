"""The page of API tokens: a key is shown once, and is out when it is revoked."""

from __future__ import annotations

import re
from typing import Any

from starlette.testclient import TestClient

from digest.model.staff import Role
from digest.pipeline.staff.api_tokens import token_of
from tests.house import House
from tests.web.staff.visiting import press, token

PAGE = "/staff/tokens"


def test_an_admin_makes_a_token_sees_its_key_once_and_revokes_it(anna: House, admin: TestClient) -> None:
    """It may do what was checked, and goes with the account that made it."""
    made = press(admin, PAGE, PAGE, name="<b>Shop</b>", scope="subscribers:write")
    (key,) = re.findall(r"dgt_[0-9]+_[A-Za-z0-9_-]{43}", made.text)[:1]
    known = token_of(anna.installation, key)
    again = admin.get(PAGE).text

    assert known is not None
    assert (known.name, sorted(known.scopes), known.made_by) == ("<b>Shop</b>", ["subscribers:write"], "admin")
    assert key not in again
    assert "&lt;b&gt;Shop" in again
    assert press(admin, f"{PAGE}/1/revoke", PAGE).headers["location"] == "/staff/tokens?done=revoked"
    assert token_of(anna.installation, key) is None
    assert anna.rows("SELECT who, action, target FROM audit ORDER BY id") == [
        ("admin", "token.make", "token 1"),
        ("admin", "token.revoke", "token 1"),
    ]
    assert press(admin, f"{PAGE}/1/revoke", PAGE).status_code == 404


def test_a_token_without_a_name_or_a_scope_is_not_made(anna: House, admin: TestClient) -> None:
    """The page says why, with what was filled in."""
    csrf = token(admin, PAGE)
    for fields in ({"name": "", "scope": "articles:read"}, {"name": "Shop"}, {"name": "Shop", "scope": "everything"}):
        answer = admin.post(PAGE, data={"csrf": csrf, **fields})
        assert answer.status_code == 422
        assert 'role="alert"' in answer.text

    assert anna.rows("SELECT * FROM api_tokens") == []


def test_only_admins_are_shown_the_way_to_tokens(visit: Any) -> None:
    """A viewer would find a closed door."""
    assert 'href="/staff/tokens"' in visit(Role.ADMIN).get("/staff").text
    assert 'href="/staff/tokens"' not in visit(Role.EDITOR).get("/staff").text
