"""Help: every command and option explains itself, at once; README and `.env.example` tell no stories."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
import time
from pathlib import Path

import pytest
import typer.main

from digest.cli.main import app, app_for
from digest.settings import Settings

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text("utf-8")
#: What each of these costs at every start is more than all of `--help`.
HEAVY = (
    "sqlalchemy", "alembic", "premailer", "lxml", "cssutils", "fastapi", "uvicorn", "jinja2", "babel", "rich",
    "pydantic_settings", "structlog", "aiosmtplib", "httpx", "trafilatura", "apscheduler", "asyncio",
)  # fmt: skip


def commands(group=None, path=()):
    """Give (words, command) of every command."""
    group = group or typer.main.get_command(app)
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from commands(command, (*path, name))
        else:
            yield (*path, name), command


COMMANDS = dict(commands())


def help_of(name, command):
    """Return the help of a command and of those below it."""
    below = [help_of(f"{name} {word}", one) for word, one in getattr(command, "commands", {}).items()]
    return command.get_help(typer.Context(command, info_name=name)), below


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_every_command_and_every_option_explains_itself(words):
    """A sentence for the list of commands, and words beside each option and argument."""
    command = COMMANDS[words]

    # Longer ones are cut in the list of commands, on a terminal of 80 columns.
    assert 10 < len(command.help.split("\n")[0].split(". ")[0]) <= 64
    silent = [parameter.name for parameter in command.params if not getattr(parameter, "help", "")]
    assert silent == []
    ugly = [each.name for each in command.params if getattr(each, "is_flag", False) is False and not each.metavar]
    assert ugly == []


def test_a_command_is_the_same_when_only_it_is_made():
    """Whose name nobody knows, and what begins with an option, is for the whole program to answer."""
    whole = typer.main.get_command(app)

    for name, command in whole.commands.items():
        only = typer.main.get_command(app_for([name, "--json"])).commands
        assert list(only) == [name]
        assert help_of(name, only[name]) == help_of(name, command)
    assert [app_for(words) for words in ([], ["--version"], ["artcles"])] == [app, app, app]


def test_the_whole_help_fits_a_terminal():
    """No line is cut, and none is wider than 80 columns."""
    done = subprocess.run([sys.executable, "-m", "digest", "--help"], cwd=ROOT, capture_output=True, check=True)

    shown = done.stdout.decode()
    assert "..." not in shown.replace("[ARGS]...", "")
    assert max(len(line) for line in shown.splitlines()) <= 80
    assert {words[0] for words in COMMANDS} <= set(shown.split())


def test_help_loads_nothing_heavy():
    """The modules of the commands are there, the libraries behind them are not."""
    code = (
        "import sys, digest.cli.main as main\n"
        "sys.argv = ['digest', '--help']\n"
        "try:\n main.run()\nexcept SystemExit: pass\n"
        "print('LOADED', *sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, check=True)

    loaded = set(done.stdout.decode().rpartition("LOADED")[2].split())
    assert "digest.cli.deliveries" in loaded
    assert sorted(loaded & set(HEAVY)) == []


def test_help_takes_no_longer_than_starting_python_with_typer_and_a_little(tmp_path):
    """The goal is half a second on a quiet machine; this compares, so that a busy one says the same."""
    environment = {"PYTHONPYCACHEPREFIX": str(tmp_path), "PYTHONPATH": str(ROOT), "PATH": "/usr/bin:/bin"}

    def fastest(*args):
        times = []
        for _ in range(4):
            before = time.perf_counter()
            subprocess.run([sys.executable, *args], cwd=tmp_path, env=environment, capture_output=True, check=True)
            times.append(time.perf_counter() - before)
        return min(times)

    alone = fastest("-c", "import typer.main, typer.core")
    ours = fastest("-m", "digest", "--help")

    assert ours <= max(1.0, 5 * alone)


@pytest.mark.parametrize(
    "line",
    sorted({line.strip() for line in re.findall(r"^\s*(?:\w.* && )?(digest [a-z].*)$", README, re.MULTILINE)}),
)
def test_each_line_of_the_readme_is_a_command_that_parses(line, tmp_path, monkeypatch):
    """What somebody copies from the README is understood."""
    monkeypatch.chdir(tmp_path)
    words = shlex.split(line, comments=True)[1:]
    for word in words:
        if word.endswith((".csv", ".toml")):
            Path(word).touch()
    command = typer.main.get_command(app)
    while hasattr(command, "commands"):
        command = command.commands[words.pop(0)]

    context = command.make_context("digest", words)

    assert context.args == []


def test_the_readme_names_only_commands_there_are():
    """In its text and its table; "a|b" are several, and a group stands for its commands."""
    named = set()
    for text in re.findall(r"`digest ([^`]+)`", README):
        choices = [part.split("|") for part in text.replace("\\|", "|").split()[:2]]
        named |= {
            (first, *rest)
            for first in choices[0]
            for rest in ([[each] for each in choices[1]] if choices[1:] else [[]])
        }

    known = set(COMMANDS) | {words[:1] for words in COMMANDS}
    assert {words for words in named if words not in known and words[:1] not in set(COMMANDS)} == set()
    assert {words[:1] for words in COMMANDS} - {words[:1] for words in named} <= {("init",), ("demo",)}


def test_the_example_of_the_settings_lists_exactly_those_there_are():
    """A setting that nobody can find is none; each stands under a line that explains it."""
    text = (ROOT / ".env.example").read_text("utf-8")
    blocks = [block for block in text.split("\n\n") if "DIGEST_" in block]
    listed = re.findall(r"^(DIGEST_[A-Z0-9_]+)=", text, re.MULTILINE)

    assert listed == list(dict.fromkeys(listed))
    assert set(listed) == {f"DIGEST_{name.upper()}" for name in Settings.model_fields}
    assert [block for block in blocks if not block.lstrip().startswith("#")] == []


def test_the_example_holds_once_the_blanks_are_filled_in(tmp_path, monkeypatch):
    """`cp .env.example .env`, then mail server, address and key."""
    from digest.settings import SENDING, read_settings

    for name in Settings.model_fields:
        monkeypatch.delenv(f"DIGEST_{name.upper()}", raising=False)
    text = (ROOT / ".env.example").read_text("utf-8").replace("SECRET_KEY=\n", f"SECRET_KEY={'k3y' * 12}\n", 1)
    (tmp_path / ".env").write_text(text)

    found = read_settings(needs=SENDING, env_file=tmp_path / ".env")

    defaults = {name: field.default for name, field in Settings.model_fields.items()}
    differ = {name for name, value in defaults.items() if getattr(found, name) != value}
    assert differ == {"smtp_url", "base_url", "secret_key"}
