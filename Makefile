# make test    everything that must hold, on a machine with cargo, python3 with pip, node with npm
# make lint    formatting, clippy, protos, documentation, the service unit
# make fuzz    what meets bytes from outside, against inputs that are made up to break it (minutes)
# make nightly the fault harnesses, the model and the fuzzing at a night's length (hours; ARCHITECTURE.md has the figures)
# make bench   figures of this machine against a plain-file server, and other event stores (minutes; benches/README.md)
# make instructions  how many instructions the hot paths take, against what is kept (minutes; valgrind)
# make test-office  the forms printed by LibreOffice, page by page (a minute; installs what it needs with apt-get as root)
# make pictures     the pictures of docs/first-hour again, from the workbooks that its pages make
# make demo    a sample ledger, served on 127.0.0.1:7015

CARGO ?= cargo
PYTHON ?= python3
NPM ?= npm
TARGET := $(or $(CARGO_TARGET_DIR),target)
DAICHO := $(TARGET)/debug/daicho

BUF_VERSION := 1.75.0
BUF := .tools/node_modules/.bin/buf
BUF_STAMP := .tools/buf-$(BUF_VERSION)
PYTHON_STAMP := .tools/python.stamp
UMADB_VERSION := 0.7.8
UMADB_STAMP := .tools/umadb-$(UMADB_VERSION)

# How long each fuzz target runs; by night FUZZ_SECONDS=1800.
FUZZ_SECONDS ?= 30

.PHONY: test test-build test-rust test-client test-verifier office test-office pictures lint lint-rust lint-proto lint-unit fuzz nightly bench protoc instructions demo

test: test-rust test-client test-verifier

TESTS := --lib --bins --tests

# One build serves all: the tests, the doc tests, the kill -9 rounds and the client run the same debug binary.
test-rust:
	if $(CARGO) nextest --version >/dev/null 2>&1; \
	  then $(CARGO) nextest run --locked $(TESTS) --no-fail-fast; \
	  else $(CARGO) test --locked $(TESTS) --no-fail-fast; \
	fi
	$(CARGO) test --locked --doc

test-build:
	$(CARGO) test --locked $(TESTS) --no-run

# A client that shares no code with the server: Python, with the API learnt through reflection.
test-client: test-rust $(PYTHON_STAMP)
	PYTHONPATH=.tools/python DAICHO_BINARY=$(DAICHO) $(PYTHON) tests/client/client_test.py

# Every workbook of docs/first-hour in both languages, as its pages make it.
OFFICE := $(abspath $(TARGET))/office
define print_workbooks
	rm -rf $(OFFICE) && mkdir -p $(OFFICE)
	DAICHO_OFFICE=$(OFFICE) $(CARGO) test --locked --test it first_hour::the_first_hour
endef

# What prints them.
office:
	if ! command -v soffice >/dev/null || ! command -v pdftotext >/dev/null || [ -z "$$(fc-list 'Noto Sans CJK JP')" ]; then \
	  if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
	    apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends \
	      libreoffice-calc poppler-utils fontconfig fonts-noto-cjk >/dev/null; \
	  else \
	    echo "install LibreOffice Calc, poppler-utils, fontconfig and the Noto CJK fonts"; exit 1; \
	  fi; \
	fi

test-office: office
	$(print_workbooks)
	$(PYTHON) tests/office/forms.py check $(OFFICE)

pictures: office
	$(print_workbooks)
	$(PYTHON) tests/office/forms.py pictures $(OFFICE) docs/first-hour/img

# The program that travels with export bundles, on bundles that the tests make and tamper with, and on one of the demo.
test-verifier: test-rust $(PYTHON_STAMP)
	PYTHONPATH=.tools/python $(PYTHON) tests/verifier/verify_test.py
	PYTHONPATH=.tools/python DAICHO_BINARY=$(DAICHO) $(PYTHON) tests/verifier/demo_test.py
	PYTHONPATH=.tools/python DAICHO_BINARY=$(DAICHO) $(PYTHON) tests/verifier/rotation_test.py

lint: lint-rust lint-proto lint-unit

# Documentation with `--examples`, of which there are none, has the features that clippy had: dependencies are not checked once more.
lint-rust:
	$(CARGO) fmt --all --check
	$(CARGO) clippy --locked --all-targets -- -D warnings
	RUSTDOCFLAGS="-D warnings" $(CARGO) doc --locked --no-deps --lib --examples

lint-proto: $(BUF_STAMP)
	$(BUF) lint

# The units are checked with a program that exists; the one they name is put there by a package.
lint-unit:
	@if command -v systemd-analyze >/dev/null; then \
	  folder=$$(mktemp -d); trap 'rm -r "$$folder"' EXIT; \
	  for unit in deploy/*.service deploy/*.timer; do \
	    sed "s|^ExecStart=/usr/bin/daicho|ExecStart=$$(command -v true)|" "$$unit" >"$$folder/$${unit##*/}"; \
	  done; \
	  found=$$(SYSTEMD_UNIT_PATH="$$folder:" systemd-analyze verify --man=no "$$folder"/* 2>&1 | grep -F daicho); \
	  if [ -n "$$found" ]; then echo "$$found"; exit 1; fi; \
	  for unit in "$$folder"/*.service; do \
	    exposure=$$(systemd-analyze security --offline=true --threshold=15 --no-pager "$$unit") || found=1; \
	    echo "$$exposure" | tail -n 1; \
	  done; test -z "$$found"; \
	else \
	  echo "deploy: units not checked, systemd-analyze is not installed"; \
	fi

fuzz:
	PYTHON=$(PYTHON) tests/fuzz/run $(FUZZ_SECONDS)

# By cargo's own runner: no test is ended for being long. The model needs no fault points, so it runs in a release build.
nightly:
	DAICHO_KILL_ROUNDS=2000 DAICHO_POWER_CUTS=20000 DAICHO_REFUSALS=1000 DAICHO_SWEEP_POINTS=10000 \
	  $(CARGO) test --locked --test it -- --nocapture --test-threads 1 kill::
	DAICHO_MODEL_CASES=80000 $(CARGO) test --locked --release --test it -- --nocapture model::
	$(MAKE) fuzz FUZZ_SECONDS=1800

# Other event stores are measured in the same rounds where their drivers are: DAICHO_PEER_BENCH names the folder.
ifneq ($(DAICHO_PEER_BENCH),)
bench: $(UMADB_STAMP) protoc
endif
bench:
	$(CARGO) bench --locked --bench append

# A program of Debian's package of that name or another, installed where it is missing and can be.
define installed
	command -v $(1) >/dev/null || { [ "$$(id -u)" = 0 ] && apt-get update -qq && apt-get install -y -qq --no-install-recommends $(2) >/dev/null; } \
	  || { echo "install $(2)"; exit 1; }
endef

# The driver of UmaDB compiles its protocol.
protoc:
	$(call installed,protoc,protobuf-compiler)

instructions:
	$(call installed,valgrind,valgrind)
	$(CARGO) bench --locked --bench instructions

demo:
	$(CARGO) run --locked --release -- demo

$(PYTHON_STAMP): tests/client/requirements.txt tests/verifier/requirements.txt
	mkdir -p .tools
	$(PYTHON) -m pip install --quiet --root-user-action=ignore --disable-pip-version-check --upgrade --target .tools/python $(addprefix -r ,$^)
	touch $@

$(BUF_STAMP):
	mkdir -p .tools
	$(NPM) install --prefix .tools --no-save --no-audit --no-fund --loglevel=error @bufbuild/buf@$(BUF_VERSION)
	touch $@

# Not where it cannot be had: the run tells what it leaves out.
$(UMADB_STAMP):
	mkdir -p .tools
	$(PYTHON) -m pip install --quiet --root-user-action=ignore --disable-pip-version-check --upgrade --target .tools/umadb umadb==$(UMADB_VERSION) && touch $@ || true
