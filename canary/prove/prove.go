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

// verdict compares what was predicted of a link with what its probes prove. It is
// false where there is nothing to report.
func verdict(l *finding.Link, ms []*measure.Measurement, audited bool) (finding.Finding, bool) {
	codes := strings.Join(l.FailureCodes, ", ")
	switch proven, reasons := proof(ms); {
	case proven == finding.Broken && l.Verdict == finding.Works:
		f := onLink(l, finding.Disagreement, "Predicted to work, proven broken", finding.Fail, finding.High)
		f.Message = "the audit predicts that this link works, and the canary proves that it does not: " + reasons
		f.Remediation = "look for the fault that both sides of the setup hide: a policy that the audit cannot see, " +
			"a change made since the scan, or an error of crosscheck; " +
			"the failure code is in S3's OperationFailedReplication event"
		return f, true
	case proven == finding.Works && l.Verdict == finding.Broken && contradicts(ms, l.FailureCodes):
		f := onLink(l, finding.Disagreement, "Predicted broken, proven to work", finding.Fail, finding.High)
		f.Message = "the audit predicts that this link is broken (" + codes + "), and the canary proves that it works"
		f.FailureCodes = l.FailureCodes
		f.Remediation = "scan again: the setup may have been repaired meanwhile; " +
			"if the two still contradict each other, crosscheck is wrong about it, so please report it"
		return f, true
	case proven == finding.Broken && (l.Verdict != finding.Broken || !audited):
		f := onLink(l, finding.Proof, "Proven broken", finding.Fail, finding.High)
		f.FailureCodes = l.FailureCodes
		f.Message = "the canary proves that this link is broken: " + reasons
		f.Remediation = "find the failure code in S3's OperationFailedReplication event, " +
			"and what causes it with 'crosscheck scan'"
		return f, true
	case proven == finding.UnknownVerdict:
		f := onLink(l, finding.Proof, "Not proven", finding.Unknown, finding.Medium)
		f.Message = "the canary could not prove this link: " + reasons
		f.Remediation = "give the canary's role what it lacks ('crosscheck setup canary-role' prints it), " +
			"or probe the link with credentials of both sides"
		return f, true
	}
	return finding.Finding{}, false
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
	var broken, unknown []string
	works := 0
	for _, m := range ms {
		text := fmt.Sprintf("%s: %s", m.Variant, strings.ToUpper(string(m.Outcome)))
		if m.Message != "" {
			text += " (" + m.Message + ")"
		}
		switch finding.Verdict(m.Proves()) {
		case finding.Works:
			works++
		case finding.Broken:
			broken = append(broken, text)
		default:
			unknown = append(unknown, text)
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

// short joins the first three of some reasons and counts the others.
func short(reasons []string) string {
	reasons = slices.Compact(reasons)
	if more := len(reasons) - 3; more > 0 {
		reasons = append(reasons[:3:3], fmt.Sprintf("and %d more", more))
	}
	return strings.Join(reasons, "; ")
}

// contradicts reports whether probes that arrived contradict predicted failure
// codes. A code of a feature that no probe used says nothing about the probes.
func contradicts(ms []*measure.Measurement, codes []string) bool {
	used := func(variants ...measure.Variant) bool {
		return slices.ContainsFunc(ms, func(m *measure.Measurement) bool {
			return slices.Contains(variants, measure.Variant(m.Variant))
		})
	}
	for _, code := range codes {
		switch {
		case strings.HasPrefix(code, "DstDelObj"):
			if used(measure.DeleteMarker) {
				return true
			}
		case strings.Contains(code, "Tagging"):
			if used(measure.Tagged, measure.TagChange) {
				return true
			}
		case strings.Contains(code, "Retention"), strings.Contains(code, "LegalHold"), strings.Contains(code, "Annotation"):
			// no probe has them
		case strings.Contains(code, "Multipart"):
			if used(measure.Multipart) {
				return true
			}
		default:
			return true
		}
	}
	return len(codes) == 0
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
