"""The charts of `/no-shows` and `/overview`: what they say, their days, their files, and who sees which."""

from datetime import time, timedelta
from itertools import pairwise

import pytest
import sqlalchemy as sa
from flask import Flask

from hms_web.domain.statistics import Share
from hms_web.models import AuditEvent
from hms_web.services import no_show_figures, overview
from hms_web.web import charts
from tests.scenes import MONDAY, clinic
from tests.services.test_figures import slots, visit
from tests.web.pages import HX, Browser, Page, text
from tests.web.record_scenes import Desk
from tests.web.staff import signed_in

BEFORE = MONDAY - timedelta(days=7)


@pytest.fixture
def busy(desk: Desk) -> Desk:
    """Thirty Mondays behind a doctor, with a visit at nine, a third of them missed; a colleague's was missed too."""
    place = desk.clinic
    for weeks in range(1, 31):
        status = "COMPLETED" if weeks % 3 else "NO_SHOW"
        visit(place, desk.doctor_id, time(9), status, MONDAY - timedelta(days=7 * weeks), weeks % 3, desk.patient_id)
    slots(place, desk.doctor_id, time(9), time(11), day=BEFORE)
    visit(place, place.doctor(), time(11), "NO_SHOW", BEFORE)
    return desk


def current(page: Page) -> list[str]:
    return [text(link) for link in page.all("a", aria_current="true")]


def lines(browser: Browser, address: str) -> list[str]:
    return browser.get(address).html.removeprefix("\ufeff").splitlines()


def test_the_charts_say_what_they_show(busy: Desk) -> None:
    page = busy.admin().get("/no-shows?first=2025-08-01")
    assert "Did not come 11 Share of those expected 35.5 %" in page.text
    assert "11 of 31 did not come (35.5 %). By chance alone it could be 21.1 to 53.1 %." in page.text
    assert [text(heading) for heading in page.all("h3")][:4] == [
        "Over time",
        "By how long before it was booked",
        "By weekday and hour",
        "By doctor",
    ]
    assert "33.3 % 10 of 30" in page.text
    assert "– few" in page.text  # noqa: RUF001 a dash
    assert "No hour lies further above the rest than chance explains." in page.text
    for figure in page.all("figure"):
        assert any(figure.iter("table"))
        assert any(text(words) for words in figure.iter("p"))
    assert 'style="' not in page.html
    usual = busy.admin().get("/no-shows")
    assert "2 of 5 did not come. These are too few to say more." in usual.text
    assert "Share of those expected – 2 of 5, too few to say more" in usual.text  # noqa: RUF001 a dash
    assert "1 February 2026 to 2 March 2026" in usual.text
    assert "These are too few to say more." in usual.text


def test_too_many_days_are_cut_and_said_so(busy: Desk) -> None:
    page = busy.admin().get("/no-shows?first=2019-01-01")
    assert "2 March 2025 to 2 March 2026" in page.text
    assert "366 days at most" in page.text
    assert "366 days at most" in busy.admin().get("/no-shows?first=").text
    assert "366 days are shown at most" in busy.admin().get("/overview?first=2019-01-01").text


def test_the_days_that_are_offered(busy: Desk) -> None:
    for path in ("/no-shows", "/overview"):
        page = busy.admin().get(path)
        assert current(page) == ["30 days"]
        year = page.follow("This year")
        assert "1 January 2026 to 2 March 2026" in year.text
        assert current(year) == ["This year"]


def test_a_doctor_sees_their_own_charts(busy: Desk) -> None:
    page = busy.doctor().get("/no-shows?first=2025-08-01")
    assert "10 of 30 did not come" in page.text
    assert "By doctor" not in map(text, page.all("h3"))
    rows = lines(busy.doctor(), "/no-shows/charts/by-doctor.csv?first=2025-08-01")
    assert len(rows) == 2
    assert rows[1].endswith(",10,20,33.3,19.2,51.2")


def test_each_chart_is_a_file_that_is_audited(busy: Desk) -> None:
    browser = busy.admin()
    for name, rows in (("over-time", 9), ("by-hour", 3), ("by-doctor", 3), ("by-lead-time", 3)):
        found = lines(browser, f"/no-shows/charts/{name}.csv?first=2025-08-01&last=2026-03-01")
        assert len(found) == rows, found
    link = next(a for a in browser.get("/no-shows?first=2025-08-01").all("a") if "download" in a.attrib)
    assert lines(browser, link.attrib["href"])[0].startswith("Month,Did not come,Came,Share in per cent")
    days = "first=2026-02-22&last=2026-02-23"
    assert lines(browser, f"/no-shows/charts/over-time.csv?{days}")[1:] == ["2026-02-22,0,0,,,", "2026-02-23,1,1,,,"]
    for name in ("no-shows", "utilisation", "utilisation-by-doctor", "waits", "messages", "messages-by-channel"):
        assert len(lines(browser, f"/overview/charts/{name}.csv")) >= 1
    taken = busy.session.scalars(sa.select(AuditEvent.details).order_by(AuditEvent.at, AuditEvent.id)).all()
    busy.session.rollback()
    exports = [details["list"] for details in taken if "list" in details]
    assert exports[0] == "no_shows_over_time"
    assert exports[-1] == "overview_messages_by_channel"
    assert {"first": "2025-08-01", "last": "2026-03-01"}.items() <= taken[-11].items()
    assert browser.get("/no-shows/charts/everything.csv").status == 404
    assert browser.get("/overview/charts/everything.csv").status == 404


def test_the_overview_says_how_the_hospital_does(busy: Desk) -> None:
    browser = busy.admin()
    start = browser.get("/")
    assert (start.url, start.h1) == ("/overview", "Overview")
    assert "Did not come – 2 of 5, too few to say more" in start.text  # noqa: RUF001 a dash
    assert "Offered times that were booked 50 % 1 of 2" in start.text
    assert "The check" in start.text
    part = browser.get("/overview?first=2026-02-23&last=2026-02-23", headers=HX | {"HX-Target": "results"})
    assert part.fragment
    assert "23 February 2026 to 23 February 2026" in part.response.headers["HX-Trigger-After-Settle"]
    assert "Of 2 times that were offered, 50 % were booked and 50 % used." in part.text


def test_a_file_reads_its_own_chart_alone(busy: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    browser = busy.admin()
    for other in ("utilisation", "messages"):
        monkeypatch.setattr(overview, other, None)
    monkeypatch.setattr(no_show_figures, "figures", None)
    assert lines(browser, "/overview/charts/waits.csv")[0].startswith("Stage,")


def test_an_empty_hospital_reads_what_to_do(desk: Desk) -> None:
    empty = clinic(desk.session)
    page = signed_in(desk.app, desk.session, empty.admin).get("/overview")
    assert "There is nothing to count in these days." in page.text
    assert page.follow("To the doctors").h1 == "Doctors"
    desk.session.rollback()
    assert "Nobody was to come in these days." in signed_in(desk.app, desk.session, empty.admin).get("/no-shows").text


@pytest.mark.parametrize("count", [0, 1, 8, 9, 31])
def test_names_below_a_chart_have_room(count: int) -> None:
    found = charts.places([str(number) for number in range(count)])
    assert all(place.left >= charts.MARGIN for place in found)
    assert all(place.left + place.width <= charts.WIDTH for place in found)
    assert all(one.left + one.width <= two.left for one, two in pairwise(found))
    named = [place.middle for place in found if place.words]
    assert len(named) == min(count, len(named)) <= charts.MOST_NAMED
    assert all(two - one >= 70 for one, two in pairwise(named))


def test_what_a_chart_draws_lies_inside_it(app: Flask) -> None:
    shares = [Share(1, 1), Share(0, 0), Share(3, 97), Share(20, 0)]
    with app.test_request_context():  # words need one
        drawn = charts.rates(["a", "b", "c", "d"], shares)
    points = [point for point in drawn.points if point is not None]
    assert len(points) == 3
    assert all(0 <= point.high <= point.at <= point.low <= charts.HEIGHT for point in points)
    assert drawn.path.count("M") == 2
    rows = charts.row_points(shares)
    assert all(0 <= point.low <= point.at <= point.high <= charts.ROW_WIDTH for point in rows)
    stack = charts.stacked(["a", "b"], [[("sent", 3), ("failed", 0), ("waiting", 4)], []])
    bar = stack.bars[0]
    assert [part.kind for part in bar] == ["sent", "waiting"]
    assert bar[0].y + bar[0].height == charts.HEIGHT
    assert bar[1].y + bar[1].height == bar[0].y
    assert [line.words for line in charts.nested(["a"], [[("offered", 140)]]).lines] == ["0", "100", "200"]
    assert [charts.count_top(most) for most in (0, 10, 11, 21, 51, 101)] == [10, 10, 20, 50, 100, 200]
