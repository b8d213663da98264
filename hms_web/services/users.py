"""The people who sign in: listing, adding and changing them, and the links with which they set a password."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Select, delete, func, select, update
from sqlalchemy.orm import Session

from hms_web.domain.identity import Actor, Role, role_mistake
from hms_web.domain.passwords import password_mistake
from hms_web.domain.refusals import Code, Refused
from hms_web.domain.shown import Shown
from hms_web.domain.unset import UNSET, Unset
from hms_web.domain.validation import email_mistake, name_mistake, refuse_invalid
from hms_web.models import Doctor, Hospital, PasswordLink, SecondFactor, User, new_id
from hms_web.services import (
    audit,
    calendar_links,
    changes,
    doctor_previews,
    locks,
    open_sessions,
    paging,
    passwords,
    settling,
    unit_of_work,
    word_search,
)

LINK_LASTS = timedelta(days=3)


@dataclass(frozen=True, slots=True)
class UserView:
    """A user as lists and forms show it; a list does not say whether there is a second factor."""

    id: UUID
    name: str
    email: str
    role: Role
    is_active: bool
    has_password: bool
    doctor_id: UUID | None
    created_at: datetime
    has_second_factor: bool = False


@dataclass(frozen=True, slots=True)
class NewUser:
    """A user to be added; without a password a one-time link is made to set one."""

    name: str
    email: str
    role: Role
    password: str | None = None


@dataclass(frozen=True, slots=True)
class UserChange:
    """What to change of a user; UNSET leaves it."""

    name: str | Unset = UNSET
    role: Role | Unset = UNSET
    is_active: bool | Unset = UNSET


@dataclass(frozen=True, slots=True)
class OneTimeLink:
    """The secret of a link to set a password, shown this once."""

    token: str
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class CreatedUser:
    """A new user, and the link if it has no password yet."""

    user: UserView
    link: OneTimeLink | None


def _view(user: User, doctor_id: UUID | None, *, has_factor: bool = False) -> UserView:
    return UserView(
        user.id,
        user.name,
        user.email,
        Role(user.role),
        user.is_active,
        user.password_hash is not None,
        doctor_id,
        user.created_at,
        has_factor,
    )


ORDERS: Mapping[str, paging.Order[UserView]] = {
    "name": paging.Order((User.name, User.id), (str, UUID), lambda one: (one.name, one.id)),
    "email": paging.Order((User.email, User.id), (str, UUID), lambda one: (one.email, one.id)),
    "role": paging.Order((User.role, User.name, User.id), (str, str, UUID), lambda one: (one.role, one.name, one.id)),
}
"""How users can be sorted."""


def list_users(
    session: Session,
    actor: Actor,
    *,
    q: str | None = None,
    limit: int | None = None,
    cursor: str | None = None,
    sort: str | None = None,
) -> paging.Page[UserView]:
    """Return users by name or as `sort` says; every word of `q` stands in the name or the e-mail address.

    Raises InvalidInput.
    """
    limit, order = paging.checked_limit(limit), paging.chosen(ORDERS, sort)
    query: Select[*tuple[Any, ...]] = select(User, Doctor.id).outerjoin(Doctor, Doctor.user_id == User.id)
    of_hospital = query.where(User.hospital_id == actor.hospital_id, *word_search.every_word(q, User.name, User.email))
    rows = session.execute(order.applied(of_hospital, cursor).limit(paging.one_more(limit)))
    return paging.page([_view(row[0], row[1]) for row in rows], limit, lambda view: view, order.key)


def get(session: Session, actor: Actor, user_id: UUID) -> UserView:
    """Return one user; raises Refused USER_NOT_FOUND."""
    has_factor = select(SecondFactor.id).where(SecondFactor.user_id == User.id, SecondFactor.confirmed_at.is_not(None))
    query = (
        select(User, Doctor.id, has_factor.exists())
        .outerjoin(Doctor, Doctor.user_id == User.id)
        .where(User.hospital_id == actor.hospital_id, User.id == user_id)
    )
    row = session.execute(query.execution_options(populate_existing=True)).one_or_none()
    if row is None:
        raise Refused(Code.USER_NOT_FOUND)
    return _view(row[0], row[1], has_factor=row[2])


def is_taken(session: Session, email: str) -> bool:
    """Whether somebody, of whatever hospital, signs in with an e-mail address already."""
    return session.scalar(select(User.id).where(func.lower(User.email) == email.strip().lower())) is not None


def add(session: Session, actor: Actor, wanted: NewUser, *, now: datetime) -> User:
    """Add a user's row inside the caller's unit of work; raises Refused EMAIL_TAKEN."""
    email = wanted.email.strip().lower()
    if is_taken(session, email):
        raise Refused(Code.EMAIL_TAKEN)
    user = User(
        id=new_id(),
        hospital_id=actor.hospital_id,
        name=wanted.name.strip(),
        email=email,
        role=wanted.role,
        password_hash=passwords.hash_password(wanted.password) if wanted.password is not None else None,
        is_active=True,
        created_at=now,
    )
    session.add(user)
    session.flush()
    audit.record(
        session, actor, "user.created", "user", user.id, now=now, name=user.name, email=email, role=wanted.role
    )
    return user


def hospital_name(session: Session, actor: Actor) -> str:
    """Return what the actor's hospital is called."""
    return session.get_one(Hospital, actor.hospital_id).name


def checks(wanted: NewUser, hospital: str = "") -> list[tuple[str, str | None]]:
    """Return what is wrong with the words of a new account, as pairs of field and sentence or None."""
    return [
        ("name", name_mistake(wanted.name.strip())),
        ("email", email_mistake(wanted.email.strip())),
        ("password", _password_mistake(wanted, hospital)),
    ]


def _password_mistake(wanted: NewUser, hospital: str) -> str | None:
    if wanted.password is None:
        return None
    return password_mistake(wanted.password, name=wanted.name, email=wanted.email, hospital=hospital)


def create(session: Session, actor: Actor, wanted: NewUser, *, now: datetime) -> CreatedUser:
    """Add a user who is not a doctor; raises InvalidInput, or Refused EMAIL_TAKEN."""
    refuse_invalid(*checks(wanted, hospital_name(session, actor)), ("role", role_mistake(None, wanted.role)))

    def work() -> CreatedUser:
        user = add(session, actor, wanted, now=now)
        link = None if wanted.password is not None else add_link(session, actor, user.id, now=now)
        return CreatedUser(_view(user, None), link)

    return unit_of_work.run(session, work)


def change(
    session: Session,
    actor: Actor,
    user_id: UUID,
    wanted: UserChange,
    *,
    now: datetime,
    seen: Mapping[str, object] | None = None,
    shown: Shown | None = None,
) -> UserView:
    """Change a user, where the record still says what was `seen`; a new role or a deactivation ends their sessions and
    tokens.

    Raises InvalidInput, or Refused USER_NOT_FOUND, LAST_ADMIN, STALE_VERSION, or MORE_CONCERNED when the deactivation
    of a doctor concerns other appointments than were `shown`.
    """
    if wanted.name is not UNSET:
        refuse_invalid(("name", name_mistake(wanted.name.strip())))

    def work() -> UserView:
        before = _locked(session, actor, user_id)
        if wanted.role is not UNSET:
            refuse_invalid(("role", role_mistake(before.role, wanted.role)))
        _refuse_last_admin(session, actor, before, wanted)
        user = session.get_one(User, user_id)
        if shown is not None and wanted.is_active is False and user.is_active and before.doctor_id is not None:
            shown.refuse_unseen(doctor_previews.by_account(session, actor, before.doctor_id, now=now))
        name = wanted.name if wanted.name is UNSET else wanted.name.strip()
        changed = changes.apply(user, {"name": name, "role": wanted.role, "is_active": wanted.is_active}, seen)
        if {"role", "is_active"} & changed.keys():
            open_sessions.end_all(session, user_id)
        if changed:
            session.flush()
            if "is_active" in changed and before.doctor_id is not None:
                settling.follow_account(session, actor, before.doctor_id, is_active=user.is_active, now=now)
                if not user.is_active:
                    calendar_links.end_all(session, actor, before.doctor_id, now=now)
            audit.record(session, actor, "user.changed", "user", user_id, now=now, changes=changed)
        return _view(user, before.doctor_id)

    return unit_of_work.run(session, work)


def _locked(session: Session, actor: Actor, user_id: UUID) -> UserView:
    """Lock the doctor that a user is, if any, and the hospital; return the user as it stands then.

    With the hospital's lock, of two people who remove each other's rights at once, the second sees what the first did.
    """
    doctor_id = get(session, actor, user_id).doctor_id
    if doctor_id is not None:
        locks.doctor(session, actor, doctor_id)
    session.execute(select(Hospital.id).where(Hospital.id == actor.hospital_id).with_for_update(key_share=True))
    return get(session, actor, user_id)


def _refuse_last_admin(session: Session, actor: Actor, before: UserView, wanted: UserChange) -> None:
    stays = wanted.role in (UNSET, Role.ADMIN) and wanted.is_active is not False
    if stays or before.role is not Role.ADMIN or not before.is_active:
        return
    others = select(User.id).where(
        User.hospital_id == actor.hospital_id, User.role == Role.ADMIN, User.is_active, User.id != before.id
    )
    if session.scalar(others.limit(1)) is None:
        raise Refused(Code.LAST_ADMIN)


def add_link(session: Session, actor: Actor, user_id: UUID, *, now: datetime) -> OneTimeLink:
    """Make a one-time link inside the caller's unit of work; earlier ones of the user no longer work."""
    session.execute(delete(PasswordLink).where(PasswordLink.user_id == user_id))
    secret, expires_at = passwords.new_secret(), now + LINK_LASTS
    hashed = passwords.secret_hash(secret)
    session.add(PasswordLink(user_id=user_id, token_hash=hashed, created_at=now, expires_at=expires_at))
    audit.record(session, actor, "user.password_link_made", "user", user_id, now=now)
    return OneTimeLink(secret, expires_at)


def new_link(session: Session, actor: Actor, user_id: UUID, *, now: datetime) -> OneTimeLink:
    """Make a one-time link for a user who forgot their password; raises Refused USER_NOT_FOUND."""

    def work() -> OneTimeLink:
        get(session, actor, user_id)
        return add_link(session, actor, user_id, now=now)

    return unit_of_work.run(session, work)


def set_password_by_link(session: Session, token: str, password: str, *, now: datetime) -> str:
    """Set a password with a one-time link, which ends all sessions of its user; return the e-mail address.

    Raises InvalidInput, or Refused LINK_EXPIRED.
    """
    refuse_invalid(("password", password_mistake(password)))

    def work() -> str:
        used = session.scalar(
            update(PasswordLink)
            .where(
                PasswordLink.token_hash == passwords.secret_hash(token),
                PasswordLink.used_at.is_(None),
                PasswordLink.expires_at > now,
            )
            .values(used_at=now)
            .returning(PasswordLink.user_id)
        )
        if used is None:
            raise Refused(Code.LINK_EXPIRED)
        user = session.get_one(User, used)
        hospital = session.get_one(Hospital, user.hospital_id)
        mistake = password_mistake(password, name=user.name, email=user.email, hospital=hospital.name)
        refuse_invalid(("password", mistake))
        user.password_hash = passwords.hash_password(password)
        open_sessions.end_all(session, used)
        actor = Actor(hospital.id, hospital.timezone, used, user.name, Role(user.role))
        audit.record(session, actor, "user.password_set", "user", used, now=now)
        return user.email

    return unit_of_work.run(session, work)


def link_is_valid(session: Session, token: str, *, now: datetime) -> bool:
    """Whether a one-time link can still be used."""
    query = select(PasswordLink.id).where(
        PasswordLink.token_hash == passwords.secret_hash(token),
        PasswordLink.used_at.is_(None),
        PasswordLink.expires_at > now,
    )
    return session.scalar(query) is not None
