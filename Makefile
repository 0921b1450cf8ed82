# Highwater. `make help` lists what there is.

GO       ?= go
BIN      := bin/highwater
SEEDS    ?= 1-1000
FUZZTIME ?= 10s
CUTS     ?= 100
FS       ?= ext4 xfs

.DEFAULT_GOAL := help
.PHONY: help build run test race lint fmt sim canary determinism powercut bench fuzz clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

build: ## build the binary: bin/highwater, static
	CGO_ENABLED=0 $(GO) build -trimpath -o $(BIN) ./cmd/highwater

run: build ## run one durable node on 127.0.0.1:9092, data in ./highwater-data
	$(BIN) serve

test: ## run all tests
	$(GO) test ./...

race: ## run tests under the race detector, which turns the dear laws on as well; not those that only drive a built binary
	$(GO) test -race -short $$($(GO) list ./... | grep -Ev '/server/(badinput|crashtest|powercut)$$')

lint: ## vet, formatting and golangci-lint
	@test -z "$$(gofmt -l .)" || { echo "gofmt would change:"; gofmt -l .; exit 1; }
	$(GO) vet ./...
	$(GO) vet -tags canary ./...
	golangci-lint run
	golangci-lint run --build-tags canary

fmt: ## format all Go files
	gofmt -w .

sim: build ## sweep simulated worlds: SEEDS=1-1000
	$(BIN) sim sweep --seeds $(SEEDS)

canary: ## plant known bugs, one at a time: the simulator must find each
	CGO_ENABLED=0 $(GO) build -trimpath -tags canary -o $(BIN)-canary ./cmd/highwater
	$(GO) test -count=1 -tags canary ./sim/regress
	$(BIN)-canary sim canary

determinism: build ## sweep SEEDS in unlike processes (cores, collector, race detector): every digest must be equal
	$(GO) build -race -o $(BIN)-race ./cmd/highwater
	@mkdir -p out; \
	GOMAXPROCS=1 GOGC=20 $(BIN) sim sweep --seeds $(SEEDS) --digests 2>/dev/null | grep ^seed= >out/digests-1; \
	GOMAXPROCS=2 GOGC=off GOMEMLIMIT=4GiB $(BIN) sim sweep --seeds $(SEEDS) --digests 2>/dev/null | grep ^seed= >out/digests-2; \
	GOMAXPROCS=2 $(BIN)-race sim sweep --seeds $(SEEDS) --digests 2>/dev/null | grep ^seed= >out/digests-3; \
	for i in 2 3; do diff out/digests-1 out/digests-$$i || { echo "two runs of one seed differ"; exit 13; }; done; \
	echo "determinism: $$(grep -c digest= out/digests-1) seeds, equal digests in 3 unlike processes"

powercut: ## cut the power under the real broker: CUTS=100, FS="ext4 xfs", SEED=
	@mkdir -p out; HIGHWATER_POWERCUT_CUTS=$(CUTS) HIGHWATER_POWERCUT_FS="$(FS)" HIGHWATER_POWERCUT_SEED=$(SEED) \
	$(GO) test -count=1 -timeout 2h -v -run '^TestPowerCut$$' ./server/powercut >out/powercut || { cat out/powercut; exit 1; }; \
	grep -E 'SEED=|written to the device|^powercut:' out/powercut

bench: build ## measure the machine's limits, a server beside them (short), and the hot paths
	$(BIN) bench disk
	$(BIN) bench produce --duration 5s --verify
	$(BIN) bench produce --duration 5s --batch-size 16KiB --partitions 1000
	$(BIN) bench produce --duration 5s --connections 1 --in-flight 1 --record-size 1024 --batch-size 1KiB
	$(BIN) bench e2e --duration 5s
	$(BIN) bench consume --from memory --duration 5s --partitions 4
	$(BIN) bench consume --fill 1GiB --partitions 4
	$(GO) test -run '^$$' -bench . -benchmem ./core/... ./net/... ./io_uring/... ./server/... ./cmd/...

fuzz: ## run every fuzz target for FUZZTIME=10s
	@for p in $$($(GO) list ./...); do for f in $$($(GO) test -list '^Fuzz' $$p | grep '^Fuzz'); do \
		echo "$$p $$f"; $(GO) test -run '^$$' -fuzz "^$$f$$" -fuzztime $(FUZZTIME) $$p || exit 1; \
	done; done

clean: ## remove what was built; data directories stay
	rm -rf bin out
