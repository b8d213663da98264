# syntax=docker/dockerfile:1
# One image, three commands: web (the default), worker, scheduler. docs/operations.md says how they are started.

FROM node:24-bookworm-slim AS front-end
WORKDIR /build
COPY package.json package-lock.json .npmrc ./
RUN npm ci --ignore-scripts --no-audit --no-fund \
    && mkdir -p static/vendor \
    && cp node_modules/htmx.org/dist/htmx.min.js node_modules/idiomorph/dist/idiomorph-ext.min.js static/vendor/

FROM python:3.13-slim-bookworm AS packages
WORKDIR /app
COPY requirements.txt ./
RUN python -m venv /venv \
    && /venv/bin/pip install --no-cache-dir --disable-pip-version-check --no-deps --require-hashes -r requirements.txt
COPY pyproject.toml README.md LICENSE ./
COPY hms_web hms_web
# Editable, so that templates, static files and migrations are found beside the package, as in a clone.
RUN /venv/bin/pip install --no-cache-dir --disable-pip-version-check --no-deps --no-build-isolation --editable .

FROM python:3.13-slim-bookworm
ENV PATH=/venv/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    HMS_HOST=0.0.0.0 \
    HMS_PORT=8000 \
    HMS_DATA_DIR=/tmp/hms
RUN useradd --system --uid 10001 --no-create-home --shell /usr/sbin/nologin hms
WORKDIR /app
COPY --from=packages /venv /venv
COPY --from=packages /app /app
COPY --from=front-end /build/static/vendor build/static/vendor
COPY gunicorn.conf.py worker.py ./
COPY migrations migrations
COPY static static
COPY templates templates
USER 10001
EXPOSE 8000
# web: as below · worker: python worker.py work · scheduler: python worker.py schedule · tables: hms db upgrade
CMD ["gunicorn", "hms_web.app:create_app()"]
