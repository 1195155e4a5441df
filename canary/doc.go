// Package canary proves links by experiment: it puts probe objects into source
// buckets, watches for their replicas, compares the two, and removes both again.
//
// A probe is one function, [Probe], of a context, a [Target] and [Options]; what it
// showed is a [measure.Measurement]. The kinds of probe are a table, a file for each
// (variant_*.go). An object is put only when its [journal.Journal] has it on disk, so
// that [Sweep] finds what a process that was killed left behind. Only objects under
// the canary's own prefix are ever deleted.
//
// Time is the local monotonic clock: a replica keeps the creation time of its
// source, so no time that S3 reports says when it arrived.
package canary
