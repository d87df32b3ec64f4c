# You need Go and Node: every target fetches the rest itself.

# The environment for synth and diff: a file in environments/, without .yaml.
ENV ?= dev

CDK  = node_modules/.bin/cdk
LINT = go run github.com/golangci/golangci-lint/v2/cmd/golangci-lint@v2.15.0

# CDK warns about Node 20 at every start, and collects usage data.
export JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION = 20
export CDK_DISABLE_CLI_TELEMETRY = 1

# Tests that interrupt something before every call do so before some calls only;
# with SHORT= before all.
SHORT ?= -short

# How long each fuzz test runs: a time, or a count such as 10000x.
FUZZTIME ?= 10s
CHAOS ?= 1m

.PHONY: release-dry-run
.PHONY: help preview night night-million images sessions preview-test release-test pictures test apps awscli browser clients clients-java mysql copy-million ddl-chaos ddl-truth e2e judges vulnerabilities fuzz synth diff templates plan deploy await generate golden lint bench

help:
	@echo "make preview        the product on this machine, open and closed: ENV=$(ENV) ARGS=\"--closed ...\""
	@echo "make night          a planned maintenance on this machine: ARGS=\"--yes --fail Verify ...\""
	@echo "make night-million  the test of a night, with a million rows, on MySQL and MariaDB: mariadbd on PATH"
	@echo "make images         the container images without a Docker engine, into cdk.out/images: ARGS=\"-registry ...\""
	@echo "make test           all tests"
	@echo "make preview-test   the tests of the preview that take minutes, on MySQL and MariaDB: Chromium and mariadbd on PATH; CHAOS=10m for longer chaos"
	@echo "make release-test   a release with a schema change, every answer checked: mariadbd on PATH; SHORT= checks ten times as many"
	@echo "make release-dry-run  the archives of a release, for six platforms, into cdk.out/release"
	@echo "make pictures       redraw the pictures of the README: Chromium on PATH"
	@echo "make awscli         the commands that the stack prints, by both versions of the AWS CLI: the second in NOREN_AWSCLI2"
	@echo "make apps           some eighty CDK apps that import the construct, in every mode"
	@echo "make browser        the tests that need a browser: Chromium on PATH"
	@echo "make clients        what HTTP libraries do in maintenance: Node, Python 3.11, curl; make clients-java: JDK 17, Maven"
	@echo "make mysql          the tests that need a MySQL and a MariaDB server"
	@echo "make copy-million   change, compare and count a million rows on a copy"
	@echo "make sessions       the tests of the API with sessions in Valkey: valkey-server or redis-server on PATH"
	@echo "make ddl-truth      verdicts of noren ddl plan against what readers and writers feel; the result goes to docs/ddl-truth.md"
	@echo "make ddl-chaos      disturb schema changes N=$(N) times; the result goes to docs/ddl-chaos.md"
	@echo "make e2e            deploy and flip with the cdk CLI, against an emulator of AWS: Python 3.11; SHORT= interrupts at every call"
	@echo "make judges         third-party linters and their accepted findings: cfn-lint, checkov, actionlint, zizmor, shellcheck, cdk diff"
	@echo "make vulnerabilities  known vulnerabilities that the code reaches: govulncheck, which asks vuln.go.dev"
	@echo "make fuzz           every fuzz test for FUZZTIME=$(FUZZTIME)"
	@echo "make synth          the assemblies of ENV=$(ENV): open, read-only, closed"
	@echo "make diff           what closing changes in ENV=$(ENV)"
	@echo "make templates      the templates that the committed files describe, of every environment"
	@echo "make plan           what a deploy of ENV=$(ENV) would change; with MODE=open, read-only or closed: a flip"
	@echo "make deploy         deploy what make plan planned; with DIGEST=...: if that is what was approved"
	@echo "make await          wait until the product is seen in the mode that was planned"
	@echo "make generate       which properties replace a resource, from the schemas of cfn-lint"
	@echo "make golden         rewrite the goldens of the tests; read the difference"
	@echo "make lint           static checks"
	@echo "make bench          benchmarks, as ratios"

# The product on this machine, as ENV would be deployed. On a fresh checkout dev
# is first shown from the templates in the tree, while the rest is built.
preview: tools
	@if [ "$(ENV)" = dev ] && [ -z "$(ARGS)" ] && [ ! -f cdk.out/dev/closed/manifest.json ]; then \
		echo "compiling the preview, which takes a minute the first time" && \
		go build -o bin/firstlook ./cmd/firstlook && exec bin/firstlook; \
	else \
		$(MAKE) --no-print-directory firstlook-follows && exec bin/noren preview --env $(ENV) $(ARGS); \
	fi

# What a preview of ENV needs.
.PHONY: firstlook-follows
firstlook-follows: node_modules
	@go build -o bin/noren ./cmd/noren
	@$(MAKE) --no-print-directory synthesized

# A planned maintenance on this machine, from announcement to report.
night: tools node_modules
	@scripts/night.sh $(ARGS)

# The test of a night with a million reports in the table that is changed.
night-million: node_modules
	$(MAKE) synthesized ENV=dev
	NOREN_MYSQLD=$$(scripts/mysql.sh) NOREN_NIGHT_ROWS=1000000 go test -tags preview -v -count=1 -timeout 30m -run NightThatFails ./test/preview

# The container images: go run ./cmd/images -h lists the possible ARGS.
images: ARGS ?= -out cdk.out/images
images:
	@go run ./cmd/images $(ARGS)

# The archives of a release and their checksums, only into cdk.out/release. The
# same commit gives the same checksums.
PLATFORMS ?=
release-dry-run:
	@echo "building noren for six platforms, or PLATFORMS=linux/amd64,...; the first time takes minutes for each"
	@go run ./cmd/release $(if $(PLATFORMS),-platforms $(PLATFORMS))

# The assemblies of ENV, not rebuilt if nothing has changed.
.PHONY: synthesized
synthesized: node_modules
	@if [ ! -f cdk.out/$(ENV)/closed/manifest.json ] || \
		[ -n "$$(find $(SYNTHESIZED) -newer cdk.out/$(ENV)/open/manifest.json -not -path "*/mobile-data*" -not -path examples/fieldreports -print -quit)" ]; then \
		$(MAKE) --no-print-directory synth; fi

# The required tools, and where to get them.
.PHONY: tools
tools:
	@command -v go >/dev/null || { echo "go is not on PATH: install Go 1.26 or later, https://go.dev/dl"; exit 1; }
	@command -v node >/dev/null && command -v npm >/dev/null || { echo "node and npm are not on PATH: install Node 22 or later, https://nodejs.org"; exit 1; }

# The sources of an assembly.
SYNTHESIZED = main.go go.mod go.sum cdk.json package-lock.json constructs environments examples internal lambda stacks

test: node_modules
	@echo "vetting and testing; the first time compiles CDK for several minutes, and prints nothing meanwhile"
	go vet ./...
	go test -timeout 20m ./...
	cd examples/fieldreports && go vet ./... && go test ./...

# The commands that the stack prints, run by version 1 of the AWS CLI, which pip
# installs, and by version 2, which pip does not.
NOREN_AWSCLI2 ?= /usr/bin/aws
export NOREN_AWSCLI2

# CDK apps that import the construct: all of them; each test run takes some.
apps:
	NOREN_APPS=all go test -count=1 -timeout 20m ./test/apps
	NOREN_PROPERTY=100 go test -count=1 -timeout 20m -run Generated ./constructs/maintenancemode

awscli: node_modules .venv/awscli
	@$(NOREN_AWSCLI2) --version | grep -q ^aws-cli/2 || { echo "$(NOREN_AWSCLI2) is not the AWS CLI 2: name it in NOREN_AWSCLI2"; exit 1; }
	go test -tags awscli -count=1 -timeout 20m -run 'Printed|Pager' ./stacks

browser:
	cd test/axe && npm ci --no-audit --no-fund --loglevel=error
	go test -tags browser ./internal/function/responder
	cd examples/fieldreports && go test -tags browser -timeout 10m .

# The libraries that the client contract names, in the locked versions.
clients: .venv/clients
	cd test/clients && npm ci --no-audit --no-fund --loglevel=error
	go test -tags clients -count=1 ./test/clients

clients-java:
	mvn -q -B -f test/clients/java/pom.xml dependency:copy-dependencies -DoutputDirectory=lib
	go test -tags clientsjava -count=1 -run Java ./test/clients

# What the preview must withstand. -v, since each test prints its counts; the
# records of ./test stay in cdk.out/preview-test until the next run.
preview-test: node_modules
	go test -tags preview -v -timeout 10m -run UnderLoad ./internal/preview/edge
	$(MAKE) synthesized ENV=dev
	$(MAKE) synthesized ENV=prod
	go test -tags preview -v -count=1 -timeout 10m -run "Site|Bypass|ControlPage$$|Pictures|InATerminal" ./internal/preview ./cmd/noren
	rm -rf cdk.out/preview-test && mkdir -p cdk.out/preview-test
	NOREN_MYSQLD=$$(scripts/mysql.sh) NOREN_CHAOS=$(CHAOS) go test -tags preview -v -count=1 -timeout 60m -artifacts -outputdir cdk.out/preview-test -skip Release ./test/preview

# A release with a schema change, without a stop: ANSWERS= of a steady load, 5000
# or, with SHORT=, 50000. The previous version comes from git's history.
ANSWERS ?= $(if $(SHORT),5000,50000)
release-test: node_modules
	$(MAKE) synthesized ENV=dev
	NOREN_RELEASE_ANSWERS=$(ANSWERS) go test -tags preview -v -count=1 -timeout 30m -run Release ./test/preview

# The pictures of the README. Needs Chromium on PATH.
pictures: node_modules
	$(MAKE) synthesized ENV=prod
	$(MAKE) synthesized ENV=dev
	go test -tags preview -count=1 -run Pictures ./internal/preview ./test/preview -update

# The tests that need real database servers: mysqld or mariadbd on PATH, and a
# MySQL from Debian that is put into the user's cache.
mysql:
	NOREN_MYSQLD=$$(scripts/mysql.sh) go test -tags mysql -timeout 45m ./internal/ddl ./internal/ddl/copy
	NOREN_MYSQLD=$$(scripts/mysql.sh) go test -tags mysql -run 'Docs_SchemaCopy|DDLCheck' ./cmd/noren
	cd examples/fieldreports && NOREN_MYSQLD=$$(../../scripts/mysql.sh) go test -tags mysql ./api

# Changes a million rows on a copy, compares and counts them.
copy-million:
	NOREN_MYSQLD=$$(scripts/mysql.sh) NOREN_COPY_ROWS=1000000 go test -tags mysql -count=1 -parallel 1 -timeout 60m -v -run 'TestSwitch_Every|TestCompare_Beside' ./internal/ddl/copy

# All tests of the API with its sessions in a separate store.
sessions:
	cd examples/fieldreports && go test -tags valkey -count=1 ./api

# A schema change that is disturbed at random moments, N times.
N ?= 200
ddl-chaos:
	NOREN_MYSQLD=$$(scripts/mysql.sh) NOREN_CHAOS=$(N) NOREN_CHAOS_RESULT=$(CURDIR)/docs/ddl-chaos.md go test -tags mysql -count=1 -timeout 60m -run 'TestChaos$$' ./internal/ddl

# Compares the verdicts of noren ddl plan with what a reader and a writer
# experience: every operation on every kind of table, or CELLS of them. make mysql
# tries 24.
CELLS ?= all
ddl-truth:
	NOREN_MYSQLD=$$(scripts/mysql.sh) NOREN_TRUTH_CELLS=$(CELLS) NOREN_TRUTH_RESULT=$(CURDIR)/docs/ddl-truth.md go test -tags mysql -count=1 -timeout 90m -run 'TestTruth$$' ./internal/ddl

# The emulator listens on this machine only. The test's files are in cdk.out/e2e
# and stay until the next run.
e2e: node_modules .venv/e2e .venv/awscli
	go test -tags e2e -count=1 -timeout 60m -v $(SHORT) ./test/e2e

# Every environment in every mode, synthesized if something has changed.
judges: node_modules .venv/lint test/lint/node_modules
	@for env in dev staging prod; do \
		if [ ! -f cdk.out/$$env/closed/manifest.json ] || \
			[ -n "$$(find $(SYNTHESIZED) -newer cdk.out/$$env/open/manifest.json -print -quit)" ]; then \
			$(MAKE) --no-print-directory synth ENV=$$env || exit 1; fi; done
	go test -tags judges -count=1 -timeout 30m -v ./test/lint

# The database of known vulnerabilities is on the internet.
vulnerabilities:
	go run golang.org/x/vuln/cmd/govulncheck@v1.1.4 ./...

# Python tools, exactly as the folder's requirements.txt pins them.
.venv/%: test/%/requirements.txt
	@command -v python3 >/dev/null || { echo "python3 is not on PATH: install Python 3.11 or later"; exit 1; }
	@rm -rf $@ && python3 -m venv $@
	@$@/bin/pip install --quiet --disable-pip-version-check --require-hashes -r $< || { rm -rf $@; exit 1; }
	@touch $@

# go test fuzzes one function at a time.
fuzz:
	@grep -rlE '^func Fuzz' --include='*_test.go' internal lambda | while read -r file; do \
		for name in $$(sed -nE 's/^func (Fuzz[A-Za-z]*)\(.*/\1/p' $$file); do \
			echo "$$name, $$(dirname $$file)"; \
			go test -run '^$$' -fuzz "^$$name$$" -fuzztime $(FUZZTIME) ./$$(dirname $$file) || exit 1; \
		done; \
	done

# The first mode compiles what all need; the others are built in parallel if there
# is memory for two, about 2 GB each.
AT_ONCE ?= $(shell awk '/MemAvailable/ {print ($$2 > 5000000) ? 2 : 1}' /proc/meminfo 2>/dev/null || echo 1)
synth:
	@echo "synthesizing $(ENV) in three modes, which takes a minute; the first time compiles CDK, for several minutes"
	@$(MAKE) --no-print-directory cdk.out/$(ENV)/open
	@$(MAKE) --no-print-directory -j $(AT_ONCE) cdk.out/$(ENV)/read-only cdk.out/$(ENV)/closed

# An assembly is always rewritten: it depends on the whole source.
.PHONY: cdk.out/$(ENV)/open cdk.out/$(ENV)/read-only cdk.out/$(ENV)/closed
cdk.out/$(ENV)/open:      FLAG = false
cdk.out/$(ENV)/read-only: FLAG = read-only
cdk.out/$(ENV)/closed:    FLAG = true
cdk.out/$(ENV)/open cdk.out/$(ENV)/read-only cdk.out/$(ENV)/closed: node_modules
	@rm -rf $@
	@$(CDK) synth --quiet --strict -c env=$(ENV) -c maintenance=$(FLAG) --output $@
	@echo "$@"

# What a reviewer of a pull request sees. Against the deployed stack, with
# credentials: npx cdk diff -c env=$(ENV) -c maintenance=true
diff: cdk.out/$(ENV)/open cdk.out/$(ENV)/closed
	@$(CDK) diff --template cdk.out/$(ENV)/open/*.template.json --app cdk.out/$(ENV)/closed

# The templates of every environment that a deploy without flags would deploy: two
# commits are compared by them.
templates: node_modules
	@rm -rf cdk.out/templates
	@mkdir -p cdk.out/templates
	@for env in $(basename $(notdir $(wildcard environments/*.yaml))); do \
		rm -rf cdk.out/$$env/committed && \
		$(CDK) synth --quiet --strict -c env=$$env --output cdk.out/$$env/committed && \
		cp cdk.out/$$env/committed/*.template.json cdk.out/templates || exit 1; \
	done
	@ls -d cdk.out/templates/*

# The properties that replace a resource, from the schemas of the pinned cfn-lint.
generate: .venv/lint
	go generate ./internal/diff

# Needs credentials: see scripts/plan.sh.
plan: node_modules
	@scripts/plan.sh $(ENV) $(MODE)

deploy: node_modules
	@scripts/deploy.sh $(ENV) $(DIGEST)

# Waits until the deployed template, the listener and a real request all show what
# was planned, at most ten minutes.
await:
	@go build -o cdk.out/$(ENV)/noren ./cmd/noren
	@scripts/await.sh $(ENV)

golden: node_modules
	go test ./stacks -run Goldens -update
	go test ./internal/function/responder -update
	go test ./cmd/noren -update
	go test ./internal/window -update
	go test ./internal/environment -run 'Schema|AsDocumented' -update
	$(MAKE) --no-print-directory synth ENV=dev && $(MAKE) --no-print-directory synth ENV=prod
	go test -tags judges ./test/lint -run Diff -update
	go test -tags preview -count=1 ./test/preview -run 'TestNight$$' -update
	git diff --stat -- '*/testdata'

lint:
	go mod tidy -diff
	$(LINT) run --allow-parallel-runners ./...
	cd examples/fieldreports && $(LINT) run --allow-parallel-runners ./...
	scripts/deadcode.sh

# One package after another: parallel benchmarks disturb each other.
bench: node_modules
	go test -run '^$$' -bench Synth -benchtime 9x ./stacks
	go test -run '^$$' -bench AppBuild -benchtime 1x ./stacks
	go test -run '^$$' -bench Build -benchtime 1x ./internal/gobuild
	go test -run '^$$' -bench Tests -benchtime 1x ./stacks
	go test -run '^$$' -bench . ./internal/rules/allowlist
	go test -run '^$$' -bench . ./internal/diff
	go test -run '^$$' -bench . ./internal/alb
	scripts/bench.sh
	go test -run '^$$' -bench . ./internal/replay/accesslog ./cmd/noren
	go test -p 1 -run '^$$' -bench . ./lambda/responder ./internal/function/responder
	go test -run '^$$' -bench ALB -benchtime 15x ./internal/preview/edge
	NOREN_MYSQLD=$$(scripts/mysql.sh) go test -tags mysql -run '^$$' -bench SideBySide -benchtime 1x -timeout 30m ./internal/ddl

# AWS's own comparison of templates.
test/lint/node_modules: test/lint/package-lock.json
	@cd test/lint && npm ci --no-audit --no-fund --loglevel=error
	@touch $@

# npm does not report what nobody here can change.
node_modules: package-lock.json
	@command -v npm >/dev/null || { echo "npm is not on PATH: install Node 22 or later, https://nodejs.org"; exit 1; }
	@npm ci --no-audit --no-fund --loglevel=error
	@touch node_modules
