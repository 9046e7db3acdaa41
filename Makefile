# Two commands matter: `make demo` shows it, `make test` proves it. Both set up what they need.
SHELL := /bin/sh
BIN := .venv/bin
FEEDS ?=
DEMO ?= demo
SECONDS ?= 60
TARGET ?=
SEED ?= 1
NODE ?= executor
# One more than there are cores: a test often waits for what it started.
WORKERS ?= $(shell expr $$(getconf _NPROCESSORS_ONLN) + 1)
ROLES ?=
SINCE ?=

# Tests start programs by the hundred, and each would compile all it imports anew.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help setup workshop lab lab-status lab-shell lab-reset lab-down lab-found lab-test molecule demo test nightly fuzz coverage lint bench figures format clean infra-test

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' Makefile

setup:
	@tools/setup

workshop: # with Pulumi and Ansible
	@tools/setup infra ansible

demo: setup ## The whole story on one machine: FEEDS=folder tells it on recorded feeds
	@$(BIN)/python -m vanta.demo --output $(DEMO) $(if $(FEEDS),--feeds $(FEEDS))

test: workshop ## Every test that needs no root, in parallel
	@$(BIN)/python -m pytest -q -n $(WORKERS) --dist worksteal -m "not slow and not lab"

nightly: workshop ## Search by chance further than make test does, anew each time
	@$(BIN)/python -m pytest -q -n auto --dist worksteal -m "nightly and not exhaustive and not lab"

fuzz: setup ## Search the parsers for inputs that break them: SECONDS=60 each, TARGET=commits, SEED=1
	@SECONDS_EACH=$(SECONDS) TARGET="$(TARGET)" SEED=$(SEED) tools/fuzz

coverage: setup ## Fail unless the tests reach every branch of what judges: the list is in pyproject.toml
	@$(BIN)/python tools/coverage.py

lint: workshop ## Format, lint, types, import rules, roles
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports
	@cd ansible && PATH="$$PWD/../$(BIN):$$PATH" ansible-lint --offline --profile production -q
	@$(BIN)/python tools/roles_page.py --check

figures: setup ## Measure on a quiet machine, and write it into docs/reference/figures.md
	@$(BIN)/python -m benchmarks --only governance --only enforcement --only decisions --only executor --only surveillance --only tracker --only builds
	@$(BIN)/python -m benchmarks.figures

format: workshop ## Format the code
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

infra-test: workshop ## Judge the graph of each environment, and the policies over it
	@$(BIN)/python -m pytest -q -n auto --dist worksteal -m "not slow and not lab" tests/infra tests/policies

lab: workshop ## Boot three real nodes and a jump host on this machine (root, Debian)
	@$(BIN)/python -m infra.lab up
	@$(BIN)/python -m infra.lab fund

lab-found: ## Found its practice fund, after introduce.yml brought the nodes' keys home
	@$(BIN)/python -m infra.lab found

lab-status: ## Say how the lab's machines stand
	@$(BIN)/python -m infra.lab status

lab-shell: ## Open a shell on one of them: NODE=executor
	@$(BIN)/python -m infra.lab shell $(NODE)

lab-reset: ## Bring them back to the image, in seconds
	@$(BIN)/python -m infra.lab reset

lab-test: workshop ## Converge three new nodes, attack them, check them, take them down (root, Debian)
	@$(BIN)/python -m infra.lab trial

molecule: workshop ## Try roles on real machines: ROLES="redis ssh", or SINCE=origin/main (root)
	@tools/molecule $(if $(SINCE),--since $(SINCE)) $(ROLES)

lab-down: ## Turn them off and throw away what they wrote
	@$(BIN)/python -m infra.lab down

bench: setup ## Figures, with machine and command, into benchmarks/results/
	@$(BIN)/python -m benchmarks

clean: ## Remove what the other targets made
	@rm -rf .venv .venv-peers .uv $(DEMO) dist build .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache .coverage benchmarks/results
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +
