// Package prober finds the links to probe, asks whether it may, probes them, and reports
// what the probes show: once, on a schedule, or as an experiment.
package prober

import (
	"context"
	"crypto/rand"
	"errors"
	"time"

	"crosscheck/canary"
	"crosscheck/canary/access"
	"crosscheck/canary/bucket"
	"crosscheck/canary/journal"
	"crosscheck/canary/measure"
	"crosscheck/cmd/crosscheck/internal/audit"
	"crosscheck/cmd/crosscheck/internal/terminal"
	"crosscheck/report"
	"crosscheck/rules"
	"crosscheck/rules/permission"
	"crosscheck/scanner"
	"crosscheck/scanner/client"
	"crosscheck/scanner/fact"
)

// Options say which links are probed, how, and with whose credentials. They are not
// checked again.
type Options struct {
	Version string // of crosscheck
	Log     terminal.Log
	Quiet   bool // no progress on standard error
	Results bool // go to the terminal while the run goes on
	Whole   bool // what the scan for links finds is reported too

	AWS     client.Loader   // reads the configuration of AWS
	Scan    scanner.Options // of the scan for links, with the audit role; its Needs, Meter and RunID are set here
	Profile string          // of AWS, "" = the default one
	Region  string          // to start from, "" = that of the profile
	Role    string          // the canary's own role, assumed in every account

	// RoleGiven says that Role was chosen. If not, links that are found without a scan, and
	// those of a scan of one account, are probed with the caller's own credentials.
	RoleGiven bool

	Links               []string // ids of the only links to probe, with -> or →; nil = all
	Source              string   // a bucket whose links are probed without a scan, "" = scan
	Destination         string   // with Source: only links to this bucket, "" = to all
	Endpoint            string   // URL of the server of source buckets, "" = AWS
	SourceAccount       string   // with Source: its owner, where the role is assumed
	DestinationProfile  string   // "" = Profile
	DestinationEndpoint string   // "" = Endpoint
	DestinationAccount  string   // with Source: the owner of the destination

	Variants   []string // as canary.ParseVariants reads them
	Count      int      // probes of each variant per link
	Interval   time.Duration
	Parallel   int           // concurrent probes
	Timeout    time.Duration // how long to wait for a replica
	Absence    time.Duration // how long to wait before a negative control counts as passed
	Size       int64         // of the large variant, in bytes
	SLO        time.Duration // latency that Percentile of a link's probes must meet, 0 = none
	Percentile float64       // 0 to 100

	Folder        string // prefix of probe objects, after the prefix of the replication rule
	AllowRetained bool   // also probe buckets where probes cannot be removed
	DryRun, Yes   bool   // print what would be put; do not ask
	Journal       string // directory, "" = that of the user
	Forgetful     bool   // keep no journal
}

func (o *Options) canary(run string, j *journal.Journal) canary.Options {
	return canary.Options{
		Run: run, Folder: o.Folder, Timeout: o.Timeout, Absence: o.Absence, Size: o.Size,
		AllowRetained: o.AllowRetained, Journal: j,
	}
}

// prober is one run of the canary.
type prober struct {
	s        *terminal.Streams
	o        Options
	run      string // id
	clients  *access.Clients
	w        *audit.Trailer
	targets  []*canary.Target
	others   map[journal.Location]*bucket.Bucket // of rules beside those of the targets, connected once
	each     func(*fact.Document, *fact.Link)    // sees every link to probe; may be nil
	measured []measure.Measurement
	policies *permission.Policies // of the facts, compiled once
}

func newProber(s *terminal.Streams, o *Options, w report.Writer) *prober {
	return &prober{
		s: s, o: *o, run: newRunID(), w: &audit.Trailer{Writer: w},
		clients: access.New(o.AWS.In(o.Region), o.Scan.ExternalID), others: map[journal.Location]*bucket.Bucket{},
		policies: permission.NewPolicies(),
	}
}

func newRunID() string { return canary.NewRun(time.Now(), rand.Text()) }

// Run finds the links, proves them and writes the report, and returns the exit status of
// the run. After an interruption it reports what there is, and returns the error as well.
func Run(ctx context.Context, s *terminal.Streams, engine *rules.Engine, o *Options, out *audit.Report) (int, error) {
	var p *prober
	var interrupted error
	sum, err := out.Run(ctx, engine, func(w report.Writer, _ func() error) error {
		p = newProber(s, o, w)
		if err := p.discover(ctx, engine); err != nil {
			return err
		}
		err := p.probe(ctx)
		if err != nil && (errors.Is(err, errDryRun) || ctx.Err() == nil || len(p.measured) == 0) {
			return err
		}
		interrupted = err
		return p.closeReport()
	})
	switch {
	case errors.Is(err, errDryRun):
		return report.ExitClean, nil
	case err != nil:
		return 0, err
	}
	p.printLatencies()
	return sum.ExitStatus, interrupted
}

// Write is Run for a report that others begin and end.
func Write(ctx context.Context, s *terminal.Streams, engine *rules.Engine, o *Options, w report.Writer) error {
	p := newProber(s, o, w)
	if err := p.discover(ctx, engine); err != nil {
		return err
	}
	if err := p.probe(ctx); err != nil {
		return err
	}
	return p.closeReport()
}
