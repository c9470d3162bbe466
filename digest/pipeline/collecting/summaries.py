"""Summaries by a language model where the publisher wrote none; kept, so that each article is asked for once.

Whenever the model fails, readers get the extract, and after two failures in a row it is left alone for a while: a
newsletter goes out in time with or without it.
"""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from tempfile import NamedTemporaryFile

from digest.clock import Clock
from digest.enrichment.language_model import LanguageModel, SummaryFailed
from digest.enrichment.summary import LENGTH, Summary, SummaryBy, summarise
from digest.log import get_logger
from digest.model.article import Article

_PATIENCE = 2  # failures in a row
_REST = timedelta(minutes=10)


@dataclass(slots=True)
class ModelSummaries:
    """Summarises by *model*; what it wrote is kept in *folder*, one file for each text and model."""

    model: LanguageModel
    folder: Path
    clock: Clock
    _failures: int = 0
    _resting_until: datetime | None = field(default=None)

    def __call__(self, article: Article) -> Summary:
        """Return a person's summary, else the model's, else an extract; never raises for the model's sake."""
        own = summarise(article)
        if own.by is not SummaryBy.EXTRACT or len(own.text) >= len(article.text.strip()):
            return own  # there is nothing to shorten
        kept = self.folder / self._name(article)
        if kept.exists():
            return Summary(kept.read_text(encoding="utf-8"), SummaryBy.MODEL)
        now = self.clock.now()
        if self._resting_until and now < self._resting_until:
            return own
        try:
            text = self.model.summarise(article, LENGTH)
        except SummaryFailed as error:
            self._failures += 1
            self._resting_until = now + _REST if self._failures >= _PATIENCE else None
            get_logger().warning("summary_failed", title=article.title[:80], reason=str(error))
            return own
        self._failures, self._resting_until = 0, None
        self._keep(kept, text)
        return Summary(text, SummaryBy.MODEL)

    def _name(self, article: Article) -> str:
        asked = f"{self.model.model}\x1f{article.title}\x1f{article.text}"
        return hashlib.sha256(asked.encode("utf-8", "surrogatepass")).hexdigest() + ".txt"

    def _keep(self, path: Path, text: str) -> None:
        """Write *text* whole or not at all: another process may read it at any moment."""
        self.folder.mkdir(parents=True, exist_ok=True)
        with NamedTemporaryFile("w", encoding="utf-8", dir=self.folder, delete=False) as file:
            file.write(text)
        os.replace(file.name, path)  # noqa: PTH105  # Path.replace says the same of one name alone
