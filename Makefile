# `make help` lists the targets. Windows: make.ps1.
PYTHON := .venv/bin/python
.PHONY: help setup run tour emulator test test-fast faults fuzz clients mutants bench deadlines load check docs sbom lock clean

help: ## list the targets
	@grep -hE '^[a-z-]+:.*## ' Makefile | sed 's/:.*## /\t/' | expand -t 12

setup: ## make .venv, with Python 3.13 and the pinned packages
	@sh local/setup.sh

run: setup ## serve the bridge against an emulated directory, and print lines to paste
	@$(PYTHON) -m local.run

tour: setup ## walk through the life of a client
	@$(PYTHON) -m local.tour

emulator: setup ## start the emulated directory alone
	@$(PYTHON) -m emulator

test: setup ## all tests
	@$(PYTHON) -m pytest

test-fast: setup ## unit tests and the template, without what is slow: ten seconds
	@$(PYTHON) -m pytest -q -m "not slow" tests/unit tests/template

# Independent clients and a browser: each sets up what it needs, in an environment of its own.
clients: setup ## real clients and a browser against the bridge
	@for run in tests/clients/*/run.sh; do echo "== $$run"; sh "$$run" || exit 1; done

# Whether the tests notice small changes to shared/: a sample of so many, for so many minutes.
COUNT := 300
MINUTES := 30
mutants: setup ## mutation tests; COUNT and MINUTES bound them
	@$(PYTHON) -m tests.mutation.run --count $(COUNT) --minutes $(MINUTES)

# The promises under lag, faults and kills: so many sequences from a seed on, and a summary by kind.
SEQUENCES := 5000
SEED := 0
faults: setup ## sequences of operations under lag, faults and kills (SEQUENCES from SEED on)
	@$(PYTHON) -m tests.faults $(SEQUENCES) $(SEED)

# Ratios from one run; introspection's in an environment of its own, with what it is compared to.
bench: setup ## benchmarks
	@sh benchmarks/run.sh
	@$(PYTHON) -m benchmarks.cold_start && $(PYTHON) -m benchmarks.registration
	@$(PYTHON) -m benchmarks.audit

# How late answers are while Graph, the token service and the network misbehave; and mixed traffic for SECONDS beside lag and faults.
deadlines: setup ## a table of how late answers are on bad networks
	@$(PYTHON) -m benchmarks.deadlines

SECONDS := 60
load: setup ## mixed traffic beside lag, faults and restarts, for SECONDS
	@$(PYTHON) -m benchmarks.load --seconds $(SECONDS)

# The property tests of tests/fuzz guided by coverage, each for some seconds, in an environment of its own.
fuzz: setup ## the fuzz tests guided by coverage, each for SECONDS
	@sh tests/fuzz/guided.sh $(SECONDS)

check: setup ## style, types, import rules, names and sizes
	@$(PYTHON) -m ruff check . && $(PYTHON) -m ruff format --check .
	@$(PYTHON) -m mypy
	@.venv/bin/lint-imports
	@$(PYTHON) -m tests.house

docs: ## build the documentation as a site, links checked, in an environment of its own
	@sh local/docs.sh

sbom: ## list what is deployed: sbom.json (CycloneDX) and licenses.md, in an environment of its own
	@sh local/sbom.sh

lock: ## pin the packages anew (needs uv)
	uv pip compile --quiet --universal --python-version 3.13 --generate-hashes --no-header --no-annotate --no-emit-find-links --no-emit-index-url requirements.in -o requirements.txt
	uv pip compile --quiet --universal --python-version 3.13 --generate-hashes --no-header --no-annotate --no-emit-find-links --no-emit-index-url -c requirements.txt requirements-dev.in -o requirements-dev.txt

clean: ## remove what the other targets made
	rm -rf .venv .venv-* site sbom.json licenses.md .pytest_cache .mypy_cache .ruff_cache .hypothesis
