package cli

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/spf13/cobra"

	"crosscheck/canary"
	"crosscheck/canary/measure"
	"crosscheck/cmd/crosscheck/internal/config"
	"crosscheck/report"
	"crosscheck/rules"
	"crosscheck/rules/finding"
	"crosscheck/scanner"
	"crosscheck/scanner/fact"
)

func newDrillCommand(s *streams) *cobra.Command {
	var (
		f      canaryFlags
		out    reportFlags
		waived waiverFlags
	)
	cmd := &cobra.Command{
		Use:   "drill",
		Short: "Scan and canary in one report: predicted beside proven",
		Long: `drill audits the organization as scan does and then proves every link as canary
does. Its report holds what was predicted beside what was proven; where the two
contradict each other, that is a finding of high severity, because then either the
setup or crosscheck is wrong.

It writes into production buckets and removes what it wrote: it says first what it
will put where, asks on a terminal, and needs --yes elsewhere.
` + exitStatusHelp,
		Example: `  crosscheck drill --dry-run
  crosscheck drill --yes -o table -o markdown=drill.md -o sarif=drill.sarif`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := f.configure(cmd)
			if err != nil {
				return err
			}
			return runDrill(cmd.Context(), s, c, &f, &out, &waived, scanner.LoadConfig)
		},
	}
	f.add(cmd)
	f.addProbes(cmd)
	f.addSeries(cmd)
	out.add(cmd)
	addRuleFlags(cmd)
	waived.add(cmd)
	return cmd
}

func runDrill(ctx context.Context, s *streams, c *config.Config, f *canaryFlags, out *reportFlags, waived *waiverFlags, load configLoader) error {
	engine, err := c.Engine()
	if err != nil {
		return err
	}
	sum, set, err := out.open(s, engine)
	if err != nil {
		return err
	}
	defer set.Abort()
	w, err := waived.before(sum)
	if err != nil {
		return err
	}
	p := &prober{s: s, f: f, quiet: out.quiet, run: newRunID(), reach: f.reacher(load), w: &tail{Writer: w}}
	if err := p.discover(ctx, engine, load, true); err != nil {
		return err
	}
	return p.finish(ctx, sum, p.prove(ctx))
}

// demoDrill is the drill of the demo: it scans the embedded AWS, puts a plain probe
// into every link and ends the report. It asks nobody and keeps no journal, since
// that AWS ends with the process.
func demoDrill(ctx context.Context, s *streams, cfg aws.Config, c *config.Config, engine *rules.Engine, sum *report.Summarizer, w report.Writer) error {
	load := func(context.Context, string, string) (aws.Config, error) { return cfg, nil }
	f := &canaryFlags{
		auditRole: c.Scan.RoleName, variants: []string{string(canary.Plain)}, count: 1, parallel: 64,
		timeout: 10 * time.Second, quietTime: time.Second, folder: canary.Folder, yes: true,
	}
	f.scope.roleName = config.CanaryRole
	p := &prober{s: s, f: f, quiet: true, forgetful: true, run: newRunID(), reach: f.reacher(load), w: &tail{Writer: w}}
	if err := p.discover(ctx, engine, load, true); err != nil {
		return err
	}
	if err := p.prove(ctx); err != nil {
		return err
	}
	return p.conclude(sum)
}

// findings are what follows from the measurements, by link.
func (p *prober) findings() []finding.Finding {
	by := map[string][]*measure.Measurement{}
	for i := range p.measured {
		m := &p.measured[i]
		by[m.Link] = append(by[m.Link], m)
	}
	latencies := map[string]measure.Latencies{}
	for _, l := range measure.Group(p.measured) {
		latencies[l.Link] = l
	}
	var all []finding.Finding
	for _, t := range p.targets {
		ms := by[t.Link]
		if len(ms) == 0 {
			continue
		}
		all = append(all, proofFindings(t, ms, p.whole)...)
		if p.f.slo > 0 {
			l := latencies[t.Link]
			all = append(all, p.objective(t, &l))
		}
	}
	return all
}

// proofFindings compares what was predicted of a link with what its probes prove.
// Where the audit's own findings stand in the report too, one that is proven is
// not said again.
func proofFindings(t *canary.Target, ms []*measure.Measurement, audited bool) []finding.Finding {
	var all []finding.Finding
	proven, said := proof(ms)
	switch {
	case proven == "broken" && t.Predicted == "works":
		f := linkFinding(t, finding.Disagreement, "Predicted to work, proven broken", finding.Fail, finding.High)
		f.Message = "the audit predicts that this link works, and the canary proves that it does not: " + said
		f.Remediation = "look for the fault that both sides of the setup hide: a policy that the audit cannot see, a change made since the scan, or an error of crosscheck; the failure code stands in S3's OperationFailedReplication event"
		all = append(all, f)
	case proven == "works" && t.Predicted == "broken" && covers(ms, t.FailureCodes):
		f := linkFinding(t, finding.Disagreement, "Predicted broken, proven to work", finding.Fail, finding.High)
		f.Message = "the audit predicts that this link is broken (" + strings.Join(t.FailureCodes, ", ") + "), and the canary proves that it works"
		f.FailureCodes = t.FailureCodes
		f.Remediation = "scan again: the setup may have been repaired meanwhile; if the two still contradict each other, crosscheck is wrong about it, so please report it"
		all = append(all, f)
	case proven == "broken" && (t.Predicted != "broken" || !audited):
		f := linkFinding(t, finding.Proof, "Proven broken", finding.Fail, finding.High)
		f.FailureCodes = t.FailureCodes
		f.Message = "the canary proves that this link is broken: " + said
		f.Remediation = "find the failure code in S3's OperationFailedReplication event, and what causes it with 'crosscheck scan'"
		all = append(all, f)
	case proven == "unknown":
		f := linkFinding(t, finding.Proof, "Not proven", finding.Unknown, finding.Medium)
		f.Message = "the canary could not prove this link: " + said
		f.Remediation = "give the canary's role what it lacks ('crosscheck setup canary-role' prints it), or probe the link with credentials of both sides"
		all = append(all, f)
	}
	var left []string
	for _, m := range ms {
		for _, l := range m.Left {
			left = append(left, strings.TrimSpace(fmt.Sprintf("s3://%s/%s %s", l.Bucket, l.Key, l.VersionID))+": "+l.Message)
		}
	}
	if len(left) > 0 {
		f := linkFinding(t, finding.LeftBehind, "Probes left behind", finding.Fail, finding.High)
		f.Message = fmt.Sprintf("%d versions of probes could not be removed: %s", len(left), strings.Join(left[:min(len(left), 3)], "; "))
		f.Evidence = map[string]any{"left": left}
		f.Remediation = "remove them with 'crosscheck canary sweep' once the canary's role may delete"
		all = append(all, f)
	}
	return all
}

// proof is what all probes of a link together prove, and in what words: one
// failure proves it broken; it works if every probe decided says so.
func proof(ms []*measure.Measurement) (proven, said string) {
	var broken, unknown []string
	works := 0
	for _, m := range ms {
		text := fmt.Sprintf("%s: %s", m.Variant, strings.ToUpper(string(m.Outcome)))
		if m.Message != "" {
			text += " (" + m.Message + ")"
		}
		switch m.Proves() {
		case "works":
			works++
		case "broken":
			broken = append(broken, text)
		default:
			unknown = append(unknown, text)
		}
	}
	short := func(list []string) string {
		list = slices.Compact(list)
		if more := len(list) - 3; more > 0 {
			list = append(list[:3:3], fmt.Sprintf("and %d more", more))
		}
		return strings.Join(list, "; ")
	}
	switch {
	case len(broken) > 0:
		return "broken", short(broken)
	case works > 0 && len(unknown) == 0:
		return "works", ""
	}
	return "unknown", short(unknown)
}

// covers reports whether probes that went well contradict predicted codes. Codes
// of a feature that no probe used say nothing about those that were.
func covers(ms []*measure.Measurement, codes []string) bool {
	used := func(variants ...canary.Variant) bool {
		return slices.ContainsFunc(ms, func(m *measure.Measurement) bool { return slices.Contains(variants, canary.Variant(m.Variant)) })
	}
	for _, code := range codes {
		switch {
		case strings.HasPrefix(code, "DstDelObj"):
			if used(canary.DeleteMarker) {
				return true
			}
		case strings.Contains(code, "Tagging"):
			if used(canary.Tagged, canary.TagChange) {
				return true
			}
		case strings.Contains(code, "Retention"), strings.Contains(code, "LegalHold"), strings.Contains(code, "Annotation"):
			// probes carry none
		case strings.Contains(code, "Multipart"):
			if used(canary.Multipart) {
				return true
			}
		default:
			return true
		}
	}
	return len(codes) == 0
}

// objective holds the latencies of a link against --slo.
func (p *prober) objective(t *canary.Target, l *measure.Latencies) finding.Finding {
	f := linkFinding(t, finding.Objective, "Replication latency objective", finding.Pass, finding.Medium)
	percentile := p.f.sloPercentile
	d, ok := l.Percentile(percentile)
	f.Evidence = map[string]any{"samples": l.Samples(), "missed": l.Missed, "slo_ms": p.f.slo.Milliseconds(), "slo_percentile": percentile}
	for _, q := range []float64{50, 90, 99, 100} {
		if at, ok := l.Percentile(q); ok && at != measure.Forever {
			f.Evidence[map[float64]string{50: "p50_ms", 90: "p90_ms", 99: "p99_ms", 100: "max_ms"}[q]] = at.Milliseconds()
		}
	}
	f.Remediation = "look at the rule's ReplicationLatency metric; Replication Time Control is S3's own promise of 15 minutes"
	switch {
	case !ok:
		f.Status = finding.Unknown
		f.Message = fmt.Sprintf("%d samples carry no p%v; it takes %d (--count)", l.Samples(), percentile, measure.Needed(percentile))
	case d > p.f.slo:
		f.Status = finding.Fail
		f.Message = fmt.Sprintf("the p%v of the latency is %s, more than the objective of %s: %s", percentile, durationText(d), p.f.slo, latencyText(l))
	default:
		f.Message = fmt.Sprintf("the p%v of the latency is %s, within the objective of %s: %s", percentile, durationText(d), p.f.slo, latencyText(l))
	}
	return f
}

func linkFinding(t *canary.Target, id, title string, status finding.Status, severity finding.Severity) finding.Finding {
	arn := t.Source.ARN
	if arn == "" {
		arn = "arn:" + fact.PartitionOf(t.Source.Region) + ":s3:::" + t.Source.Name
	}
	return finding.Finding{
		RuleID: id, Title: title, Status: status, Severity: severity,
		AccountID: t.Source.AccountID, Region: t.Source.Region, Resource: arn, Link: t.Link,
		Fingerprint: finding.Fingerprint(id, t.Source.AccountID, t.Source.Name, t.Rule.ID, t.Destination.Name, title),
	}
}
