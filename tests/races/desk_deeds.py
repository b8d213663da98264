"""What goes on by itself at a desk, and everything that can be done there, by name."""

from collections.abc import Callable
from datetime import timedelta
from random import Random

from hms_web.domain.delivery import Outcome
from hms_web.domain.refusals import Code, InvalidInput, Refusal, Refused
from hms_web.services import (
    alert_board,
    delivery,
    no_show_sweep,
    stage_alerts,
    to_phone,
)
from hms_web.services.delivery import Outgoing
from tests.races.desk import ANSWERS, BEFORE, SECRET, Desk
from tests.races.desk_time import (
    change_holiday,
    change_hours,
    change_leave,
    change_length,
    change_maximum,
    close_for_a_day,
    come_back,
    leave,
    open_again,
    regenerate,
    set_right,
    switch,
    switch_account,
)
from tests.races.desk_visits import (
    abandon,
    block,
    book,
    came,
    cancel,
    complete,
    hold,
    keep,
    measure,
    miss,
    move,
    plan,
    revert,
    set_status,
    start,
    take_a_plan_back,
    unblock,
    unblock_slot,
    undo_check_in,
)


def sweep(desk: Desk) -> object:
    done = no_show_sweep.sweep(desk.session, desk.here.actor, now=desk.now)
    assert not done.errors, done
    assert not no_show_sweep.sweep(desk.session, desk.here.actor, now=desk.now).processed
    return done


def scan(desk: Desk) -> object:
    done = stage_alerts.scan(desk.session, desk.here.actor, now=desk.now)
    again = stage_alerts.scan(desk.session, desk.here.actor, now=desk.now)
    assert not done.errors
    assert (again.created, again.resolved) == (0, 0)
    return done


def take_on(desk: Desk) -> object:
    row = desk.one("SELECT id FROM stage_alerts WHERE status <> 'RESOLVED' ORDER BY id")
    return row and alert_board.acknowledge(desk.session, desk.here.actor, row.id, now=desk.now)


def end_alert(desk: Desk) -> object:
    row = desk.one("SELECT id FROM stage_alerts WHERE status <> 'RESOLVED' ORDER BY id")
    return row and alert_board.resolve(desk.session, desk.here.actor, row.id, note=None, now=desk.now)


def deliver(desk: Desk) -> object:
    def send(_message: Outgoing) -> Outcome:
        return desk.random.choice(ANSWERS)

    for claimed in delivery.claim(desk.session, now=desk.now):
        delivery.deliver(desk.session, claimed, send, secret=SECRET, luck=0.5, now=desk.now)
    return True


def phone(desk: Desk) -> object:
    calls = to_phone.calls(desk.session, desk.here.actor, now=desk.now)
    if not calls:
        return None
    return to_phone.phoned(desk.session, desk.here.actor, desk.random.choice(calls).appointment_id, now=desk.now)


def not_phoned(desk: Desk) -> object:
    row = desk.appointment()
    return row and to_phone.take_back(desk.session, desk.here.actor, row.id, now=desk.now)


_MARKS = """
    SELECT DISTINCT t FROM (
        SELECT starts_at AS t FROM appointments UNION ALL SELECT ends_at FROM appointments
        UNION ALL SELECT ends_at + interval '12 hours' FROM appointments
        UNION ALL SELECT held_until FROM doctor_slots
        UNION ALL SELECT (date_trunc('day', CAST(:now AS timestamptz) AT TIME ZONE h.timezone) + interval '1 day')
                         AT TIME ZONE h.timezone FROM hospitals h
    ) AS marks WHERE t > :now AND t < :until ORDER BY t
"""


def wait(desk: Desk) -> object:
    """Let time go on, often to where something begins or ends, or a moment before it."""
    marks = [row[0] for row in desk.rows(_MARKS, now=desk.now, until=desk.now + timedelta(hours=20))]
    step = timedelta(minutes=desk.random.choice([1, 3, 7, 25, 65, 240, 780]))
    if marks and desk.random.random() < 0.7:
        mark = desk.random.choice(marks[:4])
        later = mark - desk.random.choice(BEFORE)
        desk.now = later if later > desk.now else mark
    else:
        desk.now += step
    return True


WEIGHTS: dict[Callable[[Desk], object], int] = {
    book: 22,
    move: 6,
    cancel: 3,
    set_status: 10,
    undo_check_in: 5,
    miss: 8,
    revert: 10,
    came: 2,
    unblock: 3,
    hold: 3,
    block: 4,
    unblock_slot: 2,
    leave: 5,
    change_leave: 5,
    come_back: 5,
    close_for_a_day: 3,
    change_holiday: 2,
    open_again: 4,
    change_hours: 3,
    change_length: 4,
    change_maximum: 2,
    switch: 2,
    switch_account: 2,
    set_right: 3,
    regenerate: 1,
    keep: 6,
    plan: 4,
    take_a_plan_back: 4,
    measure: 4,
    start: 4,
    complete: 2,
    abandon: 3,
    sweep: 5,
    scan: 4,
    take_on: 2,
    end_alert: 2,
    deliver: 5,
    phone: 3,
    not_phoned: 1,
    wait: 14,
}
"""What is done, and how often among the rest."""
OPERATIONS = {operation.__name__: operation for operation in WEIGHTS}


def carry_out(desk: Desk, name: str, seed: int) -> str:
    """Do one thing; return what came of it in a word. Nothing but a refusal may be raised."""
    desk.random = Random(seed)
    try:
        answer = OPERATIONS[name](desk)
    except (Refused, InvalidInput) as error:
        desk.session.rollback()
        if isinstance(error, Refused) and error.refusal.code is Code.MORE_CONCERNED:
            raise  # what was shown a moment ago is what is done
        return str(error.refusal.code) if isinstance(error, Refused) else "INVALID"
    if isinstance(answer, Refusal):
        return str(answer.code)
    return "-" if answer is None else "done"
