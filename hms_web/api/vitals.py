"""`/appointments/<id>/vitals`: what was measured of a patient who is here."""

from decimal import Decimal
from typing import Annotated, Any
from uuid import UUID

from pydantic import Field

from hms_web.api.operations import Call, Routes
from hms_web.api.shapes import Body, Id, Instant, Shape, Text
from hms_web.domain.identity import Role
from hms_web.domain.refusals import Code, Refusal
from hms_web.domain.vitals import BY_NAME, Readings
from hms_web.services import vitals
from hms_web.services.vitals import VitalsView

routes = Routes("vitals")


def _limits(name: str) -> Any:  # noqa: ANN401 pydantic's own
    """Say in the document what is possible; the sentence for what is not is the rule's own."""
    low, high = BY_NAME[name].possible
    return Field(description=BY_NAME[name].unit, json_schema_extra={"minimum": float(low), "maximum": float(high)})


class NewVitals(Body):
    """Readings of one taking, at least one of them; each in the unit of its name."""

    temperature_c: Annotated[float, _limits("temperature_c")] | None = None
    pulse_bpm: Annotated[int, _limits("pulse_bpm")] | None = None
    systolic_mm_hg: Annotated[int, _limits("systolic_mm_hg")] | None = None
    diastolic_mm_hg: Annotated[int, _limits("diastolic_mm_hg")] | None = None
    respiratory_rate: Annotated[int, _limits("respiratory_rate")] | None = None
    spo2_percent: Annotated[int, _limits("spo2_percent")] | None = None
    weight_kg: Annotated[float, _limits("weight_kg")] | None = None
    height_cm: Annotated[float, _limits("height_cm")] | None = None
    note: Text | None = None

    def readings(self) -> Readings:
        """Return the figures, the fine ones exactly as they were written."""
        given = self.model_dump(exclude={"note"})
        exact: dict[str, Any] = {
            name: Decimal(str(value)) if isinstance(value, float) else value for name, value in given.items()
        }
        return Readings(**exact)


class Warning(Shape):  # noqa: A001 its name in the document
    """A value that is possible but rare at the patient's age."""

    field: str
    message: str


class Vitals(Shape):
    """One taking of readings. `warnings` asks to check what is possible but rare at the patient's age."""

    id: Id
    appointment_id: Id
    temperature_c: float | None
    pulse_bpm: int | None
    systolic_mm_hg: int | None
    diastolic_mm_hg: int | None
    respiratory_rate: int | None
    spo2_percent: int | None
    weight_kg: float | None
    height_cm: float | None
    note: str | None
    recorded_at: Instant
    recorded_by: str | None
    warnings: list[Warning]

    @classmethod
    def of(cls, view: VitalsView) -> "Vitals":
        """Make it from a service's view."""
        figures = {name: getattr(view.readings, name) for name in BY_NAME}
        same = {name: getattr(view, name) for name in ("id", "appointment_id", "note", "recorded_at", "recorded_by")}
        warnings = [Warning(field=BY_NAME[item.name].api_name, message=item.sentence) for item in view.unusual]
        return cls(**same, **figures, warnings=warnings)


@routes.add(
    "POST",
    "/appointments/<appointment_id>/vitals",
    [Role.NURSE, Role.DOCTOR],
    "Record vitals",
    status=201,
    refuses=[Code.INVALID_TRANSITION],
    creates=True,
)
def record(call: Call, appointment_id: UUID, body: NewVitals) -> Vitals | Refusal:
    """Of somebody who is checked in today. What no body does is refused; what is rare is taken, with `warnings`."""
    taken = vitals.record(call.session, call.actor, appointment_id, body.readings(), note=body.note, now=call.now)
    return taken if isinstance(taken, Refusal) else Vitals.of(taken)
