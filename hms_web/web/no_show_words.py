"""How pages say how a no-show was found out."""

from flask_babel import lazy_gettext

from hms_web.domain.no_show import NoShowReason

REASONS = {
    NoShowReason.AUTO_TIMEOUT: lazy_gettext("time went by"),
    NoShowReason.MANUAL_STAFF: lazy_gettext("noted by staff"),
    NoShowReason.MANUAL_DOCTOR: lazy_gettext("noted by the doctor"),
    NoShowReason.PATIENT_CALLED: lazy_gettext("patient called"),
}
