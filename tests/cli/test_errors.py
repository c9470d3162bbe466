"""What goes wrong is told in one line, with a status; what comes from outside never steers the terminal."""

from __future__ import annotations

import csv
import io
import json
import os
import shutil
import sqlite3
import sys
from contextlib import redirect_stdout
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import structlog

from digest.cli import main
from digest.cli.demo.catcher import Catcher
from digest.cli.screen import as_json, on_one_line, print_table, visible
from tests.cli.program import HEADER, NEWSLETTERS, TARIFF, Told
from tests.sink import Do, Sink

#: Clears the screen, renames the window, turns red, an 8-bit CSI, a backspace, a right-to-left override.
STEERING = "\x1b[2J\x1b]0;owned\x07\x1b[31m\x9b31m\x08\u202e"
HOSTILE = f"Tariff {STEERING} Truce"


@pytest.fixture
def program(tmp_path, monkeypatch, capfd):
    """Give a function that runs the command line in this process: `run` itself, in a folder of its own."""
    monkeypatch.chdir(tmp_path)
    for name in list(os.environ):
        if name.upper().startswith("DIGEST_"):
            monkeypatch.delenv(name)

    def run(*args):
        monkeypatch.setattr(sys, "argv", ["digest", *map(str, args)])
        capfd.readouterr()
        status = 0
        try:
            main.run()
        except SystemExit as ended:
            status = ended.code
        finally:
            structlog.reset_defaults()
        out, err = capfd.readouterr()
        return Told(status, out, err)

    return run


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """Make a folder with a newsletter, an article and a reader; nobody was sent anything."""
    folder = tmp_path_factory.mktemp("made")
    settings = {
        "SMTP_URL": "smtp://127.0.0.1:1?starttls=never",
        "BASE_URL": "http://127.0.0.1:8000",
        "SECRET_KEY": "k3y" * 12,
    }
    (folder / ".env").write_text("".join(f"DIGEST_{name}={value}\n" for name, value in settings.items()))
    (folder / "newsletters.toml").write_text(NEWSLETTERS)
    (folder / "tariff.txt").write_text(TARIFF)
    (folder / "readers.csv").write_text(f"{HEADER}ada@example.org,Ada,UTC,trade,00:00\n")
    before = Path.cwd()
    os.chdir(folder)
    try:
        for command in (
            "init",
            "newsletters apply newsletters.toml",
            "articles add tariff.txt",
            "subscribers import readers.csv --newsletter daily",
        ):
            with pytest.MonkeyPatch.context() as patch, redirect_stdout(io.StringIO()):
                patch.setattr(sys, "argv", ["digest", *command.split()])
                with pytest.raises(SystemExit) as ended:
                    main.run()
            assert ended.value.code == 0
    finally:
        os.chdir(before)
        structlog.reset_defaults()
    return folder


@pytest.fixture
def installation(program, made, tmp_path):
    """Give the program in a copy of that folder."""
    shutil.copytree(made, tmp_path, dirs_exist_ok=True)
    return program


def change(folder, statement, *values):
    connection = sqlite3.connect(folder / "var" / "digest.db")
    with connection:
        connection.execute(statement, values)
    connection.close()


def one_line(told, status=1):
    """Return the only line on stderr, after the name of the program."""
    assert told.status == status
    assert "Traceback" not in told.err
    (line,) = told.err.splitlines()
    assert line.startswith("digest: ")
    return line.removeprefix("digest: ")


def one_note(told):
    """Return the only line on stderr, a note of something that was done."""
    assert told.status == 0
    (line,) = told.err.splitlines()
    assert line.startswith("note: ")
    return line


# Status 1: it cannot be done


@pytest.mark.parametrize(
    ("command", "says"),
    [
        pytest.param("articles add nowhere.txt", "nowhere.txt: there is no such file or folder", id="no such article"),
        pytest.param("articles read nowhere", "nowhere: there is no such file", id="no such article to read"),
        pytest.param("articles show 99", "there is no article 99", id="no such id"),
        pytest.param("articles withdraw 99", "there is no article 99", id="no such id to withdraw"),
        pytest.param("newsletters apply nowhere.toml", "nowhere.toml cannot be read", id="no such newsletter file"),
        pytest.param("newsletters apply .", "cannot be read", id="a folder of newsletters"),
        pytest.param("newsletters apply tariff.txt", "tariff.txt", id="no newsletter file"),
        pytest.param("subscribers import readers.csv --newsletter x", "no newsletter 'x'", id="import into nothing"),
        pytest.param("subscribers export --newsletter x", "no newsletter 'x'", id="export of nothing"),
        pytest.param("subscribers show eve@example.org", "eve@example.org", id="an unknown reader"),
        pytest.param("subscribers erase eve@example.org --yes", "eve@example.org", id="an unknown reader to erase"),
        pytest.param("send x", "no newsletter 'x'", id="an unknown newsletter"),
        pytest.param("send x --dry-run", "no newsletter 'x'", id="an unknown newsletter to rehearse"),
        pytest.param("preview x --subscriber ada@example.org", "no newsletter 'x'", id="a preview of nothing"),
        pytest.param("preview daily --subscriber eve@example.org", "eve@example.org", id="a preview for nobody"),
        pytest.param(
            "preview daily --subscriber ada@example.org --output no/a.eml", "no/a.eml: No such file", id="no folder"
        ),
        pytest.param(
            "subscribers import readers.csv --newsletter daily --report no/r.csv", "no/r.csv: No such file", id="report"
        ),
        pytest.param("deliveries --edition x", "no newsletter 'x'", id="an unknown newsletter in the log"),
        pytest.param("deliveries --edition daily/1999-01-01", "no edition 'daily/1999-01-01'", id="an unknown edition"),
        pytest.param("deliveries --edition 99", "no edition with the id 99", id="an unknown edition's id"),
        pytest.param("deliveries --edition x --retry", "no newsletter 'x'", id="trying again what is not there"),
        pytest.param("attempts --edition x", "no newsletter 'x'", id="attempts for an unknown newsletter"),
        pytest.param(
            "attempts --edition daily/1999-01-01", "no edition 'daily/1999-01-01'", id="attempts for no edition"
        ),
        pytest.param("attempts --edition 99", "no edition with the id 99", id="attempts for no edition's id"),
        pytest.param("attempts 99", "there is no delivery 99", id="an unknown delivery"),
        pytest.param("demo --once --folder tariff.txt", "tariff.txt: File exists", id="a file as a folder"),
        pytest.param("serve --host 192.0.2.1 --port 0", "cannot listen on 192.0.2.1:0", id="not our address"),
    ],
)
def test_what_cannot_be_done_is_told_in_one_line(installation, command, says):
    """Status 1, no traceback, and the name of what is wrong."""
    assert says in one_line(installation(*command.split()))


def test_a_reader_who_would_get_nothing_is_no_blank_preview(installation, tmp_path):
    """The reason is said, and where there is more of it."""
    change(tmp_path, "UPDATE articles SET state = 'withdrawn'")

    told = installation("preview", "daily", "--subscriber", "ada@example.org", "--format", "html")

    assert "would get no mail: nothing new; see --format json" in one_line(told)


def test_every_wrong_setting_is_a_line(program, tmp_path):
    """All at once."""
    (tmp_path / ".env").write_text("DIGEST_SMTP_URL=mail\nDIGEST_SECRET_KEY=abc\n")

    told = program("send", "daily")

    assert told.status == 1
    assert [line.split()[1] for line in told.err.splitlines()] == [
        "DIGEST_SMTP_URL",
        "DIGEST_SECRET_KEY",
        "DIGEST_BASE_URL",
    ]


def test_lines_of_the_settings_file_that_are_no_settings_are_named(program, tmp_path):
    """File and line, and nothing of what stands there: it may be half a password."""
    (tmp_path / ".env").write_text("# mail\n\nDIGEST_POSTAL_ADDRESS=x\nhunter2 hunter3\n\nDIGEST_BASE_URL\n")

    told = program("articles", "list")

    assert told.status == 2
    assert [line.partition(" is ")[0] for line in told.err.splitlines()] == [
        "digest: .env: line 4",
        "digest: .env: line 6",
    ]
    assert "hunter" not in told.err


@pytest.mark.parametrize(
    ("make", "says"),
    [
        pytest.param(lambda path: path.mkdir(), "cannot be opened", id="a folder"),
        pytest.param(lambda path: path.write_bytes(b"not a database " * 100), "not an SQLite database", id="a letter"),
    ],
)
@pytest.mark.parametrize("command", ["articles list", "init"])
def test_a_database_that_is_none_is_told(program, tmp_path, monkeypatch, make, says, command):
    """Whatever command meets it first."""
    make(tmp_path / "digest.db")
    monkeypatch.setenv("DIGEST_DATABASE_URL", "sqlite:///digest.db")
    monkeypatch.setenv("DIGEST_SMTP_URL", "smtp://mail.example.org")
    monkeypatch.setenv("DIGEST_BASE_URL", "https://news.example.org")
    monkeypatch.setenv("DIGEST_SECRET_KEY", "k3y" * 12)

    assert says in one_line(program(*command.split()))


def test_a_mail_server_that_is_away_is_told_and_nothing_is_lost(installation, tmp_path, monkeypatch):
    """Status 1, within seconds; the next `digest send` goes on where this one stopped, without any wait."""
    from digest import app

    monkeypatch.setattr(app, "FIRST_CONTACT", 0.3)  # a person waits for ten seconds; tests do not

    told = installation("send", "daily", "--json")
    told_in_words = installation("send", "daily")
    with Catcher() as catcher:
        monkeypatch.setenv("DIGEST_SMTP_URL", catcher.smtp_url)
        again = installation("send", "daily", "--json")

    assert "127.0.0.1:1 is away (connect): Connection refused" in one_line(told)
    assert "DIGEST_SMTP_URL" in one_line(told)
    assert told.json["stopped_by"]
    assert "deferred" not in told.json
    assert told_in_words.out.endswith(": nothing sent.\n")
    assert (again.status, again.json["sent"], len(catcher.messages)) == (0, 1, 1)


@pytest.mark.parametrize(
    "command",
    [
        "articles list",
        "deliveries",
        "newsletters list",
        "newsletters apply newsletters.toml --dry-run",
        "preview daily --subscriber ada@example.org",
        "send daily",
        "send daily --dry-run",
        "serve",
    ],
)
def test_a_mistyped_database_is_told_and_not_made(installation, tmp_path, monkeypatch, command):
    """Nor is its folder: what only looks, or sends, makes none."""
    monkeypatch.setenv("DIGEST_DATABASE_URL", "sqlite:///vra/digest.db")

    told = installation(*command.split())

    assert one_line(told).startswith("no database at vra/digest.db; run: digest init")
    assert not (tmp_path / "vra").exists()


@pytest.mark.parametrize("command", ["newsletters apply newsletters.toml", "articles add tariffs.txt"])
def test_the_first_thing_that_comes_in_makes_the_database(installation, tmp_path, monkeypatch, command):
    """In the current folder, or one that is there; elsewhere the name may be mistyped."""
    (tmp_path / "tariffs.txt").write_text("Tariffs fall\n\nThe ministers agreed on Monday to let tariffs fall.\n")
    monkeypatch.setenv("DIGEST_DATABASE_URL", "sqlite:///fresh/digest.db")
    made = installation(*command.split())
    monkeypatch.setenv("DIGEST_DATABASE_URL", f"sqlite:///{tmp_path}/no/such/digest.db")
    told = installation(*command.split())

    assert made.status == 0
    assert (tmp_path / "fresh" / "digest.db").exists()
    assert one_line(told).startswith("no database at ")
    assert not (tmp_path / "no").exists()


READING = """
articles list
articles show 1
attempts 1
attempts
deliveries
newsletters list
preview daily --subscriber ada@example.org --format json
subscribers show ada@example.org
subscribers export --newsletter daily
"""


@pytest.mark.parametrize("folder_too", [False, True])
def test_who_may_only_read_the_database_reads_it(installation, tmp_path, monkeypatch, folder_too):
    """Commands that read work; one that writes names the file."""
    with Catcher() as catcher, monkeypatch.context() as patch:
        patch.setenv("DIGEST_SMTP_URL", catcher.smtp_url)
        assert installation("send", "daily").status == 0
    may = os.access

    def access(path, mode):
        kept = Path(path).name == "digest.db" or (folder_too and Path(path).name == "var")
        return may(path, mode) and not (kept and mode & os.W_OK)

    monkeypatch.setattr(os, "access", access)

    told = {command: installation(*command.split()) for command in READING.strip().splitlines()}
    writing = installation("articles", "withdraw", "1")

    assert {command: each.err for command, each in told.items() if each.status} == {}
    assert "var/digest.db cannot be used: this user may read but not write it" in one_line(writing)


# Status 2: wrong usage


@pytest.mark.parametrize(
    "command",
    [
        "",
        "nonsense",
        "send",
        "send daily --at yesterday",
        "send daily --at 0001-01-01T00:00+14:00",
        "send daily --at 9999-12-31T23:59Z",
        "send daily --at=",
        "preview daily --subscriber a@example.org --at 0001-01-01",
        "deliveries --since=",
        "articles show 99999999999999999999",
        "deliveries --state lost",
        "deliveries --limit many",
        "deliveries --limit -1",
        "deliveries --since soon",
        "deliveries --retry --limit 1",
        "attempts one",
        "attempts 0",
        "attempts --outcome superseded",
        "attempts --limit -1",
        "attempts --since soon",
        "preview daily",
        "preview daily --subscriber a@example.org --format pdf",
        "serve --port 70000",
        "serve --every 0.1",
        "subscribers import nowhere.csv --newsletter daily",
        "articles add",
        "articles list --limit 0",
    ],
)
def test_wrong_usage_ends_with_status_2(installation, command):
    """As every program's does; the last line says what was wrong."""
    told = installation(*command.split())

    assert told.status == 2
    assert "Traceback" not in told.err
    assert "Usage: " in told.err + told.out or told.err.startswith("Error: ")


def test_a_wrong_state_is_told_with_all_there_are(installation):
    """So that nobody has to look them up."""
    told = installation("deliveries", "--state", "lost")

    assert "in_doubt, skipped" in told.err.splitlines()[-1]


def test_a_number_that_is_none_is_told_in_our_words(installation):
    """And the limits with it."""
    told = installation("articles", "show", "abc")

    assert told.err.splitlines()[-1].endswith("'ID': 'abc' is not a whole number from 1 on")


def test_a_preview_as_text_has_the_subject_above(installation):
    """As a mail program shows it; the other formats are the mail itself."""
    told = installation("preview", "daily", "--subscriber", "ada@example.org")
    page = installation("preview", "daily", "--subscriber", "ada@example.org", "--format", "html")

    assert told.out.splitlines()[:4] == [
        "From: Example Press <digest@news.example.org>",
        "To: ada@example.org",
        "Subject: Tariff Truce Holds",
        "",
    ]
    assert "Subject:" not in page.out


def test_an_edition_of_the_future_is_sent_with_a_word(installation, monkeypatch):
    """A script may do so; who reads its log sees what happened."""
    day = f"{datetime.now(UTC) + timedelta(days=2):%Y-%m-%d}"
    with Catcher() as catcher:
        monkeypatch.setenv("DIGEST_SMTP_URL", catcher.smtp_url)
        told = installation("send", "daily", "--at", f"{day}T07:00Z")

    assert one_note(told).endswith(f"this sends what is due on {day} at 07:00 UTC")
    assert len(catcher.messages) == 1


def test_on_a_terminal_an_edition_of_the_future_is_asked_for(installation, monkeypatch):
    """No is the end of it."""
    monkeypatch.setattr("digest.cli.send.on_terminal", lambda: True)
    monkeypatch.setattr("typer.confirm", lambda *_args, **_more: False)

    told = installation("send", "daily", "--at", "2199-01-01T07:00Z")

    assert (told.status, told.out) == (1, "")
    assert "nothing was sent" in told.err


def test_ctrl_c_while_planning_says_that_nothing_was_sent(installation, monkeypatch):
    """Status 130, as of every program that was interrupted."""

    def interrupted(*_args, **_more):
        raise KeyboardInterrupt

    monkeypatch.setattr("digest.pipeline.planning.plan.plan_newsletter", interrupted)

    told = installation("send", "daily")

    assert one_line(told, 130) == "stopped while planning; nothing was sent. Run it again."


def test_ctrl_c_elsewhere_is_told_too(installation, monkeypatch):
    """Any command may be interrupted."""

    def interrupted(*_args, **_more):
        raise KeyboardInterrupt

    monkeypatch.setattr("digest.store.articles.list_articles", interrupted)

    told = installation("articles", "list")

    assert "interrupted" in one_line(told, 130)


def test_a_send_with_refusals_says_where_the_reasons_are(installation, monkeypatch):
    """A count alone helps nobody."""
    with Sink(lambda _recipient, _number: Do.NEVER) as sink:
        monkeypatch.setenv("DIGEST_SMTP_URL", f"smtp://127.0.0.1:{sink.port}?starttls=never")
        told = installation("send", "daily")

    assert "1 refused" in told.out
    assert one_note(told).endswith("digest deliveries --state refused")


@pytest.mark.parametrize("command", ["add", "read"])
def test_an_address_that_is_not_of_the_web_is_told_without_its_password(installation, command):
    """It is no file either, and nobody should look for one."""
    told = installation("articles", command, "ftp://me:hunter2@example.org/feed")

    assert told.status == 2
    assert told.err.splitlines()[-1].endswith("ftp:// addresses cannot be read, only http and https")
    assert "hunter2" not in told.err + told.out


def test_an_erasure_that_is_not_wished_ends_with_a_line_of_its_own(installation, monkeypatch):
    """The question does not stand before the answer's sentence."""
    monkeypatch.setattr(sys, "stdin", io.StringIO("n\n"))

    told = installation("subscribers", "erase", "ada@example.org")

    assert (told.status, told.err.splitlines()[-1]) == (1, "digest: nothing was erased")
    assert installation("subscribers", "show", "ada@example.org").status == 0


def test_who_asks_for_an_address_that_was_corrected_is_told_how_to_find_the_reader(installation):
    """The log knows where the mails went."""
    installation("subscribers", "correct", "ada@example.org", "ada@example.net")

    told = installation("subscribers", "show", "ada@example.org")

    assert "it was corrected; its mails: digest deliveries --address ada@example.org" in one_line(told)


@pytest.mark.parametrize(
    ("command", "next_step"),
    [
        pytest.param("deliveries", "digest send NEWSLETTER", id="deliveries"),
        pytest.param("attempts", "digest deliveries", id="attempts"),
    ],
)
def test_where_nothing_matches_the_next_step_is_told(installation, command, next_step):
    """And a program reads an empty list."""
    assert installation(command).out.strip().endswith(next_step)
    assert installation(command, "--json").json == []


def test_a_retry_of_nothing_says_why_and_tells_programs_too(installation):
    """A zero alone looks like a mistake."""
    told = installation("deliveries", "--retry")

    assert told.out.startswith("0 deliveries will be planned anew at the next send: none of them expired")
    assert installation("deliveries", "--retry", "--json").json == {"planned_anew": 0}


def test_a_newsletter_of_every_day_is_daily(installation):
    """Seven names of days say less."""
    assert "daily 07:00" in installation("newsletters", "list").out


# The terminal


def test_a_small_terminal_has_fewer_columns_and_whole_words(monkeypatch, capsys):
    """What does not fit is left out, never cut."""
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True, raising=False)
    monkeypatch.setenv("COLUMNS", "80")
    address = "a.rather.long.name.of.a.reader@news.example.org"

    print_table(["id", "address", "subject"], [["1", address, "Tariff"]], empty="", narrow=("id", "address"))

    shown = capsys.readouterr().out
    assert address in shown
    assert "subject" not in shown


@pytest.fixture
def hostile(installation, tmp_path):
    """Give an installation in which every text that came from outside steers terminals."""
    change(tmp_path, "UPDATE revisions SET content = json_set(content, '$.title', ?, '$.deck', ?)", HOSTILE, HOSTILE)
    with Catcher() as catcher:
        os.environ["DIGEST_SMTP_URL"] = catcher.smtp_url
        try:
            assert installation("send", "daily").status == 0
        finally:
            del os.environ["DIGEST_SMTP_URL"]
    change(tmp_path, "UPDATE attempts SET text = ?, server = ?", HOSTILE, HOSTILE)
    change(tmp_path, "UPDATE digests SET subject = ?, items = json_set(items, '$[0].title', ?)", HOSTILE, HOSTILE)
    change(tmp_path, "UPDATE subscribers SET name = ?", HOSTILE)
    change(tmp_path, "UPDATE newsletters SET spec = json_set(spec, '$.name', ?)", HOSTILE)
    (tmp_path / f"bad{STEERING}.txt".replace("/", "")).write_text("")
    return installation


PRINTING = """
articles list
articles list --json
articles list --search truce
articles show 1
articles show 1 --json
articles read .
articles read . --json
articles add . --json
newsletters list
newsletters list --json
newsletters apply newsletters.toml --dry-run
deliveries
deliveries --json
deliveries --csv
attempts 1
attempts 1 --json
attempts
attempts --json
attempts --csv
subscribers show ada@example.org
subscribers show ada@example.org --json
send daily --dry-run
send daily --dry-run --json
preview daily --subscriber ada@example.org
preview daily --subscriber ada@example.org --format json
"""


def test_nothing_that_came_from_outside_steers_the_terminal(hostile):
    """Escape sequences are spelled out, in tables, in errors, in JSON and in CSV."""
    steering = {letter for letter in STEERING if not letter.isprintable()}

    told = {command: hostile(*command.split()) for command in PRINTING.strip().splitlines()}

    assert {command: each.status for command, each in told.items() if each.status not in (0, 1)} == {}
    assert [command for command, each in told.items() if steering & set(each.out + each.err)] == []


def test_a_name_that_steers_comes_in_as_a_plain_one(installation, tmp_path):
    """So the export, which is data and printed as it is, has none either."""
    (tmp_path / "hostile.csv").write_text(f'{HEADER}eve@example.org,"Eve {STEERING}",UTC,trade,06:00\n', "utf-8")
    installation("subscribers", "import", "hostile.csv", "--newsletter", "daily")

    told = installation("subscribers", "export", "--newsletter", "daily")

    assert "eve@example.org,Eve " in told.out
    assert not {letter for letter in STEERING if not letter.isprintable()} & set(told.out)


def test_json_keeps_what_it_escapes(hostile):
    """A program that reads the JSON gets the text as it is."""
    (found,) = hostile("articles", "list", "--json").json

    assert found["title"] == HOSTILE


def test_a_spreadsheet_runs_nothing_of_the_log(hostile, tmp_path):
    """A title may be written for the person who opens the CSV (OWASP, CSV injection)."""
    change(tmp_path, "UPDATE digests SET subject = '=HYPERLINK(1)'")

    (row,) = csv.DictReader(io.StringIO(hostile("deliveries", "--csv").out))

    assert row["subject"] == "'=HYPERLINK(1)"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain, 한국어, العربية, 👩‍🚀", "plain, 한국어, العربية, 👩‍🚀"),
        ("\x1b[31m", "\\x1b[31m"),
        ("\x9b31m", "\\x9b31m"),
        ("a\x7fb\x00", "a\\x7fb\\x00"),
        ("\u202etxt.exe\u2066", "\\u202etxt.exe\\u2066"),
        ("\udcff", "\\udcff"),
        ("a\r\nb", "a\\x0d\nb"),
    ],
)
def test_what_steers_is_spelled_out_and_the_rest_stays(text, shown):
    """Every script is left as it is."""
    assert visible(text) == shown
    assert "\n" not in on_one_line(text)
    assert json.loads(as_json(text)) == text


def test_an_encoding_that_lacks_letters_ends_no_list(installation, tmp_path, monkeypatch):
    """A title in Korean on a Latin-1 terminal."""
    change(tmp_path, "UPDATE revisions SET content = json_set(content, '$.title', '관세 휴전')")
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(io.FileIO(os.dup(1), "w"), encoding="latin-1"))

    told = installation("articles", "show", "1")

    assert told.status == 0
    assert "\\uad00" in told.out
