"""What JSON looks like here: camelCase names, nothing unknown, and the types that all share (api.md, Conventions)."""

import re
from datetime import date, datetime, time
from typing import Annotated, Any, ClassVar, Generic, TypeVar
from uuid import UUID

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    PlainSerializer,
    PlainValidator,
    SerializationInfo,
    WithJsonSchema,
)
from pydantic.alias_generators import to_camel

from hms_web.domain.local_time import EARLIEST, LATEST, read_day
from hms_web.domain.shown import Shown
from hms_web.domain.unset import UNSET
from hms_web.domain.validation import is_storable
from hms_web.services.paging import MAX_LIMIT, Page

T = TypeVar("T")
V = TypeVar("V")

TIME = re.compile(r"([01]\d|2[0-3]):[0-5]\d", re.ASCII)
ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.ASCII | re.IGNORECASE)
MOST_SHOWN = 5000
"""Appointments that a caller may name as shown; more than a large hospital has on the days of one change."""
WHOLE = re.compile(r"-?\d{1,9}", re.ASCII)


class Shape(BaseModel):
    """What we answer. Made by name from the views of the services.

    `answers_with` is the status of a shape that is answered with another one than its operation's own.
    """

    answers_with: ClassVar[int | None] = None

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, from_attributes=True, extra="forbid")


class Body(BaseModel):
    """What we are sent: exactly these fields, with exactly JSON's types."""

    model_config = ConfigDict(alias_generator=to_camel, extra="forbid", strict=True)


class Query(BaseModel):
    """What stands after the `?`: exactly these names, each once unless it is a list."""

    model_config = ConfigDict(alias_generator=to_camel, extra="forbid")


def read_id(value: object) -> UUID:
    """Return an id in its usual spelling; raises ValueError for anything else."""
    if isinstance(value, UUID):
        return value
    if not isinstance(value, str) or not ID.fullmatch(value):
        message = "Write an id as it was given."
        raise ValueError(message)
    return UUID(value)


def read_date(value: object) -> date:
    """Return a date written as YYYY-MM-DD; raises ValueError for anything else."""
    if isinstance(value, date):
        return value
    day = read_day(value) if isinstance(value, str) else None
    if day is None:
        message = f"Write a date as YYYY-MM-DD, from {EARLIEST} to {LATEST}."
        raise ValueError(message)
    return day


def read_time(value: object) -> time:
    """Return a time of day written as HH:MM; raises ValueError for anything else."""
    if isinstance(value, time):
        return value
    if not isinstance(value, str) or not TIME.fullmatch(value):
        message = "Write a time as HH:MM, from 00:00 to 23:59."
        raise ValueError(message)
    return time.fromisoformat(value)


def read_limit(value: object) -> int:
    """Return how many rows a page shall have; raises ValueError for what is not a number from 1 to 200."""
    number = int(value) if isinstance(value, str) and WHOLE.fullmatch(value) else 0
    if not 1 <= number <= MAX_LIMIT:
        message = f"Ask for 1 to {MAX_LIMIT} rows."
        raise ValueError(message)
    return number


def _storable(text: str) -> str:
    if not is_storable(text):
        message = "Use letters, digits and signs that can be printed."
        raise ValueError(message)
    return text


def _with_offset(instant: datetime, info: SerializationInfo) -> str:
    return instant.astimezone((info.context or {}).get("zone")).isoformat()


Id = Annotated[
    UUID,
    PlainValidator(read_id),
    PlainSerializer(str, return_type=str),
    WithJsonSchema({"type": "string", "format": "uuid"}),
]
LocalDate = Annotated[
    date,
    PlainValidator(read_date),
    PlainSerializer(date.isoformat, return_type=str),
    WithJsonSchema({"type": "string", "format": "date"}),
]
LocalTime = Annotated[
    time,
    PlainValidator(read_time),
    PlainSerializer(lambda at: f"{at:%H:%M}", return_type=str),
    WithJsonSchema({"type": "string", "pattern": f"^{TIME.pattern}$".replace(r"\d", "[0-9]"), "examples": ["09:30"]}),
]
Instant = Annotated[
    datetime,
    PlainSerializer(_with_offset, return_type=str),
    WithJsonSchema({"type": "string", "format": "date-time"}),
]
Text = Annotated[str, AfterValidator(_storable)]
Limit = Annotated[
    int, PlainValidator(read_limit), WithJsonSchema({"type": "integer", "minimum": 1, "maximum": MAX_LIMIT})
]


class ShownBody(Body):
    """A change of a doctor's or the hospital's time. With `shownAppointmentIds`, all those that a preview or a list has
    shown, nothing is saved when others are concerned by now: `409 MORE_CONCERNED`. Without it the change is made as the
    appointments stand.
    """

    shown_appointment_ids: Annotated[list[Id], Field(max_length=MOST_SHOWN)] | None = Field(
        default=None,
        description="The appointments that you have seen this concerns. When others are concerned by now, nothing is "
        "saved and the answer is 409 MORE_CONCERNED. Left out, the change is made as they stand.",
    )

    def shown(self) -> Shown | None:
        """Return what was shown; None where the caller does not say."""
        ids = self.shown_appointment_ids
        return None if ids is None else Shown.of_ids(ids)

    def wanted(self) -> dict[str, Any]:
        """Return the other fields by their names in Python, those that were left out too."""
        return {name: value for name, value in dict(self).items() if name != "shown_appointment_ids"}


class PageQuery(Query):
    """Which page of a list: how many rows, and after which one."""

    limit: Limit | None = None
    cursor: Text | None = None


class PageOf(Shape, Generic[T]):
    """One page of a list; `nextCursor` is null on the last one."""

    items: list[T]
    next_cursor: str | None

    @classmethod
    def model_parametrized_name(cls, params: tuple[Any, ...]) -> str:
        """Name the page of a resource after it."""
        return f"{params[0].__name__}List"


def page(of: Any, found: Page[V]) -> Any:  # noqa: ANN401 `of` is a shape with `of(view)`; the caller names the page's type
    """Return a page of views as a page of shapes."""
    return PageOf[of](items=[of.of(view) for view in found.items], next_cursor=found.next_cursor)


def left_out() -> Any:  # noqa: ANN401 stands for a default of any type
    """Return the default of a field that a change may leave out, but that cannot be null."""
    return Field(default_factory=lambda: UNSET)


def given(body: BaseModel) -> dict[str, Any]:
    """Return the fields of a change that were sent, by their names in Python."""
    return {name: getattr(body, name) for name in body.model_fields_set - {"shown_appointment_ids"}}


def camel(value: Any) -> Any:  # noqa: ANN401 JSON is what it is
    """Return JSON with its names in camelCase, all the way down."""
    if isinstance(value, dict):
        return {to_camel(key): camel(item) for key, item in value.items()}
    return [camel(item) for item in value] if isinstance(value, list) else value
