package audit

import (
	"context"
	"errors"
	"io"
	"slices"

	"crosscheck/cmd/crosscheck/internal/usererr"
	"crosscheck/report"
	"crosscheck/report/compare"
	"crosscheck/report/output"
	"crosscheck/rules"
	"crosscheck/rules/finding"
)

// trendRuns is how many earlier runs a report with a chart over time looks at.
const trendRuns = 100

const historyHint = "--history names a directory of run files, which may not exist yet"

// Report says what comes out of a run, and when it fails.
type Report struct {
	Outputs         []string // FORMAT or FORMAT=PATH
	FailOn          string   // lowest severity that fails the run
	FailOnNew       bool     // only what the baseline does not have fails the run
	AllowIncomplete bool
	Baseline        string // run file, "" = none
	Recorded        bool   // the run was recorded, perhaps with a baseline of its own
	History         string // directory that keeps the run file, "" = none
	Waivers         string // waivers file, "" = none

	Stdout io.Writer
	Width  int // columns of the terminal, 0 = none
	Color  bool

	Skipped func([]compare.Skipped) // called with files of History that are not whole runs
	Partial func(path string)       // called with run files that are kept of a run that failed

	Wrote func(paths []string, sum *report.Summary) // called with the files that were written, if any
}

// Run makes the outputs ready, calls write with a writer that applies the waivers
// and feeds the outputs (and the other writers), and publishes the outputs. keep
// keeps the run files from then on, also if the run fails.
func (r *Report) Run(ctx context.Context, engine *rules.Engine, write func(w report.Writer, keep func() error) error, others ...report.Writer) (report.Summary, error) {
	set, err := r.set(ctx, engine)
	if err != nil {
		return report.Summary{}, err
	}
	sum, err := set.Run(func(w report.Writer) error {
		if len(others) > 0 {
			w = report.Tee(append([]report.Writer{w}, others...)...)
		}
		w, err := withWaivers(r.Waivers, w)
		if err != nil {
			return err
		}
		return write(w, set.Keep)
	})
	if err != nil {
		for _, path := range set.Partial() {
			r.Partial(path)
		}
	}
	if paths := set.Paths(); err == nil && len(paths) > 0 {
		r.Wrote(paths, &sum)
	}
	var history *output.HistoryError
	if errors.As(err, &history) {
		err = usererr.Hint(err, historyHint)
	}
	return sum, err
}

func (r *Report) set(ctx context.Context, engine *rules.Engine) (*output.Set, error) {
	severity, err := finding.ParseSeverity(r.FailOn)
	if err != nil {
		return nil, usererr.Hint(err, "for example --fail-on high")
	}
	var outputs []output.Output
	for _, o := range r.Outputs {
		out, err := output.ParseOutput(o)
		if err != nil {
			return nil, err
		}
		outputs = append(outputs, out)
	}
	baseline, err := r.baseline(ctx, outputs)
	if err != nil {
		return nil, err
	}
	trend, err := r.trend(ctx, outputs)
	if err != nil {
		return nil, err
	}
	return &output.Set{
		Outputs: outputs, Stdout: r.Stdout,
		Options:  output.Options{Width: r.Width, Color: r.Color, Rules: RuleHelp(engine), Codes: codeHelp(engine), History: trend},
		Gate:     report.Gate{FailOn: severity, AllowIncomplete: r.AllowIncomplete, FailOnNew: r.FailOnNew},
		Baseline: baseline, History: r.History,
	}, nil
}

// trend is the earlier runs, if a format shows them; otherwise nil.
func (r *Report) trend(ctx context.Context, outputs []output.Output) ([]compare.TrendPoint, error) {
	if r.History == "" || !slices.ContainsFunc(outputs, func(o output.Output) bool { return o.Format == "html" }) {
		return nil, nil
	}
	points, skipped, err := compare.ReadTrend(ctx, r.History, trendRuns)
	if err != nil {
		return nil, usererr.Hint(err, historyHint)
	}
	r.Skipped(skipped)
	return points, nil
}

// codeHelp says what decides each of S3's failure codes.
func codeHelp(engine *rules.Engine) map[string]string {
	help := map[string]string{}
	for _, c := range engine.Codes() {
		help[c.Code] = c.Decides
	}
	return help
}

// RuleHelp explains the rules to formats that show help beside findings.
func RuleHelp(engine *rules.Engine) map[string]finding.About {
	help := map[string]finding.About{}
	for _, r := range engine.Rules() {
		help[r.ID] = r.About()
	}
	return help
}
