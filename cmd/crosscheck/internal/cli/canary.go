package cli

import (
	"bufio"
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/spf13/cobra"

	"crosscheck/canary"
	"crosscheck/canary/access"
	"crosscheck/canary/journal"
	"crosscheck/canary/measure"
	"crosscheck/canary/prove"
	"crosscheck/cmd/crosscheck/internal/audit"
	"crosscheck/cmd/crosscheck/internal/config"
	"crosscheck/cmd/crosscheck/internal/terminal"
	"crosscheck/cmd/crosscheck/internal/usererr"
	"crosscheck/report"
	"crosscheck/rules"
	"crosscheck/rules/finding"
	"crosscheck/scanner"
	"crosscheck/scanner/fact"
)

// canaryFlags say which links are probed, how, and with whose credentials.
type canaryFlags struct {
	scope     scopeFlags
	auditRole string

	links               []string
	source, destination string
	endpoint            string
	sourceAccount       string
	destinationProfile  string
	destinationEndpoint string
	destinationAccount  string

	variants      []string
	count         int
	interval      time.Duration
	parallel      int
	timeout       time.Duration
	quietTime     time.Duration
	size          int64
	slo           time.Duration
	sloPercentile float64

	folder        string
	allowRetained bool
	dryRun, yes   bool
	journal       string

	roleGiven bool // --role-name was given
}

// add adds the flags that find and reach links.
func (f *canaryFlags) add(cmd *cobra.Command) {
	f.scope.roleNameFallback = config.CanaryRole
	f.scope.add(cmd)
	fs := cmd.Flags()
	fs.Lookup("role-name").Usage = "the canary's own `role`, assumed in every account; never the audit role"
	fs.StringVar(&f.auditRole, "audit-role-name", "crosscheck-audit", "`role` that the scan for links assumes")
	fs.StringArrayVar(&f.links, "link", nil, "probe only this `link` (its id as scan prints it, with -> or →); repeatable")
	fs.StringVar(&f.destinationProfile, "destination-profile", "", "AWS `profile` for destination buckets (default: as for the source)")
	fs.StringVar(&f.endpoint, "endpoint", "", "`URL` of the S3-compatible server of source buckets")
	fs.StringVar(&f.destinationEndpoint, "destination-endpoint", "", "`URL` of the S3-compatible server of destination buckets (default: as for the source)")
	bind(cmd, "role-name", "canary.role_name", "audit-role-name", "scan.role_name")
}

// addDirect adds the flags that name one bucket instead of a scan.
func (f *canaryFlags) addDirect(cmd *cobra.Command) {
	fs := cmd.Flags()
	fs.StringVar(&f.source, "source", "", "probe the links of this `bucket`, without a scan")
	fs.StringVar(&f.destination, "destination", "", "with --source: only the links to this `bucket`")
	fs.StringVar(&f.sourceAccount, "source-account", "", "with --source: `account id` of its owner, where the role is assumed")
	fs.StringVar(&f.destinationAccount, "destination-account", "", "with --source: `account id` of the destination's owner")
}

// addProbes adds the flags that say what a probe is.
func (f *canaryFlags) addProbes(cmd *cobra.Command) {
	fs := cmd.Flags()
	fs.StringSliceVar(&f.variants, "variant", []string{"auto"}, "`kinds` of probe: auto (those that the link's features need), all, or some of "+canary.JoinVariants(canary.Variants()))
	fs.DurationVar(&f.timeout, "timeout", canary.DefaultTimeout, "how long to wait for a replica")
	fs.DurationVar(&f.quietTime, "absence", canary.DefaultAbsence, "how long to wait before a negative control counts as passed")
	fs.Int64Var(&f.size, "size", canary.DefaultSize, "size of the large variant in `bytes`")
	fs.IntVar(&f.parallel, "parallel", 200, "concurrent `probes`")
	fs.StringVar(&f.folder, "folder", canary.Folder, "`prefix` of probe objects, after the prefix of the replication rule")
	fs.BoolVar(&f.allowRetained, "allow-retained", false, "also probe buckets with default retention or MFA delete, where probes cannot be removed")
	fs.StringVar(&f.journal, "journal", "", "`directory` of the journals (default: ~/.local/state/crosscheck/canary)")
	fs.BoolVar(&f.yes, "yes", false, "put probes without asking for confirmation")
	fs.BoolVar(&f.dryRun, "dry-run", false, "print what would be put where, and put nothing")
	bind(cmd, "timeout", "canary.timeout", "parallel", "canary.parallel", "folder", "canary.folder")
}

// addSeries adds the flags of several probes of one link.
func (f *canaryFlags) addSeries(cmd *cobra.Command) {
	fs := cmd.Flags()
	fs.IntVar(&f.count, "count", 1, "`probes` of each kind per link")
	fs.DurationVar(&f.interval, "interval", 0, "time between the starts of two probes of a link")
	fs.DurationVar(&f.slo, "slo", 0, "latency that --slo-percentile of a link's probes must meet (default: none)")
	fs.Float64Var(&f.sloPercentile, "slo-percentile", 99, "`percentage` of probes that must meet --slo")
	bind(cmd, "count", "canary.count", "interval", "canary.interval", "slo", "canary.slo", "slo-percentile", "canary.slo_percentile")
}

// shortest is the shortest timeout: a shorter one would end before the first
// look at the destination.
const shortest = 100 * time.Millisecond

// configure gives the configuration of a command that probes, which its flags then
// have, and refuses what contradicts itself, before anything is called.
func (f *canaryFlags) configure(s *terminal.Streams, cmd *cobra.Command) (*config.Config, error) {
	c, err := configure(s, cmd)
	if err != nil {
		return nil, err
	}
	return c, f.check(cmd, c)
}

func (f *canaryFlags) check(cmd *cobra.Command, c *config.Config) error {
	f.roleGiven = c.Given("canary.role_name")
	direct := f.source != ""
	scoped := slices.ContainsFunc([]string{"account-only", "accounts", "exclude-accounts", "buckets"}, cmd.Flags().Changed)
	switch {
	case f.scope.roleName == f.auditRole && f.scope.roleName != "":
		return usererr.Hint(fmt.Errorf("the canary's role and the audit role are both %q", f.auditRole), "the audit role only reads; deploy a separate role with 'crosscheck setup canary-role'")
	case direct && len(f.links) > 0:
		return usererr.Hint(errors.New("--source and --link exclude each other"), "--link finds its link by a scan, --source reads one bucket")
	case !direct && (f.destination != "" || f.sourceAccount != "" || f.destinationAccount != ""):
		return usererr.Hint(errors.New("--destination, --source-account and --destination-account belong to --source"), "name a link of a scan with --link")
	case direct && scoped:
		return usererr.Hint(errors.New("--source probes without a scan, so accounts and --buckets do not apply"), "leave out one or the other")
	case f.timeout < shortest:
		return usererr.Hint(fmt.Errorf("--timeout %s is shorter than the first check of the destination", f.timeout), fmt.Sprintf("give at least %s; 15m is what Replication Time Control promises", shortest))
	case f.quietTime < shortest:
		return usererr.Hint(fmt.Errorf("--absence %s is too short for anything to arrive", f.quietTime), fmt.Sprintf("give at least %s", shortest))
	case f.size < 0:
		return usererr.Hint(fmt.Errorf("--size %d is not a number of bytes", f.size), "for example --size 1073741824")
	}
	for _, a := range []string{f.sourceAccount, f.destinationAccount} {
		if a != "" && !fact.IsAccountID(a) {
			return usererr.Hint(fmt.Errorf("%q is not an account id", a), "an account id has 12 digits")
		}
	}
	_, err := canary.ParseVariants(f.variants)
	return usererr.Hint(err, "for example --variant plain,tagged")
}

func (f *canaryFlags) options(run string, j *journal.Journal) canary.Options {
	return canary.Options{
		Run: run, Folder: f.folder, Timeout: f.timeout, Absence: f.quietTime, Size: f.size,
		AllowRetained: f.allowRetained, Journal: j,
	}
}

func newCanaryCommand(s *terminal.Streams) *cobra.Command {
	var (
		f   canaryFlags
		out reportFlags
	)
	cmd := &cobra.Command{
		Use:   "canary",
		Short: "Prove links with probe objects, and remove them again",
		Long: `canary puts a probe object into the source bucket of every link, waits for its
replica, compares the two byte by byte and property by property, and removes every
version on both sides. It finds links by a scan; --link selects some of them. --source
probes one bucket without a scan, also on S3-compatible servers.

The canary writes to production buckets. It prints first what it will put where, asks for
confirmation on a terminal, and needs --yes elsewhere. Its role is separate from the audit
role ('crosscheck setup canary-role' prints it). Every probe is recorded in a journal
before it is put; after a crash, 'crosscheck canary sweep' removes what is left.
` + exits{
			clean:      "every probed link is proven to work",
			findings:   "a failed probe, or a finding at or above --fail-on such as a missed latency objective",
			usage:      "usage, configuration, rule or credential error",
			incomplete: "incomplete: something is unknown and nothing failed",
		}.help(),
		Example: `  crosscheck canary --dry-run
  crosscheck canary --link 'orders/to-backup->backup-orders' --count 10 --slo 15m --slo-percentile 90
  crosscheck canary --source src --destination dst --endpoint http://127.0.0.1:9000 --destination-profile backup --yes`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := f.configure(s, cmd)
			if err != nil {
				return err
			}
			return runCanary(cmd.Context(), s, c, &f, &out, s.AWS)
		},
	}
	f.add(cmd)
	f.addDirect(cmd)
	f.addProbes(cmd)
	f.addSeries(cmd)
	out.add(cmd)
	cmd.AddCommand(newSweepCommand(s), newWatchCommand(s), newExperimentCommand(s))
	return cmd
}

func runCanary(ctx context.Context, s *terminal.Streams, c *config.Config, f *canaryFlags, out *reportFlags, load terminal.ConfigLoader) error {
	engine, err := c.Engine()
	if err != nil {
		return err
	}
	return probeAll(ctx, s, engine, f, out, load, false)
}

// probeAll finds the links, proves them and reports; with whole, what the scan finds
// is reported too. After an interruption it reports what there is.
func probeAll(ctx context.Context, s *terminal.Streams, engine *rules.Engine, f *canaryFlags, out *reportFlags, load terminal.ConfigLoader, whole bool) error {
	p := &prober{s: s, f: f, quiet: out.quiet, results: out.streams(s), run: newRunID(), clients: f.clients(load)}
	var interrupted error
	sum, err := out.report(s).Run(engine, func(w report.Writer, _ func() error) error {
		p.w = &audit.Trailer{Writer: w}
		if err := p.discover(ctx, engine, load, whole); err != nil {
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
		return nil
	case err != nil:
		return err
	}
	p.printLatencies()
	return cmp.Or(interrupted, exitWith(sum.ExitStatus))
}

func newRunID() string { return canary.NewRun(time.Now(), rand.Text()) }

func (f *canaryFlags) clients(load terminal.ConfigLoader) *access.Clients {
	return access.New(func(ctx context.Context, profile string) (aws.Config, error) {
		return load(ctx, profile, f.scope.region)
	}, f.scope.externalID)
}

// prober is one run of the canary: it finds links, asks, probes and reports.
type prober struct {
	s       *terminal.Streams
	f       *canaryFlags
	quiet   bool
	results bool   // go to the terminal while the run goes on
	run     string // id
	clients *access.Clients
	w       *audit.Trailer
	targets []*canary.Target
	each    func(*fact.Document, *fact.Link) // sees every link to probe; nil = nobody does

	forgetful bool // keeps no journal

	whole    bool // the scan's own links and findings are reported too
	measured []measure.Measurement
}

// discover finds the links to probe. With whole, what the scan finds is reported
// too (a drill); otherwise only what keeps links from being found.
func (p *prober) discover(ctx context.Context, engine *rules.Engine, load terminal.ConfigLoader, whole bool) error {
	f := p.f
	p.whole = whole
	if f.source != "" {
		return p.discoverDirect(ctx)
	}
	wanted := map[string]bool{}
	for _, id := range f.links {
		wanted[strings.Replace(id, "->", "→", 1)] = false
	}
	cfg, err := load(ctx, f.scope.profile, f.scope.region)
	if err != nil {
		return err
	}
	options := f.scope.options(p.s, engine.Needs())
	options.RunID, options.RoleName = p.run, f.auditRole // --role-name is the canary's own
	options.Buckets = cmp.Or(options.Buckets, onlySource(wanted))

	var known []string
	source := func(ctx context.Context, emit func(fact.Message) error) error {
		return scanner.Scan(ctx, cfg, options, emit)
	}
	p.w.LinksOnly = !whole
	p.progress("scanning for links with the role %s", f.auditRole)
	scanned := p.s.Watch(p.quiet, p.results, &f.scope.log, options.Meter)
	judging := audit.Audit{Engine: engine, Version: version, Calls: scanned.Calls, Each: func(doc *fact.Document, links []finding.Link) {
		scanned.Judged(doc.Bucket.AccountID, len(links))
		for i := range links {
			l := &links[i]
			known = append(known, l.ID)
			if len(f.links) > 0 {
				if _, ok := wanted[l.ID]; !ok {
					continue
				}
				wanted[l.ID] = true
			}
			i := slices.IndexFunc(doc.Links, func(x fact.Link) bool { return x.ID == l.ID })
			if i < 0 {
				continue
			}
			if p.each != nil {
				p.each(doc, &doc.Links[i])
			}
			t := canary.TargetOf(doc, &doc.Links[i])
			t.Predicted, t.FailureCodes = string(l.Verdict), l.FailureCodes
			p.targets = append(p.targets, t)
		}
	}}
	err = judging.Run(ctx, source, p.w)
	scanned.Done()
	p.w.LinksOnly = false
	if err != nil {
		return err
	}
	scanned.Finished()
	for _, id := range slices.Sorted(maps.Keys(wanted)) {
		if !wanted[id] {
			return usererr.Hint(fmt.Errorf("there is no link %q", id), nearest(id, known))
		}
	}
	if len(p.targets) == 0 {
		return usererr.Hint(errors.New("no link was found to probe"), "see with 'crosscheck scan' which links there are and what could not be read")
	}
	slices.SortFunc(p.targets, func(a, b *canary.Target) int { return cmp.Compare(a.Link, b.Link) })
	for _, t := range p.targets {
		role := f.scope.roleName
		if f.scope.accountOnly && !f.roleGiven {
			role = "" // the caller's own account with the caller's own credentials
		}
		p.connect(ctx, t, role, role)
	}
	return nil
}

// onlySource is the one source bucket of some link ids, "" if there is not one.
func onlySource(ids map[string]bool) string {
	only := ""
	for id := range ids {
		source, _, _ := strings.Cut(id, "/")
		if only != "" && only != source {
			return ""
		}
		only = source
	}
	return only
}

// nearest is a hint of the links that may have been meant.
func nearest(id string, known []string) string {
	source, _, _ := strings.Cut(id, "/")
	var near []string
	for _, k := range known {
		if strings.HasPrefix(k, source+"/") {
			near = append(near, k)
		}
	}
	if near == nil {
		near = known
	}
	if near == nil {
		return "see with 'crosscheck scan' which links there are"
	}
	slices.Sort(near)
	more := ""
	if len(near) > 5 {
		near, more = near[:5], ", …"
	}
	return "there are " + strings.Join(near, ", ") + more
}

// discoverDirect finds the links of --source without a scan.
func (p *prober) discoverDirect(ctx context.Context) error {
	f := p.f
	started := time.Now().UTC().Format(time.RFC3339)
	role := func(account string) string {
		if account == "" || !f.roleGiven {
			return "" // the profile's credentials as they are
		}
		return f.scope.roleName
	}
	source, err := p.clients.Locate(ctx, journal.Location{
		Bucket: f.source, AccountID: f.sourceAccount, Region: f.scope.region,
		Access: journal.Access{Profile: f.scope.profile, Endpoint: f.endpoint, RoleName: role(f.sourceAccount)},
	})
	if err != nil {
		return err
	}
	reader, ok := source.S3.(canary.ReplicationReader)
	if !ok {
		return errors.New("the replication configuration cannot be read")
	}
	targets, err := canary.Links(ctx, reader, source, f.destination)
	if err != nil {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		return usererr.Hint(err, "check --source, --destination and the credentials")
	}
	for _, t := range targets {
		t.Destination.AccountID = cmp.Or(f.destinationAccount, t.Destination.AccountID)
		p.connect(ctx, t, role(f.sourceAccount), role(t.Destination.AccountID))
	}
	p.targets = targets
	run := report.Run{ID: p.run, StartedAt: started, Scope: fact.Scope{Mode: "bucket", Buckets: f.source}, Tool: report.Tool{Name: "crosscheck", Version: version}}
	coverage := fact.Coverage{Buckets: fact.BucketCoverage{Listed: 1, Scanned: 1}, Links: len(targets)}
	return errors.Join(p.w.Run(&run), p.w.Coverage(&coverage))
}

// connect gives access to both buckets of a target; where it cannot, the bucket says why.
func (p *prober) connect(ctx context.Context, t *canary.Target, sourceRole, destinationRole string) {
	f := p.f
	if f.destinationProfile != "" && !f.roleGiven {
		destinationRole = "" // credentials of their own
	}
	p.clients.Connect(ctx, &t.Source, journal.Access{Profile: f.scope.profile, Endpoint: f.endpoint, RoleName: sourceRole})
	p.clients.Connect(ctx, &t.Destination, journal.Access{
		Profile: cmp.Or(f.destinationProfile, f.scope.profile), Endpoint: cmp.Or(f.destinationEndpoint, f.endpoint), RoleName: destinationRole,
	})
}

// plans chooses the variants of every target.
func (p *prober) plans() ([]canary.Plan, error) {
	given, err := canary.ParseVariants(p.f.variants)
	if err != nil {
		return nil, err
	}
	plans := make([]canary.Plan, len(p.targets))
	for i, t := range p.targets {
		plans[i] = canary.Plan{Target: t, Variants: given}
		if given == nil {
			plans[i].Variants = canary.Auto(t)
		}
	}
	return plans, nil
}

// printPlans says what will be put where.
func (p *prober) printPlans(w io.Writer, plans []canary.Plan) {
	probes := 0
	buckets := map[string]bool{}
	for _, plan := range plans {
		if _, err := plan.Key(p.f.folder, p.run); err != nil {
			continue
		}
		probes += len(plan.Variants) * p.f.count
		buckets[plan.Target.Source.Name] = true
	}
	fmt.Fprintf(w, "The canary puts %d probe objects into %d source buckets and removes every version again, on both sides:\n", probes, len(buckets))
	const most = 50
	for i, plan := range plans {
		if i == most {
			fmt.Fprintf(w, "  … and %d more links\n", len(plans)-most)
			break
		}
		t := plan.Target
		where, err := plan.Key(p.f.folder, p.run)
		if err != nil {
			fmt.Fprintf(w, "  %s: nothing: %s\n", usererr.OneLine(t.Link), usererr.OneLine(err.Error()))
			continue
		}
		fmt.Fprintf(w, "  %s: s3://%s/%s… (%s)\n", usererr.OneLine(t.Link), usererr.OneLine(t.Source.Name), usererr.OneLine(strings.TrimSuffix(where, "1")), canary.JoinVariants(plan.Variants))
	}
}

// errDeclined is the answer no.
var errDeclined = usererr.Hint(errors.New("nothing was put"), "--dry-run shows what would be put, --yes confirms it")

// confirm asks whether the probes may be put.
func (p *prober) confirm(ctx context.Context, plans []canary.Plan) error {
	if p.f.yes {
		if !p.quiet {
			p.printPlans(p.s.Err, plans)
		}
		return nil
	}
	p.printPlans(p.s.Err, plans)
	if !p.s.InTTY {
		return usererr.Hint(errors.New("refusing to write to production buckets without confirmation (no terminal)"), "use --yes, or --dry-run to see what would be put")
	}
	fmt.Fprint(p.s.Err, "Go on? [y/N] ")
	answer := make(chan string, 1)
	go func() {
		line, _ := bufio.NewReader(p.s.In).ReadString('\n')
		answer <- strings.ToLower(strings.TrimSpace(line))
	}()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case a := <-answer:
		if a == "y" || a == "yes" {
			return nil
		}
		return errDeclined
	}
}

// probe agrees, probes every target and writes measurements and what follows
// from them. A dry run says what it would do.
func (p *prober) probe(ctx context.Context) error {
	plans, err := p.plans()
	if err != nil {
		return err
	}
	if p.f.dryRun {
		p.printPlans(p.s.Out, plans)
		return errDryRun
	}
	if err := p.confirm(ctx, plans); err != nil {
		return err
	}
	j, err := p.openJournal()
	if err != nil {
		return err
	}
	defer p.closeJournal(j)

	var mu sync.Mutex
	done, total := 0, canary.CountJobs(plans)*p.f.count
	stop := p.every(10*time.Second, func() {
		mu.Lock()
		defer mu.Unlock()
		p.progress("%d of %d probes done", done, total)
	})
	defer stop()
	emit := func(m measure.Measurement) error {
		mu.Lock()
		done++
		mu.Unlock()
		p.measured = append(p.measured, m)
		return p.w.Measurement(&m)
	}
	return canary.RunSeries(ctx, p.f.parallel, plans, p.f.count, p.f.interval, p.f.options(p.run, j), emit)
}

var errDryRun = errors.New("dry run")

// every calls f again and again until the returned function is called.
func (p *prober) every(d time.Duration, f func()) (stop func()) {
	done, gone := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(gone)
		t := time.NewTicker(d)
		defer t.Stop()
		for {
			select {
			case <-done:
				return
			case <-t.C:
				f()
			}
		}
	}()
	return func() { close(done); <-gone }
}

func (p *prober) progress(format string, args ...any) {
	if !p.quiet {
		p.f.scope.log.Say(p.s, fmt.Sprintf(format, args...))
	}
}

func (p *prober) openJournal() (*journal.Journal, error) {
	if p.forgetful {
		return nil, nil
	}
	dir, err := journals(p.s, p.f.journal)
	if err != nil {
		return nil, err
	}
	j, err := journal.Open(dir, p.run)
	return j, usererr.Hint(err, "give a writable directory with --journal")
}

// journals is the directory of the journals of canaries.
func journals(s *terminal.Streams, given string) (string, error) {
	if given != "" {
		return given, nil
	}
	dir, err := journal.DefaultDirectory(s.Getenv)
	return dir, usererr.Hint(err, "give a directory with --journal")
}

func (p *prober) closeJournal(j *journal.Journal) {
	if j == nil {
		return
	}
	path := j.Path()
	if err := j.Close(); err != nil {
		fmt.Fprintf(p.s.Err, "crosscheck: the journal %s cannot be closed: %s\n", path, usererr.OneLine(err.Error()))
	}
	if _, err := usererr.ReadFile(path); err == nil {
		fmt.Fprintf(p.s.Err, "crosscheck: this run may have left probes: 'crosscheck canary sweep' removes it (journal %s)\n", path)
	}
}

// closeReport writes what follows from the measurements, and what was kept back.
func (p *prober) closeReport() error {
	o := prove.Options{Audited: p.whole, Latency: p.f.slo, Percentile: p.f.sloPercentile}
	for _, f := range prove.Findings(p.predictions(), p.measured, o) {
		if err := p.w.Finding(&f); err != nil {
			return err
		}
	}
	return p.w.End()
}

// printLatencies says how long links took that were probed more than once.
func (p *prober) printLatencies() {
	if p.quiet || p.f.count < 2 {
		return
	}
	for _, l := range measure.Group(p.measured) {
		fmt.Fprintf(p.s.Err, "crosscheck: latency of %s: %s\n", usererr.OneLine(l.Link), &l)
	}
}
