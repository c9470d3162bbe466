"""A small provider of OpenID Connect on this machine, which signs what it is told to."""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlsplit

from joserfc import jwt
from joserfc.jwk import ECKey, KeySet

CLIENT, SECRET = "digest at home", "s3cret/with+marks"


class TestProvider:
    """Answers as a provider does; tests change `claims`, `token` and `meta` to make it lie."""

    __test__ = False

    def __init__(self, now: Callable[[], int]) -> None:
        self.now, self.asked = now, dict[str, dict[str, str]]()
        self.keys = [ECKey.generate_key("P-256", {"kid": "first", "use": "sig"})]
        self.claims: dict[str, Any] = {"sub": "u-1", "email": "Mina@example.org", "email_verified": True}
        self.userinfo: dict[str, Any] = {}
        self.meta: dict[str, Any] = {}
        self.token: Callable[[dict[str, Any]], str] = self.sign
        self.is_down = False
        self.key_looks = 0
        self.issuer = ""

    def sign(self, claims: dict[str, Any]) -> str:
        key = self.keys[-1]
        return jwt.encode({"alg": "ES256", "kid": key.kid}, claims, key)

    def rotate(self) -> None:
        self.keys = [ECKey.generate_key("P-256", {"kid": "second", "use": "sig"})]

    def consent(self, there: str) -> str:
        """Let somebody sign in at *there*, and return the query that they come back with."""
        asked = dict(parse_qsl(urlsplit(there).query))
        code = secrets.token_urlsafe(8)
        self.asked[code] = asked
        return f"code={code}&state={asked['state']}"

    def get(self, path: str, headers: Any) -> tuple[int, dict[str, Any]]:
        at = self.issuer
        if path == "/.well-known/openid-configuration":
            ends = {"authorization_endpoint": "authorize?tenant=1", "token_endpoint": "token", "jwks_uri": "keys"}
            return 200, {"issuer": at, **{name: f"{at}/{end}" for name, end in ends.items()}, **self.meta}
        if path == "/keys":
            self.key_looks += 1
            return 200, dict(KeySet(self.keys).as_dict())
        if path == "/userinfo" and headers["Authorization"] == "Bearer opens userinfo":
            return 200, self.userinfo
        return 404, {}

    def exchange(self, form: dict[str, str], headers: Any) -> tuple[int, dict[str, Any]]:
        """Give tokens for a code, once, to the client that has the verifier."""
        asked = self.asked.pop(form.get("code", ""), None)
        login = base64.b64encode(b"digest+at+home:s3cret%2Fwith%2Bmarks").decode()
        if asked is None or headers["Authorization"] != f"Basic {login}":
            return 400, {"error": "invalid_grant"}
        challenge = base64.urlsafe_b64encode(hashlib.sha256(form["code_verifier"].encode()).digest()).rstrip(b"=")
        if challenge.decode() != asked["code_challenge"] or form["redirect_uri"] != asked["redirect_uri"]:
            return 400, {"error": "invalid_grant"}
        now = self.now()
        own = {"iss": self.issuer, "aud": asked["client_id"], "nonce": asked["nonce"], "iat": now, "exp": now + 300}
        return 200, {"id_token": self.token({**own, **self.claims}), "access_token": "opens userinfo"}


@contextmanager
def provider(now: Callable[[], int]) -> Iterator[TestProvider]:
    """Run one on a port of its own."""
    told = TestProvider(now)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.tell(*told.get(self.path, self.headers))

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            form = {name: values[0] for name, values in parse_qs(body).items()}
            self.tell(*told.exchange(form, self.headers))

        def tell(self, status: int, found: dict[str, Any]) -> None:
            body = json.dumps(found).encode()
            self.send_response(503 if told.is_down else status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_words: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    told.issuer = f"http://127.0.0.1:{server.server_port}"
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield told
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
