"""Where the browser tests find their browser, and what happens where there is none."""

import os
from pathlib import Path

import pytest

OWN_PAGES = ["WebUIOmniboxPopup", "WebUIOmniboxAimPopup", "WebUIOmniboxFullPopup", "PreloadTopChromeWebUI"]
"""Pages of Chromium's own, for its address bar: nobody sees them, and each window's cost more than any of ours."""
LEFT_OUT = [
    "AimEnabled",
    "AvoidCorsURLLoaderRestartOnRedirect",
    "AvoidUnnecessaryBeforeUnloadCheckSync",
    "DestroyProfileOnBrowserClose",
    "HttpsFirstBalancedModeAutoEnable",
    "HttpsUpgrades",
    "LensOverlay",
    "MediaRouter",
    "NetworkTimeServiceQuerying",
    "OptimizationHints",
    "PaintHolding",
    "PreconnectToSearch",
    "TcpPortRandomizationWin",
    "ThirdPartyStoragePartitioning",
]
"""What Playwright has Chromium leave out. Of two such lists the browser takes the last, so ours has to name it too."""
ARGUMENTS = [
    f"--disable-features={','.join([*LEFT_OUT, *OWN_PAGES])}",
    "--disable-dev-shm-usage",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
MISSING = "NO CHROMIUM: install one (apt-get install chromium), or name it in CHROMIUM"


def chromium() -> Path | None:
    """The machine's Chromium."""
    path = Path(os.environ.get("CHROMIUM") or "/usr/bin/chromium")
    return path if path.exists() else None


def is_required() -> bool:
    """Whether a missing browser is a failure."""
    return os.environ.get("CI", "").lower() in {"1", "true", "yes"}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip the browser tests where there is no browser; in CI they fail instead."""
    if chromium() is None and not is_required():
        for item in items:
            if item.get_closest_marker("browser"):
                item.add_marker(pytest.mark.skip(reason=MISSING))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say loudly that a part of the suite did not run."""
    skipped = [report for report in terminalreporter.getreports("skipped") if MISSING in str(report.longrepr)]
    if skipped:
        terminalreporter.write_line(f"*** {len(skipped)} BROWSER TESTS DID NOT RUN. {MISSING} ***", red=True, bold=True)


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict[str, object]) -> dict[str, object]:
    """pytest-playwright's options, with the machine's own browser."""
    path = chromium()
    if path is None:
        pytest.fail(MISSING)
    sandbox = ["--no-sandbox"] if os.geteuid() == 0 else []
    return {**browser_type_launch_args, "executable_path": str(path), "args": [*ARGUMENTS, *sandbox]}
