# What one needs: Go and Node. Everything else is fetched here.

ENV      ?= dev
export JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION = 1
export CDK_DISABLE_CLI_TELEMETRY = 1
CDK = node_modules/.bin/cdk

.PHONY: test synth diff golden lint bench

# All tests of all modules. Set-up included.
test: node_modules
	go vet ./...
	go test ./...
	cd examples/fieldreports && go vet ./... && go test ./...

# The assemblies of an environment in its modes: cdk.out/ENV/open, maintenance
# and, where it is prepared, read-only.
synth: node_modules
	@$(MAKE) --no-print-directory .synth MODE=false OUT=open
	@$(MAKE) --no-print-directory .synth MODE=true OUT=maintenance
	@$(MAKE) --no-print-directory .synth MODE=read-only OUT=read-only

.PHONY: .synth
.synth:
	@rm -rf cdk.out/$(ENV)/$(OUT)
	@$(CDK) synth --quiet -c env=$(ENV) -c maintenance=$(MODE) --output cdk.out/$(ENV)/$(OUT)
	@echo "cdk.out/$(ENV)/$(OUT)"
