"""`/notifications`: the caller's own inbox."""

from uuid import UUID

from hms_web.api.access import EVERYONE
from hms_web.api.operations import Call, Routes
from hms_web.api.shapes import Id, Instant, PageOf, PageQuery, Shape, page
from hms_web.domain.notifications import Channel, Priority
from hms_web.services import inbox

routes = Routes("notifications")


class Notification(Shape):
    """A message to the caller. `link` is the page it speaks of."""

    id: Id
    title: str
    body: str
    priority: Priority
    channel: Channel
    created_at: Instant
    read_at: Instant | None
    link: str | None

    @classmethod
    def of(cls, view: inbox.InboxEntry) -> "Notification":
        """Make it from a service's view."""
        return cls.model_validate(view)


class AllRead(Shape):
    """How many were marked as read."""

    read: int


@routes.add("GET", "/notifications", EVERYONE, "List my notifications")
def list_mine(call: Call, query: PageQuery) -> PageOf[Notification]:
    """Newest first."""
    found = inbox.entries(call.session, call.actor, limit=query.limit, cursor=query.cursor)
    return page(Notification, found)  # type: ignore[no-any-return]


@routes.add("POST", "/notifications/<notification_id>/read", EVERYONE, "Mark a notification as read")
def read(call: Call, notification_id: UUID) -> Notification:
    """Twice is harmless."""
    return Notification.of(inbox.mark_read(call.session, call.actor, notification_id, now=call.now))


@routes.add("POST", "/notifications/read-all", EVERYONE, "Mark all my notifications as read")
def read_all(call: Call) -> AllRead:
    """Those that come later stay unread."""
    return AllRead(read=inbox.mark_all_read(call.session, call.actor, now=call.now))
