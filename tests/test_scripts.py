"""The scripts work from anywhere, mend what is broken, and say what is missing; Python itself is played."""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
SCRIPTS = sorted(path for path in (ROOT / "scripts").iterdir() if path.is_file() and path.suffix == "")

#: Plays an interpreter: answers checks, makes "environments" with itself inside, and notes what it was asked for.
PLAYED = """#!/usr/bin/env bash
echo "$PWD: $*" >> "$NOTES"
case $1 in
    -c) [[ $2 == *version_info* ]] && [ "${OLD:-}" = 1 ] && exit 1
        [[ $2 == *ensurepip* ]] && { [ "${BARE:-}" = 1 ] && exit 1; echo "$0"; }
        exit 0 ;;
    -I) takes=TAKES_$(basename "$0" | tr -dc a-z0-9); echo "${!takes:-20}" ;;
    -m) case $2 in
            venv) echo "${0##*/}" > "$HOME/made"; mkdir -p "$3/bin" && for name in python ruff mypy lint-imports; do cp "$0" "$3/bin/$name"; done ;;
            pip) [ "${OFFLINE:-}" = 1 ] && { echo "no network" >&2; exit 1; }; exit 0 ;;
        esac ;;
    *) exit 0 ;;
esac
"""


@pytest.fixture
def checkout(tmp_path):
    """Give a checkout with spaces in its path that holds only the scripts and pyproject.toml."""
    folder = tmp_path / "our news, 2026"
    shutil.copytree(ROOT / "scripts", folder / "scripts", ignore=shutil.ignore_patterns("__pycache__"))
    (folder / "pyproject.toml").write_text("[project]\n")
    return folder


@pytest.fixture(scope="module")
def tools(tmp_path_factory):
    """Give a folder with the programs of this machine, but no Python, and nothing that installs."""
    folder = tmp_path_factory.mktemp("tools")
    for program in (*Path("/usr/bin").iterdir(), *Path("/bin").iterdir()):
        if not program.name.startswith(("python", "apt", "npm")) and not (folder / program.name).exists():
            (folder / program.name).unlink(missing_ok=True)
            (folder / program.name).symlink_to(program)
    return folder


@pytest.fixture
def run(tmp_path, checkout, tools):
    """Give a function that runs a script with a played Python; it returns (status, stderr, what Python was asked)."""
    programs = tmp_path / "bin"
    programs.mkdir()
    python = programs / "python3"
    python.write_text(PLAYED)
    python.chmod(0o755)

    def call(*words, cwd=None, **environment):
        notes = tmp_path / "notes"
        notes.write_text("")
        done = subprocess.run(
            [str(word) for word in words],
            cwd=cwd or tmp_path,
            env={"PATH": f"{programs}:{tools}", "NOTES": str(notes), "HOME": str(tmp_path), **environment},
            capture_output=True,
            check=False,
        )
        return done.returncode, done.stderr.decode(), notes.read_text().splitlines()

    return call


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.name)
def test_every_script_is_sound_bash_and_says_what_it_does(script):
    """Those that are called may be called, and each begins with what it is for."""
    text = script.read_text()

    done = subprocess.run(["bash", "-n", script], capture_output=True, check=False)

    sourced = script.name == "environment"
    assert (done.returncode, done.stderr) == (0, b"")
    assert bool(script.stat().st_mode & stat.S_IXUSR) is not sourced
    assert text.startswith("# " if sourced else "#!/usr/bin/env bash\n# ")
    assert "set -euo pipefail" in text or "/environment" in text


@pytest.mark.parametrize("stands", ["in the checkout", "in scripts", "somewhere else"])
def test_a_script_works_from_wherever_it_is_called(run, checkout, tmp_path, stands):
    """The environment is the checkout's; a folder in the arguments is meant from where one stands."""
    here = {"in the checkout": checkout, "in scripts": checkout / "scripts", "somewhere else": tmp_path}[stands]

    script = os.path.relpath(checkout / "scripts" / "demo", here)

    status, err, asked = run("bash", script, "--once", cwd=here, CDPATH="/:..:.")

    assert status == 0, err
    assert (checkout / ".venv" / "bin" / "python").is_file()
    assert [line for line in asked if " -m pip install " in line] == [
        f"{checkout}: -m pip install --quiet --disable-pip-version-check --editable .[all]"
    ]
    assert asked[-1] == f"{here}: -P -m digest demo --once"


def test_a_script_called_through_a_relative_name_finds_the_others(run, checkout):
    """`cd scripts; ./test` runs the checks too."""
    status, err, asked = run("./test", "-k", "mail", cwd=checkout / "scripts")

    assert (status, "No such file" in err) == (0, False)
    assert any("-m pip install" in line and ".[dev]" in line for line in asked)
    assert f"{checkout}: scripts/check_templates.py" in asked
    assert asked[-1] == f"{checkout}: -m pytest --numprocesses 2 --dist loadfile --no-loadscope-reorder -k mail"


def test_the_second_time_nothing_is_installed(run, checkout):
    """Once is enough, also for a script that needs less than what is there."""
    run(checkout / "scripts" / "check")

    _, err, asked = run(checkout / "scripts" / "demo", "--once")

    assert err == ""
    assert not [line for line in asked if "pip install" in line]


def test_a_change_of_what_is_needed_is_installed(run, checkout):
    """After a pull, the next call brings the environment up to date."""
    run(checkout / "scripts" / "demo")
    (checkout / "pyproject.toml").write_text("[project]\ndependencies = []\n")

    _, err, asked = run(checkout / "scripts" / "demo")

    assert "Installing" in err
    assert len([line for line in asked if "pip install" in line]) == 1


def test_an_installation_that_failed_is_tried_again(run, checkout):
    """Without a network it ends there, and nothing pretends to be done."""
    first, err, asked = run(checkout / "scripts" / "demo", OFFLINE="1")
    second, _, again = run(checkout / "scripts" / "demo")

    assert (first, second) == (1, 0)
    assert "no network" in err
    assert not [line for line in asked if "digest demo" in line]
    assert len([line for line in again if "pip install" in line]) == 1


@pytest.mark.parametrize(
    "breaking",
    [
        pytest.param(lambda env: (env / "bin" / "python").unlink(), id="no interpreter"),
        pytest.param(lambda env: shutil.rmtree(env / "bin"), id="half made"),
        pytest.param(lambda env: (env / "bin" / "python").write_text("#!/bin/sh\nexit 1\n"), id="no pip, or too old"),
        pytest.param(lambda env: _broken_link(env / "bin" / "python"), id="its Python was removed"),
    ],
)
def test_a_broken_environment_is_made_anew(run, checkout, breaking):
    """Somebody pressed Ctrl-C in the middle, or the system's Python was replaced."""
    run(checkout / "scripts" / "demo")
    breaking(checkout / ".venv")

    status, err, asked = run(checkout / "scripts" / "demo")

    assert status == 0
    assert "anew" in err
    assert len([line for line in asked if " -m venv " in line]) == 1


def _broken_link(path):
    path.unlink()
    path.symlink_to("/nowhere/python3")


def test_a_checkout_that_was_moved_gets_a_new_environment(run, checkout):
    """The programs in the old one name the old folder."""
    run(checkout / "scripts" / "demo")
    moved = checkout.rename(checkout.with_name("elsewhere"))

    status, err, asked = run(moved / "scripts" / "demo")

    assert status == 0
    assert "belongs to another folder" in err
    assert [line for line in asked if " -m venv " in line] == [f"{moved}: -m venv {moved}/.venv"]


def test_an_environment_that_was_named_is_never_deleted(run, checkout, tmp_path):
    """DIGEST_VENV may be somebody's own; it is told, and left."""
    own = tmp_path / "my env"
    own.mkdir()
    (own / "thesis.txt").write_text("")

    status, err, _ = run(checkout / "scripts" / "demo", DIGEST_VENV=str(own))

    assert status == 1
    assert "name another" in err
    assert (own / "thesis.txt").exists()


@pytest.mark.parametrize(
    ("environment", "says"),
    [
        pytest.param({"BARE": "1"}, "apt install python3-venv", id="no ensurepip"),
        pytest.param({"OLD": "1"}, "Python 3.11 or newer is needed", id="too old"),
        pytest.param({"OLD": "1", "PYTHON": "/nowhere/python"}, "Python 3.11 or newer is needed", id="PYTHON is wrong"),
    ],
)
def test_a_python_that_will_not_do_is_told_and_nothing_else(run, checkout, environment, says):
    """What is missing and what to do; no half environment stays."""
    status, err, _ = run(checkout / "scripts" / "demo", **environment)

    assert status == 1
    assert says in err
    assert "not found" not in err
    assert len(err.splitlines()) <= 2
    assert not (checkout / ".venv").exists()


@pytest.mark.parametrize(
    ("takes", "chosen"),
    [
        pytest.param({"TAKES_python3": "30", "TAKES_python312": "20"}, "python3.12", id="half as long again"),
        pytest.param({"TAKES_python3": "22", "TAKES_python312": "20"}, "python3", id="nearly the same"),
        pytest.param({"TAKES_python3": "20", "TAKES_python312": "30"}, "python3", id="the first is the faster"),
        pytest.param({"TAKES_python3": "30", "PYTHON": "python3"}, "python3", id="named"),
    ],
)
def test_of_several_pythons_a_much_faster_one_is_taken(run, checkout, tmp_path, takes, chosen):
    """Builds differ by half; who names one gets that one."""
    shutil.copy(tmp_path / "bin" / "python3", tmp_path / "bin" / "python3.12")

    status, err, _ = run(checkout / "scripts" / "check", **takes)

    assert status == 0, err
    assert ("Using " in err) is (chosen != "python3")
    assert (tmp_path / "made").read_text() == f"{chosen}\n"


@pytest.mark.parametrize("name", ["nothing", "material", ""])
def test_a_bench_that_is_not_there_is_wrong_usage(run, checkout, name):
    """Status 2, with those there are; a module that benches share is none."""
    status, err, _ = run(checkout / "scripts" / "bench", name)

    assert status == 2
    names = "send|journal|late|plan|workers|splice|import|feedback|choose|stories|simulate|web|events"
    assert err.splitlines()[-1] == f"usage: scripts/bench {names} [options]"


def test_a_bench_is_a_module_of_the_checkout(run, checkout):
    """From there it finds what it shares with the others, and with the tests."""
    status, _, asked = run(checkout / "scripts" / "bench", "plan", "--runs", "1")

    assert (status, asked[-1]) == (0, f"{checkout}: -m scripts.benchmarks.plan --runs 1")


def test_the_checks_of_the_forge_are_the_tests():
    """One way to run them."""
    assert "exec scripts/test" in (ROOT / ".ci" / "run").read_text()
    assert os.access(ROOT / ".ci" / "run", os.X_OK)
