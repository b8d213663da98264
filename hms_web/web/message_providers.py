"""`/messages/providers`: through whom messages are sent, for administrators."""

from collections.abc import Sequence

from flask import abort, current_app, flash, make_response, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import lazy_gettext
from wtforms import StringField
from wtforms.validators import DataRequired

from hms_web import clock
from hms_web.domain.identity import Role
from hms_web.domain.notifications import Channel
from hms_web.domain.providers import CHANNELS
from hms_web.domain.refusals import InvalidInput
from hms_web.models import db
from hms_web.services import message_records, providers
from hms_web.services.providers import PROVIDER_HOSTS
from hms_web.services.sealing import SECRET_KEYS, SecretKeys
from hms_web.web import asked, auth
from hms_web.web.forms import Form
from hms_web.web.language import gettext
from hms_web.web.messages import blueprint


class ProviderForm(Form):
    """A provider's address."""

    url = StringField(lazy_gettext("Address"), [DataRequired(lazy_gettext("Enter the provider's address."))])


class TestForm(Form):
    """Where a test message goes."""

    __test__ = False  # for pytest, which takes it for a test

    to = StringField(lazy_gettext("Send a test message to"), [DataRequired(lazy_gettext("Say where it shall go."))])


@blueprint.get("/messages/providers")
@auth.roles(Role.ADMIN)
def show_providers() -> ResponseReturnValue:
    """Each channel with its provider."""
    return _shown()


@blueprint.post("/messages/providers/<channel>")
@auth.roles(Role.ADMIN)
def put_provider(channel: str) -> ResponseReturnValue:
    """Set or replace a channel's provider."""
    which, form = _channel(channel), ProviderForm(prefix=channel)
    if not form.validate():
        return _shown(which, form, status=422)
    url = form.url.data or ""
    try:
        providers.put(db.session(), auth.actor(), which, url, secret=_secret(), now=clock.now(), allowed=_allowed())
    except InvalidInput as error:
        form.take(error)
        return _shown(which, form, status=422)
    flash(gettext("Saved. Send a test message to see whether it works."), "good")
    return redirect(url_for("messages.show_providers"), 303)


@blueprint.post("/messages/providers/<channel>/remove")
@auth.roles(Role.ADMIN)
def remove_provider(channel: str) -> ResponseReturnValue:
    """Remove a channel's provider."""
    if providers.remove(db.session(), auth.actor(), _channel(channel), now=clock.now()):
        flash(gettext("Removed. Messages are kept and shown as not sent."), "good")
    return redirect(url_for("messages.show_providers"), 303)


@blueprint.post("/messages/providers/<channel>/test")
@auth.roles(Role.ADMIN)
def test_provider(channel: str) -> ResponseReturnValue:
    """Queue a test message; what becomes of it is shown on this page."""
    which, form = _channel(channel), TestForm(prefix=f"{channel}-test")
    if not form.validate():
        return _shown(which, test_form=form, status=422)
    try:
        providers.send_test(db.session(), auth.actor(), which, form.to.data or "", now=clock.now())
    except InvalidInput as error:
        form.take(error)
        return _shown(which, test_form=form, status=422)
    flash(gettext("The test message is on its way. Below you see what becomes of it."), "good")
    return redirect(url_for("messages.show_providers"), 303)


def _channel(name: str) -> Channel:
    channel = asked.choice(Channel, name)
    return channel if channel in CHANNELS else abort(404)


def _secret() -> SecretKeys:
    keys: SecretKeys = current_app.config[SECRET_KEYS]
    return keys


def _allowed() -> Sequence[str]:
    allowed: Sequence[str] = current_app.config[PROVIDER_HOSTS]
    return allowed


def _shown(
    which: Channel | None = None,
    form: ProviderForm | None = None,
    test_form: TestForm | None = None,
    *,
    status: int = 200,
) -> ResponseReturnValue:
    session, actor = db.session(), auth.actor()
    forms = {channel: ProviderForm(formdata=None, prefix=channel) for channel in CHANNELS}
    test_forms = {channel: TestForm(formdata=None, prefix=f"{channel}-test") for channel in CHANNELS}
    if which is not None:
        forms[which], test_forms[which] = form or forms[which], test_form or test_forms[which]
    answer = render_template(
        "messages/providers.html",
        providers=providers.views(session, actor, secret=_secret()),
        tests={test.channel: test for test in providers.latest_tests(session, actor)},
        forms=forms,
        test_forms=test_forms,
        waiting=message_records.waiting_for_provider(session, actor, now=clock.now()),
    )
    return make_response(answer, status)
