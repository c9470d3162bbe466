"""What every use case works with: the database, the keys, the addresses readers reach, the template folder."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Engine

from digest.enrichment.summary import Summariser, summarise
from digest.pipeline.collecting.archive import Memory
from digest.store.origins import Origin
from digest.tokens import Tokens

if TYPE_CHECKING:
    from digest.clock import Clock
    from digest.delivery.dkim import Signers
    from digest.rendering.templates import Edited
    from digest.settings.relay import Relay
    from digest.settings.sign_on import SignOn


@dataclass(frozen=True, slots=True)
class Installation:
    """One installation, built once by `digest.app` and handed to the use cases.

    `secret` keys the hashes of suppressed addresses, and `previous_secret` is the one before a rotation, "" when
    there was none; `return_path` is the mailbox that bounces go to, ""
    for the newsletter's own sender; `tag_header` names a header for its tag, "" for none;
    `state_folder` holds journals and locks; `signers` put DKIM signatures on each
    mail, None where nobody does or the mail server does; `keep_log` is how long the
    delivery log is kept, None until a reader is erased. `memory` spares learning from the archive again;
    `summarise` makes what stands under a title.
    """

    engine: Engine
    clock: Clock
    tokens: Tokens
    secret: str
    base_url: str
    templates: Path
    state_folder: Path
    return_path: str = ""
    tag_header: str = ""
    previous_secret: str = ""
    signers: Signers | None = None
    keep_log: timedelta | None = None
    memory: Memory = field(default_factory=Memory, compare=False)
    summarise: Summariser = summarise
    relays: tuple[Relay, ...] = ()  #: the mail servers, for those who look at them; and how we greet them
    helo: str = ""
    fetches_private: bool = False  #: whether addresses on private networks may be fetched
    sign_on: SignOn | None = None  #: the provider that staff may sign in with
    #: Mail templates to look at in place of the published ones; for previews alone.
    drafts: Edited = field(default_factory=dict)

    @property
    def origin(self) -> Origin:
        """The key and the address that a mail planned now is made with, at each try."""
        return Origin(self.tokens.key_id, self.base_url)

    @property
    def shares_rows(self) -> bool:
        """Whether several senders share the rows, each by its leases; else there is one, which holds a lock."""
        return self.engine.dialect.name == "postgresql"

    @property
    def secrets(self) -> tuple[str, ...]:
        """Every secret that a hash in the database may be keyed with, the current one first."""
        return (self.secret, self.previous_secret) if self.previous_secret else (self.secret,)
