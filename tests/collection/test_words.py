"""Decoding, cleaning, language, dates and links: the small things every reader stands on."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest.collection.clean import clean_line, ends_sentence, fold, split_lines, weight
from digest.collection.dates import parse_date
from digest.collection.decode import MAX_BYTES, decode
from digest.collection.language import guess_language, language_tag
from digest.collection.links import http_url
from digest.collection.markers import load_markers
from digest.errors import BadArticle
from tests.collection.pages import PAGES

SENTENCES = {
    "en": "The harbour master has counted the hours in which the tide ran past the quay.",
    "de": "Der Hafenmeister zählte die Stunden, in denen die Flut nicht an dem Kai stand.",
    "fr": "Le capitaine du port compte les heures pendant lesquelles la mer est dans le bassin.",
    "es": "El capitán del puerto contó las horas en que la marea pasaba por el muelle.",
    "pt": "O capitão do porto contou as horas em que a maré não passava pelo cais da cidade.",
    "it": "Il capitano del porto ha contato le ore in cui la marea è nel bacino della città.",
    "nl": "De havenmeester telde de uren dat het water van de zee niet op de kade was.",
    "ru": "Капитан порта считал часы, когда вода не стояла у причала, и записывал их.",
    "uk": "Капітан порту рахував години, коли вода не стояла біля причалу, і записував їх.",
    "vi": "Người quản lý cảng đã bắt đầu đếm những giờ mà thủy triều chảy qua bến tàu.",
    "cs": "Přístavní správce začal počítat hodiny, kdy příliv běžel kolem prázdného mola, a zapisoval je.",
    "sk": "Správca prístavu začal počítať hodiny, keď príliv bežal okolo prázdneho móla, a zapisoval si ich, ako bolo treba.",
    "fi": "Satamapäällikkö alkoi laskea tunteja, jolloin vuorovesi virtasi, ja kirjasi ne muistiin, mutta kukaan ei ole niitä lukenut.",
    "et": "Sadamakapten hakkas lugema tunde, mil vesi voolas, ja kirjutas need üles, aga keegi ei ole neid veel lugenud.",
    "hu": "A kikötő vezetője elkezdte számolni az órákat, és azt mondta, hogy a dagály nem várt senkire.",
    "pl": "Kapitan portu zaczął liczyć godziny, w których przypływ nie zalewał nabrzeża, i zapisywał je.",
    "ro": "Căpitanul portului a început să numere orele în care mareea nu trecea pe lângă chei și le-a notat.",
    "sv": "Hamnkaptenen började räkna timmarna då tidvattnet gick förbi kajen och skrev upp dem, men det var för sent.",
    "da": "Havnefogeden begyndte at tælle de timer, hvor tidevandet løb forbi kajen, og skrev dem ned, men ingen læste af dem.",
    "hr": "Lučki kapetan počeo je brojiti sate u kojima je plima tekla pored obale i nije ih htio zaboraviti, što će reći mnogo.",
    "sl": "Pristaniški kapitan je začel šteti ure, ko je plima tekla mimo pomola, in jih je tudi zapisal, ker ni bilo drugače.",
    "lt": "Uosto kapitonas pradėjo skaičiuoti valandas, kai potvynis tekėjo pro krantinę, ir jas užrašė, bet to nebuvo gana.",
    "lv": "Ostas kapteinis sāka skaitīt stundas, kad ūdens tecēja gar krastu, un tās pierakstīja, bet ar to nebija gana.",
    "tr": "Liman müdürü gelgitin rıhtımın önünden geçtiği saatleri saymaya başladı ve bunları bir deftere yazdı.",
    "id": "Kepala pelabuhan mulai menghitung jam ketika arus pasang yang kuat itu lewat di depan dermaga.",
    "bg": "Началникът на пристанището започна да брои часовете, в които водата не стоеше при кея, и ги записа.",
    "ko": "항만 관리소장은 조류가 흐르는 시간을 세기 시작했다.",
    "ja": "港長は潮が流れる時間を数え始めた。",
    "zh": "港务长开始计算潮水流过码头的时间，这些记录为工程提供了依据。",
    "zh-Hant": "港務長開始計算潮水流過碼頭的時間，這些記錄為工程提供了依據。",
    "ar": "بدأ مدير الميناء يحصي الساعات التي يجري فيها التيار أمام الرصيف.",
    "fa": "مدیر بندر شروع به شمردن ساعت‌هایی کرد که جریان آب از اسکله می‌گذشت.",
    "he": "מנהל הנמל החל לספור את השעות שבהן הזרם עבר מול הרציף.",
    "el": "Ο λιμενάρχης άρχισε να μετρά τις ώρες.",
    "th": "นายท่าเริ่มนับชั่วโมงที่กระแสน้ำไหลผ่าน",
    "hi": "बंदरगाह के अधिकारी ने घंटों की गिनती शुरू की और यह दर्ज है।",
}


@pytest.mark.parametrize("language", SENTENCES)
def test_a_sentence_tells_its_language(language):
    """One sentence is often all a feed gives."""
    assert guess_language(SENTENCES[language]) == language


@pytest.mark.parametrize(
    "text", ["", "42", "...", "Xyzzy plugh", "Lorem qux zot blarg fnord", "Žluťoučký kůň", "Æ ø å"]
)
def test_a_text_that_tells_nothing_has_no_language(text):
    """A wrong language is worse than none: it hides the article from those who read it."""
    assert guess_language(text) == ""


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.language)
def test_latin_names_do_not_change_the_language_of_a_page(page):
    """Company names in Latin letters stand in every Korean article."""
    assert guess_language(page.text() + "\nSK Hynix, Samsung, TSMC, Nvidia") == page.language


@pytest.mark.parametrize(
    "text",
    [
        "Café culture returns to Lyon\nA résumé of a long winter.\nThe first terraces opened on Monday, said one owner.",
        "Málaga is a city that grew\nA port, a museum and a film festival made it.",
        "Žižek is a philosopher\nA talk by Žižek on a book.",
        "El Niño is back\nA warm sea brings rain to Peru and a dry year to others.",
    ],
    ids=["é", "á", "ž", "ñ"],
)
def test_a_foreign_name_does_not_change_the_language_of_a_short_text(text):
    """The letters of one name are no language."""
    assert guess_language(text) == "en"


@pytest.mark.parametrize(
    ("raw", "tag"),
    [
        ("en_US.UTF-8", "en-US"),
        ("ZH-hant-tw", "zh-Hant-TW"),
        ("KO", "ko"),
        ("und", ""),
        ("english", ""),
        (None, ""),
        ("x" * 40, ""),
    ],
)
def test_language_tags_have_one_spelling(raw, tag):
    """BCP 47, whatever the page wrote."""
    assert language_tag(raw) == tag


@pytest.mark.parametrize(
    "raw",
    ["2026-11-20", "2026-11-20T00:00:00Z", "2026-11-20T09:00:00+09:00", "Fri, 20 Nov 2026 00:00:00 GMT", "20 November 2026",
     "November 20, 2026", "Nov. 20, 2026", "20. November 2026", "20.11.2026", "20/11/2026", "2026年11月20日", "2026년 11월 20일",
     "2026. 11. 20.", "2026.11.20", "20 novembre 2026", "20 de noviembre de 2026", "20 ноября 2026", "20 نوفمبر 2026"],
)  # fmt: skip
def test_a_date_is_read_in_every_usual_form(raw):
    """Without a zone it is UTC, without a time midnight."""
    assert parse_date(raw, load_markers()) == datetime(2026, 11, 20, tzinfo=UTC)


@pytest.mark.parametrize(
    ("raw", "hour", "minute"),
    [
        ("2026年11月20日 午後3時", 15, 0),
        ("2026年11月20日(金) 15:20", 15, 20),
        ("2026年11月20日 星期五 下午3:20", 15, 20),
        ("2026. 11. 20. 오후 3:20", 15, 20),
        ("2026.11.20. 금요일 오전 12:05", 0, 5),
        ("2026.11.20 15:20 (KST)", 6, 20),
        ("2026-11-20 오후 3:20", 15, 20),
        ("2026-11-20 3:20 pm EST", 20, 20),
        ("2026-11-20T15:20:00", 15, 20),
        ("November 20, 2026 at 3:20 PM EST", 20, 20),
        ("Nov 20, 2026 12:05 AM", 0, 5),
        ("20 de noviembre de 2026, 3:20 p. m.", 15, 20),
        ("Le 20 novembre 2026 à 10h30", 10, 30),
        ("20 Νοεμβρίου 2026 3:20 μ.μ.", 15, 20),
        ("Di, 20 Nov 2026 10:00:00 +0100", 9, 0),
        ("mar., 20 nov. 2026 10:00:00 +0100", 9, 0),
        ("Tue Nov 20 10:00:00 +0100 2026", 9, 0),
        ("Nov 20th 2026 10:00 UTC+01:00", 9, 0),
    ],
)
def test_the_time_of_day_and_its_zone_are_read_in_every_usual_form(raw, hour, minute):
    """The half of the day before the hour or behind it, and a zone behind both."""
    assert parse_date(raw, load_markers()) == datetime(2026, 11, 20, hour, minute, tzinfo=UTC)


@pytest.mark.parametrize(
    ("raw", "month", "day"),
    [
        ("mar., 03 nov. 2026", 11, 3),
        ("mar. 3 nov. 2026", 11, 3),
        ("mar, 03 mar 2026", 3, 3),
        ("martes, 3 de marzo de 2026", 3, 3),
        ("Mar 3, 2026", 3, 3),
        ("Published November 3, 2026, updated December 4, 2026", 11, 3),
        ("10:30, 3 ноября 2026", 11, 3),
        ("3rd of November, 2026", 11, 3),
        ("2026, November 3", 11, 3),
    ],
)
def test_a_month_is_the_word_beside_the_day(raw, month, day):
    """A Tuesday in French, Spanish and Italian is shortened as March is."""
    assert parse_date(raw, load_markers()).date() == datetime(2026, month, day, tzinfo=UTC).date()


@pytest.mark.parametrize(
    "raw",
    ["", "soon", "1970-01-01T00:00:00Z", "2099-01-01", "2026-13-45", "11/12/2026", "0000-00-00", None, 5, "9" * 200,
     "Thu, 01 Jan 1970 00:00:00 GMT", "2026-11-20T99:99:99Z"],
)  # fmt: skip
def test_a_date_that_makes_no_sense_is_none(raw):
    """Then the time of collection counts."""
    assert parse_date(raw, load_markers()) is None


@given(st.text(max_size=60))
def test_reading_a_date_never_fails(raw):
    """Whatever stands where a date should."""
    when = parse_date(raw, load_markers())

    assert when is None or when.utcoffset().total_seconds() == 0


@given(st.text())
def test_cleaning_twice_changes_nothing(text):
    """One line, NFC, no control characters, no overrides, single spaces."""
    once = clean_line(text)

    assert clean_line(once) == once
    assert not any(letter < " " or letter in "\u202a\u202b\u202d\u202e\u2066\ufeff\x7f" for letter in once)


@given(st.text())
def test_every_line_end_there_is_ends_a_line(text):
    """No line keeps one inside."""
    assert all(len(line.splitlines()) <= 1 for line in split_lines(text))


@pytest.mark.parametrize(
    ("capitals", "small"),
    [
        ("İLGİLİ MAKALELER", "ilgili makaleler"),
        ("AYRICA OKUYUN", "ayrıca okuyun"),
        ("WEITERE STRASSEN", "weitere Straßen"),
        ("ΣΧΕΤΙΚΆ ΆΡΘΡΑ", "σχετικά άρθρα"),
        ("ΣΧΕΤΙΚΑ ΑΡΘΡΑ ΜΑΣ", "σχετικά άρθρα μας"),
        ("CITEŞTE ŞI", "citește și"),
        ("مطالب مرتبط", "مطالب مرتبط"),
        ("هوش مصنوعی", "هوش مصنوعي"),
        ("תּוֹכֶן", "תוכן"),
        ("ПОВʼЯЗАНІ", "пов'язані"),
        ("ǅ ﬁ", "ǆ fi"),
    ],
    ids=["Turkish İ", "Turkish I", "ß", "Greek", "bare Greek capitals", "Romanian cedilla", "Persian", "Persian yeh",
         "Hebrew points", "Ukrainian apostrophe", "ligatures"],
)  # fmt: skip
def test_a_heading_in_capitals_is_the_same_heading(capitals, small):
    """Sites set their headings in capitals, and no two keyboards write the same marks."""
    assert fold(capitals) == fold(small)


def test_a_letter_of_china_japan_or_korea_weighs_two():
    """So lengths mean the same in every script."""
    assert weight("tide") == 4
    assert weight("潮力") == weight("조력") == 4


@pytest.mark.parametrize(
    ("text", "ends"),
    [
        ("It ended.", True),
        ("He said “no.”", True),
        ("終わった。」", True),
        ("انتهى؟", True),
        ("A Reckoning for the U.S.", False),
        ("Why", False),
    ],
)
def test_a_sentence_ends_as_its_script_ends_it(text, ends):
    """Closing quotes belong to it, abbreviations do not end it."""
    assert ends_sentence(text) is ends


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32"])
def test_unicode_of_every_kind_is_decoded(encoding):
    """With or without a mark."""
    assert decode("Hafenstädte setzen auf Gezeiten.".encode(encoding)) == "Hafenstädte setzen auf Gezeiten."


def test_a_declared_charset_is_used_when_the_bytes_are_not_utf8():
    """From the header, or from the document itself."""
    assert decode("조력 발전".encode("euc-kr"), declared="euc-kr") == "조력 발전"
    assert "潮力" in decode('<meta charset="shift_jis">潮力'.encode("shift_jis"))
    assert decode("naïve".encode("latin-1"), declared="no-such-charset") == "naïve"
    assert decode("naïve".encode("latin-1"), declared="hex") == "naïve"


def test_a_torn_last_letter_does_not_change_the_encoding():
    """A file that was cut is still UTF-8."""
    assert decode("조력 발전에 거는 기대".encode()[:-1]).startswith("조력 발전에 거는 기")


@pytest.mark.parametrize(
    "data",
    [b"%PDF-1.7 ...", b"PK\x03\x04 word", b"\x89PNG\r\n", bytes(range(32)) * 40, b"a" * (MAX_BYTES + 1)],
    ids=["PDF", "Word", "picture", "noise", "too large"],
)
def test_what_is_no_text_is_refused(data):
    """In words, before any reader sees it."""
    with pytest.raises(BadArticle):
        decode(data)


@given(st.binary(max_size=200))
def test_any_bytes_decode_or_are_refused(data):
    """Never another error, never a NUL."""
    try:
        text = decode(data)
    except BadArticle:
        return

    assert "\x00" not in text


@pytest.mark.parametrize(
    ("raw", "url"),
    [
        ("https://example.org/a", "https://example.org/a"),
        (" /a b ", "https://example.org/a%20b"),
        ("//example.net/x", "https://example.net/x"),
        ("../c", "https://example.org/c"),
        ("javascript:alert(1)", ""),
        ("\x01javascript:alert(1)", ""),
        ("java\nscript:alert(1)", ""),
        ("data:text/html,x", ""),
        ("https://user@example.org/", ""),
        ("https://example.org:99999/", ""),
        ("https://[::1", ""),
        ("https://exam%70le.org/", ""),
        ("https://example.org/\u202egro.elpmaxe", ""),
        ('https://example.org/"onclick=', "https://example.org/%22onclick="),
        (None, ""),
    ],
)
def test_a_link_is_an_absolute_web_address_or_nothing(raw, url):
    """No scheme but http and https reaches a mail."""
    assert http_url(raw, "https://example.org/b/") == url or http_url(raw, "https://example.org/") == url
