"""docs/access.txt, which a reviewer reads, says what the routes declare."""

import subprocess
import sys

from tests.servers import ROOT


def test_the_table_of_rights_is_what_the_routes_declare() -> None:
    done = subprocess.run(
        [sys.executable, ROOT / ".ci" / "access", "--check"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
