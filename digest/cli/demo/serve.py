"""Serve the folder of caught mails on a free loopback port, with headers that let nothing run.

The mails are content from outside; the pages need no script, so none is allowed.
"""

from __future__ import annotations

import threading
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import Any

_POLICY = (
    "default-src 'none'; frame-src 'self'; style-src 'unsafe-inline'; img-src https: data:; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'self'"
)
HEADERS: tuple[tuple[str, str], ...] = (
    ("Content-Security-Policy", _POLICY),
    ("X-Content-Type-Options", "nosniff"),
    ("Referrer-Policy", "no-referrer"),
    ("Cache-Control", "no-store"),
)

_TYPES = {
    ".html": "text/html; charset=utf-8",
    ".txt": "text/plain; charset=utf-8",
    # Shown as it is: message/rfc822 would be downloaded instead of looked at.
    ".eml": "text/plain; charset=utf-8",
}


class GalleryServer:
    """Serves *folder* read-only for as long as the `with` block lasts."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder.resolve()
        self._server: ThreadingHTTPServer | None = None
        self._thread: threading.Thread | None = None

    def __enter__(self) -> GalleryServer:
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self._folder))
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.1,), daemon=True)
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._server is not None and self._thread is not None:
            self._server.shutdown()
            self._server.server_close()
            self._thread.join()
        self._server = self._thread = None

    @property
    def url(self) -> str:
        """The address of the page, with a slash at its end."""
        assert self._server is not None, "GalleryServer is used as a context manager"
        return f"http://127.0.0.1:{self._server.server_address[1]}/"


def is_inside(folder: Path, path: Path) -> bool:
    """Whether *path*, links followed, is a file in *folder* (both absolute; *folder* already resolved)."""
    try:
        real = path.resolve(strict=True)
    except (OSError, ValueError, RuntimeError):
        return False
    return real.is_file() and real.is_relative_to(folder)


def _handler(folder: Path) -> type[SimpleHTTPRequestHandler]:
    class Handler(SimpleHTTPRequestHandler):
        """GET and HEAD of the files in one folder; no listing, nothing outside, nothing logged."""

        extensions_map = _TYPES
        server_version = "digest-demo"
        sys_version = ""

        def __init__(self, *args: Any, **kwargs: Any) -> None:
            super().__init__(*args, directory=str(folder), **kwargs)

        def send_head(self) -> Any:
            """Open the asked file, or answer 404."""
            path = Path(self.translate_path(self.path))
            wanted = path / "index.html" if path == folder else path
            if not is_inside(folder, wanted) or (path != folder and self.path.split("?")[0].endswith("/")):
                self.send_error(404, "No such page")
                return None
            return super().send_head()

        def end_headers(self) -> None:
            """Add the headers that let nothing run to every answer, errors too."""
            for name, value in HEADERS:
                self.send_header(name, value)
            super().end_headers()

        def log_message(self, *_: Any) -> None:
            """Say nothing: the terminal belongs to the table."""

    return Handler
