"""`/login`, `/logout`, and `/change-user` for a desk that several people share."""

from flask import Blueprint, Response, abort, current_app, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import lazy_gettext
from wtforms import EmailField, PasswordField
from wtforms.validators import InputRequired

from hms_web import clock
from hms_web.domain.refusals import Refused
from hms_web.models import db
from hms_web.services import failed_sign_ins, identity, second_factors
from hms_web.services.failed_sign_ins import Failure
from hms_web.services.sealing import SECRET_KEYS
from hms_web.services.sign_in_limits import EXTENSION, SignInLimits, TooManyAttempts
from hms_web.web import auth, devices, htmx
from hms_web.web.forms import Form
from hms_web.web.language import gettext

blueprint = Blueprint("sign_in", __name__)


class SignInForm(Form):
    """What a person proves themselves with."""

    email = EmailField(lazy_gettext("Email"), [InputRequired(lazy_gettext("Enter your e-mail address."))])
    password = PasswordField(lazy_gettext("Password"), [InputRequired(lazy_gettext("Enter your password."))])


@blueprint.get("/login")
def page() -> ResponseReturnValue:
    """The form; somebody who is signed in already goes on."""
    who = auth.signed_in()
    if who is not None:
        return redirect(auth.next_page(who), 303)
    return render_template(
        "sign_in/page.html", form=SignInForm(formdata=None), next=auth.local_path(request.args.get("next"))
    )


@blueprint.post("/login")
def submit() -> ResponseReturnValue:
    """Open a session under a new token, or say the same words to an unknown account as to a wrong password."""
    form = SignInForm()
    if form.validate():
        email = form.email.data or ""
        try:
            token = _sign_in(email, form.password.data or "")
        except TooManyAttempts:
            failed_sign_ins.note(db.session(), email, Failure.TOO_MANY, now=clock.now())
            abort(429)
        except Refused as error:
            failed_sign_ins.refused(db.session(), email, error.refusal.code, now=clock.now())
            form.refuse(gettext("That e-mail address and password do not belong together. Check both and try again."))
        else:
            auth.sign_in(token)
            who = auth.signed_in()
            if who is None:  # the password was right, and a second factor is asked for
                _begin_set_up(token)
                return redirect(url_for("sign_in.ask_code", next=auth.local_path(request.args.get("next"))), 303)
            return going_on(who)
    form.password.data = None
    wanted = auth.local_path(request.args.get("next"))
    return make_response(render_template("sign_in/page.html", form=form, next=wanted), 422)


def _begin_set_up(token: str) -> None:
    """Make the secret of the app for somebody who needs one and has none yet."""
    who = identity.awaiting(db.session(), token, now=clock.now())
    if who is not None and not who.has_factor and who.signed_in.actor.user_id is not None:
        key = current_app.config[SECRET_KEYS]
        second_factors.begin(db.session(), who.signed_in.actor.user_id, begun_in=token, key=key, now=clock.now())


def _sign_in(email: str, password: str) -> str:
    limits: SignInLimits = current_app.extensions[EXTENSION]
    with limits.counted(email, request.remote_addr or "", device=devices.known(email)):
        return identity.sign_in(db.session(), email, password, now=clock.now(), device=devices.words())


def going_on(who: identity.SignedIn, answer: Response | None = None) -> Response:
    """Send somebody who has signed in to their page, or show an answer first; the browser is known to them now."""
    return devices.remember(answer or make_response(redirect(auth.next_page(who), 303)), who.email)


@blueprint.get("/session")
@auth.roles()
def stay() -> ResponseReturnValue:
    """Somebody is still there: being asked for counts as activity."""
    return htmx.unchanged()


@blueprint.post("/logout")
def leave() -> ResponseReturnValue:
    """End the session here and on the server."""
    token = auth.sign_out()
    if token is not None:
        identity.sign_out(db.session(), token)
    return redirect(url_for("sign_in.page"), 303)


@blueprint.post("/change-user")
def change_user() -> ResponseReturnValue:
    """End the session of who was here; the next one signs in and comes to the same page."""
    token = auth.sign_out()
    if token is not None:
        identity.sign_out(db.session(), token)
    return redirect(url_for("sign_in.page", next=auth.local_path(request.form.get("next"))), 303)
