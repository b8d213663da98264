"""`/patients`: finding, adding, changing and unblocking them."""

from uuid import UUID

from hms_web.api.access import EVERYONE
from hms_web.api.operations import Call, Routes
from hms_web.api.shapes import (
    Body,
    Id,
    Instant,
    LocalDate,
    PageOf,
    PageQuery,
    Shape,
    Text,
    given,
    left_out,
    page,
)
from hms_web.domain.identity import Role
from hms_web.domain.patients import PatientStatus, Sex
from hms_web.domain.refusals import Code
from hms_web.services import patient_blocks, patient_lists, patients, record_reads

routes = Routes("patients")


class Patient(Shape):
    """A person who is treated; `mrn` is the hospital's own patient number."""

    id: Id
    mrn: str
    name: str
    phone: str | None
    email: str | None
    date_of_birth: LocalDate | None
    sex: Sex | None
    status: PatientStatus
    no_show_count: int
    lifetime_no_shows: int
    blocked_at: Instant | None
    blocked_reason: str | None
    created_at: Instant

    @classmethod
    def of(cls, view: patients.PatientView) -> "Patient":
        """Make it from a service's view."""
        return cls.model_validate(view)


class CreatedPatient(Patient):
    """A new patient, and those who may be the same person: same phone, or same name and date of birth."""

    possible_duplicates: list[Patient]


class NewPatient(Body):
    """A patient to be added; without an MRN the hospital gives its next number."""

    name: Text
    phone: Text
    date_of_birth: LocalDate | None = None
    sex: Sex | None = None
    email: Text | None = None
    mrn: Text | None = None


class PatientChange(Body):
    """What to change of a patient; null empties a field."""

    name: Text = left_out()
    phone: Text = left_out()
    date_of_birth: LocalDate | None = left_out()
    sex: Sex | None = left_out()
    email: Text | None = left_out()
    mrn: Text = left_out()


class Reason(Body):
    """Why it is done; it stands in the audit trail."""

    reason: Text


class PatientQuery(PageQuery):
    """`q` is a name, a phone number or an MRN, or a part of one; typing errors are forgiven."""

    q: Text | None = None


@routes.add("GET", "/patients", EVERYONE, "Search patients")
def search(call: Call, query: PatientQuery) -> PageOf[Patient]:
    """Best matches first; all by name without `q`."""
    found = patient_lists.search(call.session, call.actor, query.q, limit=query.limit, cursor=query.cursor)
    return page(Patient, found)  # type: ignore[no-any-return]


@routes.add("POST", "/patients", EVERYONE, "Add a patient", status=201, refuses=[Code.MRN_TAKEN], creates=True)
def create(call: Call, body: NewPatient) -> CreatedPatient:
    """Possible duplicates are told, not refused."""
    made = patients.create(call.session, call.actor, patients.NewPatient(**dict(body)), now=call.now)
    duplicates = [Patient.of(view) for view in made.possible_duplicates]
    return CreatedPatient(**dict(Patient.of(made.patient)), possible_duplicates=duplicates)


@routes.add("GET", "/patients/<patient_id>", EVERYONE, "Read a patient")
def get(call: Call, patient_id: UUID) -> Patient:
    """One patient, with the count of no-shows and whether booking is blocked."""
    view = patients.get(call.session, call.actor, patient_id)
    record_reads.note(call.session, call.actor, "patient", patient_id, now=call.now)
    return Patient.of(view)


@routes.add("PATCH", "/patients/<patient_id>", EVERYONE, "Change a patient", refuses=[Code.MRN_TAKEN])
def change(call: Call, patient_id: UUID, body: PatientChange) -> Patient:
    """Counts and blocks are not changed here."""
    wanted = patients.PatientChange(**given(body))
    return Patient.of(patients.change(call.session, call.actor, patient_id, wanted, now=call.now))


@routes.add("POST", "/patients/<patient_id>/unblock", [Role.ADMIN], "Unblock a patient")
def unblock(call: Call, patient_id: UUID, body: Reason) -> Patient:
    """Back to ACTIVE, the count to 0; for one who is not blocked nothing changes."""
    return Patient.of(patient_blocks.unblock(call.session, call.actor, patient_id, reason=body.reason, now=call.now))
