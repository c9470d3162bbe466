"""What stands under a title when a language model writes it, and when it does not."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path

import pytest

from digest.app import summariser
from digest.clock import FixedClock
from digest.enrichment.language_model import LanguageModel, SummaryFailed
from digest.enrichment.summary import SummaryBy, summarise
from digest.errors import SettingsError
from digest.model.article import Article, Section
from digest.pipeline.collecting.summaries import ModelSummaries
from digest.settings import read_settings
from tests.house import MONDAY, House
from tests.pipeline.people import ANNA
from tests.sink import Sink

LONG = " ".join(f"Tariff number {n} was raised by the port authority this week, it said." for n in range(30))
OURS = "The authority raised thirty tariffs."


@dataclass
class Model:
    """Stands in for the server."""

    fails: bool = False
    asked: list[str] = field(default_factory=list)
    model: str = "small"

    def summarise(self, article: Article, _length: int) -> str:
        self.asked.append(article.title)
        if self.fails:
            raise SummaryFailed("it is down")
        return OURS


def article(title: str = "Tariffs", **more: str) -> Article:
    return Article(title=title, sections=(Section("", (LONG,)),), **more)  # type: ignore[arg-type]


def summaries(model: Model, folder: Path, clock: FixedClock | None = None) -> ModelSummaries:
    return ModelSummaries(model, folder, clock or FixedClock(MONDAY))  # type: ignore[arg-type]  # stands in for it


def test_the_publishers_own_words_come_before_the_models(tmp_path: Path):
    """And a text that is its own summary is not sent anywhere."""
    model = Model()
    made = summaries(model, tmp_path)

    assert made(article(deck="The deck.")).by is SummaryBy.PUBLISHER
    assert made(Article(title="T", sections=(Section("", ("One sentence.",)),))).by is SummaryBy.EXTRACT
    assert model.asked == []


def test_an_article_is_asked_for_once_and_after_a_restart_not_again(tmp_path: Path):
    """A preview shows what will be sent; an edited text is another article to the model."""
    model = Model()
    first = summaries(model, tmp_path)(article())
    again = summaries(model, tmp_path)(article())
    summaries(model, tmp_path)(article("Tariffs, corrected"))

    assert first == again
    assert (first.text, first.by) == (OURS, SummaryBy.MODEL)
    assert model.asked == ["Tariffs", "Tariffs, corrected"]


def test_when_the_model_fails_readers_get_the_extract_and_it_is_left_alone_for_a_while(tmp_path: Path):
    """The newsletter is not late because a server is slow."""
    model, clock = Model(fails=True), FixedClock(MONDAY)
    made = summaries(model, tmp_path, clock)
    found = [made(article(f"Tariffs {n}")) for n in range(9)]
    tried = len(model.asked)
    model.fails, clock.at = False, MONDAY + timedelta(minutes=11)

    assert found == [summarise(article())] * 9
    assert tried == 2
    assert made(article()).by is SummaryBy.MODEL


def test_a_mail_says_that_a_summary_was_written_by_ai(house: House, sink: Sink, tmp_path: Path):
    """In both parts, in the reader's language, beside the summary."""
    house.installation = replace(house.installation, summarise=summaries(Model(), tmp_path))
    house.article("trade", "Tariffs", deck="", sections=(Section("", (LONG,)),))
    house.reader(ANNA, locale="de")
    house.send(sink)
    (mail,) = sink.mails

    assert OURS in mail.html
    assert OURS in mail.text
    assert "von KI geschrieben" in mail.html
    assert "von KI geschrieben" in " ".join(mail.text.split())


def test_without_a_setting_nobody_is_asked(monkeypatch: pytest.MonkeyPatch):
    """Off by default."""
    monkeypatch.delenv("DIGEST_SUMMARY_URL", raising=False)

    assert summariser(read_settings(env_file=None), FixedClock(MONDAY)) is summarise


def test_a_server_without_a_model_is_told_at_the_start(monkeypatch: pytest.MonkeyPatch):
    """And so is one that would get the key in clear."""
    monkeypatch.setenv("DIGEST_SUMMARY_URL", "https://llm.example.org/v1")
    with pytest.raises(SettingsError, match="DIGEST_SUMMARY_MODEL"):
        summariser(read_settings(env_file=None), FixedClock(MONDAY))
    monkeypatch.setenv("DIGEST_SUMMARY_MODEL", "small")
    monkeypatch.setenv("DIGEST_SUMMARY_KEY", "secret")
    made = summariser(read_settings(env_file=None), FixedClock(MONDAY))

    assert isinstance(made, ModelSummaries)
    assert made.model == LanguageModel("https://llm.example.org/v1", "small", "secret")
    monkeypatch.setenv("DIGEST_SUMMARY_URL", "http://llm.example.org/v1")
    with pytest.raises(SettingsError, match="https"):
        read_settings(env_file=None)
