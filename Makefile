# make demo | test | lint | bench: each makes its own virtual environment where needed, and works again the second time.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# Of its own: the Brian2 of Python 3.11 wants an older NumPy.
BRIAN2 := .venv-brian2
SOURCES := $(shell find src -name '*.py' -o -name '*.cpp' -o -name '*.hpp') pyproject.toml CMakeLists.txt

.PHONY: demo test test-slow test-torch test-brian2 lint format bench pictures clean

demo: $(VENV)/.installed
	@$(BIN)/plashet demo

test: $(VENV)/.tests
	$(BIN)/python -m pytest -q -m "not slow and not torch and not brian2" -n auto

test-slow: $(VENV)/.tests
	$(BIN)/python -m pytest -q -m slow

test-torch: $(VENV)/.tests $(VENV)/.torch
	$(BIN)/python -m pytest -q -m torch

test-brian2: $(BRIAN2)/.tests
	$(BRIAN2)/bin/python -m pytest -q -m brian2 tests/truth/test_brian2.py

lint: $(VENV)/.dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy

format: $(VENV)/.dev
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

bench: $(VENV)/.bench
	$(BIN)/python benchmarks/run.py

pictures: $(VENV)/.tests
	$(BIN)/python tools/pictures.py

$(BIN)/python:
	$(PYTHON) -m venv $(VENV)

# Each installs the package with an extra, and so serves what asks for less.
$(VENV)/.installed: $(BIN)/python $(SOURCES)
	$(BIN)/python -m pip install -q .
	@touch $@

$(VENV)/.tests: $(BIN)/python $(SOURCES)
	$(BIN)/python -m pip install -q '.[test]'
	@touch $(VENV)/.installed $@

$(VENV)/.dev: $(BIN)/python $(SOURCES)
	$(BIN)/python -m pip install -q '.[dev]'
	@touch $(VENV)/.installed $(VENV)/.tests $@

$(VENV)/.torch: $(BIN)/python constraints.txt
	$(BIN)/python -m pip install -q -c constraints.txt torch ncps
	@touch $@

$(BRIAN2)/.tests: $(SOURCES)
	$(PYTHON) -m venv $(BRIAN2)
	$(BRIAN2)/bin/python -m pip install -q '.[brian2]' pytest
	@touch $@

$(VENV)/.bench: $(BIN)/python $(SOURCES)
	$(BIN)/python -m pip install -q -c constraints.txt '.[bench]'
	@touch $(VENV)/.installed $@

clean:
	rm -rf $(VENV) $(BRIAN2) build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis
