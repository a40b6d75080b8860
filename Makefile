# `make run` starts RealChat, `make test` proves it; both install what they need into .venv.

MAKEFLAGS += --no-print-directory
PIP := .venv/bin/python -m pip install --quiet --disable-pip-version-check
# The first Python of this machine that is new enough and can make environments.
PYTHON = $(shell for each in python3 python3.13 python3.12 python3.11 python3.14; do \
	$$each -c 'import ensurepip, sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null \
	&& echo $$each && break; done)

# The tests' LibreTranslate, which is AGPL: in an environment of its own.
ARGOS := tests/argos
# The tests' object store, OpenStack Swift: its versions are not to bind ours.
SWIFT := tests/swift

.PHONY: run test lint torture bench bench-translation bench-page bench-workers pictures
.DEFAULT_GOAL := run

# WORKERS=4 for as many processes, WORKERS=auto for one a core, which the server reads itself.
run: .venv/installed
	.venv/bin/python server.py

# Two at a time, each with its own MongoDB: those that drive a browser take a core each.
test: lint $(ARGOS)/.venv/installed $(SWIFT)/.venv/installed
	.venv/bin/pytest --numprocesses 2 --dist loadfile

lint: .venv/installed-test
	.venv/bin/ruff check --quiet
	.venv/bin/ruff format --check --quiet
	.venv/bin/mypy --no-error-summary

# A tenth of the long form; TORTURE="--form long --seed 2" for another.
torture: .venv/installed-test
	.venv/bin/python -m torture $(TORTURE)

# Some fifteen minutes; BENCH=--quick to see that it works, BENCH='--only A' for less.
bench: .venv/installed
	.venv/bin/python -m bench $(BENCH)

# Some five minutes, with a stand-in for an engine; needs neither a compiler nor Node.
bench-translation: .venv/installed
	.venv/bin/python -m bench.translation $(BENCH)

# Some five minutes; needs a chromium on the PATH.
bench-page: .venv/installed-test
	.venv/bin/python -m bench.page $(BENCH)

# Some eight minutes; needs a redis-server on the PATH. BENCH='--only bus,room' for less.
bench-workers: .venv/installed
	.venv/bin/python -m bench.workers $(BENCH)

# Two minutes; docs/images/take.py says what else it needs.
pictures: .venv/installed-test
	PYTHONPATH=tests:. .venv/bin/python docs/images/take.py

.venv/installed: setup.py | .venv/bin/python
	@echo "Installing into .venv, once ..."
	@$(PIP) --editable .
	@touch $@

.venv/installed-test: setup.py | .venv/bin/python
	@echo "Installing into .venv, once ..."
	@$(PIP) --editable '.[test]'
	@touch $@ .venv/installed

$(ARGOS)/.venv/installed: $(ARGOS)/requirements.txt | .venv/bin/python
	@echo "Installing LibreTranslate for the tests, once ..."
	@rm -rf $(@D) && mkdir $(@D)
	@{ .venv/bin/python -m venv $(@D) && $(@D)/bin/python -m pip install --quiet \
		--disable-pip-version-check --requirement $<; } >$(@D)/install.log 2>&1 && touch $@ \
		|| echo "It could not be installed: the tests with it are skipped, and say why."

$(SWIFT)/.venv/installed: $(SWIFT)/requirements.txt | .venv/bin/python
	@echo "Installing Swift for the tests, once ..."
	@rm -rf $(@D) && mkdir $(@D)
	@{ .venv/bin/python -m venv $(@D) && $(@D)/bin/python -m pip install --quiet \
		--disable-pip-version-check --requirement $<; } >$(@D)/install.log 2>&1 && touch $@ \
		|| echo "It could not be installed: the tests with it are skipped, and say why."

.venv/bin/python:
	@test -n "$(PYTHON)" || { echo "RealChat needs Python 3.11 or newer with venv:" \
		"install it with 'apt-get install python3-venv' (or python3.11-venv)." >&2; exit 1; }
	@$(PYTHON) -m venv .venv
