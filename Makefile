# make report   set up, prove, certify, train, write build/report/verification.{html,pdf}
# make test     set up, linter, types, layers, tests
# make bench    set up, time our solver beside its peers, write build/bench/bench.json (five to ten minutes)
# make mutation perturb every statement of the theory, write reports/records/mutation.json (five to ten minutes)
# make clean    remove what the others made
# PYTHON chooses the interpreter of the virtual environment: make test PYTHON=python3.12

PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
READY  := $(VENV)/.installed
OUT    := build

THEORY      := $(wildcard theory/*.py theory/losses/*.py)
PROOFS      := $(THEORY) $(wildcard theory/*/*.py theory/*/*/*.py)
RELAXATIONS := $(THEORY) $(wildcard relaxations/*.py relaxations/*/*.py relaxations/*/*/*.py)
EMPIRICAL   := $(RELAXATIONS) $(wildcard empirical/*.py empirical/sources/*.py empirical/experiments/*.py)
REPORTS     := $(RELAXATIONS) $(wildcard reports/*.py reports/figures/*.py reports/*.bib reports/templates/* reports/records/*.json)
# the report is made again when a TeX engine appears
TEX         := $(and $(shell command -v latexmk),$(shell command -v pdflatex))
REPORT      := $(OUT)/report/verification.$(if $(TEX),pdf,html)

.PHONY: report test lint bench mutation clean setup
.DELETE_ON_ERROR:

report: $(REPORT)
	@echo "Report: $(OUT)/report/verification.html, to read in a browser"
	@echo "        $(if $(TEX),$(REPORT),no PDF: no latexmk and pdflatex on the PATH; install a TeX and make report again)"

setup: $(READY)

# everything in one resolve, at the tested versions
$(READY): pyproject.toml constraints.txt
	@command -v $(PYTHON) >/dev/null || { echo "make: $(PYTHON) is not on the PATH; need Python 3.11 or newer (make PYTHON=...)"; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "make: $$($(PYTHON) --version); need 3.11 or newer (make PYTHON=...)"; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[train,images,networks,weightings,audit,dask,report,dev]'
	@touch $@

$(OUT)/proofs.json: $(READY) $(PROOFS)
	$(BIN)/python -m theory --json $@

$(OUT)/certificates/.done: $(READY) $(RELAXATIONS) reports/certificates.py
	$(BIN)/python -m reports.certificates --out $(@D)
	@touch $@

$(OUT)/counterexamples/.done: $(READY) $(PROOFS) $(RELAXATIONS) reports/counterexamples.py reports/checked.py
	$(BIN)/python -m reports.counterexamples --out $(@D)
	@touch $@

$(OUT)/runs/small/record.json: $(READY) $(EMPIRICAL)
	$(BIN)/python -m empirical.train --preset small --device cpu --out $(@D)

$(OUT)/audits/small/record.json: $(OUT)/runs/small/record.json
	$(BIN)/python -m relaxations.audit $(<D)/last_layer.npz --out $(@D)

$(OUT)/grids/.done: $(READY) $(RELAXATIONS) reports/grids.py
	$(BIN)/python -m reports.grids --out $(@D)
	@touch $@

$(REPORT): $(OUT)/proofs.json $(OUT)/certificates/.done $(OUT)/counterexamples/.done $(OUT)/runs/small/record.json $(OUT)/audits/small/record.json $(OUT)/grids/.done $(REPORTS)
	$(BIN)/python -m reports.build --build $(OUT) --out $(@D)

lint: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

test: lint
	OMP_NUM_THREADS=1 $(BIN)/pytest --numprocesses 2 --dist worksteal

bench: $(READY)
	$(BIN)/python -m benchmarks --out $(OUT)/bench

mutation: $(READY)
	$(BIN)/python -m theory.mutation --jobs 2 --json reports/records/mutation.json

clean:
	rm -rf $(VENV) $(OUT) dist *.egg-info .pytest_cache .hypothesis .mypy_cache .ruff_cache .import_linter_cache .benchmarks
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
