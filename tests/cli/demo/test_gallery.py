"""The page of caught mails: whatever a mail says, it stays words."""

from __future__ import annotations

from datetime import datetime
from email.message import EmailMessage
from email.policy import SMTP
from html.parser import HTMLParser
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from digest.cli.demo.catcher import Caught
from digest.cli.demo.gallery import mailbox, page_of, read_mails, write_gallery
from digest.cli.demo.rows import ReaderRow

SEOUL = datetime(2026, 11, 23, 7, 0, tzinfo=ZoneInfo("Asia/Seoul"))
VOID = {"meta", "input", "br", "img", "link", "hr"}


class Elements(HTMLParser):
    """Collects (tag, attributes) and checks that elements nest."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self.open: list[str] = []
        self.feed(page)
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        self.found.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.words.append(data)

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for found, attributes in self.found if found == tag]


def mail(to="minseo@example.org", subject="Good morning", html="<p>안녕</p>", text="안녕\n") -> Caught:
    message = EmailMessage(policy=SMTP)
    message["From"] = "news@example.org"
    message["To"] = "reader@example.org"
    message["Subject"] = subject
    message["Date"] = SEOUL
    message.set_content(text)
    if html:
        message.add_alternative(html, subtype="html")
    return Caught("bounce@example.org", (to,), message.as_bytes())


def reader(**changes) -> ReaderRow:
    row = {
        "address": "minseo@example.org",
        "name": "민서",
        "locale": "ko",
        "zone": "Asia/Seoul",
        "hour": "07:00",
        "follows": ("반도체",),
        "slot_local": SEOUL,
        "state": "sent",
        "articles": (("메모리, 시험 생산", "반도체 때문에"),),
    }
    return ReaderRow(**(row | changes))


def test_each_mail_becomes_three_files_and_one_entry(tmp_path):
    """HTML and text decoded, the source byte for byte."""
    caught = mail()

    index = write_gallery(tmp_path / "new" / "folder", [caught], [reader()])

    assert index == tmp_path / "new" / "folder" / "index.html"
    assert sorted(p.name for p in index.parent.iterdir()) == ["01.eml", "01.html", "01.txt", "index.html"]
    assert (index.parent / "01.eml").read_bytes() == caught.content
    assert (index.parent / "01.html").read_text("utf-8").strip() == "<p>안녕</p>"
    assert (index.parent / "01.txt").read_text("utf-8").strip() == "안녕"


def test_the_page_tells_whom_when_and_why():
    """Local time with its zone, language, articles and reasons."""
    rows = [reader(), reader(address="noor@example.org", state="skipped", reason="nothing_new", articles=())]

    words = " ".join(Elements(page_of(read_mails([mail()], rows), rows)).words)

    for part in (
        "minseo@example.org",
        "Good morning",
        "Mon 23 Nov 2026, 07:00 KST",
        "07:00 in Asia/Seoul",
        "반도체 때문에",
    ):
        assert part in words
    assert "No mail: nothing new for these interests." in words


WORDS = st.text() | st.text("<>&\"'/!-= aib")
HOSTILE = "\"><img src=x onerror=alert(1)><script>alert(2)</script></style></pre></iframe>&lt;b&gt;{{ 'zq'*3 }}"


def test_hostile_words_stay_words_everywhere():
    """Subject, address, name, topic, title, reason, zone, state and body, all at once."""
    hostile = reader(
        **dict.fromkeys(("address", "name", "locale", "zone", "hour"), HOSTILE),
        follows=(HOSTILE,),
        articles=((HOSTILE, HOSTILE),),
    )
    unsent = reader(address=HOSTILE, state=HOSTILE, reason=HOSTILE)
    caught = [mail(to=HOSTILE, subject=HOSTILE, html=HOSTILE, text=HOSTILE)]
    rows = [hostile, unsent]

    page = page_of(read_mails(caught, rows), rows)
    elements = Elements(page)

    assert not elements.all("img")
    assert not elements.all("script")
    assert len(elements.all("iframe")) == 1
    assert not [a for _, attributes in elements.found for a in attributes if a.startswith("on")]
    assert page.count("</style>") == 1
    assert "zqzqzq" not in page


@settings(max_examples=20, deadline=None)  # each example renders the whole page
@given(WORDS, WORDS, WORDS)
def test_no_text_adds_an_element_to_the_page(subject, title, name):
    """Law: the elements of the page do not depend on the words in it."""
    shape = [tag for tag, _ in Elements(_page("plain", "plain", "plain")).found]

    changed = Elements(_page(subject, title, name or "x"))

    assert [tag for tag, _ in changed.found] == shape


def _page(subject: str, title: str, name: str) -> str:
    rows = [reader(name=name, articles=((title, "why"),))]
    (read,) = read_mails([mail()], rows)
    changed = type(read)(
        **{field: getattr(read, field) for field in read.__slots__}
        | {"subject": subject, "text": title, "source": name, "headers": (("Subject", subject),)}
    )
    return page_of([changed], rows)


def test_every_mail_is_in_a_frame_that_may_do_nothing():
    """An empty sandbox forbids scripts, forms, windows and leaving."""
    caught = [mail(), mail()]

    frames = Elements(page_of(read_mails(caught, []), [])).all("iframe")

    assert [frame["sandbox"] for frame in frames] == ["", ""]
    assert [frame["src"] for frame in frames] == ["01.html", "02.html"]


def test_the_page_loads_nothing_from_elsewhere():
    """Every address in it is a file beside it or a place in it."""
    rows = [reader()]
    elements = Elements(page_of(read_mails([mail()], rows), rows))

    targets = [v for _, a in elements.found for k, v in a.items() if k in ("src", "href", "srcset", "action")]

    assert targets
    assert all(target.startswith(("#", "01.")) for target in targets)
    assert not elements.all("link")


def test_links_lead_from_a_reader_to_their_own_mail():
    """Also when one address is written in two ways, and when readers before got nothing."""
    rows = [
        reader(address="a@example.org", state="skipped", reason="paused"),
        reader(address="Grüße@BÜCHER.example.org"),
        reader(address="b@example.org"),
    ]
    caught = [mail(to="b@example.org"), mail(to="grüße@xn--bcher-kva.example.org")]

    mails = read_mails(caught, rows)

    assert [m.recipient for m in mails] == ["b@example.org", "Grüße@BÜCHER.example.org"]
    links = [a["href"] for a in Elements(page_of(mails, rows)).all("a") if a["href"].startswith("#mail-")]
    assert links[-2:] == ["#mail-02", "#mail-01"]


def test_a_reader_of_two_newsletters_has_two_mails_with_their_own_articles():
    """The first mail belongs to the first row."""
    rows = [reader(articles=(("One", ""),)), reader(articles=(("Two", ""),))]

    mails = read_mails([mail(), mail()], rows)

    assert [m.articles[0][0] for m in mails] == ["One", "Two"]


@pytest.mark.parametrize(
    ("content", "html", "text"),
    [
        pytest.param(b"Subject: x\r\n\r\nonly words\r\n", "", "only words\n", id="no HTML part"),
        pytest.param(
            b"Content-Type: text/html; charset=klingon\r\n\r\n<p>x\xff", "<p>x\ufffd", "", id="no such charset"
        ),
        pytest.param(b"Content-Type: text/html; charset=euc-kr\r\n\r\n\xbe\xc8\xb3\xe7", "안녕", "", id="EUC-KR"),
        pytest.param(b"", "", "", id="empty"),
        pytest.param(b"\r\n\x00\xff", "", "\x00\ufffd", id="not text"),
        pytest.param(b"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n", "", "", id="cut off"),
        pytest.param(
            "Subject: 안녕\r\nTo: \udcff\r\n\r\n".encode("utf-8", "surrogateescape"), "", "", id="raw bytes in headers"
        ),
        pytest.param(b"Date: nonsense\r\nSubject: =?x?y?z?=\r\n\r\n", "", "", id="broken headers"),
    ],
)
def test_odd_mails_are_shown_all_the_same(tmp_path, content, html, text):
    """The page is for looking at mails, broken ones most of all."""
    caught = [Caught("", ("a@example.org",), content)]

    (read,) = read_mails(caught, [])

    assert (read.html, read.text) == (html, text)
    write_gallery(tmp_path, caught, [])
    assert (tmp_path / "01.html").stat().st_size > 0


def test_a_mail_of_an_unknown_reader_shows_its_own_date():
    """No row: the Date header tells the time."""
    (read,) = read_mails([mail()], [])

    assert read.when == "Mon 23 Nov 2026, 07:00 UTC+09:00"


def test_no_mail_at_all_is_still_a_page():
    """A demo in which everybody was skipped."""
    rows = [reader(state="skipped", reason="too_few", articles=())]

    assert "No mail was caught." in " ".join(Elements(page_of([], rows)).words)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Ada@Example.org", "ada@example.org"),
        ("a@bücher.example", "a@xn--bcher-kva.example"),
        ("a@" + "x" * 70 + ".example", "A@" + "x" * 70 + ".example"),
    ],
)
def test_two_spellings_of_one_mailbox_are_one(one, other):
    """Case and IDN forms do not matter here."""
    assert mailbox(one) == mailbox(other)
