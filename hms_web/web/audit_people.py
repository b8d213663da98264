"""The field of the audit trail in which a person is chosen: a list, or where there are many, words of the name."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from hms_web.models import db
from hms_web.services import audit_log
from hms_web.services.audit_log import Person
from hms_web.services.doctor_choice import MOST_FOUND, MOST_LISTED
from hms_web.web import asked, auth
from hms_web.web.doctor_field import Meant
from hms_web.web.language import gettext

SYSTEM = "system"


@dataclass(frozen=True, slots=True)
class Who(Meant):
    """Whom the address means; `is_system` is what the product did by itself."""

    is_system: bool = False

    @property
    def word(self) -> str | None:
        """The same as an address says it."""
        return SYSTEM if self.is_system else str(self.id or self.typed or "") or None

    @property
    def sentence(self) -> str:
        """Why nobody is chosen."""
        if self.fit:
            return gettext("Several people fit “%(words)s”. Choose one of them.", words=self.typed)
        return gettext("No person's name or e-mail address fits “%(words)s”.", words=self.typed)


@dataclass(frozen=True, slots=True)
class People:
    """Whom the page offers: all there are, or where these are too many for a list, nobody; and who is chosen."""

    offered: Sequence[Person]
    is_long: bool
    chosen: Person | None


def system_words() -> str:
    """What the product itself is called in the field."""
    return gettext("The system by itself")


def read(values: Mapping[str, str]) -> Who:
    """Read whom the address means; only words that were typed ask the database."""
    key, typed = asked.key(values, "person"), asked.text(values, "person")
    if typed is None or key is not None:
        return Who(key)
    if typed.casefold() in {SYSTEM, system_words().casefold()}:
        return Who(is_system=True)
    fit = [(one.words, one) for one in audit_log.people(db.session(), auth.actor(), most=MOST_FOUND + 1, words=typed)]
    # Whose words these are, though another's name and address may have all of them too.
    called = [one for words, one in fit if words.casefold() == typed.casefold()] or [one for _, one in fit]
    return Who(called[0].id if len(called) == 1 else None, typed, fit)


def offered(who: Who) -> People:
    """Return whom the page offers, with two statements."""
    found = audit_log.people(db.session(), auth.actor(), most=MOST_LISTED + 1)
    is_long = len(found) > MOST_LISTED
    return People([] if is_long else found, is_long, _named(who.id) if is_long else None)


def _named(user_id: UUID | None) -> Person | None:
    return audit_log.person(db.session(), auth.actor(), user_id) if user_id else None


def name(who: Who) -> str | None:
    """Return what the one who is meant is called; None for everybody. It asks the database for a person alone."""
    if who.is_system:
        return system_words()
    person = _named(who.id)
    return person.name if person else None


def suggested(typed: str | None) -> list[str]:
    """Return the words of those who fit what is being typed."""
    found = audit_log.people(db.session(), auth.actor(), most=MOST_FOUND, words=typed) if typed else []
    return [one.words for one in found]
