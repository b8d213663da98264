"""`/users`: the people who sign in, for administrators."""

from uuid import UUID

from flask import Blueprint, flash, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import lazy_gettext
from wtforms import EmailField, SelectField, StringField
from wtforms.validators import DataRequired

from hms_web import clock
from hms_web.domain.identity import Role
from hms_web.domain.refusals import Code, InvalidInput, Refused
from hms_web.domain.shown import Fate
from hms_web.models import db
from hms_web.services import doctor_previews, open_sessions, second_factors, users
from hms_web.services.appointments import AppointmentView
from hms_web.services.users import NewUser, UserChange, UserView
from hms_web.web import asked, auth, choices, htmx, refusals, shown, sorting
from hms_web.web.formats import ROLES
from hms_web.web.language import gettext, ngettext
from hms_web.web.record_form import RecordForm

blueprint = Blueprint("users", __name__)

ROWS = 100
# Doctors are added, and stay, with their department and slot length.
CHOICES = choices.of({role: words for role, words in ROLES.items() if role is not Role.DOCTOR})


class UserForm(RecordForm):
    """What can be changed of a user who is not a doctor."""

    name = StringField(lazy_gettext("Name"), [DataRequired(lazy_gettext("Enter the person's name."))])
    role = SelectField(lazy_gettext("Role"), choices=CHOICES)

    @property
    def change(self) -> UserChange:
        """The record as it shall be."""
        return UserChange(self.name.data or "", Role(self.role.data))


class DoctorNameForm(RecordForm):
    """What can be changed of a doctor's account here."""

    name = StringField(lazy_gettext("Name"), [DataRequired(lazy_gettext("Enter the person's name."))])

    @property
    def change(self) -> UserChange:
        """The record as it shall be."""
        return UserChange(self.name.data or "")


class NewUserForm(UserForm):
    """A user to be added."""

    email = EmailField(
        lazy_gettext("E-mail"), [DataRequired(lazy_gettext("Enter the e-mail address to sign in with."))]
    )


@blueprint.get("/users")
@auth.roles(Role.ADMIN)
def index() -> ResponseReturnValue:
    """All of them, or who fits the words that were typed, by name or as they are sorted."""
    session, actor = db.session(), auth.actor()
    q, cursor = asked.text(request.args, "q"), asked.text(request.args, "cursor")
    sort = sorting.word(users.ORDERS, request.args)
    page = users.list_users(session, actor, q=q, limit=ROWS, cursor=cursor, sort=sort)
    sorted_by = sorting.Sorting(users.ORDERS, sort, lambda word: url_for("users.index", q=q, sort=word))
    context = {"page": page, "q": q, "cursor": cursor, "sorting": sorted_by}
    if htmx.wants_fragment():
        words = ngettext("%(num)d user", "%(num)d users", len(page.items))
        return htmx.trigger(render_template("users/_list.html", **context), {"announce": {"value": words}})
    needs_factor = second_factors.is_wanted_of_admins(session, actor)
    return render_template("users/index.html", **context, needs_factor=needs_factor)


@blueprint.get("/users/new")
@auth.roles(Role.ADMIN)
def new() -> ResponseReturnValue:
    """The form for a new user."""
    return render_template("users/new.html", form=NewUserForm(formdata=None, data={"role": Role.RECEPTIONIST}))


@blueprint.post("/users/new")
@auth.roles(Role.ADMIN)
def create() -> ResponseReturnValue:
    """Add the user and show, this once, the link with which a password is set."""
    form, status = NewUserForm(), 422
    if form.validate():
        wanted = NewUser(form.name.data or "", form.email.data or "", Role(form.role.data))
        try:
            created = users.create(db.session(), auth.actor(), wanted, now=clock.now())
        except InvalidInput as error:
            form.take(error)
        except Refused as error:
            if error.refusal.code is not Code.EMAIL_TAKEN:
                raise
            form.email.errors = [*form.email.errors, refusals.sentence(error.refusal)]
            status = refusals.status(error.refusal)
        else:
            return _link(created.user.name, created.link)
    return make_response(render_template("users/new.html", form=form), status)


@blueprint.get("/users/<uuid:user_id>")
@auth.roles(Role.ADMIN)
def page(user_id: UUID) -> ResponseReturnValue:
    """One user, with the forms that change it."""
    user = users.get(db.session(), auth.actor(), user_id)
    return _shown(user, _form(user, None))


@blueprint.post("/users/<uuid:user_id>")
@auth.roles(Role.ADMIN)
def change(user_id: UUID) -> ResponseReturnValue:
    """Save name and role; another role ends the sessions of that user."""
    user = users.get(db.session(), auth.actor(), user_id)
    form, status = _form(user, request.form), 422
    if form.validate():
        try:
            wanted, seen = form.only_typed(form.change), form.seen_values()
            users.change(db.session(), auth.actor(), user_id, wanted, now=clock.now(), seen=seen)
        except InvalidInput as error:
            form.take(error)
        except Refused as error:
            form.refuse(refusals.sentence(error.refusal))
            status = refusals.status(error.refusal)
            if error.refusal.code is Code.STALE_VERSION:
                user = users.get(db.session(), auth.actor(), user_id)
                form.show_as_it_is(_form(user, None))
        else:
            return _done(user_id, gettext("Saved."))
    return _shown(user, form, status)


@blueprint.get("/users/<uuid:user_id>/deactivate")
@auth.roles(Role.ADMIN)
def deactivate(user_id: UUID) -> ResponseReturnValue:
    """What deactivating a user does and whom it concerns, before it is done."""
    user = users.get(db.session(), auth.actor(), user_id)
    if not user.is_active:
        return redirect(url_for("users.page", user_id=user_id), 303)
    return _ask(user)


@blueprint.post("/users/<uuid:user_id>/active")
@auth.roles(Role.ADMIN)
def switch(user_id: UUID) -> ResponseReturnValue:
    """Deactivate a user, once those whom that concerns have been shown, or activate one again."""
    user = users.get(db.session(), auth.actor(), user_id)
    wants_active = request.form.get("active") == "yes"
    session, actor, wanted = db.session(), auth.actor(), UserChange(is_active=wants_active)
    try:
        users.change(session, actor, user_id, wanted, now=clock.now(), shown=shown.sent())
    except Refused as error:
        if error.refusal.code is Code.MORE_CONCERNED:
            return _ask(user, 409)
        form = _form(user, None)
        form.refuse(refusals.sentence(error.refusal))
        return _shown(user, form, refusals.status(error.refusal))
    return _done(user_id, gettext("Activated.") if wants_active else gettext("Deactivated."))


@blueprint.post("/users/<uuid:user_id>/link")
@auth.roles(Role.ADMIN)
def new_link(user_id: UUID) -> ResponseReturnValue:
    """Make a new link for somebody who forgot the password; earlier links no longer work."""
    user = users.get(db.session(), auth.actor(), user_id)
    return _link(user.name, users.new_link(db.session(), auth.actor(), user_id, now=clock.now()))


@blueprint.post("/users/<uuid:user_id>/second-factor/remove")
@auth.roles(Role.ADMIN)
def reset_factor(user_id: UUID) -> ResponseReturnValue:
    """Take away the second factor of somebody who has lost it, and sign them out everywhere."""
    second_factors.reset(db.session(), auth.actor(), user_id, now=clock.now())
    flash(gettext("The second factor is removed, and this person is signed out everywhere."), "good")
    return redirect(url_for("users.page", user_id=user_id), 303)


@blueprint.post("/users/<uuid:user_id>/sessions/end")
@auth.roles(Role.ADMIN)
def end_sessions(user_id: UUID) -> ResponseReturnValue:
    """Sign somebody out everywhere."""
    open_sessions.end_everywhere(db.session(), auth.actor(), user_id, now=clock.now())
    flash(gettext("This person is signed out everywhere."), "good")
    return redirect(url_for("users.page", user_id=user_id), 303)


@blueprint.post("/users/second-factor")
@auth.roles(Role.ADMIN)
def want_factor() -> ResponseReturnValue:
    """Say whether the hospital's administrators need a second factor."""
    is_wanted = request.form.get("wanted") == "yes"
    try:
        second_factors.want_of_admins(db.session(), auth.actor(), is_wanted=is_wanted, now=clock.now())
    except Refused as error:
        if error.refusal.code is not Code.SECOND_FACTOR_TO_SET_UP:
            raise
        words = gettext("Set up a second factor for yourself first, in your account.")
        shown.say_with_way(words, url_for("account.page", _anchor="factor-title"), "bad")
    else:
        flash(
            gettext("Administrators need a second factor from now on.")
            if is_wanted
            else gettext("Administrators no longer need a second factor."),
            "good",
        )
    return redirect(url_for("users.index"), 303)


def _link(name: str, link: users.OneTimeLink | None) -> ResponseReturnValue:
    # Rendered at once and not after a redirect: the secret is kept nowhere, the browser's own session included.
    words = gettext("To the users")
    return render_template("users/link.html", name=name, link=link, next=url_for("users.index"), next_words=words)


def _form(user: UserView, values: object) -> UserForm | DoctorNameForm:
    form = DoctorNameForm if user.doctor_id else UserForm
    return form(formdata=values, data={"name": user.name, "role": user.role})


def _concerned(user: UserView) -> list[AppointmentView]:
    """The appointments that need another time once this account is switched off."""
    if user.doctor_id is None:
        return []
    return doctor_previews.standing(db.session(), auth.actor(), user.doctor_id, now=clock.now())


def _done(user_id: UUID, words: str) -> ResponseReturnValue:
    if user_id == auth.actor().user_id and users.get(db.session(), auth.actor(), user_id).role is not Role.ADMIN:
        return redirect(url_for("home.start"), 303)
    flash(words, "good")
    return redirect(url_for("users.page", user_id=user_id), 303)


def _ask(user: UserView, status: int = 200) -> ResponseReturnValue:
    concerned = _concerned(user)
    concerns = [(view.id, Fate.CONCERNED) for view in concerned]
    answer = render_template(
        "users/deactivate.html",
        user=user,
        affected=concerned,
        fingerprint=shown.fingerprint(concerns),
        news=shown.new_among(concerns),
        is_self=user.id == auth.actor().user_id,
        is_changed=status == 409,  # noqa: PLR2004
    )
    return make_response(answer, status)


def _shown(user: UserView, form: UserForm | DoctorNameForm, status: int = 200) -> ResponseReturnValue:
    return make_response(render_template("users/page.html", user=user, form=form), status)
