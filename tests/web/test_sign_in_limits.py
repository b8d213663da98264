"""The pages and the API count failures to sign in together."""

import sqlalchemy as sa
from flask import Flask

from hms_web.models import User
from hms_web.services import passwords
from tests.web.pages import Browser
from tests.web.record_scenes import Desk

EMAIL, PASSWORD = "reception@demo.test", "harbour tulip forty two"


def test_who_has_failed_on_the_page_cannot_go_on_at_the_api_and_the_other_way_round(app: Flask, desk: Desk) -> None:
    values = {"email": EMAIL, "password_hash": passwords.hash_password(PASSWORD)}
    desk.session.execute(sa.update(User).where(User.id == desk.clinic.actor.user_id).values(values))
    desk.session.commit()
    browser = Browser(app.test_client())
    ask = lambda password: app.test_client().post(  # noqa: E731
        "/api/v1/auth/token", json={"email": EMAIL, "password": password}
    )
    for _ in range(5):
        assert browser.sign_in(EMAIL, "wrong wrong wrong").status == 422
        assert ask("wrong wrong wrong").status_code == 401
    assert ask(PASSWORD).status_code == 429
    assert browser.sign_in(EMAIL, PASSWORD).status == 429
