"""A dot between two words stays with the first of them: no line of a narrow place begins with it."""

import re

from tests.servers import ROOT

JINJA = re.compile(r"\{\{.*?\}\}|\{%.*?%\}|\{#.*?#\}", re.DOTALL)
UNWRAPPED = re.compile(r"<title>.*?</title>|\{% block site %\}.*?\{% endblock", re.DOTALL)
"""A window's title has one line."""
LOOSE = re.compile(r"[^\n]*(?<!&nbsp;)· [^\n]*")


def loose(template: str) -> list[str]:
    """Return the lines in which a dot can come to stand at the beginning."""
    return [line.strip() for line in LOOSE.findall(JINJA.sub("", UNWRAPPED.sub("", template)))]


def test_no_template_lets_a_line_begin_with_a_dot() -> None:
    found = {path.name: loose(path.read_text()) for path in (ROOT / "templates").rglob("*.html")}
    assert {name: lines for name, lines in found.items() if lines} == {}
    assert loose("<p>{{ doctor }} · {{ day }}</p>") == ["<p> · </p>"]
    assert loose("<p>\n· {{ day }}</p>") == ["· </p>"]
