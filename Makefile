# Everything a user or developer types. `check`, `test`, `fuzz` and `demo` share one optimised build: what is tested is what
# users run, but that tests may see what is internal. `build` and `test-fast` are for working.
SHELL := /bin/bash
RELEASE := .build/release

.PHONY: help deps build tested release run demo test test-fast check bench fuzz format clean

help: ## show this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 12

deps: ## install what is missing from Debian (sudo where not root)
	@scripts/deps.sh build

build: deps ## debug build of everything, tests included, for working
	swift build --build-tests

tested: deps
	scripts/build-tests.sh

release: deps ## release build of the gateway and the example plugin
	swift build -c release --product dataplane-gateway
	swift build -c release --product gpx_prometheus

run: release ## Prometheus, the gateway and the example plugin on loopback; Ctrl-C ends all of it
	@scripts/deps.sh demo
	@scripts/run.sh

demo: release ## the same without a terminal: one query, checked, printed
	@scripts/deps.sh demo
	@scripts/run.sh --demo

test-fast: build ## the unit tests, for working
	swift test --skip-build --skip '^EndToEnd\.'

test: tested ## all tests
	@scripts/deps.sh test
	scripts/test.sh

check: deps ## format, layering, build with warnings as errors
	scripts/check.sh

bench: release ## benchmarks against nginx, HAProxy, Caddy and Envoy on this machine
	scripts/deps.sh bench
	Benchmarks/run.sh

fuzz: tested ## 20,000 runs of each fuzz target
	scripts/fuzz.sh 20000

format: ## format all Swift files
	swift format -i -r Package.swift Sources Tests examples Benchmarks Fuzz

clean: ## remove builds and what runs left behind
	rm -rf .build .run
