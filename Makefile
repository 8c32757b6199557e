# Every target sets up what it needs by itself. Needs Python >= 3.11 and a package registry.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
PATIENTS ?= 120
export PATH := $(CURDIR)/$(BIN):$(PATH)
export PYTHONUNBUFFERED := 1

.DEFAULT_GOAL := help
.PHONY: help setup run test test-all check docs benchmark simulate clean lock

help:            ## this list
	@grep -hE '^[a-z-]+:.*##' Makefile | sed 's/:[^#]*##/:/' | column -t -s:

setup: $(STAMP)  ## install everything into .venv

$(STAMP): requirements.lock pyproject.toml
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@test -x $(BIN)/uv || $(BIN)/python -m pip install --quiet uv
	$(BIN)/uv pip sync --quiet --compile-bytecode requirements.lock
	$(BIN)/uv pip install --quiet --no-deps --editable .
	@touch $@

run: $(STAMP)    ## the whole analysis, to results/report.html [CONFIG=path | STUDY=name] [PAGES=all]
	@$(BIN)/python workflow/run.py $(if $(CONFIG),--config "$(CONFIG)") $(if $(STUDY),--config "studies/$(STUDY)/config.yaml") $(if $(PAGES),--pages "$(PAGES)")

# Two test processes on two cores: one thread of linear algebra each, as in the jobs of the workflow.
test test-all: export OMP_NUM_THREADS = 1
test test-all: export OPENBLAS_NUM_THREADS = 1
test: $(STAMP)   ## the tests, under 10 minutes on 2 cores
	@tests/install_tools.sh
	$(BIN)/python -m pytest -q -n 2 --dist loadscope --no-loadscope-reorder --durations=12 -m "not slow"

test-all: $(STAMP)   ## the slow tests too, with the coverage of lines and branches
	@tests/install_tools.sh
	$(BIN)/python -m pytest -q -n 2 --dist loadscope --no-loadscope-reorder --cov --cov-report=term:skip-covered --cov-fail-under=90

check: $(STAMP)  ## style, types, docstrings, workflow lint
	$(BIN)/ruff check src scripts tests workflow/run.py
	$(BIN)/ruff format --check src scripts tests workflow/run.py
	$(BIN)/mypy
	$(BIN)/python -m numpydoc lint $$(git ls-files "src/lungtox/*.py")
	$(BIN)/snakefmt --check Snakefile workflow/rules
	@test -d data/demo || $(BIN)/lungtox demo data/demo --patients $(PATIENTS)  # the workflow reads its table
	$(BIN)/snakemake --lint
	$(BIN)/python docs/generate.py --check

docs: $(STAMP)   ## docs/config.md and workflow/schemas from the typed config
	$(BIN)/python docs/generate.py

benchmark: $(STAMP)  ## accuracy and speed of DVHs beside other programs, the demo run, the statistics, written to docs/benchmarks
	$(BIN)/python benchmarks/accuracy.py
	$(BIN)/python benchmarks/speed.py
	$(BIN)/python benchmarks/demo_run.py
	$(BIN)/python benchmarks/bounds.py
	$(BIN)/python benchmarks/dvh_text.py
	$(BIN)/python benchmarks/index.py
	$(BIN)/python benchmarks/statistics_speed.py
	$(BIN)/python benchmarks/ntcp.py
	$(BIN)/python benchmarks/delivered.py

simulate: $(STAMP)   ## coverage of the demo's truth, of internal validation, of closed testing, over many seeds, written to docs/validation
	$(BIN)/python -m lungtox.synthetic.simulate
	$(BIN)/python -m lungtox.synthetic.resolution
	$(BIN)/python -m lungtox.synthetic.association_study
	$(BIN)/python -m lungtox.synthetic.validation_study
	$(BIN)/python -m lungtox.synthetic.updating_study
	$(BIN)/python -m lungtox.synthetic.comparison_page
	$(BIN)/python -m lungtox.synthetic.recovery_page
	$(BIN)/python -m lungtox.synthetic.study_independence

lock: $(STAMP)   ## renew requirements.lock (hashes, no download addresses)
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate --extra dev \
	  pyproject.toml --output-file requirements.lock

clean:           ## remove results and caches; the demo data and .venv stay
	rm -rf .snakemake .pytest_cache .mypy_cache .ruff_cache .hypothesis build
	find results -mindepth 1 -not -name README.md -delete
