// Package waiver reads a waivers file: which failing findings may stay, why and
// until when. It applies the file to the findings of a run, and reports waivers
// that have expired or that nothing needs.
package waiver

import (
	"cmp"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"crosscheck/rules/finding"
	"crosscheck/rules/iam/match"
	"crosscheck/rules/yamldoc"
	"crosscheck/scanner/fact"
)

// Entry is one waiver of a file: which failing findings it is for, and why they
// may stay. An empty selector selects all; at least one is given.
type Entry struct {
	Rule        string `yaml:"rule,omitempty"`        // id
	Resource    string `yaml:"resource,omitempty"`    // IAM pattern on the ARN of the bucket or the id of the link
	Account     string `yaml:"account,omitempty"`     // id of the account that owns the bucket
	Fingerprint string `yaml:"fingerprint,omitempty"` // of the one fault that is meant
	Reason      string `yaml:"reason"`
	Owner       string `yaml:"owner,omitempty"`
	Ticket      string `yaml:"ticket,omitempty"`
	Expires     string `yaml:"expires"` // last day on which it waives, YYYY-MM-DD in UTC

	line       int
	used, open int // failing and unknown findings that it is for
}

// Set is the waivers of one file. [Set.Apply] sees every finding of a run, from
// one goroutine; [Set.Findings] then says what became of the waivers.
type Set struct {
	name    string
	today   string
	entries []*Entry
	seen    map[string]bool // accounts that findings are about
}

// Parse reads a waivers file strictly: testdata/schemas/waivers.schema.json
// says what it may hold. Errors name the file and the line. An entry whose day
// is over is no error; it is a finding of every run until it is removed.
func Parse(name string, data []byte, today time.Time) (*Set, error) {
	w := &Set{name: name, today: today.UTC().Format(time.DateOnly), seen: map[string]bool{}}
	root, err := yamldoc.Root(data)
	if err == nil && root != nil {
		err = w.parse(root)
	}
	var fault *yamldoc.Error
	if errors.As(err, &fault) {
		return nil, fault.In(name)
	}
	return w, err
}

func wrongAt(n *yaml.Node, format string, args ...any) error {
	return yamldoc.Wrong(n, "", format, args...)
}

func (w *Set) parse(root *yaml.Node) error {
	return eachKey(root, func(key string, k, v *yaml.Node) error {
		switch {
		case key != "waivers":
			return wrongAt(k, "unknown key %q: the file has one key, waivers", key)
		case yamldoc.IsNull(v):
			return nil
		case v.Kind != yaml.SequenceNode:
			return wrongAt(v, "waivers is not a list")
		}
		for _, item := range v.Content {
			e, err := parseEntry(item)
			if err != nil {
				return err
			}
			if i := slices.IndexFunc(w.entries, e.selectsLike); i >= 0 {
				return wrongAt(item, "line %d is a waiver for the same: keep one of them", w.entries[i].line)
			}
			w.entries = append(w.entries, e)
		}
		return nil
	})
}

// eachKey visits the keys of a mapping, with aliases resolved.
func eachKey(n *yaml.Node, visit func(key string, k, v *yaml.Node) error) error {
	if n = yamldoc.Resolve(n); n.Kind != yaml.MappingNode {
		return wrongAt(n, "not a mapping of keys to values")
	}
	return yamldoc.EachKey(n, func(key string, k, v *yaml.Node) error { return visit(key, k, yamldoc.Resolve(v)) })
}

var fingerprintForm = regexp.MustCompile(`^[0-9a-f]{32}$`)

func parseEntry(n *yaml.Node) (*Entry, error) {
	e := &Entry{line: n.Line}
	fields := map[string]*string{
		"rule": &e.Rule, "resource": &e.Resource, "account": &e.Account, "fingerprint": &e.Fingerprint,
		"reason": &e.Reason, "owner": &e.Owner, "ticket": &e.Ticket, "expires": &e.Expires,
	}
	err := eachKey(n, func(key string, k, v *yaml.Node) error {
		field := fields[key]
		if field == nil {
			return wrongAt(k, "unknown key %q: use rule, resource, account, fingerprint, reason, owner, ticket or expires", key)
		}
		if v.Kind == yaml.ScalarNode && v.Tag != "!!str" && v.Tag != "!!null" && (key != "expires" || v.Tag != "!!timestamp") {
			return wrongAt(v, "%s is not text: put it in quotes", key)
		}
		if v.Kind != yaml.ScalarNode || v.Tag == "!!null" || strings.TrimSpace(v.Value) == "" {
			return wrongAt(k, "%s has no text: give it some or leave the key out", key)
		}
		*field = v.Value
		return e.check(key, v)
	})
	switch {
	case err != nil:
		return nil, err
	case e.Rule == "" && e.Resource == "" && e.Account == "" && e.Fingerprint == "":
		return nil, wrongAt(n, "this waiver is for everything: give it a rule, resource, account or fingerprint")
	case e.Reason == "":
		return nil, wrongAt(n, "this waiver has no reason")
	case e.Expires == "":
		return nil, wrongAt(n, "this waiver has no last day: give it expires: YYYY-MM-DD")
	}
	return e, nil
}

// check checks the value of a key against its form.
func (e *Entry) check(key string, v *yaml.Node) error {
	switch {
	case key == "rule" && !finding.IsRuleID(e.Rule):
		return wrongAt(v, "rule %q is not the id of a rule, such as XC046", e.Rule)
	case key == "account" && !fact.IsAccountID(e.Account):
		return wrongAt(v, "account %q is not an account id of 12 digits", e.Account)
	case key == "fingerprint" && !fingerprintForm.MatchString(e.Fingerprint):
		return wrongAt(v, "fingerprint %q does not have the 32 digits of one", e.Fingerprint)
	case key == "expires":
		if _, err := time.Parse(time.DateOnly, e.Expires); err != nil {
			return wrongAt(v, "expires %q is not a date: write YYYY-MM-DD", e.Expires)
		}
	}
	return nil
}

// Exact is an entry for one finding and no other; the caller adds why, by
// whom and until when.
func Exact(f *finding.Finding) Entry {
	return Entry{Rule: f.RuleID, Resource: cmp.Or(f.Link, f.Resource), Account: f.AccountID, Fingerprint: f.Fingerprint}
}

// selectsLike reports whether two entries are for the same findings by the same
// words.
func (e *Entry) selectsLike(o *Entry) bool {
	return e.Rule == o.Rule && e.Resource == o.Resource && e.Account == o.Account && e.Fingerprint == o.Fingerprint
}

func (e *Entry) matches(f *finding.Finding) bool {
	if e.Rule != "" && e.Rule != f.RuleID || e.Account != "" && e.Account != f.AccountID || e.Fingerprint != "" && e.Fingerprint != f.Fingerprint {
		return false
	}
	if e.Resource == "" {
		return true
	}
	return match.Match(e.Resource, f.Resource) ||
		f.Link != "" && (match.Match(e.Resource, f.Link) || match.Match(strings.Replace(e.Resource, "->", "→", 1), f.Link))
}

// Apply gives the waiver of a failing finding, nil where there is none. The
// first entry that has not expired counts.
func (w *Set) Apply(f *finding.Finding) *finding.Waiver {
	w.seen[f.AccountID] = true
	if f.Status != finding.Fail && f.Status != finding.Unknown {
		return nil
	}
	var waiver *finding.Waiver
	for _, e := range w.entries {
		switch {
		case !e.matches(f):
		case f.Status == finding.Unknown:
			e.open++
		default:
			e.used++
			if waiver == nil && e.Expires >= w.today {
				waiver = &finding.Waiver{Reason: e.Reason, Owner: e.Owner, Ticket: e.Ticket, Expires: e.Expires}
			}
		}
	}
	return waiver
}

// Run is what must be known of a run before a waiver can be said to be
// unused in it.
type Run struct {
	Scope      fact.Scope
	Incomplete bool     // something in scope was not read
	NotJudged  []string // ids of rules whose findings this kind of run does not have
	Unjudged   bool     // no rule judged anything: the run of a canary
}

// Findings are the findings about the waivers themselves, after every finding of
// the run went through Apply: those that expired, and those that nothing needed.
// Where the run could not see what an entry is for, its being unused is unknown;
// where it was not asked to, it does not apply.
func (w *Set) Findings(run Run) []finding.Finding {
	var all []finding.Finding
	for _, e := range w.entries {
		switch {
		case e.Expires < w.today:
			f := w.finding(finding.WaiverExpired, finding.Fail, e)
			f.Message = fmt.Sprintf("the waiver in line %d expired on %s; failing findings it was for: %d", e.line, e.Expires, e.used)
			f.Remediation = "repair what it waives and remove it, or decide again and set a later day"
			f.Evidence["findings"] = e.used
			all = append(all, f)
		case e.used > 0 || e.open > 0:
		case w.outside(e, run):
			f := w.finding(finding.WaiverUnused, finding.NotApplicable, e)
			f.Message = fmt.Sprintf("the waiver in line %d is for what this run did not look at", e.line)
			all = append(all, f)
		case run.Incomplete:
			f := w.finding(finding.WaiverUnused, finding.Unknown, e)
			f.Message = fmt.Sprintf("nothing that was read needs the waiver in line %d, but not everything was read", e.line)
			all = append(all, f)
		default:
			f := w.finding(finding.WaiverUnused, finding.Fail, e)
			f.Message = fmt.Sprintf("no failing finding needs the waiver in line %d", e.line)
			f.Remediation = "remove it if the fault is repaired; otherwise look for a mistake in its rule, resource, account or fingerprint"
			all = append(all, f)
		}
	}
	return all
}

// outside reports whether the run was not meant to see what the entry is for.
func (w *Set) outside(e *Entry, run Run) bool {
	return run.Unjudged || run.Scope.Buckets != "" || slices.Contains(run.NotJudged, e.Rule) ||
		e.Account != "" && !w.seen[e.Account] &&
			(run.Scope.Mode != "organization" || slices.Contains(run.Scope.ExcludeAccounts, e.Account))
}

func (w *Set) finding(id string, status finding.Status, e *Entry) finding.Finding {
	evidence := map[string]any{"line": e.line, "reason": e.Reason, "expires": e.Expires}
	for key, value := range map[string]string{
		"rule": e.Rule, "resource": e.Resource, "account": e.Account, "fingerprint": e.Fingerprint, "owner": e.Owner, "ticket": e.Ticket,
	} {
		if value != "" {
			evidence[key] = value
		}
	}
	f := finding.New(id, status)
	f.AccountID, f.Resource, f.Evidence = e.Account, w.name, evidence
	f.Fingerprint = finding.Fingerprint(id, e.Rule, e.Resource, e.Account, e.Fingerprint)
	return f
}
