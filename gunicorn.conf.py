"""How gunicorn serves the product, here and in the container; its command line and GUNICORN_CMD_ARGS override it."""

import os

worker_class = "hms_web.serving.EvenThreads"
workers = int(os.environ.get("WEB_CONCURRENCY", "2"))
threads = 4
bind = f"{os.environ.get('HMS_HOST', '127.0.0.1')}:{os.environ.get('HMS_PORT', '8000')}"
keepalive = 5
timeout = 30
graceful_timeout = 3
loglevel = "warning"  # the application itself writes one line a request
control_socket_disable = True
# A worker says that it lives by touching a file: in memory, where a slow disk cannot stop it.
worker_tmp_dir = "/dev/shm" if os.path.isdir("/dev/shm") else None  # noqa: PTH112, S108  # nosec B108
# What the proxies said is judged by the application (HMS_TRUSTED_PROXIES), not here.
forwarded_allow_ips = ""
