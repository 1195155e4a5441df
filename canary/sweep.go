package canary

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"crosscheck/canary/measure"
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

// OpenBucket gets to a bucket that a journal names, as the source or the
// destination of a link.
type OpenBucket func(ctx context.Context, p Location, destination bool) (*Bucket, error)

// sweepParallel bounds the probes that are swept at a time.
const sweepParallel = 16

// Sweep removes what the run of a journal left behind, on both sides. A journal
// whose run is still alive is not touched: [ErrBusy]. When all of it is gone, the
// journal is removed too, so that another sweep finds nothing to do. Where S3 had
// not finished with an object, its entry stays for one more sweep.
func Sweep(ctx context.Context, journal string, reach OpenBucket, o Options) (SweepResult, error) {
	s := SweepResult{Where: journal}
	j, entries, err := reopen(journal)
	if errors.Is(err, os.ErrNotExist) {
		return s, nil // swept meanwhile
	}
	if err != nil {
		return s, err
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	s.Probes = len(entries)
	type one struct {
		removed int
		left    []measure.Leftover
		late    bool
	}
	err = flow.Map(ctx, sweepParallel, slices.Values(entries),
		func(ctx context.Context, e Entry) (one, error) {
			removed, left, late := sweepEntry(ctx, e, reach, o)
			if ctx.Err() != nil {
				return one{}, ctx.Err()
			}
			if len(left) > 0 || late {
				return one{removed, left, late && len(left) == 0}, nil
			}
			return one{removed: removed}, j.removed(e.Source.Bucket, e.Key)
		},
		func(r one) error {
			s.Removed += r.removed
			s.Leftovers = append(s.Leftovers, r.left...)
			if r.late {
				s.Pending++
			}
			return nil
		})
	slices.SortFunc(s.Leftovers, func(a, b measure.Leftover) int {
		return cmp.Or(cmp.Compare(a.Bucket, b.Bucket), cmp.Compare(a.Key, b.Key), cmp.Compare(a.VersionID, b.VersionID))
	})
	return s, errors.Join(err, j.Close())
}

func sweepEntry(ctx context.Context, e Entry, reach OpenBucket, o Options) (removed int, left []measure.Leftover, late bool) {
	ctx, cancel := context.WithTimeout(ctx, cmp.Or(o.CleanUp, DefaultCleanUp))
	defer cancel()
	unreached := func(p Location, err error) []measure.Leftover {
		return []measure.Leftover{{Bucket: p.Bucket, Key: e.Key, Message: "it cannot be reached: " + describe(err)}}
	}
	source, err := reach(ctx, e.Source, false)
	if err != nil {
		left = append(left, unreached(e.Source, err)...)
	}
	destination, derr := reach(ctx, e.Destination, true)
	if derr != nil {
		left = append(left, unreached(e.Destination, derr)...)
	}
	c := caller{settle: cmp.Or(o.Settle, DefaultSettle)}
	if err == nil {
		late = c.pending(ctx, source, e.Key)
		if e.Parts {
			left = append(left, c.abort(ctx, source, e.Key)...)
		}
		left = append(left, c.purge(ctx, source, e.Key)...)
	}
	if derr == nil {
		if late {
			left = append(left, c.purgeLate(ctx, destination, e.Key)...)
		} else {
			left = append(left, c.purge(ctx, destination, e.Key)...)
		}
	}
	return c.removed, left, late
}

// pending reports whether S3 may still be about to replicate a version of a key.
func (c *caller) pending(ctx context.Context, e *Bucket, key string) bool {
	c.count()
	items, err := e.versions(ctx, key)
	if err != nil {
		return true
	}
	return slices.ContainsFunc(items, func(it item) bool {
		if it.marker {
			return true // its status cannot be asked for
		}
		c.count()
		out, present, err := e.head(ctx, key, it.version, customerKey{})
		if status(err) == http.StatusBadRequest {
			return true // under a customer key that died with its run
		}
		return err != nil || present && out.ReplicationStatus == "PENDING"
	})
}

// runID is what the id of a run may look like, and number the last part of a key.
var (
	runID     = regexp.MustCompile(`^[A-Za-z0-9-]{1,64}$`)
	number    = regexp.MustCompile(`^[0-9]{1,9}$`)
	folderish = regexp.MustCompile(`^[A-Za-z0-9._-]{1,64}$`)
)

// CheckFolder refuses a name for the canary's folder that is not one plain path
// segment.
func CheckFolder(folder string) error {
	if !folderish.MatchString(folder) || strings.Trim(folder, ".") == "" {
		return fmt.Errorf("the folder %q is not a name of at most 64 letters, digits and . _ -", folder)
	}
	return nil
}

// own reports whether a key is one that a probe made: prefix, folder, run, number.
func own(key, prefix, folder string) bool {
	rest, ok := strings.CutPrefix(key, prefix+folder+"/")
	if !ok {
		return false
	}
	run, n, ok := strings.Cut(rest, "/")
	return ok && runID.MatchString(run) && number.MatchString(n)
}

// SweepBucket removes probe objects from one bucket without a journal: every
// version and delete marker of a key of the form prefix/folder/run/number that
// was last modified more than olderThan ago. Nothing else is touched, whatever
// its name. With dry, it removes nothing and lists as left what it would remove.
func SweepBucket(ctx context.Context, e *Bucket, prefix, folder string, olderThan time.Duration, dry bool) (SweepResult, error) {
	s := SweepResult{Where: e.Name}
	if err := CheckFolder(folder); err != nil {
		return s, err
	}
	type stray struct{ key, version string }
	var strays []stray
	keys := map[string]bool{}
	now := time.Now()
	err := e.list(ctx, prefix+folder+"/", func(key string, it item) error {
		if own(key, prefix, folder) && !it.modified.IsZero() && now.Sub(it.modified) > olderThan {
			keys[key] = true
			strays = append(strays, stray{key, it.version})
		}
		return nil
	})
	if err != nil {
		return s, fmt.Errorf("the versions of %s cannot be listed: %s", e.Name, describe(err))
	}
	s.Probes = len(keys)
	for _, x := range strays {
		left := measure.Leftover{Bucket: e.Name, Key: x.key, VersionID: x.version}
		switch {
		case dry:
			left.Message = "it would be removed"
		case ctx.Err() != nil:
			left.Message = "interrupted"
		default:
			if _, err := e.delete(ctx, x.key, x.version); err != nil {
				left.Message = describe(err)
			}
		}
		if left.Message != "" {
			s.Leftovers = append(s.Leftovers, left)
		} else {
			s.Removed++
		}
	}
	return s, ctx.Err()
}

// NewRun makes the id of a run: when it began, and something that no other run has.
func NewRun(now time.Time, random string) string {
	return now.UTC().Format("20060102T150405Z-") + strings.ToLower(random[:min(8, len(random))])
}

// JournalRun is the id of the run that a journal file belongs to.
func JournalRun(path string) string { return strings.TrimSuffix(filepath.Base(path), journalSuffix) }
