"""`/appointments`: finding them, and the list of those that need another time."""

from dataclasses import dataclass, replace
from datetime import date
from urllib.parse import urlencode
from uuid import UUID

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from werkzeug.datastructures import MultiDict

from hms_web import clock
from hms_web.domain.visits import AppointmentStatus
from hms_web.models import db
from hms_web.services import affected, appointments, doctors
from hms_web.services.appointments import AppointmentView
from hms_web.services.paging import Page
from hms_web.web import asked, auth, doctor_field, htmx, sorting
from hms_web.web.doctor_field import ANYBODY, Meant
from hms_web.web.language import ngettext

blueprint = Blueprint("appointments", __name__)

ROWS = 50


@dataclass(frozen=True, slots=True)
class Filters:
    """What the list is narrowed to. `q` is about patients and never stands in an address."""

    first: date | None = None
    last: date | None = None
    who: Meant = ANYBODY
    department: str | None = None
    status: AppointmentStatus | None = None
    q: str | None = None
    cursor: str | None = None
    sort: str | None = None

    @classmethod
    def read(cls, values: MultiDict[str, str], today: date) -> "Filters":
        """Read what was asked for; who says nothing about days means from today on."""
        status = values.get("status", "")
        return cls(
            first=asked.day(values, "first") if "first" in values else today,
            last=asked.day(values, "last"),
            who=doctor_field.read(values, also_gone=True),
            department=asked.text(values, "department"),
            status=AppointmentStatus(status) if status in AppointmentStatus.__members__ else None,
            q=asked.text(values, "q"),
            cursor=asked.text(values, "cursor"),
            sort=sorting.word(appointments.ORDERS, values),
        )

    @property
    def is_backward(self) -> bool:
        """Whether the last day lies before the first, so that nothing can fit."""
        return self.first is not None and self.last is not None and self.last < self.first

    @property
    def url(self) -> str:
        """The address of this list, without what was typed about patients."""
        named = {name: getattr(self, name) for name in ("last", "department", "status", "sort")}
        named["doctor"] = self.who.id or self.who.typed
        given = {"first": str(self.first or "")} | {name: str(value) for name, value in named.items() if value}
        return f"{url_for('appointments.index')}?{urlencode(given)}"

    @property
    def fields(self) -> dict[str, object]:
        """The same as fields of a form, with what was typed about patients."""
        named = {name: getattr(self, name) for name in ("first", "last", "department", "status", "q", "sort")}
        return named | {"doctor": self.who.id or self.who.typed}

    @property
    def sorted_by(self) -> sorting.Sorting:
        """By what it is sorted."""
        return sorting.Sorting(appointments.ORDERS, self.sort, lambda word: replace(self, sort=word).url)

    def with_doctor(self, doctor_id: UUID) -> str:
        """The address of the same list, of one doctor."""
        return replace(self, who=Meant(doctor_id)).url

    def page_url(self, cursor: str) -> str:
        """The address of a further page of this list."""
        return f"{self.url}&cursor={cursor}"

    @property
    def wanted(self) -> appointments.AppointmentFilter:
        """The filter of the service."""
        return appointments.AppointmentFilter(
            first=self.first,
            last=self.last,
            doctor_id=self.who.id,
            department=self.department,
            statuses=[self.status] if self.status else (),
            q=self.q,
        )


@blueprint.get("/appointments")
@auth.roles()
def index() -> ResponseReturnValue:
    """The list, narrowed by its address; or those that need another time."""
    if asked.text(request.args, "affected"):
        if auth.actor().role in affected.MOVERS:
            return redirect(url_for("affected.index", doctor=asked.key(request.args, "doctor")), 303)
        return _affected()
    return _listed(_filters(request.args))


@blueprint.post("/appointments")
@auth.roles()
def search() -> ResponseReturnValue:
    """Narrow the list by what was typed, which may be about patients and therefore is posted."""
    wanted = _filters(request.form)
    if htmx.wants_fragment():
        return htmx.replace_url(_listed(wanted), wanted.url)
    if wanted.q is None and wanted.cursor is None:
        return redirect(wanted.url, 303)  # nosemgrep: redirect-to-what-was-sent made by url_for
    return _listed(wanted)


def _filters(values: MultiDict[str, str]) -> Filters:
    return Filters.read(values, clock.today(auth.actor().zone))


def _listed(wanted: Filters) -> ResponseReturnValue:
    actor, session = auth.actor(), db.session()
    page: Page[AppointmentView] = Page([])
    if not wanted.who.is_open:
        page = appointments.search(session, actor, wanted.wanted, limit=ROWS, cursor=wanted.cursor, sort=wanted.sort)
    if htmx.wants_fragment():
        words = ngettext("%(num)d appointment", "%(num)d appointments", len(page.items))
        fragment = render_template("appointments/_list.html", page=page, wanted=wanted)
        return htmx.trigger(fragment, {"announce": {"value": words}})
    return render_template(
        "appointments/index.html",
        page=page,
        wanted=wanted,
        today=clock.today(actor.zone),
        choice=doctor_field.offered(wanted.who, also_gone=True),
        statuses=list(AppointmentStatus),
        affected_count=affected.count(session, actor),
    )


def _affected() -> ResponseReturnValue:
    actor, session = auth.actor(), db.session()
    doctor_id = asked.key(request.args, "doctor")
    return render_template(
        "appointments/affected.html",
        items=appointments.affected(session, actor, doctor_id=doctor_id),
        doctor=doctors.get(session, actor, doctor_id) if doctor_id else None,
    )
