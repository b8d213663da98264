"""How much memory the web processes have, and whether it grows over a great many requests."""

from collections.abc import Iterator

from bench import load
from bench.figures import Kind, Row, Target
from bench.house import House
from bench.load import Ask
from bench.parts import pages
from bench.run import Broken, Options

NAME = "Memory of a web process"
STEADY = Target(1.15, Kind.MEBIBYTES)
PART_SECONDS = 5.0
# By then every page has been compiled, every statement prepared, and what is kept is kept.
WARM = 0.2


def measure(house: House, options: Options) -> Iterator[Row]:
    """Yield one line: the largest process after all requests, beside the same after the first fifth of them."""
    if not options.requests or not options.wants(NAME):
        return
    pages.alarm(house)
    house.let_in()
    days = [(f"date={pages.day_ahead(n % 29 + 1)}", f"Department+{n % 100 + 1:03d}") for n in range(97)]
    seen = [f"/front-desk/grid?{day}&department={name}" for day, name in days]
    seen += [f"/front-desk?{day}&department={name}" for day, name in days[:10]]
    seen += ["/alerts", "/board?department=Department+001", "/patients?q=shar", "/appointments", "/notifications"]
    asks = [Ask(path) for path in seen]
    done, warm, now = 0.0, 0.0, 0.0
    while done < options.requests:
        spent = load.run(house.url, asks, house.browser, clients=pages.CLIENTS, seconds=PART_SECONDS)
        if spent.failed or not spent.rate:
            message = f"{spent.failed} requests failed."
            raise Broken(message)
        done += spent.rate * PART_SECONDS
        now = max(house.web_memory())
        warm = warm or (now if done >= WARM * options.requests else 0.0)
    note = f"after {done:,.0f} requests beside {WARM:.0%} of them; {len(house.web_memory())} processes"
    yield Row(NAME, Kind.MEBIBYTES, now, warm, STEADY, note)
