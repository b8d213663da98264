import sqlalchemy as sa
from sqlalchemy.orm import Session

from hms_web.models import User
from hms_web.services import doctor_names
from tests.scenes import clinic


def test_doctors_with_an_active_account_are_named_in_order_and_only_ones_own(session: Session) -> None:
    place, other = clinic(session), clinic(session)
    first, second, _gone = place.doctor(), place.doctor(), place.doctor()
    other.doctor()
    session.execute(sa.update(User).where(User.name == "Dr. 003").values(is_active=False))
    session.commit()
    found = doctor_names.everyone(session, place.actor)
    assert [(doctor.id, doctor.name) for doctor in found] == [(first, "Dr. 001"), (second, "Dr. 002")]
    assert {doctor.department for doctor in found} == {"Cardiology"}


def test_a_large_department_is_read_page_by_page(session: Session) -> None:
    place = clinic(session)
    ids = [place.doctor() for _ in range(5)]
    assert doctor_names.of_department(session, place.actor, "Cardiology") == ids
    assert doctor_names.of_department(session, place.actor, "Cardiology", most=2, skip=3) == ids[3:]
    assert doctor_names.of_department(session, place.actor, "Surgery") == []
