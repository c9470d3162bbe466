"""Which articles suit a topic or a keyword, in any script, and the words that say so."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest.enrichment.matching import Matcher, match_keyword
from digest.enrichment.reading import analyse
from digest.model.article import Article, Section
from digest.model.digest import Field
from digest.model.topic import Topic


def matches(keyword: str, text: str) -> bool:
    """Whether a reader of *keyword* gets an article with this title."""
    return match_keyword(analyse(Article(title=text)), keyword) is not None


@pytest.mark.parametrize(
    ("keyword", "text"),
    [
        pytest.param("tariff", "New tariffs announced", id="plural in the text"),
        pytest.param("tariffs", "A tariff for all", id="plural in the keyword"),
        pytest.param("company", "Small companies suffer", id="y and ies"),
        pytest.param("tax", "Higher taxes", id="x and xes"),
        pytest.param("Tariff", "TARIFF TALKS", id="case"),
        pytest.param("cafe", "Le café ferme", id="accent in the text"),
        pytest.param("Zürich", "Zurich votes", id="umlaut in the keyword"),
        pytest.param("straße", "Die STRASSE ist gesperrt", id="sharp s"),
        pytest.param("power grid", "The power grids of Europe", id="a phrase"),
        pytest.param("半導体", "日本の半導体輸出が増加", id="Japanese without spaces"),
        pytest.param("关税", "中国提高关税水平", id="Chinese without spaces"),
        pytest.param("반도체", "반도체를 수출한다", id="Korean with a particle"),
        pytest.param("반도체 수출", "올해 반도체 수출이 늘었다", id="a Korean phrase"),
        pytest.param("ภาษี", "รัฐบาลขึ้นภาษีนำเข้า", id="Thai without spaces"),
        pytest.param("AI", "AIが仕事を変える", id="Latin letters in Japanese"),
        pytest.param("EU", "EU의 새 관세", id="Latin letters with a Korean particle"),
        pytest.param("G7", "在G7峰会上", id="letters and digits in Chinese"),
        pytest.param("AI半導体", "新しいAI半導体を発表", id="a keyword in two scripts"),
        pytest.param("ｅｕ", "EU talks", id="full-width letters"),
        pytest.param("رسوم", "الرسوم الجمركية الجديدة", id="Arabic article"),
        pytest.param("الرسوم", "فرض رسوم جديدة", id="Arabic article in the keyword"),
        pytest.param("تجارة", "والتجارة العالمية", id="Arabic and plus article"),
        pytest.param("كتاب", "كِتَاب جديد", id="Arabic vowel signs"),
        pytest.param("وزير", "زيارة الوزير اليوم", id="an Arabic word that begins like a prefix"),
        pytest.param("тариф", "Новый ТАРИФ", id="Cyrillic"),
        pytest.param("ναός", "ΝΑΟΣ", id="Greek final sigma"),
        pytest.param("हिन्दी", "हिन्दी साहित्य", id="Devanagari"),
        pytest.param("C++", "C++ turns forty", id="a name with signs"),
    ],
)
def test_a_reader_of_a_word_gets_the_article_that_has_it(keyword: str, text: str):
    """In any form of the word, in any script."""
    assert matches(keyword, text)


@pytest.mark.parametrize(
    ("keyword", "text"),
    [
        pytest.param("gas", "A gash in the hull", id="a longer word"),
        pytest.param("art", "Party of the year", id="inside a word"),
        pytest.param("power grid", "The grid and its power", id="the words of a phrase in another order"),
        pytest.param("power grid", "The power of the grid", id="the words of a phrase apart"),
        pytest.param("AI", "MAIL für alle", id="inside a Latin word"),
        pytest.param("半導体", "日本の自動車", id="another Japanese word"),
        pytest.param("...", "Everything", id="a keyword without letters"),
        pytest.param("", "Everything", id="an empty keyword"),
    ],
)
def test_a_reader_of_a_word_does_not_get_what_only_looks_like_it(keyword: str, text: str):
    """Words are compared whole where a script separates them."""
    assert not matches(keyword, text)


TRADE = Topic("trade", "Trade", ("tariff", "exports"), names={"ko": "무역", "ja": "貿易"}, parent="economy")
ECONOMY = Topic("economy", "Economy")
SPORT = Topic("sport", "Sport", ("football",))
MATCHER = Matcher([ECONOMY, TRADE, SPORT])


OTHER = "Onions are cut and fried until they are golden. "


def topics(**article: object) -> dict[str, float]:
    made = Article(**{"title": "", **article})  # type: ignore[arg-type]
    return {slug: why.score for slug, why in MATCHER.topics(analyse(made)).items()}


def body(*paragraphs: str, heading: str = "") -> tuple[Section, ...]:
    return (Section(heading, paragraphs),)


def test_a_topic_is_told_by_its_name_and_keywords():
    """In the title or the deck one word is enough; the words are told strongest first."""
    article = Article(title="Tariffs bite", deck="Trade slows and exports fall", sections=body("tariff tariff"))
    why = MATCHER.topics(analyse(article))["trade"]

    assert why.words == ("tariff", "Trade", "exports")
    assert why.fields == (Field.TITLE, Field.DECK, Field.BODY)


def test_a_topic_is_told_by_its_name_in_any_language():
    """A Korean article has the Korean name."""
    assert "trade" in topics(title="한국 무역 협상")
    assert "trade" in topics(title="日本貿易統計")


def test_a_passing_mention_is_no_topic():
    """Several mentions are."""
    assert topics(title="Cooking", sections=body(OTHER, "A tariff was mentioned.")) == {}
    assert "trade" in topics(title="Cooking", sections=body(OTHER, "The tariff, that tariff, every tariff."))


@pytest.mark.parametrize(
    ("paragraphs", "follows"),
    [
        pytest.param(["A tariff on onions comes.", OTHER], True, id="in the first paragraph of a short article"),
        pytest.param([OTHER, "A tariff on onions comes."], False, id="at the end of a short one"),
        pytest.param([OTHER, "A tariff is a tariff."], True, id="twice in a short one"),
        pytest.param([OTHER * 30, "A tariff is a tariff."], False, id="twice in a long one"),
        pytest.param(["A tariff on onions comes.", *[OTHER * 9] * 6], False, id="once at the head of a long one"),
        pytest.param(["A tariff comes.", *[OTHER * 9] * 6, "The tariff, that tariff."], True, id="and again below"),
        pytest.param([OTHER * 20 + "A tariff comes."], False, id="late in one long paragraph"),
        pytest.param(["日本の貿易統計が発表された。", "鯨は歌う。"], True, id="in Japanese"),
        pytest.param(["日本の貿易統計が発表された。", "鯨は深い海で歌う。" * 200], False, id="in a long Japanese text"),
    ],
)
def test_the_first_paragraph_tells_what_a_short_article_is_about(paragraphs: list[str], follows: bool):
    """It is its deck; in a long text one mention there is still in passing."""
    assert ("trade" in topics(title="Cooking", sections=body(*paragraphs))) is follows


def test_a_near_miss_has_its_score():
    """Preview shows how much was missing, also to readers of the parent."""
    article = analyse(Article(title="Cooking", sections=body(OTHER, "A tariff was mentioned.")))
    near = MATCHER.near_misses(article)

    assert {slug: why.score for slug, why in near.items()} == {"trade": 1.0, "economy": 0.8}
    assert MATCHER.near_misses(analyse(Article(title="Tariff talks"))) == {}


def test_a_parent_is_matched_by_its_children_for_less():
    """Whoever follows Economy gets Trade, but what is about the economy itself stands above it."""
    found = topics(title="Tariff talks")

    assert found["economy"] == pytest.approx(found["trade"] * 0.8)


def test_topics_in_a_circle_end():
    """A vocabulary that was broken by hand does not hang the program."""
    circle = Matcher([Topic("a", "Alpha", parent="b"), Topic("b", "Beta", parent="a")])

    assert set(circle.topics(analyse(Article(title="Alpha")))) == {"a", "b"}


@pytest.mark.parametrize("label", ["trade", "Trade", "TRADE", "무역"])
def test_a_label_of_the_source_is_better_than_any_word(label: str):
    """By slug or by name in any language."""
    article = Article(title="Whales", topics=(label,))
    why = MATCHER.topics(analyse(article))["trade"]

    assert why.fields == (Field.LABEL,)


@given(st.text(max_size=80), st.text(max_size=20))
def test_any_text_can_be_matched(text: str, keyword: str):
    """Whatever comes from outside: no error, the same answer twice, and a match has its reason."""
    article = analyse(Article(title=text, sections=body(text)))
    why = match_keyword(article, keyword)

    assert why == match_keyword(article, keyword)
    assert why is None or (why.words and why.fields and why.score > 0)


@given(st.lists(st.sampled_from(["tariff", "football", "whale", "trade", "economy"]), max_size=6))
def test_the_order_of_the_vocabulary_decides_nothing(words: list[str]):
    """A match depends on the article and the topic alone."""
    article = analyse(Article(title=" ".join(words)))

    assert Matcher([SPORT, TRADE, ECONOMY]).topics(article) == MATCHER.topics(article)
