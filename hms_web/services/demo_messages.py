"""What became of the demo's messages of yesterday: as if a provider had carried them then.

Those of today find no provider, as in any hospital that has set none yet, and show what that looks like.
"""

from datetime import datetime, timedelta

from sqlalchemy import case, func, update
from sqlalchemy.orm import Session

from hms_web.domain.delivery import Reason
from hms_web.domain.identity import Actor
from hms_web.domain.notifications import DeliveryState
from hms_web.models import Notification

_ONE_IN = 40
"""One in so many was refused."""


def live(session: Session, actor: Actor, *, now: datetime) -> None:
    """Give the messages of yesterday a state, inside the caller's unit of work."""
    rank = func.mod(func.abs(func.hashtext(Notification.dedupe_key)), _ONE_IN)
    is_refused = rank == 0
    session.execute(
        update(Notification)
        .where(
            Notification.hospital_id == actor.hospital_id,
            Notification.state == DeliveryState.QUEUED,
            Notification.created_at < now - timedelta(hours=12),
        )
        .values(
            state=case((is_refused, DeliveryState.FAILED), else_=DeliveryState.SENT),
            last_error=case((is_refused, f"{Reason.REFUSED} 400"), else_=None),
            sent_at=case((is_refused, None), else_=Notification.created_at + timedelta(seconds=2)),
            attempts=1,
            next_attempt_at=None,
        )
        .execution_options(synchronize_session=False)
    )
