"""What the pages show: the right rows, whole stories, and hostile strings as the letters they are."""

from __future__ import annotations

from typing import Any

import pytest
from lxml import html as lxml_html
from starlette.testclient import TestClient

from digest.pipeline.joining.together import choose_together
from digest.pipeline.tick import plan_due
from digest.store.guarding import pause_newsletter
from digest.store.newsletters import newsletter_ids
from digest.web.staff.preview import as_if
from tests.house import House
from tests.sink import Do, Sink
from tests.web.asking import ANNA
from tests.web.staff.visiting import press

EVIL = "\"><img src=x onerror=alert(1)><script>alert(1)</script>{{7*7}} '-alert(1)-' javascript:alert(1)"
PAGES = (
    "/staff",
    "/staff/subscribers",
    "/staff/subscribers/1",
    "/staff/editions",
    "/staff/editions/1",
    "/staff/editions/1/cancel",
    "/staff/preview?newsletter=daily&reader=anna@example.org",
    "/staff/preview?newsletter=daily&show=source",
    "/staff/preview?newsletter=daily&show=text",
    "/staff/articles",
    "/staff/articles/1",
    "/staff/deliveries",
    "/staff/deliveries?edition=1",
    "/staff/deliveries/1",
)


def tables(answer: Any) -> list[list[str]]:
    rows = lxml_html.document_fromstring(answer.text).xpath("//table//tbody/tr")
    return [[" ".join(cell.text_content().split()) for cell in row.xpath("td")] for row in rows]


def harmless(text: str) -> bool:
    """Whether a page holds no element and no address that it should not hold."""
    page = lxml_html.document_fromstring(text)
    assert not page.xpath("//img")
    assert [each.get("src") for each in page.iter("script")] == ["/static/staff.js"]
    assert not page.xpath("//@*[starts-with(name(), 'on') or name() = 'style']")
    for address in page.xpath("//@href | //@src | //@action"):
        assert address.startswith(("/", "?", "#", "https://", "http://")), address
    return True


def test_hostile_strings_are_only_letters_on_every_page(anna: House, admin: TestClient) -> None:
    """In names, titles, addresses of articles, a server's reply, a source's error, the query itself."""
    anna.reader(ANNA, topics="trade", name=EVIL[:80])
    anna.article("trade", f"Tariff {EVIL}", deck=EVIL, disclaimer=EVIL, url="javascript:alert(1)", author=EVIL)
    anna.move(hours=2)
    with Sink(script=lambda *_: Do.NEVER, never=f"550 5.7.1 {EVIL}") as sink:
        anna.send(sink)
    anna.change(
        "INSERT INTO sources (slug, kind, location, spec, next_visit_at, last_error)"
        " VALUES (:e, 'feed', :e, '{}', 0, :e)",
        e=EVIL[:80],
    )
    anna.change("UPDATE consents SET source = :e", e=EVIL)
    anna.change("UPDATE attempts SET server = :e", e=EVIL)

    for path in PAGES:
        answer = admin.get(path)
        assert answer.status_code == 200, path
        harmless(answer.text)
    for path in ("subscribers?q", "articles?q", "deliveries?edition", "deliveries?state", "deliveries?address"):
        assert harmless(admin.get(f"/staff/{path}=", params={path.partition("?")[2]: EVIL}).text), path
    for name in ("newsletter", "reader", "at", "zone", "show", "width", "scheme"):
        asked = admin.get("/staff/preview", params={"newsletter": "daily", name: EVIL})
        assert asked.status_code in (200, 422), name
        assert harmless(asked.text), name
    assert "{{7*7}}" in admin.get("/staff/articles/1").text
    assert "550 5.7.1 &#34;&gt;&lt;img src=x" in admin.get("/staff/deliveries/1").text


def test_a_previewed_mail_is_put_where_it_can_do_nothing(anna: House, admin: TestClient) -> None:
    """A sandbox without any right, in its own policy too; pictures only if wanted."""
    anna.article("trade", "Tariff on rope")
    page = admin.get("/staff/preview?newsletter=daily&scheme=dark&pictures=off")
    (frame,) = lxml_html.document_fromstring(page.text).xpath("//iframe")
    assert frame.get("sandbox") == ""
    mail = admin.get(frame.get("src"))

    policy = mail.headers["content-security-policy"]
    assert policy.endswith("; sandbox")
    assert "img-src 'none'" in policy
    assert "script-src" not in policy
    assert "Tariff on rope" in mail.text
    assert "prefers-color-scheme" not in mail.text
    assert "img-src https:" in admin.get("/staff/preview/mail?newsletter=daily").headers["content-security-policy"]


def test_a_scheme_is_settled_in_style_sheets_and_nowhere_else() -> None:
    """An article about media queries reads as it was written."""
    told = "<style>@media (prefers-color-scheme: dark) {a{}}</style><p>(prefers-color-scheme: dark)</p>"

    assert as_if(told, "dark") == told.replace("(prefers-color-scheme: dark) {", "(min-width: 0) {")
    assert as_if(told, "light") == told.replace("(prefers-color-scheme: dark) {", "(max-width: 0) {")
    assert as_if(told, "") == told


def test_the_preview_is_what_is_sent(anna: House, admin: TestClient, sink: Sink) -> None:
    """The same subject and articles, before it happens; afterwards the reader has seen them."""
    anna.article("trade", "Tariff on rope")
    anna.article("sport", "Football in the rain")
    before = admin.get("/staff/preview?newsletter=daily&reader=anna@example.org&at=2026-11-23T07:00")
    assert "this reader&#39;s hour" in before.text or "this reader's hour" in before.text
    assert "none of the topics and keywords" in before.text
    anna.move(hours=2)
    anna.send(sink)
    (mail,) = sink.mails

    told = lxml_html.document_fromstring(admin.get("/staff/deliveries/1").text)
    assert told.xpath("string(//h1)") == mail.parsed["Subject"]
    assert mail.parsed["Subject"] in before.text
    assert "shown before" in admin.get("/staff/preview?newsletter=daily&reader=anna@example.org").text


@pytest.mark.parametrize("at", ["tomorrow", "0001-01-01T00:00", "9999-12-31T23:59", "2026-11-23T25:00"])
def test_a_time_that_is_none_is_told_in_words(admin: TestClient, at: str) -> None:
    """422, and the form keeps what was written."""
    answer = admin.get("/staff/preview", params={"newsletter": "daily", "at": at})

    assert answer.status_code == 422
    assert at in answer.text


def test_an_article_is_withdrawn_and_brought_back(anna: House, admin: TestClient) -> None:
    """The preview has it, has it not, has it again."""
    anna.article("trade", "Tariff on rope")
    shown = "/staff/preview?newsletter=daily"
    assert "Why these articles" in admin.get(shown).text
    press(admin, "/staff/articles/1/withdraw")
    assert anna.rows("SELECT state FROM articles") == [("withdrawn",)]
    assert "There would be no mail" in admin.get(shown).text
    press(admin, "/staff/articles/1/bring-back")

    assert anna.rows("SELECT state FROM articles") == [("live",)]


def test_an_editor_reviews_what_they_have_read_and_nothing_else(anna: House, admin: TestClient) -> None:
    """Their name is on record for that text; once it was changed, the old page reviews nothing."""
    anna.article("trade", "Tariff on rope", url="https://press.example.net/rope")
    ((revision,),) = anna.rows("SELECT revision_id FROM articles")
    press(admin, "/staff/articles/1/review", revision=str(revision))
    assert "admin" in admin.get("/staff/articles/1").text.partition("Reviewed by")[2].partition("</div>")[0]

    anna.article("trade", "Tariff on rope", deck="Another deck.", url="https://press.example.net/rope")
    late = press(admin, "/staff/articles/1/review", revision=str(revision))
    assert late.status_code == 422
    assert "nobody yet" in admin.get("/staff/articles/1").text
    assert anna.rows("SELECT reviewer FROM reviews") == [("admin",)]


def test_the_log_is_narrowed_by_edition_state_and_address(anna: House, admin: TestClient) -> None:
    """And says so when something is no edition, state or address."""
    anna.readers([{"email": f"r{n}@example.org", "topics": "trade"} for n in range(60)])
    anna.article()
    anna.move(hours=2)
    with Sink(script=lambda who, _: Do.NEVER if who == "r7@example.org" else Do.TAKE) as sink:
        anna.send(sink)

    (refused,) = tables(admin.get("/staff/deliveries?state=refused"))
    assert refused[2] == "r7@example.org"
    assert refused[5] == "550 no such mailbox"
    assert tables(admin.get("/staff/deliveries?edition=daily/2026-11-23&state=refused")) == [refused]
    assert tables(admin.get("/staff/deliveries?address=R7@example.org")) == [refused]
    first = admin.get("/staff/deliveries?edition=daily/2026-11-23")
    (more,) = lxml_html.document_fromstring(first.text).xpath("//a[@rel='next']/@href")
    rest = admin.get(f"/staff/deliveries{more}")
    assert len(tables(first)) == 50
    assert len({row[2] for row in [*tables(first), *tables(rest)]}) == 61
    for wrong in (
        "edition=nothing",
        "state=nothing",
        "address=nothing",
        "address=a@example.net",
        "after=x",
        "after=1.2.3",
    ):
        answer = admin.get(f"/staff/deliveries?{wrong}")
        assert answer.status_code == 422, wrong
        assert not tables(answer), wrong


def test_a_part_of_a_joined_mail_leads_to_the_mail(anna: House, admin: TestClient, sink: Sink) -> None:
    """The mail itself leads nowhere."""
    anna.newsletter("weekly")
    anna.reader(ANNA, "weekly", topics="energy")
    ((number,),) = anna.rows("SELECT id FROM subscribers")
    choose_together(anna.installation, number, wanted=True)
    for topic in ("trade", "energy"):
        anna.article(topic)
    anna.move(hours=2)
    plan_due(anna.installation)
    anna.dispatch(sink)
    part, mail = sorted(anna.log(), key=lambda each: each.state != "skipped")

    shown = admin.get(f"/staff/deliveries/{part.delivery_id}").text

    assert (part.reason, part.part_of, mail.state) == ("together", mail.delivery_id, "sent")
    assert f'Its mail</dt><dd><a href="/staff/deliveries/{mail.delivery_id}">' in shown
    assert "Its mail" not in admin.get(f"/staff/deliveries/{mail.delivery_id}").text


def test_a_subscriber_is_found_by_the_beginning_of_the_address(anna: House, admin: TestClient) -> None:
    """Signs that mean something to a database are letters here."""
    anna.readers([{"email": f"{name}@example.org", "topics": "trade"} for name in ("anton", "a_b", "b.anna")])

    assert [row[1] for row in tables(admin.get("/staff/subscribers?q=AN&order=address"))] == [
        ANNA,
        "anton@example.org",
    ]
    assert [row[1] for row in tables(admin.get("/staff/subscribers?q=a_"))] == ["a_b@example.org"]
    assert tables(admin.get("/staff/subscribers?q=%25")) == []
    assert "Asia" not in admin.get("/staff/subscribers/1").text
    assert admin.get("/staff/subscribers/99").status_code == 404


def test_a_newsletter_that_paused_itself_is_told_first(anna: House, admin: TestClient) -> None:
    """With the reason, and what to do."""
    with anna.engine.begin() as connection:
        pause_newsletter(connection, newsletter_ids(connection)["daily"], "12 of 60 <dead>; then: digest resume daily")

    page = admin.get("/staff").text

    assert "Paused by itself" in page
    assert "12 of 60 &lt;dead&gt;; then: digest resume daily" in page


def test_an_empty_house_says_what_to_do_next(anna: House, admin: TestClient) -> None:
    """Each page without rows names the next step."""
    assert "digest articles add" in admin.get("/staff/articles").text
    assert "digest send" in admin.get("/staff/editions").text
    assert "Today" in admin.get("/staff/deliveries").text
    assert "Choose a newsletter" in admin.get("/staff/preview").text


def test_whoever_begins_is_led_to_the_first_mail(anna: House, admin: TestClient) -> None:
    """Step by step, until there are a newsletter, an article and a reader."""
    begun = admin.get("/staff").text
    assert "First steps" in begun
    assert 'href="/staff/relays"' in begun
    anna.article()

    assert "First steps" not in admin.get("/staff").text
