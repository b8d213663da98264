"""Writes what differs onto a row, and says for the audit trail what did."""

from collections.abc import Mapping

from hms_web.domain.refusals import Code, Refused
from hms_web.domain.unset import UNSET
from hms_web.models import Base

Changes = dict[str, dict[str, object]]


def apply(row: Base, wanted: Mapping[str, object], seen: Mapping[str, object] | None = None) -> Changes:
    """Set the columns of `wanted` that are not UNSET and differ; return `{column: {"from": …, "to": …}}` of these.

    `seen` is what somebody was shown in columns. Raises Refused STALE_VERSION where they would undo something else.
    """
    changes: Changes = {}
    for column, value in wanted.items():
        before = getattr(row, column)
        if value is not UNSET and value != before:
            if seen and column in seen and (seen[column] or None) != (before or None):
                raise Refused(Code.STALE_VERSION)
            setattr(row, column, value)
            changes[column] = {"from": before, "to": value}
    return changes
