// Package rules judges facts: it evaluates Rego rules and the permission matrix
// of every replication link, and gives each link a verdict.
package rules
