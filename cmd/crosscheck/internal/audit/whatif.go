package audit

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"crosscheck/cmd/crosscheck/internal/usererr"
	"crosscheck/rules"
	"crosscheck/rules/finding"
	"crosscheck/rules/fix/overlay"
	"crosscheck/rules/iam/policy"
	"crosscheck/rules/spelling"
	"crosscheck/scanner/fact"
)

// WhatIf are policy documents that are judged instead of those of the facts.
type WhatIf struct {
	docs []*whatIfDocument

	mu    sync.Mutex                 // guards names
	names map[string]map[string]bool // by kind: the roles, buckets and keys that the facts have
	links []Reversal
	all   int // links of source buckets that a document concerns
}

// Reversal is what a what-if makes of one link.
type Reversal struct {
	Link     string
	Was, Is  finding.Verdict
	WasCodes []string // S3's failure codes, sorted
	IsCodes  []string
}

// String is the reversal on one line.
func (r Reversal) String() string {
	if r.Was != r.Is {
		return fmt.Sprintf("%s: %s → %s", r.Link, r.Was, r.Is)
	}
	return fmt.Sprintf("%s: %s as before, but with %s → %s", r.Link, r.Is, codesText(r.WasCodes), codesText(r.IsCodes))
}

func codesText(codes []string) string { return cmp.Or(strings.Join(codes, ", "), "no failure code") }

// whatIfDocument is one document, and what it is for.
type whatIfDocument struct {
	arg        string // as it was given: bucket:backup=policy.json
	kind, name string
	file, text string
	found      bool   // the facts have what it is for
	used       bool   // in at least one source bucket's facts
	gap        string // why the policy in its place could not be read
}

// whatIfKind is one kind of document that --with takes.
type whatIfKind struct {
	name, of string // of: what the name is of
	policy   policy.Kind
	named    func(*fact.Document) []string                                             // what the facts of a source bucket have of the kind
	targets  func(*fact.Document, *whatIfDocument) (map[finding.Target]string, string) // what changes; or the gap that is in the way
}

var whatIfKinds = []whatIfKind{
	{"role", "role", policy.Identity, rolesAndPolicies, ofRolePolicies},
	{"trust", "role", policy.Trust, roles, one(finding.TrustPolicy)},
	{"boundary", "role", policy.Boundary, roles, one(finding.Boundary)},
	{"bucket", "bucket", policy.Bucket, buckets, ofBucket},
	{"key", "KMS key", policy.Key, keys, ofKey},
	{"scp", "SCP", policy.SCP, levels(func(a *fact.Account) []fact.PolicyLevel { return valueOf(a.SCPs) }), ofLevel(finding.SCP)},
	{"rcp", "RCP", policy.RCP, levels(func(a *fact.Account) []fact.PolicyLevel { return valueOf(a.RCPs) }), ofLevel(finding.RCP)},
}

func kindOf(name string) *whatIfKind {
	i := slices.IndexFunc(whatIfKinds, func(k whatIfKind) bool { return k.name == name })
	if i < 0 {
		return nil
	}
	return &whatIfKinds[i]
}

const whatIfHint = "write --with KIND:NAME=FILE, such as --with bucket:backup=policy.json"

// NewWhatIf reads the documents of --with. It refuses what AWS would not store.
func NewWhatIf(args []string) (*WhatIf, error) {
	w := &WhatIf{names: map[string]map[string]bool{}}
	for _, arg := range args {
		d, err := readWhatIf(arg)
		if err != nil {
			return nil, err
		}
		if slices.ContainsFunc(w.docs, func(o *whatIfDocument) bool { return o.kind == d.kind && o.name == d.name }) {
			return nil, usererr.Hint(fmt.Errorf("--with %s:%s is given twice", d.kind, d.name), "give one document for each")
		}
		w.docs = append(w.docs, d)
		w.names[d.kind] = map[string]bool{}
	}
	return w, nil
}

func readWhatIf(arg string) (*whatIfDocument, error) {
	kind, rest, _ := strings.Cut(arg, ":")
	k := kindOf(kind)
	if k == nil {
		var names []string
		for _, k := range whatIfKinds {
			names = append(names, k.name)
		}
		hint := "the kinds are " + strings.Join(names, ", ")
		if near := spelling.Nearest(kind, names); near != "" {
			hint = "did you mean " + near + "?"
		}
		return nil, usererr.Hint(fmt.Errorf("--with %s: there is no kind %q", arg, kind), hint)
	}
	name, file := nameAndFile(rest)
	if name == "" || file == "" {
		return nil, usererr.Hint(fmt.Errorf("--with %s does not name a %s and a file", arg, k.of), whatIfHint)
	}
	data, err := usererr.ReadFile(file)
	if err != nil {
		return nil, usererr.Hint(err, whatIfHint)
	}
	var options []policy.ParseOption
	if kind == "bucket" {
		options = append(options, policy.ForBucket(name))
	}
	if part := strings.Split(name, ":"); part[0] == "arn" && len(part) > 1 {
		options = append(options, policy.In(part[1]))
	}
	for _, d := range policy.Parse(k.policy, file, data, options...).Diagnostics() {
		if !d.Warning {
			return nil, usererr.Hint(fmt.Errorf("%s:%d:%d: %s", file, d.Line, d.Column, d.Message), "AWS would not store it as "+k.policy.String())
		}
	}
	return &whatIfDocument{arg: arg, kind: kind, name: name, file: filepath.Base(file), text: string(data)}, nil
}

// nameAndFile cuts at the first = after which a file that exists is named, as names of roles
// may have it too; at the first of all if there is none.
func nameAndFile(s string) (name, file string) {
	for i := range len(s) {
		if s[i] == '=' {
			if _, err := os.Stat(s[i+1:]); err == nil {
				return s[:i], s[i+1:]
			}
		}
	}
	name, file, _ = strings.Cut(s, "=")
	return name, file
}

// Args are the documents as they were given.
func (w *WhatIf) Args() []string {
	var args []string
	for _, d := range w.docs {
		args = append(args, d.arg)
	}
	return args
}

// Reversals are the links whose verdict or failure codes the documents change, sorted, and
// how many links they concern.
func (w *WhatIf) Reversals() (links []Reversal, all int) {
	slices.SortFunc(w.links, func(a, b Reversal) int { return strings.Compare(a.Link, b.Link) })
	return w.links, w.all
}

// judge judges a document with what is given instead, if anything in it is.
func (w *WhatIf) judge(ctx context.Context, engine *rules.Engine, doc *fact.Document) (*fact.Document, rules.Result, error) {
	overlay := w.overlay(doc)
	changed, did, err := overlay.Apply(doc)
	if err != nil {
		return nil, rules.Result{}, usererr.Hint(err, whatIfHint)
	}
	result, err := engine.Eval(ctx, changed)
	if err != nil || len(overlay) == 0 {
		return changed, result, err
	}
	before := result
	if did {
		if before, err = engine.Anew().Eval(ctx, doc); err != nil {
			return nil, before, err
		}
	}
	w.compare(before.Links, result.Links)
	return changed, result, nil
}

// overlay is the documents of --with that concern a source bucket.
func (w *WhatIf) overlay(doc *fact.Document) overlay.Overlay {
	w.mu.Lock()
	defer w.mu.Unlock()
	overlay := overlay.Overlay{}
	for _, d := range w.docs {
		k := kindOf(d.kind)
		for _, name := range k.named(doc) {
			w.names[d.kind][name] = true
			d.found = d.found || name == d.name
		}
		targets, gap := k.targets(doc, d)
		d.gap, d.used = cmp.Or(d.gap, gap), d.used || len(targets) > 0
		maps.Copy(overlay, targets)
	}
	return overlay
}

// compare notes what became of links, and marks those whose verdict changed.
func (w *WhatIf) compare(before, after []finding.Link) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.all += len(after)
	for i := range after {
		l := &after[i]
		j := slices.IndexFunc(before, func(o finding.Link) bool { return o.ID == l.ID })
		if j < 0 {
			continue
		}
		was := &before[j]
		if was.Verdict == l.Verdict && slices.Equal(was.FailureCodes, l.FailureCodes) {
			continue
		}
		if was.Verdict != l.Verdict {
			l.Was = was.Verdict
		}
		w.links = append(w.links, Reversal{l.ID, was.Verdict, l.Verdict, was.FailureCodes, l.FailureCodes})
	}
}

// missing is an error about a document that is for nothing in the facts.
func (w *WhatIf) missing() error {
	for _, d := range w.docs {
		k, arg := kindOf(d.kind), d.kind+":"+d.name
		switch {
		case d.used:
		case d.gap != "":
			return usererr.Hint(fmt.Errorf("--with %s: what it would replace was not read: %s", arg, d.gap), "write the facts again with a role that may read it")
		case d.found:
			return fmt.Errorf("--with %s: the facts do not have what it would replace", arg)
		default:
			return usererr.Hint(fmt.Errorf("--with %s: no link of the facts has such a %s", arg, k.of), nearNames(d.name, w.names[d.kind]))
		}
	}
	return nil
}

// nearNames is a hint of the names that may have been meant.
func nearNames(name string, known map[string]bool) string {
	names := slices.Sorted(maps.Keys(known))
	if near := spelling.Nearest(name, names); near != "" {
		return "did you mean " + near + "?"
	}
	const most = 5
	switch {
	case len(names) == 0:
		return "the facts have none"
	case len(names) > most:
		return fmt.Sprintf("the facts have %s and %d more", strings.Join(names[:most], ", "), len(names)-most)
	}
	return "the facts have " + strings.Join(names, ", ")
}

func valueOf[T any](f fact.Fact[[]T]) []T {
	if f.Value == nil {
		return nil
	}
	return *f.Value
}

func roles(doc *fact.Document) []string { return slices.Collect(maps.Keys(doc.Roles)) }

// rolesAndPolicies are the roles, and their policies as ROLE/POLICY.
func rolesAndPolicies(doc *fact.Document) []string {
	names := roles(doc)
	for arn, role := range doc.Roles {
		for _, p := range policiesOf(role.Value) {
			names = append(names, arn+"/"+p.Name)
		}
	}
	return names
}

func policiesOf(r *fact.Role) []fact.Policy {
	if r == nil {
		return nil
	}
	return slices.Concat(valueOf(r.Inline), valueOf(r.Attached))
}

// ofRolePolicies replaces all permission policies of a role, or the one that is named.
func ofRolePolicies(doc *fact.Document, d *whatIfDocument) (map[finding.Target]string, string) {
	out := map[finding.Target]string{}
	for arn, role := range doc.Roles {
		only, one := strings.CutPrefix(d.name, arn+"/")
		if d.name != arn && !one {
			continue
		}
		if r := role.Value; r != nil {
			for _, f := range []fact.Fact[[]fact.Policy]{r.Inline, r.Attached} {
				if f.Gap != nil {
					return nil, f.Gap.String()
				}
			}
		} else if role.Gap != nil {
			return nil, role.Gap.String()
		}
		for _, p := range policiesOf(role.Value) {
			target := finding.Target{Kind: finding.RolePolicy, Resource: arn, Policy: cmp.Or(p.ARN, p.Name)}
			switch {
			case !one:
				out[target] = ""
			case p.Name == only:
				out[target] = d.text
			}
		}
		if !one {
			out[finding.Target{Kind: finding.RolePolicy, Resource: arn, Policy: d.file}] = d.text
		}
	}
	return out, ""
}

// one replaces the one policy of a kind that a role has.
func one(kind finding.Kind) func(*fact.Document, *whatIfDocument) (map[finding.Target]string, string) {
	return func(doc *fact.Document, d *whatIfDocument) (map[finding.Target]string, string) {
		role, ok := doc.Roles[d.name]
		switch {
		case !ok:
			return nil, ""
		case role.Gap != nil:
			return nil, role.Gap.String()
		case kind == finding.Boundary && role.Value != nil && role.Value.Boundary.Gap != nil:
			return nil, role.Value.Boundary.Gap.String()
		}
		return known(doc, d, finding.Target{Kind: kind, Resource: d.name})
	}
}

// known is a document for a target that the facts know.
func known(doc *fact.Document, d *whatIfDocument, target finding.Target) (map[finding.Target]string, string) {
	if _, ok := overlay.Value(doc, target); !ok {
		return nil, ""
	}
	return map[finding.Target]string{target: d.text}, ""
}

func buckets(doc *fact.Document) []string {
	return append(slices.Collect(maps.Keys(doc.Buckets)), doc.Bucket.Name)
}

func ofBucket(doc *fact.Document, d *whatIfDocument) (map[finding.Target]string, string) {
	b := &doc.Bucket
	if b.Name != d.name {
		f, ok := doc.Buckets[d.name]
		switch {
		case !ok:
			return nil, ""
		case f.Gap != nil:
			return nil, f.Gap.String()
		case f.Value == nil:
			return nil, "there is no such bucket"
		}
		b = f.Value
	}
	if b.Policy.Gap != nil {
		return nil, b.Policy.Gap.String()
	}
	return known(doc, d, finding.Target{Kind: finding.BucketPolicy, Resource: b.ARN})
}

// keys are the keys as the configuration names them, and their ARNs.
func keys(doc *fact.Document) []string {
	var names []string
	for name, k := range doc.Keys {
		names = append(names, name)
		if k.Value != nil {
			names = append(names, k.Value.ARN)
		}
	}
	return names
}

func ofKey(doc *fact.Document, d *whatIfDocument) (map[finding.Target]string, string) {
	for name, k := range doc.Keys {
		switch {
		case name != d.name && (k.Value == nil || k.Value.ARN != d.name):
		case k.Gap != nil:
			return nil, k.Gap.String()
		case k.Value != nil && k.Value.Policy.Gap != nil:
			return nil, k.Value.Policy.Gap.String()
		case k.Value != nil:
			return known(doc, d, finding.Target{Kind: finding.KeyPolicy, Resource: k.Value.ARN})
		}
	}
	return nil, ""
}

// levels are policies of the organization as TARGET/POLICY.
func levels(of func(*fact.Account) []fact.PolicyLevel) func(*fact.Document) []string {
	return func(doc *fact.Document) (names []string) {
		for _, a := range doc.Accounts {
			for _, l := range of(&a) {
				for _, p := range l.Policies {
					names = append(names, l.Target+"/"+p.Name)
				}
			}
		}
		return names
	}
}

func ofLevel(kind finding.Kind) func(*fact.Document, *whatIfDocument) (map[finding.Target]string, string) {
	return func(doc *fact.Document, d *whatIfDocument) (map[finding.Target]string, string) {
		at, name, _ := strings.Cut(d.name, "/")
		return known(doc, d, finding.Target{Kind: kind, Resource: at, Policy: name})
	}
}

// errNoFacts is for changed documents without the facts that they change.
var errNoFacts = errors.New("--with needs --facts")

// WithoutFacts says that documents were given, but no facts file that they change.
func WithoutFacts() error {
	return usererr.Hint(errNoFacts, "write the facts with 'crosscheck facts -o facts.jsonl', and judge them with --facts facts.jsonl --with …")
}
