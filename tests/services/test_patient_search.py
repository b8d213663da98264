"""Finding patients by what somebody types or hears."""

import re
from datetime import time

import pytest
import sqlalchemy as sa

from hms_web.domain.refusals import InvalidInput
from hms_web.models import Patient
from hms_web.services import appointments, patient_lists, patient_search
from hms_web.services.appointments import AppointmentFilter
from tests.scenes import MONDAY, Clinic
from tests.services.test_indexes import explained

PEOPLE = [
    ("Asha Rao", "+91 98765 43210", "000001"),
    ("Asha Kulkarni", "+91 99999 11111", "000002"),
    ("John Smith", "022 555 0100", "000003"),
    ("Jean-Luc O'Brien", None, "C1-00045"),
    ("Raghavan Iyer", "9812345678", "000004"),
    ("Natasha Roy", "9811111111", "000005"),
    ("100% Percent_Name", "9700000000", "000006"),
    ("José Müller", "9700000001", "980001"),
]


@pytest.fixture
def clinic(here: Clinic) -> Clinic:
    for name, phone, mrn in PEOPLE:
        here.patient(name=name, phone=phone, mrn=mrn)
    return here


def found(clinic: Clinic, q: str) -> list[str]:
    suggested = [patient.name for patient in patient_lists.suggest(clinic.session, clinic.actor, q)]
    assert [patient.name for patient in patient_lists.search(clinic.session, clinic.actor, q).items][:8] == suggested
    return suggested


@pytest.mark.parametrize(
    ("q", "first"),
    [
        ("asha rao", "Asha Rao"),
        ("rao asha", "Asha Rao"),
        ("ASHA", "Asha Kulkarni"),
        ("as", "Asha Kulkarni"),
        ("asha 98", "Asha Rao"),
        ("98 asha", "Asha Rao"),
        ("3210", "Asha Rao"),
        ("98765 43210", "Asha Rao"),
        ("+91-98765-43210", "Asha Rao"),
        ("09876543210", "Asha Rao"),
        ("(022) 555", "John Smith"),
        ("000003", "John Smith"),
        ("980001", "José Müller"),
        ("c1-00045", "Jean-Luc O'Brien"),
        ("C1", "Jean-Luc O'Brien"),
        ("o'b", "Jean-Luc O'Brien"),
        ("luc", "Jean-Luc O'Brien"),
        ("jhon", "John Smith"),
        ("smiht", "John Smith"),
        ("raghavn", "Raghavan Iyer"),
        ("kulkarny", "Asha Kulkarni"),
        ("jose muller", "José Müller"),
        ("100%", "100% Percent_Name"),
        ("percent_", "100% Percent_Name"),
    ],
)
def test_the_best_match_comes_first(clinic: Clinic, q: str, first: str) -> None:
    assert found(clinic, q)[0] == first


@pytest.mark.parametrize("q", ["asha 97", "zzzz", "--", "_", "%", "a_ha", "x%y", "rao smith", "\\"])
def test_every_word_has_to_match_and_signs_mean_themselves(clinic: Clinic, q: str) -> None:
    assert found(clinic, q) == []


def test_the_beginning_of_a_name_comes_before_its_middle(clinic: Clinic) -> None:
    assert found(clinic, "asha") == ["Asha Kulkarni", "Asha Rao", "Natasha Roy"]


def test_the_very_number_comes_before_its_beginnings(here: Clinic) -> None:
    here.patient(name="Aaron Bell", mrn="77712")
    here.patient(name="Zoe Bell", mrn="777")
    assert found(here, "777") == ["Zoe Bell", "Aaron Bell"]


def test_nothing_typed_suggests_nobody_and_lists_everybody(clinic: Clinic, elsewhere: Clinic) -> None:
    assert patient_lists.suggest(clinic.session, clinic.actor, "  ") == []
    everybody = patient_lists.search(clinic.session, clinic.actor).items
    assert [patient.name for patient in everybody] == sorted(patient.name for patient in everybody)
    assert len(everybody) == len(PEOPLE)
    assert patient_lists.search(clinic.session, elsewhere.actor, "asha").items == []


@pytest.mark.parametrize("q", [None, "a", "asha", "9", "98", "asha 98"])
def test_pages_put_together_are_the_whole_list(clinic: Clinic, q: str | None) -> None:
    for number in range(7):
        clinic.patient(name="Asha Rao", phone=f"98000 0000{number}")
    whole = [patient.id for patient in patient_lists.search(clinic.session, clinic.actor, q).items]
    assert len(whole) > 7
    paged, cursor = [], None
    while True:
        page = patient_lists.search(clinic.session, clinic.actor, q, limit=2, cursor=cursor)
        paged += [patient.id for patient in page.items]
        cursor = page.next_cursor
        if cursor is None:
            break
    assert paged == whole


@pytest.mark.parametrize("q", ["asha\0", "\ud800", "x" * 121])
def test_what_cannot_be_meant_is_refused(clinic: Clinic, q: str) -> None:
    for call in (patient_lists.search, patient_lists.suggest):
        with pytest.raises(InvalidInput) as caught:
            call(clinic.session, clinic.actor, q)
        assert caught.value.errors[0][0] == "q"


@pytest.mark.parametrize("limit", [0, 201])
def test_a_list_has_a_limit(clinic: Clinic, limit: int) -> None:
    with pytest.raises(InvalidInput):
        patient_lists.search(clinic.session, clinic.actor, limit=limit)


def test_at_most_eight_are_suggested_with_one_query(here: Clinic) -> None:
    for number in range(10):
        here.patient(name=f"Asha {number}")
    statements: list[str] = []
    sa.event.listen(here.session.get_bind(), "before_cursor_execute", lambda *call: statements.append(call[2]))
    assert len(patient_lists.suggest(here.session, here.actor, "asha")) == 8
    assert [text.split()[0] for text in statements] == ["WITH"]


def test_only_the_first_six_words_count(clinic: Clinic) -> None:
    assert found(clinic, "asha " * 6 + "zzzzz")
    assert len(patient_search.understand("a b c d e f g h").words) == 6


def test_the_condition_serves_other_lists_too(clinic: Clinic) -> None:
    names = clinic.session.scalars(sa.select(Patient.name).where(patient_search.matches("asha 98"))).all()
    assert sorted(names) == ["Asha Rao", "Natasha Roy"]
    assert clinic.session.scalars(sa.select(Patient.name).where(patient_search.matches("--"))).all() == []


_CROWD = """
    INSERT INTO patients (id, hospital_id, mrn, name, phone)
    SELECT gen_random_uuid(), :hospital_id, 'M' || lpad(n::text, 6, '0'),
           initcap(translate(substr(md5(n::text), 1, 7), '0123456789', 'aeiouaeiou')) || ' '
             || initcap(translate(substr(md5(n::text), 9, 8), '0123456789', 'aeiouaeiou')),
           '+91 ' || 6000000000 + (n * 7919::bigint) % 4000000000
      FROM generate_series(1, 20000) AS n
"""


def test_a_search_uses_indexes(here: Clinic, engine: sa.Engine) -> None:
    here.session.execute(sa.text(_CROWD), {"hospital_id": here.actor.hospital_id})
    here.session.commit()
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(sa.text("VACUUM ANALYZE patients, patient_keys, name_words"))
    for q in ("asha", "asha 98", "ahsa rao", "98765", "x1", "as", "a", None):
        patient_search.prepare(here.session)
        with explained(here.session) as plans:
            patient_lists.search(here.session, here.actor, q, limit=8)
        plan = "\n".join(plans)
        assert "Seq Scan" not in plan, (q, plan)
        assert re.search(r"(ix|uq)_patients_|pk_patient_keys", plan), (q, plan)


def test_a_name_of_many_is_looked_for_among_the_appointments(here: Clinic, monkeypatch: pytest.MonkeyPatch) -> None:
    """Forty thousand called so are not all found to show whoever of them comes on a day."""
    for name in ("Asha Rao", "Ravi Rao", "Raoul Iyer", "Zoe Bell"):
        here.book(here.doctor(), here.patient(name=name, phone=None), time(10))
    monkeypatch.setattr(patient_search, "MANY", 3)
    for q, found, is_common in (
        ("rao", ["Asha Rao", "Raoul Iyer", "Ravi Rao"], True),
        ("rao asha", ["Asha Rao"], False),
        ("zoe", ["Zoe Bell"], False),
        ("77", [], False),
    ):
        assert patient_search.is_common(here.session, here.actor, q) is is_common
        with explained(here.session) as plans:
            page = appointments.search(here.session, here.actor, AppointmentFilter(day=MONDAY, q=q))
        assert sorted(one.patient_name for one in page.items) == found
        assert ("IS TRUE" in plans[-1]) is is_common
    here.session.rollback()
