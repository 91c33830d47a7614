# make demo   everything from installation to a report on gluon jets
# make test   all tests, in three processes for two cores, as some wait (JOBS=8 for more)
# make lint   ruff and mypy
# make docs   the documentation as a site
# make test-quick, test-portable, test-numpy2, test-lowest: see below
# Choose the interpreter with PYTHON=python3.12; pass options to pip with PIP_FLAGS=...
PYTHON ?= python3
VENV ?= .venv
PIP_FLAGS ?=
RUN ?= runs/demo
JOBS ?= 3
# As many epochs as two free cores do in six minutes; slower machines stop at the preset's limit.
DEMO := --preset vae --epochs 22 --prior-epochs 15

BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check $(PIP_FLAGS)
INSTALLED := $(VENV)/installed
TEST_INSTALLED := $(VENV)/installed-for-tests

# One thread of torch and BLAS for each process, which share the cores.
PYTEST := OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n $(JOBS) --dist worksteal

.PHONY: demo test test-quick test-portable test-numpy2 test-lowest docs lint clean

demo: $(INSTALLED)
	test -e $(RUN)/config.yaml || $(BIN)/jetgen train $(DEMO) --data data/gluon.h5 --run $(RUN)
	$(BIN)/jetgen generate $(RUN) --overwrite
	$(BIN)/jetgen report $(RUN) --beside gluon150

test: $(TEST_INSTALLED)
	$(PYTEST)

# Without the tests marked slow.
test-quick: $(TEST_INSTALLED)
	$(PYTEST) -m "not slow"

# The same on the plainest instructions of the processor: last digits differ from those of AVX2.
test-portable: $(TEST_INSTALLED)
	ATEN_CPU_CAPABILITY=default \
	  NPY_DISABLE_CPU_FEATURES="$$($(BIN)/python tests/numpy_features.py)" $(PYTEST) -m "not slow"

# The documentation as a site in site/; a link to nowhere is an error.
docs: $(VENV)/installed-for-docs
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build

lint: $(TEST_INSTALLED)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

# The package as `pip install .` gives it, with numpy 2 and without energyflow.
test-numpy2:
	$(MAKE) VENV=.venv-numpy2 .venv-numpy2/numpy2
	.venv-numpy2/bin/pytest -m smoke

# With the lowest versions that pyproject.toml allows; these have wheels for Python 3.11. Old packages
# use what newer ones beside them deprecate, and fastjet crashes where such a warning is an error.
test-lowest:
	$(MAKE) VENV=.venv-lowest .venv-lowest/lowest
	.venv-lowest/bin/pytest -m smoke -W default::DeprecationWarning

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "expected Python 3.11 or newer as $(PYTHON); choose one with: make PYTHON=python3.12"; exit 2; }
	@$(PYTHON) -c 'import ensurepip' 2>/dev/null || [ "$$(id -u)" != 0 ] || ! command -v apt-get >/dev/null || \
	  { apt-get update -qq && apt-get install -y -qq python3-venv; }
	@$(PYTHON) -m venv $(VENV) || \
	  { rm -rf $(VENV); echo "expected Python's venv module; on Debian or Ubuntu: apt-get install python3-venv"; exit 2; }

$(INSTALLED): $(VENV)/bin/python pyproject.toml constraints.txt
	@echo "installing the pinned packages into $(VENV) (once)"
	@$(PIP) -c constraints.txt torch
	@$(PIP) -c constraints.txt -e '.[all]'
	@touch $@

$(TEST_INSTALLED): $(INSTALLED)
	@echo "installing the packages of the tests into $(VENV) (once)"
	@$(PIP) -c constraints.txt -e '.[test,energyflow]'
	@touch $@

$(VENV)/installed-for-docs: $(INSTALLED)
	@$(PIP) -c constraints.txt -e '.[all,docs]'
	@touch $@

.venv-numpy2/numpy2: .venv-numpy2/bin/python pyproject.toml constraints.txt
	@grep -v -i -E '^(numpy|energyflow|wasserstein)==' constraints.txt > .venv-numpy2/constraints.txt
	@$(PIP) -c .venv-numpy2/constraints.txt torch
	@$(PIP) -c .venv-numpy2/constraints.txt '.[test]' 'numpy>=2'
	@touch $@

.venv-lowest/lowest: .venv-lowest/bin/python pyproject.toml .ci/lowest.py
	@$(PIP) packaging
	@$(BIN)/python .ci/lowest.py > .venv-lowest/constraints.txt
	@$(PIP) -c .venv-lowest/constraints.txt torch
	@$(PIP) -c .venv-lowest/constraints.txt '.[test]'
	@touch $@

clean:
	rm -rf .venv .venv-numpy2 .venv-lowest site runs .pytest_cache .mypy_cache .ruff_cache .hypothesis build dist
