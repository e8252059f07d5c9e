PYTHON ?= python3
DEVICE ?= cpu
# An environment for each device: their TensorFlows exclude each other.
SETUP := .venv$(if $(filter-out cpu,$(DEVICE)),-$(DEVICE))
BIN := .venv/bin
DEMO_RECORDS := tfrecord/demo
DEMO_OUTPUT := outputs/demo

.DEFAULT_GOAL := help
.PHONY: help setup demo test test-slow test-oldest test-beam lint clean

help: ## this list
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /  make \1\t/' | expand -t 20

.venv/.cpu: setup.cfg pyproject.toml
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet -e ".[cpu]"
	touch $@

$(SETUP)/.setup: setup.cfg pyproject.toml
	@case "$(DEVICE)" in cpu|gpu|tpu) ;; *) echo "make: DEVICE is cpu, gpu or tpu, received $(DEVICE)" >&2; exit 2;; esac
	$(PYTHON) -m venv $(SETUP)
	$(SETUP)/bin/pip install --quiet -e ".[$(DEVICE),export,formats,serve,video]"
	touch $@

.venv/.test: .venv/.cpu
	$(BIN)/pip install --quiet -e ".[cpu,art,export,formats,mlflow,serve,test,video,wandb]"
	touch $@

.venv-beam/.test: setup.cfg pyproject.toml
	$(PYTHON) -m venv .venv-beam
	.venv-beam/bin/pip install --quiet -e ".[cpu,beam,test]"
	touch $@

.venv-oldest/.test: setup.cfg pyproject.toml
	$(PYTHON) -m venv .venv-oldest
	.venv-oldest/bin/pip install --quiet -e ".[art,export,formats,serve,test,video]" tensorflow-cpu==2.19.1 "tensorflow-metadata<1.18"
	touch $@

setup: $(SETUP)/.setup ## .venv with all that the commands need; with DEVICE=gpu .venv-gpu, with DEVICE=tpu .venv-tpu

demo: .venv/.cpu ## photographs to grid in minutes, on the CPU
	$(BIN)/python create_tfrecords.py --source sample --output $(DEMO_RECORDS)
	$(BIN)/python train_srgan.py --device cpu --preset demo --tfrecords $(DEMO_RECORDS) --output $(DEMO_OUTPUT)
	$(BIN)/python inference.py --device cpu --tfrecords $(DEMO_RECORDS) --output $(DEMO_OUTPUT)

test: .venv/.test ## the tests that a user relies on, at most 6 minutes
	$(BIN)/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder

test-slow: .venv/.test ## the tests that take minutes each
	$(BIN)/python -m pytest -m slow -n 2 --dist loadfile --no-loadscope-reorder

test-oldest: .venv-oldest/.test ## the tests of make test on the oldest TensorFlow that is supported
	.venv-oldest/bin/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder

test-beam: .venv-beam/.test ## the tests of Apache Beam's runners, which needs an older Pillow and protobuf than the others
	.venv-beam/bin/python -m pytest -m "slow or not slow" $$(grep -rl apache_beam tests --include='test_*.py')

lint: .venv/.test ## ruff and mypy
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

clean: ## remove .venv and what the demo wrote
	rm -rf .venv .venv-gpu .venv-tpu .venv-oldest .venv-beam $(DEMO_RECORDS) $(DEMO_OUTPUT)
