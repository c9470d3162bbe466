"""Every shipped mail against SpamAssassin, the Nu HTML checker and html-validate; what each may say is listed here."""

from __future__ import annotations

import argparse
import json
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path

from digest.rendering.lint.letter import Letter
from tests.rendering.lint.clean import LETTERS, LOCALES, NOW, TEMPLATES, letter, shipped

HIGHEST = 0.5  #: SpamAssassin's score
#: Rules of SpamAssassin that say nothing against a mail: it has HTML, is of a list, and was never on a network.
ALLOWED = frozenset({
    "HTML_MESSAGE", "MAILING_LIST_MULTI", "NO_RELAYS", "NO_RECEIVED", "HTML_IMAGE_RATIO_02", "HTML_IMAGE_RATIO_04",
    "HTML_IMAGE_RATIO_06", "HTML_IMAGE_RATIO_08",
})  # fmt: skip
#: Rules of html-validate that are about pages and not about mail, and why each is left out.
NOT_OF_MAIL = {
    "no-deprecated-attr": "old programs know align, bgcolor, border and width as attributes only",
    "no-inline-style": "mail programs drop style sheets",
    "prefer-tbody": "layout tables have no parts",
    "no-conditional-comment": "Word draws what Outlook on Windows shows",
    "prefer-native-element": "<article> is dropped by mail programs, its role is not",
}
_STATUS = re.compile(rb"^X-Spam-Status: \w+, score=(-?[\d.]+) [^\n]*?tests=(.*?)\s+autolearn", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Outcome:
    """What a program said: `skipped` is why it did not run, `wrong` what it found, `figure` what it came to."""

    program: str
    skipped: str = ""
    wrong: tuple[str, ...] = ()
    figure: str = ""


def mails() -> Iterator[tuple[str, bytes]]:
    """Give name and bytes of every shipped mail."""
    for locale in LOCALES:
        yield from ((f"{template}.{locale}", shipped(template, locale)) for template in TEMPLATES)
        yield from ((f"{template}.{locale}", letter(template, locale)) for template in LETTERS)


def write_mails(folder: Path) -> list[str]:
    """Write each mail, and its HTML beside it, into *folder*; return their names."""
    names = []
    for name, raw in mails():
        (folder / f"{name}.eml").write_bytes(raw)
        (folder / f"{name}.html").write_text(Letter(raw, NOW).html, "utf-8")
        names.append(name)
    return names


def spamassassin(folder: Path, names: list[str]) -> Outcome:
    """Return its scores and rules, without network and without what it learnt."""
    program = shutil.which("spamassassin")
    if program is None:
        return Outcome("SpamAssassin", skipped="not installed (Debian: spamassassin)")
    still = ["-L", "-t", "-x", "--cf=use_bayes 0", "--cf=dns_available no"]
    done = subprocess.run(
        [program, *still, *(f"{name}.eml" for name in names)], cwd=folder, capture_output=True, check=False
    )
    found = _STATUS.findall(done.stdout)
    if len(found) != len(names):
        return Outcome(
            "SpamAssassin", wrong=(f"{len(found)} of {len(names)} mails were looked at: {done.stderr[-300:]!r}",)
        )
    wrong = []
    for name, (score, rules) in zip(names, found, strict=True):
        others = {each.strip().decode() for each in rules.split(b",")} - ALLOWED
        if float(score) > HIGHEST or others:
            wrong.append(f"{name}: {float(score)} by {', '.join(sorted(others)) or 'what is allowed'}")
    return Outcome(
        "SpamAssassin", wrong=tuple(wrong), figure=f"score at most {max(float(score) for score, _ in found)}"
    )


def vnu(folder: Path, names: list[str], modules: Path) -> Outcome:
    """Return the errors of the Nu HTML checker."""
    jar, java = modules / "vnu-jar" / "build" / "dist" / "vnu.jar", shutil.which("java")
    if java is None or not jar.is_file():
        return Outcome("vnu", skipped="no Java" if java is None else "npm has no vnu-jar here")
    pages = [f"{name}.html" for name in names]
    done = subprocess.run(
        [java, "-jar", str(jar), "--errors-only", "--format", "json", "--stdout", *pages], cwd=folder,
        capture_output=True, check=False,
    )  # fmt: skip
    found = json.loads(done.stdout)["messages"]
    wrong = (f"{Path(each['url']).name}:{each.get('lastLine', 0)}: {each['message']}" for each in found)
    return Outcome("vnu", wrong=tuple(dict.fromkeys(wrong)), figure=f"{len(found)} errors")


def html_validate(folder: Path, names: list[str], modules: Path, without: Collection[str] = NOT_OF_MAIL) -> Outcome:
    """Return what html-validate finds, accessibility included; rules *without* are left out."""
    program = modules / ".bin" / "html-validate"
    if not program.exists():
        return Outcome("html-validate", skipped="npm has no html-validate here")
    rules = dict.fromkeys(without, "off")
    settings = {"root": True, "extends": ["html-validate:recommended", "html-validate:a11y"], "rules": rules}
    (folder / ".htmlvalidate.json").write_text(json.dumps(settings))
    pages = [f"{name}.html" for name in names]
    # Into a file: of much that goes to a pipe it ends before the last of it is out.
    subprocess.run([str(program), "-f", "json=told.json", *pages], cwd=folder, capture_output=True, check=False)
    told = json.loads((folder / "told.json").read_text())
    found = [(Path(page["filePath"]).name, each) for page in told for each in page["messages"]]
    wrong = (f"{page}:{each['line']}: {each['ruleId']}: {each['message']}" for page, each in found)
    return Outcome("html-validate", wrong=tuple(wrong), figure=f"{len(found)} findings")


def fetched_with_npm(folder: Path) -> Path:
    """Return the folder of vnu-jar and html-validate, fetched into *folder*; empty where that is not possible."""
    if npm := shutil.which("npm"):
        asked = ["install", "--silent", "--ignore-scripts", "--no-audit", "--no-fund", "--prefix", str(folder)]
        subprocess.run([npm, *asked, "vnu-jar", "html-validate"], check=False, capture_output=True)
    return folder / "node_modules"


def main() -> None:
    """Check, tell, and end with status 1 when something is wrong."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--keep", type=Path, metavar="FOLDER", help="write the mails there, and leave them")
    given = asked.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = given.keep or Path(temporary) / "mails"
        folder.mkdir(parents=True, exist_ok=True)
        names = write_mails(folder)
        modules = fetched_with_npm(Path(temporary))
        outcomes = [spamassassin(folder, names), vnu(folder, names, modules), html_validate(folder, names, modules)]
    for each in outcomes:
        print(f"{each.program}: {f'skipped: {each.skipped}' if each.skipped else f'{len(names)} mails, {each.figure}'}")
        print("".join(f"  {line}\n" for line in each.wrong[:40]), end="")
    sys.exit(any(each.wrong for each in outcomes))


if __name__ == "__main__":
    main()
