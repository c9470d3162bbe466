"""The addresses that mails carry, made here and answered by `digest.web`: paths in one place."""

from __future__ import annotations

from dataclasses import dataclass

from digest.tokens import TOKEN_WIDTH, Purpose, Tokens

LETTER = "letter-"  #: what the template of a letter begins with; its editions are those of "2026-11-23+letter-…"

MORE = "/more"  #: what the address of a mail in the browser is followed by, for more or less of what it has


@dataclass(frozen=True, slots=True)
class Links:
    """Makes the addresses of one installation; tokens are fixed in width, so sizes are known beforehand."""

    base_url: str
    tokens: Tokens

    def leave(self, subscription_id: int) -> str:
        """Return the address that ends a subscription by POST (RFC 8058) and asks by GET."""
        return f"{self.base_url}/u/{self.tokens.make(Purpose.LEAVE, subscription_id)}"

    def preferences(self, subscriber_id: int) -> str:
        """Return the address of a reader's preferences."""
        return f"{self.base_url}/p/{self.tokens.make(Purpose.PREFERENCES, subscriber_id)}"

    def view(self, delivery_id: int) -> str:
        """Return the address that shows a mail in the browser."""
        return f"{self.base_url}/v/{self.tokens.make(Purpose.VIEW, delivery_id)}"

    def confirm(self, delivery_id: int) -> str:
        """Return the address that answers a letter: confirms by POST what it asks, and asks by GET."""
        return f"{self.base_url}/c/{self.tokens.make(Purpose.CONFIRM, delivery_id)}"

    def article(self, article_id: int) -> str:
        """Return the page of an article that has no address of its own."""
        return f"{self.base_url}/articles/{article_id}"

    @property
    def width(self) -> int:
        """The length of each address with a token, in characters (all ASCII)."""
        return len(self.base_url) + len("/u/") + TOKEN_WIDTH
