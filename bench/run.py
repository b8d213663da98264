"""How the bench was asked to run."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from bench import load
from bench.load import FORM, Ask, Measured


class Broken(Exception):
    """A figure would mean nothing: requests failed."""


@dataclass(frozen=True, slots=True)
class Options:
    """What to measure, for how long, and how often. `only` are words of the names; none means all.

    What takes long is measured only where it is asked for: a hospital `scale` times as large as the small one, the
    memory over so many `requests`, so many `minutes` of a working day.
    """

    seconds: float
    rounds: int
    only: tuple[str, ...] = ()
    clinics: Path | None = None
    scale: int = 0
    requests: int = 0
    minutes: float = 0.0

    def wants(self, name: str) -> bool:
        """Whether something of that name is to be measured."""
        return not self.only or any(word.lower() in name.lower() for word in self.only)

    def load(
        self, url: str, asks: Sequence[Ask], headers: Mapping[str, str], *, clients: int, content: str = FORM
    ) -> Measured:
        """Make a load for one round; raises Broken when not every answer was good."""
        done = load.run(url, asks, headers, clients=clients, seconds=self.seconds, content=content)
        if done.failed or not done.rate:
            message = f"{done.failed} of the requests like {asks[0].method} {asks[0].path} failed."
            raise Broken(message)
        return done
