"""What is installed is whole, holds nothing else, and needs what it says."""

from __future__ import annotations

import ast
import email.parser
import os
import re
import subprocess
import sys
import tomllib
import zipfile
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

import digest

ROOT = Path(__file__).resolve().parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
#: Modules that come with an extra; the core must do without them.
EXTRAS = (
    "fastapi",
    "uvicorn",
    "starlette",
    "feedparser",
    "httpx",
    "yaml",
    "trafilatura",
    "aiosmtpd",
    "uvloop",
    "cryptography",
    "argon2",
)


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """Build the wheel of this checkout."""
    pytest.importorskip("hatchling", reason="hatchling comes with the extra dev")
    folder = tmp_path_factory.mktemp("wheel")
    done = subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", folder],
        cwd=ROOT,
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr.decode()
    (built,) = folder.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def names(wheel):
    with zipfile.ZipFile(wheel) as archive:
        return set(archive.namelist())


@pytest.fixture(scope="module")
def installed(wheel, tmp_path_factory):
    """Give the folder that the wheel was unpacked into; importing needs no more."""
    folder = tmp_path_factory.mktemp("site-packages")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder)
    return folder


def python(installed, code, cwd):
    """Run *code* with the unpacked wheel before everything else."""
    environment = {name: value for name, value in os.environ.items() if not name.upper().startswith("DIGEST_")}
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=cwd,
        env={**environment, "PYTHONPATH": str(installed)},
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout.decode().strip()


def files_under(folder, *endings):
    """Return the paths of the checkout's files under *folder* with one of these endings, as the wheel names them."""
    return {
        path.relative_to(ROOT).as_posix()
        for path in (ROOT / folder).rglob("*")
        if path.is_file() and path.suffix in endings and "__pycache__" not in path.parts
    }


def test_every_module_and_every_file_it_reads_is_inside(names):
    """Code, catalogues, markers, samples, pages, migrations."""
    expected = files_under("digest", ".py", ".po", ".toml", ".txt", ".html", ".css", ".mako", ".typed")

    assert len(expected) > 100
    assert expected - names == set()
    assert {"digest/py.typed", "digest/collection/markers.toml", "digest/web/static/pages.css"} <= names
    assert {
        f"digest/rendering/locales/{each}/LC_MESSAGES/digest.po" for each in ("en", "ko", "ja", "ar", "de", "fr", "es")
    } <= names
    assert any(name.startswith("digest/store/migrations/versions/0001") for name in names)
    assert len([name for name in names if name.startswith("digest/cli/demo/articles/")]) >= 12


def test_the_folders_that_people_edit_are_inside_too(names):
    """They lie beside the package in a checkout and in it once installed."""
    expected = {
        f"digest/{name}" for folder in ("templates", "subscribers") for name in files_under(folder, ".html", ".txt", ".toml", ".csv", ".md")
    }  # fmt: skip

    assert {"digest/subscribers/example.toml", "digest/subscribers/readers.example.csv"} <= expected
    assert expected - names == set()


def test_nothing_else_is_inside(names):
    """No tests, no caches, no settings, no scratch files."""
    dist_info = f"digest_sender-{digest.__version__}.dist-info/"
    strange = {
        name
        for name in names
        if not name.startswith(("digest/", dist_info))
        or re.search(
            r"(^|/)(tests?|__pycache__|\.[^/]+|var|node_modules)(/|$)|\.(pyc|pyo|db|env|log|mo|orig|rej)$", name
        )
    }

    assert strange == set()
    assert {name.removeprefix(dist_info) for name in names if name.startswith(dist_info)} == {
        "METADATA",
        "RECORD",
        "WHEEL",
        "entry_points.txt",
        "licenses/LICENSE",
    }


def test_the_unpacked_wheel_finds_its_own_folders(installed, tmp_path):
    """Not those of a checkout that happens to be near."""
    found = python(
        installed,
        "from digest.shipped import shipped_folder\n"
        "print(shipped_folder('templates'), shipped_folder('subscribers'), sep='\\n')",
        tmp_path,
    )

    assert found.splitlines() == [str(installed / "digest" / name) for name in ("templates", "subscribers")]


def test_the_unpacked_wheel_makes_a_database_and_reads_an_article(installed, tmp_path):
    """Migrations, markers and templates work from there."""
    (tmp_path / "a.txt").write_text(
        "Harbour Opens\n\nShips wait no longer.\n\nThe first ferry left at noon, it was said.\n"
    )

    found = python(
        installed,
        "import sys\nfrom digest.cli.main import run\nsys.argv = ['digest', 'articles', 'add', 'a.txt']\nrun()",
        tmp_path,
    )

    assert found == "1 added"
    assert (tmp_path / "var" / "digest.db").is_file()


def test_the_core_works_without_any_extra(installed, tmp_path):
    """Who reads plain text and sends by cron installs a light program."""
    (tmp_path / "a.txt").write_text(
        "Harbour Opens\n\nShips wait no longer.\n\nThe first ferry left at noon, it was said.\n"
    )
    (tmp_path / "a.html").write_text("<!doctype html><title>Harbour</title><p>Ships wait no longer, it was said.</p>")
    code = f"""
import sys
for name in {EXTRAS!r}:
    sys.modules[name] = None
from digest.cli.main import run
for words in (["articles", "add", "a.txt"], ["articles", "add", "a.html"], ["serve"], ["demo", "--once"]):
    sys.argv = ["digest", *words]
    sys.stderr = sys.stdout
    try:
        run()
    except SystemExit as ended:
        print("status", ended.code)
import digest.pipeline.delivering.dispatch, digest.pipeline.previewing.preview
"""

    lines = python(installed, code, tmp_path).splitlines()

    assert lines[:2] == ["1 added", "status 0"]
    assert [line for line in lines if "Traceback" in line] == []
    assert len([line for line in lines if line == "status 1"]) == 3
    assert len([line for line in lines if "pip install 'digest-sender[" in line]) == 3


def test_every_library_that_is_imported_is_asked_for():
    """What only happens to be installed here is missing elsewhere."""
    wanted = PROJECT["dependencies"] + [each for extra in PROJECT["optional-dependencies"].values() for each in extra]
    asked = {re.split(r"[\[<>=~;! ]", each)[0].lower().replace("_", "-") for each in wanted}
    where = packages_distributions()
    missing = {
        (path.relative_to(ROOT).as_posix(), root)
        for path in (ROOT / "digest").rglob("*.py")
        for root in _imported(path)
        if root not in sys.stdlib_module_names
        and root != "digest"
        and not {each.lower().replace("_", "-") for each in where.get(root, ["?"])} & asked
    }

    # Starlette is what FastAPI is made of, and its version is FastAPI's to choose; so it is with Pydantic and its core.
    assert {each for each in missing if each[1] not in ("starlette", "pydantic_core")} == set()


def _imported(path):
    """Return the first names of the modules that the code of *path* imports, anywhere in it."""
    tree = ast.parse(path.read_text("utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and not node.level and node.module:
            yield node.module.partition(".")[0]


def test_the_metadata_says_what_it_is(wheel):
    """Name, version, licence, the oldest Python, the command, and all extras in `all`."""
    with zipfile.ZipFile(wheel) as archive:
        (about,) = [name for name in archive.namelist() if name.endswith("METADATA")]
        metadata = email.parser.HeaderParser().parsestr(archive.read(about).decode())
        (points,) = [name for name in archive.namelist() if name.endswith("entry_points.txt")]
        command = archive.read(points).decode()

    assert (metadata["Name"], metadata["Version"]) == ("digest-sender", digest.__version__)
    assert (metadata["License-Expression"], metadata["Requires-Python"]) == ("MIT", ">=3.11")
    assert "digest = digest.cli.main:run" in command
    everything = PROJECT["optional-dependencies"]["all"][0]
    assert all(extra in everything for extra in PROJECT["optional-dependencies"] if extra not in ("all", "dev"))
    assert not metadata.get_payload().startswith("UNKNOWN")
