"""Reading doctors, with their accounts and weekly hours."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from sqlalchemy import Row, Select, select
from sqlalchemy.orm import Session

from hms_web.domain.identity import Actor
from hms_web.domain.refusals import Code, Refused
from hms_web.domain.schedules import DayHours
from hms_web.models import Doctor, User
from hms_web.services import paging, schedules, word_search


@dataclass(frozen=True, slots=True)
class DoctorView:
    """A doctor with account and weekly hours, Monday first. `slot_duration` is in minutes."""

    id: UUID
    user_id: UUID
    name: str
    email: str
    department: str
    slot_duration: int
    max_patients_per_day: int
    is_available: bool
    is_active: bool
    schedules: tuple[DayHours, ...] = ()


def _selected(actor: Actor) -> Select[*tuple[Any, ...]]:
    return (
        select(
            Doctor.id,
            User.id,
            User.name,
            User.email,
            Doctor.department,
            Doctor.slot_duration,
            Doctor.max_patients_per_day,
            Doctor.is_available,
            User.is_active,
        )
        .join(User, User.id == Doctor.user_id)
        .where(Doctor.hospital_id == actor.hospital_id)
    )


ORDERS: Mapping[str, paging.Order[DoctorView]] = {
    "name": paging.Order((User.name, Doctor.id), (str, UUID), lambda one: (one.name, one.id)),
    "department": paging.Order(
        (Doctor.department, User.name, Doctor.id),
        (str, str, UUID),
        lambda one: (one.department, one.name, one.id),
    ),
    "slot": paging.Order(
        (Doctor.slot_duration, User.name, Doctor.id),
        (int, str, UUID),
        lambda one: (one.slot_duration, one.name, one.id),
    ),
    "most": paging.Order(
        (Doctor.max_patients_per_day, User.name, Doctor.id),
        (int, str, UUID),
        lambda one: (one.max_patients_per_day, one.name, one.id),
    ),
}
"""How doctors can be sorted; there are never many of them."""


def _views(session: Session, rows: Sequence[Row[*tuple[Any, ...]]]) -> list[DoctorView]:
    weeks = schedules.weeks_of(session, [row[0] for row in rows])
    return [replace(DoctorView(*row), schedules=tuple(weeks[row[0]])) for row in rows]


def list_doctors(
    session: Session,
    actor: Actor,
    *,
    department: str | None = None,
    q: str | None = None,
    limit: int | None = None,
    cursor: str | None = None,
    sort: str | None = None,
) -> paging.Page[DoctorView]:
    """Return doctors by name or as `sort` says; every word of `q` stands in the name or the department.

    Raises InvalidInput.
    """
    limit = paging.checked_limit(limit)
    query = _selected(actor)
    word_search.check("department", department)
    if department:
        query = query.where(Doctor.department == department)
    query = query.where(*word_search.every_word(q, User.name, Doctor.department))
    order = paging.chosen(ORDERS, sort)
    views = _views(session, session.execute(order.applied(query, cursor).limit(paging.one_more(limit))).all())
    return paging.page(views, limit, lambda view: view, order.key)


def all_of(
    session: Session,
    actor: Actor,
    *,
    department: str | None = None,
    doctor_ids: Sequence[UUID] | None = None,
    only_active: bool = True,
) -> list[DoctorView]:
    """Return all doctors that are asked for, by name, with two queries."""
    query = _selected(actor)
    if department:
        query = query.where(Doctor.department == department)
    if doctor_ids is not None:
        query = query.where(Doctor.id.in_(doctor_ids))
    if only_active:
        query = query.where(User.is_active)
    return _views(session, session.execute(query.order_by(User.name, Doctor.id)).all())


def departments(session: Session, actor: Actor) -> list[str]:
    """Return the names of the departments of active doctors, in order."""
    query = select(Doctor.department).join(User, User.id == Doctor.user_id).distinct().order_by(Doctor.department)
    return list(session.scalars(query.where(Doctor.hospital_id == actor.hospital_id, User.is_active)))


def get(session: Session, actor: Actor, doctor_id: UUID) -> DoctorView:
    """Return one doctor; raises Refused DOCTOR_NOT_FOUND."""
    found = all_of(session, actor, doctor_ids=[doctor_id], only_active=False)
    if not found:
        raise Refused(Code.DOCTOR_NOT_FOUND)
    return found[0]
