"""`/auth`: a token for a program, and who it stands for."""

from contextlib import nullcontext
from typing import Literal

from flask import current_app, request

from hms_web.api.access import EVERYONE, bearer
from hms_web.api.operations import Call, Routes
from hms_web.api.problems import Problem, Wrong
from hms_web.api.shapes import Body, Id, Shape, Text
from hms_web.domain.identity import Role
from hms_web.domain.refusals import Code, Refused
from hms_web.services import failed_sign_ins, identity, known_programs
from hms_web.services.failed_sign_ins import Failure
from hms_web.services.identity import SignedIn
from hms_web.services.sealing import SECRET_KEYS
from hms_web.services.sign_in_limits import EXTENSION, WAIT_SECONDS, SignInLimits, TooManyAttempts

routes = Routes("identity")
TOKEN_REFUSALS = (
    Code.WRONG_CREDENTIALS,
    Code.WRONG_CODE,
    Code.SECOND_FACTOR_NEEDED,
    Code.SECOND_FACTOR_TO_SET_UP,
)


class Credentials(Body):
    """What a person proves themselves with; `otp` is a code of the account's second factor, for one that has one."""

    email: Text
    password: Text
    otp: Text | None = None


class HospitalOfUser(Shape):
    """The hospital somebody works in."""

    id: Id
    name: str
    timezone: str


class Me(Shape):
    """The person who is signed in."""

    id: Id
    name: str
    email: str
    role: Role
    hospital: HospitalOfUser
    doctor_id: Id | None

    @classmethod
    def of(cls, who: SignedIn) -> "Me":
        """Make it from who is signed in."""
        actor = who.actor
        assert actor.user_id is not None  # noqa: S101 a job does not sign in
        assert actor.role is not None  # noqa: S101
        hospital = HospitalOfUser(id=actor.hospital_id, name=who.hospital_name, timezone=actor.timezone)
        return cls(
            id=actor.user_id,
            name=actor.name,
            email=who.email,
            role=actor.role,
            hospital=hospital,
            doctor_id=actor.doctor_id,
        )


class Token(Shape):
    """A bearer token, shown this once; it lasts `expiresIn` seconds."""

    access_token: str
    token_type: Literal["Bearer"] = "Bearer"  # noqa: S105 a scheme
    expires_in: int
    user: Me


@routes.add("POST", "/auth/token", None, "Get a bearer token", refuses=TOKEN_REFUSALS)
def issue_token(call: Call, body: Credentials) -> Token:
    """Failures are limited, per account and address; an unknown account and a wrong password look alike.

    An account with a second factor needs `otp`: the present code of its app, or a recovery code. A program that shows
    a token of the account, up to 30 days after its end, has its failures counted by itself: nobody keeps it out.
    """
    limits: SignInLimits = current_app.extensions[EXTENSION]
    key = current_app.config[SECRET_KEYS]
    shown = bearer()
    program = None if shown is None else known_programs.known(call.session, body.email, shown, now=call.now)
    code = nullcontext() if body.otp is None else limits.counted_code(body.email, body.otp, device=program)
    try:
        with limits.counted(body.email, request.remote_addr or "", device=program), code:
            issued = identity.issue_token(call.session, body.email, body.password, now=call.now, otp=body.otp, key=key)
    except Refused as error:
        failed_sign_ins.refused(call.session, body.email, error.refusal.code, now=call.now)
        raise
    except TooManyAttempts:
        failed_sign_ins.note(call.session, body.email, Failure.TOO_MANY, now=call.now)
        raise Problem(Wrong.TOO_MANY_ATTEMPTS, {"Retry-After": str(WAIT_SECONDS)}) from None
    return Token(access_token=issued.access_token, expires_in=issued.expires_in, user=Me.of(issued.signed_in))


@routes.add("GET", "/auth/me", EVERYONE, "Who am I")
def me(call: Call) -> Me:
    """The owner of the token or session."""
    return Me.of(call.signed_in)
