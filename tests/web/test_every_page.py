"""Every page is among those that are looked at; none weighs much, and none asks another host for anything."""

from __future__ import annotations

import gzip
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from lxml import html as lxml_html
from starlette.testclient import TestClient

from digest.model.staff import Role
from digest.web.site import build_site
from tests.browser.every_page import NOT_PAGES, STAFF, fill, readers
from tests.house import House
from tests.sink import Sink
from tests.web.staff.test_gate import MATRIX
from tests.web.staff.visiting import enter

HOST = "https://news.example.org"
LIGHT = 150_000  #: bytes of a first load, compressed
#: What a browser fetches by itself, and what it sends to.
FETCHED = "//link/@href | //script/@src | //img/@src | //iframe/@src | //source/@src | //object/@data | //form/@action"


@pytest.fixture(scope="module")
def answers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    """Give each page's answer to an admin, by its path; files of ours too."""
    with Sink() as sink:
        house = House(tmp_path_factory.mktemp("pages"))
        house.newsletter()
        fill(house, sink)
        with TestClient(build_site(house.installation), base_url=HOST, follow_redirects=False) as client:
            enter(house, client, Role.ADMIN)
            paths = [*(f"/staff{path}" for path in STAFF), *(each.removeprefix(HOST) for each in readers(house))]
            found = {path: client.get(path) for path in paths}
            files = {file for page in found.values() if page.text for file in _fetched(page.text) if "/static/" in file}
            yield {**found, **{file: client.get(file) for file in files}}
        house.engine.dispose()


def _fetched(page: str) -> list[str]:
    return [str(each) for each in lxml_html.document_fromstring(page).xpath(FETCHED)]


def _is_foreign(address: str) -> bool:
    return address.startswith("//") or (":" in address and not address.startswith((f"{HOST}/", f"{HOST}?")))


def _pages(answers: dict[str, Any]) -> dict[str, Any]:
    return {path: answer for path, answer in answers.items() if "/static/" not in path and answer.text}


def test_every_address_of_a_page_is_looked_at(answers: dict[str, Any]) -> None:
    """By axe-core, by the checkers of scripts/check-pages and in the pictures; a new one fails until it is listed."""
    looked_at = [urlsplit(path).path for path in answers]
    missing = [
        path
        for (method, path), _ in MATRIX.items()
        if method == "GET"
        and path not in NOT_PAGES
        and not any(re.fullmatch(re.sub(r"\{[^}]+\}", "[^/]+", path), each) for each in looked_at)
    ]

    assert missing == []
    assert set(NOT_PAGES) <= {path for _, path in MATRIX}


def test_every_page_answers_as_it_should(answers: dict[str, Any]) -> None:
    """What is looked at is the page itself and no error page, but for the two that are meant to be one."""
    wrong = {path: page.status_code for path, page in answers.items() if page.status_code not in (200, 303)}

    assert wrong == {"/staff/nowhere": 404, "/nowhere": 404}


def test_no_page_asks_another_host_for_anything(answers: dict[str, Any]) -> None:
    """Whatever it fetches, and wherever its forms go to, is ours; so it is in its style sheets."""
    foreign = {
        path: [each for each in _fetched(page.text) if _is_foreign(each)] for path, page in _pages(answers).items()
    }
    sheets = [page.text for path, page in answers.items() if path.endswith((".css", ".js"))]

    assert {path: found for path, found in foreign.items() if found} == {}
    assert len(sheets) >= 4
    assert not any("url(" in text or "@import" in text or "http" in text for text in sheets)


def test_a_first_load_is_light(answers: dict[str, Any]) -> None:
    """A page with all its files, compressed, is 150 KB at most."""
    weights = {
        path: len(gzip.compress(page.content))
        + sum(len(gzip.compress(answers[file].content)) for file in {*_fetched(page.text)} if "/static/" in file)
        for path, page in _pages(answers).items()
    }

    assert {path: weight for path, weight in weights.items() if weight > LIGHT} == {}


def test_every_time_has_its_zone(answers: dict[str, Any]) -> None:
    """A day with an hour never stands without the zone that it is of."""
    bare = {}
    for path, page in _pages(answers).items():
        if not path.startswith("/staff") or "/templates" in path:
            continue
        shown = lxml_html.document_fromstring(page.text).xpath("string(//main)")
        times = re.finditer(r"\d{4}-\d\d-\d\d \d\d:\d\d[:.\d]*", shown)
        found = [each[0] for each in times if not re.match(r" (UTC|[A-Z]\w+/\w)", shown[each.end() :])]
        if found:
            bare[path] = found

    assert bare == {}


def test_the_pictures_of_the_docs_are_small_and_shown() -> None:
    """Six, each with a line in docs/pages.md."""
    docs = Path(__file__).parents[2] / "docs"
    pictures = sorted((docs / "pictures").glob("*.png"))

    assert len(pictures) == 6
    assert all(each.stat().st_size <= LIGHT for each in pictures)
    assert all(f"](pictures/{each.name})" in (docs / "pages.md").read_text() for each in pictures)
