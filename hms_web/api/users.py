"""`/users`: the people who sign in."""

from uuid import UUID

from flask import request

from hms_web.api.operations import Call, Routes
from hms_web.api.shapes import Body, Id, Instant, PageOf, PageQuery, Shape, Text, given, left_out, page
from hms_web.domain.identity import Role
from hms_web.domain.refusals import Code
from hms_web.services import users

routes = Routes("users")
ADMINS = [Role.ADMIN]


class User(Shape):
    """A person who signs in."""

    id: Id
    name: str
    email: str
    role: Role
    is_active: bool
    has_password: bool
    doctor_id: Id | None
    created_at: Instant

    @classmethod
    def of(cls, view: users.UserView) -> "User":
        """Make it from a service's view."""
        return cls.model_validate(view)


class PasswordLink(Shape):
    """A link with which its bearer sets a password, once."""

    url: str
    expires_at: Instant

    @classmethod
    def of(cls, link: users.OneTimeLink | None) -> "PasswordLink | None":
        """Make it from a service's link, for the page that takes it."""
        if link is None:
            return None
        return cls(url=f"{request.host_url}set-password/{link.token}", expires_at=link.expires_at)


class CreatedUser(User):
    """A new user. The link is null when a password was given."""

    password_link: PasswordLink | None


class NewUser(Body):
    """A user to be added; doctors are added under `/doctors`."""

    name: Text
    email: Text
    role: Role
    password: Text | None = None


class UserChange(Body):
    """What to change of a user."""

    name: Text = left_out()
    role: Role = left_out()
    is_active: bool = left_out()


@routes.add("GET", "/users", ADMINS, "List users")
def list_users(call: Call, query: PageQuery) -> PageOf[User]:
    """By name."""
    found = users.list_users(call.session, call.actor, limit=query.limit, cursor=query.cursor)
    return page(User, found)  # type: ignore[no-any-return]


@routes.add("POST", "/users", ADMINS, "Add a user", status=201, refuses=[Code.EMAIL_TAKEN], creates=True)
def create(call: Call, body: NewUser) -> CreatedUser:
    """Without a password the answer has a link to set one, shown this once."""
    made = users.create(call.session, call.actor, users.NewUser(**dict(body)), now=call.now)
    return CreatedUser(**dict(User.of(made.user)), password_link=PasswordLink.of(made.link))


@routes.add("PATCH", "/users/<user_id>", ADMINS, "Change a user", refuses=[Code.LAST_ADMIN])
def change(call: Call, user_id: UUID, body: UserChange) -> User:
    """A change of role or a deactivation ends that user's sessions and tokens."""
    return User.of(users.change(call.session, call.actor, user_id, users.UserChange(**given(body)), now=call.now))
