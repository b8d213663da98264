"""`/set-password/<token>`: where a one-time link leads."""

from flask import Blueprint, flash, make_response, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import lazy_gettext
from wtforms import PasswordField
from wtforms.validators import EqualTo, InputRequired

from hms_web import clock
from hms_web.domain.refusals import Code, InvalidInput, Refused
from hms_web.models import db
from hms_web.services import users
from hms_web.web import devices
from hms_web.web.forms import Form
from hms_web.web.language import gettext

blueprint = Blueprint("passwords", __name__)

GONE = 410


class PasswordForm(Form):
    """A new password, twice."""

    password = PasswordField(lazy_gettext("New password"), [InputRequired(lazy_gettext("Enter a password."))])
    again = PasswordField(
        lazy_gettext("The same again"), [EqualTo("password", lazy_gettext("The two passwords are not the same."))]
    )


@blueprint.get("/set-password/<token>")
def page(token: str) -> ResponseReturnValue:
    """The form, while the link holds."""
    if not users.link_is_valid(db.session(), token, now=clock.now()):
        return make_response(render_template("passwords/gone.html"), GONE)
    return render_template("passwords/page.html", form=PasswordForm(formdata=None), token=token)


@blueprint.post("/set-password/<token>")
def submit(token: str) -> ResponseReturnValue:
    """Set the password; the link is used up, and every session of that user ends."""
    form = PasswordForm()
    if form.validate():
        try:
            email = users.set_password_by_link(db.session(), token, form.password.data or "", now=clock.now())
        except InvalidInput as error:
            form.take(error)
        except Refused as error:
            if error.refusal.code is not Code.LINK_EXPIRED:
                raise
            return make_response(render_template("passwords/gone.html"), GONE)
        else:
            flash(gettext("The password is set. Sign in with it."), "good")
            return devices.remember(make_response(redirect(url_for("sign_in.page"), 303)), email)
    return make_response(render_template("passwords/page.html", form=form, token=token), 422)
