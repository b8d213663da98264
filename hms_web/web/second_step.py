"""`/login/code` and `/login/set-up`: the second step of signing in, for who has a second factor or needs one."""

from collections.abc import Iterator
from contextlib import contextmanager

from flask import abort, current_app, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import lazy_gettext
from wtforms import StringField
from wtforms.validators import InputRequired

from hms_web import clock
from hms_web.domain.refusals import Code, Refused
from hms_web.models import db
from hms_web.services import failed_sign_ins, identity, second_factors, wording
from hms_web.services.failed_sign_ins import Failure
from hms_web.services.identity import Awaiting
from hms_web.services.sealing import SECRET_KEYS, SecretKeys
from hms_web.services.sign_in_limits import EXTENSION, SignInLimits, TooManyAttempts
from hms_web.web import auth, devices, qr
from hms_web.web.forms import Form
from hms_web.web.language import said
from hms_web.web.sign_in import blueprint, going_on


class CodeForm(Form):
    """A code of the app, or a recovery code."""

    code = StringField(lazy_gettext("Code"), [InputRequired(lazy_gettext("Enter the code."))])


def secret_key() -> SecretKeys:
    """The keys under which the secrets of apps are encrypted."""
    keys: SecretKeys = current_app.config[SECRET_KEYS]
    return keys


@contextmanager
def counted(email: str, code: str) -> Iterator[None]:
    """Try a code inside, counted where it could be guessed; ends in 429 after too many wrong ones.

    What fails stands in the audit trail.
    """
    limits: SignInLimits = current_app.extensions[EXTENSION]
    try:
        with limits.counted_code(email, code, device=devices.known(email)):
            yield
    except TooManyAttempts:
        failed_sign_ins.note(db.session(), email, Failure.TOO_MANY, now=clock.now())
        abort(429)
    except Refused as error:
        failed_sign_ins.refused(db.session(), email, error.refusal.code, now=clock.now())
        raise


def _awaiting() -> Awaiting | None:
    return identity.awaiting(db.session(), auth.token(), now=clock.now())


def _back() -> ResponseReturnValue:
    return redirect(url_for("sign_in.page", next=auth.local_path(request.args.get("next"))), 303)


def _next() -> str | None:
    return auth.local_path(request.args.get("next"))


@blueprint.get("/login/code")
def ask_code() -> ResponseReturnValue:
    """The form for the code; for who has no factor yet, the way to one."""
    who = _awaiting()
    if who is None:
        return _back()
    if not who.has_factor:
        return redirect(url_for("sign_in.ask_set_up", next=_next()), 303)
    return render_template("sign_in/code.html", form=CodeForm(formdata=None), next=_next())


@blueprint.post("/login/code")
def give_code() -> ResponseReturnValue:
    """Open the session under a new token."""
    who, form = _awaiting(), CodeForm()
    if who is None:
        return _back()
    if form.validate():
        code = form.code.data or ""
        try:
            with counted(who.signed_in.email, code):
                token = identity.pass_factor(db.session(), who, code, key=secret_key(), now=clock.now())
        except Refused as error:
            _take(form, error)
        else:
            auth.sign_in(token)
            return going_on(who.signed_in)
    form.code.data = None
    return make_response(render_template("sign_in/code.html", form=form, next=_next()), 422)


@blueprint.get("/login/set-up")
def ask_set_up() -> ResponseReturnValue:
    """The picture for the app of somebody whose hospital asks for a second factor; signing in has begun it."""
    who = _awaiting()
    if who is None or who.has_factor:
        return _back()
    return _picture(who, CodeForm(formdata=None))


@blueprint.post("/login/set-up")
def set_up() -> ResponseReturnValue:
    """Confirm the app, open the session, and show the recovery codes, this once."""
    who, form = _awaiting(), CodeForm()
    if who is None or who.has_factor or _enrolment(who) is None:
        return _back()
    if form.validate():
        code = form.code.data or ""
        try:
            with counted(who.signed_in.email, code):
                begun_in, key = auth.token(), secret_key()
                token, codes = identity.set_up_factor(
                    db.session(), who, code, begun_in=begun_in, key=key, now=clock.now()
                )
        except Refused as error:
            _take(form, error)
        else:
            auth.sign_in(token)
            next_page = auth.next_page(who.signed_in)
            return going_on(
                who.signed_in, make_response(render_template("sign_in/codes.html", codes=codes, next=next_page))
            )
    return _picture(who, form, 422)


def _enrolment(who: Awaiting) -> second_factors.Enrolment | None:
    user_id = who.signed_in.actor.user_id
    assert user_id is not None  # noqa: S101 a job does not sign in
    begun_in, key = auth.token(), secret_key()
    return second_factors.enrolment(
        db.session(), user_id, who.signed_in.email, begun_in=begun_in, key=key, now=clock.now()
    )


def _picture(who: Awaiting, form: CodeForm, status: int = 200) -> ResponseReturnValue:
    form.code.data = None
    found = _enrolment(who)
    if found is None:
        return _back()
    page = render_template(
        "sign_in/set_up.html", form=form, enrolment=found, picture=qr.picture(found.address), next=_next()
    )
    return make_response(page, status)


def _take(form: CodeForm, error: Refused) -> None:
    if error.refusal.code is not Code.WRONG_CODE:
        raise error
    form.code.errors = [*form.code.errors, said(wording.SENTENCES[Code.WRONG_CODE])]
