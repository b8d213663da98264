"""Messages: their priorities, channels and delivery states (product.md, Notifications)."""

from enum import StrEnum


class Channel(StrEnum):
    """How a message travels."""

    IN_APP = "in_app"
    SMS = "sms"
    EMAIL = "email"


class Priority(StrEnum):
    """How urgent a message is."""

    NORMAL = "NORMAL"
    HIGH = "HIGH"


class DeliveryState(StrEnum):
    """What became of a message."""

    QUEUED = "QUEUED"
    SENT = "SENT"
    FAILED = "FAILED"
    SUPPRESSED = "SUPPRESSED"
    NOT_CONFIGURED = "NOT_CONFIGURED"
