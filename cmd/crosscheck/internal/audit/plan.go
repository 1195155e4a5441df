package audit

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"

	"crosscheck/report/text"
	"crosscheck/scanner"
)

// planAssumptions say what the figures of a plan rest on.
var planAssumptions = []string{
	"how many buckets replicate is not known before they are read: the scan makes between \"none\" and \"all\" calls; if a share s of the buckets replicates, about none + s × (all − none)",
	"all: every bucket replicates by one rule into another bucket of its account, and receives replicas itself, through a role of its own with an inline and a managed policy, under a key of its own; what links share is read once, and what no rule can use for a link is counted here and not read",
	"not counted: units of the organization and policies attached to them (up to 3 calls and 1 call each), HeadBucket for destinations outside of the scanned accounts, retries",
	"time: no throttling, each call takes as long as those of this plan did on average, and calls to Organizations at its documented rates; judging takes its own time",
}

// totals are all calls of a plan.
func totals(p *scanner.Plan) (listing, none, all int) {
	for _, c := range p.Calls {
		listing, none, all = listing+c.Listing, none+c.None, all+c.All
	}
	return listing, none, all
}

// WritePlan writes a plan as text, for a scan with so many concurrent calls.
func WritePlan(out io.Writer, p *scanner.Plan, concurrency int) error {
	var b strings.Builder
	listing, none, all := totals(p)
	fmt.Fprintf(&b, "This is a plan. Accounts and buckets were listed (%d calls); no bucket was read.\n\n", listing)
	fmt.Fprintf(&b, "Caller      %s\n", text.Visible(p.Caller))
	role := "none: the caller's own credentials"
	if p.Role != "" {
		role = text.Visible(p.Role) + ", assumed in every account"
	}
	fmt.Fprintf(&b, "Audit role  %s\n", role)
	fmt.Fprintf(&b, "Scope       accounts: %d, of which %d can be read; buckets: %d\n\n", p.Accounts.Listed, p.Accounts.Scanned, p.Buckets)
	w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprint(w, "none replicate\tall replicate\t\n")
	for _, c := range p.Calls {
		fmt.Fprintf(w, "%d\t%d\t  %s (%s)\n", c.None, c.All, c.API, c.By)
	}
	fmt.Fprintf(w, "%d\t%d\t  calls in all\n", none, all)
	shortest, longest := p.MinDuration(concurrency)
	fmt.Fprintf(w, "%s\t%s\t  at least\n", roughly(shortest), roughly(longest))
	if err := w.Flush(); err != nil {
		return err
	}
	b.WriteByte('\n')
	for _, a := range planAssumptions {
		fmt.Fprintf(&b, "* %s\n", a)
	}
	if len(p.Gaps) > 0 {
		b.WriteString("\nWhat the scan could not read:\n")
	}
	for _, g := range p.Gaps {
		fmt.Fprintf(&b, "* %s %s: %s %s: %s\n", text.Visible(g.AccountID), text.Visible(g.Fact), text.Visible(g.API), text.Visible(g.Code), text.Visible(g.Message))
	}
	_, err := io.WriteString(out, b.String())
	return err
}

// roughly is a duration as an estimate: whole seconds, or less than one.
func roughly(d time.Duration) string {
	if d < time.Second {
		return "<1s"
	}
	return d.Round(time.Second).String()
}

// WritePlanJSON writes a plan as JSON, for a scan with so many concurrent calls.
func WritePlanJSON(out io.Writer, p *scanner.Plan, concurrency int) error {
	listing, none, all := totals(p)
	shortest, longest := p.MinDuration(concurrency)
	type amounts struct {
		Listing int `json:"listing"`
		None    int `json:"none"`
		All     int `json:"all"`
	}
	type seconds struct {
		None float64 `json:"none"`
		All  float64 `json:"all"`
	}
	e := json.NewEncoder(out)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(struct {
		SchemaVersion string `json:"schema_version"`
		*scanner.Plan
		Total       amounts  `json:"total"`
		Seconds     seconds  `json:"seconds_at_least"`
		Assumptions []string `json:"assumptions"`
	}{"1", p, amounts{listing, none, all}, seconds{shortest.Seconds(), longest.Seconds()}, planAssumptions})
}
