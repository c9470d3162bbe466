"""`digest doctor`: a line for everything, and exit status 1 when something fails."""

from __future__ import annotations

import sys

import pytest

from digest.cli import doctor
from digest.cli.demo.catcher import Catcher
from tests.cli.program import NEWSLETTERS, Program

KEY = "9f31c6a7e80d2b54f1a6d07be3128c5a4f96e21b"


@pytest.fixture
def installed(program: Program, catcher: Catcher) -> Program:
    """Give the program, configured and with a newsletter, its `.env` for its user only."""
    program.configure(catcher.smtp_url, SECRET_KEY=KEY)
    (program.folder / ".env").chmod(0o600)
    program.write("newsletters.toml", NEWSLETTERS)
    program.run("init")
    assert program.run("newsletters", "apply", "newsletters.toml").status == 0
    return program


def test_an_empty_folder_is_told_all_that_is_missing_at_once(tmp_path) -> None:
    """Status 1; nothing is made by looking."""
    told = Program(tmp_path).run("doctor", "--offline")

    assert told.status == 1
    assert told.err == ""
    for missing in ("DIGEST_SMTP_URL is not set", "DIGEST_BASE_URL is not set", "DIGEST_SECRET_KEY is not set"):
        assert f"fail settings: {missing}" in told.out
    assert "fail database: no database at var/digest.db\n     run: digest init" in told.out
    assert list(tmp_path.iterdir()) == []


def test_settings_that_cannot_be_read_are_all_told(tmp_path) -> None:
    """A wrong address beside a wrong number; the clock is looked at all the same."""
    program = Program(tmp_path)
    program.configure("http://mail", SMTP_CONNECTIONS="many")

    told = program.run("doctor", "--offline", "--json")

    assert told.status == 1
    said = [each["says"] for each in told.json["lines"] if each["check"] == "settings"]
    assert [line.split()[0] for line in said] == ["DIGEST_SMTP_URL", "DIGEST_SMTP_CONNECTIONS"]
    assert "clock" in {each["check"] for each in told.json["lines"]}


def test_an_installation_in_order_ends_well(installed: Program, catcher: Catcher) -> None:
    """Status 0; the mail server is asked and gets no mail; warnings say what cannot be known here."""
    told = installed.run("doctor", "--json")

    lines = told.json["lines"]
    assert told.status == 0, [each for each in lines if each["verdict"] == "fail"]
    assert told.json["fail"] == 0
    assert told.json["ok"] + told.json["warn"] == len(lines)
    by_check = {each["check"]: each for each in lines}
    assert by_check["migrations"]["verdict"] == "ok"
    assert by_check["database pragmas"]["verdict"] == "ok"
    assert by_check["database integrity"]["verdict"] == "ok"
    assert by_check["one click"]["verdict"] == "warn"  # nobody serves
    assert by_check["dns"]["verdict"] == "warn"  # news.example.org
    assert [each for each in lines if each["check"].startswith("smtp ")]
    assert all(each["remedy"] for each in lines if each["verdict"] != "ok")
    assert not catcher.messages


def test_a_file_of_secrets_that_everybody_reads_is_a_failure(installed: Program) -> None:
    """Where others get as far as that; the secret itself is never told."""
    env = installed.folder / ".env"
    env.chmod(0o644)

    told = installed.run("doctor", "--offline")

    assert KEY not in told.out
    reachable = all(folder.stat().st_mode & 0o001 for folder in env.absolute().parents)
    assert (f"chmod 600 {env.name}" in told.out) == reachable
    assert told.status == int(reachable)


def test_without_the_library_for_dns_one_line_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    """And nothing else is missing for it."""
    monkeypatch.setitem(sys.modules, "digest.delivery.dns", None)

    instruments = doctor._instruments(offline=False)

    assert instruments.resolver is None
    assert "pip install 'digest-sender[dns]'" in instruments.no_resolver
    assert instruments.post is not None


def test_no_mail_server_is_a_failure(installed: Program) -> None:
    """And --offline does not ask."""
    installed.configure("smtp://127.0.0.1:9?starttls=never", SECRET_KEY=KEY)
    (installed.folder / ".env").chmod(0o600)

    told, offline = installed.run("doctor"), installed.run("doctor", "--offline")

    assert told.status == 1
    assert "fail smtp 127.0.0.1:9: connect: " in told.out
    assert offline.status == 0
    assert "smtp" not in offline.out


def test_the_records_to_publish_are_printed(installed: Program) -> None:
    """For the sender of the newsletter, as a zone file and for programs; without a newsletter it says what to do."""
    told, listed = installed.run("doctor", "--dns"), installed.run("doctor", "--dns", "--json")

    assert (told.status, listed.status) == (0, 0)
    assert 'TXT "v=DMARC1; p=none; rua=mailto:dmarc@' in told.out
    assert {each["type"] for each in listed.json} == {"TXT", "MX"}


def test_a_received_mail_is_looked_at(installed: Program) -> None:
    """Status 1, as nobody signed it; each line has its remedy."""
    file = installed.folder / "mail.eml"
    file.write_bytes(b"From: The Press <press@news.example.org>\r\nSubject: News\r\n\r\nGood morning.\r\n")

    told = installed.run("doctor", "mail.eml", "--offline", "--json")

    assert told.status == 1
    assert {"dkim", "one click"} <= {each["check"] for each in told.json["lines"] if each["verdict"] == "fail"}
    assert installed.run("doctor", "nothing.eml").status == 2
