# SpeedyCheers. `make run` sets up and starts everything, `make test` sets up and runs every test.

VENV := .venv
PY := $(VENV)/bin/python
# --no-compile: Python compiles what is used when it is first used, a third of what there is.
PIP := $(PY) -m pip install --quiet --quiet --disable-pip-version-check --no-input --no-compile --require-hashes

# The scripts' checks run on a Node.js that comes with the Python packages.
NPM := .ci/npm --silent

# Some systems list commands that don't work (pyenv's shims, for example), so each is tried.
FIND_PYTHON = for python in python3 python3.14 python3.13 python3.12 python3.11; do \
	if "$$python" -c 'import sys, ctypes, ensurepip, sqlite3, ssl, venv; sys.exit(sys.version_info < (3, 11))' \
	>/dev/null 2>&1; then echo "$$python"; break; fi; done

# What is installed is remembered in an empty file named after the requirements, made at the very end:
# when they change, or an installation was cut short, the next `make` installs again.
sum = $(firstword $(shell cat $(1) | cksum))
RUN_LISTS := requirements.txt requirements-tools.txt
RUN_STAMP := $(VENV)/installed-$(call sum,$(RUN_LISTS))
DEV_STAMP := $(VENV)/installed-dev-$(call sum,$(RUN_LISTS) requirements-dev.txt)
NPM_STAMP := node_modules/installed-$(call sum,package.json package-lock.json .npmrc)

# A virtual environment whose Python is gone or too old counts for nothing.
$(shell $(PY) -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1 || rm -f $(VENV)/installed-*)

# A developer's own value would load the settings too early.
unexport DJANGO_SETTINGS_MODULE
# Without compiled files each of the processes that are started would compile everything again: 3 s instead of 1.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: run install test test-fast check lint types format messages lock audit-deps sbom bench drill screens lighthouse
.PHONY: clean help

help:
	@echo "make run        set up and start everything (PORT=8000, BOTS=1)"
	@echo "make test       every test, on SQLite, on PostgreSQL or on both"
	@echo "make test-fast  the quick ones, on SQLite"
	@echo "make check      what CI does: lint, types, migrations and every test"
	@echo "make drill      kill parts of the running system for five minutes, and see that nothing is lost, and nobody untold"
	@echo "make screens    pictures of every page and state into docs/screens (ONLY=\"request offer\" for some)"
	@echo "make lighthouse  Lighthouse on the landing page and the request screen (needs npm's lighthouse)"
	@echo "make audit-deps  known vulnerabilities of the packages in requirements.txt (asks an advisory service)"
	@echo "make sbom       the packages in requirements.txt as a CycloneDX file, sbom.cdx.json"
	@echo "make format, make lint, make types, make bench, make messages, make lock, make clean"

# `exec`: signals reach the program itself, not a shell around it.
# Development is what DEBUG=1 says; without it the program wants the settings of production.
run: $(RUN_STAMP)
	@exec env DEBUG="$${DEBUG-1}" $(PY) -m speedycheers --follow-parent

test: $(DEV_STAMP) $(NPM_STAMP)
	@$(NPM) test
	@exec $(PY) -m tests

test-fast: $(DEV_STAMP) $(NPM_STAMP)
	@$(NPM) test
	@exec $(PY) -m pytest -q -n 2 -m "not e2e and not browser"

install: $(DEV_STAMP) $(NPM_STAMP)

check: $(DEV_STAMP) $(NPM_STAMP)
	@.ci/check

format: $(DEV_STAMP) $(NPM_STAMP)
	@$(PY) -m ruff format .
	@$(PY) -m ruff check --fix .
	@$(NPM) run format

lint: $(DEV_STAMP) $(NPM_STAMP)
	@$(PY) -m ruff format --check .
	@$(PY) -m ruff check .
	@$(VENV)/bin/lint-imports
	@$(VENV)/bin/codespell
	@$(NPM) run lint

types: $(DEV_STAMP) $(NPM_STAMP)
	@$(PY) -m mypy .
	@$(NPM) run types

# Texts of the sources into locale/*.po, and the compiled .mo files; prints what wants translating.
messages: $(RUN_STAMP)
	@$(PY) manage.py messages

bench: $(DEV_STAMP)
	@exec $(PY) -m bench $(if $(DATA),--data $(DATA))

# DRILL="--database sqlite --seed 7 --minutes 30": see python -m drill --help.
drill: $(DEV_STAMP)
	@exec $(PY) -m drill $(DRILL)

screens: $(DEV_STAMP)
	@exec $(PY) -m tests.browser.album $(ONLY)

# LIGHTHOUSE=path/to/lighthouse where it is not on the PATH.
lighthouse: $(DEV_STAMP)
	@exec $(PY) -m tests.browser.lighthouse

# A tool that nothing else needs gets an environment of its own on first use: $(call own,PROGRAM,PACKAGE).
own = test -x $(VENV)/$(1)/bin/$(1) || { $(PY) -m venv --clear $(VENV)/$(1) && \
	$(VENV)/$(1)/bin/python -m pip install --quiet --quiet --disable-pip-version-check $(2); }

# The TypeScript example has packages of its own: its types are made by a tool that wants an older TypeScript.
EXAMPLE := docs/examples
EXAMPLE_STAMP := $(EXAMPLE)/node_modules/installed-$(call sum,$(EXAMPLE)/package.json $(EXAMPLE)/package-lock.json)
test install check: $(EXAMPLE_STAMP)
$(EXAMPLE_STAMP): | $(DEV_STAMP)
	@rm -f $(EXAMPLE)/node_modules/installed-*
	@echo "Installing what the TypeScript example needs; this happens once."
	@.ci/npm --prefix $(EXAMPLE) --loglevel=error ci
	@touch $@

# uv compiles one list for every platform and Python.
COMPILE = $(VENV)/uv/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	--no-annotate --no-header --upgrade
lock: $(RUN_STAMP)
	@$(call own,uv,uv)
	@$(COMPILE) requirements.in --output-file requirements.txt
	@$(COMPILE) requirements-tools.in --output-file requirements-tools.txt
	@$(COMPILE) requirements-dev.in --output-file requirements-dev.txt

# --strict: a package that the service does not know, or could not be asked about, is a failure and not a pass.
audit-deps: $(RUN_STAMP)
	@$(call own,pip-audit,pip-audit)
	@$(VENV)/pip-audit/bin/pip-audit --strict --require-hashes --disable-pip --progress-spinner off \
		--requirement requirements.txt || { echo \
		"Not clean: a package above is vulnerable, or the advisory service could not be asked about it." >&2; exit 1; }

# A list of requirements has no dependency graph, which the library would warn of.
sbom: $(RUN_STAMP)
	@$(call own,cyclonedx-py,cyclonedx-bom)
	@PYTHONWARNINGS=ignore::UserWarning $(VENV)/cyclonedx-py/bin/cyclonedx-py requirements requirements.txt \
		--pyproject pyproject.toml --output-reproducible --output-file sbom.cdx.json
	@echo "sbom.cdx.json: CycloneDX, for requirements.txt."

clean:
	@rm -rf $(VENV) node_modules .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +
	@rm -rf $(EXAMPLE)/node_modules
	@echo "Everything made by make is gone; the data in var/ is still there."

$(RUN_STAMP): | $(VENV)/bin/activate
	@rm -f $(VENV)/installed-*
	@echo "Installing into $(VENV); this happens once and takes about half a minute."
	@$(PIP) $(RUN_LISTS:%=-r %)
	@touch $@

$(DEV_STAMP): $(RUN_STAMP)
	@rm -f $(VENV)/installed-dev-*
	@echo "Installing what the tests need into $(VENV); this happens once."
	@$(PIP) -r requirements-dev.txt
	@touch $@

$(NPM_STAMP): | $(DEV_STAMP)
	@rm -f node_modules/installed-*
	@echo "Installing what checks the scripts into node_modules; this happens once."
	@.ci/npm --loglevel=error ci
	@touch $@

# `activate` is the last file that venv writes. The environment is made again where pip is missing, too.
.PHONY: $(if $(wildcard $(RUN_STAMP)),,$(VENV)/bin/activate)
$(VENV)/bin/activate:
	@if ! $(PY) -m pip --version >/dev/null 2>&1; then \
		python=$$($(FIND_PYTHON)); \
		if [ -z "$$python" ]; then \
			echo "SpeedyCheers needs Python 3.11 or newer, with its venv module (on Debian and Ubuntu: apt-get install python3-venv)." >&2; \
			exit 1; \
		fi; \
		"$$python" -m venv --clear $(VENV); \
	fi
