"""From an empty folder to sent mail with the commands of the README, by the real program over real SMTP."""

from __future__ import annotations

import csv
import email
import email.policy
import io
import json
import subprocess
import sys

import pytest

from tests.cli.program import HEADER, NEWSLETTERS, SOLAR, TARIFF, noon_zone


def mail_of(caught):
    return email.message_from_bytes(caught.content, policy=email.policy.default)


@pytest.fixture(scope="module")
def told(program, catcher):
    """Go through everything once; give name -> what the command told."""
    zone = noon_zone()
    program.configure(catcher.smtp_url)
    program.write("newsletters.toml", NEWSLETTERS)
    program.write("articles/tariff.txt", TARIFF)
    program.write("articles/empty.txt", "")
    program.write("articles/solar.txt", SOLAR)
    program.write("readers.csv", f"{HEADER}ada@example.org,Ada,{zone},trade,06:00\nben@example.org,Ben,{zone},,18:00\n")
    program.write(
        "bad.csv",
        f"{HEADER}ada@example.org,Ada,{zone},trade,06:00\nno address,X,{zone},trade,06:00\n"
        "cleo@example.org,Cleo,Mars/Base,trade,06:00\n",
    )
    seen = {}

    def do(name, *args, **more):
        seen[name] = program.run(*args, **more)

    do("init", "init")
    do("init again", "init")
    do("dry apply", "newsletters", "apply", "newsletters.toml", "--dry-run")
    do("none yet", "newsletters", "list")
    do("apply", "newsletters", "apply", "newsletters.toml")
    do("apply again", "newsletters", "apply", "newsletters.toml")
    do("newsletters", "newsletters", "list", "--json")
    do("bad import", "subscribers", "import", "bad.csv", "--newsletter", "daily", "--report", "report.csv")
    do("import", "subscribers", "import", "readers.csv", "--newsletter", "daily")
    do("add", "articles", "add", "articles")
    do("add again", "articles", "add", "articles/tariff.txt", "articles/solar.txt", "--json")
    do("read", "articles", "read", "articles/tariff.txt")
    do("read json", "articles", "read", "articles/tariff.txt", "articles/solar.txt", "--json")
    do("list", "articles", "list", "--json")
    do("search", "articles", "list", "--search", "POWER GRID")
    do("show", "articles", "show", seen["list"].json[0]["id"])
    for output in ("text", "html", "eml", "json"):
        do(output, "preview", "daily", "--subscriber", "ada@example.org", "--format", output)
    do("simulate", "simulate", "daily", "--json")
    do("simulate ada", "simulate", "daily", "--subscriber", "ada@example.org")
    do("simulate badly", "simulate", "daily", "--from", "tomorrow")
    do("preview file", "preview", "daily", "--subscriber", "ada@example.org", "--format", "eml", "--output", "a.eml")
    do("rehearsal", "send", "daily", "--dry-run", "--json")
    seen["mails before"] = len(catcher.messages)
    seen["rows before"] = program.rows("SELECT COUNT(*) FROM deliveries")
    do("send", "send", "daily", "--json")
    seen["mails"] = catcher.messages
    do("send again", "send", "daily", "--json")
    program.write("articles/new.txt", SOLAR.replace("Solar Park Opens", "Solar Tariff Falls").replace("noon", "two"))
    do("add new", "articles", "add", "articles/new.txt")
    do("send once more", "send", "daily")
    seen["mails after"] = catcher.messages
    do("everyone", "send", "daily", "--everyone", "--json")
    seen["mails to everyone"] = catcher.messages
    do("deliveries", "deliveries", "--json")
    return seen


def test_the_database_is_made_once(told):
    """`init` may be run again."""
    assert [told[name].status for name in ("init", "init again")] == [0, 0]
    assert "digest newsletters apply" in told["init"].out


def test_a_dry_run_shows_what_applying_then_does(told):
    """The diff is the same; only the second changes anything, and only once."""
    assert "newsletter daily: new" in told["dry apply"].out
    assert "Nothing was changed (--dry-run)." in told["dry apply"].out
    assert "No newsletters yet" in told["none yet"].out
    assert told["apply"].out.splitlines() == told["dry apply"].out.splitlines()[:-1]
    assert "Nothing to change" in told["apply again"].out
    assert [(each["slug"], each["active"]) for each in told["newsletters"].json] == [("daily", 0)]


def test_bad_rows_are_told_with_line_column_and_reason_and_the_rest_is_imported(told, program):
    """Status 1 says that somebody should look."""
    result = told["bad import"]

    assert result.status == 1
    assert "1 added" in result.out
    assert "2 refused" in result.out
    first, second = result.error_lines
    assert first.startswith("bad.csv: line 3, email: ")
    assert second.startswith("bad.csv: line 4, timezone: ")
    assert "Mars/Base" in second
    report = list(csv.reader(io.StringIO((program.folder / "report.csv").read_text("utf-8-sig"))))
    assert [row[0] for row in report[1:]] == ["3", "4"]


def test_an_import_again_changes_only_what_is_new(told):
    """Ada came with the bad file already."""
    assert told["import"].status == 0
    assert told["import"].out.split(", ") == ["1 added", "1 unchanged\n"]


def test_a_bad_article_is_told_and_the_rest_is_stored(told):
    """One line on stderr, status 1; the same again doubles nothing."""
    assert told["add"].status == 1
    assert told["add"].out == "2 added\n"
    (line,) = told["add"].error_lines
    assert line.startswith("digest: articles/empty.txt: the file is empty")
    again = told["add again"]
    assert (again.status, again.json["added"], len(again.json["unchanged"])) == (0, [], 2)


def test_what_was_understood_of_an_article_can_be_seen(told):
    """Before anything is stored, and after."""
    assert told["read"].out.splitlines()[0] == "Tariff Truce Holds"
    assert "  deck: Exporters win twelve months." in told["read"].out
    assert "  disclaimer: This content is AI-generated." in told["read"].out
    assert "  sections: 1\n    (no heading): 1 paragraph\n" in told["read"].out
    assert "  related: 1\n    Solar parks grow faster than the power grid" in told["read"].out
    assert [json.loads(line)["title"] for line in told["read json"].out.splitlines()] == [
        "Tariff Truce Holds",
        "Solar Park Opens",
    ]
    assert {each["title"] for each in told["list"].json} == {"Tariff Truce Holds", "Solar Park Opens"}
    assert "Solar Park Opens" in told["search"].out
    assert "Tariff" not in told["search"].out
    assert told["list"].json[0]["title"] in told["show"].out


def test_a_preview_is_the_mail_that_is_then_sent(told):
    """Text, HTML, the whole message, and the reasons."""
    (mail,) = [caught for caught in told["mails"] if caught.recipients == ("ada@example.org",)]
    message, preview = mail_of(mail), email.message_from_string(told["eml"].out, policy=email.policy.default)

    assert preview["Subject"] == message["Subject"]
    assert "Tariff Truce Holds" in told["text"].out
    assert told["html"].out.lstrip().startswith("<!")
    assert "Tariff Truce Holds" in told["html"].out
    assert "AI-generated" in told["text"].out
    assert "AI-generated" in told["html"].out
    why = told["json"].json
    assert [each["title"] for each in why["articles"]] == ["Tariff Truce Holds"]
    assert [(each["title"], each["reason"]) for each in why["left_out"]] == [("Solar Park Opens", "no_match")]
    assert told["preview file"].out == ""


def test_the_days_to_come_can_be_played(told):
    """Every slot of a week with its articles and reasons; one reader's own; and a day must be one."""
    week = told["simulate"].json
    digests = [each for slot in week["slots"] for each in slot["digests"]]

    assert told["simulate"].status == 0
    assert len(week["slots"]) >= 12, "two readers with different hours, seven days"
    assert {article["title"] for each in digests for article in each["articles"]} <= {
        one["title"] for one in told["list"].json
    }
    assert "no mail (nothing new)" in told["simulate ada"].out
    assert told["simulate ada"].out.rstrip().endswith("Nothing was written or sent.")
    assert told["simulate badly"].status == 2


def test_a_rehearsal_counts_and_changes_nothing(told):
    """`send --dry-run` says who would get what."""
    assert told["rehearsal"].status == 0
    assert sum(told["rehearsal"].json["ready"].values()) == 2
    assert (told["mails before"], told["rows before"]) == (0, [(0,)])


def test_everybody_who_follows_something_new_gets_one_mail(told):
    """Ada follows trade; Ben named nothing and gets everything."""
    assert told["send"].json["sent"] == 2
    to = {caught.recipients[0]: mail_of(caught) for caught in told["mails"]}
    assert set(to) == {"ada@example.org", "ben@example.org"}
    text = {who: mail.get_body(("plain",)).get_content() for who, mail in to.items()}
    assert "Solar Park Opens" not in text["ada@example.org"]
    assert "Solar Park Opens" in text["ben@example.org"]


def test_sending_again_sends_nothing_twice(told):
    """Also after a new article came: the slot has been served."""
    assert told["send again"].status == 0
    assert told["send again"].json.get("sent", 0) == 0
    assert told["mails after"] == told["mails"]


def test_everyone_is_the_current_edition_to_those_who_have_not_had_it(told):
    """Ben's hour is still to come today; Ada has had today's."""
    more = told["mails to everyone"][len(told["mails after"]) :]

    assert [caught.recipients for caught in more] == [("ben@example.org",)]
    assert "Solar Tariff Falls" in str(mail_of(more[0]).get_body(("plain",)).get_content())


def test_the_log_knows_every_mail_that_was_caught(told):
    """Three rows, three mails, with subject and titles."""
    found = told["deliveries"].json

    assert [each["state"] for each in found] == ["sent"] * 3
    assert sorted(each["address"] for each in found) == ["ada@example.org", "ben@example.org", "ben@example.org"]
    assert {each["subject"] for each in found} == {mail_of(each)["Subject"] for each in told["mails to everyone"]}


def test_the_log_is_filtered_and_printed_for_programs(told, program):
    """By edition, state, address and time; as JSON, CSV and a table."""
    log = told["deliveries"].json
    edition = log[0]["edition"]
    only = program.run("deliveries", "--edition", edition, "--json").json
    by_reader = program.run(
        "deliveries", "--address", "ADA@example.org", "--state", "sent", "--since", log[-1]["planned_at"], "--csv"
    )
    later = program.run("deliveries", "--since", "2999-01-01", "--json").json
    table = program.run("deliveries", "--limit", "2")

    assert {each["edition"] for each in only} == {edition}
    (row,) = csv.DictReader(io.StringIO(by_reader.out))
    assert (row["address"], row["state"], row["items"]) == ("ada@example.org", "sent", "Tariff Truce Holds")
    assert later == []
    assert "sent 3" in table.out
    assert table.out.count("@example.org") == 2


def test_each_attempt_is_kept_with_the_servers_words(told, program):
    """The single SMTP try, as JSON and as CSV."""
    found = program.run("attempts", told["deliveries"].json[0]["delivery_id"], "--json").json
    table = program.run("attempts", told["deliveries"].json[0]["delivery_id"], "--csv")

    (attempt,) = found
    (row,) = csv.DictReader(io.StringIO(table.out))
    assert (row["outcome"], row["reply_code"], row["text"]) == ("sent", "250", "Caught")
    assert (attempt["outcome"], attempt["reply_code"], attempt["text"]) == ("sent", 250, "Caught")


def test_all_attempts_are_filtered_and_printed_as_the_log_is(told, program):
    """By edition, outcome, address and time; newest first as JSON, CSV and a table."""
    log = told["deliveries"].json
    every = program.run("attempts", "--json").json
    (row,) = csv.DictReader(
        io.StringIO(program.run("attempts", "--address", "ADA@example.org", "--outcome", "sent", "--csv").out)
    )
    edition = log[0]["edition"]
    only = program.run("attempts", "--edition", edition, "--json").json
    earlier, later = (program.run("attempts", *when, "2999-01-01", "--json") for when in (["--until"], ["--since"]))
    table = program.run("attempts", "--limit", "2")

    assert [each["finished_at"] for each in every] == sorted((each["finished_at"] for each in every), reverse=True)
    assert {each["delivery_id"] for each in every} == {each["delivery_id"] for each in log}
    assert (len(every), len(earlier.json), later.json) == (3, 3, [])
    assert (row["recipient"], row["outcome"], row["text"]) == ("ada@example.org", "sent", "Caught")
    assert len(row["finished_at"]) == len("2026-11-23T07:00:00+00:00")
    assert {each["delivery_id"] for each in only} == {each["delivery_id"] for each in log if each["edition"] == edition}
    assert "sent 3" in table.out
    assert table.out.count("Caught") == 2


def test_a_table_of_attempts_ends_after_200_lines_and_what_programs_read_does_not(told, program):
    """Whoever wants more of the table says `--limit 0`."""
    program.change(
        "INSERT INTO attempts (delivery_id, attempt_no, outcome, phase, reply_code, enhanced, text, server, started_at,"
        " finished_at) WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?)"
        " SELECT 1, i, 'deferred', 'rcpt', 451, '', 'Wait', '', 0, 0 FROM n",
        201,
    )

    lines = [
        program.run("attempts", "--outcome", "deferred", *more).out.count("Wait")
        for more in ([], ["--limit", "0"], ["--json"], ["--csv"], ["--json", "--limit", "7"])
    ]
    program.change("DELETE FROM attempts WHERE outcome = ?", "deferred")

    assert lines == [200, 201, 201, 201, 7]


def test_a_subscriber_can_be_exported_shown_and_erased(told, program, catcher):
    """Erased means: nothing is left but a keyed hash, and no import brings them back."""
    exported = program.run("subscribers", "export", "--newsletter", "daily")
    shown = program.run("subscribers", "show", "ben@example.org", "--json")
    card = program.run("subscribers", "show", "ben@example.org")
    refused = program.run("subscribers", "erase", "ben@example.org", typed="n\n")
    erased = program.run("subscribers", "erase", "ben@example.org", "--yes")
    gone = program.run("subscribers", "show", "ben@example.org")
    again = program.run("subscribers", "import", "readers.csv", "--newsletter", "daily")

    assert [row["email"] for row in csv.DictReader(io.StringIO(exported.out))] == ["ada@example.org", "ben@example.org"]
    assert "Ben" in json.dumps(shown.json)
    assert card.out.startswith("Ben <ben@example.org>\n  zone    ")
    assert "daily: active since" in card.out
    assert "  topics  everything\n" in card.out
    assert (refused.status, erased.status, gone.status) == (1, 0, 1)
    assert "without address and name: 2 deliveries." in erased.out
    assert "1 suppressed" in again.out
    everything = (program.folder / "var" / "digest.db").read_bytes()
    assert b"ben@example.org" not in everything


@pytest.mark.parametrize("command", ["articles list", "articles list --json", "deliveries --json", "attempts --csv"])
def test_a_reader_of_the_output_who_has_enough_is_no_failure(told, program, command):
    """`digest articles list | head -1` ends well, and without a word."""
    program.change("UPDATE revisions SET content = json_set(content, '$.deck', ?)", "Much to read. " * 50_000)
    process = subprocess.Popen(
        [sys.executable, "-m", "digest", *command.split()],
        cwd=program.folder,
        env=program.environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    process.stdout.close()
    told_in_the_end = process.stderr.read()
    process.stderr.close()

    assert (process.wait(60), told_in_the_end) == (0, b"")
