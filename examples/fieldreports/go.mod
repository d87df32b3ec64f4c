module github.com/noren-cdk/noren/examples/fieldreports

go 1.26.0
