"""Which way a text runs in a mail, and at which sides its lines start and end."""

from __future__ import annotations

from digest.rendering.languages import direction, end_of, start_of


class Directed:
    """What has a title and is in a language."""

    __slots__ = ()
    title: str
    language: str

    @property
    def dir(self) -> str:
        """Which way its language runs; of an unknown one, its title."""
        return direction(self.language, self.title)

    @property
    def start(self) -> str:
        """The side where its lines start."""
        return start_of(self.dir)

    @property
    def end(self) -> str:
        """The side where its lines end."""
        return end_of(self.dir)
