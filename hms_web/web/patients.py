"""`/patients`: finding and adding patients. Names and numbers are posted and never stand in an address."""

from collections.abc import Mapping

from flask import Blueprint, flash, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from hms_web import clock
from hms_web.domain.refusals import Code, InvalidInput, Refused
from hms_web.models import db
from hms_web.services import patient_lists, patients
from hms_web.services.patients import PatientView
from hms_web.web import asked, auth, htmx, refusals, sorting
from hms_web.web.language import gettext, ngettext
from hms_web.web.patient_forms import PatientForm

blueprint = Blueprint("patients", __name__)

ROWS = 50


@blueprint.get("/patients")
@auth.roles()
def index() -> ResponseReturnValue:
    """Everybody from the start, by name or as they are sorted."""
    return _listed(None, None, request.args)


@blueprint.post("/patients")
@auth.roles()
def search() -> ResponseReturnValue:
    """Those who are found by a part of a name, a phone or a patient number, best first; for nothing, everybody."""
    return _listed(asked.text(request.form, "q"), asked.text(request.form, "cursor"), request.form)


def _listed(q: str | None, cursor: str | None, values: Mapping[str, str]) -> ResponseReturnValue:
    session, actor = db.session(), auth.actor()
    sort, is_blocked = sorting.word(patient_lists.ORDERS, values), values.get("blocked") == "1"
    if q is None:
        page = patient_lists.everybody(session, actor, limit=ROWS, cursor=cursor, sort=sort, only_blocked=is_blocked)
    else:
        page = patient_lists.search(session, actor, q, limit=ROWS, cursor=cursor, only_blocked=is_blocked)
    blocked = "1" if is_blocked else None
    sorted_by = sorting.Sorting(
        patient_lists.ORDERS, sort, lambda word: url_for("patients.index", sort=word, blocked=blocked)
    )
    shown = {"page": page, "q": q, "sorting": sorted_by, "is_blocked": is_blocked, "is_further": cursor is not None}
    if htmx.wants_fragment():
        words = ngettext("%(num)d patient", "%(num)d patients", len(page.items))
        return htmx.trigger(render_template("patients/_list.html", **shown), {"announce": {"value": words}})
    return render_template("patients/index.html", **shown)


@blueprint.get("/patients/new")
@auth.roles()
def new() -> ResponseReturnValue:
    """The form for a new patient."""
    return _form(PatientForm(formdata=None), [])


@blueprint.post("/patients/new")
@auth.roles()
def create() -> ResponseReturnValue:
    """Add the patient, unless somebody who may be the same person has not been shown yet."""
    form = PatientForm()
    if not form.validate():
        return _form(form, _alike(form), 422)
    alike = _alike(form)
    if not {str(patient.id) for patient in alike} <= set(request.form.getlist("shown")):
        return _form(form, alike, 409)
    try:
        created = patients.create(db.session(), auth.actor(), form.new, now=clock.now())
    except InvalidInput as error:
        form.take(error)
        return _form(form, alike, 422)
    except Refused as error:
        return _taken(form, alike, error)
    flash(gettext("Added with the number %(mrn)s.", mrn=created.patient.mrn), "good")
    return redirect(url_for("patients.page", patient_id=created.patient.id), 303)


@blueprint.post("/patients/alike")
@auth.roles()
def alike() -> ResponseReturnValue:
    """Who may be the same person as the one being typed."""
    form = PatientForm()
    form.validate()
    return render_template("patients/_alike.html", alike=_alike(form), asks=False)


def _alike(form: PatientForm) -> list[PatientView]:
    wanted = form.new
    session = db.session()
    return patients.possible_duplicates(
        session, auth.actor(), wanted.name, wanted.phone, wanted.date_of_birth, loosely=True
    )


def _taken(form: PatientForm, alike: list[PatientView], error: Refused) -> ResponseReturnValue:
    if error.refusal.code is not Code.MRN_TAKEN:
        raise error
    form.mrn.errors = [*form.mrn.errors, refusals.sentence(error.refusal)]
    return _form(form, alike, refusals.status(error.refusal))


def _form(form: PatientForm, alike: list[PatientView], status: int = 200) -> ResponseReturnValue:
    return make_response(render_template("patients/new.html", form=form, alike=alike, asks=status == 409), status)  # noqa: PLR2004
