"""The staff pages speak English and Korean, whole."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from starlette.testclient import TestClient

from digest.model.delivery import DeliveryState, Outcome
from digest.model.digest import Rejection, SkipReason
from digest.rendering.i18n import load_translations
from digest.shipped import shipped_folder
from digest.web.staff.pages import LOCALES
from digest.web.staff.words import REASONS, STATES
from tests.web.asking import heading

_STRING = r'"((?:[^"\\]|\\.)*)"'


def words() -> Iterator[str]:
    """Give every text that is marked, in the templates and in the code."""
    for path in (shipped_folder("templates") / "web" / "staff").glob("*.html"):
        text = path.read_text()
        yield from re.findall(rf"(?:\b_|ngettext)\(\s*{_STRING}", text)
        for table in re.findall(r"_\(\{(.*?)\}\[", text, re.DOTALL):
            yield from re.findall(rf": {_STRING}", table)
    for path in LOCALES.parent.glob("*.py"):
        yield from re.findall(rf"\b(?:_|mark)\({_STRING}\)", path.read_text())


def test_every_word_has_its_korean() -> None:
    """And keeps what is filled in."""
    korean = load_translations("ko", LOCALES)
    found = set(words())
    assert len(found) > 180

    for text in found:
        said = korean.ngettext(text, text, 2) if korean.gettext(text) == text else korean.gettext(text)
        assert said != text, text
        assert set(re.findall(r"%\(\w+\)s", said)) == set(re.findall(r"%\(\w+\)s", text)), text


def test_every_state_and_reason_has_its_words() -> None:
    """What the database holds never shows as a bare code; "sent" is not "delivered"."""
    assert {*DeliveryState, *Outcome} <= set(STATES)
    assert {*SkipReason, *Rejection} <= set(REASONS)
    assert STATES["sent"].text == "accepted by server"
    assert "delivered" not in " ".join(words())


@pytest.mark.parametrize(
    ("wanted", "tag", "title"),
    [("ko-KR,en;q=0.5", "ko-KR", "오늘"), ("fr, ko;q=0.5", "ko", "오늘"), ("fr", "en", "Today")],
)
def test_a_page_speaks_the_best_liked_language_it_has(admin: TestClient, wanted: str, tag: str, title: str) -> None:
    """Of those that the browser asks for."""
    answer = admin.get("/staff", headers={"accept-language": wanted})

    assert f'<html lang="{tag}"' in answer.text
    assert heading(answer) == title
