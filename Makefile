# Needs Python 3.11 or newer and make; everything else goes into .venv.
PYTHON ?= python3
BIN := .venv/bin
export UV_NO_PROGRESS := 1

.DEFAULT_GOAL := help
.PHONY: help demo test check up bench messages lock format

help:  ## show this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "make %-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: .venv/ready  ## the main job from a file to the delivery log, on embedded services (EXIT=1: stop at the end, BULLETIN=file)
	@$(BIN)/mailer demo $(if $(EXIT),--exit) $(if $(BULLETIN),--bulletin "$(BULLETIN)")

test: .venv/ready  ## run every test
	$(BIN)/pytest -n 2 --dist worksteal $(ARGS)

check: .venv/ready  ## format, lint, types, import contracts, dependencies
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/deptry .

up: .venv/ready  ## run the web pages, the workers and the embedded services until Ctrl-C
	@$(BIN)/mailer up

bench: .venv/ready  ## measure on this machine
	$(BIN)/python bench/run.py $(ARGS)

format: .venv/ready  ## rewrite the code in the house format
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

messages: .venv/ready  ## bring the catalogues in locale/ up to date with the strings of the code
	$(BIN)/python locale/extract.py

lock: .venv/uv  ## resolve requirements.lock and bootstrap.lock again
	$(BIN)/uv pip compile -q --universal --python-version 3.11 --generate-hashes --upgrade pyproject.toml --group dev -o requirements.lock
	echo uv | $(BIN)/uv pip compile -q --universal --python-version 3.11 --generate-hashes --upgrade - -o bootstrap.lock

.venv/uv: bootstrap.lock
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Jianbao needs Python 3.11 or newer; this is %s. Try: make PYTHON=python3.12" % sys.version.split()[0])'
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@$(BIN)/python -m pip install -q --disable-pip-version-check --require-hashes -r bootstrap.lock
	@touch $@

# uv does not read pip's own settings, so a mirror that is set there is handed on.
.venv/ready: .venv/uv requirements.lock pyproject.toml
	@index=$$($(BIN)/python -m pip config get global.index-url 2>/dev/null || true); \
	if [ -n "$$index" ] && [ -z "$$UV_DEFAULT_INDEX" ]; then export UV_DEFAULT_INDEX="$$index"; fi; \
	$(BIN)/uv pip sync -q --python $(BIN)/python --require-hashes requirements.lock && \
	$(BIN)/uv pip install -q --python $(BIN)/python --no-deps --no-build-isolation -e .
	@touch $@
