"""Send now, correct, test mails, previews of made-up readers: asked for on a page, done by the next tick."""

from __future__ import annotations

import re
from email import message_from_bytes
from typing import Any

import pytest
from lxml import html as lxml_html
from starlette.testclient import TestClient

from digest.model.staff import Role
from digest.pipeline.tick import plan_due, send_due
from digest.rendering.lint.finding import Place
from digest.web.staff.finding_places import line_of
from tests.house import House
from tests.sink import Sink
from tests.web.asking import ANNA
from tests.web.staff.visiting import press

ED = "ed@desk.example.org"


def tick(house: House, sink: Sink) -> None:
    plan_due(house.installation)
    send_due(house.installation, house.sending(sink))


def words(answer: Any) -> str:
    return " ".join(lxml_html.document_fromstring(answer.text).text_content().split())


def test_an_editor_sends_todays_edition_now_and_later_corrects_it(anna: House, visit: Any, sink: Sink) -> None:
    """Each after a sentence with subject, number and time; once; with what came of it."""
    anna.article("trade", "Tariff one", url="https://press.example.net/tariff")
    anna.reader("leo@example.org", timezone="America/Los_Angeles")
    client = visit(Role.EDITOR)
    asked = words(client.get("/staff/send/daily"))
    assert "daily/2026-11-23 goes now to 1 reader who has not had it" in asked
    assert "daily/2026-11-22 goes now to 1 reader who has not had it" in asked
    assert "Tariff one" in asked
    assert press(client, "/staff/send/daily").status_code == 303
    assert "waits for the next tick" in client.get("/staff/send/daily").text
    tick(anna, sink)
    tick(anna, sink)
    assert sorted(mail.recipient for mail in sink.mails) == [ANNA, "leo@example.org"]
    assert "There is nothing to do" in client.get("/staff/send/daily").text
    assert "2 planned" in client.get("/staff/send/daily").text

    anna.article("trade", "Tariff one", url="https://press.example.net/tariff", deck="As it really was.")
    (number,) = anna.rows(
        "SELECT e.id FROM editions e JOIN deliveries d ON d.edition_id = e.id WHERE d.address = :a", a=ANNA
    )[0]
    page = f"/staff/editions/{number}/correct"
    assert "daily/2026-11-23+correction goes now to 1 reader." in words(client.get(f"{page}?template=correction"))
    assert press(client, page, template="digest").status_code == 422
    assert press(client, page, template="correction").status_code == 303
    tick(anna, sink)

    assert [mail.recipient for mail in sink.mails[2:]] == [ANNA]
    assert "As it really was." in sink.mails[2].html
    assert "1 planned" in client.get(f"/staff/editions/{number}").text


def normal(mail: bytes, address: str) -> list[bytes]:
    """Return the headers and decoded parts of a mail, without address, ids and date."""
    parsed = message_from_bytes(mail)
    parts = [part.get_payload(decode=True) for part in parsed.walk() if not part.is_multipart()]
    heads = [f"{name}: {value}".encode() for part in parsed.walk() for name, value in part.items()]
    return [_without(each, address) for each in (*heads, *parts)]


def _without(text: bytes, address: str) -> bytes:
    text = re.sub(rb"^(Message-ID: <)[^@]+", rb"\1ID", text.replace(address.encode(), b"ADDRESS"))
    text = re.sub(rb"^Date: .*", b"Date: DATE", text)
    return re.sub(rb"(/(?:u|p|v)/|unsubscribe%20)[A-Za-z0-9_-]+", rb"\1TOKEN", text)


def test_a_test_mail_is_the_sent_mail_but_for_address_ids_and_date(anna: House, visit: Any, sink: Sink) -> None:
    """To who asked and a saved list; its links belong to nobody."""
    anna.article("trade", "Tariff one", disclaimer="This content is AI-generated.")
    client = visit(Role.EDITOR)
    at = f"{anna.move(hours=2):%Y-%m-%dT%H:%M}"
    form = {"newsletter": "daily", "reader": ANNA, "at": at, "zone": "UTC"}
    saved = press(client, "/staff/preview/proof-list", **form, name="Desk", addresses="desk@example.org")
    assert saved.headers["location"].endswith("done=saved")
    assert "Desk (1)" in client.get(f"/staff/preview?newsletter=daily&reader={ANNA}").text
    assert press(client, "/staff/preview/proof", **form, addresses=ED, list="Desk").status_code == 303
    assert press(client, "/staff/preview/proof", **form, addresses="nobody").status_code == 422
    send_due(anna.installation, anna.sending(sink))
    tests = list(sink.mails)
    anna.send(sink)
    (real,) = sink.to(ANNA)

    assert sorted(mail.recipient for mail in tests) == ["desk@example.org", ED]
    for mail in tests:
        assert normal(mail.content, mail.recipient) == normal(real.content, ANNA)
    ids = re.findall(rb"Message-ID: (.*)", b"".join(mail.content for mail in sink.mails))
    assert len(set(ids)) == 3
    assert f"{ED}: accepted by server" in client.get(f"/staff/preview?newsletter=daily&reader={ANNA}").text
    assert anna.rows("SELECT spec FROM errands") == [("{}",)]  # no erasure would find the reader's address there
    way_out = str(message_from_bytes(tests[0].content)["List-Unsubscribe"])
    (link,) = re.findall(r"<https://news.example.org(/u/[^>]+)>", way_out)
    client.post(link, data={"List-Unsubscribe": "One-Click"})
    assert anna.rows("SELECT COUNT(*) FROM subscriptions WHERE state = 'active'") == [(2,)]


def test_a_test_mail_that_was_cut_off_is_not_sent_again(anna: House, visit: Any, sink: Sink) -> None:
    """Nobody knows whether it came; the page says so."""
    anna.article("trade")
    client = visit(Role.EDITOR)
    press(client, "/staff/preview/proof", newsletter="daily", addresses=ED)
    anna.change("UPDATE errands SET begun_at = asked_at")
    tick(anna, sink)

    assert sink.mails == []
    assert "begun, and cut off" in client.get("/staff/preview?newsletter=daily").text


def test_a_profile_made_up_on_the_spot_and_ten_typical_readers(anna: House, admin: TestClient) -> None:
    """Topics by slug or name, a minus mutes; each typical reader leads to their mail."""
    anna.article("trade", "Tariff one")
    anna.article("sport", "Football one")
    made = admin.get("/staff/preview?newsletter=daily&topics=Trade,-sport&show=text")
    spread = admin.get("/staff/preview?newsletter=daily&spread=1")
    unknown = admin.get("/staff/preview?newsletter=daily&topics=trad")

    (row,) = lxml_html.document_fromstring(spread.text).xpath("//main//table//tbody/tr")
    assert "Tariff one" in made.text.partition("<aside")[0]
    assert "Football one" not in made.text.partition("<aside")[0]
    assert row.xpath("td[1]//a/@href") == ["?newsletter=daily&topics=trade&locale=en"]
    assert unknown.status_code == 422
    assert "there is no topic &#39;trad&#39; (known: energy, space, sport, trade)" in unknown.text


def test_two_mails_stand_side_by_side(anna: House, admin: TestClient) -> None:
    """Each with its own frame; what is wrong with one keeps the other from nothing."""
    anna.article("trade", "Tariff one")
    both = admin.get("/staff/preview/beside?a_newsletter=daily&a_topics=trade&b_newsletter=daily&b_topics=sport")
    half = admin.get("/staff/preview/beside?a_newsletter=daily&b_newsletter=daily&b_zone=Mars")

    frames = lxml_html.document_fromstring(both.text).xpath("//iframe/@src")
    assert frames == ["/staff/preview/mail?newsletter=daily&topics=trade"]
    assert "There would be no mail" in both.text
    assert admin.get(frames[0]).status_code == 200
    assert (half.status_code, half.text.count("<iframe")) == (422, 1)


@pytest.mark.parametrize(
    ("place", "expected"),
    [
        (Place(part="html", line=12), ("html", 12)),
        (Place(part="text"), ("text", 0)),
        (Place(header="Subject"), ("source", 2)),
        (Place(header="List-Id"), ("source", 0)),
        (Place(header="Subject", line=7), ("source", 7)),
        (Place(), ("source", 0)),
    ],
)
def test_a_finding_leads_to_its_place(place: Place, expected: tuple[str, int]) -> None:
    """The part as it is decoded, or the message as it is sent."""
    assert line_of(place, b"From: a@example.org\r\nSubject: x\r\n\r\nSubject: no\r\n") == expected


def test_findings_are_links_to_lines_that_are_there(anna: House, admin: TestClient) -> None:
    """A picture without alternative text in the template, say; here whatever the sample has."""
    anna.article("trade", "Tariff one", url="http://press.example.net/1")
    page = lxml_html.document_fromstring(admin.get("/staff/preview?newsletter=daily").text)
    links = page.xpath("//p[@class='finding']//a/@href")
    assert links

    for link in links:
        view, _, anchor = link.partition("#")
        shown = lxml_html.document_fromstring(admin.get(f"/staff/preview{view}").text)
        assert not anchor or shown.xpath(f"//span[@id='{anchor}']"), link
