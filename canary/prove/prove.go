// Package prove derives findings from what the probes of a link showed: whether
// they contradict the audit, whether the link is proven broken or was not decided,
// whether its latency meets an objective, and what was left behind.
package prove

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"crosscheck/canary/measure"
	"crosscheck/rules/finding"
	"crosscheck/scanner/fact"
)

// Options say what measurements are compared with.
type Options struct {
	// Audited says that the findings of the audit are in the same report. What it
	// predicts to be broken, and is proven to be, is not reported again then.
	Audited bool

	Latency    time.Duration // the objective of a link's latency; 0 = none
	Percentile float64       // percent of a link's probes that must meet Latency, 0 < Percentile <= 100
}

// Findings are what follows from measurements, in the order of the links that were
// probed. The verdict and the failure codes of a link are what the audit predicts;
// the verdict "" is a link that was not audited. A link without a measurement has
// no finding.
func Findings(links []finding.Link, measurements []measure.Measurement, o Options) []finding.Finding {
	byLink := map[string][]*measure.Measurement{}
	for i := range measurements {
		m := &measurements[i]
		byLink[m.Link] = append(byLink[m.Link], m)
	}
	latencies := map[string]measure.Latencies{}
	for _, l := range measure.Group(measurements) {
		latencies[l.Link] = l
	}
	var all []finding.Finding
	for i := range links {
		l := &links[i]
		ms := byLink[l.ID]
		if len(ms) == 0 {
			continue
		}
		if f, ok := verdict(l, ms, o.Audited); ok {
			all = append(all, f)
		}
		if f, ok := leftBehind(l, ms); ok {
			all = append(all, f)
		}
		if o.Latency > 0 {
			latency := latencies[l.ID]
			all = append(all, objective(l, &latency, o))
		}
	}
	return all
}

// group is the probes of one class of a link's objects, and what the audit predicts of it.
type group struct {
	finding.ClassVerdict
	proven  finding.Verdict
	reasons string
}

// groups divide the probes of a link by the classes of its objects. Of a link without
// classes all probes are of class default. A negative control that did not arrive says
// nothing of the objects that must.
func groups(l *finding.Link, ms []*measure.Measurement) []group {
	classes := l.Classes
	if len(classes) == 0 {
		classes = []finding.ClassVerdict{{Class: finding.Default, Verdict: l.Verdict, FailureCodes: l.FailureCodes}}
	}
	var all []group
	for i := range classes {
		c := &classes[i]
		var mine []*measure.Measurement
		for _, m := range ms {
			v := measure.Variant(m.Variant)
			of := v.Of(classes)
			if len(classes) == 1 {
				of = c
			}
			if of == c && (v != measure.NegativeControl || m.Outcome != measure.Absent) {
				mine = append(mine, m)
			}
		}
		if len(mine) > 0 {
			g := group{ClassVerdict: *c}
			g.proven, g.reasons = proof(mine)
			all = append(all, g)
		}
	}
	return all
}

// verdict compares what was predicted of the objects of a link with what their probes
// prove. It is false where there is nothing to report.
func verdict(l *finding.Link, ms []*measure.Measurement, audited bool) (finding.Finding, bool) {
	all := groups(l, ms)
	first := func(is func(*group) bool) *group {
		for i := range all {
			if is(&all[i]) {
				return &all[i]
			}
		}
		return nil
	}
	if g := first(func(g *group) bool { return g.proven == finding.Broken && g.Verdict == finding.Works }); g != nil {
		f := onLink(l, finding.Disagreement, "Predicted to work, proven broken", finding.Fail, finding.High)
		f.Message = g.says("this link works", "%s of this link arrive", "") + ", and the canary proves that " + g.it("it does", "they do") + " not: " + g.reasons
		f.Remediation = "look for the fault that both sides of the setup hide: a policy that the audit cannot see, " +
			"a change made since the scan, or an error of crosscheck; " +
			"the failure code is in S3's OperationFailedReplication event"
		return f, true
	}
	if g := first(func(g *group) bool { return g.proven == finding.Works && g.Verdict == finding.Broken }); g != nil {
		f := onLink(l, finding.Disagreement, "Predicted broken, proven to work", finding.Fail, finding.High)
		f.Message = g.says("this link is broken", "%s of this link fail", " ("+strings.Join(g.FailureCodes, ", ")+")") +
			", and the canary proves that " + g.it("it works", "they arrive")
		f.FailureCodes = g.FailureCodes
		f.Remediation = "scan again: the setup may have been repaired meanwhile; " +
			"if the two still contradict each other, crosscheck is wrong about it, so please report it"
		return f, true
	}
	if g := first(func(g *group) bool { return g.proven == finding.Broken && (!g.Verdict.Fails() || !audited) }); g != nil {
		f := onLink(l, finding.Proof, "Proven broken", finding.Fail, finding.High)
		f.FailureCodes = g.FailureCodes
		f.Message = "the canary proves that " + g.it("this link is broken", g.Class.Objects()+" of this link fail") + ": " + g.reasons
		f.Remediation = "find the failure code in S3's OperationFailedReplication event, " +
			"and what causes it with 'crosscheck scan'"
		return f, true
	}
	if proven, reasons := proof(ms); proven == finding.UnknownVerdict {
		f := onLink(l, finding.Proof, "Not proven", finding.Unknown, finding.Medium)
		f.Message = "the canary could not prove this link: " + reasons
		f.Remediation = "give the canary's role what it lacks ('crosscheck setup canary-role' prints it), " +
			"or probe the link with credentials of both sides"
		return f, true
	}
	return finding.Finding{}, false
}

// says is what the audit predicts: of the link, where the class is default, else of objects.
func (g *group) says(link, objects, codes string) string {
	return "the audit predicts that " + g.it(link, fmt.Sprintf(objects, g.Class.Objects())) + codes
}

// it is the word for class default, which decides the link, or that for objects of another class.
func (g *group) it(link, objects string) string {
	if g.Class == finding.Default {
		return link
	}
	return objects
}

// leftBehind lists what the probes of a link left behind, false where nothing is.
func leftBehind(l *finding.Link, ms []*measure.Measurement) (finding.Finding, bool) {
	var left []string
	for _, m := range ms {
		for _, x := range m.Leftovers {
			where := strings.TrimSpace(fmt.Sprintf("s3://%s/%s %s", x.Bucket, x.Key, x.VersionID))
			left = append(left, where+": "+x.Message)
		}
	}
	if len(left) == 0 {
		return finding.Finding{}, false
	}
	f := onLink(l, finding.LeftBehind, "Probes left behind", finding.Fail, finding.High)
	f.Message = fmt.Sprintf("%d versions of probes could not be removed: %s",
		len(left), strings.Join(left[:min(len(left), 3)], "; "))
	f.Evidence = map[string]any{"left": left}
	f.Remediation = "remove them with 'crosscheck canary sweep' once the canary's role may delete"
	return f, true
}

// proof is what all probes of a link together prove, and why: one failure proves
// it broken; it works if every probe was decided and says so.
func proof(ms []*measure.Measurement) (proven finding.Verdict, reasons string) {
	var broken, unknown []outcome
	works := 0
	for _, m := range ms {
		switch finding.Verdict(m.Proves()) {
		case finding.Works:
			works++
		case finding.Broken:
			broken = told(broken, m)
		default:
			unknown = told(unknown, m)
		}
	}
	switch {
	case len(broken) > 0:
		return finding.Broken, short(broken)
	case works > 0 && len(unknown) == 0:
		return finding.Works, ""
	}
	return finding.UnknownVerdict, short(unknown)
}

// outcome is what some probes of a link showed.
type outcome struct{ variants, says string }

// told adds what a probe showed to a list, in which each is told once, with its probes.
func told(list []outcome, m *measure.Measurement) []outcome {
	says := strings.ToUpper(string(m.Outcome))
	if m.Message != "" {
		says += " (" + m.Message + ")"
	}
	i := slices.IndexFunc(list, func(o outcome) bool { return o.says == says })
	switch {
	case i < 0:
		return append(list, outcome{m.Variant, says})
	case !slices.Contains(strings.Split(list[i].variants, ", "), m.Variant):
		list[i].variants += ", " + m.Variant
	}
	return list
}

// short joins the first three of some outcomes and counts the others.
func short(outcomes []outcome) string {
	var reasons []string
	for _, o := range outcomes {
		reasons = append(reasons, o.variants+": "+o.says)
	}
	if more := len(reasons) - 3; more > 0 {
		reasons = append(reasons[:3:3], fmt.Sprintf("and %d more", more))
	}
	return strings.Join(reasons, "; ")
}

// objective compares the latencies of a link with the objective.
func objective(l *finding.Link, latencies *measure.Latencies, o Options) finding.Finding {
	f := onLink(l, finding.Objective, "Replication latency objective", finding.Pass, finding.Medium)
	f.Evidence = map[string]any{
		"samples": latencies.Samples(), "missed": latencies.Missed,
		"slo_ms": o.Latency.Milliseconds(), "slo_percentile": o.Percentile,
	}
	for _, q := range []struct {
		name       string
		percentile float64
	}{{"p50_ms", 50}, {"p90_ms", 90}, {"p99_ms", 99}, {"max_ms", 100}} {
		if at, ok := latencies.Percentile(q.percentile); ok && at != measure.NeverArrived {
			f.Evidence[q.name] = at.Milliseconds()
		}
	}
	f.Remediation = "look at the rule's ReplicationLatency metric; " +
		"Replication Time Control is S3's own promise of 15 minutes"
	switch at, ok := latencies.Percentile(o.Percentile); {
	case !ok:
		f.Status = finding.Unknown
		f.Message = fmt.Sprintf("%d samples carry no p%v; it takes %d (--count)",
			latencies.Samples(), o.Percentile, measure.MinSamples(o.Percentile))
	case at > o.Latency:
		f.Status = finding.Fail
		f.Message = fmt.Sprintf("the p%v of the latency is %s, more than the objective of %s: %s",
			o.Percentile, measure.LatencyText(at), o.Latency, latencies)
	default:
		f.Message = fmt.Sprintf("the p%v of the latency is %s, within the objective of %s: %s",
			o.Percentile, measure.LatencyText(at), o.Latency, latencies)
	}
	return f
}

// onLink is a finding about the source bucket of a link.
func onLink(l *finding.Link, id, title string, status finding.Status, severity finding.Severity) finding.Finding {
	return finding.Finding{
		RuleID: id, Title: title, Status: status, Severity: severity,
		AccountID: l.Source.AccountID, Region: l.Source.Region, Link: l.ID,
		Resource:    "arn:" + fact.PartitionOf(l.Source.Region) + ":s3:::" + l.Source.Bucket,
		Fingerprint: finding.Fingerprint(id, l.Source.AccountID, l.Source.Bucket, l.RuleID, l.Destination.Bucket, title),
	}
}
