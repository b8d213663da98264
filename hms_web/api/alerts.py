"""`/no-show/alerts`: people who wait too long, and who looks after them."""

from uuid import UUID

from hms_web.api.access import EVERYONE
from hms_web.api.appointments import DoctorOfAppointment, PatientOfAppointment
from hms_web.api.operations import Call, Routes
from hms_web.api.shapes import Body, Id, Instant, PageOf, PageQuery, Shape, Text, page
from hms_web.domain.alerts import AlertStatus, AlertType
from hms_web.domain.identity import Role
from hms_web.domain.refusals import Code, Refusal
from hms_web.services import alert_board
from hms_web.services.alert_board import AlertView

routes = Routes("alerts")
CARERS = [Role.ADMIN, Role.DOCTOR, Role.NURSE]


class StageAlert(Shape):
    """Somebody who waits too long. `resolvedBy` is null for one that ended by itself, when the visit moved on."""

    id: Id
    appointment_id: Id
    patient: PatientOfAppointment
    doctor: DoctorOfAppointment
    alert_type: AlertType
    status: AlertStatus
    message: str
    waiting_since: Instant
    created_at: Instant
    acknowledged_by: str | None
    acknowledged_at: Instant | None
    resolved_by: str | None
    resolved_at: Instant | None

    @classmethod
    def of(cls, view: AlertView) -> "StageAlert":
        """Make it from a service's view."""
        same = {name: getattr(view, name) for name in cls.model_fields if name not in {"patient", "doctor"}}
        patient = PatientOfAppointment(id=view.patient_id, name=view.patient_name, mrn=view.patient_mrn)
        return cls(**same, patient=patient, doctor=DoctorOfAppointment(id=view.doctor_id, name=view.doctor_name))


class Resolution(Body):
    """What was done about it."""

    note: Text | None = None


@routes.add("GET", "/no-show/alerts", EVERYONE, "List the alerts that are not over")
def live(call: Call, query: PageQuery) -> PageOf[StageAlert]:
    """Today's, active and acknowledged, the longest wait first; all of them at once unless a limit is given."""
    found = alert_board.page(call.session, call.actor, now=call.now, limit=query.limit, cursor=query.cursor)
    return page(StageAlert, found)  # type: ignore[no-any-return]


@routes.add(
    "PUT",
    "/no-show/alerts/<alert_id>/acknowledge",
    CARERS,
    "Take an alert on",
    refuses=[Code.INVALID_TRANSITION],
)
def acknowledge(call: Call, alert_id: UUID) -> StageAlert | Refusal:
    """Only one that nobody has."""
    done = alert_board.acknowledge(call.session, call.actor, alert_id, now=call.now)
    return done if isinstance(done, Refusal) else StageAlert.of(done)


@routes.add("PUT", "/no-show/alerts/<alert_id>/resolve", CARERS, "End an alert", refuses=[Code.INVALID_TRANSITION])
def resolve(call: Call, alert_id: UUID, body: Resolution) -> StageAlert | Refusal:
    """From ACTIVE or ACKNOWLEDGED."""
    done = alert_board.resolve(call.session, call.actor, alert_id, note=body.note, now=call.now)
    return done if isinstance(done, Refusal) else StageAlert.of(done)
