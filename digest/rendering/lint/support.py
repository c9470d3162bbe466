"""Rule C1: what nine mail programs know of the HTML and CSS that a mail uses (data of caniemail.com, MIT).

`support.json` is made by `scripts/refresh_support`. `waivers.toml` names what does no harm where it is not known, and
says why; each is a decision that somebody made.
"""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from digest.rendering.lint.finding import Place, Remark, warn
from digest.rendering.lint.letter import Letter
from digest.rendering.lint.used import features_in

_HERE = Path(__file__).parent


@dataclass(frozen=True, slots=True)
class Support:
    """What each feature is called, and who does not know it; why some do no harm."""

    clients: tuple[str, ...]
    features: Mapping[str, tuple[str, str]]  #: name -> its title, a letter for each client
    waivers: Mapping[str, str]

    def unknown_to(self, feature: str) -> list[str]:
        """Return the clients that do not know *feature*; none for a feature that nobody tested."""
        _, letters = self.features.get(feature, ("", ""))
        return [client for client, letter in zip(self.clients, letters, strict=False) if letter == "n"]


@cache
def shipped_support() -> Support:
    """Return the tables beside this file."""
    table = json.loads((_HERE / "support.json").read_text("utf-8"))
    waivers = tomllib.loads((_HERE / "waivers.toml").read_text("utf-8"))["waiver"]
    features = {name: (title, letters) for name, (title, letters) in table["features"].items()}
    return Support(tuple(table["clients"]), features, waivers)


def known(letter: Letter) -> Iterator[Remark]:
    """C1: nothing that a common mail program does not know, but for what does no harm there."""
    support = shipped_support()
    for feature, line in features_in(letter.page).items() if letter.html else ():
        if feature not in support.waivers and (clients := support.unknown_to(feature)):
            title, _ = support.features[feature]
            how = f"do without it, or see what is left there: https://www.caniemail.com/features/{feature}/"
            yield warn(f"{title} is not known to {', '.join(clients)}", how, Place(part="html", line=line))
