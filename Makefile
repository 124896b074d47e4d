# Needs make and Python >= 3.11; everything else is fetched. `make help` lists the targets.
UV := $(shell command -v uv 2>/dev/null || echo .venv-uv/bin/uv)
SYNC := .venv/.synced
ENV ?= base
export MLFLOW_DISABLE_TELEMETRY ?= true
export DVC_NO_ANALYTICS ?= true
export DO_NOT_TRACK ?= 1
ARGS ?=
KUBEFLOW := src/dermaflow/deploy/kubeflow
ENGINE ?= $(or $(shell command -v podman),docker)
IMAGE ?= dermaflow
PORT ?= 5001
# What another build of torch replaces: its own wheels and CUDA's.
TORCH_PACKAGES := $(shell sed -nE 's/^name = "(torch|torchvision|triton|nvidia-.*|cuda-.*)"/\1/p' uv.lock)
# The build has no git: it is told which code it gets. What is not known is left out.
CODE_VERSION := .venv/bin/python -c 'from pathlib import Path; \
	from dermaflow.versioning.git import code_version; commit, dirty = code_version(Path()); \
	print(f"--build-arg COMMIT={commit or str()} --build-arg DIRTY={str(dirty).lower()}")'
# Before anybody calls plain `dvc`, which would read pickles where every user may write.
SITE_CACHE := .venv/bin/python -c 'from pathlib import Path; \
	from dermaflow.versioning.dvc.internals import keep_site_cache; keep_site_cache(Path())'
# The order of files is ours: whole runs come first.
PYTEST := .venv/bin/pytest --numprocesses 2 --dist loadfile --no-loadscope-reorder

.DEFAULT_GOAL := help
.PHONY: help setup run repro ui viz serve bench image kubeflow kubeflow-lock test test-long test-all lint

help: ## Show this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 12

setup: $(SYNC) ## Install the locked environment into .venv (TORCH_INDEX=URL: another build of torch)

run: $(SYNC) ## Run the whole pipeline (ENV=ham10000 for real images, ARGS for kedro's options)
	.venv/bin/kedro run $(if $(filter-out base,$(ENV)),--env $(ENV)) $(ARGS)

repro: $(SYNC) ## Run the stages through DVC: only what a change touches (ENV too)
	.venv/bin/kedro repro --env $(ENV) $(ARGS)

ui: $(SYNC) ## Open the runs in MLflow, on 127.0.0.1:5000 (ENV too)
	.venv/bin/kedro ui $(if $(filter-out base,$(ENV)),--env $(ENV)) $(ARGS)

viz: $(SYNC) ## Open the pipeline in kedro-viz on 127.0.0.1:4141 (ENV too)
	$(UV) run --locked --extra viz kedro viz run $(if $(filter-out base,$(ENV)),--env $(ENV)) --host 127.0.0.1 --port 4141 $(ARGS)

serve: $(SYNC) ## Serve a model on 127.0.0.1 (MODEL=models:/NAME/VERSION, PORT=5001)
	PATH="$(CURDIR)/.venv/bin:$$PATH" MLFLOW_TRACKING_URI=$${MLFLOW_TRACKING_URI:-sqlite:///mlflow/mlflow.db} \
		mlflow models serve --model-uri $(MODEL) --env-manager local --host 127.0.0.1 --port $(PORT) $(ARGS)

bench: $(SYNC) ## Time the stages beside bare torch, Pillow and Kedro (ENV too)
	.venv/bin/kedro bench $(if $(filter-out base,$(ENV)),--env $(ENV)) $(ARGS)

kubeflow: .venv-kubeflow/.synced ## Install Kubeflow's SDK for `kedro kubeflow`, apart from the project

.venv-kubeflow/.synced: $(KUBEFLOW)/requirements.txt $(UV)
	$(UV) venv --quiet --allow-existing --python ">=3.11" .venv-kubeflow
	$(UV) pip sync --quiet --require-hashes --python .venv-kubeflow $<
	@touch $@

kubeflow-lock: $(UV)
	cd $(KUBEFLOW) && $(abspath $(UV)) pip compile --quiet --universal --python-version 3.11 --generate-hashes \
		--no-emit-index-url --custom-compile-command "make kubeflow-lock" requirements.in -o requirements.txt

image: $(SYNC) ## Build the images dermaflow:pipeline and dermaflow:serve (ENGINE=docker, ARGS for its options)
	@version=$$($(CODE_VERSION)) && for target in pipeline serve; do \
		$(ENGINE) build --target $$target --tag $(IMAGE):$$target $$version $(ARGS) . || exit; done

test: $(SYNC) ## Run the tests, two files at a time
	$(PYTEST) $(ARGS)

test-long: $(SYNC) ## Run the long tests alone (ARGS="--minutes 10": those that end by then)
	$(PYTEST) -m slow -rs $(ARGS)

test-all: $(SYNC) ## Run all tests, the long ones too
	$(PYTEST) -m "" $(ARGS)

lint: $(SYNC) ## Check style, types and layers
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .
	.venv/bin/mypy
	.venv/bin/lint-imports

$(SYNC): pyproject.toml uv.lock $(UV)
ifdef TORCH_INDEX
	$(UV) sync --locked --compile-bytecode $(TORCH_PACKAGES:%=--no-install-package %)
	$(UV) pip install --python .venv --index-url $(TORCH_INDEX) "torch>=2.11" "torchvision>=0.26"
else
	@echo "Installing into .venv: about 6.2 GB, most of it CUDA's libraries, which PyTorch's build for Linux needs"
	$(UV) sync --locked --compile-bytecode
endif
	$(SITE_CACHE)
	@touch $@

.venv-uv/bin/uv:
	python3 -m venv .venv-uv
	.venv-uv/bin/python -m pip install --quiet "uv>=0.5"
