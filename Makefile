# Each target does its own set-up: a virtual environment in .venv, made with uv if that is on PATH and with pip if not.
# Needs git, make and a Python ≥ 3.11 (or uv). Choose one with: make test PYTHON=/path/to/python3.12
# Written for make 3.81, which is what macOS has.

SHELL = /bin/sh
export PYTHON
BIN = .venv/bin
PYTEST = $(BIN)/python -m pytest
# More for the program or for pytest: make demo ARGS="--keep /tmp/demo", make test ARGS="-k recovery".
ARGS =

.PHONY: help demo test check chaos e2e conformance bench docs picture reference figures agents run-ready dev-ready docs-ready format schemas diagrams clean

help:
	@echo "make demo     watch it work: tickets of a small real project, from plan to merged"
	@echo "make test     the tests"
	@echo "make check    lint, format, types, import rules, sizes, schemas"
	@echo "make chaos    the rest of what the tests do in part, and many times: kills, pauses, stops at random moments"
	@echo "make e2e      with real agent programs and the real gh against servers on this machine"
	@echo "make bench    measure it, beside bare equivalents and, with PEER=\"a command\", another program"
	@echo "make docs     build the documentation as a site, into site/"
	@echo "make format   rewrite the code in the project's format"
	@echo "make schemas  write schemas/ anew"
	@echo "make diagrams draw docs/images/ anew: states and workflows, from the code"
	@echo "make reference write the commands of docs/commands.md anew, from their help"
	@echo "make figures  write the figures of README and docs anew, from benchmarks/results.json"
	@echo "make conformance do make e2e, and write what was seen of each agent into e2e/conformance.json and docs/agents.md"
	@echo "make agents   write the table of docs/agents.md anew, from e2e/conformance.json"
	@echo "make picture  take the terminal's pictures in docs/images anew, from real runs"
	@echo "make clean    remove everything that was made"

demo: run-ready
	@$(BIN)/orchestrator demo $(ARGS)

test: dev-ready
	@$(PYTEST) $(ARGS)

check: dev-ready
	@$(BIN)/python scripts/check.py

chaos: dev-ready
	@ORCHESTRATOR_CHAOS=200 $(PYTEST) tests $(ARGS)

e2e: dev-ready
	@$(PYTEST) e2e -n 2 $(ARGS)

conformance: dev-ready
	@E2E_RENEW=1 $(PYTEST) e2e -n 2 $(ARGS)
	@$(BIN)/python -m scripts.agents

# PEER reaches it through the environment.
bench: run-ready
	@$(BIN)/python -m benchmarks $(ARGS)

format: dev-ready
	@$(BIN)/ruff check -q --fix-only .
	@$(BIN)/ruff format .

schemas: dev-ready
	@$(BIN)/python -m orchestrator.formats.schemas schemas

diagrams: dev-ready
	@$(BIN)/python scripts/diagrams.py

docs: docs-ready
	@$(BIN)/python scripts/site.py $(ARGS)

reference: dev-ready
	@$(BIN)/python scripts/reference.py

figures: dev-ready
	@$(BIN)/python -m scripts.figures

agents: dev-ready
	@$(BIN)/python -m scripts.agents

picture: dev-ready
	@$(BIN)/python -m scripts.picture $(ARGS)

run-ready:
	@scripts/setup run

dev-ready:
	@scripts/setup dev

docs-ready:
	@scripts/setup docs

clean:
	rm -rf .venv .e2e .cache site build dist .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
	find src tests e2e scripts -name __pycache__ -type d -prune -exec rm -rf {} + 2>/dev/null || true
