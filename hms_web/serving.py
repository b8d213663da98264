"""How a web process takes its share of the browsers' connections."""

import socket
import time

from gunicorn.workers.gthread import ThreadWorker

# Each connection that a process has already lets the others be first for so long, up to a bound that nobody notices.
EACH_SECONDS, MOST_SECONDS = 0.000_05, 0.001


class EvenThreads(ThreadWorker):  # type: ignore[misc]
    """gunicorn's worker with threads, which leaves connections to its siblings that have fewer.

    All processes listen at one socket, and the first that wakes up takes whoever waits there: of browsers that come at
    once one process often took all, worked by itself at its limit, and the other one stood idle.
    """

    def accept(self, listener: socket.socket) -> None:
        """Take a connection if nobody else has taken it after a moment, which is the longer the more it has."""
        if self.nr_conns:
            time.sleep(min(self.nr_conns * EACH_SECONDS, MOST_SECONDS))
        super().accept(listener)
