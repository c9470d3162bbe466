"""The door to the provider: its discovery document, its keys, the code for an ID token.

OpenID Connect Discovery 1.0; the authorization code flow with PKCE (RFC 6749 §4.1, RFC 7636, RFC 9700).
"""

from __future__ import annotations

import json
import threading
import time
from base64 import b64encode
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote_plus, urlencode, urlsplit

import httpx
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from digest.errors import BadInput, FetchRefused
from digest.pipeline.sign_on.flow import Asked
from digest.pipeline.sign_on.person import Person, UnknownKey, claims_of, person_of
from digest.settings.sign_on import SignOn, check_issuer

_KNOWN_FOR = timedelta(hours=1)  # what it says of itself
_MOST_BYTES = 1_000_000
_SECONDS = 10.0  # for one answer, as a whole
_BASIC = "client_secret_basic"
_NEEDED = ("authorization_endpoint", "token_endpoint", "jwks_uri")


class Provider:
    """One provider; what it says of itself is asked for when it is first needed, and again after an hour."""

    def __init__(self, sign_on: SignOn) -> None:
        self.sign_on = sign_on
        self._lock = threading.Lock()
        self._about: tuple[datetime, Mapping[str, Any]] | None = None
        self._keys: tuple[datetime, KeySet] | None = None

    def way_there(self, asked: Asked, back: str, now: datetime) -> str:
        """Return the address where somebody signs in; *back* is where the provider sends them afterwards.

        Raises FetchRefused when the provider cannot be asked where that is.
        """
        endpoint = self.about(now)["authorization_endpoint"]
        query = urlencode(
            {
                "response_type": "code",
                "client_id": self.sign_on.client_id,
                "redirect_uri": back,
                "scope": self.sign_on.scopes,
                "state": asked.state,
                "nonce": asked.nonce,
                "code_challenge": asked.challenge,
                "code_challenge_method": "S256",
            }
        )
        return f"{endpoint}{'&' if urlsplit(endpoint).query else '?'}{query}"

    def person(self, query: Mapping[str, str], asked: Asked, back: str, now: datetime) -> Person:
        """Return who came back with *query*.

        Raises BadInput for an answer that is not the provider's to this question, FetchRefused when it is away.
        """
        about = self.about(now)
        # Another provider's answer would lead the code astray (RFC 9207 §2.4).
        told = about.get("authorization_response_iss_parameter_supported") is True
        if query.get("iss", "" if told else self.sign_on.issuer) != self.sign_on.issuer:
            raise BadInput("the answer is not of the sign-in provider that was asked; begin again")
        if "code" not in query:
            raise BadInput(f"the sign-in provider let nobody in: {query.get('error', 'no reason')[:80]}")
        found = self._exchange(about, query["code"], asked, back)
        claims = self._claims(about, found, asked.nonce, now)
        if "email" not in claims and "userinfo_endpoint" in about and isinstance(found.get("access_token"), str):
            more = self._ask("GET", about["userinfo_endpoint"], bearer=found["access_token"])
            # Not signed, so it may only add, and only about the same person (OpenID Connect Core §5.3.2).
            if more.get("sub") == claims["sub"]:
                claims = {**more, **claims}
        return person_of(claims, self.sign_on.claim)

    def about(self, now: datetime) -> Mapping[str, Any]:
        """Return what the provider says of itself; raises FetchRefused when that is not to be had or cannot be."""
        with self._lock:
            if self._about is None or now - self._about[0] > _KNOWN_FOR:
                self._about = (now, self._discovered())
            return self._about[1]

    def _discovered(self) -> Mapping[str, Any]:
        found = self._ask("GET", f"{self.sign_on.issuer.rstrip('/')}/.well-known/openid-configuration")
        if found.get("issuer") != self.sign_on.issuer:
            said = str(found.get("issuer", "nobody"))[:200]
            raise FetchRefused(f"the provider calls itself {said}; DIGEST_OIDC_ISSUER must be that, to the letter")
        for name in (*_NEEDED, *({"userinfo_endpoint"} & found.keys())):
            try:
                check_issuer(str(found.get(name) or "missing").partition("?")[0])
            except ValueError as error:
                raise FetchRefused(f"the provider's {name} cannot be used: {error}") from None
        return found

    def _claims(
        self, about: Mapping[str, Any], found: Mapping[str, Any], nonce: str, now: datetime
    ) -> Mapping[str, Any]:
        token = found.get("id_token")
        if not isinstance(token, str):
            raise BadInput("the sign-in provider did not say who you are; are DIGEST_OIDC_SCOPES right?")
        who = self.sign_on

        def read(keys: KeySet) -> Mapping[str, Any]:
            return claims_of(token, keys, issuer=who.issuer, client_id=who.client_id, nonce=nonce, now=now)

        fresh = self._keys is None or now - self._keys[0] > _KNOWN_FOR
        try:
            return read(self._known_keys(about, now, again=fresh))
        except UnknownKey:
            if fresh:
                raise
            return read(self._known_keys(about, now, again=True))

    def _known_keys(self, about: Mapping[str, Any], now: datetime, *, again: bool) -> KeySet:
        with self._lock:
            if again or self._keys is None:
                try:
                    self._keys = (now, KeySet.import_key_set(self._ask("GET", about["jwks_uri"])))  # type: ignore[arg-type]  # checked there
                except (JoseError, ValueError, KeyError, TypeError) as error:
                    raise FetchRefused(f"the provider's keys cannot be read ({type(error).__name__})") from None
            return self._keys[1]

    def _exchange(self, about: Mapping[str, Any], code: str, asked: Asked, back: str) -> Mapping[str, Any]:
        who = self.sign_on
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": back,
            "code_verifier": asked.verifier,
        }
        secret, basic = who.secret.get_secret_value(), ""
        if secret and "client_secret_basic" in about.get(
            "token_endpoint_auth_methods_supported", ["client_secret_basic"]
        ):
            basic = b64encode(f"{quote_plus(who.client_id)}:{quote_plus(secret)}".encode()).decode("ascii")
        else:
            form |= {"client_id": who.client_id} | ({"client_secret": secret} if secret else {})
        return self._ask("POST", about["token_endpoint"], form=form, basic=basic)

    def _ask(
        self, method: str, url: str, *, form: Mapping[str, str] | None = None, basic: str = "", bearer: str = ""
    ) -> Mapping[str, Any]:
        """Return the JSON object at *url*; raises BadInput when a code is refused, FetchRefused for the rest."""
        login = f"Basic {basic}" if basic else f"Bearer {bearer}"
        headers = {"Accept": "application/json"} | ({"Authorization": login} if basic or bearer else {})
        try:
            status, body = _answer(method, url, form, headers)
            found = json.loads(body)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise FetchRefused(f"the sign-in provider did not answer ({type(error).__name__}); try again") from None
        except ValueError:
            raise FetchRefused("the sign-in provider answered with something else than JSON") from None
        if not isinstance(found, dict):
            raise FetchRefused("the sign-in provider answered with something else than it should")
        if form is not None and status in (400, 401):
            raise BadInput(f"the sign-in provider took no code: {str(found.get('error', status))[:80]}; begin again")
        if status != httpx.codes.OK:
            raise FetchRefused(f"the sign-in provider answered {status}; try again")
        return found


def _answer(method: str, url: str, form: Mapping[str, str] | None, headers: Mapping[str, str]) -> tuple[int, bytes]:
    until, body = time.monotonic() + _SECONDS, b""
    with (
        httpx.Client(timeout=_SECONDS / 2, follow_redirects=False) as client,
        client.stream(method, url, data=form, headers=headers) as reply,
    ):
        for part in reply.iter_bytes():
            body += part
            if len(body) > _MOST_BYTES or time.monotonic() > until:
                raise FetchRefused("the sign-in provider's answer is too long, or took too long")
        return reply.status_code, body
