# crosscheck. `make demo` and `make test` need Go and make, nothing else.

GO      ?= go
CACHE   ?= $(CURDIR)/.cache
VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)
LDFLAGS  = -s -w -X crosscheck/cmd/crosscheck/internal/cli.version=$(VERSION)

GOLANGCI_VERSION = v2.15.0
GOLANGCI         = $(CACHE)/bin/golangci-lint-$(GOLANGCI_VERSION)
VENV             = $(CACHE)/venv
CYCLONEDX        = $(CACHE)/bin/cyclonedx-gomod-v1.10.0
GOVULNCHECK      = $(CACHE)/bin/govulncheck-v1.9.0
DEADCODE         = $(CACHE)/bin/deadcode-v0.52.0

# The worlds that the program embeds are in a package in testdata, which ./... leaves
# out; //go:embed reaches no other directory.
PACKAGES = ./... ./testdata

export CGO_ENABLED = 0
# Tests compile with the flag of the binary, so that what one of them compiled, all have.
GOFLAGS += -trimpath
export GOFLAGS

.DEFAULT_GOAL = build
.PHONY: build demo test race integration venv differential mutants bench lint sbom vuln clean

## build: the binary, stripped and reproducible, as bin/crosscheck
build:
	$(GO) build -trimpath -buildvcs=false -ldflags '$(LDFLAGS)' -o bin/crosscheck ./cmd/crosscheck

## demo: build, then scan and probe an organization that lives in memory
demo: build
	@bin/crosscheck demo

## test: every test that needs only Go
test:
	$(GO) test -timeout 30m $(PACKAGES)

## race: the tests of what runs concurrently, under the race detector (needs a C compiler)
# The longest packages come first. A process of the race detector sleeps for a second at its
# end if it may; go vet has seen these packages in make test and make lint.
race:
	CGO_ENABLED=1 GORACE=atexit_sleep_ms=50 $(GO) test -race -short -vet=off -timeout 30m ./cmd/... ./canary/... ./scanner/... ./report/...

## integration: against servers and clients that this project did not write (moto, boto3, the aws CLI)
# Much of it waits for other processes: more packages and tests than cores run at a time.
integration: $(VENV)/.ready
	XCTEST_CACHE=$(CACHE) XCTEST_VENV=$(VENV) $(GO) test -tags integration -count=1 -vet=off -p 3 -parallel 4 -timeout 40m -v -run Integration \
		$$(grep -rl --include='*_test.go' '^func TestIntegration' canary cmd report rules scanner | xargs -n1 dirname | sort -u | sed 's|^|./|')

## venv: the Python packages of make integration
venv: $(VENV)/.ready

$(VENV)/.ready: testdata/integration/requirements.txt
	python3 -m venv $(VENV)
	$(VENV)/bin/pip install --quiet --disable-pip-version-check -r $<
	touch $@

## differential: rules/iam against another evaluator, as an external process (npm)
differential:
	XCTEST_CACHE=$(CACHE) $(GO) test -tags differential -count=1 -run Differential -v ./rules/iam/spec

## mutants: small changes to the code that no test notices; MUTANTS="flags and packages", see docs/testing.md
MUTANTS ?= -sample 500 -seed 11 ./rules/iam/...
mutants:
	XCTEST_SPEC_N=1500 $(GO) run ./testdata/mutants $(MUTANTS)
	$(GO) test -tags mutants -count=1 -run RegoMutants -v ./rules

## bench: the figures of docs/benchmarks.md
bench:
	$(GO) test -run '^$$' -bench . -benchmem ./...

## lint: formatting, golangci-lint (with vet and staticcheck) and dead code; both tools go into the cache directory
lint: $(GOLANGCI) $(DEADCODE)
	@files=$$(gofmt -l $$(git ls-files '*.go')); [ -z "$$files" ] || { echo "gofmt would change:"; echo "$$files"; exit 1; }
	$(GOLANGCI) run $(PACKAGES)
	@dead=$$($(DEADCODE) -test $(PACKAGES)) || exit 1; [ -z "$$dead" ] || { echo "no program or test calls:"; echo "$$dead"; exit 1; }

$(DEADCODE):
	GOBIN=$(CACHE)/bin $(GO) install golang.org/x/tools/cmd/deadcode@v0.52.0
	mv $(CACHE)/bin/deadcode $@

$(GOLANGCI):
	GOBIN=$(CACHE)/bin $(GO) install github.com/golangci/golangci-lint/v2/cmd/golangci-lint@$(GOLANGCI_VERSION)
	mv $(CACHE)/bin/golangci-lint $@

## sbom: what the binary is made of, as CycloneDX (bin/crosscheck.cdx.json)
sbom: build $(CYCLONEDX)
	$(CYCLONEDX) bin -json -std -noserial -notimestamp -version '$(VERSION)' -output bin/crosscheck.cdx.json bin/crosscheck

$(CYCLONEDX):
	GOBIN=$(CACHE)/bin $(GO) install github.com/CycloneDX/cyclonedx-gomod/cmd/cyclonedx-gomod@v1.10.0
	mv $(CACHE)/bin/cyclonedx-gomod $@

## vuln: known vulnerabilities in what the program calls; GOVULNDB=URL names another database than Go's own
CALLERS ?= ./...
vuln: $(GOVULNCHECK)
	@$(GOVULNCHECK) $(if $(GOVULNDB),-db $(GOVULNDB)) $(CALLERS) 2>$(CACHE)/govulncheck.err; status=$$?; cat $(CACHE)/govulncheck.err >&2; \
	if [ $$status = 1 ] && [ -z '$(GOVULNDB)' ] && grep -q 'fetching vulnerabilities' $(CACHE)/govulncheck.err; then \
		echo "make vuln: NOTHING WAS CHECKED, the vulnerability database cannot be reached"; \
	else exit $$status; fi

$(GOVULNCHECK):
	GOBIN=$(CACHE)/bin $(GO) install golang.org/x/vuln/cmd/govulncheck@v1.9.0
	mv $(CACHE)/bin/govulncheck $@

clean:
	rm -rf bin
