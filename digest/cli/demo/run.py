"""The demo: everything embedded, sample articles and readers, real SMTP into a catcher, pages to look at."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import typer
from pydantic import SecretStr
from rich.console import Console

from digest.app import open_installation, relay
from digest.cli.demo import ARTICLES
from digest.cli.demo.catcher import Catcher
from digest.cli.demo.gallery import write_gallery
from digest.cli.demo.site import DemoSite
from digest.cli.demo.table import print_rows
from digest.cli.demo.thinking import think_aloud
from digest.cli.demo.who_got_what import reader_rows
from digest.cli.screen import counted
from digest.errors import BadInput
from digest.model.delivery import DeliveryState
from digest.pipeline.collecting.collect import read_paths, store_articles
from digest.pipeline.delivering.dispatch import Dispatched, Sending, dispatch
from digest.pipeline.installation import Installation
from digest.pipeline.newsletters.apply_newsletters import apply_file
from digest.pipeline.planning.plan import Who, plan_newsletter
from digest.pipeline.subscribers.import_subscribers import import_file
from digest.settings import Settings, new_secret
from digest.shipped import shipped_folder
from digest.store.engine import open_engine
from digest.store.migrate import migrate

if TYPE_CHECKING:
    from digest.model.article import Article

NEWSLETTER = "daily"


def run_demo(*, once: bool, folder: Path | None, port: int) -> None:
    """Send today's edition to the sample readers; then show the pages, or (once) write them and end."""
    out = folder or Path(tempfile.mkdtemp(prefix="digest-demo-"))
    out.mkdir(parents=True, exist_ok=True)
    with (
        tempfile.TemporaryDirectory(prefix="digest-demo-db-") as database,
        Catcher() as catcher,
        DemoSite(port) as site,
    ):
        settings = Settings(
            _env_file=None,  # type: ignore[call-arg]  # the demo takes nothing from this machine's settings
            database_url=f"sqlite:///{database}/digest.db",
            smtp_url=SecretStr(catcher.smtp_url),
            base_url=site.url,
            secret_key=SecretStr(new_secret()),
            postal_address="",
        )
        engine = open_engine(settings.database_url)
        migrate(engine)
        house = open_installation(settings, engine=engine)
        site.open(house)
        _fill(house)
        done = _send(house, settings)
        if think_aloud(house):
            dispatch(house, Sending(relay(settings), connections=4))
        rows = reader_rows(house, NEWSLETTER)
        index = write_gallery(out, catcher.messages, rows)
        print_rows(rows, Console())
        sent = done.states[DeliveryState.SENT]
        typer.echo(f"\n{counted(sent, 'mail')} sent over SMTP and caught. Look at them: {index}")
        if not once:
            site.stay(out)


def _fill(house: Installation) -> None:
    now = house.clock.now()
    found = read_paths([ARTICLES], now=now)
    if found.problems:
        raise BadInput("; ".join(found.problems))
    store_articles(house.engine, _as_of(now, found.articles), source="", now=now)
    subscribers = shipped_folder("subscribers")
    apply_file(house.engine, subscribers / "example.toml", postal_address="", dry_run=False, now=now)
    import_file(
        house.engine,
        subscribers / "readers.example.csv",
        newsletter=NEWSLETTER,
        now=now,
        secret=house.secret,
    )


def _as_of(now: datetime, articles: list[Article]) -> list[Article]:
    """Return *articles* moved by whole days so that the newest is of the last day: a demo never looks old."""
    dates = [article.published_at for article in articles if article.published_at]
    days = timedelta(days=(now - max(dates)).days) if dates else timedelta()
    return [
        replace(article, published_at=article.published_at + days if article.published_at else None)
        for article in articles
    ]


def _send(house: Installation, settings: Settings) -> Dispatched:
    plan_newsletter(house, NEWSLETTER, at=house.clock.now(), who=Who.EVERYONE)
    return dispatch(house, Sending(relay(settings), connections=4))
