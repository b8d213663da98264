"""`/affected`: everybody who needs attention, plans of new times for them, and taking those back."""

from uuid import UUID

from pydantic import Field

from hms_web.api.absences import Absence
from hms_web.api.appointments import AffectedAppointment, Appointment, DoctorOfAppointment
from hms_web.api.booking import LARGEST_VERSION
from hms_web.api.operations import Call, Routes
from hms_web.api.shapes import Body, Id, Instant, LocalDate, LocalTime, PageQuery, Shape, Text
from hms_web.domain.affected import AffectedAction, AffectedCause
from hms_web.domain.planning import Strategy
from hms_web.domain.refusals import Code, Refusal
from hms_web.models import new_id
from hms_web.services import affected, affected_batches, affected_plans, affected_records, affected_undo, wording
from hms_web.services.affected_batches import MOST_STEPS

routes = Routes("affected")


class AffectedGroup(Shape):
    """Appointments with one cause, whoever waits longest first. A holiday is no single doctor's."""

    cause: AffectedCause
    doctor: DoctorOfAppointment | None
    absence: Absence | None
    holiday_name: str | None
    appointments: list[AffectedAppointment]

    @classmethod
    def of(cls, group: affected.AffectedGroup) -> "AffectedGroup":
        """Make it from a service's view."""
        return cls(
            cause=group.cause,
            doctor=DoctorOfAppointment(id=group.doctor_id, name=group.doctor_name or "") if group.doctor_id else None,
            absence=Absence.of(group.absence) if group.absence else None,
            holiday_name=group.holiday.name if group.holiday else None,
            appointments=[AffectedAppointment.because(view, group.cause) for view in group.items],
        )


class AffectedGroups(Shape):
    """A page of those who need attention; the group that waits longest first, and it may go on on the next page.

    `total` counts all pages; `nextCursor` is null on the last one.
    """

    groups: list[AffectedGroup]
    total: int
    next_cursor: str | None


class AffectedQuery(PageQuery):
    """Of which doctor, and why."""

    doctor_id: Id | None = None
    cause: AffectedCause | None = None


class Wanted(Body):
    """Which appointments need other times, and whose free time is looked at."""

    appointment_ids: list[Id] = Field(max_length=MOST_STEPS)
    strategy: Strategy = Strategy.SAME_DOCTOR_ELSE_COLLEAGUE


class ProposedPlace(Shape):
    """A free time of a doctor."""

    doctor: DoctorOfAppointment
    date: LocalDate
    start_time: LocalTime
    end_time: LocalTime
    starts_at: Instant

    @classmethod
    def of(cls, place: affected_plans.OfferedPlace) -> "ProposedPlace":
        """Make it from a service's view."""
        doctor = DoctorOfAppointment(id=place.doctor_id, name=place.doctor_name)
        same = {name: getattr(place, name) for name in ("date", "start_time", "end_time", "starts_at")}
        return cls(doctor=doctor, **same)


class ProposedMove(Shape):
    """An appointment, the time that is proposed for it (null where none is free), and others beside it."""

    appointment: Appointment
    place: ProposedPlace | None
    others: list[ProposedPlace]


class ProposedPlan(Shape):
    """Proposals. `gone` counts those asked for that need no attention any more."""

    moves: list[ProposedMove]
    gone: int


class PlanStep(Body):
    """What shall become of one appointment, from the version that was seen; a MOVE says where to."""

    appointment_id: Id
    action: AffectedAction
    version: int = Field(ge=1, le=LARGEST_VERSION)
    doctor_id: Id | None = None
    date: LocalDate | None = None
    time: LocalTime | None = None


class NewPlan(Body):
    """A plan to be applied. `reason` is that of every cancellation."""

    steps: list[PlanStep] = Field(max_length=MOST_STEPS)
    reason: Text | None = None


class RefusedBecause(Shape):
    """Why something was not done."""

    code: Code
    detail: str


class AppliedStep(Shape):
    """What became of a step, and the appointment as it is now."""

    appointment: Appointment
    action: AffectedAction
    refusal: RefusedBecause | None
    undone_at: Instant | None
    undo_refusal: RefusedBecause | None


class AppliedPlan(Shape):
    """A plan that was applied, and perhaps undone."""

    id: Id
    created_at: Instant
    created_by: str | None
    undone_at: Instant | None
    undone_by: str | None
    steps: list[AppliedStep]


def _applied(call: Call, batch: affected_records.BatchView) -> AppliedPlan:
    def reason(refusal: Refusal | None) -> RefusedBecause | None:
        return RefusedBecause(code=refusal.code, detail=wording.sentence(refusal, call.zone)) if refusal else None

    return AppliedPlan(
        id=batch.id,
        created_at=batch.created_at,
        created_by=batch.created_by,
        undone_at=batch.undone_at,
        undone_by=batch.undone_by,
        steps=[
            AppliedStep(
                appointment=Appointment.of(step.appointment),
                action=step.action,
                refusal=reason(step.refusal),
                undone_at=step.undone_at,
                undo_refusal=reason(step.undo_refusal),
            )
            for step in batch.steps
        ],
    )


@routes.add("GET", "/affected", affected.MOVERS, "List the appointments that need attention")
def list_affected(call: Call, query: AffectedQuery) -> AffectedGroups:
    """Whoever waits longest first, grouped by what caused it. A doctor sees their own patients."""
    found = affected.page(call.session, call.actor, **dict(query))
    return AffectedGroups(
        groups=[AffectedGroup.of(group) for group in found.groups], total=found.total, next_cursor=found.next_cursor
    )


@routes.add("POST", "/affected/plan", affected.MOVERS, "Propose other times")
def propose(call: Call, body: Wanted) -> ProposedPlan:
    """The nearest free time for each, with nothing changed."""
    plan = affected_plans.make(call.session, call.actor, body.appointment_ids, body.strategy, now=call.now)
    moves = [
        ProposedMove(
            appointment=Appointment.of(move.appointment),
            place=ProposedPlace.of(move.place) if move.place else None,
            others=[ProposedPlace.of(place) for place in move.others],
        )
        for move in plan.moves
    ]
    return ProposedPlan(moves=moves, gone=plan.gone)


@routes.add(
    "POST",
    "/affected/plans",
    affected.MOVERS,
    "Apply a plan",
    status=201,
    refuses=[Code.APPOINTMENT_NOT_FOUND],
    creates=True,
)
def apply(call: Call, body: NewPlan) -> AppliedPlan:
    """All of it in one go: each step that is refused says why, the others are done."""
    steps = [affected_batches.Step(**dict(step)) for step in body.steps]
    done = affected_batches.apply(call.session, call.actor, new_id(), steps, reason=body.reason, now=call.now)
    return _applied(call, done)


@routes.add("GET", "/affected/plans/<plan_id>", affected.MOVERS, "Read a plan that was applied")
def get(call: Call, plan_id: UUID) -> AppliedPlan:
    """What became of each step."""
    return _applied(call, affected_records.get(call.session, call.actor, plan_id))


@routes.add("POST", "/affected/plans/<plan_id>/undo", affected.MOVERS, "Take a plan back")
def undo(call: Call, plan_id: UUID) -> AppliedPlan:
    """Twice is harmless. What cannot be taken back says why; a cancellation never can."""
    return _applied(call, affected_undo.undo(call.session, call.actor, plan_id, now=call.now))
