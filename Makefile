# What a person does with this repository. `make serve` and `make test` set up all they need themselves:
# on a fresh Debian or Ubuntu by apt, elsewhere they say what is missing. Each can be repeated.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help serve test lint format docs lock clean

VENV := .venv
HOST ?= 127.0.0.1
PORT ?= 8000
# Everything is checked by hash. The one package without a wheel, pyvips, is plain Python and is built with what
# requirements-build.lock holds; without isolation, where pip would fetch tools that no lock holds.
PIP := $(VENV)/bin/python -m pip --disable-pip-version-check install --quiet --no-compile --no-build-isolation
# A name that only tests read, and that is no setting of the server.
ENV := env -u FILEMILL_CORPUS

help: ## Say what can be made
	@sed -nE 's/^([a-z]+):.*## (.*)/make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 16

serve: $(VENV)/.run sample.jpg ## Start the server (HOST=…, PORT=…; WITH=all: video, sound and office documents too)
	@$(if $(filter all,$(WITH)),.ci/machine all,:)
	@exec $(ENV) $(VENV)/bin/filemill serve --host $(HOST) --port $(PORT)

test: $(VENV)/.tox ## Check all, and run the whole suite, through tox
	@# What apt installs and what pip does come at the same time.
	@$(VENV)/bin/tox run -qq -e tests --notest & packages=$$!; \
		.ci/machine test || { kill $$packages; exit 1; }; wait $$packages
	@$(VENV)/bin/tox run -qq -e tests

lint: $(VENV)/.dev ## Check style, types and who imports whom
	@PATH="$(CURDIR)/$(VENV)/bin:$$PATH" .ci/lint

format: $(VENV)/.dev ## Format the code
	@$(VENV)/bin/ruff format
	@$(VENV)/bin/ruff check --fix

docs: $(VENV)/.dev ## Write the generated pages of docs/ again
	@$(ENV) $(VENV)/bin/python -m filemill_server.handbook docs

lock: $(VENV)/.dev ## Lock the newest versions that pyproject.toml allows
	@$(LOCK) --group build --output-file requirements-build.lock
	@$(LOCK) --group tox --output-file requirements-tox.lock
	@$(LOCK) pyproject.toml --extra postgres --output-file requirements.lock
	@$(LOCK) pyproject.toml --all-extras --group dev --constraints requirements-build.lock --constraints requirements.lock \
		--constraints requirements-tox.lock \
		--output-file requirements-dev.lock

LOCK := $(VENV)/bin/uv pip compile --quiet --upgrade --universal --python-version 3.11 \
	--generate-hashes --custom-compile-command "make lock"

clean: ## Remove everything that was made here but the data of the server
	@rm -rf $(VENV) .tox .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache .benchmarks dist build sample.jpg
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

sample.jpg: docs/sample.py | $(VENV)/.run
	@$(VENV)/bin/python docs/sample.py $@

$(VENV)/bin/python:
	@.ci/machine serve
	@$$(.ci/machine python) -m venv $(VENV)

$(VENV)/.run: requirements-build.lock requirements.lock pyproject.toml | $(VENV)/bin/python
	@echo "Installing what the server needs into $(VENV) …"
	@$(PIP) --require-hashes --requirement requirements-build.lock
	@$(PIP) --require-hashes --requirement requirements.lock
	@$(PIP) --no-deps --editable .
	@touch $@

# All that is needed to begin: tox makes an environment of its own for the suite.
$(VENV)/.tox: requirements-tox.lock | $(VENV)/bin/python
	@$(PIP) --require-hashes --requirement requirements-tox.lock
	@touch $@

$(VENV)/.dev: requirements-dev.lock $(VENV)/.run
	@echo "Installing what the tests need into $(VENV) …"
	@$(PIP) --require-hashes --requirement requirements-dev.lock
	@touch $@
