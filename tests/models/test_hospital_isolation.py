"""No row of one hospital can point into another: foreign keys between tables of a hospital carry the hospital."""

from collections.abc import Iterator

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from hms_web.models import Notification
from tests.scenes import clinic

# References by the id alone, each with the reason why it may be one.
ALONE = {
    "who did it: taken from whoever is signed in and never from a request; it gives a name to show and no more": {
        ("affected_batches", "created_by_id"),
        ("affected_batches", "undone_by_id"),
        ("appointments", "created_by_id"),
        ("consultation_participants", "added_by_id"),
        ("cron_job_runs", "triggered_by_id"),
        ("doctor_absences", "created_by_id"),
        ("doctor_slots", "held_by_id"),
        ("message_providers", "updated_by_id"),
        ("message_templates", "updated_by_id"),
        ("no_show_logs", "created_by_id"),
        ("no_show_logs", "reverted_by_id"),
        ("notifications", "phoned_by_id"),
        ("slot_blocks", "created_by_id"),
        ("stage_alerts", "acknowledged_by_id"),
        ("stage_alerts", "resolved_by_id"),
        ("vitals", "recorded_by_id"),
    },
    "the run that did it: written by that run itself, in the hospital whose lease it holds": {
        ("job_leases", "run_id"),
        ("no_show_logs", "run_id"),
    },
}
EXPECTED = frozenset(pair for pairs in ALONE.values() for pair in pairs)

_FOREIGN_KEYS = """
    SELECT source.relname, target.relname,
           ARRAY(SELECT a.attname::text FROM unnest(c.conkey) WITH ORDINALITY k(n, place)
                   JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = k.n ORDER BY k.place) AS columns
      FROM pg_constraint c
      JOIN pg_class source ON source.oid = c.conrelid
      JOIN pg_class target ON target.oid = c.confrelid
     WHERE c.contype = 'f' AND source.relnamespace = 'public'::regnamespace
"""
_TENANTS = """
    SELECT table_name FROM information_schema.columns WHERE table_schema = 'public' AND column_name = 'hospital_id'
"""


def references(session: Session) -> Iterator[tuple[str, str, list[str]]]:
    """The foreign keys between two tables whose rows belong to a hospital."""
    tenants = set(session.scalars(sa.text(_TENANTS)))
    for source, target, columns in session.execute(sa.text(_FOREIGN_KEYS)):
        if source in tenants and target in tenants:
            yield source, target, columns


def test_every_reference_inside_a_hospital_carries_the_hospital(session: Session) -> None:
    found = list(references(session))
    assert len(found) > 25
    alone = {(source, columns[0]) for source, _, columns in found if "hospital_id" not in columns}
    assert alone == EXPECTED


# Tables that name a hospital which no key holds, each with the reason why it is one that is there.
HELD_OTHERWISE = {
    "name_words": "only triggers on patients write it",
    "notifications": "a check wants a patient or a user, whose keys carry the hospital",
    "patient_keys": "only triggers on patients write it",
}
_HOLDING = """
    SELECT source.relname FROM pg_constraint c JOIN pg_class source ON source.oid = c.conrelid
     WHERE c.contype = 'f' AND source.relnamespace = 'public'::regnamespace
     GROUP BY source.relname, c.oid
    HAVING bool_or(EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = c.conrelid AND a.attnum = ANY(c.conkey)
                              AND a.attname = 'hospital_id'))
       AND bool_and(NOT EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = c.conrelid AND a.attnum = ANY(c.conkey)
                                   AND NOT a.attnotnull))
"""


def test_the_hospital_of_every_row_is_held_by_a_key_without_gaps(session: Session) -> None:
    held = set(session.scalars(sa.text(_HOLDING)))
    assert {"appointments", "audit_events", "doctor_slots", "no_show_logs", "patients"} <= held
    assert set(session.scalars(sa.text(_TENANTS))) - held == set(HELD_OTHERWISE)


@pytest.mark.parametrize("of", ["nobody", "a patient of another hospital", "a user of another hospital"])
def test_a_message_belongs_to_the_hospital_of_whom_it_is_for(session: Session, of: str) -> None:
    here, elsewhere = clinic(session), clinic(session)
    whom = {
        "nobody": (None, None),
        "a patient of another hospital": (elsewhere.patient(), None),
        "a user of another hospital": (None, elsewhere.actor.user_id),
    }
    patient, user = whom[of]
    message = Notification(
        hospital_id=here.actor.hospital_id,
        dedupe_key="one",
        event="staff.notice",
        channel="in_app",
        priority="NORMAL",
        patient_id=patient,
        user_id=user,
        title="",
        body="",
    )
    session.add(message)
    with pytest.raises(IntegrityError, match=r"addressee|hospital_id_patient_id|hospital_id_user_id"):
        session.flush()
