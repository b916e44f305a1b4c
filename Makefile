# `make demo` shows leaklint at work, `make test` checks a change, `make prove` checks everything.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
WHEELHOUSE := .wheelhouse
JOBS ?= 2
# More options for pytest.
OPTIONS ?=

.PHONY: pages site help demo test prove lint self unit browser benchmark oldest clean

help:
	@echo "make demo   analyse examples/ and show what is found"
	@echo "make test   format, lint, types, leaklint over itself, tests (some minutes)"
	@echo "make prove  the tests in full, on every Python 3.11 to 3.14 that is installed, with the oldest"
	@echo "            dependencies that are allowed, and the benchmarks"
	@echo "make pages  write the pages of docs/ that come from the code"
	@echo "make site   build the documentation as a site, in .site/html"
	@echo "make clean  remove what set-up and tests leave behind"

$(VENV)/ready: pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "leaklint needs Python 3.11 or newer, and $(PYTHON) is $$($(PYTHON) --version 2>&1)."; \
	  echo "Name another one: make PYTHON=python3.12"; exit 1; }
	@echo "Making an environment in $(VENV), which takes about a minute ..."
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --upgrade pip
	@$(BIN)/python -m pip install --quiet --editable '.[dev]'
	@touch $@

# What the pre-commit test installs from, so that no test needs the network.
$(WHEELHOUSE)/ready: pyproject.toml $(VENV)/ready
	rm -rf $(WHEELHOUSE)
	$(BIN)/python .ci/requirements.py | xargs $(BIN)/python -m pip wheel --quiet --wheel-dir $(WHEELHOUSE)
	@touch $@

demo: $(VENV)/ready
	@$(BIN)/leaklint check --exit-zero examples
	@echo
	@echo "Each of these has a mended twin beside it, which is silent. Go on with:"
	@echo "  $(BIN)/leaklint explain LK101"
	@echo "  $(BIN)/leaklint handlers examples"
	@echo "  $(BIN)/leaklint /path/to/your/project"

# The pages that come from the code: the rules, and the settings.
pages: $(VENV)/ready
	$(BIN)/leaklint rules --output-format markdown > docs/rules.md
	for family in 1 2 3 4 5 9; do \
	  $(BIN)/leaklint rules LK$$family --output-format markdown > docs/rules/lk$$family.md || exit 1; done
	$(BIN)/leaklint config --output-format markdown > docs/settings.md

$(VENV)-site/ready: pyproject.toml
	$(PYTHON) -m venv $(VENV)-site
	$(VENV)-site/bin/python .ci/requirements.py --docs | xargs $(VENV)-site/bin/python -m pip install --quiet
	@touch $@

# The documentation as a site, in .site/html.
site: $(VENV)-site/ready
	$(VENV)-site/bin/python .ci/site.py
	$(VENV)-site/bin/zensical build --clean --strict
	@echo "open .site/html/index.html"

lint: $(VENV)/ready
	$(BIN)/ruff format --check
	$(BIN)/ruff check
	$(BIN)/mypy

self: $(VENV)/ready
	$(BIN)/leaklint check

unit: $(VENV)/ready $(WHEELHOUSE)/ready
	LEAKLINT_WHEELHOUSE=$(WHEELHOUSE) $(BIN)/python -m pytest -n $(JOBS) -q $(OPTIONS)

test: lint self unit

# The browser in which the HTML report is tested; without it those tests are skipped.
browser:
	sh .ci/browser

# The figures: of leaklint's own source, or of other trees, such as make benchmark TREE=~/patterns LARGE=~/application.
TREE ?= src
LARGE ?= $(TREE)
benchmark: $(VENV)/ready
	$(BIN)/python benchmarks/ratio_to_parse.py $(TREE)
	$(BIN)/python benchmarks/again.py $(TREE)
	$(BIN)/python benchmarks/memory.py $(LARGE) --runs 1
	$(BIN)/python benchmarks/growth.py --most 10000
	$(BIN)/python benchmarks/plugin.py examples/background_process/leaky/app.py
	$(BIN)/python benchmarks/peers.py $(TREE)

prove: lint self browser benchmark oldest
	@set -e; for python in $$(sh .ci/pythons); do \
	  name=$$(basename $$python); echo "== $$name"; \
	  LEAKLINT_PROVE=1 $(MAKE) --no-print-directory PYTHON=$$python VENV=.venv-$$name WHEELHOUSE=.wheelhouse-$$name \
	    OPTIONS='-o faulthandler_timeout=900' unit; \
	done

# The tests once more with the oldest versions of all dependencies that are allowed.
oldest:
	@$(MAKE) --no-print-directory VENV=.venv-oldest .venv-oldest/ready
	.venv-oldest/bin/python .ci/requirements.py --oldest | \
	  xargs .venv-oldest/bin/python -m pip install --quiet
	@$(MAKE) --no-print-directory VENV=.venv-oldest WHEELHOUSE=.wheelhouse-oldest unit

clean:
	rm -rf $(VENV) .venv-* .site $(WHEELHOUSE) .wheelhouse-* .hypothesis .leaklint_cache .mypy_cache .pytest_cache .ruff_cache
