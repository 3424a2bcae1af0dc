# Every command sets up what it needs; a second run starts at once. `make` alone prints the list.
.DEFAULT_GOAL := help
.PHONY: help lab test test-backends test-browser notebooks run lint requirements bench bench-real clean

PY := .venv/bin/python
READY := .venv/.done-requirements
NOTEBOOKS := notebooks
JUPYTER_ARGS ?=
PYTEST_ARGS ?=
LESSON ?=
COPY ?= student
JOBS ?= 1
DATASET ?=
HTML ?=
SET ?=
ALL_LESSONS := $(sort $(patsubst $(NOTEBOOKS)/src/%.py,%,$(wildcard $(NOTEBOOKS)/src/*.py)))
export PYTHON
export UV

help: ## print this list
	@echo "Commands:"
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

$(READY): requirements.txt
	@sh scripts/setup.sh

.venv/.done-backends: $(READY)
	@$(PY) -c "import jax, torch" 2>/dev/null && touch $@ || sh scripts/setup.sh backends

.venv/.done-browser: $(READY)
	@$(PY) -c "import selenium" 2>/dev/null && touch $@ || sh scripts/setup.sh browser

lab: $(READY) ## open JupyterLab on the lessons (JUPYTER_ARGS="--no-browser --port 9999")
	@$(PY) -m jupyterlab --ServerApp.root_dir=$(NOTEBOOKS) $(JUPYTER_ARGS)

test: $(READY) ## run the tests and say what was skipped and why (PYTEST_ARGS="-k iou")
	@$(PY) -m pytest --numprocesses auto --maxprocesses 4 $(PYTEST_ARGS)

test-backends: .venv/.done-backends ## run the numeric tests on JAX and on PyTorch
	@for backend in jax torch; do \
		echo "KERAS_BACKEND=$$backend"; \
		KERAS_BACKEND=$$backend $(PY) -m pytest -q tests/layers tests/losses tests/detection tests/segmentation tests/faces tests/style tests/analysis tests/models tests/test_devices.py \
			$(PYTEST_ARGS) || exit 1; \
	done

test-browser: .venv/.done-browser ## run a lesson in JupyterLab in a headless Chromium (LESSON=02)
	@LESSON=$(or $(LESSON),02) $(PY) -m pytest tests/browser $(PYTEST_ARGS)

notebooks: $(READY) ## build every notebook from notebooks/src
	@$(PY) -m cvkit.homework.build

run: $(READY) ## run lessons in full: time, memory, claims (LESSON="02 05" COPY=solution DATASET=mnist HTML=1 JOBS=2)
	@printf '%s\n' $(or $(LESSON),$(ALL_LESSONS)) | xargs -P $(JOBS) -I LESSON \
		$(PY) -m cvkit.homework.run LESSON --copy $(COPY) $(if $(DATASET),--dataset $(DATASET)) $(if $(HTML),--html)

lint: $(READY) ## check style, and that what is generated is fresh
	@$(PY) -m ruff check .
	@$(PY) -m ruff format --check .
	@$(PY) -m cvkit.homework.build --check

requirements: $(READY) ## resolve requirements.txt and environment.yml anew from pyproject.toml (needs uv)
	@$(PY) scripts/requirements.py

bench: $(READY) ## measure the ratios of benchmarks/
	@$(PY) -m benchmarks

bench-real: $(READY) ## measure accuracies on real photographs and videos (CVKIT_DATA=/path/to/sets SET=blood_cells)
	@$(PY) -m benchmarks.real $(SET)

clean: ## remove .venv and all that was built; downloaded data stays
	rm -rf .venv build notebooks/solutions .pytest_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
