"""`/my-day`: a doctor's own people today, the next one first."""

from typing import Any

from flask import Blueprint, render_template, request
from flask.typing import ResponseReturnValue

from hms_web import clock
from hms_web.domain.flow import Stage
from hms_web.domain.identity import Role
from hms_web.models import db
from hms_web.services import appointments, board, consultation_records, vitals
from hms_web.services.board import BoardFilter
from hms_web.services.counting import hashed
from hms_web.web import affected_parts, auth, flow, htmx

blueprint = Blueprint("my_day", __name__, url_prefix="/my-day")

POLL_SECONDS = 10
MOST_AFFECTED = 30
"""Rows of the affected list, about a day's people; the list itself has all of them."""
# Whoever is with the doctor comes first, then who is ready, then who is here, then who is expected.
ORDER = (Stage.WITH_DOCTOR, Stage.VITALS_DONE, Stage.ARRIVED, Stage.EXPECTED, Stage.DONE)
BUSY_OR_OVER = frozenset({Stage.WITH_DOCTOR, Stage.DONE})


class Day:
    """One request to a doctor's day: what stands beside the list, and what the page shows already."""

    def __init__(self) -> None:
        self.session, self.actor, self.now = db.session(), auth.actor(), clock.now()
        self.mine = BoardFilter(doctor_id=self.actor.doctor_id)
        self.open = consultation_records.open_of(self.session, self.actor)
        listed = appointments.affected(self.session, self.actor, doctor_id=self.actor.doctor_id)
        self.affected = affected_parts.shown(self.session, self.actor, listed, most=MOST_AFFECTED)
        self.affected_count = len(listed)
        known = board.fingerprint(self.session, self.actor, self.mine, now=self.now)
        beside = " ".join(
            [
                *(str(one.id) for one in self.open),
                *(f"{one.id} {one.version}" for one in listed),
                *(group.title for group in self.affected),
            ]
        )
        self.seen = f"{known}.{hashed(beside)}"

    def shown(self) -> dict[str, Any]:
        """What the list's template needs."""
        rows = board.rows(self.session, self.actor, self.mine, now=self.now)
        taken = [row.appointment_id for row in rows if row.vitals_recorded_at]
        readings = vitals.latest(self.session, self.actor, taken)
        cards = flow.cards(rows, self.actor, readings, now=self.now)
        cards.sort(key=lambda card: (ORDER.index(card.stage), card.row.starts_at))
        listed = {card.row.appointment_id for card in cards}
        return {
            "day": self,
            "cards": cards,
            "next_one": next((card for card in cards if card.stage not in BUSY_OR_OVER), None),
            "present": [card for card in cards if card.stage is Stage.WITH_DOCTOR],
            "alerts": [card for card in cards if card.row.has_alert],
            "titles": flow.TITLES,
            # Where the doctor was asked to take part, and what was left open on another day.
            "elsewhere": [one for one in self.open if one.appointment_id not in listed],
            "poll": POLL_SECONDS,
        }


@blueprint.get("")
@auth.roles(Role.DOCTOR)
def page() -> ResponseReturnValue:
    """The doctor's day."""
    return render_template("my_day/page.html", **Day().shown())


@blueprint.get("/list")
@auth.roles(Role.DOCTOR)
def part() -> ResponseReturnValue:
    """The list, when it has changed."""
    day = Day()
    if request.args.get("seen") == day.seen:
        return htmx.unchanged()
    return render_template("my_day/_list.html", **day.shown())
