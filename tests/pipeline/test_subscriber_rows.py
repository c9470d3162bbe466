"""Rows of a subscriber file: what each cell may say, and what an admin is told when it cannot be used."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta, timezone

import pytest

from digest.errors import BadInput
from digest.model.newsletter import Newsletter, Schedule, Sender
from digest.model.subscriber import Consent, Follow, SubscriptionState
from digest.model.topic import Topic
from digest.pipeline.subscribers.subscriber_columns import COLUMNS, read_header
from digest.pipeline.subscribers.subscriber_rows import Row, RowReader

NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)
TOPICS = {
    topic.slug: topic
    for topic in (
        Topic("trade", "Trade", names={"ko": "무역", "de": "Handel"}),
        Topic("law", "Law, Courts & Police"),
        Topic("artificial-intelligence", "Artificial Intelligence"),
        Topic("sport", "Sport"),
    )
}
DAILY = Newsletter(
    "daily",
    "Daily",
    Sender("Press", "digest@news.example.org"),
    "1 Example Street",
    schedule=Schedule(zone="Asia/Seoul"),
    topics=("trade", "law", "artificial-intelligence"),
    locale="ko",
)


def read(**cells: str) -> Row | list[tuple[str, str]]:
    cells = {"email": "kim@example.org", **cells}
    reader = RowReader(read_header(list(cells)), DAILY, TOPICS, NOW)
    return reader.read(list(cells.values()))


def test_a_choice_that_there_is_not_is_told():
    """A typing mistake must not pass for a choice."""
    assert read(choices="surprize") == [("choices", "'surprize' is not one of everything, surprise")]


@pytest.mark.parametrize(
    ("cells", "name"),
    [
        ({"First Name": "Ana", "Last Name": "Example"}, "Ana Example"),
        ({"LNAME": "Example", "FNAME": "Ana"}, "Ana Example"),
        ({"First Name": "Ana", "Last Name": ""}, "Ana"),
        ({"Nom": "Exemple", "Prénom": "Ana"}, "Ana Exemple"),
        ({"Name": "Dr. Ana Example", "First name": "ana"}, "Dr. Ana Example"),
        ({"Name": "Dr. A. Example", "First name": "Ana", "Last name": "Example"}, "Dr. A. Example"),
        ({"성": "김", "First name": "보기"}, "김보기"),
        ({"성": "김", "이름": "보기"}, "김보기"),
        ({"姓": "例", "名": "太郎"}, "例太郎"),
        ({"Vorname": "", "Nachname": ""}, ""),
    ],
    ids=lambda each: each if isinstance(each, str) else " ".join(each),
)
def test_a_name_in_two_columns_is_one_name(cells: dict[str, str], name: str):
    """As other programs export it; families come first where they do in that script."""
    assert good(**cells).subscriber.name == name


@pytest.mark.parametrize("separator", ["|", ";", ",", "；", "，", "、", "\n"])
def test_topics_and_keywords_in_one_cell_may_be_parted_as_any_script_parts_them(separator: str):
    """A name with a comma in it stays whole where something stronger parts the names."""
    row = good(
        topics=separator.join(["trade", "ai"]).replace("ai", "artificial-intelligence"), keywords=f"a{separator}b"
    )

    assert {follow.topic for follow in row.subscription.interests.follows} == {"artificial-intelligence", "trade"}
    assert row.subscription.interests.keywords == ("a", "b")


@pytest.mark.parametrize(
    ("header", "columns"),
    [
        pytest.param(["E-Mail-Adresse", "Sprache", "Zeitzone", "Themen"], "email locale timezone topics", id="German"),
        pytest.param(["Correo electrónico", "Nombre"], "email name", id="Spanish"),
        pytest.param(["이메일", "이름", "관심사"], "email name topics", id="Korean"),
        pytest.param(["ＭＡＩＬ", "メールアドレス"], "email", id="Japanese"),
    ],
)
def test_columns_are_known_by_their_names_in_other_languages(header: list[str], columns: str):
    """Lists come from offices that do not write English headers."""
    assert " ".join(sorted(read_header(header).positions)) == " ".join(sorted(columns.split()))


def good(**cells: str) -> Row:
    row = read(**cells)
    assert isinstance(row, Row), row
    return row


def test_a_full_row_gives_a_reader_and_what_they_agreed_to():
    """Every column, each in its usual form."""
    row = good(
        name="Kim Lee",
        locale="pt_br",
        timezone="america/sao_paulo",
        topics="trade:2|Artificial Intelligence",
        muted="law",
        keywords="chips; tariff",
        languages="pt_br|en, EN",
        choices="Surprise|everything",
        send_at="6:30",
        consent_source="form",
        consent_at="2026-03-01T09:30:00+09:00",
    )

    assert (row.subscriber.address, row.subscriber.name) == ("kim@example.org", "Kim Lee")
    assert (row.subscriber.locale, row.subscriber.zone) == ("pt-BR", "America/Sao_Paulo")
    interests = row.subscription.interests
    assert interests.follows == (Follow("artificial-intelligence"), Follow("trade", 2.0))
    assert (interests.muted, interests.keywords) == (("law",), ("chips", "tariff"))
    assert interests.languages == ("en", "pt-BR")
    assert interests.wants_all
    assert interests.surprise
    assert row.subscription.send_at == time(6, 30)
    seoul = timezone(timedelta(hours=9))
    assert row.subscription.consent == Consent("form", datetime(2026, 3, 1, 9, 30, tzinfo=seoul))


def test_a_row_with_an_address_alone_takes_the_newsletters_ways():
    """Its zone and locale, no own hour, and every article."""
    row = good()

    assert (row.subscriber.locale, row.subscriber.zone) == ("ko", "Asia/Seoul")
    assert row.subscription.interests.everything
    assert row.subscription.send_at is None
    assert row.subscription.consent is None
    assert row.subscription.state is SubscriptionState.ACTIVE


@pytest.mark.parametrize(
    ("text", "slugs"),
    [
        pytest.param("trade|artificial-intelligence", {"trade", "artificial-intelligence"}, id="bars"),
        pytest.param("trade; artificial_intelligence", {"trade", "artificial-intelligence"}, id="semicolons"),
        pytest.param("TRADE,Artificial  intelligence", {"trade", "artificial-intelligence"}, id="commas"),
        pytest.param("무역", {"trade"}, id="name in Korean"),
        pytest.param("Ｈandel", {"trade"}, id="full-width letters"),
        pytest.param("Law, Courts & Police", {"law"}, id="a name with a comma"),
        pytest.param("trade|Law, Courts & Police:3", {"trade", "law"}, id="a weight after such a name"),
        pytest.param(" | ; ,", set(), id="separators only"),
    ],
)
def test_topics_are_understood_by_slug_and_by_name(text: str, slugs: set[str]):
    """In any language, with any separator."""
    assert {follow.topic for follow in good(topics=text).subscription.interests.follows} == slugs


@pytest.mark.parametrize(
    ("column", "cell", "told"),
    [
        pytest.param("email", "kim", "@-sign", id="address"),
        pytest.param("timezone", "Asia/Soul", "Asia/Seoul", id="zone with a typing mistake"),
        pytest.param("timezone", "Seoul", "Asia/Seoul", id="a city alone"),
        pytest.param("timezone", "../../etc/passwd", "is no time zone", id="zone that is a path"),
        pytest.param("timezone", "KST\0", "is no time zone", id="zone with NUL"),
        pytest.param("locale", "klingon", "is no locale", id="locale"),
        pytest.param("topics", "trad", "did you mean 'trade'", id="unknown topic"),
        pytest.param("topics", "sport", "is not a topic of daily", id="topic not on offer"),
        pytest.param("topics", "trade:0", "above 0", id="weight nought"),
        pytest.param("topics", "trade:-1", "is not a topic", id="weight below nought"),
        pytest.param("muted", "trdae", "did you mean 'trade'", id="unknown mute"),
        pytest.param("keywords", "x" * 81, "longer than 80", id="long keyword"),
        pytest.param("keywords", "|".join(f"w{n}" for n in range(101)), "at most 100", id="many keywords"),
        pytest.param("languages", "en|klingon", "'klingon' is no locale", id="no language"),
        pytest.param("languages", ",".join(f"en-{n:02}" for n in range(21)), "at most 20", id="many languages"),
        pytest.param("send_at", "25:00", "is no time of day", id="hour"),
        pytest.param("consent_at", "2026-03-01T09:30:00", "does not say in which zone", id="naive time"),
        pytest.param("consent_at", "yesterday", "is no time", id="words for a time"),
        pytest.param("name", "x" * 201, "longer than 200", id="long name"),
        pytest.param("name", "x" * 65_537, "longer than 65,536", id="huge cell"),
        pytest.param("state", "gone", "is not one of pending", id="state"),
    ],
)
def test_a_bad_cell_is_told_with_its_column(column: str, cell: str, told: str):
    """One reason, in one line."""
    found = read(**{column: cell})

    assert not isinstance(found, Row)
    assert [name for name, _ in found] == [column]
    assert told in found[0][1]
    assert "\n" not in found[0][1]


def test_every_bad_cell_of_a_row_is_told():
    """The admin mends a row once."""
    found = read(email="kim", timezone="Mars", send_at="noon")

    assert not isinstance(found, Row)
    assert [column for column, _ in found] == ["email", "timezone", "send_at"]


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        pytest.param("Kim\r\nBcc: x@example.org", "Kim Bcc: x@example.org", id="CRLF"),
        pytest.param("Kim\0Lee", "Kim Lee", id="NUL"),
        pytest.param("\u202eeeL miK\u2066", "eeL miK", id="turning marks"),
        pytest.param("=cmd|'/C calc'!A0", "=cmd|'/C calc'!A0", id="formula"),
        pytest.param("'=cmd", "=cmd", id="formula that an export made harmless"),
        pytest.param("O'Brien", "O'Brien", id="apostrophe"),
        pytest.param("<script>alert(1)</script> {{ 7*7 }}", "<script>alert(1)</script> {{ 7*7 }}", id="markup"),
        pytest.param("👩‍💻 می‌خواهم", "👩‍💻 می‌خواهم", id="joiners"),
    ],
)
def test_a_hostile_name_is_data(name: str, kept: str):
    """Line breaks become spaces; all the rest is a name, and escaped where it is shown."""
    assert good(name=name).subscriber.name == kept


def test_headers_come_in_any_order_case_and_spelling():
    """As other programs export them; what is not understood is named."""
    columns = read_header(["Shoe Size", "E-Mail", "Time Zone", "LANGUAGE", "Address"])

    assert columns.positions == {"email": 1, "timezone": 2, "locale": 3}
    assert columns.ignored == ("Shoe Size", "Address")


@pytest.mark.parametrize(
    "header",
    [pytest.param(["name", "topics"], id="no address"), pytest.param(["email", "Email"], id="two addresses")],
)
def test_a_file_without_one_address_column_is_refused(header: list[str]):
    """Guessing would write to the wrong people."""
    with pytest.raises(BadInput, match="email"):
        read_header(header)


def test_a_row_with_more_cells_than_columns_is_refused():
    """A comma without quotation marks has shifted what follows."""
    reader = RowReader(read_header(["email", "name"]), DAILY, TOPICS, NOW)

    assert reader.read(["kim@example.org", "Lee", " Kim"]) == [
        ("", "the row has 3 cells, the header 2; put cells that hold commas in quotation marks")
    ]
    assert isinstance(reader.read(["kim@example.org", "Lee", "", " "]), Row)
    assert isinstance(reader.read(["kim@example.org"]), Row)


def test_the_columns_are_those_that_the_readme_names():
    """The format in words and the format in code are one."""
    from digest.shipped import shipped_folder

    readme = (shipped_folder("subscribers") / "README.md").read_text("utf-8")

    assert all(f"| `{column}` |" in readme for column in COLUMNS)


def test_a_list_full_of_mistakes_is_told_quickly():
    """Suggestions are slow; the same mistake a hundred thousand times, or a cell of nothing else, is not."""
    reader = RowReader(read_header(["email", "timezone", "topics"]), DAILY, TOPICS, NOW)

    told = [reader.read(["kim@example.org", "KST", "commerce"]) for _ in range(20_000)]
    many = reader.read(["kim@example.org", "", "|".join(f"unknown{n}" for n in range(5_000))])

    assert all(len(one) == 2 for one in told)
    assert len(many) == 11
