"""`/affected`: everybody who needs attention, and new times for many of them at once."""

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from flask import Blueprint, abort, flash, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from hms_web import clock
from hms_web.domain.affected import AffectedAction, AffectedCause
from hms_web.domain.identity import Role
from hms_web.domain.planning import Strategy
from hms_web.domain.refusals import Code, InvalidInput, Refused
from hms_web.models import db
from hms_web.services import (
    affected,
    affected_batches,
    affected_list,
    affected_messages,
    affected_records,
    affected_undo,
)
from hms_web.services.affected import AffectedGroup
from hms_web.services.affected_batches import MOST_STEPS, Step
from hms_web.services.affected_list import AffectedList
from hms_web.services.affected_records import BatchView
from hms_web.services.appointments import AppointmentView
from hms_web.web import affected_sheets, asked, auth, csv_files, doctor_field, formats, language, refusals
from hms_web.web.affected_sheets import Sheet
from hms_web.web.doctor_field import ANYBODY, Meant
from hms_web.web.language import gettext, ngettext

blueprint = Blueprint("affected", __name__, url_prefix="/affected")
MOVERS = (Role.ADMIN, Role.RECEPTIONIST, Role.DOCTOR)
ROWS = 100
"""Appointments on one page, which are as many as one plan takes."""
NOBODY = AffectedList([], total=0, page=1, pages=1)


@dataclass(frozen=True, slots=True)
class Shown:
    """A group of those who stand on this page, with its title; `count` is how many it has on all pages."""

    group: AffectedGroup
    title: str
    count: int


@blueprint.get("")
@auth.roles(*MOVERS)
def index() -> ResponseReturnValue:
    """Everybody who needs attention, by what caused it; of one doctor or cause if the address says so."""
    actor, session = auth.actor(), db.session()
    who, cause = _who(request.args), _cause(request.args.get("cause"))
    doctor_id, today = who.id, clock.today(actor.zone)
    page = asked.number(request.args, "page") or 1
    found = NOBODY
    if not who.is_open:
        found = affected_list.listed(
            session, actor, doctor_id=doctor_id, cause=cause, page=page, most=ROWS, today=today
        )
    return render_template(
        "affected/index.html",
        groups=[Shown(one.group, title_of(one.group), one.count) for one in found.groups],
        count=found.total,
        page=found.page,
        pages=found.pages,
        doctor_id=doctor_id,
        cause=cause,
        causes=formats.CAUSES,
        strategies=affected_sheets.STRATEGIES,
        who=who,
        choice=None if actor.role is Role.DOCTOR else doctor_field.offered(who, also_gone=True),
        of_doctor=lambda key: url_for("affected.index", doctor=key, cause=cause),
    )


def _who(values: Mapping[str, str]) -> Meant:
    """Whose patients an address asks for; a doctor's page has no field for it, and shows their own."""
    return ANYBODY if auth.actor().role is Role.DOCTOR else doctor_field.read(values, also_gone=True)


@blueprint.get("/export.csv")
@auth.roles(*MOVERS)
def export() -> ResponseReturnValue:
    """Everybody who needs attention, as a file for a spreadsheet or to print; narrowed as the page is."""
    session, actor, who = db.session(), auth.actor(), _who(request.args)
    if who.is_open:
        abort(404)
    doctor_id, cause = who.id, _cause(request.args.get("cause"))
    groups = affected.grouped(session, actor, doctor_id=doctor_id, cause=cause)
    names = (
        gettext("Why"),
        gettext("Appointment"),
        gettext("State"),
        gettext("Patient"),
        gettext("Patient number"),
        gettext("Phone"),
        gettext("Doctor"),
        gettext("Reason"),
        gettext("Since"),
    )
    rows = (_row(title_of(group), view) for group in groups for view in group.items)
    return csv_files.answer("needs-attention", names, rows, doctor=doctor_id, cause=cause)


def _row(title: str, view: AppointmentView) -> tuple[object, ...]:
    return (
        title,
        csv_files.local(view.starts_at),
        formats.status_name(view.status),
        view.patient_name,
        view.patient_mrn,
        view.patient_phone,
        view.doctor_name,
        view.reason or formats.type_name(view.type),
        csv_files.local(affected.waiting_since(view)),
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
def choose() -> ResponseReturnValue:
    """Lead to the plan for those who were chosen; it has an address of its own, to which one can come back."""
    ids = _chosen_ids()
    if not ids:
        flash(gettext("Choose at least one appointment."), "warn")
        return redirect(url_for("affected.index"), 303)
    if len(ids) > MOST_STEPS:
        flash(gettext("The first %(num)d of them are shown; plan the others after these.", num=MOST_STEPS), "warn")
    do = request.form.get("do") or None
    return redirect(url_for("affected.plan", chosen=asked.packed(ids[:MOST_STEPS]), do=do), 303)


@blueprint.get("/plan")
@auth.roles(*MOVERS)
def plan() -> ResponseReturnValue:
    """Show what would become of the chosen ones; nothing is changed."""
    ids = asked.unpacked(request.args.get("chosen", ""))
    do = request.args.get("do", "")
    strategy = Strategy(do) if do in Strategy.__members__ else Strategy.SAME_DOCTOR_ELSE_COLLEAGUE
    wanted = do if do in {AffectedAction.KEEP, AffectedAction.CANCEL} else None
    sheet = affected_sheets.make(
        ids[:MOST_STEPS], strategy, {} if wanted is None else dict.fromkeys(map(str, ids), wanted)
    )
    return _planned(sheet)


def _chosen_ids() -> list[UUID]:
    """The ids that were ticked, or those shown of the group whose button was pressed."""
    key = request.form.get("group")
    if key:
        doctor_id, cause = asked.key(request.form, "doctor"), _cause(request.form.get("cause"))
        groups = affected.grouped(db.session(), auth.actor(), doctor_id=doctor_id, cause=cause)
        return [view.id for group in groups if group.key == key for view in group.items]
    ids = (asked.key({"id": value}, "id") for value in request.form.getlist("chosen"))
    return list(dict.fromkeys(key for key in ids if key is not None))


def _planned(sheet: Sheet, status: int = 200) -> ResponseReturnValue:
    return make_response(
        render_template("affected/plan.html", sheet=sheet, strategies=affected_sheets.STRATEGIES), status
    )


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
        return _again(" ".join(sentence for _name, sentence in language.mistakes(invalid)))
    except Refused as refused:
        if refused.refusal.code is not Code.IDEMPOTENCY_KEY_REUSED:
            raise
        flash(gettext("This plan was applied before, with other choices. This is what was done then."), "warn")
    return redirect(url_for("affected.result", batch_id=batch_id), 303)


def _again(mistake: str) -> ResponseReturnValue:
    """The plan once more, just as it was filled in, and what is to be put right."""
    return _planned(affected_sheets.again(request.form, mistake, most=MOST_STEPS), 422)


def _steps() -> list[Step]:
    """The steps of the form; rows that are left on the list are none."""
    found = (_step(key) for key in dict.fromkeys(request.form.getlist("step")))
    return [step for step in found if step is not None]


def _step(written: str) -> Step | None:
    key, version = asked.key({"id": written}, "id"), asked.number(request.form, f"version-{written}")
    to = request.form.get(f"to-{written}", affected_sheets.LEAVE)
    if key is None or version is None or to == affected_sheets.LEAVE:
        return None
    if to in {AffectedAction.KEEP, AffectedAction.CANCEL}:
        return Step(key, AffectedAction(to), version)
    doctor, day, at = affected_sheets.place_of(to)
    if doctor is None or day is None:
        return None
    return Step(key, AffectedAction.MOVE, version, doctor, day, at)


@blueprint.get("/plans/<uuid:batch_id>")
@auth.roles(*MOVERS)
def result(batch_id: UUID) -> ResponseReturnValue:
    """What became of a plan, with new proposals for whom it did not help."""
    batch = affected_records.get(db.session(), auth.actor(), batch_id)
    waiting = [step.appointment.id for step in batch.refused] if batch.undone_at is None else []
    sheet = affected_sheets.make(waiting, Strategy.SAME_DOCTOR_ELSE_COLLEAGUE, {}) if waiting else None
    return render_template(
        "affected/result.html",
        batch=batch,
        title=_outcome(batch),
        sheet=sheet if sheet and sheet.rows else None,
        strategies=affected_sheets.STRATEGIES,
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
