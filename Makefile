# Everything a newcomer runs. Each target does all of its own set-up, in .venv, from the lock file.
PYTHON ?= python3
BIN := .venv/bin
READY := .venv/.ready
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet
PORT ?= 8300

.PHONY: setup demo up test check pictures permissions format bench lock clean

setup: $(READY)

$(READY): requirements/dev.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit("Teachback needs Python 3.11 or newer; this is " + sys.version.split()[0] + ". Name another: make PYTHON=python3.11") if sys.version_info < (3, 11) else None'
	@echo "Setting up .venv (once; takes about a minute) …"
	@$(PYTHON) -m venv .venv
	@$(PIP) install --no-deps -r requirements/dev.lock
	@$(PIP) install --no-deps --no-build-isolation -e .
	@touch $@

demo: $(READY)
	$(BIN)/teachback demo --port $(PORT)

up: $(READY)
	$(BIN)/teachback up --port $(PORT)

# A file at a time, as files share servers and runs; in their order, as the longest come first.
test: $(READY)
	$(BIN)/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder $(TESTS)

check: $(READY)
	@set -e; home=$$(mktemp -d); trap 'rm -rf "$$home"' EXIT; \
	export TEACHBACK_HOME=$$home DJANGO_SETTINGS_MODULE=teachback_server.project.settings; set -x; \
	$(BIN)/ruff check .; \
	$(BIN)/ruff format --check .; \
	$(BIN)/mypy; \
	$(BIN)/lint-imports; \
	$(BIN)/python -m django makemigrations --check --dry-run

# The picture book of all pages, in docs.
pictures: $(READY)
	TEACHBACK_WRITE_PICTURES=1 $(BIN)/python -m pytest -q tests/browser/test_pictures.py

# The table of who may do what, in docs.
permissions: $(READY)
	TEACHBACK_ACCESS_TABLE=docs/permissions.md $(BIN)/python -m pytest -q tests/site/test_access.py

format: $(READY)
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: $(READY)
	@for script in bench/*.py; do echo "== $$script"; OMP_NUM_THREADS=1 $(BIN)/python $$script || exit 1; done

lock: $(READY)
	$(BIN)/python requirements/write_lock.py

clean:
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
