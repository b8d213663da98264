# `make run` starts the product, `make test` tests it; `make help` lists the rest.
# Paths are relative, so that a folder with a space in its name is no different from another.

SHELL := /bin/sh
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.SUFFIXES:
MAKEFLAGS += --no-builtin-rules --no-print-directory
# Compiled files are kept: every process that is started, and tests start hundreds, would compile the product anew.
unexport PYTHONDONTWRITEBYTECODE

# The Python that makes .venv: the first of these that is new enough.
PYTHON ?= $(shell for p in python3 python3.14 python3.13 python3.12 python3.11; do \
	"$$p" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo "$$p" && break; done)
# One more than there are processors: many tests wait for a browser or a lock.
WORKERS ?= $(shell expr $$(getconf _NPROCESSORS_ONLN || echo 1) + 1)
ARGS ?=
# How many random operations the fault suite does.
OPERATIONS ?= $(or $(HMS_TEST_OPERATIONS),10000)

VENV := .venv/bin
PIP := $(VENV)/python -m pip --disable-pip-version-check install --quiet
# A lock file is complete. Without --no-deps pip would look for what it depends on a second time, and where a package is
# asked for with an extra take a newer release than the one that is locked.
LOCKED := $(PIP) --no-deps --require-hashes -r
PYTEST := $(VENV)/python -m pytest
# Neighbours stay together, for whom a worker has its servers already; whoever is done takes over from who is not.
SHARED := -n $(WORKERS) --dist worksteal -m "not fault"
# What `make coverage` measures; all of it, COVERED=hms_web, takes the longer.
COVERED ?= hms_web/domain hms_web/services
VENDOR := build/static/vendor
SOURCES := hms_web migrations tests worker.py gunicorn.conf.py .ci/access .ci/messages .ci/sbom $(wildcard bench infrastructure)

.PHONY: help
help: ## This list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: run
run: install ## Start the demo: database, Redis, web, worker and scheduler, in this terminal
	@HMS_ENV="$${HMS_ENV:-demo}" $(VENV)/hms run

.PHONY: test
test: install-dev ## Run the tests (ARGS="-k name", WORKERS=4)
	@$(PYTEST) $(SHARED) $(ARGS)

.PHONY: test-faults
test-faults: install-dev ## Run what kills and stops things, and the long random tests (OPERATIONS=500 for less of them)
	@HMS_TEST_OPERATIONS=$(OPERATIONS) $(PYTEST) -m fault $(ARGS)

.PHONY: evidence
evidence: install-dev ## Write docs/quality-evidence.md: which test shows which promise
	@$(VENV)/python -m tests.evidence

.PHONY: usability
usability: install-dev ## Do the commonest jobs in a browser and write docs/usability.md: actions and times
	@$(VENV)/python -m tests.usability

.PHONY: screenshots
screenshots: install-dev ## Take the pictures of the documentation anew (ARGS="week board")
	@$(VENV)/python -m tests.pictures $(ARGS)

.PHONY: coverage
coverage: install-dev ## Run those of `make test` with branch coverage; domain and services have to be covered completely
	@$(PYTEST) $(SHARED) $(COVERED:%=--cov=%) --cov-report= $(ARGS)
	@$(VENV)/python -m coverage html --quiet
	@$(VENV)/python -m coverage report --include='hms_web/domain/*,hms_web/services/*' --fail-under=100

.PHONY: lint
lint: install-dev ## Check style, types, import direction, templates and configuration
	@$(VENV)/ruff check $(SOURCES)
	@$(VENV)/ruff format --check $(SOURCES)
	@$(VENV)/mypy
	@$(VENV)/lint-imports --no-cache
	@if [ -d templates ]; then $(VENV)/djlint templates --lint --quiet; fi
	@$(VENV)/yamllint --strict .pre-commit-config.yaml .yamllint compose.yaml .ci/semgrep $(wildcard infrastructure/prometheus)
	@$(VENV)/check-jsonschema --quiet --builtin-schema vendor.compose-spec compose.yaml
	@if [ -x $(VENV)/hadolint ]; then $(VENV)/hadolint Dockerfile; fi

.PHONY: security
security: install-dev ## bandit, and semgrep with rules of our own (.ci/semgrep)
	@./.ci/security $(VENV)

.PHONY: format
format: install-dev ## Put the code and the templates in shape
	@$(VENV)/ruff check --fix-only --quiet $(SOURCES)
	@$(VENV)/ruff format $(SOURCES)
	@if [ -d templates ]; then $(VENV)/djlint templates --reformat --quiet || true; fi

.PHONY: messages
messages: install-dev ## Put new texts of the pages into the catalogues, and list what is not translated
	@$(VENV)/python .ci/messages

.PHONY: bench
bench: install-dev ## Measure the product beside baselines; writes docs/performance.md (ARGS="pages --seconds 2 --rounds 1 --dry")
	@$(VENV)/python -m bench $(ARGS)

.PHONY: access
access: install-dev ## Write who may use which route, docs/access.txt, from what the routes declare
	@$(VENV)/python .ci/access

.PHONY: sbom
sbom: install-dev ## Write what the product consists of when it runs, as CycloneDX: build/sbom.json
	@$(VENV)/python .ci/sbom

.PHONY: lock
lock: install-dev ## Choose the newest allowed versions and write the lock files (UPGRADE= keeps the present ones)
	@./.ci/lock $(VENV)

.PHONY: install
install: .venv/.installed $(VENDOR)/.installed ## Build .venv and fetch the front-end files

.PHONY: install-dev
install-dev: install .venv/.installed-dev ## The same with what tests and lint need

.PHONY: clean
clean: ## Remove what was built; the data in HMS_DATA_DIR stays
	@rm -rf .venv build .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis htmlcov .coverage test-results mutants

.venv/.made:
	@if [ -z "$(PYTHON)" ]; then \
		echo "Python 3.11 or newer was not found: install it, or name it with make PYTHON=/path/to/python3." >&2; exit 1; fi
	@"$(PYTHON)" -c 'import ensurepip, venv' 2>/dev/null || { \
		echo "$(PYTHON) cannot make virtual environments: install its venv package (Debian, Ubuntu: apt-get install python3-venv)." >&2; \
		exit 1; }
	@rm -rf .venv
	@"$(PYTHON)" -m venv .venv
	@touch $@

.venv/.installed: .venv/.made requirements.txt pyproject.toml
	@echo "Installing the Python packages ..."
	@$(LOCKED) requirements.txt
	@$(PIP) --no-deps --no-build-isolation --editable .
	@touch $@

.venv/.installed-dev: .venv/.installed requirements-dev.txt
	@echo "Installing the packages for development ..."
	@$(LOCKED) requirements-dev.txt
	@$(VENV)/python -m pip --disable-pip-version-check check >/dev/null || { $(VENV)/python -m pip check; exit 1; }
	@touch $@

# npm comes from the machine, or where there is none, from a wheel.
$(VENDOR)/.installed: package.json package-lock.json .npmrc | .venv/.made
	@echo "Fetching the front-end files ..."
	@mkdir -p $(VENDOR)
	@cp package.json package-lock.json .npmrc build/
	@command -v npm >/dev/null || [ -x $(VENV)/npm ] || $(LOCKED) requirements-node.txt
	@cd build && PATH="$$PATH:../$(VENV)" npm ci --ignore-scripts --no-audit --no-fund --no-update-notifier --loglevel=error
	@cp build/node_modules/htmx.org/dist/htmx.min.js build/node_modules/idiomorph/dist/idiomorph-ext.min.js $(VENDOR)/
	@touch $@
