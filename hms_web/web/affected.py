"""`/affected`: everybody who needs attention, and new times for many of them at once."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from uuid import UUID

from flask import Blueprint, flash, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import lazy_gettext

from hms_web import clock
from hms_web.domain.affected import AffectedAction, AffectedCause
from hms_web.domain.identity import Role
from hms_web.domain.planning import Strategy
from hms_web.domain.refusals import Code, InvalidInput, Refused
from hms_web.models import db, new_id
from hms_web.services import (
    affected,
    affected_batches,
    affected_messages,
    affected_plans,
    affected_records,
    affected_undo,
    doctors,
)
from hms_web.services.affected import AffectedGroup
from hms_web.services.affected_batches import MOST_STEPS, Step
from hms_web.services.affected_plans import OfferedPlace, Plan, PlannedMove
from hms_web.services.affected_records import BatchView
from hms_web.web import asked, auth, formats, language, refusals
from hms_web.web.language import gettext, ngettext

blueprint = Blueprint("affected", __name__, url_prefix="/affected")
MOVERS = (Role.ADMIN, Role.RECEPTIONIST, Role.DOCTOR)

LEAVE = "LEAVE"
STRATEGIES = {
    Strategy.SAME_DOCTOR_ELSE_COLLEAGUE: lazy_gettext("Same doctor, else a colleague"),
    Strategy.SAME_DOCTOR: lazy_gettext("Same doctor only"),
    Strategy.COLLEAGUE: lazy_gettext("A colleague"),
}


@dataclass(frozen=True, slots=True)
class Row:
    """An appointment of a plan with what can be chosen for it: pairs of value and words, and the value chosen."""

    move: PlannedMove
    places: list[tuple[str, str]]
    chosen: str

    @property
    def is_sooner(self) -> bool:
        """Whether the proposed time is an earlier one, of which the patient has to hear in time."""
        return self.move.place is not None and self.move.place.starts_at < self.move.appointment.starts_at


@dataclass(frozen=True, slots=True)
class Sheet:
    """A plan as a form. `batch_id` makes sure that it is applied once; `reason` is that of cancellations."""

    plan: Plan
    rows: list[Row]
    batch_id: UUID
    reason: str
    mistake: str | None = None

    @property
    def same(self) -> int:
        """How many get another time with their own doctor."""
        return sum(row.move.place is not None and _is_own(row.move) for row in self.rows)

    @property
    def colleague(self) -> int:
        """How many get a time with a colleague."""
        return sum(row.move.place is not None and not _is_own(row.move) for row in self.rows)

    @property
    def without(self) -> int:
        """How many find no free time."""
        return sum(row.move.place is None for row in self.rows)

    @property
    def moves_by_default(self) -> bool:
        """Whether the plan proposes times, and not to keep or to cancel."""
        return any(row.chosen not in {AffectedAction.KEEP, AffectedAction.CANCEL} for row in self.rows)


def _is_own(move: PlannedMove) -> bool:
    return move.place is not None and move.place.doctor_id == move.appointment.doctor_id


@blueprint.get("")
@auth.roles(*MOVERS)
def index() -> ResponseReturnValue:
    """Everybody who needs attention, by what caused it; of one doctor or cause if the address says so."""
    actor, session = auth.actor(), db.session()
    doctor_id, cause = asked.key(request.args, "doctor"), _cause(request.args.get("cause"))
    groups = affected.grouped(session, actor, doctor_id=doctor_id, cause=cause)
    return render_template(
        "affected/index.html",
        groups=[(group, title_of(group)) for group in groups],
        count=sum(len(group.items) for group in groups),
        doctor_id=doctor_id,
        cause=cause,
        causes=formats.CAUSES,
        strategies=STRATEGIES,
        doctors=[] if actor.role is Role.DOCTOR else doctors.all_of(session, actor, only_active=False),
    )


def _cause(written: str | None) -> AffectedCause | None:
    return AffectedCause(written) if written and written in AffectedCause.__members__ else None


def title_of(group: AffectedGroup) -> str:
    """What caused a group, and whose time it is."""
    if group.cause is AffectedCause.HOLIDAY:
        day = language.short_date(group.items[0].date)
        return gettext("%(name)s, %(day)s: closed", name=group.holiday.name if group.holiday else "", day=day)
    who = group.doctor_name or ""
    if group.absence is not None:
        kind, days = formats.words(group.absence.absence_type), formats.absence_days(group.absence)
        return gettext("%(doctor)s: %(kind)s, %(days)s", doctor=who, kind=kind, days=days)
    return gettext("%(doctor)s: %(cause)s", doctor=who, cause=formats.cause_name(group.cause))


@blueprint.post("/plan")
@auth.roles(*MOVERS)
def plan() -> ResponseReturnValue:
    """Show what would become of the chosen ones; nothing is changed."""
    ids = _chosen_ids()
    if not ids:
        flash(gettext("Choose at least one appointment."), "warn")
        return redirect(url_for("affected.index"), 303)
    if len(ids) > MOST_STEPS:
        flash(gettext("The first %(num)d of them are shown; plan the others after these.", num=MOST_STEPS), "warn")
    do = request.form.get("do", "")
    strategy = Strategy(do) if do in Strategy.__members__ else Strategy.SAME_DOCTOR_ELSE_COLLEAGUE
    wanted = do if do in {AffectedAction.KEEP, AffectedAction.CANCEL} else None
    sheet = _sheet(ids[:MOST_STEPS], strategy, {} if wanted is None else dict.fromkeys(map(str, ids), wanted))
    return _planned(sheet)


def _chosen_ids() -> list[UUID]:
    """The ids that were ticked, or those of the group whose button was pressed."""
    key = request.form.get("group")
    if key:
        groups = affected.grouped(db.session(), auth.actor())
        return [view.id for group in groups if group.key == key for view in group.items]
    ids = (asked.key({"id": value}, "id") for value in request.form.getlist("chosen"))
    return list(dict.fromkeys(key for key in ids if key is not None))


def _sheet(ids: list[UUID], strategy: Strategy, chosen: Mapping[str, str], *, reason: str | None = None) -> Sheet:
    made = affected_plans.make(db.session(), auth.actor(), ids, strategy, now=clock.now())
    rows = [_row(move, chosen.get(str(move.appointment.id))) for move in made.moves]
    causes = {cause for row in rows if (cause := row.move.appointment.affected_cause)}
    because = formats.cause_name(causes.pop()) if len(causes) == 1 else ""
    return Sheet(made, rows, new_id(), because.capitalize() if reason is None else reason)


def _row(move: PlannedMove, chosen: str | None) -> Row:
    offered = ([move.place] if move.place else []) + move.others
    places = [(value_of(place), _words_of(place)) for place in offered]
    allowed = {value for value, _words in places} | {LEAVE, *AffectedAction}
    default = places[0][0] if move.place else LEAVE
    return Row(move, places, chosen if chosen and chosen in allowed else default)


def value_of(place: OfferedPlace) -> str:
    """A place as the value of a choice."""
    return f"{place.doctor_id}/{place.date}/{place.start_time:%H:%M}"


def _words_of(place: OfferedPlace) -> str:
    day, at = language.short_date(place.date), formats.clock_time(place.start_time)
    if place.is_soon:
        return gettext("%(day)s %(time)s, %(doctor)s (soon: phone)", day=day, time=at, doctor=place.doctor_name)
    return gettext("%(day)s %(time)s, %(doctor)s", day=day, time=at, doctor=place.doctor_name)


def _planned(sheet: Sheet, status: int = 200) -> ResponseReturnValue:
    return make_response(render_template("affected/plan.html", sheet=sheet, strategies=STRATEGIES), status)


@blueprint.post("/plans")
@auth.roles(*MOVERS)
def apply() -> ResponseReturnValue:
    """Carry out the plan of the form, in one go; sent twice, it is carried out once."""
    batch_id, steps = asked.key(request.form, "batch"), _steps()
    reason = asked.text(request.form, "reason")
    if batch_id is None or not steps:
        flash(gettext("Nothing was chosen, so nothing was changed."), "warn")
        return redirect(url_for("affected.index"), 303)
    if reason is None and any(step.action is AffectedAction.CANCEL for step in steps):
        return _again(gettext("Say why they are cancelled, so that others know."))
    try:
        affected_batches.apply(db.session(), auth.actor(), batch_id, steps, reason=reason, now=clock.now())
    except InvalidInput as invalid:
        return _again(" ".join(sentence for _name, sentence in invalid.errors))
    except Refused as refused:
        if refused.refusal.code is not Code.IDEMPOTENCY_KEY_REUSED:
            raise
        flash(gettext("This plan was applied before, with other choices. This is what was done then."), "warn")
    return redirect(url_for("affected.result", batch_id=batch_id), 303)


def _again(mistake: str) -> ResponseReturnValue:
    """The plan once more, with what was chosen, and what is to be put right."""
    chosen = {key: request.form.get(f"to-{key}", "") for key in request.form.getlist("step")}
    ids = [UUID(key) for key in chosen if asked.key({"id": key}, "id")]
    reason = request.form.get("reason", "")
    sheet = _sheet(ids[:MOST_STEPS], Strategy.SAME_DOCTOR_ELSE_COLLEAGUE, chosen, reason=reason)
    return _planned(replace(sheet, mistake=mistake), 422)


def _steps() -> list[Step]:
    """The steps of the form; rows that are left on the list are none."""
    found = (_step(key) for key in dict.fromkeys(request.form.getlist("step")))
    return [step for step in found if step is not None]


def _step(written: str) -> Step | None:
    key, version = asked.key({"id": written}, "id"), asked.number(request.form, f"version-{written}")
    to = request.form.get(f"to-{written}", LEAVE)
    if key is None or version is None or to == LEAVE:
        return None
    if to in {AffectedAction.KEEP, AffectedAction.CANCEL}:
        return Step(key, AffectedAction(to), version)
    doctor, day, at = _place(to)
    if doctor is None or day is None:
        return None
    return Step(key, AffectedAction.MOVE, version, doctor, day, asked.clock_time(at))


def _place(value: str) -> tuple[UUID | None, date | None, str]:
    doctor, _first, rest = value.partition("/")
    day, _second, at = rest.partition("/")
    return asked.key({"id": doctor}, "id"), asked.day({"day": day}, "day"), at


@blueprint.get("/plans/<uuid:batch_id>")
@auth.roles(*MOVERS)
def result(batch_id: UUID) -> ResponseReturnValue:
    """What became of a plan, with new proposals for whom it did not help."""
    batch = affected_records.get(db.session(), auth.actor(), batch_id)
    waiting = [step.appointment.id for step in batch.refused] if batch.undone_at is None else []
    sheet = _sheet(waiting, Strategy.SAME_DOCTOR_ELSE_COLLEAGUE, {}) if waiting else None
    return render_template(
        "affected/result.html",
        batch=batch,
        title=_outcome(batch),
        sheet=sheet if sheet and sheet.rows else None,
        strategies=STRATEGIES,
        why=refusals.sentence,
        failed=[step for step in batch.steps if step.undo_refusal is not None],
        is_recent=clock.now() - batch.created_at < affected_messages.TIME_TO_UNDO,
    )


def _outcome(batch: BatchView) -> str:
    """The result in figures."""
    if batch.undone_at is not None:
        return ngettext("%(num)d taken back", "%(num)d taken back", len(batch.undone))
    done, refused = len(batch.done), len(batch.refused)
    if refused:
        return gettext("%(done)s done, %(refused)s refused", done=done, refused=refused)
    return ngettext("%(num)d done", "%(num)d done", done)


@blueprint.post("/plans/<uuid:batch_id>/undo")
@auth.roles(*MOVERS)
def undo(batch_id: UUID) -> ResponseReturnValue:
    """Take the plan back."""
    affected_undo.undo(db.session(), auth.actor(), batch_id, now=clock.now())
    return redirect(url_for("affected.result", batch_id=batch_id), 303)
