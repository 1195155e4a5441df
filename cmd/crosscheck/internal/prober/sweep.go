package prober

import (
	"context"
	"errors"
	"fmt"
	"time"

	"crosscheck/canary"
	"crosscheck/canary/access"
	"crosscheck/canary/bucket"
	"crosscheck/canary/journal"
	"crosscheck/cmd/crosscheck/internal/terminal"
	"crosscheck/cmd/crosscheck/internal/usererr"
	"crosscheck/report"
	"crosscheck/report/text"
	"crosscheck/scanner/client"
)

// Sweep says what is swept, and with whose credentials. It is not checked again.
type Sweep struct {
	AWS        client.Loader // reads the configuration of AWS
	Region     string        // to start from, "" = that of the profile
	ExternalID string        // for assuming roles, "" = none
	DryRun     bool          // print what would be removed, and remove nothing
	Quiet      bool          // print only what could not be removed

	Journals string // directory of the journals, "" = that of the user
	// Place is how to get to a bucket of a journal, given what the journal says.
	Place func(l journal.Location, destination bool) journal.Location

	Buckets   []journal.Location // to sweep without a journal
	Prefixes  []string           // of replication rules, at least one
	Folder    string             // prefix of probe objects
	OlderThan time.Duration      // newer objects stay
}

// sweep is one sweep while it runs.
type sweep struct {
	*Sweep
	s       *terminal.Streams
	clients *access.Clients
	left    int   // things that could not be removed
	pending int   // probes with which S3 had not finished
	bad     error // journals and buckets that could not be swept
}

func newSweep(s *terminal.Streams, o *Sweep) *sweep {
	return &sweep{Sweep: o, s: s, clients: access.New(o.AWS.In(o.Region), o.ExternalID)}
}

// RunJournals sweeps what the journals of dead canaries name, and returns the exit status.
// What is wrong with a journal is an error after all others were swept. It takes precedence
// over what could not be removed: nothing is known of what the journal does not say any more.
func (o *Sweep) RunJournals(ctx context.Context, s *terminal.Streams) (status int, err error) {
	sw := newSweep(s, o)
	dir, err := Journals(s, o.Journals)
	if err != nil {
		return 0, err
	}
	journals, err := journal.List(dir)
	if err != nil {
		return 0, usererr.Hint(fmt.Errorf("the journals cannot be read: %w", usererr.Path(err)), "give their directory with --journal")
	}
	if len(journals) == 0 && !o.Quiet {
		fmt.Fprintln(s.Out, "nothing to sweep: no canary left a journal")
	}
	if o.DryRun {
		sw.foretell(journals)
	} else {
		err = canary.SweepAll(ctx, journals, func(ctx context.Context, l journal.Location, destination bool) (*bucket.Bucket, error) {
			return sw.clients.Bucket(ctx, o.Place(l, destination))
		}, canary.Options{}, sw.journal)
		if err != nil {
			return 0, err
		}
	}
	sw.bad = usererr.Hint(sw.bad, "the file is kept; all that the other lines and journals name was swept")
	return sw.end()
}

// foretell prints what would be removed.
func (sw *sweep) foretell(journals []string) {
	for _, path := range journals {
		entries, err := journal.Read(path)
		sw.bad = errors.Join(sw.bad, err)
		for _, e := range entries {
			replicas := text.Visible(e.Destination.Bucket)
			for _, l := range e.Others {
				replicas += ", " + text.Visible(l.Bucket)
			}
			fmt.Fprintf(sw.s.Out, "would remove s3://%s/%s and its replica in %s\n", text.Visible(e.Source.Bucket), text.Visible(e.Key), replicas)
		}
	}
}

// journal says what became of a journal.
func (sw *sweep) journal(swept canary.SweepResult, err error) {
	run := journal.RunOf(swept.Where)
	switch {
	case errors.Is(err, journal.ErrBusy):
		if !sw.Quiet {
			fmt.Fprintf(sw.s.Out, "run %s is still running, its probes are not touched\n", run)
		}
		return
	case err != nil:
		sw.bad = errors.Join(sw.bad, err)
	}
	if err == nil || swept.Probes > 0 {
		sw.print("run "+run, swept)
	}
}

// RunBuckets sweeps buckets without a journal, and returns the exit status. A bucket that
// cannot be swept is an error after all others were swept.
func (o *Sweep) RunBuckets(ctx context.Context, s *terminal.Streams) (status int, err error) {
	sw := newSweep(s, o)
	for _, at := range o.Buckets {
		err := sw.bucket(ctx, at)
		if ctx.Err() != nil {
			return 0, ctx.Err()
		}
		sw.bad = errors.Join(sw.bad, err)
	}
	return sw.end()
}

func (sw *sweep) bucket(ctx context.Context, at journal.Location) error {
	b, err := sw.clients.Locate(ctx, at)
	if err != nil {
		return err
	}
	for _, prefix := range sw.Prefixes {
		swept, err := canary.SweepBucket(ctx, b, prefix, sw.Folder, sw.OlderThan, sw.DryRun)
		if err != nil {
			return usererr.Hint(err, "check the name and that the canary's role may list it")
		}
		if !sw.DryRun {
			sw.print("bucket "+at.Bucket, swept)
			continue
		}
		for _, l := range swept.Leftovers {
			fmt.Fprintf(sw.s.Out, "would remove s3://%s/%s %s\n", text.Visible(l.Bucket), text.Visible(l.Key), text.Visible(l.VersionID))
		}
	}
	return nil
}

// print says what was swept.
func (sw *sweep) print(where string, swept canary.SweepResult) {
	if !sw.Quiet {
		fmt.Fprintf(sw.s.Out, "%s: %d probes, %d versions removed, %d left\n", text.Visible(where), swept.Probes, swept.Removed, len(swept.Leftovers))
	}
	for _, l := range swept.Leftovers {
		fmt.Fprintf(sw.s.Out, "left: s3://%s/%s %s: %s\n", text.Visible(l.Bucket), text.Visible(l.Key), text.Visible(l.VersionID), text.Visible(l.Message))
	}
	sw.left += len(swept.Leftovers)
	sw.pending += swept.Pending
}

// end gives the exit status of all that was swept, or the error.
func (sw *sweep) end() (status int, err error) {
	switch {
	case sw.bad != nil:
		return 0, sw.bad
	case sw.left > 0:
		return report.ExitFaults, nil
	case sw.pending > 0:
		fmt.Fprintf(sw.s.Err, "crosscheck: S3 had not finished with %d probes, so their replicas may still arrive: sweep again in some minutes\n", sw.pending)
		return report.ExitIncomplete, nil
	}
	return report.ExitClean, nil
}
