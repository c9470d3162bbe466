"""Files of old programs, which do not say in which encoding they are."""

import pytest

from digest.collection.decode import decode
from digest.errors import BadArticle
from tests.collection.pages import GERMAN, JAPANESE, KOREAN
from tests.collection.test_words import SENTENCES

CHINESE = "港务长开始计算潮水流过码头的时间，这些记录为工程提供了依据。他们说，这个国家的能源要在五年后才能用上。"
TRADITIONAL = "港務長開始計算潮水流過碼頭的時間，這些記錄為工程提供了依據。他們說，這個國家的能源要在五年後才能用上。"
TEXTS = {
    "EUC-KR": ("euc_kr", KOREAN.text()),
    "Shift_JIS": ("shift_jis", JAPANESE.text()),
    "EUC-JP": ("euc_jp", JAPANESE.text()),
    "GB18030": ("gb18030", CHINESE),
    "Big5": ("big5", TRADITIONAL),
    "windows-1251": ("cp1251", SENTENCES["ru"]),
    "KOI8-R": ("koi8_r", SENTENCES["ru"]),
    "windows-1253": ("cp1253", SENTENCES["el"]),
    "ISO-8859-2, Czech": ("iso8859_2", SENTENCES["cs"]),
    "windows-1250, Polish": ("cp1250", SENTENCES["pl"]),
    "windows-1254": ("cp1254", SENTENCES["tr"]),
    "windows-1252": ("cp1252", GERMAN.text()),
    "Latin-1, French": ("latin-1", SENTENCES["fr"] + " Élève déjà âgée, côté forêt."),
    "Latin-1, a word": ("latin-1", "Café"),
    "Latin-1, capitals": ("latin-1", "ÄÖÜ ÉÈ"),
}


@pytest.mark.parametrize(("encoding", "text"), TEXTS.values(), ids=TEXTS)
def test_a_file_that_does_not_name_its_encoding_is_read_as_it_was_written(encoding, text):
    """By what it says when read: no reader is shown mojibake, and no French word becomes Chinese."""
    assert decode(text.encode(encoding)) == text


def test_a_file_in_no_encoding_we_know_is_refused_and_not_guessed():
    """Mojibake would go out to every reader."""
    with pytest.raises(BadArticle, match="save it as UTF-8"):
        decode(bytes(range(0xA1, 0xFF)) * 20)
