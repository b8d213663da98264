"""What waits for somebody on the pages of the header, counted in one question: it stands behind every page."""

from collections.abc import Callable, Collection, Mapping
from datetime import datetime
from enum import StrEnum

from sqlalchemy import ScalarSelect, select
from sqlalchemy.orm import Session

from hms_web.domain.identity import Actor
from hms_web.services import affected, alert_board, inbox, left_over, no_show_reviews


class Waiting(StrEnum):
    """What is counted."""

    AFFECTED = "affected"
    ALERTS = "alerts"
    LEFT_OVER = "left_over"
    REVIEWS = "reviews"
    UNREAD = "unread"


_COUNTED: Mapping[Waiting, Callable[[Actor, datetime], ScalarSelect[int]]] = {
    Waiting.AFFECTED: lambda actor, _now: affected.counted(actor),
    Waiting.ALERTS: alert_board.active_counted,
    Waiting.LEFT_OVER: left_over.counted,
    Waiting.REVIEWS: lambda actor, _now: no_show_reviews.counted(actor),
    Waiting.UNREAD: lambda actor, _now: inbox.unread_counted(actor),
}


def counts(session: Session, actor: Actor, wanted: Collection[Waiting], *, now: datetime) -> dict[Waiting, int]:
    """Return how many of each kind `wanted` wait for the actor; an index serves each of them."""
    kinds = list(wanted)
    found = session.execute(select(*(_COUNTED[kind](actor, now) for kind in kinds))).one()
    return dict(zip(kinds, found, strict=True))
