"""The demo's pages: those that the mails link to, and the gallery of what was caught, on one port each."""

from __future__ import annotations

import importlib
import threading
import time
from pathlib import Path
from types import TracebackType
from typing import Any

import typer

from digest.cli.demo.serve import GalleryServer
from digest.errors import BadInput
from digest.pipeline.installation import Installation


class DemoSite:
    """Serves the pages behind the links in the mails; its address is known before there is anything to serve."""

    def __init__(self, port: int) -> None:
        try:
            import uvicorn
        except ImportError:
            raise BadInput("digest demo needs the extras: pip install 'digest-sender[all]'") from None
        # The application comes later, so that links can be written first: uvicorn calls whatever is here then.
        self._config = uvicorn.Config(self._answer, host="127.0.0.1", port=port, log_level="warning", lifespan="off")
        self._server = uvicorn.Server(self._config)
        self._socket = self._config.bind_socket()
        self._thread = threading.Thread(target=self._server.run, kwargs={"sockets": [self._socket]}, daemon=True)
        self._application: Any = None

    @property
    def url(self) -> str:
        """The address of the pages."""
        return f"http://127.0.0.1:{self._socket.getsockname()[1]}"

    def open(self, house: Installation) -> None:
        """Begin to answer for *house*."""
        # Named, not imported: the pages are another face (and an extra).
        self._application = importlib.import_module("digest.web.site").build_site(house)

    def stay(self, gallery: Path) -> None:
        """Show the gallery until a person ends the program."""
        with GalleryServer(gallery) as server:
            typer.echo(f"The mails as pages: {server.url}   (Ctrl+C ends)")
            typer.launch(server.url)
            try:
                while True:
                    time.sleep(3600)
            except KeyboardInterrupt:
                typer.echo("")

    async def _answer(self, scope: Any, receive: Any, send: Any) -> None:
        await self._application(scope, receive, send)

    def __enter__(self) -> DemoSite:
        """Start to listen."""
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop, and wait for it."""
        self._server.should_exit = True
        self._thread.join(timeout=5)
