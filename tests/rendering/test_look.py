"""What a reader sees: the shipped digest template and the words of its five languages."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime
from functools import lru_cache

import pytest
from babel.messages.catalog import Catalog, Message
from babel.messages.pofile import read_po
from lxml import html as lxml_html
from lxml.html import HtmlElement

from digest.rendering.check import check_template
from digest.rendering.headers import constant_headers
from digest.rendering.i18n import CATALOGUES, load_translations
from digest.rendering.languages import weekday_date_text
from digest.rendering.parts import CardChoice, DigestParts
from digest.rendering.press import Press
from digest.rendering.splice import ReaderValues, Splicer
from digest.rendering.templates import TemplateSet
from digest.rendering.views import CardView, Frame, ImageView, RelatedView
from digest.shipped import shipped_folder

LOCALES = ("en", "ko", "ja", "ar", "de", "fr", "es")
MAILS = shipped_folder("templates") / "email"
READER = ReaderValues(
    name="Mina Okafor",
    address="mina@example.org",
    unsubscribe_url="https://news.example.org/u/4f1c",
    preferences_url="https://news.example.org/p/4f1c",
    view_url="https://news.example.org/v/4f1c",
    message_id="<1@example.org>",
    date=datetime(2026, 11, 23, 6, 30, tzinfo=UTC),
)
FRAME = Frame(
    name="The Quay Courier",
    sender_name="Quay Courier Press",
    sender_address="courier@example.org",
    list_id="courier.example.org",
    postal_lines=("7 Ropewalk Lane", "Port Example EX4 1AA"),
    description="Harbours, weather and trade",
    home_url="https://example.org/courier",
)
NOTICE = "This text was written by a machine and checked by nobody."
ARABIC_NOTICE = "كُتب هذا النص آليًا ولم يراجعه أحد."
FULL = CardView(
    title="Tide tables go back to paper",
    url="https://example.org/tides",
    topic="Weather",
    summary="Three ports have stopped trusting their screens and print the tides again.",
    summary_by="extract",
    disclaimer=NOTICE,
    language="en",
    source="Example Wire",
    date="23 November 2026",
    image=ImageView("https://example.org/tides.jpg", 1600, 900, "A tide table nailed to a door"),
    heading_id="a1",
)
ARABIC = CardView(
    title="الموانئ تعود إلى جداول المد الورقية",
    url="https://example.net/ar/tides",
    topic="Weather",
    summary="ثلاثة موانئ لم تعد تثق بالشاشات فعادت إلى طباعة جداول المد.",
    disclaimer=ARABIC_NOTICE,
    language="ar",
    heading_id="a2",
)
BARE = CardView(title="A title and nothing else", heading_id="a3")
NEIGHBOURS = (
    RelatedView("Who still prints almanacs", "https://example.org/almanacs", "en"),
    RelatedView("An almanac that nobody has put online", "", "en"),
    RelatedView("التقويم البحري", "https://example.net/ar/almanac", "ar"),
)
WHY, MORE, FOLLOWS = "Because you like weather: tide", "2 more articles wait.", "You follow weather and harbours."
PREHEADER = "Three ports print their tide tables again."


def digest_parts(press: Press, locale: str) -> DigestParts:
    full, arabic, bare = press.add_cards([FULL, ARABIC, BARE])
    cards = (CardChoice(full, WHY, NEIGHBOURS), CardChoice(arabic, WHY), CardChoice(bare))
    return DigestParts(cards, weekday_date_text(date(2026, 11, 23), locale), PREHEADER, MORE, FOLLOWS)


def splicer(press: Press, parts: DigestParts) -> Splicer:
    composed = press.compose(parts)
    headers = constant_headers(FRAME, composed.subject, composed.layout.boundary)
    return Splicer(composed.layout, composed.pieces, headers)


@lru_cache
def spliced(locale: str) -> Splicer:
    press = Press(TemplateSet.load(MAILS), FRAME, locale)
    return splicer(press, digest_parts(press, locale))


def rendered(locale: str, kind: str, reader: ReaderValues = READER) -> str:
    """Return the HTML or text part that one reader gets."""
    return spliced(locale).html(reader) if kind == "html" else spliced(locale).text(reader)


def page(locale: str = "en") -> HtmlElement:
    return lxml_html.document_fromstring(rendered(locale, "html"))


def body_of(document: HtmlElement) -> HtmlElement:
    return document.find("body")


def style_of(element: HtmlElement) -> dict[str, str]:
    rules = (rule.partition(":") for rule in element.get("style", "").split(";") if ":" in rule)
    return {name.strip(): value.strip() for name, _, value in rules}


def own_text(element: HtmlElement) -> str:
    return " ".join([element.text or "", *(child.tail or "" for child in element)]).strip()


def speaking(document: HtmlElement) -> Iterator[HtmlElement]:
    """Give every element in the body that has text of its own, and every picture (its alt is text)."""
    for element in body_of(document).iter():
        if isinstance(element.tag, str) and (own_text(element) or element.tag == "img"):
            yield element


def inherited(element: HtmlElement, prop: str, dark: dict[str, dict[str, str]]) -> str:
    """Return the value that a browser would use; in *dark*, the rules by class beat the style attribute."""
    for holder in (element, *element.iterancestors()):
        for name in reversed(list(dark)):
            if name in holder.get("class", "").split() and prop in dark[name]:
                return dark[name][prop]
        if prop in style_of(holder):
            return style_of(holder)[prop]
    raise AssertionError(f"{prop} of <{element.tag}> is left to the mail program")


def dark_rules(document: HtmlElement) -> dict[str, dict[str, str]]:
    """Return what the dark palette sets, by class."""
    sheet = document.findtext(".//style")
    block = sheet[sheet.index("prefers-color-scheme: dark") :]
    rules: dict[str, dict[str, str]] = {}
    for selectors, declarations in re.findall(r"(\.[^{}]+)\{([^{}]+)\}", block):
        for name in re.findall(r"\.([a-z-]+)", selectors):
            for prop, value in re.findall(r"([a-z-]+):\s*([^;!]+?)\s*!important", declarations):
                rules.setdefault(name, {})[prop] = value
    return rules


def luminance(colour: str) -> float:
    """Return the relative luminance of #rrggbb (WCAG 2.2)."""
    assert re.fullmatch(r"#[0-9a-f]{6}", colour), colour
    channels = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    dim, bright = sorted((luminance(one), luminance(other)))
    return (bright + 0.05) / (dim + 0.05)


def pixels(value: str) -> float:
    assert value.endswith("px"), value
    return float(value.removesuffix("px"))


def position(document: HtmlElement, wanted: str) -> int:
    """Return where *wanted* stands in the order of reading."""
    text = body_of(document).text_content()
    assert wanted in text, wanted
    return text.index(wanted)


@pytest.mark.parametrize("palette", ["light", "dark"])
@pytest.mark.parametrize("locale", LOCALES)
def test_every_word_stands_out_from_its_ground(locale: str, palette: str) -> None:
    """Contrast is at least 4.5:1 for every text and ground, in both palettes (WCAG 1.4.3)."""
    document = page(locale)
    dark = dark_rules(document) if palette == "dark" else {}

    found = {(inherited(e, "color", dark), inherited(e, "background-color", dark)) for e in speaking(document)}

    assert len(found) >= 5
    assert {pair: round(contrast(*pair), 2) for pair in found if contrast(*pair) < 4.5} == {}


def test_a_mail_program_that_inverts_colours_finds_no_pure_black_and_white() -> None:
    """Pure #000 and #fff are what forced inversion treats worst."""
    assert not re.search(r"#(000|fff|000000|ffffff)\b", rendered("en", "html"), re.IGNORECASE)


def test_no_ground_stays_light_in_the_dark() -> None:
    """Each class that paints a ground or a text by day has a colour for the night."""
    document = page()
    dark = dark_rules(document)

    for element in body_of(document).iter("td", "p", "h1", "h2", "a", "li", "img", "strong", "div"):
        for prop in ("color", "background-color"):
            if prop in style_of(element):
                assert any(prop in dark.get(name, {}) for name in element.get("class", "").split()), (
                    element.tag,
                    element.get("class"),
                    prop,
                )


@pytest.mark.parametrize("locale", LOCALES)
def test_nobody_needs_glasses_for_it(locale: str) -> None:
    """Text is at least 14 px, with lines at least 1.4 times as high, each stated on the way up."""
    for element in speaking(page(locale)):
        size = pixels(inherited(element, "font-size", {}))
        height = inherited(element, "line-height", {})
        ratio = pixels(height) / size if height.endswith("px") else float(height)

        assert size >= 14, (element.tag, element.get("class"))
        assert ratio >= 1.4, (element.tag, element.get("class"))


def test_a_finger_finds_every_action() -> None:
    """Links that stand alone are at least 44 px high: line plus padding."""
    links = [a for a in body_of(page()).iter("a") if a.get("class").split()[0] != "headline"]

    for link in links:
        top, _, bottom = (style_of(link)["padding"].split() * 2)[:3]
        assert style_of(link)["display"] in ("block", "inline-block")
        assert pixels(inherited(link, "line-height", {})) + pixels(top) + pixels(bottom) >= 44, link.get("class")


@pytest.mark.parametrize("locale", LOCALES)
def test_a_screen_reader_is_told_language_and_direction(locale: str) -> None:
    """`lang` and `dir` stand on html and again on the first wrapper, because clients strip html."""
    document = page(locale)
    direction = "rtl" if locale == "ar" else "ltr"

    for element in (document, body_of(document)[0]):
        assert (element.get("lang"), element.get("dir")) == (locale, direction)


@pytest.mark.parametrize("locale", LOCALES)
def test_a_screen_reader_hears_one_headline_and_one_per_article(locale: str) -> None:
    """A title, one h1, an h2 per article, and no heading beyond."""
    document = page(locale)

    assert document.findtext(".//title").strip() == FRAME.name
    assert [h.text_content() for h in document.iter("h1")] == [FRAME.name]
    assert [h.text_content() for h in document.iter("h2")] == [FULL.title, ARABIC.title, BARE.title]
    assert not list(document.iter("h3", "h4", "h5", "h6"))


def test_tables_are_for_layout_only_and_say_so() -> None:
    """Every table is a presentation with cellpadding, cellspacing and border 0."""
    tables = list(page().iter("table"))

    assert tables
    for table in tables:
        assert table.get("role") == "presentation"
        assert [table.get(name) for name in ("cellpadding", "cellspacing", "border")] == ["0", "0", "0"]
    ghosts = re.findall(r"<!--\[if mso\]>(.*?)<!\[endif\]-->", rendered("en", "html"), re.DOTALL)
    assert all('role="presentation"' in ghost for ghost in ghosts if "<table" in ghost)


def test_a_picture_keeps_its_proportions_and_is_never_needed() -> None:
    """Sizes are given, fitted to the column; alt is there; the card is complete without it."""
    (image,) = page().iter("img")

    assert image.get("src") == FULL.image.url
    assert (image.get("width"), image.get("height"), image.get("alt")) == ("536", "301", FULL.image.alt)
    style = style_of(image)
    assert (style["display"], style["max-width"], style["height"]) == ("block", "100%", "auto")


def test_a_small_picture_is_not_blown_up() -> None:
    """A picture narrower than the column keeps its own size."""
    press = Press(TemplateSet.load(MAILS), FRAME, "en")
    small = CardView(title="Small", image=ImageView("https://example.org/s.png", 120, 80, "A buoy"))
    (card,) = press.add_cards([small])

    document = lxml_html.document_fromstring(splicer(press, DigestParts((CardChoice(card),), "today")).html(READER))

    assert [(i.get("width"), i.get("height")) for i in document.iter("img")] == [("120", "80")]


@pytest.mark.parametrize("locale", LOCALES)
def test_nothing_is_hidden_from_the_reader(locale: str) -> None:
    """No display:none, no zero sizes, no padding characters: hidden text is what spam does."""
    mail = rendered(locale, "html")

    assert not re.search(r"display:\s*none|visibility:\s*hidden|opacity|mso-hide|font-size:\s*0|max-height:\s*0", mail)
    assert not re.search(r"[\u200b-\u200d\u00ad]|&zwnj;|&#847;", mail)
    assert not re.search(r"background-image|url\(|position:|display:\s*(flex|grid)|float:", mail)


def test_the_preheader_is_the_first_thing_read() -> None:
    """The first visible words are the preheader, in HTML and in text."""
    first = next(text.strip() for text in body_of(page()).itertext() if text.strip())

    assert first == PREHEADER
    assert rendered("en", "text").startswith(PREHEADER)


def test_styles_do_not_look_at_neighbours() -> None:
    """A card is inlined alone, so outside @media only single classes select; and Gmail's 16 KB is kept."""
    sheet = page().findtext(".//style")
    always = sheet[: sheet.index("@media")]

    selectors = re.findall(r"([^{}]+)\{", always)

    assert all(re.fullmatch(r"\.[a-z][a-z-]*", selector.strip()) for selector in selectors), selectors
    assert len(sheet.encode()) < 16_000


@pytest.mark.parametrize("locale", LOCALES)
def test_the_mail_is_whole_when_the_style_sheet_is_thrown_away(locale: str) -> None:
    """Every colour, size and font is in the elements; <style> adds only night and narrow screens."""
    stripped = lxml_html.document_fromstring(re.sub(r"(?s)<style>.*?</style>", "", rendered(locale, "html")))

    for element in speaking(stripped):
        for prop in ("color", "background-color", "font-size", "line-height", "font-family"):
            assert inherited(element, prop, {})


def test_a_card_reads_in_order() -> None:
    """Topic, title, summary, who wrote it, disclaimer, read more, why, related: in this order."""
    document = page()
    told = [
        FULL.topic,
        FULL.title,
        FULL.summary,
        "Summary made automatically",
        NOTICE,
        "Read the article",
        WHY,
        "Related articles",
        NEIGHBOURS[0].title,
    ]

    places = [position(document, words) for words in told]

    assert places == sorted(places)


@pytest.mark.parametrize("kind", ["html", "text"])
def test_a_disclaimer_stands_between_the_summary_and_the_way_to_the_article(kind: str) -> None:
    """Each flagged article's disclaimer is there once, before its last link, in both parts."""
    mail = rendered("en", kind)
    flat = " ".join(mail.split())

    for card, notice in ((FULL, NOTICE), (ARABIC, ARABIC_NOTICE)):
        assert flat.count(notice) == 1
        assert flat.index(card.summary) < flat.index(notice) < flat.rindex(card.url)


def test_a_disclaimer_speaks_the_language_of_its_article() -> None:
    """An Arabic notice in an English frame is marked Arabic and runs from right to left."""
    (notice,) = [e for e in body_of(page()).iter("td") if own_text(e) == ARABIC_NOTICE]

    assert (notice.get("lang"), notice.get("dir"), notice.get("align")) == ("ar", "rtl", "right")


@pytest.mark.parametrize("locale", ["en", "ar"])
def test_an_article_keeps_its_own_direction_in_a_foreign_frame(locale: str) -> None:
    """Title and cell follow the article, whatever the frame: an English article in an Arabic mail too."""
    titles = {h.text_content(): h for h in page(locale).iter("h2")}

    for card, direction, side in ((FULL, "ltr", "left"), (ARABIC, "rtl", "right")):
        heading = titles[card.title]
        cell = heading.getparent()
        assert (cell.get("lang"), heading.get("lang")) == (card.language, card.language)
        assert (cell.get("dir"), heading.get("dir")) == (direction, direction)
        assert (cell.get("dir"), cell.get("align"), style_of(cell)["text-align"]) == (direction, side, side)


def test_arabic_letters_are_not_pulled_apart() -> None:
    """Letter spacing breaks joined scripts, so labels of a right-to-left frame have none."""
    labels = [p for p in page("ar").iter("p") if "kicker" in p.get("class", "")]

    assert labels
    assert all("letter-spacing" not in style_of(label) for label in labels)


def test_a_bare_article_is_not_given_dead_links_or_empty_boxes() -> None:
    """Without a URL there is no link; without the rest there is only a title."""
    (heading,) = [h for h in page().iter("h2") if h.text_content() == BARE.title]
    cell = heading.getparent()

    assert not list(cell.iter("a", "img", "table"))
    assert cell.text_content().strip() == BARE.title


def test_a_related_entry_that_leads_nowhere_is_told_as_text() -> None:
    """Known neighbours are links; an unknown one is words."""
    items = {li.text_content().strip(): [a.get("href") for a in li.iter("a")] for li in page().iter("li")}

    assert items == {item.title: [item.url] if item.url else [] for item in NEIGHBOURS}


@pytest.mark.parametrize("locale", LOCALES)
@pytest.mark.parametrize("kind", ["html", "text"])
def test_the_footer_says_why_then_how_to_change_then_how_to_leave_then_who_we_are(locale: str, kind: str) -> None:
    """Order: why you get this, preferences, unsubscribe, identity and postal address, in both parts."""
    mail = rendered(locale, kind)
    told = [FOLLOWS, READER.preferences_url, READER.unsubscribe_url, FRAME.sender_name, *FRAME.postal_lines]

    places = [mail.rindex(words) for words in told]

    assert places == sorted(places)
    assert places[0] > mail.index(MORE)


@pytest.mark.parametrize("locale", LOCALES)
def test_who_reads_plain_text_misses_nothing(locale: str) -> None:
    """The text part has every title, URL, notice, reason and the words of the frame, and no HTML."""
    text = rendered(locale, "text")
    flat = " ".join(text.split())
    document = page(locale)

    for href in {a.get("href") for a in document.iter("a")}:
        assert href in text
    words = {w.strip() for w in body_of(document).itertext() if len(w.strip()) > 1}
    words -= {load_translations(locale).gettext("Unsubscribe")}  # the short link on top; the long one is in both
    missing = {w for w in words if w.lower() not in flat.lower()}
    assert missing == set()
    assert not re.search(r"</?[a-z]+[ >]|&[a-z]+;|&#\d+;|\{\{|\}\}", text)


@pytest.mark.parametrize("locale", LOCALES)
def test_a_line_of_text_fits_a_terminal(locale: str) -> None:
    """No line is longer than 72 characters, URLs excepted; no more than one blank line in a row."""
    text = rendered(locale, "text")

    assert [line for line in text.splitlines() if len(line.rstrip()) > 72 and "https://" not in line] == []
    assert "\n\n\n" not in text


@pytest.mark.parametrize("locale", LOCALES)
def test_a_reader_without_a_name_is_greeted_all_the_same(locale: str) -> None:
    """The fallback stands in the greeting, and nothing is left of the placeholder."""
    greeting = load_translations(locale).gettext("Hello %(name)s.")
    nobody = load_translations(locale).gettext("and welcome")

    assert greeting % {"name": READER.name} in rendered(locale, "text")
    assert greeting % {"name": nobody} in rendered(locale, "text", READER._replace(name=""))
    assert "%(" not in rendered(locale, "html")


@pytest.mark.parametrize(
    ("titles", "subject"),
    [
        pytest.param(["Tides on paper"], "Tides on paper", id="one"),
        pytest.param(["Tides on paper", "Rope"], "Tides on paper, and 1 more", id="two"),
        pytest.param(["A" * 60, "Rope"], "A" * 60, id="no room for the count"),
        pytest.param(["word " * 30], "word " * 12 + "word…", id="cut between words"),
        pytest.param(["字" * 90], "字" * 69 + "…", id="cut where there are no words"),
        pytest.param(["Re: FWD: Tides on paper"], "Tides on paper", id="called an answer"),
        pytest.param(["AW[2]: 转发:Tides"], "Tides", id="called an answer in other languages"),
        pytest.param(["Re: "], FRAME.name, id="called an answer and nothing else"),
        pytest.param(["Reform: a year on"], "Reform: a year on", id="a word that begins like one"),
    ],
)
def test_a_subject_names_the_first_article_and_fits(titles: list[str], subject: str) -> None:
    """At most some 70 characters, never empty."""
    press = Press(TemplateSet.load(MAILS), FRAME, "en")
    cards = press.add_cards([CardView(title=title.strip()) for title in titles])

    said = press.subject(DigestParts(tuple(map(CardChoice, cards)), "23 November 2026"))

    assert said == subject
    assert len(said) <= 70


def test_the_template_passes_the_check_that_editors_templates_must_pass() -> None:
    """Spliced and whole are the same tree, for made-up articles in five languages."""
    assert check_template(MAILS) == []


@lru_cache
def catalogue(locale: str) -> Catalog:
    with (CATALOGUES / locale / "LC_MESSAGES" / "digest.po").open("rb") as file:
        return read_po(file, locale=locale, abort_invalid=True)


def said_in(catalog: Catalog) -> dict[str | tuple[str, ...], Message]:
    ids = ((m.id if isinstance(m.id, str) else tuple(m.id), m) for m in catalog if m.id)
    return dict(ids)


def forms(message: Message) -> tuple[str, ...]:
    return (message.string,) if isinstance(message.string, str) else tuple(message.string)


def placeholders(text: str) -> set[str]:
    return set(re.findall(r"%\((\w+)\)s", text))


@pytest.mark.parametrize("locale", LOCALES)
def test_every_language_says_everything(locale: str) -> None:
    """Same entries in all, none empty, none fuzzy, as many plural forms as the language has."""
    entries = said_in(catalogue(locale))

    assert entries.keys() == said_in(catalogue("en")).keys()
    assert catalogue(locale).num_plurals == {"en": 2, "ko": 1, "ja": 1, "ar": 6, "de": 2, "fr": 2, "es": 2}[locale]
    for message in entries.values():
        assert all(forms(message)), message.id
        assert not message.fuzzy, message.id
        expected = 1 if isinstance(message.id, str) else catalogue(locale).num_plurals
        assert len(forms(message)) == expected, message.id


@pytest.mark.parametrize("locale", LOCALES)
def test_every_language_keeps_the_blanks_that_are_filled_in(locale: str) -> None:
    """Placeholders are the same on both sides; a plural form for exactly 0, 1 or 2 may spell the number."""
    for key, message in said_in(catalogue(locale)).items():
        wanted = placeholders(key if isinstance(key, str) else key[-1])
        for number, form in enumerate(forms(message)):
            spelled = locale == "ar" and not isinstance(key, str) and number <= 2
            assert placeholders(form) == (wanted - {"count", "days", "number"} if spelled else wanted), form
            assert "%" not in re.sub(r"%\(\w+\)s", "", form), form


@pytest.mark.parametrize("locale", [locale for locale in LOCALES if locale != "en"])
def test_nothing_is_left_in_english(locale: str) -> None:
    """No entry is its own translation, and the scripts are right."""
    script = {"ko": "[\uac00-\ud7a3]", "ja": "[\u3040-\u30ff\u4e00-\u9fff]", "ar": "[\u0600-\u06ff]"}

    for key, message in said_in(catalogue(locale)).items():
        for form in forms(message):
            bare = re.sub(r"%\(\w+\)s", "", form)
            assert form != (key if isinstance(key, str) else key[0])
            assert re.search(script.get(locale, "[a-zA-Z]"), bare) or not re.search(r"\w", bare), form


def test_every_string_of_the_templates_is_in_the_catalogues() -> None:
    """A template, of a mail or of a page, cannot say what no translator has seen."""
    sources = [file for kind in ("email/digest", "web") for file in sorted((MAILS.parent / kind).glob("*.*"))]
    called = re.compile(r"""\b_\(\s*"((?:[^"\\]|\\.)*)\"""")
    used = {text for file in sources for text in called.findall(file.read_text("utf-8"))}

    assert len(used) >= 10
    assert used - said_in(catalogue("en")).keys() == set()


@pytest.mark.parametrize(
    ("locale", "count", "words"),
    [
        ("en", 1, "1 more article is waiting for the next digest."),
        ("en", 2, "2 more articles are waiting for the next digest."),
        ("de", 1, "1 weiterer Artikel wartet auf die nächste Ausgabe."),
        ("fr", 0, "0 autre article attend le prochain envoi."),
        ("fr", 2, "2 autres articles attendent le prochain envoi."),
        ("es", 1, "1 artículo más espera al próximo envío."),
        ("es", 2, "2 artículos más esperan al próximo envío."),
        ("ar", 1, "مقال آخر في انتظار الرسالة القادمة."),
        ("ar", 2, "مقالان آخران في انتظار الرسالة القادمة."),
        ("ar", 3, "3 مقالات أخرى في انتظار الرسالة القادمة."),
        ("ar", 11, "11 مقالًا آخر في انتظار الرسالة القادمة."),
        ("ar", 100, "100 مقال آخر في انتظار الرسالة القادمة."),
        ("ar", 103, "103 مقالات أخرى في انتظار الرسالة القادمة."),
    ],
)
def test_a_number_takes_the_form_that_its_language_wants(locale: str, count: int, words: str) -> None:
    """Arabic has six forms; the rule in the catalogue picks the right one."""
    said = load_translations(locale).ngettext(
        "%(count)s more article is waiting for the next digest.",
        "%(count)s more articles are waiting for the next digest.",
        count,
    )

    assert said % {"count": count} == words
