"""What came up against an appointment while nobody was asked about it, because its patient was not expected."""

from datetime import datetime

from sqlalchemy import text
from sqlalchemy.orm import Session

from hms_web.domain.affected import AffectedCause
from hms_web.domain.identity import Actor
from hms_web.domain.schedules import DayOfWeek
from hms_web.services import asking
from hms_web.services.appointments import AppointmentView

# Whether a cause still speaks against it is for others to say. Leave counts that lies over it now, and hours of its own
# weekday: those of other days bring no decision back (docs/decisions/0042).
_CAME = text(
    """
    SELECT DISTINCT CASE WHEN e.record_type = 'absence' THEN 'ABSENCE'
                         WHEN e.record_type = 'holiday' THEN 'HOLIDAY'
                         WHEN e.action = 'doctor.schedule_replaced' THEN 'SCHEDULE_CHANGE'
                         ELSE 'DOCTOR_UNAVAILABLE' END AS cause
      FROM audit_events e JOIN doctors d ON d.id = :doctor
     WHERE e.hospital_id = :hospital AND e.at >= :since
       AND CASE e.action
             WHEN 'absence.created' THEN true
             WHEN 'absence.changed' THEN e.details -> 'changes' ?| ARRAY['start_date', 'end_date', 'start_time',
                                                                         'end_time', 'absence_type']
             WHEN 'holiday.created' THEN true
             WHEN 'holiday.changed' THEN e.details -> 'changes' ?| ARRAY['date', 'is_recurring', 'is_active']
             WHEN 'doctor.schedule_replaced' THEN
                  e.record_id = d.id
                  AND jsonb_path_query_array(e.details #> '{changes,schedules,from}', CAST(:own_day AS jsonpath))
                   <> jsonb_path_query_array(e.details #> '{changes,schedules,to}', CAST(:own_day AS jsonpath))
             WHEN 'doctor.changed' THEN e.record_id = d.id AND e.details -> 'changes' ? 'is_available'
             WHEN 'user.changed' THEN e.record_id = d.user_id AND e.details -> 'changes' ? 'is_active'
             ELSE false END
       AND (e.record_type <> 'absence' OR EXISTS (
            SELECT FROM doctor_absences a
             WHERE a.id = e.record_id AND a.doctor_id = d.id AND a.status = 'ACTIVE'
               AND :day BETWEEN a.start_date AND a.end_date
               AND (a.start_time IS NULL OR a.start_time < :until AND :start < a.end_time)))
    """
)


def came(session: Session, actor: Actor, view: AppointmentView, since: datetime) -> frozenset[AffectedCause]:
    """Return the causes of which something new has come since then, as the audit trail knows it."""
    given = {
        "hospital": actor.hospital_id,
        "doctor": view.doctor_id,
        "since": since,
        "own_day": f'$[*] ? (@.day_of_week == "{DayOfWeek.of(view.date)}")',
        "day": view.date,
        "start": view.start_time,
        "until": view.end_time,
    }
    return frozenset(AffectedCause(row.cause) for row in asking.rows(session, _CAME, given))
