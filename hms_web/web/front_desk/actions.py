"""What is done at the front desk: book, move, cancel, check in, hold and block. Every one is a POST."""

from dataclasses import replace
from uuid import UUID

from flask import abort, redirect, render_template, request
from flask.typing import ResponseReturnValue

from hms_web.domain.identity import Role
from hms_web.domain.phrases import phrase
from hms_web.domain.refusals import Code, InvalidInput, Refusal, Refused
from hms_web.domain.validation import refuse_invalid
from hms_web.domain.visits import AppointmentStatus
from hms_web.models import db
from hms_web.services import booking, cancelling, doctors, patient_lists, patients, slot_keeping, visits, wording
from hms_web.services.appointments import AppointmentView
from hms_web.services.booking import AppointmentChange
from hms_web.services.newcomers import PossiblyKnown
from hms_web.web import arrivals, asked, auth, htmx, language, refusals
from hms_web.web.formats import clock_time, status_name
from hms_web.web.front_desk import booking_desk, panels, rendering
from hms_web.web.front_desk.address import key_of
from hms_web.web.front_desk.forms import BookingForm, MoveForm, PlaceForm
from hms_web.web.front_desk.pages import blueprint
from hms_web.web.front_desk.panels import Panel, Place, Trouble
from hms_web.web.front_desk.rendering import Desk
from hms_web.web.language import gettext

# So many that the button below them stays on the screen.
MOST_SUGGESTED = 6
# These have forms of their own, which ask why.
WITH_A_REASON = {AppointmentStatus.CANCELLED, AppointmentStatus.NO_SHOW}


@blueprint.post("/book")
@auth.roles()
def book() -> ResponseReturnValue:  # noqa: PLR0911 each outcome has an answer of its own
    """Book the slot of the form. Whatever is refused, what was typed stays."""
    desk = Desk.of_request()
    form = BookingForm()
    panel = Panel(kind="booking", place=_place(desk, form), form=form, keeps_person=False)
    if request.form.get("do") in {"find", "new"}:
        return _look_further(desk, panel, form)
    if not form.validate():
        return _again(desk, panel, 422)
    try:
        outcome = booking_desk.submit(db.session(), desk.actor, form, now=desk.now)
    except InvalidInput as invalid:
        form.take(invalid)
        return _again(desk, panel, 422)
    except PossiblyKnown as known:
        panel.duplicates = known.patients
        return _again(desk, panel, 409)
    except Refused as refused:
        return _sent_before(desk, panel, refused.refusal)
    if outcome.appointment is not None:
        return _booked(desk, outcome.appointment)
    return _refused(desk, panel, outcome)


def _sent_before(desk: Desk, panel: Panel, refusal: Refusal) -> ResponseReturnValue:
    """The form again, with all that was typed and a key of its own, when it was sent before with other contents."""
    if refusal.code is not Code.IDEMPOTENCY_KEY_REUSED:
        raise Refused(refusal.code, **refusal.facts)
    panel.trouble = Trouble(
        gettext(
            "This form was sent before, with other contents. Look at the day: that booking may stand there already. "
            "If it does not, press Book again."
        )
    )
    return _again(desk, panel, wording.status_of(refusal.code))


def _look_further(desk: Desk, panel: Panel, form: BookingForm) -> ResponseReturnValue:
    """Without JavaScript: show whom the search finds, or the fields of a new patient."""
    if request.form["do"] == "find":
        panel.found = patient_lists.suggest(db.session(), desk.actor, form.q.data or "")
    else:
        form.is_new.data = "1"
        form.name.data = form.name.data or form.q.data
    return rendering.changed(desk, panel)


def _booked(desk: Desk, view: AppointmentView) -> ResponseReturnValue:
    words = gettext(
        "Booked: %(patient)s, %(day)s %(time)s with %(doctor)s, token %(token)s.",
        patient=view.patient_name,
        day=language.short_date(view.date),
        time=clock_time(view.start_time),
        doctor=view.doctor_name,
        token=view.token_number,
    )
    then = replace(desk.address.closed(), day=view.date)
    return rendering.done(desk, words, then, Panel(kind="booked", appointment=view, keeps_person=False))


def _refused(desk: Desk, panel: Panel, outcome: booking_desk.Outcome) -> ResponseReturnValue:
    """The form again, for the same patient, with the rule and the next free times."""
    form, told = panel.form, outcome.told
    assert form is not None and told is not None  # noqa: S101, PT018 no appointment came of it
    form.patient_id.data, form.is_new.data = outcome.patient_id, ""
    after = panels.start_at(desk.actor, panel.place) if panel.place else None
    panel.trouble = panels.trouble_of(db.session(), desk.actor, told, desk.doctors().ids, now=desk.now, after=after)
    return _again(desk, panel, outcome.status)


def _again(desk: Desk, panel: Panel, status: int) -> ResponseReturnValue:
    """Show the form once more, with the patient that was chosen."""
    form = panel.form
    assert form is not None  # noqa: S101 it is a booking
    form.renew()
    if form.patient_id.data is not None:
        try:
            panel.patient = patients.get(db.session(), desk.actor, form.patient_id.data)
            panel.upcoming = panels.upcoming(db.session(), desk.actor, panel.patient.id, now=desk.now)
        except Refused:
            form.patient_id.data = None
    return rendering.changed(desk, panel, status)


def _place(desk: Desk, form: PlaceForm) -> Place:
    """The time that a form is about; a form without one did not come from our page."""
    if form.doctor_id.data is None or form.date.data is None or form.time.data is None:
        abort(400)
    doctor = doctors.get(db.session(), desk.actor, form.doctor_id.data)
    return Place(doctor.id, doctor.name, form.date.data, form.time.data, desk.address.slot_id)


@blueprint.post("/move")
@auth.roles()
def move() -> ResponseReturnValue:
    """Give an appointment another time."""
    desk = Desk.of_request()
    form = MoveForm()
    place = _place(desk, form)
    if desk.address.move_id is None:
        abort(400)
    version = asked.number(request.form, "version")
    wanted = AppointmentChange(date=place.day, time=place.start, doctor_id=place.doctor_id, version=version)
    result = booking.change(db.session(), desk.actor, desk.address.move_id, wanted, now=desk.now)
    if isinstance(result, Refusal):
        panel = panels.of_address(db.session(), desk.actor, desk.address, desk.doctors().ids, now=desk.now)
        if panel.kind == "move":
            panel.trouble = panels.trouble(
                db.session(), desk.actor, result, desk.doctors().ids, place=place, now=desk.now
            )
        return rendering.changed(desk, panel, wording.status_of(result.code))
    words = gettext(
        "Moved: %(patient)s, now %(day)s %(time)s with %(doctor)s, token %(token)s.",
        patient=result.patient_name,
        day=language.short_date(result.date),
        time=clock_time(result.start_time),
        doctor=result.doctor_name,
        token=result.token_number,
    )
    then = replace(desk.address.with_appointment(result.id), day=result.date)
    return rendering.done(desk, words, then, is_shown=True)


@blueprint.post("/appointments/<uuid:appointment_id>/cancel")
@auth.roles()
def cancel(appointment_id: UUID) -> ResponseReturnValue:
    """Cancel an appointment, with the reason: whoever opens the record later has to know."""
    desk, reason = Desk.of_request(), request.form.get("reason", "")
    try:
        refuse_invalid(("reason", None if reason.strip() else phrase("Say why, so that others know.")))
        result = cancelling.cancel(
            db.session(), desk.actor, appointment_id, reason=reason, now=desk.now, version=_version()
        )
    except InvalidInput as invalid:
        trouble = Trouble(" ".join(sentence for _, sentence in language.mistakes(invalid)))
        address = desk.address.with_appointment(appointment_id, cancelling=True)
        panel = panels.appointment(db.session(), desk.actor, address, trouble)
        panel.typed = reason
        return rendering.changed(desk, panel, 422)
    if isinstance(result, Refusal):
        return _unchanged(desk, appointment_id, result)
    words = gettext(
        "Cancelled: %(patient)s, %(time)s.", patient=result.patient_name, time=clock_time(result.start_time)
    )
    return rendering.done(desk, words, desk.address.with_appointment(result.id))


@blueprint.post("/appointments/<uuid:appointment_id>/status")
@auth.roles()
def set_status(appointment_id: UUID) -> ResponseReturnValue:
    """Confirm, check in, or undo a check-in."""
    desk = Desk.of_request()
    status = asked.choice(AppointmentStatus, request.form.get("status", ""))
    if status is None or status in WITH_A_REASON:
        abort(400)
    result = visits.set_status(db.session(), desk.actor, appointment_id, status, now=desk.now, version=_version())
    if isinstance(result, Refusal):
        return _unchanged(desk, appointment_id, result)
    words = gettext("%(patient)s: %(place)s.", patient=result.patient_name, place=status_name(result.status))
    warning = arrivals.doubt(result)
    if htmx.target() == "day":
        # From the list: whatever stands in the panel stays there.
        answer = rendering.lists(desk)
        return htmx.trigger(answer, htmx.told(words, warning))
    return rendering.done(desk, words, desk.address.with_appointment(result.id), warning=warning)


def _version() -> int | None:
    """Return the version of the appointment that the page showed, so that nobody changes what they have not seen."""
    return asked.number(request.values, "version")


def _unchanged(desk: Desk, appointment_id: UUID, refusal: Refusal) -> ResponseReturnValue:
    if refusal.code is Code.APPOINTMENT_NOT_FOUND:
        raise Refused(refusal.code)
    trouble = Trouble(refusals.sentence(refusal))
    address = desk.address.with_appointment(appointment_id)
    panel = panels.appointment(db.session(), desk.actor, address, trouble)
    answer = rendering.changed(Desk(desk.actor, desk.now, address), panel, wording.status_of(refusal.code))
    return htmx.reswap(htmx.retarget(answer, "#panel"), "outerHTML")


@blueprint.post("/slots/<uuid:slot_id>/hold")
@auth.roles()
def hold(slot_id: UUID) -> ResponseReturnValue:
    """Keep a slot while its form is open, and let the one that was open before go."""
    desk = Desk.of_request()
    before = key_of(request.form.get("instead_of"))
    if before is not None and before != slot_id:
        _let_go(desk, before)
    result = slot_keeping.hold(db.session(), desk.actor, slot_id, now=desk.now)
    trouble = place = None
    if isinstance(result, Refusal):
        place = panels.place_of(
            db.session(), desk.actor, slot_keeping.get(db.session(), desk.actor, slot_id, now=desk.now)
        )
        trouble = panels.trouble(db.session(), desk.actor, result, desk.doctors().ids, place=place, now=desk.now)
    return render_template(
        "front_desk/_held.html",
        hold=None if isinstance(result, Refusal) else result,
        trouble=trouble,
        place=place,
        slot_id=slot_id,
        now=desk.now,
        address=desk.address,
        grid_part=desk.grid_part(),
    )


@blueprint.post("/slots/<uuid:slot_id>/release")
@auth.roles()
def release(slot_id: UUID) -> ResponseReturnValue:
    """Close the form of a slot and let it go."""
    desk = Desk.of_request()
    _let_go(desk, slot_id)
    then = desk.address.closed()
    if not htmx.wants_fragment():
        return redirect(then.path(), 303)
    return htmx.push_url(rendering.changed(Desk(desk.actor, desk.now, then), Panel()), then.path())


def _let_go(desk: Desk, slot_id: UUID) -> None:
    try:
        slot_keeping.release_hold(db.session(), desk.actor, slot_id, now=desk.now)
    except Refused:
        return  # the slot is gone, and the hold with it


@blueprint.post("/slots/<uuid:slot_id>/block")
@auth.roles(Role.ADMIN, Role.DOCTOR)
def block(slot_id: UUID) -> ResponseReturnValue:
    """Close a slot by hand, or open it again; an admin any, a doctor their own."""
    desk = Desk.of_request()
    is_block = request.form.get("blocked") == "1"
    reason = request.form.get("reason") or None
    result = slot_keeping.block(db.session(), desk.actor, slot_id, blocked=is_block, reason=reason, now=desk.now)
    if isinstance(result, Refusal):
        ids = desk.doctors().ids
        panel = Panel(kind="refused", trouble=panels.trouble(db.session(), desk.actor, result, ids, now=desk.now))
        return rendering.changed(desk, panel, wording.status_of(result.code))
    words = gettext("Blocked %(time)s.") if is_block else gettext("%(time)s can be booked again.")
    return rendering.done(desk, words % {"time": clock_time(result.start_time)}, desk.address.closed())


@blueprint.post("/patients")
@auth.roles()
def find_patients() -> ResponseReturnValue:
    """The best few patients for what is typed. A POST, since a name must not stand in an address."""
    desk = Desk.of_request()
    typed = "".join(sign for sign in request.form.get("q", "") if sign.isprintable()).strip()
    try:
        found = patient_lists.suggest(db.session(), desk.actor, typed, limit=MOST_SUGGESTED)
    except InvalidInput:
        found = []
    return render_template("front_desk/_found.html", found=found, typed=typed)


@blueprint.post("/duplicates")
@auth.roles()
def find_duplicates() -> ResponseReturnValue:
    """Patients who may be the one that is being added."""
    desk = Desk.of_request()
    form = BookingForm()
    alike = booking_desk.duplicates_of(db.session(), desk.actor, form)
    return render_template("front_desk/_duplicates.html", duplicates=alike, must_confirm=False, form=form)
