# Every target sets the environment up by itself when needed. `make` alone prints what there is.
PYTHON ?= python3
SCALE ?= quick
VENV ?= .venv
RESULTS ?= results/reference

VERSION := $(shell $(PYTHON) -c 'import sys; print("%d%d" % sys.version_info[:2])' 2>/dev/null)
CONSTRAINTS := $(if $(filter 311,$(VERSION)),constraints-py311.txt,constraints-py312.txt)
STAMP := $(VENV)/.set-up
RUN := $(VENV)/bin/python

# make's own -j would start experiments beside one another and spoil their timings
.NOTPARALLEL:
.DEFAULT_GOAL := help
.PHONY: help setup test reproduce figures paper report claims demo conform bench gpu-kit gpu weights coprocessor-base areas lint clean

help: ## this list
	@echo "make TARGET [SCALE=smoke|quick|full] [RESULTS=FOLDER] [PYTHON=python3]"; echo
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  %-16s %s\n", $$1, $$2}' $(firstword $(MAKEFILE_LIST))

setup: $(STAMP) ## install everything into .venv (needs Python 3.11 or later, and pip)

$(STAMP): pyproject.toml $(CONSTRAINTS)
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || \
		{ echo "$(PYTHON) is missing or older than 3.11: name a newer one, make PYTHON=python3.11" >&2; exit 2; }
	$(PYTHON) -m venv $(VENV)
	$(RUN) -m pip install --quiet --disable-pip-version-check -c $(CONSTRAINTS) -e '.[dev]'
	@touch $@

# xdist would wait for ever for what it puts in the place of a worker that crashed: so it puts nothing there
test: $(STAMP) ## run the tests, on all cores
	OMP_NUM_THREADS=1 $(RUN) -m pytest -n auto --maxprocesses 8 --dist loadfile --no-loadscope-reorder \
		--max-worker-restart 0 --durations 30

reproduce: $(STAMP) ## run the experiments at SCALE (default quick), then figures, paper, report and claims of them
	$(RUN) -m artifact.reproduce --scale $(SCALE)

figures: $(STAMP) ## draw the figures from RESULTS (default: the committed reference results)
	$(RUN) -m figures --results $(RESULTS)

paper: figures ## build the PDF from RESULTS
	$(RUN) -m paper --results $(RESULTS)

report: $(STAMP) ## build the HTML report from RESULTS
	$(RUN) -m artifact.build_report --results $(RESULTS)

claims: $(STAMP) ## judge every claim by RESULTS
	$(RUN) -m artifact.claims --results $(RESULTS)

demo: $(STAMP) ## six lines that show the suite, and a picture of them, figures/demo.svg
	$(RUN) -m artifact.demo

conform: $(STAMP) ## the whole conformance table on every machine
	$(RUN) -m backends conform

bench: $(STAMP) ## benchmarks against other interpreters, and a table of ratios
	$(RUN) -m benchmarks

gpu-kit: $(STAMP) ## what make gpu needs, in build/gpu-kit, for a machine without a compiler
	$(RUN) -m benchmarks.gpu_kit

gpu: ## conformance and benchmarks on a GPU, in 7 minutes (PYTHON: one with numba, torch and jax; no setup, no network)
	$(PYTHON) -m benchmarks.gpu

weights: $(STAMP) ## train the networks of torch_neural from scratch and certify them
	$(RUN) -m backends.torch_neural.train

coprocessor-base: $(STAMP) ## train the small language model of the coprocessor experiment from scratch
	$(RUN) -m experiments.coprocessor base

areas: $(STAMP) ## count the gates of operations and arithmetic units anew, by Yosys, in minutes
	$(RUN) -m pip install --quiet --disable-pip-version-check -c $(CONSTRAINTS) -e '.[area]'
	$(RUN) -m experiments.isa_discovery areas

lint: $(STAMP) ## style, types, and who imports whom
	$(RUN) -m ruff check .
	$(RUN) -m mypy
	$(VENV)/bin/lint-imports

clean: ## remove what was built; committed results and .venv stay
	rm -rf results/smoke results/quick results/full results/*/figures results/*/paper.pdf results/*/report.html build .pytest_cache .mypy_cache .ruff_cache .hypothesis .benchmarks
	find . -path ./$(VENV) -prune -o -name __pycache__ -type d -print0 | xargs -0 rm -rf
