"""Finding patients: all of them, and those who fit what is typed."""

from collections.abc import Mapping
from decimal import Decimal
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, literal, literal_column, or_, select, tuple_
from sqlalchemy.orm import Session

from hms_web.domain.identity import Actor
from hms_web.domain.patients import PatientStatus
from hms_web.models import Patient
from hms_web.services import paging, patient_search
from hms_web.services.patients import PatientView, view

MOST_SUGGESTED = 8

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
    """Return patients that match `q`, best first; without it all of them by name. Raises InvalidInput."""
    limit = paging.checked_limit(limit)
    wanted = patient_search.understand(q or "")
    rank = patient_search.rank(wanted)
    query = _matching(session, actor, wanted, rank).where(*_among(actor, only_blocked=only_blocked))
    if cursor is not None:
        query = query.where(_after(cursor, rank))
    rows = session.execute(query.limit(paging.one_more(limit))).all()
    return paging.page(rows, limit, lambda row: view(row[0]), lambda row: (row[1], row[0].name, row[0].id))


def suggest(session: Session, actor: Actor, q: str, *, limit: int = MOST_SUGGESTED) -> list[PatientView]:
    """Return the best few patients for what has been typed so far, nobody for nothing. Raises InvalidInput."""
    wanted = patient_search.understand(q)
    if wanted.is_empty:
        return []
    rows = session.execute(_matching(session, actor, wanted, patient_search.rank(wanted)).limit(limit)).all()
    return [view(row[0]) for row in rows]


def _matching(
    session: Session, actor: Actor, wanted: patient_search.Search, rank: ColumnElement[Decimal] | None
) -> Select[Patient, Decimal]:
    query = select(Patient, literal(Decimal(0)) if rank is None else rank)
    query = query.where(Patient.hospital_id == actor.hospital_id)
    if not wanted.is_empty:
        patient_search.prepare(session)
        query = query.where(patient_search.condition(wanted))
    best_first = [] if rank is None else [rank.desc()]
    return query.order_by(*best_first, Patient.name, Patient.id)


def _after(cursor: str, rank: ColumnElement[Decimal] | None) -> ColumnElement[bool]:
    score, name, patient_id = paging.read_cursor(cursor, Decimal, str, UUID)
    further = tuple_(Patient.name, Patient.id) > (name, patient_id)
    if rank is None:
        return further
    return or_(rank < score, and_(rank == score, further))
