"""The product's own words for each event, in each language. A hospital may write others (`domain/templates.py`)."""

from dataclasses import dataclass

from hms_web.domain.messages import Language, MessageEvent


@dataclass(frozen=True, slots=True)
class Template:
    """The words of a message with its placeholders: a subject, which names nobody, and the text itself."""

    title: str
    body: str


_ENGLISH = {
    MessageEvent.BOOKED: Template(
        "Appointment Booked",
        "{hospital}: your appointment with {doctor} is on {when}. Your token number is {token}.",
    ),
    MessageEvent.RESCHEDULED: Template(
        "Appointment Rescheduled",
        "{hospital}: your appointment has moved to {when}, with {doctor}. Your token number is {token}.",
    ),
    MessageEvent.CANCELLED: Template(
        "Appointment Cancelled",
        "{hospital}: your appointment with {doctor} on {when} has been cancelled.",
    ),
    MessageEvent.AFFECTED_BY_ABSENCE: Template(
        "Appointment Affected",
        "{hospital}: {doctor} is away on {when}. We will contact you to find another time.",
    ),
    MessageEvent.CANCELLED_BY_EMERGENCY: Template(
        "Appointment Cancelled - Doctor Emergency",
        "{hospital}: {doctor} cannot be there on {when} because of an emergency. "
        "Your appointment is cancelled; please book another time.",
    ),
    MessageEvent.NEEDS_RESCHEDULING: Template(
        "Appointment Needs Rescheduling",
        "{hospital}: {doctor}'s hours have changed. Your appointment on {when} needs another time; "
        "we will contact you.",
    ),
    MessageEvent.DOCTOR_UNAVAILABLE: Template(
        "Appointment Cancelled - Doctor Unavailable",
        "{hospital}: {doctor} is no longer available. Your appointment on {when} has been cancelled; "
        "please book another time.",
    ),
    MessageEvent.AFFECTED_BY_HOLIDAY: Template(
        "Appointment Affected",
        "{hospital}: we are closed on {when}. We will contact you to find another time.",
    ),
    MessageEvent.KEPT: Template(
        "Appointment Stays As It Is",
        "{hospital}: your appointment with {doctor} on {when} stays as it is. Your token number is {token}.",
    ),
    MessageEvent.NO_SHOW: Template(
        "Appointment Missed",
        "{hospital}: your appointment with {doctor} on {when} is noted as missed. You can book another time.",
    ),
    MessageEvent.NO_SHOW_BLOCKED: Template(
        "Appointment Missed",
        "{hospital}: your appointment with {doctor} on {when} is noted as missed. "
        "Since several were missed, please ask at the front desk for your next one.",
    ),
    MessageEvent.NOT_COMING: Template(
        "Appointment Given Up",
        "{hospital}: we have noted that you are not coming to {doctor} on {when}. You can book another time.",
    ),
    MessageEvent.NOT_COMING_BLOCKED: Template(
        "Appointment Given Up",
        "{hospital}: we have noted that you are not coming to {doctor} on {when}. "
        "Since several were missed, please ask at the front desk for your next one.",
    ),
}

_HINDI = {
    MessageEvent.BOOKED: Template(
        "अपॉइंटमेंट बुक हुई",
        "{hospital}: {doctor} के साथ आपकी अपॉइंटमेंट {when} है। आपका टोकन नंबर {token} है।",
    ),
    MessageEvent.RESCHEDULED: Template(
        "अपॉइंटमेंट का समय बदला",
        "{hospital}: आपकी अपॉइंटमेंट का नया समय {when} है, {doctor} के साथ। आपका टोकन नंबर {token} है।",
    ),
    MessageEvent.CANCELLED: Template(
        "अपॉइंटमेंट रद्द",
        "{hospital}: {doctor} के साथ {when} की आपकी अपॉइंटमेंट रद्द कर दी गई है।",
    ),
    MessageEvent.AFFECTED_BY_ABSENCE: Template(
        "आपकी अपॉइंटमेंट के बारे में सूचना",
        "{hospital}: {doctor} {when} उपलब्ध नहीं होंगे। दूसरा समय तय करने के लिए हम आपसे संपर्क करेंगे।",
    ),
    MessageEvent.CANCELLED_BY_EMERGENCY: Template(
        "अपॉइंटमेंट रद्द - डॉक्टर की आपात स्थिति",
        "{hospital}: आपात स्थिति के कारण {doctor} {when} नहीं आ सकेंगे। आपकी अपॉइंटमेंट रद्द कर दी गई है; कृपया दूसरा समय बुक करें।",
    ),
    MessageEvent.NEEDS_RESCHEDULING: Template(
        "अपॉइंटमेंट का समय बदलना होगा",
        "{hospital}: {doctor} के काम के घंटे बदल गए हैं। {when} की आपकी अपॉइंटमेंट का समय बदलना होगा; हम आपसे संपर्क करेंगे।",
    ),
    MessageEvent.DOCTOR_UNAVAILABLE: Template(
        "अपॉइंटमेंट रद्द - डॉक्टर उपलब्ध नहीं",
        "{hospital}: {doctor} अब उपलब्ध नहीं हैं। {when} की आपकी अपॉइंटमेंट रद्द कर दी गई है; कृपया दूसरा समय बुक करें।",
    ),
    MessageEvent.AFFECTED_BY_HOLIDAY: Template(
        "आपकी अपॉइंटमेंट के बारे में सूचना",
        "{hospital}: {when} अस्पताल बंद रहेगा। दूसरा समय तय करने के लिए हम आपसे संपर्क करेंगे।",
    ),
    MessageEvent.KEPT: Template(
        "अपॉइंटमेंट पहले जैसी रहेगी",
        "{hospital}: {doctor} के साथ {when} की आपकी अपॉइंटमेंट पहले जैसी ही रहेगी। आपका टोकन नंबर {token} है।",
    ),
    MessageEvent.NO_SHOW: Template(
        "अपॉइंटमेंट छूट गई",
        "{hospital}: {doctor} के साथ {when} की आपकी अपॉइंटमेंट छूटी हुई दर्ज की गई है। आप दूसरा समय बुक कर सकते हैं।",
    ),
    MessageEvent.NO_SHOW_BLOCKED: Template(
        "अपॉइंटमेंट छूट गई",
        "{hospital}: {doctor} के साथ {when} की आपकी अपॉइंटमेंट छूटी हुई दर्ज की गई है। "
        "कई अपॉइंटमेंट छूट चुकी हैं, इसलिए अगली अपॉइंटमेंट के लिए कृपया रिसेप्शन पर आएँ या फ़ोन करें।",
    ),
    MessageEvent.NOT_COMING: Template(
        "आप नहीं आ रहे हैं",
        "{hospital}: हमने दर्ज कर लिया है कि आप {doctor} के पास {when} नहीं आएँगे। आप दूसरा समय बुक कर सकते हैं।",
    ),
    MessageEvent.NOT_COMING_BLOCKED: Template(
        "आप नहीं आ रहे हैं",
        "{hospital}: हमने दर्ज कर लिया है कि आप {doctor} के पास {when} नहीं आएँगे। "
        "कई अपॉइंटमेंट छूट चुकी हैं, इसलिए अगली अपॉइंटमेंट के लिए कृपया रिसेप्शन पर आएँ या फ़ोन करें।",
    ),
}

WORDS = {Language.ENGLISH: _ENGLISH, Language.HINDI: _HINDI}
