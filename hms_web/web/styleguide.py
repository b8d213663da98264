"""`/styleguide`: every component in every state, from the same templates as the pages; not where real patients are."""

import re
from functools import cache
from pathlib import Path
from typing import cast

from flask import Blueprint, abort, current_app, render_template
from flask.typing import ResponseReturnValue

from hms_web import clock
from hms_web.config import Environment, Settings
from hms_web.web import alerts, auth, board, flow
from hms_web.web.formats import status_name
from hms_web.web.front_desk import grid
from hms_web.web.front_desk.address import Address
from hms_web.web.front_desk.day import Row
from hms_web.web.language import gettext
from hms_web.web.styleguide_samples import SampleForm, Samples, WrongForm

blueprint = Blueprint("styleguide", __name__)

SHOWN_IN = frozenset({Environment.DEMO, Environment.TESTING})
TONES = ("", "good", "warn", "bad")
COLOUR = re.compile(r"^    --([a-z-]+): (?:#|rgb)", re.MULTILINE)


@blueprint.get("/styleguide")
@auth.roles()
def page() -> ResponseReturnValue:
    """The guide, in demos and tests; elsewhere there is none."""
    settings = cast("Settings", current_app.extensions["hms"])
    if settings.env not in SHOWN_IN:
        abort(404)
    actor, now = auth.actor(), clock.now()
    samples = Samples(actor, now)
    address = Address(now.astimezone(actor.zone).date())
    views = samples.appointments()
    wrong = WrongForm(formdata=None)
    for field in (wrong.wrong_line, wrong.wrong_check):
        field.errors = [gettext("Fill this in.")]
    return render_template(
        "styleguide/page.html",
        colours=colours(),
        form=SampleForm(formdata=None),
        wrong=wrong,
        views=views,
        steps=samples.steps(),
        grid=grid.lay_out(actor, address, samples.days(), now=now),
        rows=[
            Row(view, status_name(view.status), tone, may_check_in=True, may_confirm=False, may_revert=False)
            for view, tone in zip(views, TONES, strict=False)
        ],
        address=address,
        columns=flow.columns(flow.cards(samples.board_rows(), actor, {}, now=now)),
        board=board.View.of_request(),
        alert_view=alerts.View.of_request(),
        alerts=samples.alerts(),
        types=alerts.TYPES,
        now=now,
    )


@cache
def colours() -> list[str]:
    """The names of the colours, as the one file of the design's tokens has them."""
    tokens = Path(current_app.root_path).parent / "static" / "css" / "tokens.css"
    return list(dict.fromkeys(COLOUR.findall(tokens.read_text())))
