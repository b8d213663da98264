"""`/messages/templates`: the words of the hospital's messages, for administrators."""

from datetime import time, timedelta

from flask import abort, flash, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import lazy_gettext
from wtforms import StringField, TextAreaField
from wtforms.validators import DataRequired

from hms_web import clock
from hms_web.domain import templates
from hms_web.domain.identity import Role
from hms_web.domain.message_words import WORDS, Template
from hms_web.domain.messages import Contents, Language, MessageEvent
from hms_web.domain.refusals import InvalidInput
from hms_web.models import db
from hms_web.services import message_templates
from hms_web.web import asked, auth
from hms_web.web.forms import Form
from hms_web.web.language import gettext
from hms_web.web.messages import blueprint

EXAMPLE_DOCTOR, EXAMPLE_TIME, EXAMPLE_TOKEN, EXAMPLE_DAYS = "Dr. Anjali Mehta", time(10, 30), 7, timedelta(days=3)


class TemplateForm(Form):
    """The words of one message."""

    title = StringField(
        lazy_gettext("Subject"), [DataRequired(lazy_gettext("Enter the subject."))], filters=[lambda text: text or ""]
    )
    body = TextAreaField(
        lazy_gettext("Text"), [DataRequired(lazy_gettext("Enter the text."))], filters=[lambda text: text or ""]
    )

    @property
    def template(self) -> Template:
        """The words as they were typed."""
        return Template((self.title.data or "").strip(), (self.body.data or "").strip().replace("\r\n", "\n"))


@blueprint.get("/messages/templates")
@auth.roles(Role.ADMIN)
def show_templates() -> ResponseReturnValue:
    """Every message in one language, that of the hospital if none is named."""
    session, actor = db.session(), auth.actor()
    own = message_templates.language(session, actor)
    language = asked.choice(Language, request.args.get("language", "")) or own
    views = message_templates.views(session, actor, language)
    return render_template(
        "messages/templates.html",
        views=[(view, templates.length(_rendered(view.event, language, view.template).body)) for view in views],
        language=language,
        own=own,
        languages=list(Language),
    )


@blueprint.post("/messages/templates/language")
@auth.roles(Role.ADMIN)
def set_language() -> ResponseReturnValue:
    """Choose the language of the messages that are written from now on."""
    wanted = asked.choice(Language, request.form.get("language", ""))
    if wanted is not None:
        message_templates.set_language(db.session(), auth.actor(), wanted, now=clock.now())
        flash(gettext("Saved. What is written from now on is in that language."), "good")
    return redirect(url_for("messages.show_templates"), 303)


@blueprint.get("/messages/templates/<event>/<language>")
@auth.roles(Role.ADMIN)
def show_template(event: str, language: str) -> ResponseReturnValue:
    """One message with the form that changes it."""
    which = _which(event, language)
    words = message_templates.view(db.session(), auth.actor(), *which).template
    return _shown(*which, TemplateForm(formdata=None, data={"title": words.title, "body": words.body}))


@blueprint.post("/messages/templates/<event>/<language>/preview")
@auth.roles(Role.ADMIN)
def preview_template(event: str, language: str) -> ResponseReturnValue:
    """How the words in the form would read; nothing is saved."""
    which = _which(event, language)
    return render_template("messages/_preview.html", **_preview(*which, TemplateForm().template))


@blueprint.post("/messages/templates/<event>/<language>")
@auth.roles(Role.ADMIN)
def save_template(event: str, language: str) -> ResponseReturnValue:
    """Save the hospital's own words, or show them first."""
    which, form = _which(event, language), TemplateForm()
    if request.form.get("do") == "preview":
        return _shown(*which, form)
    if not form.validate():
        return _shown(*which, form, status=422)
    try:
        message_templates.save(db.session(), auth.actor(), *which, form.template, now=clock.now())
    except InvalidInput as error:
        form.take(error)
        return _shown(*which, form, status=422)
    flash(gettext("Saved. What was written before stays as it was."), "good")
    return redirect(url_for("messages.show_templates", language=which[1]), 303)


@blueprint.post("/messages/templates/<event>/<language>/reset")
@auth.roles(Role.ADMIN)
def reset_template(event: str, language: str) -> ResponseReturnValue:
    """Go back to the product's words."""
    which = _which(event, language)
    message_templates.reset(db.session(), auth.actor(), *which, now=clock.now())
    flash(gettext("The usual words are back."), "good")
    return redirect(url_for("messages.show_templates", language=which[1]), 303)


def _which(event: str, language: str) -> tuple[MessageEvent, Language]:
    return asked.choice(MessageEvent, event) or abort(404), asked.choice(Language, language) or abort(404)


def _rendered(event: MessageEvent, language: Language, words: Template) -> Template:
    """Return words filled with an example."""
    who = auth.signed_in()
    day = clock.today(auth.actor().zone) + EXAMPLE_DAYS
    contents = Contents(who.hospital_name if who else "", EXAMPLE_DOCTOR, day, EXAMPLE_TIME, EXAMPLE_TOKEN)
    message = templates.render(event, language, words, contents)
    return Template(message.title, message.body)


def _preview(event: MessageEvent, language: Language, words: Template) -> dict[str, object]:
    wrong = templates.mistakes(words)
    example = None if wrong else _rendered(event, language, words)
    return {"wrong": wrong, "example": example, "length": templates.length(example.body) if example else None}


def _shown(event: MessageEvent, language: Language, form: TemplateForm, *, status: int = 200) -> ResponseReturnValue:
    answer = render_template(
        "messages/template.html",
        view=message_templates.view(db.session(), auth.actor(), event, language),
        usual=WORDS[language][event],
        form=form,
        placeholders=templates.PLACEHOLDERS,
        **_preview(event, language, form.template),
    )
    return make_response(answer, status)
