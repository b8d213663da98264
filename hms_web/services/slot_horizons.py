"""Makes the slots of all doctors up to the end of the booking window, once a night and for a new hospital."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import partial
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from hms_web.domain.booking import BOOKING_WINDOW_DAYS
from hms_web.domain.identity import Actor
from hms_web.domain.local_time import local_date
from hms_web.models import Doctor, Hospital
from hms_web.services import side_by_side, slot_making
from hms_web.services.unit_of_work import Busy

DOCTORS_AT_ONCE = 25


def extend_all(session: Session, *, now: datetime) -> int:
    """Make the missing slots of every hospital's doctors up to the end of the booking window; return how many.

    Doctors whose rows are locked for too long are left out and the others made. Raises Busy at the end if there were
    any.
    """
    made, busy = 0, None
    with side_by_side.hands(session) as hands:
        for hospital_id, zone, name in session.execute(select(Hospital.id, Hospital.timezone, Hospital.name)).all():
            actor = Actor(hospital_id, zone, user_id=None, name=f"{name}: nightly slots", role=None)
            ids = session.scalars(select(Doctor.id).where(Doctor.hospital_id == hospital_id).order_by(Doctor.id)).all()
            groups = [ids[start : start + DOCTORS_AT_ONCE] for start in range(0, len(ids), DOCTORS_AT_ONCE)]
            for count, error in hands.share(groups, partial(_extend, actor=actor, now=now)):
                made, busy = made + count, busy or error
    if busy is not None:
        raise busy
    return made


def _extend(
    session: Session, groups: Sequence[Sequence[UUID]], *, actor: Actor, now: datetime
) -> tuple[int, Busy | None]:
    """Make the slots of groups of doctors, each in one transaction; return how many, and what kept some from theirs."""
    today = local_date(now, actor.zone)
    last = today + timedelta(days=BOOKING_WINDOW_DAYS)
    made, busy = 0, None
    for ids in groups:
        try:
            made += slot_making.make_missing(session, actor, ids, today, last, now=now, in_bulk=True)
        except Busy as error:
            busy = error
    return made, busy
