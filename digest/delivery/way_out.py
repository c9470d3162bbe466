"""The door to our own pages as a mail program sees them: one POST over https, and no redirect is followed."""

from __future__ import annotations

import http.client
import ssl
from urllib.parse import urlsplit

from digest.errors import DeliveryError


class NotReached(DeliveryError):
    """The pages could not be asked; the text says why."""


def post(url: str, body: bytes, seconds: float) -> int:
    """Return the status of the answer to a form of *body* sent to *url*. Raises NotReached."""
    parts = urlsplit(url)
    try:
        if parts.scheme == "https":
            context = ssl.create_default_context()
            connection: http.client.HTTPConnection = http.client.HTTPSConnection(
                parts.hostname or "", parts.port, timeout=seconds, context=context
            )
        else:
            connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=seconds)
        try:
            connection.request("POST", parts.path or "/", body, {"Content-Type": "application/x-www-form-urlencoded"})
            return connection.getresponse().status
        finally:
            connection.close()
    except ssl.SSLCertVerificationError as error:
        raise NotReached(f"its certificate cannot be trusted ({error.verify_message})") from None
    except TimeoutError:
        raise NotReached(f"no answer within {seconds:g} s") from None
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise NotReached(str(error) or type(error).__name__) from None
