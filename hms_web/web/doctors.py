"""`/doctors`: the list, and for administrators adding, changing and making unavailable."""

from uuid import UUID

from flask import Blueprint, flash, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from hms_web import clock
from hms_web.domain.identity import Role
from hms_web.domain.refusals import Code, InvalidInput, Refusal, Refused
from hms_web.domain.schedules import slot_times
from hms_web.domain.shown import Concern, Fate
from hms_web.models import db
from hms_web.services import doctor_previews, doctors, schedules, users
from hms_web.services.appointments import AppointmentView
from hms_web.services.doctors import DoctorChange, DoctorView
from hms_web.services.schedules import SchedulePreview
from hms_web.web import asked, auth, htmx, refusals, shown, sorting
from hms_web.web.doctor_forms import DoctorForm, NewDoctorForm
from hms_web.web.language import gettext, ngettext
from hms_web.web.schedules import alike

blueprint = Blueprint("doctors", __name__)

ROWS = 50


@blueprint.get("/doctors")
@auth.roles()
def index() -> ResponseReturnValue:
    """All doctors, narrowed by department and by words of the name, by name or as they are sorted."""
    session, actor = db.session(), auth.actor()
    q, department = asked.text(request.args, "q"), asked.text(request.args, "department")
    cursor = asked.text(request.args, "cursor")
    sort = sorting.word(doctors.ORDERS, request.args)
    page = doctors.list_doctors(session, actor, department=department, q=q, limit=ROWS, cursor=cursor, sort=sort)
    asked_for = {"q": q, "department": department, "cursor": cursor}
    sorted_by = sorting.Sorting(
        doctors.ORDERS, sort, lambda word: url_for("doctors.index", q=q, department=department, sort=word)
    )
    if htmx.wants_fragment():
        words = ngettext("%(num)d doctor", "%(num)d doctors", len(page.items))
        fragment = render_template("doctors/_list.html", page=page, asked_for=asked_for, sorting=sorted_by)
        return htmx.trigger(fragment, {"announce": {"value": words}})
    departments = doctors.departments(session, actor)
    return render_template(
        "doctors/index.html", page=page, asked_for=asked_for, sorting=sorted_by, departments=departments
    )


@blueprint.get("/doctors/new")
@auth.roles(Role.ADMIN)
def new() -> ResponseReturnValue:
    """The form for a new doctor."""
    return _new_form(NewDoctorForm.fresh())


@blueprint.post("/doctors/new")
@auth.roles(Role.ADMIN)
def create() -> ResponseReturnValue:
    """Add the doctor and show, this once, the link with which a password is set."""
    form = NewDoctorForm()
    if not _is_right(form):
        return _new_form(form, 422)
    try:
        created = doctors.create(db.session(), auth.actor(), form.new, now=clock.now())
    except Refused as error:
        if error.refusal.code is not Code.EMAIL_TAKEN:
            raise
        form.email.errors = [*form.email.errors, refusals.sentence(error.refusal)]
        return _new_form(form, refusals.status(error.refusal))
    goes_on = url_for("schedules.page", doctor_id=created.doctor.id)
    return render_template(
        "users/link.html",
        name=created.doctor.name,
        link=created.link,
        next=goes_on,
        next_words=gettext("Enter the hours"),
    )


def _is_right(form: NewDoctorForm) -> bool:
    """Whether nothing is wrong with a new doctor; everything that is, is noted at once."""
    is_valid = form.validate()
    noted = {name for name, field in form.fields_by_api_name().items() if field.errors}
    form.take(InvalidInput([item for item in doctors.mistakes(form.new) if item[0] not in noted]))
    if not form.email.errors and users.is_taken(db.session(), form.email.data or ""):
        form.email.errors = [refusals.sentence(Refusal(Code.EMAIL_TAKEN))]
    return is_valid and not form.mistakes


@blueprint.get("/doctors/<uuid:doctor_id>")
@auth.roles(Role.ADMIN)
def page(doctor_id: UUID) -> ResponseReturnValue:
    """The record with its form."""
    doctor = doctors.get(db.session(), auth.actor(), doctor_id)
    return _shown(doctor, DoctorForm.of(doctor))


@blueprint.post("/doctors/<uuid:doctor_id>")
@auth.roles(Role.ADMIN)
def change(doctor_id: UUID) -> ResponseReturnValue:
    """Save what was changed; another slot length makes the open slots anew."""
    session, actor, form = db.session(), auth.actor(), DoctorForm()
    doctor = doctors.get(session, actor, doctor_id)
    if not form.validate():
        return _shown(doctor, form, 422)
    try:
        wanted, seen = form.only_typed(form.change), form.seen_values()
        changed = doctors.change(session, actor, doctor_id, wanted, now=clock.now(), seen=seen, shown=shown.sent())
    except InvalidInput as error:
        form.take(error)
        return _shown(doctor, form, 422)
    except Refused as error:
        if error.refusal.code is Code.MORE_CONCERNED:
            return _shown(doctor, form, 409, _foretell(doctor, form))
        if error.refusal.code is not Code.STALE_VERSION:
            raise
        doctor = doctors.get(session, actor, doctor_id)
        form.refuse(refusals.sentence(error.refusal))
        form.show_as_it_is(DoctorForm.of(doctor))
        return _shown(doctor, form, refusals.status(error.refusal))
    flash(gettext("Saved."), "good")
    shown.say_affected(len(changed.affected), doctor_id)
    return redirect(url_for("doctors.page", doctor_id=doctor_id), 303)


@blueprint.post("/doctors/<uuid:doctor_id>/slots")
@auth.roles(Role.ADMIN)
def preview_slots(doctor_id: UUID) -> ResponseReturnValue:
    """What the length of a slot in the form would give; nothing while it is the doctor's own or cannot be read."""
    doctor, form = doctors.get(db.session(), auth.actor(), doctor_id), DoctorForm()
    return render_template("doctors/_slots.html", **_slots(doctor, _foretell(doctor, form)))


def _foretell(doctor: DoctorView, form: DoctorForm) -> SchedulePreview | None:
    """What another slot length would do; None when it stays, or is none."""
    wanted = form.slot_duration.data
    if wanted is None or wanted == doctor.slot_duration:
        return None
    session, actor, now = db.session(), auth.actor(), clock.now()
    try:
        return schedules.preview(session, actor, doctor.id, doctor.schedules, slot_duration=wanted, now=now)
    except InvalidInput:
        return None


def _newly(effect: SchedulePreview) -> list[AppointmentView]:
    return [view for view in effect.affected if view.affected_cause is None]


def _concerns(affected: list[AppointmentView]) -> list[Concern]:
    return [(view.id, Fate.CONCERNED) for view in affected]


def _slots(doctor: DoctorView, effect: SchedulePreview | None) -> dict[str, object]:
    """What the templates ask of another slot length; how many slots a week has now, and would have."""
    affected = _newly(effect) if effect else []
    before = sum(len(slot_times(hours, doctor.slot_duration)) for hours in doctor.schedules)
    return {
        "effect": effect,
        "before": before,
        "after": sum(day.slots for day in effect.days) if effect else before,
        "groups": alike(effect) if effect else [],
        "affected": affected,
        "fingerprint": shown.fingerprint(_concerns(affected)),
        "news": shown.new_among(_concerns(affected)),
    }


@blueprint.get("/doctors/<uuid:doctor_id>/availability")
@auth.roles(Role.ADMIN)
def availability(doctor_id: UUID) -> ResponseReturnValue:
    """What switching it over would do, before it is done."""
    return _availability(doctors.get(db.session(), auth.actor(), doctor_id))


@blueprint.post("/doctors/<uuid:doctor_id>/availability")
@auth.roles(Role.ADMIN)
def switch(doctor_id: UUID) -> ResponseReturnValue:
    """Make a doctor available, or not: then everybody who was shown is cancelled and told."""
    session, actor, now = db.session(), auth.actor(), clock.now()
    doctor = doctors.get(session, actor, doctor_id)
    is_available = request.form.get("available") == "yes"
    wanted = DoctorChange(is_available=is_available)
    try:
        changed = doctors.change(session, actor, doctor_id, wanted, now=now, shown=shown.sent())
    except Refused as error:
        if error.refusal.code is not Code.MORE_CONCERNED:
            raise
        return _availability(doctor, 409)
    if changed.cancelled_appointments is None:
        flash(gettext("Saved."), "good")
    else:
        told = ngettext(
            "a message for %(num)d patient waits to be sent",
            "messages for %(num)d patients wait to be sent",
            changed.notified_patients or 0,
        )
        words = ngettext(
            "%(num)d appointment cancelled", "%(num)d appointments cancelled", changed.cancelled_appointments
        )
        flash(f"{words}, {told}.", "good")
    return redirect(url_for("doctors.page", doctor_id=doctor_id), 303)


def _availability(doctor: DoctorView, status: int = 200) -> ResponseReturnValue:
    session, actor, now = db.session(), auth.actor(), clock.now()
    concerned = doctors.would_be_cancelled(session, actor, doctor.id, now=now)
    concerns = doctor_previews.by_availability(session, actor, doctor.id, now=now) if doctor.is_available else []
    answer = render_template(
        "doctors/availability.html",
        doctor=doctor,
        concerned_items=concerned if doctor.is_available else [],
        here=doctors.left_to_see_to(session, actor, doctor.id, now=now) if doctor.is_available else [],
        people=len({view.patient_id for view in concerned}),
        fingerprint=shown.fingerprint(concerns),
        news=shown.new_among(concerns),
        is_changed=status == 409,  # noqa: PLR2004
    )
    return make_response(answer, status)


def _shown(
    doctor: DoctorView, form: DoctorForm, status: int = 200, effect: SchedulePreview | None = None
) -> ResponseReturnValue:
    answer = render_template(
        "doctors/page.html",
        doctor=doctor,
        form=form,
        departments=doctors.departments(db.session(), auth.actor()),
        asks=effect is not None,
        **_slots(doctor, effect),
    )
    return make_response(answer, status)


def _new_form(form: NewDoctorForm, status: int = 200) -> ResponseReturnValue:
    departments = doctors.departments(db.session(), auth.actor())
    return make_response(render_template("doctors/new.html", form=form, departments=departments), status)
