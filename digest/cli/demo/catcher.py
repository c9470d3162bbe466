"""A mail catcher: a real SMTP server on a free loopback port that keeps what it is given, in order.

Nothing leaves the machine. aiosmtpd (extra `demo`) speaks the protocol and advertises what it can.
"""

from __future__ import annotations

import socket
import threading
from dataclasses import dataclass
from types import TracebackType
from typing import TYPE_CHECKING, Any

from digest.errors import BadInput

if TYPE_CHECKING:
    from asyncio import AbstractServer, Transport
    from collections.abc import Awaitable

_HOST = "127.0.0.1"


@dataclass(frozen=True, slots=True)
class Caught:
    """One message as it arrived: the envelope (RFC 5321 §2.3.1) and the content, dot-stuffing undone.

    `content` has the line ends of the wire (CRLF), byte for byte.
    """

    sender: str
    recipients: tuple[str, ...]
    content: bytes


class Catcher:
    """Catches mail for as long as the `with` block lasts; `messages` may be read from any thread.

    Raises BadInput on entry when aiosmtpd is not installed.
    """

    def __init__(self) -> None:
        self._caught: list[Caught] = []
        self._arrived = threading.Condition()
        self._socket: socket.socket | None = None
        self._controller: Any = None

    def __enter__(self) -> Catcher:
        listening = socket.create_server((_HOST, 0))
        try:
            self._controller = _controller(self._keep, listening)
            self._controller.start()
        except BaseException:
            listening.close()
            raise
        self._socket = listening
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._controller.stop()
        if self._socket is not None:
            self._socket.close()
        self._socket = None

    @property
    def host(self) -> str:
        """The address it listens on: this machine only."""
        return _HOST

    @property
    def port(self) -> int:
        """The port it listens on, chosen free by the system."""
        if self._socket is None:
            raise BadInput("the mail catcher is not running; use it as: with Catcher() as catcher")
        return int(self._socket.getsockname()[1])

    @property
    def smtp_url(self) -> str:
        """Its address as DIGEST_SMTP_URL takes it."""
        return f"smtp://{self.host}:{self.port}?starttls=never"

    @property
    def messages(self) -> tuple[Caught, ...]:
        """Everything caught so far, in order of arrival; stays readable after the block."""
        with self._arrived:
            return tuple(self._caught)

    def wait_for(self, count: int, timeout: float) -> bool:
        """Wait until *count* messages have arrived, at most *timeout* seconds; return whether they have."""
        with self._arrived:
            return self._arrived.wait_for(lambda: len(self._caught) >= count, timeout)

    def _keep(self, caught: Caught) -> None:
        with self._arrived:
            self._caught.append(caught)
            self._arrived.notify_all()


class _Handler:
    """What aiosmtpd calls for each complete message."""

    def __init__(self, keep: Any) -> None:
        self._keep = keep

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802, ARG002  # the library's name and signature
        """Keep the message and accept it (RFC 5321 §4.2.3)."""
        self._keep(Caught(envelope.mail_from or "", tuple(envelope.rcpt_tos), bytes(envelope.original_content)))
        return "250 2.0.0 Caught"


def _controller(keep: Any, listening: socket.socket) -> Any:
    try:
        from aiosmtpd.controller import Controller
    except ImportError:
        raise BadInput("the mail catcher needs aiosmtpd; install it with: pip install 'digest-sender[demo]'") from None

    class _LoopbackController(Controller):
        """Serves a socket that is already bound, so the free port cannot be lost to anybody else."""

        def __init__(self) -> None:
            super().__init__(_Handler(keep), hostname=_HOST, port=int(listening.getsockname()[1]))
            self._sessions: list[Any] = []

        def factory(self) -> Any:
            session: Any = super().factory()  # type: ignore[no-untyped-call]  # the library's is bare
            self._sessions.append(session)
            return session

        def _create_server(self) -> Awaitable[AbstractServer]:
            return self.loop.create_server(self._factory_invoker, sock=listening)

        def cancel_tasks(self, stop_loop: bool = True) -> None:
            # Since Python 3.12 a server waits for its open connections, and a pool may still hold some.
            for session in self._sessions:
                transport: Transport | None = session.transport
                if transport is not None:
                    transport.abort()
            super().cancel_tasks(stop_loop)

    return _LoopbackController()
