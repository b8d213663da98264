"""Chains the audit trail, and looks whether the chain holds (docs/decisions/0100).

An event is written without its link, so that no booking waits for another one's; a trigger puts it into a queue in the
same transaction. Whoever extends the chain takes what is committed out of the queue, in any order in which that comes:
an event that commits late is simply found later, wherever its id or its time would have stood.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Row, func, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from hms_web.domain.audit_chain import BEGINS_WITHIN, Fact, Finding, Flaw, Head, Link, beginning, next_head, walk
from hms_web.models import AuditEvent, AuditHead, AuditLink, AuditUnchained
from hms_web.services import bulk, sealing, unit_of_work
from hms_web.services.sealing import SecretKeys

BATCH = 2000
"""How many events get their links in one transaction."""
MAY_WAIT = timedelta(hours=1)
"""How long an event may wait for its link; the job looks every minute."""

MENDED_BY_SIGNING = frozenset({Flaw.NOT_SIGNED, Flaw.NOT_BEGUN, Flaw.STALLED})

_PURPOSE = "audit head"
_BEFORE_ALL = -(2**63)
_FACTS = "e.id, e.at, e.actor_id, e.actor_name, e.action, e.record_type, e.record_id, e.details::text AS details"

# What waits for its link and is there. A row of the queue whose event has gone stays in it, to be seen.
_WAITING = f"""
    SELECT {_FACTS} FROM audit_unchained u
      JOIN audit_events e ON e.id = u.event_id AND e.hospital_id = u.hospital_id
     WHERE u.hospital_id = :hospital ORDER BY u.event_id LIMIT :most
"""  # noqa: S608 names of our own columns
_LINKS = f"""
    SELECT l.sequence, l.event_id, l.hash, l.chained_at, {_FACTS} FROM audit_links l
      LEFT JOIN audit_events e ON e.id = l.event_id AND e.hospital_id = l.hospital_id
     WHERE l.hospital_id = :hospital AND l.sequence > :after ORDER BY l.sequence LIMIT :most
"""  # noqa: S608 names of our own columns
_NEVER_CHAINED = """
    SELECT e.id FROM audit_events e
     WHERE e.hospital_id = :hospital
       AND NOT EXISTS (SELECT FROM audit_links l WHERE l.event_id = e.id AND l.hospital_id = e.hospital_id)
       AND NOT EXISTS (SELECT FROM audit_unchained u WHERE u.event_id = e.id AND u.hospital_id = e.hospital_id)
     ORDER BY e.at, e.id
"""
_GONE_BEFORE_CHAINED = """
    SELECT u.event_id FROM audit_unchained u
     WHERE u.hospital_id = :hospital
       AND NOT EXISTS (SELECT FROM audit_events e WHERE e.id = u.event_id AND e.hospital_id = u.hospital_id)
     ORDER BY u.queued_at, u.event_id
"""

# A test-only seam: with the lock off, what it is there for can be seen.
GUARD = {"on": True}


class NotSigned(Exception):
    """A chain's head was not signed with this SECRET_KEY: it was changed or taken away, or the key was exchanged.

    It is not carried on, or we ourselves would sign what a forger left.
    """


@dataclass(frozen=True, slots=True)
class Report:
    """What a look at a hospital's chain found. `waiting` counts the events that have no link yet."""

    hospital_id: UUID
    head: Head
    waiting: int
    findings: Sequence[Finding]


def waiting_hospitals(session: Session) -> Sequence[UUID]:
    """Return the hospitals that have events without a link."""
    found = session.scalars(select(AuditUnchained.hospital_id).distinct().order_by(AuditUnchained.hospital_id)).all()
    session.rollback()  # nothing is held between this and the work
    return found


def extend_all(
    session: Session, *, secret: SecretKeys, now: datetime, is_over: Callable[[], bool] = lambda: False
) -> tuple[dict[UUID, Head], list[UUID]]:
    """Give every committed event its link, until `is_over`; return the new heads, and the hospitals that are stuck.

    Stuck is one whose head is not signed, or whose chain could not be written: the others go on.
    """
    heads: dict[UUID, Head] = {}
    stuck: list[UUID] = []
    for hospital_id in waiting_hospitals(session):
        try:
            while not is_over() and (head := extend(session, hospital_id, secret=secret, now=now)):
                heads[hospital_id] = head
        except (NotSigned, unit_of_work.Busy):
            stuck.append(hospital_id)
    return heads, stuck


def begin(session: Session, hospital_id: UUID, *, secret: SecretKeys) -> None:
    """Sign the beginning of a hospital's chain, for who has just opened it; twice changes nothing."""
    unit_of_work.run(session, lambda: _begin(session, hospital_id, secret))


def extend(session: Session, hospital_id: UUID, *, secret: SecretKeys, now: datetime) -> Head | None:
    """Give the next batch of committed events their links; return the new head.

    None when nothing waits, or somebody else is at it. Raises NotSigned.
    """
    return unit_of_work.run(session, lambda: _extend(session, hospital_id, secret, now))


def _extend(session: Session, hospital_id: UUID, secret: SecretKeys, now: datetime) -> Head | None:
    if not _has_head(session, hospital_id):
        if _has_links(session, hospital_id) or _is_old(session, hospital_id, now):
            raise NotSigned(str(hospital_id))  # its head was taken away
        _begin(session, hospital_id, secret)
    row = _locked_head(session, hospital_id)
    if row is None:
        return None
    if not _is_signed(row, secret):
        raise NotSigned(str(hospital_id))
    waiting = session.execute(text(_WAITING), {"hospital": hospital_id, "most": BATCH}).all()
    if not waiting:
        return None
    chained_at = session.scalar(select(func.transaction_timestamp()))
    assert chained_at is not None  # noqa: S101 the database knows what time it is
    head, links = Head(row.sequence, row.hash), []
    for fact in map(_fact, waiting):
        head = next_head(hospital_id, head, fact, chained_at)
        links.append(
            {"sequence": head.sequence, "event_id": fact.id, "hash": f"\\x{head.hash.hex()}"}
            | {"hospital_id": hospital_id, "chained_at": chained_at}
        )
    bulk.insert(session, AuditLink, links)
    done = text("DELETE FROM audit_unchained WHERE event_id = ANY(:ids)")
    session.execute(done, {"ids": [link["event_id"] for link in links]})
    _set_head(row, head, secret)
    session.flush()
    return head


def _has_head(session: Session, hospital_id: UUID) -> bool:
    return session.scalar(select(AuditHead.sequence).where(AuditHead.hospital_id == hospital_id)) is not None


def _has_links(session: Session, hospital_id: UUID) -> bool:
    return session.scalar(select(AuditLink.sequence).where(AuditLink.hospital_id == hospital_id).limit(1)) is not None


def _is_old(session: Session, hospital_id: UUID, now: datetime) -> bool:
    oldest = select(AuditEvent.at).where(AuditEvent.hospital_id == hospital_id).order_by(AuditEvent.at).limit(1)
    at = session.scalar(oldest)
    return at is not None and at < now - BEGINS_WITHIN


def _begin(session: Session, hospital_id: UUID, secret: SecretKeys) -> None:
    first = beginning(hospital_id)
    values = {"hospital_id": hospital_id, "sequence": first.sequence, "hash": first.hash}
    values["signature"] = _signature(hospital_id, first, secret)
    session.execute(insert(AuditHead).values(values).on_conflict_do_nothing())


def _locked_head(session: Session, hospital_id: UUID, *, waits: bool = False) -> AuditHead | None:
    """Lock a hospital's head, the right to extend its chain until this transaction ends; None when somebody has it and
    this does not wait.
    """
    query = select(AuditHead).where(AuditHead.hospital_id == hospital_id).execution_options(populate_existing=True)
    return session.scalars(query.with_for_update(skip_locked=not waits) if GUARD["on"] else query).one_or_none()


def _set_head(row: AuditHead, head: Head, secret: SecretKeys) -> None:
    row.sequence, row.hash, row.signature = head.sequence, head.hash, _signature(row.hospital_id, head, secret)


def _signature(hospital_id: UUID, head: Head, secret: SecretKeys) -> bytes:
    return sealing.sign(secret, _PURPOSE, _statement(hospital_id, head))


def _statement(hospital_id: UUID, head: Head) -> bytes:
    return f"{hospital_id} {head.sequence} {head.hash.hex()}".encode()


def _is_signed(row: AuditHead, secret: SecretKeys) -> bool:
    statement = _statement(row.hospital_id, Head(row.sequence, row.hash))
    return sealing.is_signed(secret, _PURPOSE, statement, row.signature)


def _fact(row: Row[Any]) -> Fact:
    return Fact(row.id, row.at, row.actor_id, row.actor_name, row.action, row.record_type, row.record_id, row.details)


def verify(
    session: Session, hospital_id: UUID, *, secret: SecretKeys, now: datetime, expected: Head | None = None
) -> Report:
    """Walk the whole chain of a hospital, as it stood at one moment, and return what is wrong with it.

    `expected` is a head that was written down elsewhere: it has to be part of the chain. Changes nothing.
    """
    session.rollback()
    session.connection(execution_options={"isolation_level": "REPEATABLE READ"})
    try:
        session.execute(text("SET LOCAL statement_timeout = 0"))
        return _verify(session, hospital_id, secret, now, expected)
    finally:
        session.rollback()


def _verify(session: Session, hospital_id: UUID, secret: SecretKeys, now: datetime, expected: Head | None) -> Report:
    row = session.scalars(select(AuditHead).where(AuditHead.hospital_id == hospital_id)).one_or_none()
    head = Head(row.sequence, row.hash) if row else None
    findings = list(walk(hospital_id, _links(session, hospital_id), head))
    if row is not None and not _is_signed(row, secret):
        findings.append(Finding(Flaw.NOT_SIGNED, row.sequence))
    if row is None and not _has_links(session, hospital_id) and _is_old(session, hospital_id, now):
        findings.append(Finding(Flaw.NOT_BEGUN))
    if expected is not None and not _is_in_chain(session, hospital_id, expected):
        findings.append(Finding(Flaw.NOT_AS_EXPECTED, expected.sequence))
    here = {"hospital": hospital_id}
    for flaw, query in ((Flaw.NEVER_CHAINED, _NEVER_CHAINED), (Flaw.GONE_BEFORE_CHAINED, _GONE_BEFORE_CHAINED)):
        findings += [Finding(flaw, None, event_id) for event_id in session.scalars(text(query), here)]
    queue = select(func.count(), func.count().filter(AuditUnchained.queued_at < now - MAY_WAIT))
    waiting, too_long = session.execute(queue.where(AuditUnchained.hospital_id == hospital_id)).one()
    if too_long:
        findings.append(Finding(Flaw.STALLED))
    return Report(hospital_id, head or beginning(hospital_id), waiting, findings)


def _links(session: Session, hospital_id: UUID) -> Iterator[Link]:
    """Yield the links in their order, a batch a statement."""
    after = _BEFORE_ALL
    while True:
        rows = session.execute(text(_LINKS), {"hospital": hospital_id, "after": after, "most": BATCH}).all()
        for row in rows:
            event = _fact(row) if row.id is not None else None
            yield Link(row.sequence, row.event_id, row.hash, row.chained_at, event)
        if len(rows) < BATCH:
            return
        after = rows[-1].sequence


def _is_in_chain(session: Session, hospital_id: UUID, expected: Head) -> bool:
    if expected.sequence == 0:
        return True
    query = select(AuditLink.hash).where(AuditLink.hospital_id == hospital_id, AuditLink.sequence == expected.sequence)
    return session.scalar(query) == expected.hash


def sign(
    session: Session, hospital_id: UUID, *, secret: SecretKeys, now: datetime, former: str | None = None
) -> Report:
    """Sign a hospital's head anew, after SECRET_KEY was exchanged, when all but the signature is in order.

    `former` is the earlier key: with it, a head that was signed with neither is left as it is. Returns the look that it
    took first; nothing is signed where that found anything else. Raises NotSigned when it is not the head any more that
    was looked at, and Busy when somebody keeps it for too long.
    """
    report = verify(session, hospital_id, secret=secret, now=now)
    if former is not None and any(finding.flaw is Flaw.NOT_SIGNED for finding in report.findings):
        report = verify(session, hospital_id, secret=former, now=now)
    if not may_be_signed(report, former):
        return report

    def work() -> None:
        _begin(session, hospital_id, secret)
        row = _locked_head(session, hospital_id, waits=True)
        # Nobody extends a chain whose head is not signed: it is still the one that was looked at, or signed by now.
        if row is not None and (row.sequence, row.hash) == (report.head.sequence, report.head.hash):
            _set_head(row, report.head, secret)
            session.flush()
        elif row is None or not _is_signed(row, secret):
            raise NotSigned(str(hospital_id))

    unit_of_work.run(session, work)
    return report


def may_be_signed(report: Report, former: str | None) -> bool:
    """Whether a look found nothing but what signing mends; with the `former` key at hand, its signature has to be."""
    mended = MENDED_BY_SIGNING if former is None else MENDED_BY_SIGNING - {Flaw.NOT_SIGNED}
    return all(finding.flaw in mended for finding in report.findings)
