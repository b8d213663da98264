"""The style guide shows what there is, in demos and tests only, and the colours stand in one file."""

import re

from flask import Flask

from hms_web.app import EXTENSION
from hms_web.config import Settings
from tests.servers import ROOT
from tests.web.pages import text
from tests.web.record_scenes import Desk

CSS = ROOT / "static" / "css"
# The tokens themselves, paper, and a file that stands alone.
APART = {"tokens.css", "print.css", "downtime.css", "paper.css"}
COLOUR = re.compile(r"#[0-9a-f]{3,8}\b|\brgba?\(|\bhsla?\(", re.IGNORECASE)


def test_every_component_stands_there(desk: Desk) -> None:
    page = desk.doctor().get("/styleguide")
    assert page.status == 200
    parts = {text(part) for part in page.all("h2")}
    assert {"Colours", "Buttons", "Fields", "Front desk", "Board", "Alerts"} <= parts
    for words in ("held by Dr. Li", "held for you", "day full", "to move", "no-show", "I'm on it", "Fill this in."):
        assert words in page.text, words


def test_each_colour_of_the_tokens_is_shown(desk: Desk) -> None:
    page = desk.reception().get("/styleguide")
    shown = {text(code) for code in page.root.iter("code")}
    named = set(re.findall(r"^    --([a-z-]+): (?:#|rgb)", (CSS / "tokens.css").read_text(), re.MULTILINE))
    assert shown == named
    sheet = (CSS / "styleguide.css").read_text()
    assert all(f".of-{name} {{ background: var(--{name}); }}" in sheet for name in named)


def test_colours_stand_in_the_file_of_tokens_alone() -> None:
    found = {path.name: COLOUR.findall(path.read_text()) for path in CSS.glob("*.css") if path.name not in APART}
    assert len(found) > 10
    assert {name: colours for name, colours in found.items() if colours} == {}


def test_there_is_none_where_real_patients_are(app: Flask, desk: Desk) -> None:
    real = Settings.from_env({"HMS_ENV": "production", "SECRET_KEY": "x" * 40, "DATABASE_URL": "postgresql://x/x"})
    kept = app.extensions[EXTENSION]
    browser = desk.reception()
    app.extensions[EXTENSION] = real
    try:
        assert browser.get("/styleguide").status == 404
    finally:
        app.extensions[EXTENSION] = kept
