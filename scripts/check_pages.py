"""Every page, in English and Korean, against the Nu HTML checker and html-validate; what it may say is listed."""

from __future__ import annotations

import argparse
import re
import sys
import tempfile
from pathlib import Path

from starlette.testclient import TestClient

from digest.model.staff import Role
from digest.web.site import build_site
from scripts.check_mail import fetched_with_npm, html_validate, vnu
from tests.browser.every_page import STAFF, fill, readers
from tests.house import House
from tests.sink import Sink
from tests.web.staff.visiting import enter

HOST = "https://news.example.org"
#: Rules of html-validate that are left out, and why.
NOT_OF_PAGES = {
    "doctype-style": "either case is HTML",
    "no-implicit-close": "HTML closes options and items by itself",
    "no-implicit-button-type": "a button that says nothing sends its form, which is meant",
    "no-implicit-input-type": "an input that says nothing takes text, which is meant",
    "form-dup-name": "boxes of one name are a list",
    "prefer-native-element": "a table that scrolls is a region, and no section of the text",
}


def write_pages(folder: Path) -> list[str]:
    """Write each page into *folder*; return their names."""
    with tempfile.TemporaryDirectory() as state, Sink() as sink:
        house = House(Path(state))
        house.newsletter()
        fill(house, sink)
        names = []
        site = build_site(house.installation)
        with TestClient(site, base_url=HOST, follow_redirects=False) as client:
            enter(house, client, Role.ADMIN)
            for locale in ("en", "ko"):
                for path in (*(f"/staff{each}" for each in STAFF), *readers(house)):
                    # The door is shown to those who are not signed in.
                    who = TestClient(site, base_url=HOST) if path == "/staff/sign-in" else client
                    answer = who.get(path.removeprefix(HOST), headers={"accept-language": locale})
                    short = re.sub(r"[^a-z0-9]+", "-", path.removeprefix(HOST).lower()).strip("-")[:60] or "home"
                    names.append(f"{short}.{locale}")
                    (folder / f"{names[-1]}.html").write_text(answer.text, "utf-8")
        house.engine.dispose()
    return names


def main() -> None:
    """Check, tell, and end with status 1 when something is wrong."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--keep", type=Path, metavar="FOLDER", help="write the pages there, and leave them")
    asked.add_argument("--modules", type=Path, metavar="FOLDER", help="node_modules that has vnu-jar and html-validate")
    given = asked.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = given.keep or Path(temporary) / "pages"
        folder.mkdir(parents=True, exist_ok=True)
        names = write_pages(folder)
        modules = given.modules or fetched_with_npm(Path(temporary))
        outcomes = [vnu(folder, names, modules), html_validate(folder, names, modules, NOT_OF_PAGES)]
    for each in outcomes:
        print(f"{each.program}: {f'skipped: {each.skipped}' if each.skipped else f'{len(names)} pages, {each.figure}'}")
        print("".join(f"  {line}\n" for line in each.wrong[:60]), end="")
    sys.exit(any(each.wrong for each in outcomes))


if __name__ == "__main__":
    main()
