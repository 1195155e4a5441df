package canary

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"time"

	"crosscheck/canary/bucket"
	"crosscheck/canary/journal"
	"crosscheck/canary/measure"
	"crosscheck/scanner/client"
	"crosscheck/scanner/flow"
)

// SweepResult is what one sweep did.
type SweepResult struct {
	Where     string             // journal file, or bucket
	Probes    int                // probe objects looked for
	Removed   int                // versions, delete markers and uploads that were removed
	Leftovers []measure.Leftover // what could not be removed
	Pending   int                // probes that may still get a replica, so that another sweep is due
}

// OpenBucket gives access to a bucket that a journal names, as the source or the
// destination of a link.
type OpenBucket func(ctx context.Context, l journal.Location, destination bool) (*bucket.Bucket, error)

// sweepParallel bounds the probes that are swept at a time.
const sweepParallel = 16

// Sweep removes what the run of a journal left behind, in the source and all destinations. A journal
// whose run is still alive is not touched: [ErrBusy]. When all of it is gone, the
// journal is removed too, so that another sweep finds nothing to do. A journal with lines
// that are no entries of its run stays, and is an error after all others were swept. Where S3 had
// not finished with an object, its entry stays for one more sweep. Of the options, only
// CleanUp and Settle matter.
func Sweep(ctx context.Context, path string, open OpenBucket, o Options) (SweepResult, error) {
	s := SweepResult{Where: path}
	j, entries, err := journal.Reopen(path)
	if errors.Is(err, os.ErrNotExist) {
		return s, nil // swept meanwhile
	}
	if err != nil {
		return s, err
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	s.Probes = len(entries)
	o = o.withDefaults()
	err = flow.Map(ctx, sweepParallel, slices.Values(entries),
		func(ctx context.Context, e journal.Entry) (*sweptEntry, error) {
			swept := sweepEntry(ctx, e, open, o)
			switch {
			case ctx.Err() != nil:
				return nil, ctx.Err()
			case len(swept.left) > 0 || swept.pending:
				return swept, nil
			}
			// On a full disk the line is lost, which does no harm: the journal goes if all
			// is gone, and otherwise another sweep finds nothing for this entry.
			_ = j.Removed(e.Source.Bucket, e.Key)
			return swept, nil
		},
		func(swept *sweptEntry) error {
			s.Removed += swept.Removed
			s.Leftovers = append(s.Leftovers, swept.left...)
			if swept.pending && len(swept.left) == 0 {
				s.Pending++
			}
			return nil
		})
	slices.SortFunc(s.Leftovers, func(a, b measure.Leftover) int {
		return cmp.Or(cmp.Compare(a.Bucket, b.Bucket), cmp.Compare(a.Key, b.Key), cmp.Compare(a.VersionID, b.VersionID))
	})
	return s, errors.Join(err, j.Damage(), j.Close())
}

// SweepAll sweeps journals, one after the other, and gives what became of each to emit, with
// the error of [Sweep]. None keeps the others from being swept, but the end of ctx, which is
// returned.
func SweepAll(
	ctx context.Context, paths []string, open OpenBucket, o Options, emit func(SweepResult, error),
) error {
	for _, path := range paths {
		swept, err := Sweep(ctx, path, open, o)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		emit(swept, err)
	}
	return nil
}

// sweptEntry is what the sweep of one probe did.
type sweptEntry struct {
	bucket.Tally
	left    []measure.Leftover
	pending bool // a replica may still arrive
}

func sweepEntry(ctx context.Context, e journal.Entry, open OpenBucket, o Options) *sweptEntry {
	ctx, cancel := context.WithTimeout(ctx, o.CleanUp)
	defer cancel()
	s := &sweptEntry{Tally: bucket.Tally{Held: e.Held}}
	opened := func(l journal.Location, destination bool) *bucket.Bucket {
		b, err := open(ctx, l, destination)
		if err != nil {
			s.left = append(s.left, measure.Leftover{
				Bucket: l.Bucket, Key: e.Key, Message: "it cannot be reached: " + client.OneLine(err),
			})
			return nil
		}
		return b
	}
	source := opened(e.Source, false)
	if source != nil {
		s.pending = replicationPending(ctx, &s.Tally, source, &e)
		if e.Parts {
			s.left = append(s.left, s.Abort(ctx, source, e.Key)...)
		}
		s.left = append(s.left, s.Purge(ctx, source, e.Key)...)
	}
	for _, l := range append([]journal.Location{e.Destination}, e.Others...) {
		switch b := opened(l, true); {
		case b == nil:
		case s.pending:
			s.left = append(s.left, purgePending(ctx, &s.Tally, b, e.Key, o.Settle)...)
		default:
			s.left = append(s.left, s.Purge(ctx, b, e.Key)...)
		}
	}
	return s
}

// replicationPending reports whether S3 may still be about to replicate a version of
// the key of an entry. No status is final only where no rule covers the key: otherwise it is
// one that did not get through. FAILED is final only for a single destination.
func replicationPending(ctx context.Context, c *bucket.Tally, source *bucket.Bucket, e *journal.Entry) bool {
	c.Count()
	versions, err := source.Versions(ctx, e.Key)
	if err != nil {
		return true
	}
	return slices.ContainsFunc(versions, func(v bucket.Version) bool {
		if v.DeleteMarker {
			return true // its status cannot be asked for
		}
		c.Count()
		out, present, err := source.Head(ctx, e.Key, v.ID, bucket.CustomerKey{})
		if err != nil {
			return true // also for a version under a customer key that died with its run
		}
		if !present {
			return true // it is listed, so it is there
		}
		switch out.ReplicationStatus {
		case "COMPLETE", "COMPLETED":
			return false
		case "FAILED":
			return len(e.Others) > 0
		case "":
			return !e.Uncovered
		}
		return true
	})
}

// SweepBucket removes probe objects from one bucket without a journal: every
// version and delete marker of a key of the form prefix/folder/run/number, with a run as
// [NewRun] makes it, that was last modified more than olderThan ago. Nothing else is touched, whatever
// its name. With dryRun, it removes nothing and lists as leftovers what it would remove.
func SweepBucket(
	ctx context.Context, b *bucket.Bucket, prefix, folder string, olderThan time.Duration, dryRun bool,
) (SweepResult, error) {
	s := SweepResult{Where: b.Name}
	if err := journal.CheckFolder(folder); err != nil {
		return s, err
	}
	now := time.Now()
	strays := func(ctx context.Context) (list []measure.Leftover, err error) {
		err = b.List(ctx, prefix+folder+"/", func(key string, v bucket.Version) error {
			run, ok := journal.RunOfKey(key, prefix, folder)
			if ok && madeRun.MatchString(run) && !v.Modified.IsZero() && now.Sub(v.Modified) > olderThan {
				list = append(list, measure.Leftover{Bucket: b.Name, Key: key, VersionID: v.ID})
			}
			return nil
		})
		return list, err
	}
	found, err := strays(ctx)
	if err != nil {
		return s, fmt.Errorf("the versions of %s cannot be listed: %s", b.Name, client.OneLine(err))
	}
	keys := map[string]bool{}
	why := map[measure.Leftover]string{} // for what is left of them
	for _, stray := range found {
		keys[stray.Key] = true
		switch {
		case dryRun:
			why[stray] = "it would be removed"
		case ctx.Err() != nil:
			why[stray] = "interrupted"
		default:
			why[stray] = "it is still listed after it was deleted"
			if _, err := b.Delete(ctx, stray.Key, stray.VersionID); err != nil {
				why[stray] = client.OneLine(err)
			}
		}
	}
	s.Probes = len(keys)
	left := found
	if !dryRun && len(found) > 0 {
		// Nothing is gone because it was deleted.
		if left, err = strays(ctx); err != nil {
			left = found
			for _, stray := range found {
				why[stray] = "what is left cannot be listed: " + client.OneLine(err)
			}
		}
	}
	for _, stray := range left {
		if message, ok := why[stray]; ok {
			stray.Message = message
			s.Leftovers = append(s.Leftovers, stray)
		}
	}
	if !dryRun {
		s.Removed = len(found) - len(s.Leftovers)
	}
	return s, ctx.Err()
}

// madeRun is an id as [NewRun] makes it. Without a journal, nothing else distinguishes
// the directory of a run from one of the user.
var madeRun = regexp.MustCompile(`^[0-9]{8}T[0-9]{6}Z-[a-z2-7]{8}$`)

// NewRun makes the id of a run: when it began, and the first 8 characters of something
// random in base 32.
func NewRun(now time.Time, random string) string {
	return now.UTC().Format("20060102T150405Z-") + strings.ToLower(random[:min(8, len(random))])
}
