"""What the outbox holds is sent once, while it is true, or shown as what it is (product.md, Notifications; J7, J8)."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from hms_web.domain.delivery import LEASE, LONGEST_SENDING, Answer, Outcome, Reason
from hms_web.domain.messages import MessageEvent
from hms_web.domain.notifications import Channel, DeliveryState
from hms_web.models import Appointment, MessageProvider, Notification, Patient, User
from hms_web.services import booking, cancelling, delivery, outbox, providers, unit_of_work
from hms_web.services.appointments import AppointmentView
from hms_web.services.delivery import Outgoing
from tests.scenes import MONDAY, NOW, Clinic

SECRET = "a secret of these tests"
SMS_URL, EMAIL_URL = "json://sms.test/{to}", "mailtos://u:p@mail.test?to={to}"
SENT = Outcome(Answer.SENT)
BROKEN = Outcome(Answer.LATER, Reason.BROKEN, "500")


@dataclass
class Post:
    """A provider that answers as it is told, and keeps what it was given."""

    session: Session
    answers: list[Outcome] = field(default_factory=list)
    given: list[Outgoing] = field(default_factory=list)
    meanwhile: Callable[[], object] | None = None

    def __call__(self, message: Outgoing) -> Outcome:
        assert not self.session.in_transaction(), "nothing is locked while a provider is spoken to"
        self.given.append(message)
        if self.meanwhile:
            self.meanwhile()
        return self.answers.pop(0) if self.answers else SENT

    @property
    def keys(self) -> list[str]:
        return [message.key for message in self.given]


@pytest.fixture
def post(session: Session) -> Post:
    return Post(session)


def put_provider(here: Clinic, channel: Channel = Channel.SMS, url: str = SMS_URL) -> None:
    providers.put(here.session, here.admin, channel, url, secret=SECRET, now=NOW)


def booked(here: Clinic, at: time = time(10), day: date = MONDAY, **patient: object) -> AppointmentView:
    return here.book(here.doctor(), here.patient(**patient), at, day)


def run(here: Clinic, post: delivery.Send, now: datetime = NOW, at_once: int = delivery.BATCH) -> list[DeliveryState]:
    states: list[DeliveryState] = []
    while batch := delivery.claim(here.session, now=now, limit=at_once):
        for claim in batch:
            state = delivery.deliver(here.session, claim, post, secret=SECRET, luck=0.5, now=now)
            assert isinstance(state, DeliveryState)
            states.append(state)
    return states


def the_sms(here: Clinic) -> Notification:
    here.session.expire_all()
    return here.session.scalars(sa.select(Notification).where(Notification.channel == Channel.SMS)).one()


def test_a_message_is_sent_once(here: Clinic, post: Post) -> None:
    put_provider(here)
    booked(here, phone="+91 98 7654")
    assert run(here, post) == [DeliveryState.SENT]
    (message,), row = post.given, the_sms(here)
    assert (message.url, message.to, message.key) == (SMS_URL, "+91987654", f"{row.id}:1")
    assert "Monday 2 March 2026 at 10:00" in message.body
    assert (row.sent_at, row.attempts, row.last_error, row.next_attempt_at, row.claimed_until) == (NOW, 1, *3 * [None])
    assert run(here, post, NOW + LEASE) == []
    assert "91987654" not in repr(message), "what is sent stands in no trace"


def test_without_a_provider_it_is_kept_and_said(here: Clinic, post: Post) -> None:
    booked(here)
    assert run(here, post) == [DeliveryState.NOT_CONFIGURED]
    assert the_sms(here).last_error == Reason.NO_PROVIDER
    assert post.given == []


def test_a_provider_of_another_hospital_is_not_used(here: Clinic, elsewhere: Clinic, post: Post) -> None:
    put_provider(elsewhere)
    booked(here)
    assert run(here, post) == [DeliveryState.NOT_CONFIGURED]


def test_an_address_sealed_under_another_secret_is_said(here: Clinic, post: Post) -> None:
    providers.put(here.session, here.admin, Channel.SMS, SMS_URL, secret="another secret", now=NOW)
    booked(here)
    assert run(here, post) == [DeliveryState.NOT_CONFIGURED]
    assert the_sms(here).last_error == Reason.UNREADABLE_PROVIDER


@pytest.mark.parametrize(
    ("outcome", "state", "error"),
    [
        (Outcome(Answer.NEVER, Reason.REFUSED, "400"), DeliveryState.FAILED, "REFUSED 400"),
        (
            Outcome(Answer.MISCONFIGURED, Reason.WRONG_CREDENTIALS, "401"),
            DeliveryState.NOT_CONFIGURED,
            "WRONG_CREDENTIALS 401",
        ),
    ],
)
def test_a_refusal_is_kept(here: Clinic, post: Post, outcome: Outcome, state: DeliveryState, error: str) -> None:
    put_provider(here)
    booked(here)
    post.answers = [outcome]
    assert run(here, post) == [state]
    row = the_sms(here)
    assert (row.last_error, row.sent_at, row.next_attempt_at) == (error, None, None)


def test_an_hour_of_failures_loses_nothing(here: Clinic, post: Post) -> None:
    put_provider(here)
    booked(here, day=MONDAY + timedelta(days=1))
    post.answers = 60 * [BROKEN]
    tried = [minute for minute in range(60) if run(here, post, NOW + timedelta(minutes=minute))]
    assert tried == [0, 1, 2, 4, 8, 16, 31, 46], "further and further apart, up to a quarter of an hour"
    assert (the_sms(here).state, the_sms(here).attempts) == (DeliveryState.QUEUED, 8)
    assert the_sms(here).last_error == "BROKEN 500"
    post.answers = []
    assert run(here, post, NOW + timedelta(minutes=61)) == [DeliveryState.SENT]
    assert len(set(post.keys)) == 1, "the provider can tell that it is the same message"
    assert the_sms(here).last_error is None


def test_a_provider_that_asks_for_time_gets_it(here: Clinic, post: Post) -> None:
    put_provider(here)
    booked(here, day=MONDAY + timedelta(days=1))
    post.answers = [Outcome(Answer.LATER, Reason.BUSY, "429", timedelta(minutes=20))]
    assert run(here, post) == [DeliveryState.QUEUED]
    assert run(here, post, NOW + timedelta(minutes=19)) == []
    assert run(here, post, NOW + timedelta(minutes=20)) == [DeliveryState.SENT]


def test_a_provider_that_is_down_is_asked_once_a_run(here: Clinic, elsewhere: Clinic, post: Post) -> None:
    put_provider(here)
    put_provider(elsewhere)
    doctor = here.doctor()
    for hour in (9, 10, 11):
        here.book(doctor, here.patient(), time(hour), MONDAY + timedelta(days=1))
    post.answers = [BROKEN]
    assert run(here, post) == 3 * [DeliveryState.QUEUED]
    assert len(post.given) == 1, "the others wait for it"
    booked(elsewhere, day=MONDAY + timedelta(days=1))
    assert run(here, post) == [DeliveryState.SENT], "and nobody else does"
    assert run(here, post, NOW + timedelta(minutes=1)) == 3 * [DeliveryState.SENT]


def test_a_provider_that_is_down_holds_up_no_other_one(here: Clinic, elsewhere: Clinic, post: Post) -> None:
    put_provider(here)
    put_provider(here, Channel.EMAIL, EMAIL_URL)
    put_provider(elsewhere)
    booked(here, email="asha@home.test")
    booked(elsewhere)
    post.answers = [BROKEN]
    assert run(here, post) == [DeliveryState.QUEUED, DeliveryState.SENT, DeliveryState.SENT]
    assert [message.channel for message in post.given] == [Channel.SMS, Channel.EMAIL, Channel.SMS]


def test_a_cancelled_appointment_is_not_announced(here: Clinic, post: Post) -> None:
    put_provider(here)
    view = booked(here)
    cancelling.cancel(here.session, here.actor, view.id, reason="x", now=NOW)
    assert sorted(run(here, post)) == [DeliveryState.SENT, DeliveryState.SUPPRESSED]
    (message,) = post.given
    assert "has been cancelled" in message.body
    rows = here.session.scalars(sa.select(Notification).where(Notification.channel == Channel.SMS)).all()
    assert {row.event: (row.state, row.last_error) for row in rows} == {
        "appointment.booked": ("SUPPRESSED", "CANCELLED"),
        "appointment.cancelled": ("SENT", None),
    }


def test_a_moved_appointment_is_announced_where_it_is(here: Clinic, post: Post) -> None:
    put_provider(here)
    view = booked(here)
    change = booking.AppointmentChange(time=time(11))
    assert isinstance(booking.change(here.session, here.actor, view.id, change, now=NOW), AppointmentView)
    assert sorted(run(here, post)) == [DeliveryState.SENT, DeliveryState.SUPPRESSED]
    assert [message.title for message in post.given] == ["Appointment Rescheduled"]


def test_what_is_too_old_is_said_to_be(here: Clinic, post: Post) -> None:
    put_provider(here)
    booked(here, at=time(9))
    assert run(here, post, datetime(2026, 3, 2, 3, 30, tzinfo=NOW.tzinfo)) == [DeliveryState.FAILED]
    assert (the_sms(here).last_error, post.given) == (Reason.TOO_OLD, [])


def test_without_a_number_it_cannot_be_sent(here: Clinic, post: Post) -> None:
    put_provider(here)
    view = booked(here, phone=None)
    assert run(here, post) == [DeliveryState.FAILED]
    assert the_sms(here).last_error == Reason.NO_PHONE
    here.session.execute(sa.update(Patient).where(Patient.id == view.patient_id).values(phone="12345678"))
    here.session.commit()
    assert post.given == []


def test_the_number_is_the_one_of_now(here: Clinic, post: Post) -> None:
    put_provider(here)
    view = booked(here, phone="11111111")
    here.session.execute(sa.update(Patient).where(Patient.id == view.patient_id).values(phone="22222222"))
    here.session.commit()
    run(here, post)
    assert [message.to for message in post.given] == ["22222222"]


def test_who_has_an_e_mail_address_is_written_to_where_that_is_sent(here: Clinic, post: Post) -> None:
    booked(here, email="asha@example.org")
    assert here.count(Notification, channel="email") == 0
    put_provider(here, Channel.EMAIL, EMAIL_URL)
    booked(here)
    assert here.count(Notification, channel="email") == 0
    booked(here, email="asha@example.org")
    run(here, post)
    ((to, title, channel),) = [(message.to, message.title, message.channel) for message in post.given]
    assert (to, title, channel) == ("asha@example.org", "Appointment Booked", Channel.EMAIL)


def test_an_e_mail_address_that_is_gone(here: Clinic, post: Post) -> None:
    put_provider(here, Channel.EMAIL, EMAIL_URL)
    booked(here, email="asha@example.org")
    here.session.execute(sa.update(Patient).values(email=None))
    here.session.commit()
    run(here, post)
    row = here.session.scalars(sa.select(Notification).where(Notification.channel == "email")).one()
    assert (row.state, row.last_error) == (DeliveryState.FAILED, Reason.NO_EMAIL)


def _tell_admin(here: Clinic) -> None:
    assert here.admin.user_id
    outbox.queue_staff(
        here.session,
        here.admin.hospital_id,
        [here.admin.user_id],
        title="The check has failed",
        body="x",
        dedupe="x",
        now=NOW,
        channels=[Channel.EMAIL],
    )
    here.session.commit()


def test_staff_are_written_to_as_well(here: Clinic, post: Post) -> None:
    put_provider(here, Channel.EMAIL, EMAIL_URL)
    _tell_admin(here)
    assert run(here, post) == [DeliveryState.SENT]
    assert post.given[0].to.endswith("@test")


def test_who_has_left_is_not_written_to(here: Clinic, post: Post) -> None:
    put_provider(here, Channel.EMAIL, EMAIL_URL)
    _tell_admin(here)
    here.session.execute(sa.update(User).where(User.id == here.admin.user_id).values(is_active=False))
    here.session.commit()
    assert run(here, post) == [DeliveryState.SUPPRESSED]


def test_a_worker_that_dies_loses_its_claim_and_the_next_one_has_the_same_key(here: Clinic, post: Post) -> None:
    put_provider(here)
    booked(here)

    def die() -> None:
        raise KeyboardInterrupt

    post.meanwhile = die
    with pytest.raises(KeyboardInterrupt):
        run(here, post)
    post.meanwhile = None
    assert run(here, post, NOW + LEASE - timedelta(seconds=1)) == []
    assert run(here, post, NOW + LEASE) == [DeliveryState.SENT]
    assert len(post.given) == 2
    assert len(set(post.keys)) == 1


def test_who_wakes_after_the_lease_can_note_nothing(here: Clinic, post: Post) -> None:
    put_provider(here)
    booked(here)
    (mine,) = delivery.claim(here.session, now=NOW)
    later = NOW + LEASE
    late = delivery.deliver(here.session, mine, post, secret=SECRET, luck=0.5, now=later)
    assert (late, post.given) == (DeliveryState.QUEUED, []), "it does not even try"
    (theirs,) = delivery.claim(here.session, now=later)
    post.meanwhile = lambda: delivery.deliver(here.session, theirs, lambda _: SENT, secret=SECRET, luck=0.5, now=later)
    post.answers = [BROKEN]
    assert delivery.deliver(here.session, theirs, post, secret=SECRET, luck=0.5, now=later) == DeliveryState.QUEUED
    assert (the_sms(here).state, the_sms(here).attempts) == (DeliveryState.SENT, 1), "what the other noted stays"
    assert delivery.deliver(here.session, mine, post, secret=SECRET, luck=0.5, now=NOW) == DeliveryState.QUEUED


def test_two_workers_never_claim_the_same(here: Clinic, engine: sa.Engine) -> None:
    doctor = here.doctor()
    for quarter in range(12):
        here.book(doctor, here.patient(), time(9 + quarter // 2 + (quarter >= 8), 30 * (quarter % 2)))
    with Session(engine) as other:
        due = sa.select(Notification.id).where(Notification.state == "QUEUED").with_for_update().limit(5)
        locked = set(other.scalars(due))
        assert len(locked) == 5
        first = {claim.id for claim in delivery.claim(here.session, now=NOW)}
        assert len(first) == 7, "what another one is just taking is passed over, and not waited for"
        assert first.isdisjoint(locked)
        other.rollback()
    second = {claim.id for claim in delivery.claim(here.session, now=NOW)}
    assert second == locked


@pytest.mark.parametrize("at_once", [1, delivery.BATCH])
def test_what_is_urgent_goes_first(here: Clinic, post: Post, at_once: int) -> None:
    put_provider(here)
    booked(here)
    urgent = booked(here)
    view = here.session.get_one(Appointment, urgent.id)
    cancelling.cancel_affected(
        here.session,
        here.admin,
        [view.id],
        note="x",
        event=MessageEvent.DOCTOR_UNAVAILABLE,
        now=NOW,
    )
    here.session.commit()
    run(here, post, at_once=at_once)
    assert [message.title for message in post.given] == [
        "Appointment Cancelled - Doctor Unavailable",
        "Appointment Booked",
    ]


def test_a_test_message_goes_to_the_typed_address(here: Clinic, post: Post) -> None:
    put_provider(here)
    providers.send_test(here.session, here.admin, Channel.SMS, " 98 7 ", now=NOW)
    assert run(here, post) == [DeliveryState.SENT]
    assert post.given[0].to == "987"
    assert here.count(MessageProvider) == 1


def test_a_busy_database_after_the_sending_is_asked_again_until_the_answer_is_noted(
    here: Clinic, post: Post, engine: sa.Engine
) -> None:
    put_provider(here)
    booked(here)
    with engine.connect() as other:

        def lock() -> None:
            other.execute(sa.select(Notification.id).with_for_update())

        pauses: list[float] = []

        def let_go(seconds: float) -> None:
            pauses.append(seconds)
            other.rollback()

        post.meanwhile = lock
        (claim,) = [one for one in delivery.claim(here.session, now=NOW) if one.id == the_sms(here).id]
        here.session.execute(sa.text("SET lock_timeout = '50ms'"))
        try:
            state = delivery.deliver(here.session, claim, post, secret=SECRET, luck=0.5, now=NOW, pause=let_go)
        finally:
            here.session.rollback()
            here.session.execute(sa.text("RESET lock_timeout"))  # the connection goes on to other tests
            here.session.commit()
    assert (state, pauses) == (DeliveryState.SENT, [delivery.PAUSES[0]])
    assert (the_sms(here).state, the_sms(here).attempts) == ("SENT", 1)
    assert run(here, post, NOW + LEASE) == []
    assert len(post.given) == 1


def test_an_answer_that_cannot_be_noted_is_kept_and_can_be_noted_later(
    here: Clinic, post: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    put_provider(here)
    booked(here)
    (claim,) = [one for one in delivery.claim(here.session, now=NOW) if one.id == the_sms(here).id]

    def busy(*_given: object) -> None:
        raise unit_of_work.Busy

    with monkeypatch.context() as patch:
        patch.setattr(delivery, "_note", busy)
        pauses: list[float] = []
        kept = delivery.deliver(here.session, claim, post, secret=SECRET, luck=0.5, now=NOW, pause=pauses.append)
    assert isinstance(kept, delivery.Unwritten)
    assert tuple(pauses) == delivery.PAUSES
    assert the_sms(here).state == "QUEUED"
    assert delivery.write(here.session, kept, now=NOW) is DeliveryState.SENT
    assert the_sms(here).state == "SENT"
    assert delivery.write(here.session, kept, now=NOW) is DeliveryState.QUEUED, "it is not ours any more"


def test_a_busy_database_before_the_sending_leaves_the_message_for_later(
    here: Clinic, post: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    put_provider(here)
    booked(here)

    def busy(*_given: object) -> None:
        raise unit_of_work.Busy

    with monkeypatch.context() as patch:
        patch.setattr(delivery, "_prepare", busy)
        assert set(run(here, post)) == {DeliveryState.QUEUED}
    assert post.given == []
    assert DeliveryState.SENT in run(here, post, NOW + LEASE)


def test_nothing_is_begun_so_shortly_before_the_lease_is_over_that_two_would_send(here: Clinic, post: Post) -> None:
    put_provider(here)
    booked(here)
    (claim,) = [one for one in delivery.claim(here.session, now=NOW) if one.id == the_sms(here).id]
    late = NOW + LEASE - LONGEST_SENDING
    assert delivery.deliver(here.session, claim, post, secret=SECRET, luck=0, now=late) is DeliveryState.QUEUED
    assert post.given == []
