"""The chain over the audit trail: what is committed gets its link, and whatever is done to a row is found."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import time, timedelta
from uuid import UUID

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from hms_web import clock
from hms_web.domain import audit_chain as domain
from hms_web.domain.audit_chain import Flaw, Head
from hms_web.models import AuditEvent, AuditHead, AuditLink, AuditUnchained, new_id
from hms_web.services import audit, audit_chain
from hms_web.services.audit_chain import NotSigned
from hms_web.services.unit_of_work import Busy
from tests.scenes import NOW, Clinic

SECRET = "the secret of these tests"


def write(here: Clinic, count: int = 3) -> list[UUID]:
    """Let something happen, each in a transaction of its own; return the events' ids, the oldest first."""
    for _ in range(count):
        audit.record(here.session, here.actor, "patient.changed", "patient", new_id(), now=NOW, changes={"name": "x"})
        here.session.commit()
    return list(here.session.scalars(sa.select(AuditEvent.id).order_by(AuditEvent.id)))


def chain(here: Clinic) -> Head | None:
    heads, stuck = audit_chain.extend_all(here.session, secret=SECRET, now=NOW)
    assert not stuck
    return heads.get(here.actor.hospital_id)


def look(
    here: Clinic, secret: str = SECRET, expected: Head | None = None
) -> list[tuple[Flaw, int | None, UUID | None]]:
    mine = here.actor.hospital_id
    report = audit_chain.verify(here.session, mine, secret=secret, now=clock.now(), expected=expected)
    return [(finding.flaw, finding.sequence, finding.event_id) for finding in report.findings]


@contextmanager
def forging(session: Session) -> Iterator[None]:
    """Act like somebody who rules the database: triggers are out of force."""
    session.execute(sa.text("SET LOCAL session_replication_role = replica"))
    yield
    session.commit()


def test_what_is_committed_gets_its_link(here: Clinic, elsewhere: Clinic) -> None:
    ids = write(here)
    write(elsewhere, 1)
    assert here.count(AuditUnchained) == 4
    head = chain(here)
    assert head
    assert head.sequence == 3
    links = here.session.scalars(
        sa.select(AuditLink).where(AuditLink.hospital_id == here.actor.hospital_id).order_by(AuditLink.sequence)
    ).all()
    assert [(link.sequence, link.event_id) for link in links] == list(enumerate(ids, start=1))
    assert links[-1].hash == head.hash
    assert here.count(AuditUnchained) == 0
    assert look(here) == look(elsewhere) == []
    assert chain(here) is None


def test_a_chain_goes_on_over_many_batches(here: Clinic, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(audit_chain, "BATCH", 2)
    write(here, 5)
    head = chain(here)
    assert head
    assert head.sequence == 5
    assert look(here, expected=head) == []


def test_a_run_that_has_no_time_left_leaves_the_rest_waiting(here: Clinic) -> None:
    write(here)
    assert audit_chain.extend_all(here.session, secret=SECRET, now=NOW, is_over=lambda: True) == ({}, [])
    report = audit_chain.verify(here.session, here.actor.hospital_id, secret=SECRET, now=NOW)
    assert (report.waiting, report.head.sequence, report.findings) == (3, 0, [])


def test_what_is_inserted_by_any_statement_waits_for_its_link(here: Clinic) -> None:
    entries = [audit.Entry("patient.created", "patient", new_id(), {}) for _ in range(30)]
    audit.record_all(here.session, here.actor, entries, now=NOW)  # by way of one statement for all
    here.session.commit()
    assert here.count(AuditUnchained) == 30


def test_an_event_that_commits_late_is_found_later(here: Clinic, engine: sa.Engine) -> None:
    with Session(engine) as slow:
        audit.record(slow, here.actor, "patient.changed", "patient", new_id(), now=NOW)
        slow.flush()
        write(here, 2)
        head = chain(here)
        assert head
        assert head.sequence == 2
        assert look(here) == []
        slow.commit()
    assert here.count(AuditUnchained) == 1
    head = chain(here)
    assert head
    assert head.sequence == 3
    assert look(here) == []


def test_somebody_else_at_the_chain_is_not_waited_for(here: Clinic, engine: sa.Engine) -> None:
    write(here, 1)
    chain(here)
    write(here, 1)
    with Session(engine) as other:
        other.execute(sa.select(AuditHead).with_for_update())
        assert chain(here) is None
    head = chain(here)
    assert head
    assert head.sequence == 2


@pytest.mark.parametrize("column", ["actor_name = 'Nobody'", "details = '{}'", "at = at + interval '1 second'"])
def test_an_edited_event_is_named(here: Clinic, column: str) -> None:
    ids = write(here)
    chain(here)
    with forging(here.session):
        here.session.execute(sa.text(f"UPDATE audit_events SET {column} WHERE id = :id"), {"id": ids[1]})
    assert look(here) == [(Flaw.CHANGED, 2, ids[1])]


def test_a_deleted_event_is_named(here: Clinic) -> None:
    ids = write(here)
    chain(here)
    with forging(here.session):
        here.session.execute(sa.delete(AuditEvent).where(AuditEvent.id == ids[0]))
    assert look(here) == [(Flaw.DELETED, 1, ids[0])]
    with forging(here.session):
        here.session.execute(sa.delete(AuditLink).where(AuditLink.event_id == ids[0]))
    assert look(here) == [(Flaw.LINK_GONE, 1, None)]


def test_a_trail_that_is_cut_off_is_found(here: Clinic) -> None:
    ids = write(here)
    chain(here)
    with forging(here.session):
        here.session.execute(sa.delete(AuditEvent).where(AuditEvent.id == ids[2]))
        here.session.execute(sa.delete(AuditLink).where(AuditLink.event_id == ids[2]))
    assert look(here) == [(Flaw.CUT_OFF, 3, None)]


def test_who_sets_the_head_back_too_is_found_by_its_signature_and_by_a_head_kept_elsewhere(here: Clinic) -> None:
    ids = write(here, 2)
    old = chain(here)
    signed = here.session.scalars(sa.select(AuditHead.signature)).one()
    ids = write(here, 1)
    new = chain(here)
    assert old
    assert new
    back = {"sequence": old.sequence, "hash": old.hash}
    with forging(here.session):
        here.session.execute(sa.delete(AuditEvent).where(AuditEvent.id == ids[2]))
        here.session.execute(sa.delete(AuditLink).where(AuditLink.event_id == ids[2]))
        here.session.execute(sa.update(AuditHead).values(**back))
    assert look(here) == [(Flaw.NOT_SIGNED, 2, None)]
    with forging(here.session):  # with the signature of that time nothing in the database speaks against it
        here.session.execute(sa.update(AuditHead).values(signature=signed))
    assert look(here) == []
    assert look(here, expected=new) == [(Flaw.NOT_AS_EXPECTED, 3, None)]
    assert look(here, expected=old) == look(here, expected=Head(0, b"")) == []


def test_an_inserted_event_is_named(here: Clinic) -> None:
    ids = write(here)
    chain(here)
    copied = (
        "INSERT INTO audit_events SELECT gen_random_uuid(), hospital_id, at, actor_id, actor_name, action, record_type,"
        " record_id, details FROM audit_events WHERE id = :id"
    )
    with forging(here.session):
        here.session.execute(sa.text(copied), {"id": ids[0]})
    added = here.session.scalars(sa.select(AuditEvent.id).where(AuditEvent.id.not_in(ids))).one()
    assert look(here) == [(Flaw.NEVER_CHAINED, None, added)]
    with forging(here.session):
        for place in (4, 0):
            row = AuditLink(
                hospital_id=here.actor.hospital_id, sequence=place, event_id=added, hash=b"", chained_at=NOW
            )
            here.session.add(row)
            here.session.flush()
            here.session.expunge(row)
            flaws = look_inside(here)
            assert Flaw.BEYOND_HEAD in flaws or Flaw.LINK_GONE in flaws, place
            here.session.execute(sa.delete(AuditLink).where(AuditLink.sequence == place))


def look_inside(here: Clinic) -> set[Flaw]:
    """What a look finds inside the transaction at hand."""
    report = audit_chain._verify(here.session, here.actor.hospital_id, SECRET, NOW, None)
    return {finding.flaw for finding in report.findings}


def test_an_event_that_is_put_in_under_an_older_date_is_named(here: Clinic, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(domain, "TOLERANCE", timedelta())  # nobody waits an hour here
    write(here)
    chain(here)
    before = NOW - timedelta(days=3)
    audit.record(here.session, here.actor, "patient.changed", "patient", new_id(), now=before)
    here.session.commit()
    chain(here)
    forged = here.session.scalars(sa.select(AuditEvent.id).where(AuditEvent.at == before)).one()
    assert look(here) == [(Flaw.BACKDATED, 4, forged)]


def test_what_is_deleted_before_it_has_its_link_is_named(here: Clinic) -> None:
    ids = write(here)
    with forging(here.session):
        here.session.execute(sa.delete(AuditEvent).where(AuditEvent.id == ids[1]))
    chain(here)
    assert look(here) == [(Flaw.GONE_BEFORE_CHAINED, None, ids[1])]


def test_events_that_wait_too_long_are_a_finding(here: Clinic) -> None:
    write(here, 1)
    mine = here.actor.hospital_id
    audit_chain.begin(here.session, mine, secret=SECRET)
    later = here.session.scalars(sa.select(AuditUnchained.queued_at)).one() + audit_chain.MAY_WAIT
    for now, flaws in ((later, []), (later + timedelta(seconds=1), [Flaw.STALLED])):
        report = audit_chain.verify(here.session, mine, secret=SECRET, now=now)
        assert [finding.flaw for finding in report.findings] == flaws


def test_a_head_that_is_not_signed_is_not_carried_on(here: Clinic, elsewhere: Clinic) -> None:
    write(here, 1)
    chain(here)
    write(here, 1)
    write(elsewhere, 1)
    heads, stuck = audit_chain.extend_all(here.session, secret="another secret", now=NOW)
    assert (list(heads), stuck) == ([elsewhere.actor.hospital_id], [here.actor.hospital_id])
    with forging(here.session):
        here.session.execute(sa.delete(AuditHead).where(AuditHead.hospital_id == here.actor.hospital_id))
    with pytest.raises(NotSigned):
        audit_chain.extend(here.session, here.actor.hospital_id, secret=SECRET, now=NOW)
    assert [flaw for flaw, _, _ in look(here)] == [Flaw.BEYOND_HEAD]


def test_a_chain_that_was_taken_away_whole_is_not_begun_again(here: Clinic) -> None:
    """Else we would sign what somebody has changed, once they had queued it again."""
    ids = write(here)
    chain(here)
    mine = {"hospital": here.actor.hospital_id}
    with forging(here.session):
        here.session.execute(sa.update(AuditEvent).where(AuditEvent.id == ids[1]).values(actor_name="Nobody"))
        here.session.execute(sa.text("DELETE FROM audit_links WHERE hospital_id = :hospital"), mine)
        here.session.execute(sa.text("DELETE FROM audit_heads WHERE hospital_id = :hospital"), mine)
        queue = "INSERT INTO audit_unchained SELECT id, hospital_id FROM audit_events WHERE hospital_id = :hospital"
        here.session.execute(sa.text(queue), mine)
    later = NOW + domain.BEGINS_WITHIN + timedelta(seconds=1)
    heads, stuck = audit_chain.extend_all(here.session, secret=SECRET, now=later)
    assert (heads, stuck) == ({}, [here.actor.hospital_id])
    assert [flaw for flaw, _, _ in look(here)] == [Flaw.NOT_BEGUN]
    audit_chain.sign(here.session, here.actor.hospital_id, secret=SECRET, now=later)
    assert audit_chain.extend(here.session, here.actor.hospital_id, secret=SECRET, now=later), "somebody answers for it"


def test_whoever_opens_a_hospital_begins_its_chain(here: Clinic) -> None:
    write(here)
    for _ in range(2):
        audit_chain.begin(here.session, here.actor.hospital_id, secret=SECRET)
    later = NOW + domain.BEGINS_WITHIN + timedelta(days=9)
    assert audit_chain.extend(here.session, here.actor.hospital_id, secret=SECRET, now=later)
    assert look(here) == []


def test_with_the_former_key_at_hand_only_what_it_signed_is_signed(here: Clinic) -> None:
    write(here)
    chain(here)
    mine, former, new = here.actor.hospital_id, "a key that signed nothing", "another secret of these tests"
    audit_chain.sign(here.session, mine, secret=new, former=former, now=NOW)
    assert look(here, new) == [(Flaw.NOT_SIGNED, 3, None)]
    for _ in range(2):
        audit_chain.sign(here.session, mine, secret=new, former=SECRET, now=NOW)
        assert look(here, new) == []


def test_signing_waits_for_who_is_at_it_and_says_when_it_could_not(here: Clinic, engine: sa.Engine) -> None:
    write(here)
    chain(here)
    with engine.connect() as other:
        other.execute(sa.select(AuditHead.hospital_id).with_for_update())
        with pytest.raises(Busy):
            audit_chain.sign(here.session, here.actor.hospital_id, secret="another secret", now=NOW)


def test_a_head_that_somebody_changes_meanwhile_is_not_signed(here: Clinic, monkeypatch: pytest.MonkeyPatch) -> None:
    write(here)
    chain(here)
    real = audit_chain.verify

    def and_then_forge(*given: object, **named: object) -> object:
        report = real(*given, **named)  # type: ignore[arg-type]
        with forging(here.session):
            here.session.execute(sa.update(AuditHead).values(sequence=2))
        return report

    monkeypatch.setattr(audit_chain, "verify", and_then_forge)
    with pytest.raises(NotSigned):
        audit_chain.sign(here.session, here.actor.hospital_id, secret=SECRET, now=NOW)


def test_after_a_change_of_the_secret_a_whole_chain_is_signed_anew(here: Clinic) -> None:
    ids = write(here)
    chain(here)
    other = "another secret of these tests"
    assert look(here, other) == [(Flaw.NOT_SIGNED, 3, None)]
    mine = here.actor.hospital_id
    audit_chain.sign(here.session, mine, secret=other, now=clock.now())
    assert look(here, other) == []
    with forging(here.session):
        here.session.execute(sa.delete(AuditEvent).where(AuditEvent.id == ids[0]))
    audit_chain.sign(here.session, mine, secret=SECRET, now=clock.now())
    assert [flaw for flaw, _, _ in look(here)] == [Flaw.DELETED, Flaw.NOT_SIGNED]


def test_signing_leaves_alone_what_has_gone_on_meanwhile(here: Clinic, monkeypatch: pytest.MonkeyPatch) -> None:
    write(here)
    chain(here)
    real = audit_chain.verify

    def and_then_on(*given: object, **named: object) -> object:
        report = real(*given, **named)  # type: ignore[arg-type]
        write(here, 1)
        chain(here)
        return report

    monkeypatch.setattr(audit_chain, "verify", and_then_on)
    with pytest.raises(NotSigned):
        audit_chain.sign(here.session, here.actor.hospital_id, secret="another secret", now=clock.now())
    audit_chain.sign(here.session, here.actor.hospital_id, secret=SECRET, now=clock.now())
    monkeypatch.undo()
    assert look(here) == []


def test_links_are_only_added_to(here: Clinic) -> None:
    here.book(here.doctor(), here.patient(), time(10))
    chain(here)
    for statement in ("UPDATE audit_links SET sequence = 9", "DELETE FROM audit_links", "TRUNCATE audit_links"):
        with pytest.raises(sa.exc.IntegrityError, match="the audit trail is append-only"):
            here.session.execute(sa.text(statement))
        here.session.rollback()
