"""`digest serve`: the links in the mails work, due readers get their mail, and it ends when it is told to."""

from __future__ import annotations

import email
import email.policy
import json
import os
import re
import signal
import time
import urllib.error
import urllib.parse
import urllib.request

import pytest

from tests.cli.program import HEADER, NEWSLETTERS, SOLAR, TARIFF, free_port, noon_zone, wait_until


def ask(url, data=None):
    """Return (status, text) of a GET, or of a POST of form *data*."""
    form = urllib.parse.urlencode(data).encode() if data is not None else None
    try:
        with urllib.request.urlopen(url, form, timeout=10) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as answer:
        with answer:
            return answer.code, answer.read().decode()


def answers(url):
    try:
        return ask(url)[0]
    except urllib.error.URLError:
        return None


@pytest.fixture(scope="module")
def house(program, catcher):
    """Give the program set up, with a folder as a source and a reader whose hour was this morning."""
    port = free_port()
    zone = noon_zone()
    program.configure(catcher.smtp_url, f"http://127.0.0.1:{port}")
    program.write(
        "newsletters.toml",
        f"{NEWSLETTERS}\n[sources.newsroom]\nkind = 'folder'\nlocation = 'newsroom'\nevery = '1m'\nlanguage = 'en'\n",
    )
    # Written long ago: what is still being written would wait for the visit in a minute.
    os.utime(program.write("newsroom/tariff.txt", TARIFF), (0, 0))
    program.write("readers.csv", f"{HEADER}ada@example.org,Ada,{zone},trade,06:00\n")
    assert program.run("init").status == 0
    assert program.run("newsletters", "apply", "newsletters.toml").status == 0
    assert program.run("subscribers", "import", "readers.csv", "--newsletter", "daily").status == 0
    program.port = port
    return program


def test_serving_collects_sends_when_a_reader_is_due_and_answers_the_links(house, catcher):
    """The whole day of an installation in one process; what it is sending when it ends, it has sent."""
    base = f"http://127.0.0.1:{house.port}"
    with house.started("serve", "--port", house.port, "--every", "0.5") as process:
        wait_until(lambda: answers(f"{base}/u/none") == 404)
        wait_until(lambda: house.rows("SELECT 1 FROM articles WHERE source = 'newsroom'"))
        not_due = len(catcher.messages)
        # This morning's edition holds what was collected before this morning.
        house.change("UPDATE articles SET collected_at = collected_at - 86400000000")
        house.change("UPDATE cadences SET next_slot_at = ?", int(time.time() * 1_000_000))
        assert catcher.wait_for(1, 30)
        (caught,) = catcher.messages
        mail = email.message_from_bytes(caught.content, policy=email.policy.default)
        link = re.search(r"<(http[^>]+)>", mail["List-Unsubscribe"]).group(1)
        view = re.search(rf"{base}/v/\S+", mail.get_body(("plain",)).get_content()).group(0)
        shown = ask(view)
        looked = ask(link)
        state_after_look = house.rows("SELECT state FROM subscriptions")
        left = ask(link, {"List-Unsubscribe": "One-Click"})
        state_after_post = house.rows("SELECT state, ended_reason FROM subscriptions")
        forged = ask(link[:-1] + ("A" if link[-1] != "A" else "B"))
        process.send_signal(signal.SIGTERM)
        before = time.monotonic()
        status = process.wait(20)
        took = time.monotonic() - before

    log = (house.folder / "started.log").read_text()
    assert (not_due, caught.recipients) == (0, ("ada@example.org",))
    assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert link.startswith(base)
    assert shown[0] == 200
    assert "Tariff Truce Holds" in shown[1]
    assert (looked[0], state_after_look) == (200, [("active",)])
    assert "<form" in looked[1]
    assert (left[0], state_after_post) == (200, [("ended", "one_click")])
    assert forged[0] == 404
    assert (status, took < 5) == (0, True)
    assert house.rows("SELECT state, COUNT(*) FROM deliveries GROUP BY 1") == [("sent", 1)]
    assert link.rpartition("/")[2] not in log
    assert "ada@example.org" not in log
    events = [json.loads(line)["event"] for line in log.splitlines()]
    assert events[0] == "serving"
    assert {"source_visited", "slots_planned", "dispatched"} <= set(events)
    assert events[-1] == "ended"


def test_a_second_one_on_the_same_port_sends_nothing(house):
    """It is told before anything starts."""
    with house.started("serve", "--port", house.port):
        wait_until(lambda: answers(f"http://127.0.0.1:{house.port}/u/none") == 404)
        second = house.run("serve", "--port", house.port)

    assert second.status == 1
    (line,) = second.error_lines
    assert f"cannot listen on 127.0.0.1:{house.port} (Address already in use)" in line


def test_ctrl_c_ends_it_as_well(house):
    """SIGINT, and no traceback."""
    with house.started("serve", "--port", house.port) as process:
        wait_until(lambda: answers(f"http://127.0.0.1:{house.port}/u/none") == 404)
        process.send_signal(signal.SIGINT)
        status = process.wait(20)

    assert status == 0
    assert "Traceback" not in (house.folder / "started.log").read_text()


def test_a_send_by_hand_beside_it_is_told_when_it_has_to_wait(house, catcher):
    """Both may be used: what one has in hand, the other leaves alone."""
    house.write("newsroom/solar.txt", SOLAR.replace("Solar Park", "Solar Tariff"))
    house.write("more.csv", f"{HEADER}ben@example.org,Ben,{noon_zone()},,06:00\n")
    assert house.run("subscribers", "import", "more.csv", "--newsletter", "daily").status == 0
    with house.started("serve", "--port", house.port, "--every", "0.5"):
        wait_until(lambda: answers(f"http://127.0.0.1:{house.port}/u/none") == 404)
        by_hand = house.run("send", "daily")
        assert catcher.wait_for(2, 30)

    assert by_hand.status in (0, 1)
    assert "Traceback" not in by_hand.err
    assert [caught.recipients for caught in catcher.messages].count(("ben@example.org",)) == 1
