# The verbs of this repository. `make demo` and `make test` are the two that matter; the README says what they need and leave behind.
SHELL := /usr/bin/env bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

export JAVA_HOME := $(shell build/java-home 2>/dev/null)
MVN := mvn --batch-mode --no-transfer-progress

.PHONY: help
help: ## Show the verbs
	@grep -hE '^[a-z0-9-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-16s %s\n", $$1, $$2}'

.PHONY: prerequisites
prerequisites:
	@build/prerequisites

.PHONY: demo
demo: ## Run the main job end to end: cluster, images, chart, fine-tune, compress, serve, predict
	@demo/demo

.PHONY: test
test: prerequisites ## Run every test there is, end-to-end included
	@build/test

.PHONY: chaos
chaos: prerequisites ## Try every fault with every kind of write, and the operator's death between any two (docs/faults.md; long)
	$(MVN) -pl operator/controller -am verify -Dtest=None -Dsurefire.failIfNoSpecifiedTests=false -Dit.test=Chaos -Dfailsafe.failIfNoSpecifiedTests=false

.PHONY: bench-finetune
bench-finetune: prerequisites ## Compare every fine-tuning method and precision, and the overhead over a bare loop, on real models and mails (about two hours)
	@for what in sweep measure overhead precision language; do bench/finetune/run "$$what"; done

.PHONY: bench-techniques
bench-techniques: prerequisites ## Measure every compression technique on its own, on a text, an image and a language model (about an hour)
	@for what in digits minilm smollm2; do bench/compress/techniques "$$what"; done

.PHONY: bench-search
bench-search: prerequisites ## Search recipes for a text model and an image model, five seeds each (about an hour)
	@for what in digits minilm; do bench/compress/search "$$what"; done

.PHONY: bench-operator
bench-operator: prerequisites ## Measure the operator with 10,000 resources: rate, memory, restart, requests (about 15 minutes)
	@bench/operator/run

.PHONY: bench-server
bench-server: prerequisites ## Compare the inference server with MLServer, KServe, BentoML and LitServe, request by request (about 7 minutes, on a quiet machine)
	@bench/server/run

.PHONY: soak
soak: prerequisites ## Let the server run for long: ten million requests, a million changed ones, fifty restarts under load (about an hour)
	@bench/soak/run

.PHONY: bench-kernels
bench-kernels: prerequisites ## Compare the GPU kernels with PyTorch and torch.compile; says "no GPU" where there is none
	@kernels/bench/run

.PHONY: generate
generate: prerequisites ## Regenerate what is generated (CRDs, the chart's copies of them, docs/api-reference.md, the kernels' table; golden files stay as they are)
	$(MVN) -q -pl operator/api -am test -Dhone.generate=true -Dsurefire.failIfNoSpecifiedTests=false
	helm/sync-crds
	kernels/generate

.PHONY: docs
docs: ## Build the documentation as a static site in site/public; a broken link ends it
	@site/build

.PHONY: sbom
sbom: prerequisites ## Write what the Java programs and the trainer are made of, as CycloneDX, into build/out/sbom
	@build/sbom

.PHONY: vulnerabilities
vulnerabilities: prerequisites ## Look up in OSV, over the network, what is known against the pinned versions of all of that and of the Go tools
	@build/check-vulnerabilities
	@build/vulnerabilities

.PHONY: format
format: prerequisites ## Format Java and Python
	$(MVN) -q spotless:apply
	runtime-image/trainer/format
	kernels/format

.PHONY: images
images: prerequisites ## Build the operator, server and trainer images
	@images/build all

.PHONY: cluster-up
cluster-up: prerequisites ## Bring up (or find) a cluster; CLUSTER=local|kind|current
	@cluster/cluster up

.PHONY: cluster-down
cluster-down: ## Take the cluster down again
	@cluster/cluster down

.PHONY: cluster-status
cluster-status: ## Say what runs
	@cluster/cluster status
