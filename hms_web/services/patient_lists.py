"""Finding patients: all of them, and those who fit what is typed."""

from collections.abc import Mapping, Sequence
from dataclasses import astuple, dataclass, replace
from decimal import Decimal
from functools import cached_property
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, and_, literal, literal_column, or_, select, text, tuple_
from sqlalchemy.orm import Session

from hms_web.domain.identity import Actor
from hms_web.domain.patients import PatientStatus
from hms_web.models import Patient
from hms_web.services import (
    paging,
    patient_alike,
    patient_initials,
    patient_meanings,
    patient_phones,
    patient_search,
    patient_tiers,
)
from hms_web.services.patient_meanings import Meaning
from hms_web.services.patient_search import Search
from hms_web.services.patient_tiers import FIRST, LONGER, Place, Tier
from hms_web.services.patients import PatientView, view

MOST_SUGGESTED = 8
_INITIALS = 2
_ALIKE = Place(Tier.REST, Decimal(-9999), "", FIRST.id)

ORDERS: Mapping[str, paging.Order[PatientView]] = {
    "name": paging.Order((Patient.name, Patient.id), (str, UUID), lambda one: (one.name, one.id)),
    "number": paging.Order((Patient.mrn, Patient.id), (str, UUID), lambda one: (one.mrn, one.id)),
}
"""How all patients can be sorted: as an index has them, from either end."""


def everybody(
    session: Session,
    actor: Actor,
    *,
    limit: int | None = None,
    cursor: str | None = None,
    sort: str | None = None,
    only_blocked: bool = False,
) -> paging.Page[PatientView]:
    """Return all patients, or those who are blocked from booking, by name, or as `sort` says. Raises InvalidInput."""
    limit, order = paging.checked_limit(limit), paging.chosen(ORDERS, sort)
    query = order.applied(select(Patient).where(*_among(actor, only_blocked=only_blocked)), cursor)
    rows = session.scalars(query.limit(paging.one_more(limit))).all()
    return paging.page([view(row) for row in rows], limit, lambda one: one, order.key)


def _among(actor: Actor, *, only_blocked: bool) -> list[ColumnElement[bool]]:
    blocked = [Patient.status == literal_column(f"'{PatientStatus.BLOCKED}'")] if only_blocked else []
    return [Patient.hospital_id == actor.hospital_id, *blocked]


def search(
    session: Session,
    actor: Actor,
    q: str | None = None,
    *,
    limit: int | None = None,
    cursor: str | None = None,
    only_blocked: bool = False,
) -> paging.Page[PatientView]:
    """Return patients that match `q`, best first; without it all of them by name. Raises InvalidInput.

    A page may have fewer than `limit` and another follow it: in a large hospital those who are only alike, and where
    somebody has the very number, whoever has it in the middle of a phone number.
    """
    limit = paging.checked_limit(limit)
    wanted = patient_search.understand(q or "")
    after = FIRST if cursor is None else Place(*paging.read_cursor(cursor, int, Decimal, str, UUID))
    finding = _Finding(session, actor, wanted, limit + 1, only_blocked=only_blocked, is_paged=True)
    found = finding.after(after)
    page = paging.page(found, limit, lambda one: one.patient, lambda one: astuple(one.place))
    return replace(page, next_cursor=paging.write_cursor(*astuple(finding.left))) if finding.left else page


def suggest(session: Session, actor: Actor, q: str, *, limit: int = MOST_SUGGESTED) -> list[PatientView]:
    """Return the best few patients for what has been typed so far, nobody for nothing. Raises InvalidInput."""
    wanted = patient_search.understand(q)
    if wanted.is_empty:
        return []
    return [one.patient for one in _Finding(session, actor, wanted, limit).after(FIRST)]


@dataclass(frozen=True, slots=True)
class _Found:
    place: Place
    patient: PatientView


class _Finding:
    """The finding of at most `rows` patients: tier after tier, until there are as many.

    `left` is set when the last of them were left to another page: where that begins.
    """

    def __init__(
        self,
        session: Session,
        actor: Actor,
        wanted: Search,
        rows: int,
        *,
        only_blocked: bool = False,
        is_paged: bool = False,
    ) -> None:
        self.session, self.actor, self.wanted, self.rows, self.only_blocked = session, actor, wanted, rows, only_blocked
        self.is_paged = is_paged
        self.words = [word.text for word in wanted.words]
        self.number = None if only_blocked else wanted.number
        self.by_name = wanted.is_of_names and not only_blocked
        self.left: Place | None = None

    def after(self, place: Place) -> list[_Found]:
        """Return those who stand after a place in the whole list."""
        found: list[_Found] = []
        for tier in self._tiers():
            if tier < place.tier or len(found) >= self.rows:
                continue
            if tier == Tier.REST and found and self._can_wait(found[0].place):
                self.left = self._left()
            else:
                found += self._tier(tier, place if tier == place.tier else FIRST)
        return found[: self.rows]

    def _tiers(self) -> Sequence[Tier]:
        """Those of this search. Few are blocked, and whoever looks for names and numbers at once names few."""
        if not self.words and not self.wanted.is_empty:
            return []
        if self.number is not None:
            return [Tier.NUMBERED, Tier.REST]
        if not self.by_name:
            return [Tier.REST]
        several = [Tier.SCATTERED] if len(self.words) > 1 else []
        return [Tier.BEGUN, *several, *([] if self.wanted.is_short else [Tier.MEANT, Tier.REST])]

    def _can_wait(self, best: Place) -> bool:
        """Whether the last of them are left to another page, where somebody stands before them.

        Where each of several words means so many that the few who are alike in all of them cost too much; and where the
        very number is somebody's, so that whoever has it in the middle of a phone number is hardly meant. Who is
        suggested has no other page.
        """
        if self.by_name:
            return len(self.words) > 1 and self._meaning.rarest is None
        return self.is_paged and self._telling is not None and best.tier == Tier.NUMBERED and best.step < LONGER

    def _left(self) -> Place | None:
        """Return where those begin who were left, None where there are none. Of those who are alike it is not known."""
        if self._telling is None:
            return _ALIKE
        return patient_phones.START if patient_phones.are_any(self.session, self.actor, self._telling) else None

    @cached_property
    def _telling(self) -> Mapping[str, object] | None:
        """A number of so many digits that few have them in the middle of a phone number, as it is asked for."""
        if self.number is None or len(self.number.digits) < patient_phones.FEWEST:
            return None
        return patient_tiers.number_of(self.wanted, self.number)

    @cached_property
    def _meaning(self) -> Meaning:
        patient_search.prepare(self.session)
        return patient_meanings.of(self.session, self.actor, self.wanted.words)

    @property
    def _initials(self) -> Sequence[str]:
        """The words, where they are two initials."""
        return self.words if len(self.words) == _INITIALS and self.wanted.is_short else []

    def _tier(self, tier: Tier, place: Place) -> list[_Found]:
        if tier == Tier.REST:
            return self._last(place)
        if self.number is not None:
            number = patient_tiers.number_of(self.wanted, self.number)
            return _shown(tier, patient_tiers.read(self.session, self.actor, tier, self.rows, place, number))
        if tier == Tier.BEGUN:
            return self._begun(place)
        given: dict[str, object] = {"phrases": patient_tiers.orders(self.words), "words": self.words}
        if tier == Tier.SCATTERED:
            longest = sorted(self.words, key=len, reverse=True)
            given |= {"longest": longest[0], "second": longest[1], "initials": self._initials}
        else:
            given["phrases"] = self._meaning.phrases
        return _shown(tier, patient_tiers.read(self.session, self.actor, tier, self.rows, place, given))

    def _begun(self, place: Place) -> list[_Found]:
        """Whoever is called what was typed; of two initials also whoever has a name for each."""
        found: list[_Found] = []
        if place.step < patient_initials.IN_ORDER:
            given = {"phrases": patient_tiers.orders(self.words), "words": self.words}
            rows = patient_tiers.read(self.session, self.actor, Tier.BEGUN, self.rows, place, given)
            found += _shown(Tier.BEGUN, rows)
        if self._initials and len(found) < self.rows:
            rows = patient_initials.read(self.session, self.actor, self._initials, self.rows, place)
            found += _shown(Tier.BEGUN, rows)
        return found

    def _last(self, place: Place) -> list[_Found]:
        """Everybody whom no tier before finds."""
        if self.by_name:
            after, meaning = None if place == FIRST else place, self._meaning
            rows = patient_alike.read(self.session, self.actor, self.wanted, meaning, self.rows, after)
        elif self._telling is not None:
            after = patient_phones.START if place == FIRST else place
            rows = patient_phones.read(self.session, self.actor, self._telling, self.rows, after)
        else:
            return self._rest(place)
        return _shown(Tier.REST, rows)

    def _rest(self, place: Place) -> list[_Found]:
        """Everybody whom the condition of a search finds and no tier before, ranked or by name."""
        rank = patient_search.rank(self.wanted)
        query = select(Patient, literal(Decimal(0)) if rank is None else rank)
        query = query.where(*_among(self.actor, only_blocked=self.only_blocked))
        if not self.wanted.is_empty:
            patient_search.prepare(self.session)
        if self.number is not None:
            shown = text(patient_tiers.NOT_NUMBERED).bindparams(**patient_tiers.number_of(self.wanted, self.number))
            query = query.where(shown, patient_search.matches_beside_number(self.number))
        else:
            query = query.where(patient_search.condition(self.wanted))
        if place != FIRST:
            query = query.where(_after(place, rank))
        best_first = [] if rank is None else [rank.desc()]
        query = query.order_by(*best_first, Patient.name, Patient.id).limit(paging.one_more(self.rows - 1))
        rows = self.session.execute(query).all()
        return [_Found(Place(Tier.REST, row[1], row[0].name, row[0].id), view(row[0])) for row in rows]


def _shown(tier: Tier, rows: Sequence[Any]) -> list[_Found]:
    return [_Found(Place(tier, Decimal(row.step), row.key, row.id), view(row)) for row in rows]


def _after(place: Place, rank: ColumnElement[Decimal] | None) -> ColumnElement[bool]:
    further = tuple_(Patient.name, Patient.id) > (place.key, place.id)
    if rank is None:
        return further
    return or_(rank < place.step, and_(rank == place.step, further))
