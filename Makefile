# make run: serve the bridge on this machine.   make tour: walk through the main job.   make test: all tests.
# make clients: real clients and a browser against it.   make check: style, types, import rules.   make bench: benchmarks.
# make mutants: mutation tests (COUNT and MINUTES bound them).   make fuzz: property tests guided by coverage (SECONDS each).
# make deadlines: answer times beside servers that misbehave.   make load: mixed traffic beside lag, faults and killed workers.
# make lock: pin the packages anew.
PYTHON := .venv/bin/python
.PHONY: setup run tour test clients mutants bench deadlines load fuzz check emulator lock clean

setup:
	@sh local/setup.sh

run: setup
	@$(PYTHON) -m local.run

tour: setup
	@$(PYTHON) -m local.tour

emulator: setup
	@$(PYTHON) -m emulator

test: setup
	@$(PYTHON) -m pytest

# Independent clients and a browser: each sets up what it needs, in an environment of its own.
clients: setup
	@for run in tests/clients/*/run.sh; do echo "== $$run"; sh "$$run" || exit 1; done

# Whether the tests notice small changes to shared/: a sample of so many, for so many minutes.
COUNT := 300
MINUTES := 30
mutants: setup
	@$(PYTHON) -m tests.mutation.run --count $(COUNT) --minutes $(MINUTES)

# Ratios from one run; introspection's in an environment of its own, with what it is compared to.
bench: setup
	@sh benchmarks/run.sh
	@$(PYTHON) -m benchmarks.cold_start && $(PYTHON) -m benchmarks.registration
	@$(PYTHON) -m benchmarks.audit

# How late answers are while Graph, the token service and the network misbehave; and mixed traffic for SECONDS beside lag and faults.
deadlines: setup
	@$(PYTHON) -m benchmarks.deadlines

SECONDS := 60
load: setup
	@$(PYTHON) -m benchmarks.load --seconds $(SECONDS)

# The property tests of tests/fuzz guided by coverage, each for some seconds, in an environment of its own.
fuzz: setup
	@sh tests/fuzz/guided.sh $(SECONDS)

check: setup
	@$(PYTHON) -m ruff check . && $(PYTHON) -m ruff format --check .
	@$(PYTHON) -m mypy
	@.venv/bin/lint-imports
	@$(PYTHON) -m tests.house

# Needs uv on the PATH.
lock:
	uv pip compile --quiet --universal --python-version 3.13 --generate-hashes --no-header --no-annotate --no-emit-find-links --no-emit-index-url requirements.in -o requirements.txt
	uv pip compile --quiet --universal --python-version 3.13 --generate-hashes --no-header --no-annotate --no-emit-find-links --no-emit-index-url -c requirements.txt requirements-dev.in -o requirements-dev.txt

clean:
	rm -rf .venv .venv-uv .venv-fuzz .pytest_cache .mypy_cache .ruff_cache .hypothesis
