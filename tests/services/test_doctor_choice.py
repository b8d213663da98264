from uuid import UUID, uuid4

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from hms_web.services import doctor_choice, doctor_names, kept
from hms_web.services.doctor_choice import MOST_FOUND, MOST_LISTED, Choice, Places
from tests.scenes import Clinic, clinic
from tests.web import many_doctors


@pytest.fixture
def here(session: Session) -> Clinic:
    """A hospital whose first doctor is a cardiologist; another one has as many."""
    place, other = clinic(session), clinic(session)
    place.doctor()
    many_doctors.add(session, other.actor, 500, 600)
    return place


def find(here: Clinic, typed: str, was: UUID | None = None) -> str | None:
    found = doctor_choice.matching(here.session, here.actor, typed, first=was)
    one = doctor_choice.meant(typed, found, was)
    return one.name if one else None


def test_few_are_all_offered_and_many_are_only_counted(here: Clinic) -> None:
    def choice(**wanted: object) -> doctor_choice.Choice:
        return doctor_choice.choice(here.session, here.actor, **wanted)  # type: ignore[arg-type]

    many_doctors.add(here.session, here.actor, 10, 8 + MOST_LISTED)
    whole = choice()
    assert (len(whole.names), whole.count, whole.is_long, whole.is_large) == (MOST_LISTED, MOST_LISTED, False, False)
    assert whole.departments == ["Cardiology", *(f"Department 0{number}" for number in range(1, 5))]
    assert (whole.department, whole.chosen, whole.shown) == (None, None, [])
    many_doctors.add(here.session, here.actor, 100, 100)
    whole = choice(few=MOST_LISTED + 1)
    assert (whole.names, whole.count, whole.is_long, whole.is_large) == ([], MOST_LISTED + 1, True, False)
    first = choice(few=MOST_LISTED)
    assert (first.department, [one.name for one in first.names], first.is_large) == ("Cardiology", ["Dr. 001"], True)
    assert choice(few=MOST_LISTED, department="Nowhere").department == "Cardiology"
    one = choice(department="Department 01", shown=Places(3, 4))
    assert [place.name for place in one.shown] == [place.name for place in one.names][4:7]
    assert one.count == 10
    chosen = choice(few=12, chosen=one.names[0].id)
    assert (chosen.department, chosen.chosen) == ("Department 01", one.names[0])


def test_who_left_is_offered_only_where_that_is_asked_for(here: Clinic) -> None:
    gone = here.doctor()
    here.session.execute(sa.text("UPDATE users SET is_active = false WHERE name = 'Dr. 002'"))
    here.session.commit()
    usual, also = (doctor_choice.choice(here.session, here.actor, also_gone=flag) for flag in (False, True))
    assert ([one.name for one in usual.names], [one.name for one in also.names]) == (
        ["Dr. 001"],
        ["Dr. 001", "Dr. 002"],
    )
    chosen = doctor_choice.choice(here.session, here.actor, chosen=gone)
    assert chosen.chosen is not None
    assert (chosen.chosen.name, chosen.chosen.is_active, len(chosen.names)) == ("Dr. 002", False, 1)
    assert doctor_names.named(here.session, here.actor, [gone]) == {gone: "Dr. 002"}


def test_no_other_hospitals_doctor_is_offered_found_or_named(here: Clinic) -> None:
    elsewhere = here.session.scalar(
        sa.text("SELECT d.id FROM doctors d JOIN users u ON u.id = d.user_id WHERE name = 'Dr. Asha 0500'")
    )
    choice = doctor_choice.choice(here.session, here.actor, chosen=elsewhere)
    assert (choice.chosen, choice.count) == (None, 1)
    assert doctor_choice.matching(here.session, here.actor, "Asha 0500", first=elsewhere) == []
    assert doctor_names.named(here.session, here.actor, [elsewhere]) == {}


def test_a_hospital_without_doctors_offers_none(session: Session) -> None:
    choice = doctor_choice.choice(session, clinic(session).actor, few=0)
    assert (choice.departments, choice.names, choice.count, choice.is_large) == ([], [], 0, False)


NEW = """
    WITH account AS (INSERT INTO users (id, hospital_id, name, email, role)
                     VALUES (gen_random_uuid(), :hospital, 'Dr. Late', CAST(gen_random_uuid() AS text), 'DOCTOR')
                     RETURNING id, hospital_id)
    INSERT INTO doctors (id, hospital_id, user_id, department, slot_duration, max_patients_per_day)
    SELECT gen_random_uuid(), hospital_id, id, 'Cardiology', 30, 30 FROM account"""
OF_FIRST = "WHERE id = (SELECT user_id FROM doctors WHERE id = :doctor)"
CHANGES = {
    "new": NEW,
    "renamed": f"UPDATE users SET name = 'Dr. Zuri' {OF_FIRST}",
    "gone": f"UPDATE users SET is_active = false {OF_FIRST}",
    "back": f"UPDATE users SET is_active = true {OF_FIRST}",
    "moved": "UPDATE doctors SET department = 'Surgery' WHERE id = :doctor",
    "another account": """
        WITH account AS (INSERT INTO users (id, hospital_id, name, email, role)
                         VALUES (:user, :hospital, 'Dr. Other', CAST(:user AS text), 'DOCTOR') RETURNING id)
        UPDATE doctors SET user_id = account.id FROM account WHERE doctors.id = :doctor""",
    "never there": """
        WITH hours AS (DELETE FROM doctor_schedules WHERE doctor_id = :doctor)
        DELETE FROM doctors WHERE id = :doctor""",
}
"""Each way in which those who are offered can become others, one after the other."""


def test_whatever_changes_who_is_offered_shows_at_once(here: Clinic, monkeypatch: pytest.MonkeyPatch) -> None:
    memory: kept.Kept[tuple[str, Choice]] = kept.Kept(9)

    def choices(keeping: kept.Kept[tuple[str, Choice]]) -> list[Choice]:
        monkeypatch.setattr(doctor_choice, "KEPT", keeping)
        return [doctor_choice.choice(here.session, here.actor, also_gone=also) for also in (False, True)]

    given = {"hospital": here.actor.hospital_id, "doctor": here.doctor(), "user": uuid4()}
    for how, statement in CHANGES.items():
        before = choices(memory)
        here.session.execute(sa.text(statement), given)
        fresh = choices(kept.Kept(9))
        assert before != fresh, f"{how}: the database says the same, so this shows nothing"
        assert choices(memory) == fresh, how
        here.session.rollback() if how == "new" else here.session.commit()
        assert choices(memory) == (before if how == "new" else fresh), how
        assert all(one is again for one, again in zip(choices(memory), choices(memory), strict=True)), how


def test_who_is_added_by_two_at_once_is_offered_as_soon_as_each_is_there(here: Clinic, engine: sa.Engine) -> None:
    given = {"hospital": here.actor.hospital_id}
    with Session(engine) as one, Session(engine) as another:
        counts = [doctor_choice.choice(here.session, here.actor).count]
        one.execute(sa.text(NEW), given)
        another.execute(sa.text("SET LOCAL lock_timeout = '100ms'"))
        another.execute(sa.text(NEW), given)  # would be refused the lock
        for session in (another, one):
            counts.append(doctor_choice.choice(here.session, here.actor).count)
            session.commit()
            counts.append(doctor_choice.choice(here.session, here.actor).count)
    assert counts == [1, 1, 2, 2, 3]


ROWS_READ = """
    WITH theirs AS (SELECT CAST(unnest(ARRAY['doctors', 'users']) AS regclass) AS id)
    SELECT sum(pg_stat_get_xact_tuples_returned(id) + pg_stat_get_xact_tuples_fetched(id))
      FROM (SELECT id FROM theirs UNION SELECT indexrelid FROM pg_index WHERE indrelid IN (SELECT id FROM theirs)) read
"""
"""How many rows of doctors and users, and entries of their indexes, this transaction has read."""


def test_nobody_is_looked_at_again_while_nothing_was_changed(here: Clinic) -> None:
    many_doctors.add(here.session, here.actor, 100, 199)

    def read() -> int:
        found = here.session.scalar(sa.text(ROWS_READ))
        return int(found or 0)

    first, before = doctor_choice.choice(here.session, here.actor), read()
    again, more = doctor_choice.choice(here.session, here.actor), read() - before
    assert again == first
    assert before >= first.count == 101, "what is read is counted"
    assert more < first.count / 2, (
        "who plans a statement may look at the ends of an index, and at rows that are gone there"
    )


def test_words_mean_the_one_doctor_who_is_called_so_or_whom_they_fit(here: Clinic) -> None:
    many_doctors.add(here.session, here.actor, 10, 40)
    assert find(here, "ASHA 0012") == "Dr. Asha 0012"
    assert find(here, "0012 department 01") == "Dr. Asha 0012"
    assert find(here, "Dr. 001") == "Dr. 001"
    assert find(here, "dr. 001, CARDIOLOGY") == "Dr. 001"
    for name in ("Dr. Asha 00", "nobody", "  ", "Asha 0012 Cardiology"):
        assert find(here, name) is None, name
    assert len(doctor_choice.matching(here.session, here.actor, "dr")) == MOST_FOUND + 1
    here.session.execute(sa.text("UPDATE users SET name = 'Dr. Asha 00' WHERE name = 'Dr. Asha 0012'"))
    assert find(here, "Dr. Asha 00") == "Dr. Asha 00", "who is called so, though it is in the names of others"


def test_namesakes_are_told_apart_by_their_addresses_and_who_was_chosen_stays(here: Clinic) -> None:
    twins = [here.doctor(), here.doctor()]
    for number, key in enumerate(twins):
        given = {"id": key, "email": f"{number}@twins.test"}
        here.session.execute(
            sa.text(
                "UPDATE users SET name = 'Dr. Twin', email = :email "
                "WHERE id = (SELECT user_id FROM doctors WHERE id = :id)"
            ),
            given,
        )
    words = [found for found, _ in doctor_choice.matching(here.session, here.actor, "twin")]
    assert words == ["Dr. Twin, Cardiology, 0@twins.test", "Dr. Twin, Cardiology, 1@twins.test"]
    assert find(here, "Dr. Twin, Cardiology") is None
    found = doctor_choice.matching(here.session, here.actor, words[1])
    assert [one.id for _, one in found] == [twins[1]]
    for was in twins:
        found = doctor_choice.matching(here.session, here.actor, "Dr. Twin, Cardiology", first=was)
        one = doctor_choice.meant("Dr. Twin, Cardiology", found, was)
        assert one is not None
        assert one.id == was
    assert find(here, "Dr. 001", was=twins[0]) == "Dr. 001", "somebody else's name was typed over it"
