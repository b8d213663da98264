"""Digits in the middle of a phone number are found by the fives of them, and as they were found before."""

import pytest
import sqlalchemy as sa

from hms_web.models import Patient
from hms_web.services import patient_lists, patient_search
from tests.scenes import Clinic
from tests.services.test_indexes import explained
from tests.services.test_patient_tiers import NAMESAKES, rows_read, whole


@pytest.fixture
def crowd(here: Clinic, engine: sa.Engine) -> Clinic:
    """Four thousand, of whom each trigram of digits has hundreds."""
    here.session.execute(sa.text(NAMESAKES), {"hospital_id": here.actor.hospital_id})
    here.session.commit()
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(sa.text("VACUUM ANALYZE patients, patient_keys"))
    return here


@pytest.mark.parametrize("q", ["901583", "015838", "90158", "+91 90158 380"])
def test_nobody_is_read_who_has_not_those_digits(crowd: Clinic, q: str) -> None:
    with explained(crowd.session, "(ANALYZE)") as plans:
        found = patient_lists.search(crowd.session, crowd.actor, q, limit=50).items
    assert 1 <= len(found) < 20
    assert len(plans) == 2
    assert "ix_patient_keys_fives" in plans[1]
    assert sum(rows_read(plan) for plan in plans) < 80, plans


def test_a_search_is_not_planned_anew(crowd: Clinic) -> None:
    for end in range(10, 30):
        patient_lists.search(crowd.session, crowd.actor, f"9015{end}", limit=33)
    asked = "SELECT generic_plans FROM pg_prepared_statements WHERE statement LIKE '%fives_of(k.key)%LIMIT 34%'"
    assert [row.generic_plans > 0 for row in crowd.session.execute(sa.text(asked))] == [True]


def test_whoever_has_the_digits_elsewhere_comes_by_the_length_of_the_name_and_by_name(here: Clinic) -> None:
    named = ["Zoe Li", "Asha Rao", "Anna Devi", "Asha Roy", "Al Li", "Asha Rao"]
    for at, name in enumerate(named):
        here.patient(name=name, phone=f"+91 98{at}765 432{at}")
    here.patient(name="Bo Li", phone="+91 98765 98760", mrn="7654321")
    here.patient(name="Cy Li", phone="+1 765432")
    beside = ["Bo Li", "Cy Li"]
    by_rank = ["Al Li", "Zoe Li", "Asha Rao", "Asha Rao", "Asha Roy", "Anna Devi"]
    for limit in (1, 2, 3, 20):
        assert [name for name, _ in whole(here, "765432", limit)] == [*reversed(beside), *by_rank]
    words = patient_search.understand("765432")
    scored = sa.select(Patient.name).where(patient_search.condition(words))
    scored = scored.order_by(patient_search.score(words).desc(), Patient.name)
    assert [name for name in here.session.scalars(scored) if name not in beside] == by_rank


def test_where_the_very_number_is_found_whoever_has_it_in_the_middle_is_on_another_page(here: Clinic) -> None:
    here.patient(name="Eva Li", mrn="765432", phone=None)
    here.patient(name="Bo Li", phone="+91 98760 765432")
    here.patient(name="Zoe Li", phone="+91 98 765432 10")
    first = patient_lists.search(here.session, here.actor, "765432")
    assert [one.name for one in first.items] == ["Eva Li", "Bo Li"]
    last = patient_lists.search(here.session, here.actor, "765432", cursor=first.next_cursor)
    assert ([one.name for one in last.items], last.next_cursor) == (["Zoe Li"], None)
    for limit in (1, 2, 3):
        assert [name for name, _ in whole(here, "765432", limit)] == ["Eva Li", "Bo Li", "Zoe Li"]
    # Who is suggested has no other page.
    suggested = patient_lists.suggest(here.session, here.actor, "765432")
    assert [one.name for one in suggested] == ["Eva Li", "Bo Li", "Zoe Li"]


@pytest.mark.parametrize("q", ["765432", "919876076543"])
def test_there_is_no_other_page_where_nobody_would_stand_on_it(here: Clinic, q: str) -> None:
    here.patient(name="Eva Li", mrn="765432", phone="+91 98760 76543")
    here.patient(name="Ida Li", mrn="7654321", phone="+91 98760 00000")
    page = patient_lists.search(here.session, here.actor, q)
    assert (page.items[0].name, page.next_cursor) == ("Eva Li", None)
