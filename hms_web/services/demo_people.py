"""The invented people of the demo: names of several cultures, put together by a seeded generator."""

import random
from datetime import date, timedelta

from hms_web.domain.patients import Sex
from hms_web.services.patients import NewPatient

# Each culture: given names of women, given names of men, family names.
_CULTURES = [
    (
        "Asha Priya Lakshmi Kavita Sunita Divya Nandini Rekha Pooja Sarita Vidya Ishita Gauri Malati",
        "Arjun Rahul Suresh Vikram Anil Mohan Karthik Deepak Prakash Rohan Nikhil Harish Ganesh Ajay",
        "Sharma Iyer Patel Reddy Nair Gupta Desai Kulkarni Menon Joshi Verma Bhat Chopra Pillai Rao",
    ),
    (
        "Fatima Zainab Amina Yasmin Noor Samira Leila Hiba Rukhsana Nadia",
        "Imran Yusuf Tariq Omar Bilal Hassan Farhan Salim Kareem Rashid",
        "Khan Qureshi Ansari Sheikh Hussain Siddiqui Malik Al-Hassan Mirza Baig",
    ),
    (
        "Mary Anna Grace Helen Ruth Lucy Clare Teresa Emma Joan",
        "John Thomas Peter Daniel George Simon Paul Edward Martin Joseph",
        "Fernandes D'Souza Pereira Mathew Williams O'Brien Varghese Baker Lobo Hughes",
    ),
    (
        "Adaeze Ngozi Wanjiru Abena Thandiwe Zola Amara Efua",
        "Chidi Kwame Emeka Kofi Tendai Sipho Obinna Jabari",
        "Okafor Mensah Adeyemi Mwangi Dlamini Nwosu Boateng Kamau",
    ),
    (
        "Mei Yuki Linh Hana Xiu Soo-jin Aiko Thuy",
        "Wei Kenji Minh Hiroshi Jun Tenzin Akira Bao",
        "Chen Tanaka Nguyen Kim Wang Sato Tran Lee",
    ),
]
_SHARES = [60, 16, 12, 6, 6]  # of a hundred
_OLDEST_DAYS = 92 * 365
_CHILD_DAYS = 15 * 365


def name_parts() -> tuple[list[str], list[str]]:
    """Return all given names and all family names, for who puts names together in another way."""
    given = [name for women, men, _ in _CULTURES for name in f"{women} {men}".split()]
    return given, [name for *_, families in _CULTURES for name in families.split()]


def _name(dice: random.Random) -> tuple[str, Sex]:
    (culture,) = dice.choices(_CULTURES, _SHARES)
    women, men, families = (names.split() for names in culture)
    if dice.random() < 0.52:  # noqa: PLR2004 a little more than half
        return f"{dice.choice(women)} {dice.choice(families)}", Sex.FEMALE
    return f"{dice.choice(men)} {dice.choice(families)}", Sex.MALE


def _phone(dice: random.Random) -> str:
    digits = f"{dice.choice('6789')}{dice.randrange(10**9):09d}"
    return f"+91 {digits[:5]} {digits[5:]}" if dice.random() < 0.7 else digits  # noqa: PLR2004 written in two ways


def people(count: int, today: date, seed: int = 20_240_229, *, until: date | None = None) -> list[NewPatient]:
    """Return invented patients; with the same seed the same ones, apart from their ages, which follow `today`.

    A quarter are children. All of them were born before `until`, if it is given.
    """
    dice = random.Random(seed)  # noqa: S311 nothing secret
    found = []
    for _ in range(count):
        name, sex = _name(dice)
        is_child = dice.random() < 0.25  # noqa: PLR2004 paediatricians see nobody else
        days = dice.triangular(30, _CHILD_DAYS) if is_child else dice.triangular(30, _OLDEST_DAYS, _OLDEST_DAYS * 0.4)
        born = min(today - timedelta(days=int(days)), (until or today) - timedelta(days=1))
        email = f"{name.split()[0].lower()}.{dice.randrange(1000):03d}@example.org" if dice.random() < 0.3 else None  # noqa: PLR2004
        found.append(NewPatient(name, _phone(dice), born, sex, email))
    return found
