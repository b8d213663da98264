"""`/account`: one's own password, second factor, open sessions and API tokens."""

from collections.abc import Iterator
from contextlib import contextmanager
from uuid import UUID

from flask import (
    Blueprint,
    abort,
    current_app,
    flash,
    make_response,
    redirect,
    render_template,
    request,
    session,
    url_for,
)
from flask.typing import ResponseReturnValue
from flask_babel import lazy_gettext
from wtforms import PasswordField
from wtforms.validators import EqualTo, InputRequired

from hms_web import clock
from hms_web.domain.refusals import Code, InvalidInput, Refused
from hms_web.models import db
from hms_web.services import calendar_links, identity, open_sessions, own_password, second_factors, wording
from hms_web.services.sign_in_limits import EXTENSION, SignInLimits, TooManyAttempts
from hms_web.web import auth, devices, qr, refusals
from hms_web.web.forms import Form
from hms_web.web.language import gettext, said
from hms_web.web.second_step import CodeForm, counted, secret_key

blueprint = Blueprint("account", __name__, url_prefix="/account")


class OwnPasswordForm(Form):
    """The present password, and a new one, twice."""

    present = PasswordField(lazy_gettext("Present password"), [InputRequired(lazy_gettext("Enter your password."))])
    password = PasswordField(lazy_gettext("New password"), [InputRequired(lazy_gettext("Enter a new password."))])
    again = PasswordField(
        lazy_gettext("The new one again"), [EqualTo("password", lazy_gettext("The two passwords are not the same."))]
    )


class ProofForm(Form):
    """The present password, for what nobody else at this desk may do."""

    proof = PasswordField(lazy_gettext("Your password"), [InputRequired(lazy_gettext("Enter your password."))])


def _visitor() -> identity.SignedIn:
    who = auth.signed_in()
    if who is None:
        abort(401)
    return who


def _token() -> str:
    token = session.get(auth.TOKEN)
    return token if isinstance(token, str) else ""


@contextmanager
def _counted() -> Iterator[None]:
    """Try one's password inside, counted as at the sign-in."""
    limits: SignInLimits = current_app.extensions[EXTENSION]
    email = _visitor().email
    try:
        with limits.counted(email, request.remote_addr or "", device=devices.known(email)):
            yield
    except TooManyAttempts:
        abort(429)


@blueprint.get("")
@auth.roles()
def page() -> ResponseReturnValue:
    """Everything about one's own account."""
    return _shown(OwnPasswordForm(formdata=None), ProofForm(formdata=None))


def _shown(password: OwnPasswordForm, proof: ProofForm, status: int = 200) -> ResponseReturnValue:
    actor, now = auth.actor(), clock.now()
    assert actor.user_id is not None  # noqa: S101 a job has no pages
    answer = render_template(
        "account/page.html",
        form=password,
        proof=proof,
        factor=second_factors.view(db.session(), actor.user_id),
        sessions=open_sessions.list_sessions(db.session(), actor, _token(), now=now),
        tokens=open_sessions.list_tokens(db.session(), actor, now=now),
    )
    return make_response(answer, status)


@blueprint.post("/password")
@auth.roles()
def change_password() -> ResponseReturnValue:
    """Change the password; every other session ends, and this one goes on under a new token."""
    form = OwnPasswordForm()
    if form.validate():
        present, wanted = form.present.data or "", form.password.data or ""
        try:
            with _counted():
                token = own_password.change_password(
                    db.session(), auth.actor(), present, wanted, now=clock.now(), device=devices.words()
                )
        except InvalidInput as error:
            form.take(error)
        except Refused as error:
            _take(form.present, error)
        else:
            auth.sign_in(token)
            flash(gettext("The password is changed. Wherever else you were signed in, you are no longer."), "good")
            _tell_of_calendar_links()
            return redirect(url_for("account.page"), 303)
    return _shown(form, ProofForm(formdata=None), 422)


def _tell_of_calendar_links() -> None:
    """Links to a doctor's calendar are secrets of their own: they stay, and who knew the password may have made one."""
    who = auth.actor()
    if who.doctor_id is not None and calendar_links.valid(db.session(), who, who.doctor_id):
        flash(
            gettext("The links to your calendar still work. Revoke those that you do not know, under Calendar."), "warn"
        )


def _take(field: PasswordField, error: Refused) -> None:
    if error.refusal.code is not Code.WRONG_CREDENTIALS:
        raise error
    field.errors = [*field.errors, gettext("That is not your present password.")]


def _proven(form: ProofForm) -> bool:
    """Whether the password in the form is the person's own; if not, the form says so."""
    if not form.validate():
        return False
    try:
        with _counted():
            own_password.prove(db.session(), auth.actor(), form.proof.data or "")
    except Refused as error:
        _take(form.proof, error)
    return not form.errors and not form.proof.errors


@blueprint.post("/second-factor")
@auth.roles()
def begin_factor() -> ResponseReturnValue:
    """Make the secret of an app, for who has shown their password."""
    form, user_id = ProofForm(), auth.actor().user_id
    assert user_id is not None  # noqa: S101 a job has no pages
    if not _proven(form):
        return _shown(OwnPasswordForm(formdata=None), form, 422)
    second_factors.begin(db.session(), user_id, begun_in=auth.token(), key=secret_key(), now=clock.now())
    return redirect(url_for("account.factor"), 303)


@blueprint.get("/second-factor")
@auth.roles()
def factor() -> ResponseReturnValue:
    """The picture for the app, until a first code has confirmed it."""
    return _picture(CodeForm(formdata=None))


def _picture(form: CodeForm, status: int = 200) -> ResponseReturnValue:
    who = _visitor()
    assert who.actor.user_id is not None  # noqa: S101 a job has no pages
    begun_in, key = auth.token(), secret_key()
    found = second_factors.enrolment(
        db.session(), who.actor.user_id, who.email, begun_in=begun_in, key=key, now=clock.now()
    )
    if found is None:
        return redirect(url_for("account.page"), 303)
    form.code.data = None
    answer = render_template(
        "account/second_factor.html", form=form, enrolment=found, picture=qr.picture(found.address)
    )
    return make_response(answer, status)


@blueprint.post("/second-factor/confirm")
@auth.roles()
def confirm_factor() -> ResponseReturnValue:
    """Have the app count, and show the recovery codes, this once."""
    form = CodeForm()
    if form.validate():
        code = form.code.data or ""
        try:
            with counted(_visitor().email, code):
                begun_in, key = auth.token(), secret_key()
                codes = second_factors.confirm(
                    db.session(), auth.actor(), code, begun_in=begun_in, key=key, now=clock.now()
                )
        except Refused as error:
            if error.refusal.code is not Code.WRONG_CODE:
                raise
            form.code.errors = [*form.code.errors, said(wording.SENTENCES[Code.WRONG_CODE])]
        else:
            # Rendered at once and not after a redirect: the codes are kept nowhere.
            return render_template("account/codes.html", codes=codes)
    return _picture(form, 422)


@blueprint.post("/second-factor/codes")
@auth.roles()
def renew_codes() -> ResponseReturnValue:
    """Make new recovery codes in place of the earlier ones."""
    form = ProofForm()
    if not _proven(form):
        return _shown(OwnPasswordForm(formdata=None), form, 422)
    return render_template(
        "account/codes.html", codes=second_factors.renew_codes(db.session(), auth.actor(), now=clock.now())
    )


@blueprint.post("/second-factor/remove")
@auth.roles()
def remove_factor() -> ResponseReturnValue:
    """Take the factor away, where the hospital does not ask for one."""
    form = ProofForm()
    if not _proven(form):
        return _shown(OwnPasswordForm(formdata=None), form, 422)
    try:
        second_factors.remove_own(db.session(), auth.actor(), now=clock.now())
    except Refused as error:
        form.refuse(refusals.sentence(error.refusal))
        return _shown(OwnPasswordForm(formdata=None), form, refusals.status(error.refusal))
    flash(gettext("The second factor is removed. From now on the password alone is asked for."), "warn")
    return redirect(url_for("account.page"), 303)


@blueprint.post("/sessions/<uuid:session_id>/end")
@auth.roles()
def end_session(session_id: UUID) -> ResponseReturnValue:
    """End one of one's own sessions, at once."""
    if not open_sessions.end(db.session(), auth.actor(), session_id, now=clock.now()):
        abort(404)
    return _done(gettext("That session has ended."))


@blueprint.post("/sessions/end-others")
@auth.roles()
def end_others() -> ResponseReturnValue:
    """End all of one's own sessions but this one."""
    open_sessions.end_others(db.session(), auth.actor(), _token(), now=clock.now())
    return _done(gettext("You are signed in here only."))


@blueprint.post("/tokens/<uuid:token_id>/revoke")
@auth.roles()
def revoke_token(token_id: UUID) -> ResponseReturnValue:
    """End one of one's own API tokens, at once."""
    if not open_sessions.revoke(db.session(), auth.actor(), token_id, now=clock.now()):
        abort(404)
    return _done(gettext("That token no longer works."))


def _done(words: str) -> ResponseReturnValue:
    flash(words, "good")
    return redirect(url_for("account.page"), 303)
