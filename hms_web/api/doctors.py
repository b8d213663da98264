"""`/doctors`: listing, adding and changing them."""

from uuid import UUID

from hms_web.api.access import EVERYONE
from hms_web.api.appointments import AffectedAppointment
from hms_web.api.operations import Call, Routes
from hms_web.api.schedules import Hours
from hms_web.api.shapes import Body, Id, PageOf, PageQuery, Shape, ShownBody, Text, given, left_out, page
from hms_web.api.users import PasswordLink
from hms_web.domain.affected import AffectedCause
from hms_web.domain.identity import Role
from hms_web.domain.refusals import Code
from hms_web.services import doctors

routes = Routes("doctors")


class Doctor(Shape):
    """A user who sees patients. `slotDuration` is in minutes."""

    id: Id
    name: str
    email: str
    department: str
    slot_duration: int
    max_patients_per_day: int
    is_available: bool
    is_active: bool
    schedules: list[Hours]

    @classmethod
    def of(cls, view: doctors.DoctorView) -> "Doctor":
        """Make it from a service's view."""
        return cls(
            **{name: getattr(view, name) for name in Doctor.model_fields if name != "schedules"},
            schedules=[Hours.model_validate(hours) for hours in view.schedules],
        )


class CreatedDoctor(Doctor):
    """A new doctor. The link is null when a password was given."""

    password_link: PasswordLink | None


class DoctorMadeUnavailable(Doctor):
    """A doctor who no longer accepts appointments, and what became of those there were."""

    cancelled_appointments: int
    notified_patients: int
    affected_appointment_ids: list[Id]


class AvailabilityPreview(Shape):
    """Whom making a doctor unavailable would cancel, and who is here already and would be left to see to."""

    cancelled_appointments: int
    notified_patients: int
    affected_appointment_ids: list[Id]
    affected_appointments: list[AffectedAppointment]


class NewDoctor(Body):
    """A doctor to be added, with an account of the role DOCTOR."""

    name: Text
    email: Text
    department: Text
    slot_duration: int = 30
    max_patients_per_day: int = 30
    password: Text | None = None


class DoctorChange(ShownBody):
    """What to change of a doctor."""

    department: Text = left_out()
    slot_duration: int = left_out()
    max_patients_per_day: int = left_out()
    is_available: bool = left_out()
    is_active: bool = left_out()


class DoctorQuery(PageQuery):
    """Which doctors: of a department, or with a name like `q`."""

    department: Text | None = None
    q: Text | None = None


@routes.add("GET", "/doctors", EVERYONE, "List doctors")
def list_doctors(call: Call, query: DoctorQuery) -> PageOf[Doctor]:
    """By name."""
    found = doctors.list_doctors(call.session, call.actor, **dict(query))
    return page(Doctor, found)  # type: ignore[no-any-return]


@routes.add("POST", "/doctors", [Role.ADMIN], "Add a doctor", status=201, refuses=[Code.EMAIL_TAKEN], creates=True)
def create(call: Call, body: NewDoctor) -> CreatedDoctor:
    """Without a password the answer has a link to set one, shown this once."""
    made = doctors.create(call.session, call.actor, doctors.NewDoctor(**dict(body)), now=call.now)
    return CreatedDoctor(**dict(Doctor.of(made.doctor)), password_link=PasswordLink.of(made.link))


@routes.add("GET", "/doctors/<doctor_id>", EVERYONE, "Read a doctor")
def get(call: Call, doctor_id: UUID) -> Doctor:
    """One doctor with the weekly hours."""
    return Doctor.of(doctors.get(call.session, call.actor, doctor_id))


@routes.add("POST", "/doctors/<doctor_id>/availability/preview", [Role.ADMIN], "See what being unavailable would do")
def preview_availability(call: Call, doctor_id: UUID) -> AvailabilityPreview:
    """Changes nothing. For `shownAppointmentIds` name all of them: those cancelled and those left to see to."""
    cancelled = doctors.would_be_cancelled(call.session, call.actor, doctor_id, now=call.now)
    left = doctors.left_to_see_to(call.session, call.actor, doctor_id, now=call.now)
    return AvailabilityPreview(
        cancelled_appointments=len(cancelled),
        notified_patients=len({view.patient_id for view in cancelled}),
        affected_appointment_ids=[view.id for view in cancelled],
        affected_appointments=[AffectedAppointment.because(view, AffectedCause.DOCTOR_UNAVAILABLE) for view in left],
    )


@routes.add("PATCH", "/doctors/<doctor_id>", [Role.ADMIN], "Change a doctor", refuses=[Code.MORE_CONCERNED])
def change(call: Call, doctor_id: UUID, body: DoctorChange) -> Doctor | DoctorMadeUnavailable:
    """Becoming unavailable cancels every upcoming appointment, and the answer says which."""
    wanted = doctors.DoctorChange(**given(body))
    done = doctors.change(call.session, call.actor, doctor_id, wanted, now=call.now, shown=body.shown())
    doctor = Doctor.of(done.doctor)
    if done.affected_appointment_ids is None:
        return doctor
    return DoctorMadeUnavailable(
        **dict(doctor),
        cancelled_appointments=done.cancelled_appointments or 0,
        notified_patients=done.notified_patients or 0,
        affected_appointment_ids=list(done.affected_appointment_ids),
    )
