"""What somebody was shown before a doctor's time was changed, and who is concerned beside that (product.md, Absences).

Between a preview and its saving others go on booking. So whoever saves says what they saw, and when more people are
concerned by then, nothing is saved.
"""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from hms_web.domain.refusals import Code, Refused


class Fate(StrEnum):
    """What a change does to an appointment: cancels it, puts it in question, or lets it stand after all."""

    CANCELLED = "CANCELLED"
    CONCERNED = "CONCERNED"
    SETTLED = "SETTLED"


Concern = tuple[UUID, Fate]
"""An appointment, and what a change does to it."""


def mark(key: UUID, fate: Fate) -> str:
    """Return ten characters that stand for one appointment and its fate."""
    return hashlib.blake2b(f"{key}:{fate}".encode(), digest_size=5).hexdigest()


@dataclass(frozen=True, slots=True)
class Shown:
    """The marks of everything that was shown."""

    marks: frozenset[str]

    @classmethod
    def of_ids(cls, ids: Iterable[UUID]) -> "Shown":
        """Return what was shown to a program, which names appointments and knows what it asks for."""
        return cls(frozenset(mark(key, fate) for key in ids for fate in Fate))

    def has(self, concern: Concern) -> bool:
        """Whether this was shown; who was to be cancelled is no news when it comes to less."""
        key, fate = concern
        milder = fate is Fate.CONCERNED and mark(key, Fate.CANCELLED) in self.marks
        return milder or mark(key, fate) in self.marks

    def unseen(self, concerned: Iterable[Concern]) -> list[UUID]:
        """Return the appointments of which more is to become than was shown."""
        return [concern[0] for concern in concerned if not self.has(concern)]

    def refuse_unseen(self, concerned: Iterable[Concern]) -> None:
        """Raise Refused MORE_CONCERNED when there is anything that was not shown."""
        unseen = self.unseen(concerned)
        if unseen:
            raise Refused(Code.MORE_CONCERNED, count=len(unseen))
