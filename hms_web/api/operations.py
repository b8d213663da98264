"""An endpoint, declared once: who may call it, what it reads, what it answers. Routes and document are made from that.

A view is a function `view(call, <ids of the path>, query=, body=)` whose annotations are its contract: `body` and
`query` name the models that are read, the return type the shape that is answered. It may also return a refusal.
"""

import datetime as dt
import types
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from http import HTTPStatus
from typing import Any, ParamSpec, TypeVar, Union, get_args, get_origin, get_type_hints
from uuid import UUID

from flask import Blueprint, Response, json, request
from sqlalchemy.orm import Session

from hms_web import clock
from hms_web.api import access, problems, reading, retries
from hms_web.api.problems import Declined
from hms_web.api.shapes import Body, Query, Shape, read_date, read_id
from hms_web.domain.identity import Actor, Role
from hms_web.domain.refusals import Code, InvalidInput, Refusal, Refused
from hms_web.models import db
from hms_web.services import unit_of_work
from hms_web.services.idempotency import Answer
from hms_web.services.identity import SignedIn
from hms_web.services.who_asks import Also

P = ParamSpec("P")
R = TypeVar("R")

# What an id in a path stands for, and so what it is that does not exist.
MISSING = {
    "absence_id": Code.ABSENCE_NOT_FOUND,
    "alert_id": Code.ALERT_NOT_FOUND,
    "appointment_id": Code.APPOINTMENT_NOT_FOUND,
    "consultation_id": Code.CONSULTATION_NOT_FOUND,
    "doctor_id": Code.DOCTOR_NOT_FOUND,
    "holiday_id": Code.HOLIDAY_NOT_FOUND,
    "notification_id": Code.NOTIFICATION_NOT_FOUND,
    "participant_id": Code.PARTICIPANT_NOT_FOUND,
    "patient_id": Code.PATIENT_NOT_FOUND,
    "plan_id": Code.PLAN_NOT_FOUND,
    "slot_id": Code.SLOT_NOT_FOUND,
    "user_id": Code.USER_NOT_FOUND,
}


@dataclass(frozen=True, slots=True)
class Call:
    """Who calls, when, and the session to work with. Nobody is signed in where anyone may ask."""

    session: Session
    caller: SignedIn | None
    now: dt.datetime

    @property
    def signed_in(self) -> SignedIn:
        """Who calls, where somebody has to."""
        assert self.caller is not None  # noqa: S101 the operation has roles
        return self.caller

    @property
    def actor(self) -> Actor:
        """The person on whose behalf the view works."""
        return self.signed_in.actor

    @property
    def zone(self) -> dt.tzinfo:
        """The zone in which instants are written: the hospital's."""
        return self.caller.actor.zone if self.caller else dt.UTC


@dataclass(frozen=True, slots=True)
class Written:
    """A shape as it was written as JSON before; for a view that keeps it."""

    json: str


@dataclass(frozen=True)
class Operation:
    """One method of one path. `roles` is None where anyone may ask. `creates` says that it takes an Idempotency-Key.

    `scheme` names how else than by signing in one shows who one is, where the view itself sees to that. `along` makes
    of the ids in the path, as they are written, what is asked together with who calls.
    """

    noun: str
    method: str
    path: str
    roles: frozenset[Role] | None
    summary: str
    view: Callable[..., Any]
    status: int = HTTPStatus.OK
    refuses: tuple[Code, ...] = ()
    creates: bool = False
    scheme: str | None = None
    along: Callable[..., Also | None] | None = None

    @property
    def endpoint(self) -> str:
        """Its name among the routes."""
        return f"{self.noun}_{self.view.__name__}"

    @cached_property
    def _hints(self) -> dict[str, Any]:
        return get_type_hints(self.view)

    @property
    def body(self) -> type[Body] | None:
        """What the body is read as."""
        return self._hints.get("body")

    @property
    def query(self) -> type[Query] | None:
        """What stands after the `?` is read as."""
        return self._hints.get("query")

    @property
    def answers(self) -> tuple[type[Shape], ...]:
        """The shapes that it answers with; none where there is no content."""
        returned = self._hints["return"]  # what was written before is one of the shapes
        parts = get_args(returned) if get_origin(returned) in {Union, types.UnionType} else (returned,)
        return tuple(part for part in parts if isinstance(part, type) and issubclass(part, Shape))

    @property
    def ids(self) -> list[str]:
        """The names in the path, in order."""
        return [part[1:-1] for part in self.path.split("/") if part.startswith("<")]

    @property
    def refusals(self) -> tuple[Code, ...]:
        """Every refusal it can answer with."""
        missing = tuple(MISSING[name] for name in self.ids if name in MISSING)
        reused = (Code.IDEMPOTENCY_KEY_REUSED,) if self.creates else ()
        return tuple(dict.fromkeys((*missing, *self.refuses, *reused)))

    def __call__(self, **ids: str) -> Response:
        """Answer the present request."""
        reading.refuse_large()
        session, now = db.session(), clock.now()
        if self.method == "GET":
            unit_of_work.only_reads(session)
        also = self.along(**ids) if self.along is not None else None
        who = None if self.roles is None else access.caller(session, self.roles, now=now, also=also)
        call = Call(session, who, now)
        arguments = self._read(ids)
        if not self.creates or retries.HEADER not in request.headers:
            return self._respond(self._carry_out(call, arguments))

        def work() -> Answer:
            # What was written before a refusal goes; the refusal itself is remembered.
            try:
                with session.begin_nested():
                    return self._carry_out(call, arguments, is_inside=True)
            except Refused as refused:
                return _refusal(Declined(refused.refusal), call)

        return self._respond(retries.once(session, call.actor, arguments.get("body"), work, now=now))

    def _read(self, ids: Mapping[str, str]) -> dict[str, Any]:
        arguments: dict[str, Any] = {name: _path_value(name, written) for name, written in ids.items()}
        if self.query is not None:
            arguments["query"] = reading.query(self.query)
        if self.body is not None:
            arguments["body"] = reading.body(self.body)
        return arguments

    def _carry_out(self, call: Call, arguments: Mapping[str, Any], *, is_inside: bool = False) -> Answer:
        try:
            result = self.view(call, **arguments)
        except Refused as refused:
            if is_inside:
                raise
            result = refused.refusal
        if isinstance(result, Refusal | Declined):
            return _refusal(result if isinstance(result, Declined) else Declined(result), call)
        if isinstance(result, Written):
            return Answer(self.status, {}, result.json)
        if not isinstance(result, Shape):
            return Answer(self.status, {})
        status = result.answers_with or self.status
        return Answer(status, dump(result, call)) if is_inside else Answer(status, {}, dump_json(result, call))

    def _respond(self, answer: Answer) -> Response:
        if answer.status >= problems.ERROR:
            return problems.respond(answer.body)
        if answer.status == HTTPStatus.NO_CONTENT:
            return Response(status=answer.status)
        return Response(answer.written or json.dumps(answer.body), answer.status, content_type=reading.JSON)


def dump(shape: Shape, call: Call) -> dict[str, Any]:
    """Return a shape as JSON, its instants with the hospital's offset."""
    return shape.model_dump(mode="json", by_alias=True, context={"zone": call.zone})


def dump_json(shape: Shape, call: Call) -> str:
    """Return the same as it is sent, written in one go."""
    return shape.model_dump_json(by_alias=True, context={"zone": call.zone})


def _refusal(declined: Declined, call: Call) -> Answer:
    body = problems.of_refusal(declined.refusal, call.zone) | dict(declined.members)
    return Answer(body["status"], body)


def _path_value(name: str, written: str) -> UUID | dt.date:
    """Return what a part of the path says. An id that is none does not exist; a date that is none is wrong."""
    try:
        return read_id(written) if name in MISSING else read_date(written)
    except ValueError as error:
        if name in MISSING:
            raise Refused(MISSING[name]) from None
        raise InvalidInput([(name, str(error))]) from None


@dataclass
class Routes:
    """The endpoints of one noun."""

    noun: str
    operations: list[Operation] = field(default_factory=list)

    def __iter__(self) -> Iterator[Operation]:
        return iter(self.operations)

    def add(  # noqa: PLR0913 all that is declared of an endpoint
        self,
        method: str,
        path: str,
        roles: Collection[Role] | None,
        summary: str,
        *,
        status: int = HTTPStatus.OK,
        refuses: Collection[Code] = (),
        creates: bool = False,
        scheme: str | None = None,
        along: Callable[..., Also | None] | None = None,
    ) -> Callable[[Callable[P, R]], Callable[P, R]]:
        """Declare the decorated view as the endpoint of a method and path, for these roles; None lets anyone ask."""

        def declare(view: Callable[P, R]) -> Callable[P, R]:
            allowed = None if roles is None else frozenset(roles)
            self.operations.append(
                Operation(
                    self.noun,
                    method,
                    path,
                    allowed,
                    summary,
                    view,
                    status,
                    tuple(refuses),
                    creates=creates,
                    scheme=scheme,
                    along=along,
                )
            )
            return view

        return declare

    def register(self, blueprint: Blueprint) -> None:
        """Make the routes. A view tells its roles, so that a test can hold them against the table of roles."""
        for operation in self.operations:
            blueprint.add_url_rule(operation.path, operation.endpoint, _route(operation), methods=[operation.method])


def _route(operation: Operation) -> Callable[..., Response]:
    def view(**ids: str) -> Response:
        return operation(**ids)

    view.__name__ = operation.endpoint
    view.roles = operation.roles  # type: ignore[attr-defined]
    return view
