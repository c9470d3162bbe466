"""The few lines that stand under a title: the publisher's own, or whole sentences of the article."""

from __future__ import annotations

from time import monotonic

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest.enrichment.summary import SummaryBy, extract, split_sentences, summarise
from digest.model.article import Article, Section


def article(*paragraphs: str, **more: str) -> Article:
    return Article(title="Title", sections=(Section("", paragraphs),), **more)  # type: ignore[arg-type]


def test_the_publishers_deck_comes_first():
    """Then what the source calls a summary; only then an extract of ours."""
    both = summarise(article("Text.", deck="The deck.", summary="The summary."))
    summary = summarise(article("Text.", summary="The summary."))
    neither = summarise(article("Text."))

    assert (both.text, both.by) == ("The deck.", SummaryBy.PUBLISHER)
    assert (summary.text, summary.by) == ("The summary.", SummaryBy.PUBLISHER)
    assert (neither.text, neither.by) == ("Text.", SummaryBy.EXTRACT)


def test_an_article_without_text_has_no_summary():
    """And makes no error."""
    assert summarise(Article(title="Title")).text == ""


@pytest.mark.parametrize(
    ("text", "sentences"),
    [
        pytest.param("One. Two! Three?", ["One.", "Two!", "Three?"], id="three marks"),
        pytest.param("Dr. Smith met Mr. J. Doe. They left.", ["Dr. Smith met Mr. J. Doe.", "They left."], id="titles"),
        pytest.param("It cost 3.5 m. euros? Yes.", ["It cost 3.5 m.", "euros?", "Yes."], id="a decimal point"),
        pytest.param("He said “Go.” Then he went.", ["He said “Go.”", "Then he went."], id="a closing quote is kept"),
        pytest.param('"Stop!" (He did.) End', ['"Stop!"', "(He did.)", "End"], id="brackets are kept"),
        pytest.param("雨が降る。風が吹く。", ["雨が降る。", "風が吹く。"], id="Japanese"),
        pytest.param("「行く。」と言った。帰る。", ["「行く。」と言った。", "帰る。"], id="a Japanese quotation"),
        pytest.param("비가 온다. 바람이 분다.", ["비가 온다.", "바람이 분다."], id="Korean"),
        pytest.param("هل تمطر؟ نعم.", ["هل تمطر؟", "نعم."], id="Arabic"),
        pytest.param("वर्षा है। हवा है।", ["वर्षा है।", "हवा है।"], id="Hindi"),
        pytest.param("First line\nSecond line", ["First line", "Second line"], id="paragraphs"),
        pytest.param("Wait… what?! Fine.", ["Wait…", "what?!", "Fine."], id="several marks"),
    ],
)
def test_sentences_end_where_they_end(text: str, sentences: list[str]):
    """No letter and no mark is lost."""
    assert split_sentences(text) == sentences


@pytest.mark.parametrize(
    ("language", "text", "sentences"),
    [
        pytest.param(
            "de-AT", "Er kam am 3. Oktober. Dann ging er.", ["Er kam am 3. Oktober.", "Dann ging er."], id="de"
        ),
        pytest.param("en", "He bought 3. Then he left.", ["He bought 3.", "Then he left."], id="en"),
        pytest.param("", "He bought 3. Then he left.", ["He bought 3.", "Then he left."], id="unknown"),
        pytest.param("de", "Es kostet 4,50. Das ist viel.", ["Es kostet 4,50.", "Das ist viel."], id="de, a price"),
        pytest.param("de", "Das gilt z.B. hier. Und da.", ["Das gilt z.B. hier.", "Und da."], id="de, an abbreviation"),
        pytest.param(
            "es", "La Sra. Gil vive en EE.UU. desde 2020.", ["La Sra. Gil vive en EE.UU. desde 2020."], id="es"
        ),
        pytest.param("en", "Acme Inc. rose on Jan. 3 at 9 a.m. in New York.", None, id="en, abbreviations"),
    ],
)
def test_a_full_stop_means_what_it_means_in_the_language(language: str, text: str, sentences: list[str] | None):
    """A date is not cut in two where ordinals have a full stop."""
    assert split_sentences(text, language) == (sentences or [text])


def test_korean_sentences_stay_apart():
    """Korean is written with spaces; Japanese and Chinese are not."""
    assert extract("비가 온다. 바람이 분다.") == "비가 온다. 바람이 분다."
    assert extract("雨が降る。風が吹く。") == "雨が降る。風が吹く。"


def test_an_extract_begins_with_the_lead_and_keeps_the_order():
    """Sentences like the whole are preferred to asides."""
    text = (
        "The port raised its fees on container ships. Somebody had lunch. "
        "Container ships pay the fees at the port. The port needs fees from ships."
    )

    assert extract(text, 100).startswith("The port raised its fees on container ships.")
    assert "lunch" not in extract(text, 100)


def test_a_sentence_that_is_too_long_is_cut_at_a_word():
    """And says so with an ellipsis."""
    assert extract("word " * 100, 30) == "word word word word word word…"
    assert extract("긴 문장은 낱말 사이에서 잘린다 " * 10, 16) == "긴 문장은 낱말 사이에서…"
    assert len(extract("長" * 400, 30)) == 30


@given(st.text(alphabet=st.sampled_from(list('ab .!?…。\n"”」。؟की한 ')), max_size=300), st.integers(20, 80))
def test_an_extract_is_made_of_the_text_and_fits(text: str, length: int):
    """Nothing is invented and nothing is longer than allowed."""
    found = extract(text, length)

    assert len(found) <= length
    assert set(found) <= set(text) | {" ", "…"}


@given(st.text(max_size=200))
def test_no_letter_is_lost_between_sentences(text: str):
    """Only white space is."""
    assert "".join("".join(split_sentences(text)).split()) == "".join(text.split())


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("." * 200_000, id="dots"),
        pytest.param("A. " * 60_000, id="initials"),
        pytest.param('."' * 100_000, id="quotes"),
        pytest.param(" ".join(f"Word{n} is said here." for n in range(30_000)), id="many words"),
    ],
)
def test_a_hostile_text_takes_no_longer_than_its_size(text: str):
    """The work grows with the text, not with its square."""
    began = monotonic()
    extract(text)

    assert monotonic() - began < 5
