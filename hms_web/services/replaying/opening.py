"""Opens the hospital in which a season is lived: staff, one doctor and the patients of each clinic."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from hms_web.domain.identity import Actor, Role
from hms_web.domain.importing import Unusable, shown
from hms_web.domain.local_time import local_date
from hms_web.domain.refusals import InvalidInput
from hms_web.models import Patient, new_id
from hms_web.services import audit, doctors, hospitals, patients, schedules, unit_of_work, users
from hms_web.services.replaying.clinics import Clinic

PATIENTS_AT_ONCE = 1000
LONGEST_FOLDER = 20
A_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Practice:
    """A clinic in its hospital: its doctor, and its patients' ids by the numbers of the files."""

    folder: str
    doctor: Actor
    doctor_id: UUID
    patient_ids: Mapping[str, UUID]


@dataclass(frozen=True, slots=True)
class House:
    """A hospital in which a season can be lived, and who acts in it; `system` is the product itself."""

    system: Actor
    desk: Actor
    nurse: Actor
    practices: Sequence[Practice]


def open_hospital(session: Session, name: str, timezone: str, clinics: Sequence[Clinic], *, at: datetime) -> House:
    """Open a hospital for clinics at an instant before their first day, in one transaction.

    Its accounts have no passwords; an admin can be added with `hms user create`. Patient numbers have the clinic's
    folder before them, since each clinic counts its own. Raises InvalidInput, Unusable.
    """

    def work() -> House:
        system = hospitals.add(session, name, timezone, now=at)
        mark = system.hospital_id.hex[-12:]
        admin, desk, nurse = (
            _staff(session, system, f"{role.title()} of {name}", f"{role.lower()}.{mark}@replay.test", role, at)
            for role in (Role.ADMIN, Role.RECEPTIONIST, Role.NURSE)
        )
        made = [
            _practice(session, admin, clinic, f"{index}.{mark}@replay.test", at) for index, clinic in enumerate(clinics)
        ]
        return House(system, desk, nurse, made)

    return unit_of_work.run(session, work)


def _staff(session: Session, system: Actor, name: str, email: str, role: Role, at: datetime) -> Actor:
    user = users.add(session, system, users.NewUser(name, email, role), now=at)
    return replace(system, user_id=user.id, name=user.name, role=role)


def _practice(session: Session, admin: Actor, clinic: Clinic, email: str, at: datetime) -> Practice:
    department = clinic.folder.replace("-", " ").replace("_", " ").title()
    wanted = doctors.NewDoctor(f"Dr. {department}", f"doctor{email}", department, clinic.week.slot_minutes)
    doctor = doctors.add(session, admin, wanted, now=at).doctor
    # The hours are in force before the first day, so that this day too has its slots from the morning on.
    schedules.replace(session, admin, doctor.id, clinic.week.days, now=at - A_DAY)
    actor = replace(admin, user_id=doctor.user_id, name=doctor.name, role=Role.DOCTOR, doctor_id=doctor.id)
    return Practice(clinic.folder, actor, doctor.id, _patients(session, admin, clinic, at))


def _patients(session: Session, admin: Actor, clinic: Clinic, at: datetime) -> dict[str, UUID]:
    today, prefix = local_date(at, admin.zone), clinic.folder[:LONGEST_FOLDER]
    ids, rows = {person.number: new_id() for person in clinic.people}, []
    for person in clinic.people:
        wanted = patients.NewPatient(
            person.name, date_of_birth=person.born, sex=person.sex, mrn=f"{prefix}-{person.number}"
        )
        try:
            given = patients.checked(wanted, today, needs_phone=False)
        except InvalidInput as error:
            message = f"{clinic.folder}/patients.csv, patient {shown(person.number)}: {error.errors[0][1]}"
            raise Unusable(message) from error
        rows.append({"id": ids[person.number], "hospital_id": admin.hospital_id, "created_at": at, **given})
    for start in range(0, len(rows), PATIENTS_AT_ONCE):
        batch = rows[start : start + PATIENTS_AT_ONCE]
        session.execute(insert(Patient), batch)
        entries = [audit.Entry("patient.created", "patient", row["id"], {"mrn": row["mrn"]}) for row in batch]
        audit.record_all(session, admin, entries, now=at)
    return ids
