// Command crosscheck audits Amazon S3 replication across the accounts of an AWS
// organization and proves that it works. README.md shows its use.
package main

import (
	"os"

	"crosscheck/cmd/crosscheck/internal/cli"
)

func main() { os.Exit(cli.Main()) }
