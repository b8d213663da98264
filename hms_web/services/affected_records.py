"""Plans that were applied, as they are read: what became of each step."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session, aliased

from hms_web.domain.affected import AffectedAction
from hms_web.domain.identity import Actor, Role
from hms_web.domain.refusals import Code, Refusal, Refused
from hms_web.models import AffectedBatch, AffectedStep, Doctor, User
from hms_web.services import affected, appointments, refusal_facts
from hms_web.services.appointments import AppointmentView


@dataclass(frozen=True, slots=True)
class StepView:
    """One step: the appointment as it is now, where it stood before, where it went, or why not.

    `to_*` are None for what did not move. A step that was undone has `undone_at`, one that could not be undone an
    `undo_refusal`.
    """

    appointment: AppointmentView
    action: AffectedAction
    from_doctor_name: str
    from_starts_at: datetime
    to_doctor_name: str | None
    to_starts_at: datetime | None
    refusal: Refusal | None
    undone_at: datetime | None
    undo_refusal: Refusal | None


@dataclass(frozen=True, slots=True)
class BatchView:
    """A plan that was applied, and perhaps undone."""

    id: UUID
    created_at: datetime
    created_by: str | None
    undone_at: datetime | None
    undone_by: str | None
    steps: list[StepView]

    @property
    def done(self) -> list[StepView]:
        """What was carried out, and is not undone."""
        return [step for step in self.steps if step.refusal is None and step.undone_at is None]

    @property
    def refused(self) -> list[StepView]:
        """What was not carried out."""
        return [step for step in self.steps if step.refusal is not None]

    @property
    def undone(self) -> list[StepView]:
        """What stands as it stood before."""
        return [step for step in self.steps if step.undone_at is not None]

    @property
    def may_undo(self) -> bool:
        """Whether there is anything that an undo could take back."""
        return self.undone_at is None and any(step.action is not AffectedAction.CANCEL for step in self.done)


def row(session: Session, actor: Actor, batch_id: UUID, *, lock: bool = False) -> AffectedBatch:
    """Return a plan's row. Raises Refused PLAN_NOT_FOUND, to a doctor also for a plan that somebody else applied."""
    affected.refuse_others(actor)
    query = select(AffectedBatch).where(AffectedBatch.hospital_id == actor.hospital_id, AffectedBatch.id == batch_id)
    if actor.role is Role.DOCTOR:
        query = query.where(AffectedBatch.created_by_id == actor.user_id)
    if lock:
        query = query.with_for_update(key_share=True)
    found = session.scalars(query.execution_options(populate_existing=True)).one_or_none()
    if found is None:
        raise Refused(Code.PLAN_NOT_FOUND)
    return found


def steps_of(session: Session, batch_id: UUID) -> list[AffectedStep]:
    """Return the rows of a plan's steps in their order."""
    query = select(AffectedStep).where(AffectedStep.batch_id == batch_id).order_by(AffectedStep.id)
    return list(session.scalars(query.execution_options(populate_existing=True)))


def get(session: Session, actor: Actor, batch_id: UUID) -> BatchView:
    """Return a plan that was applied. Raises Refused PLAN_NOT_FOUND, or FORBIDDEN for those who move nobody."""
    batch = row(session, actor, batch_id)
    names = _names(session, [batch.created_by_id, batch.undone_by_id])
    one, other = aliased(User), aliased(User)
    first, second = aliased(Doctor), aliased(Doctor)
    query = (
        select(AffectedStep, one.name, other.name)
        .join(first, first.id == AffectedStep.from_doctor_id)
        .join(one, one.id == first.user_id)
        .outerjoin(second, second.id == AffectedStep.to_doctor_id)
        .outerjoin(other, other.id == second.user_id)
        .where(AffectedStep.batch_id == batch_id)
        .order_by(AffectedStep.id)
    )
    rows = session.execute(query.execution_options(populate_existing=True)).all()
    views = {view.id: view for view in appointments.by_ids(session, actor, [item[0].appointment_id for item in rows])}
    return BatchView(
        id=batch.id,
        created_at=batch.created_at,
        created_by=names.get(batch.created_by_id),
        undone_at=batch.undone_at,
        undone_by=names.get(batch.undone_by_id),
        steps=[_step(views[step.appointment_id], step, before, after) for step, before, after in rows],
    )


def _names(session: Session, user_ids: list[UUID | None]) -> dict[UUID | None, str]:
    rows = session.execute(select(User.id, User.name).where(User.id.in_([key for key in user_ids if key])))
    return {row.id: row.name for row in rows}


def _step(view: AppointmentView, step: AffectedStep, from_name: str, to_name: str | None) -> StepView:
    return StepView(
        appointment=view,
        action=AffectedAction(step.action),
        from_doctor_name=from_name,
        from_starts_at=step.from_starts_at,
        to_doctor_name=to_name,
        to_starts_at=step.to_starts_at,
        refusal=refusal_facts.unpacked(step.refusal, step.refusal_facts),
        undone_at=step.undone_at,
        undo_refusal=refusal_facts.unpacked(step.undo_refusal, step.undo_refusal_facts),
    )
