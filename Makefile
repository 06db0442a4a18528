# make study   set everything up and run a whole cohort study
# make test    set everything up and run the tests
# make lab     open the notebooks in JupyterLab
# make help    the rest

COHORT  ?= doubling_1
OUT     ?= studies/$(COHORT)
ARGS    ?=
VENV    ?= .venv
BIN     := $(VENV)/bin
INSTALL := requirements/install.sh $(VENV)

# set in many images of containers: each process would then compile all that it imports, again and again
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help setup setup-study setup-test study test coverage lint lab export bench lock clean

help:  ## this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):[^#]*## /  make \1\t/' | expand -t 20

setup:  ## install retailkit and what it needs into .venv
	@$(INSTALL) base

setup-study:
	@$(INSTALL) base examples present

setup-test:
	@$(INSTALL) base examples present fuzzy cluster test

study: setup-study  ## run a cohort, the simulated one or another: make study [COHORT=complete_journey] [ARGS="--workers 2"]
	@$(BIN)/retailkit run $(COHORT) --out $(OUT) $(ARGS)

test: setup-test  ## run the tests: make test [ARGS="-k ledger"]
	@$(BIN)/python -m pytest -n 2 --dist loadscope --no-loadscope-reorder -q $(ARGS)

coverage: setup-test  ## run the tests and report what they reach (takes up to twice as long)
	@$(BIN)/python -m pytest -n 2 --dist loadscope --no-loadscope-reorder -q --cov=retailkit --cov-report=term:skip-covered $(ARGS)

lint: setup-test  ## style and types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

lab: setup-study  ## open the tour in JupyterLab
	@$(BIN)/jupyter lab --ServerApp.root_dir='$(CURDIR)' --LabApp.default_url=/lab/tree/notebooks/0_tour.ipynb \
	  --ServerApp.kernel_manager_class=retailkit.commands.desk.DeskKernels $(ARGS)

export: setup-study  ## pictures of a study: make export [COHORT=...]
	@$(BIN)/retailkit export $(OUT) $(ARGS)

bench: setup-test  ## measured ratios: make bench [ARGS=load]
	@for script in $(if $(ARGS),$(ARGS:%=benchmarks/%.py),benchmarks/*.py); do echo "== $$script"; $(BIN)/python $$script; done

lock:  ## pin the dependencies again (needs uv)
	python3 requirements/lock.py

clean:  ## remove what runs have made (not the environment)
	rm -rf store studies exports simulated .pytest_cache .mypy_cache .ruff_cache .hypothesis htmlcov .coverage
