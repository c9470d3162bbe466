"""Every form of a word in the languages that mails come in, and what only looks like one."""

from __future__ import annotations

import pytest

from digest.enrichment.keywords import KeywordIndex
from digest.enrichment.matching import Matcher, match_keyword
from digest.enrichment.reading import analyse
from digest.model.article import Article
from digest.model.topic import Topic


def matches(language: str, keyword: str, text: str) -> bool:
    """Whether a reader of *keyword* gets an article with this title."""
    return match_keyword(analyse(Article(title=text, language=language)), keyword) is not None


@pytest.mark.parametrize(
    ("language", "keyword", "text"),
    [
        pytest.param("en", "export", "Growers are exporting less this year", id="English: -ing"),
        pytest.param("en", "trade", "Cattle were traded at the fair", id="English: -ed after a silent e"),
        pytest.param("en", "planning", "The council planned a second bridge", id="English: a doubled letter"),
        pytest.param("en", "strikes", "Ferry crews are striking again", id="English: keyword in the plural"),
        pytest.param("en", "study", "Three studies of river mud", id="English: y and ies"),
        pytest.param("en-GB", "labour", "Labor is scarce in the valley", id="English: two spellings"),
        pytest.param("de", "Zoll", "Neue Zölle auf Stahl", id="German: umlaut of the plural"),
        pytest.param("de", "Häuser", "Der Preis eines Hauses am See", id="German: genitive"),
        pytest.param("de", "Batterie", "Alte Batterien für den Hafen", id="German: -n"),
        pytest.param("de", "Kind", "Ein Chor mit Kindern aus der Stadt", id="German: dative"),
        pytest.param("de", "Lehrerin", "Die Lehrerinnen der Insel", id="German: -innen"),
        pytest.param("de", "Thema", "Die Themen der Woche", id="German: a and en"),
        pytest.param("de", "Strom", "Das Stromnetz hält", id="German: first part of a compound"),
        pytest.param("de", "Steuer", "Die Mehrwertsteuer sinkt", id="German: last part of a compound"),
        pytest.param("de", "Energie", "Windenergie lohnt sich", id="German: a kind of it"),
        pytest.param("de", "Straße", "STRASSEN gesperrt", id="German: sharp s in capitals"),
        pytest.param("fr", "journal", "Les journaux du matin", id="French: -aux"),
        pytest.param("fr", "européen", "La pêche européenne recule", id="French: -enne"),
        pytest.param("fr", "actif", "Des îles très actives", id="French: -ives"),
        pytest.param("fr", "énergie", "Le prix de l'énergie baisse", id="French: elision"),
        pytest.param("fr", "école", "L’ÉCOLE ET LES ECOLES", id="French: capitals without accents"),
        pytest.param("fr", "travail", "Les travaux du pont", id="French: -ail and -aux"),
        pytest.param("es", "arancel", "Suben los aranceles al acero", id="Spanish: -es"),
        pytest.param("es", "exportación", "Caen las exportaciones de miel", id="Spanish: the accent goes"),
        pytest.param("es", "luz", "Las luces del puerto", id="Spanish: z and c"),
        pytest.param("es", "económico", "Las previsiones económicas", id="Spanish: gender and number"),
        pytest.param("es", "país", "Tres países firman", id="Spanish: a word in -s"),
        pytest.param("ko", "무역", "무역은 늘고 관세는 줄었다", id="Korean: topic particle"),
        pytest.param("ko", "반도체", "새 공장에서 반도체를 만든다", id="Korean: object particle"),
        pytest.param("ko", "무역", "자유무역에 대한 논의", id="Korean: end of a compound, particle"),
        pytest.param("ko", "쌀", "쌀을 심는 사람들", id="Korean: one letter with its particle"),
        pytest.param("ko", "학교", "섬 학교들에서 배우다", id="Korean: plural and particle"),
        pytest.param("ko", "반도체 수출", "반도체의 수출이 늘었다", id="Korean: a particle inside a phrase"),
        pytest.param("ja", "関税", "米関税の影響を調べる", id="Japanese: inside a compound"),
        pytest.param("ja", "半導体", "次世代半導体工場を建設", id="Japanese: words on both sides"),
        pytest.param("ja", "パネル", "ソーラーパネルを並べる", id="Japanese: last word of a loan compound"),
        pytest.param("ja", "りんご", "赤いりんごを干す", id="Japanese: in hiragana"),
        pytest.param("ja", "京都", "夏の京都を歩く", id="Japanese: Kyoto"),
        pytest.param("zh", "中国", "这家中国企业出海", id="Chinese: China"),
        pytest.param("zh", "反倾销", "欧盟反倾销调查", id="Chinese: inside a compound"),
        pytest.param("ar", "تجارة", "اتفاق للتجارة الحرة", id="Arabic: to the"),
        pytest.param("ar", "تجارة", "وبالتجارة تحيا المدن", id="Arabic: and by the"),
        pytest.param("ar", "صادرات", "الصادرات ترتفع مرة أخرى", id="Arabic: article"),
        pytest.param("ar", "شركة", "شركات صغيرة على الساحل", id="Arabic: plural"),
        pytest.param("ar", "اقتصاد", "النمو الاقتصادي بطيء", id="Arabic: adjective"),
        pytest.param("ar", "أسواق", "اسواق المدينة", id="Arabic: alef without hamza"),
        pytest.param("ar", "قانون", "قــانون جديد", id="Arabic: stretched"),
    ],
)
def test_a_reader_of_a_word_gets_its_forms(language, keyword, text):
    """In the language of the article."""
    assert matches(language, keyword, text)


@pytest.mark.parametrize(
    ("language", "keyword", "text"),
    [
        pytest.param("en", "art", "A party by the river", id="English: inside a word"),
        pytest.param("en", "even", "An evening of songs", id="English: a word in -ing that is none"),
        pytest.param("en", "new", "The news at ten", id="English: a word in -s that is no plural"),
        pytest.param("en", "unit", "United in the cup", id="English: a word in -ed that is none"),
        pytest.param("de", "Art", "Die Partei tagt", id="German: inside a word"),
        pytest.param("de", "Rat", "Das Fahrrad im Keller", id="German: short, at the end of another"),
        pytest.param("de", "Handel", "Sie verhandeln bis zum Morgen", id="German: a verb with a prefix"),
        pytest.param("de", "Eisen", "Reisen im Winter", id="German: all but one letter"),
        pytest.param("fr", "port", "Le rapport est long", id="French: inside a word"),
        pytest.param("es", "ola", "La escuela abre", id="Spanish: inside a word"),
        pytest.param("ko", "무역", "그것은 의무역할이다", id="Korean: across two words"),
        pytest.param("ko", "사과", "회사과장이 말했다", id="Korean: across the parts of a compound"),
        pytest.param("ko", "쌀", "쌀쌀한 아침", id="Korean: one letter of another word"),
        pytest.param("ja", "ライス", "スライスした野菜", id="Japanese: inside a loan word"),
        pytest.param("ja", "京都", "東京都の予算", id="Japanese: Kyoto in Tokyo"),
        pytest.param("ja", "米", "米国の選挙", id="Japanese: one letter of another word"),
        pytest.param("ja", "いか", "すいかの季節", id="Japanese: the rest of a word"),
        pytest.param("zh", "中国", "发展中国家的债务", id="Chinese: across two words"),
        pytest.param("ar", "طاقة", "بطاقة الهوية الجديدة", id="Arabic: a letter that is no preposition"),
        pytest.param("ar", "عمل", "معمل صغير", id="Arabic: inside a word"),
    ],
)
def test_a_reader_of_a_word_is_spared_what_only_looks_like_it(language, keyword, text):
    """The letters are there, the word is not."""
    assert not matches(language, keyword, text)


def test_words_of_one_language_are_sought_in_that_language_only():
    """German "Rat" is a council; an English rat is none."""
    council = Topic("council", "Council", keywords_in={"de": ("Rat",), "fr": ("conseil",)})
    found = Matcher([council])

    assert "council" in found.topics(analyse(Article(title="Der Rat tagt", language="de-AT")))
    assert "council" not in found.topics(analyse(Article(title="The rat in the kitchen", language="en")))
    assert "council" in found.topics(analyse(Article(title="Der Rat tagt")))


def test_a_topic_s_name_in_another_language_is_no_word_of_this_one():
    """Trade is called Handel in German; the composer is not meant."""
    trade = Topic("trade", "Trade", names={"de": "Handel", "ja": "貿易"})
    found = Matcher([trade])

    assert "trade" not in found.topics(analyse(Article(title="Handel sung at noon", language="en")))
    assert "trade" in found.topics(analyse(Article(title="Der Handel wächst", language="de")))
    assert "trade" in found.topics(analyse(Article(title="日本貿易統計", language="en")))


def test_an_index_of_many_articles_finds_what_looking_at_each_does():
    """In every language at once, with compounds and without spaces."""
    titles = [
        ("de", "Die Windenergie wächst"),
        ("en", "Energie AG builds a dam"),
        ("ja", "風力発電の統計"),
        ("ko", "쌀을 심다"),
    ]
    read = [analyse(Article(title=title, language=language)) for language, title in titles]

    for keyword in ("Energie", "風力", "쌀", "統計", "wind", "..."):
        alone = {at: why for at, one in enumerate(read) if (why := match_keyword(one, keyword))}
        assert KeywordIndex(read).matches(keyword) == alone
    assert set(KeywordIndex(read).matches("Energie")) == {0, 1}
