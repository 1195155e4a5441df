// Package prometheus writes a run as metrics for the textfile collector of node_exporter.
package prometheus

import (
	"cmp"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"crosscheck/canary/measure"
	"crosscheck/report/internal/records"
	"crosscheck/report/internal/text"
	"crosscheck/rules/finding"
)

// Render writes metrics for node_exporter's textfile collector: counts,
// one series for every link with its verdict, and what the canary measured.
// Findings are counted by rule, not listed.
// https://prometheus.io/docs/instrumenting/exposition_formats/
func Render(w io.Writer, r *records.Run) error {
	p := &exposition{w: w}

	links := family{}
	err := r.Links.Each(func(l *finding.Link) error {
		links.add(1, "link", l.ID, "source_account", l.Source.AccountID, "destination_account", l.Destination.AccountID, "verdict", string(l.Verdict))
		return nil
	})
	p.family("crosscheck_link", "Replication links with their verdict.", links)

	findings := family{}
	failed := 0
	err = cmp.Or(err, r.Findings.Each(func(f *finding.Finding) error {
		if f.Status == finding.NotApplicable {
			return nil
		}
		findings.add(1, "rule", f.RuleID, "severity", string(f.Severity), "status", records.StatusText(f))
		if records.StatusRank(f) == 0 {
			failed++
		}
		return nil
	}))
	if failed > 0 {
		p.print("# %d failing findings are counted here and not listed (use -o json)\n", failed)
	}
	p.family("crosscheck_findings", "Findings by rule, severity and status.", findings)

	if b := r.Summary.Baseline; b != nil {
		p.family("crosscheck_baseline_findings", "Failing findings by what the baseline says of them.", family{}.
			add(float64(b.New), "change", "new").add(float64(b.Existing), "change", "existing").add(float64(b.Fixed), "change", "fixed").add(float64(b.Unknown), "change", "unknown"))
	}

	probes, latest := family{}, family{}
	for _, m := range r.Measurements {
		probes.add(1, "link", m.Link, "variant", m.Variant, "outcome", string(m.Outcome))
		if m.Outcome == measure.Arrived {
			latest.max(float64(m.LatencyMS)/1000, "link", m.Link, "variant", m.Variant)
		}
	}
	p.family("crosscheck_canary_probes", "Canary probes of the run by outcome.", probes)
	p.family("crosscheck_canary_latency_seconds", "Longest time from PUT to the replica among the probes of the run that arrived.", latest)

	a, b := r.Coverage.Accounts, r.Coverage.Buckets
	p.family("crosscheck_accounts", "Accounts of the run.", family{}.
		add(float64(a.Listed), "state", "listed").add(float64(a.Scanned), "state", "scanned").add(float64(a.Unreadable), "state", "unreadable"))
	p.family("crosscheck_buckets", "Buckets of the run.", family{}.add(float64(b.Listed), "state", "listed").add(float64(b.Scanned), "state", "scanned"))
	p.family("crosscheck_gaps", "Facts that could not be read.", family{}.add(float64(len(r.Gaps))))
	p.family("crosscheck_exit_status", "Exit status of the run: 0 clean, 1 faults found, 3 incomplete.", family{}.add(float64(r.Summary.ExitStatus)))
	if t, err := time.Parse(time.RFC3339, cmp.Or(r.FinishedAt, r.StartedAt)); err == nil {
		p.family("crosscheck_run_timestamp_seconds", "When the run ended.", family{}.add(float64(t.Unix())))
	}
	return cmp.Or(err, p.err)
}

// family is the samples of one metric by their labels as they are written.
type family map[string]float64

func (f family) add(v float64, labels ...string) family {
	f[labelText(labels)] += v
	return f
}

func (f family) max(v float64, labels ...string) {
	k := labelText(labels)
	f[k] = max(f[k], v)
}

var quoted = strings.NewReplacer(`\`, `\\`, `"`, `\"`)

func labelText(labels []string) string {
	if len(labels) == 0 {
		return ""
	}
	var b strings.Builder
	for i := 0; i < len(labels); i += 2 {
		b.WriteByte([]byte("{,")[min(i, 1)])
		b.WriteString(labels[i] + `="` + quoted.Replace(text.Cut(text.Visible(labels[i+1]), 1000)) + `"`)
	}
	return b.String() + "}"
}

type exposition struct {
	w   io.Writer
	err error
}

func (p *exposition) print(format string, args ...any) {
	if p.err == nil {
		_, p.err = fmt.Fprintf(p.w, format, args...)
	}
}

func (p *exposition) family(name, help string, f family) {
	if len(f) == 0 {
		return
	}
	p.print("# HELP %s %s\n# TYPE %s gauge\n", name, help, name)
	for _, labels := range slices.Sorted(maps.Keys(f)) {
		p.print("%s%s %s\n", name, labels, strconv.FormatFloat(f[labels], 'f', -1, 64))
	}
}
