# make run    set up and run the whole flow on the embedded example
# make test   set up and run lint and tests
# make library   the template library of a mirror: LIBRARY_CONFIG=config/pdb.yaml names it
# make train  the weights that ship, from the data that config/train.yaml names (two and a half hours of one core, after the data set)
# make setup, make browser, make test-slow, make test-gpu, make benchmark, make clean

PYTHON ?= python3
VENV := .venv
CORES ?= all
LIBRARY_CONFIG ?= config/pdb.yaml
export PATH := $(CURDIR)/$(VENV)/bin:$(PATH)
INSTALL := pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable

.PHONY: run test lint setup library train browser test-slow test-gpu benchmark clean

run: $(VENV)/.ready
	snakemake --cores $(CORES)
	@echo "Report: results/report/index.html"

setup: $(VENV)/.ready-test

# The library of all chains that a configuration lists; `fold --library results/templates` uses it.
library: $(VENV)/.ready
	snakemake --cores $(CORES) --configfile $(LIBRARY_CONFIG) -- results/templates/templates.parquet

# results/models/laptop/model.safetensors; scripts/export_weights.py makes the half-size file of rna_predict/weights.
train: $(VENV)/.ready
	snakemake --cores $(CORES) --configfile config/train.yaml -- model

test: lint
	pytest --numprocesses auto --dist loadfile -m "not slow and not gpu"

lint: $(VENV)/.ready-test
	ruff check .
	ruff format --check .
	snakefmt --check workflow
	snakemake --lint

# Chromium, for the tests that open the report; without it they are skipped. Debian, as root.
browser:
	command -v chromium || { apt-get update -q && apt-get install -q -y --no-install-recommends chromium; }

test-slow: $(VENV)/.ready-test
	pytest -m slow

test-gpu: $(VENV)/.ready-test
	pytest -m gpu

benchmark: $(VENV)/.ready-test
	python -m tests.benchmarks

clean:
	rm -rf $(VENV) .snakemake .pytest_cache .ruff_cache

$(VENV)/bin/python:
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed")'
	$(PYTHON) -m venv $(VENV)

$(VENV)/.ready: pyproject.toml constraints.txt | $(VENV)/bin/python
	$(INSTALL) .
	touch $@

$(VENV)/.ready-test: $(VENV)/.ready
	$(INSTALL) '.[test]'
	touch $@
