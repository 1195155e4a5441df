package rules

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/metrics"
	"github.com/open-policy-agent/opa/v1/storage"
	"github.com/open-policy-agent/opa/v1/storage/inmem"
	"github.com/open-policy-agent/opa/v1/topdown"

	"crosscheck/rules/finding"
	"crosscheck/scanner/fact"
)

// Options say which rules an engine has and how it judges.
type Options struct {
	// Dirs hold rules of the user, beside the embedded ones.
	Dirs []string
	// Enabled are ids of rules and names of packs whose findings are wanted; none
	// is all of them. What Disabled names is not wanted. An id stands above a pack,
	// whichever of the two it is in. A rule that decides links decides them all
	// the same: leaving a rule out never improves a verdict.
	Enabled, Disabled []string
	// Severities are those of rules, by id, where their own is not wanted. What
	// decides links cannot be info.
	Severities map[string]finding.Severity
	// Parameters are what rules read as data.crosscheck.config: those of crosscheck
	// itself, and those that the METADATA of rules declares.
	Parameters map[string]any
	// Strict makes a failure of what AWS leaves open.
	Strict bool
}

// Result is what the rules say about one document.
type Result struct {
	Links    []finding.Link
	Findings []finding.Finding

	// Kept is what rules about the organization keep of the document until
	// [Engine.Finish], by rule id: Rego terms as text, for [Engine.Restore].
	Kept map[string][]string
}

// Engine judges documents. It is safe for concurrent use.
type Engine struct {
	rules    []*Rule
	disabled map[string]bool
	strict   bool
	params   map[string]any

	overridden map[string]finding.Severity // severities that stand above what rules and their answers say
	digest     string

	compiler *ast.Compiler
	store    storage.Store
	refs     []string // of the answers (records, where the scope is the organization) of every rule
	together sync.Map // string of '0' and '1' for each rule: func() (query, error) of the answers of those with '1'
	groups   atomic.Int32
	single   []func() (query, error) // the answers one by one, for when a rule makes the whole fail
	last     []query                 // the answers of organization rules; zero elsewhere
	fields   map[string]bool         // of a document that the rules look at; nil = all
	policies *policyCache

	// mentioned are facts of buckets that rules of the user may look at without
	// naming them among their needs: they are wanted on both sides, of every link.
	mentioned map[string]bool

	mu      sync.Mutex
	records map[string]map[string]*ast.Term // by rule id, by text: the same record is kept once
	unread  map[string]bool                 // accounts of whose buckets not all are known
}

// New reads, checks and compiles the rules. A fault of a rule file is an
// [*Error] with its file and line.
func New(opts Options) (*Engine, error) {
	files, err := sourcesOf(opts.Dirs)
	if err != nil {
		return nil, err
	}
	return newEngine(opts, files)
}

func newEngine(opts Options, files []source) (*Engine, error) {
	modules, list, err := load(files, false)
	if err != nil {
		return nil, err
	}
	e := &Engine{
		rules: list, strict: opts.Strict, policies: newPolicyCache(),
		records: map[string]map[string]*ast.Term{}, unread: map[string]bool{},
	}
	if e.digest, err = digest(opts, files); err != nil {
		return nil, err
	}
	if e.disabled, err = switchedOff(list, opts); err != nil {
		return nil, err
	}
	if err := reseverity(list, opts.Severities); err != nil {
		return nil, err
	}
	e.overridden = opts.Severities
	if e.params, err = parameters(list, opts.Parameters); err != nil {
		return nil, err
	}
	if e.compiler, err = compile(modules); err != nil {
		return nil, err
	}
	e.store = inmem.NewFromObjectWithOpts(map[string]any{"crosscheck": map[string]any{"config": e.params}}, inmem.OptReturnASTValuesOnRead(true))
	e.refs = make([]string, len(list))
	e.fields = inputFields(modules)
	e.mentioned = mentionedFacts(modules, files)
	e.single = make([]func() (query, error), len(list))
	e.last = make([]query, len(list))
	for i, r := range list {
		e.refs[i] = "data.crosscheck.rules." + r.pkg + ".answers"
		if r.Scope == ScopeOrganization {
			if e.last[i], err = e.prepare("x = " + e.refs[i]); err != nil {
				return nil, ruleError(r.File, err)
			}
			e.refs[i] = "data.crosscheck.rules." + r.pkg + ".records"
		}
	}
	for i := range list {
		e.single[i] = sync.OnceValues(func() (query, error) { return e.prepare("x = " + e.refs[i]) })
	}
	return e, nil
}

func digest(opts Options, files []source) (string, error) {
	h := sha256.New()
	options, err := json.Marshal(opts) // with its maps sorted
	if err != nil {
		return "", err
	}
	_, _ = h.Write(options) // a hash takes everything
	for _, f := range files {
		fmt.Fprintf(h, "\x00%s\x00%d\x00", f.name, len(f.text))
		_, _ = h.Write(f.text)
	}
	return hex.EncodeToString(h.Sum(nil)[:16]), nil
}

// query is a compiled query of the form "x = …".
type query struct {
	body     ast.Body
	compiler ast.QueryCompiler
}

func (e *Engine) prepare(text string) (query, error) {
	body, err := ast.ParseBody(text)
	if err != nil {
		return query{}, err
	}
	q := query{compiler: e.compiler.QueryCompiler()}
	q.body, err = q.compiler.Compile(body)
	return q, err
}

// eval gives x of a query, nil when it is undefined. It uses topdown, since the
// package rego turns every result into plain Go values, which cost more than the
// evaluation.
func (e *Engine) eval(ctx context.Context, q query, input ast.Value) (x *ast.Term, err error) {
	txn, err := e.store.NewTransaction(ctx)
	if err != nil {
		return nil, err
	}
	defer e.store.Abort(ctx, txn)
	cache := newRefCache()
	defer cache.release()
	cancel := topdown.NewCancel()
	defer context.AfterFunc(ctx, cancel.Cancel)()
	err = topdown.NewQuery(q.body).WithQueryCompiler(q.compiler).WithCompiler(e.compiler).
		WithStore(e.store).WithTransaction(txn).WithCancel(cancel).WithInput(ast.NewTerm(input)).
		WithBuiltins(topdownBuiltins).WithStrictBuiltinErrors(true).WithVirtualCache(cache).WithMetrics(metrics.NoOp()).
		Iter(ctx, func(r topdown.QueryResult) error {
			x = r["x"]
			return nil
		})
	return x, err
}

// Rules lists the rules, sorted by id.
func (e *Engine) Rules() []*Rule { return e.rules }

// Needs lists the facts of buckets that the rules want, sorted: "bucket.tags" of
// every bucket, "source.lifecycle" of every bucket that replicates,
// "destination.tags" of every destination, "account.path" of the account of every
// bucket. A rule that is disabled wants nothing
// unless it decides links.
func (e *Engine) Needs() []string {
	facts := map[string]bool{}
	for _, r := range e.rules {
		if e.disabled[r.ID] && !r.Decides {
			continue
		}
		for _, n := range slices.Concat(r.needs, r.uses) {
			side, name, _ := strings.Cut(n.name, ".")
			if side == "source_account" && name == "path" && r.Scope != ScopeSource && r.Scope != ScopeLink && e.stands(n) {
				facts["account.path"] = true // a document with links has its accounts
			}
			if name == "" || name == "owner" || bucketFacts[name] == nil || side != "bucket" && side != "destination" || !e.stands(n) {
				continue
			}
			if side == "bucket" && (r.Scope == ScopeSource || r.Scope == ScopeLink) {
				side = "source"
			}
			facts[side+"."+name] = true
		}
	}
	for name := range e.mentioned {
		facts["source."+name], facts["destination."+name] = true, true
	}
	return slices.Sorted(maps.Keys(facts))
}

// Wants reports whether a fact of the destination of a link ("destination.policy")
// can make a difference to what the rules say of the link: whether a rule that is
// asked of it needs the fact. The document is what is known so far; no fact that is
// added to it makes a difference to an answer of no.
func (e *Engine) Wants(name string, doc *fact.Document, link *fact.Link) bool {
	for _, r := range e.rules {
		if e.disabled[r.ID] && !r.Decides {
			continue
		}
		for _, list := range [][]need{r.needs, r.uses} {
			for i := range list {
				if n := &list[i]; n.name == name && e.stands(*n) && e.inapplicable(r, doc, link) == "" && e.holds(&n.when, doc, link) {
					return true
				}
			}
		}
	}
	return e.mentioned[strings.TrimPrefix(name, "destination.")]
}

// stands reports whether a need holds under the engine's parameters.
func (e *Engine) stands(n need) bool {
	if n.parameter == "" {
		return true
	}
	return set(e.params, strings.Split(n.parameter, "."))
}

// set reports whether a parameter has a value other than false and empty; of a
// list it is enough that one element has it.
func set(v any, path []string) bool {
	switch v := v.(type) {
	case nil:
		return false
	case []any:
		return slices.ContainsFunc(v, func(x any) bool { return set(x, path) })
	case map[string]any:
		if len(path) > 0 {
			return set(v[path[0]], path[1:])
		}
		return len(v) > 0
	case bool:
		return v && len(path) == 0
	}
	return len(path) == 0
}

// evaluation is the state of judging one document, or of the end.
type evaluation struct {
	engine  *Engine
	doc     *fact.Document
	links   []permissions // the permission matrix of every link
	records map[string][]*ast.Term
	unread  []string
}

func (ev *evaluation) permissionsOf(link string) (*permissions, error) {
	if ev.doc != nil {
		for i := range ev.doc.Links {
			if ev.doc.Links[i].ID == link {
				return &ev.links[i], nil
			}
		}
	}
	return nil, fmt.Errorf("the document has no link %q", link)
}

// checks is the matrix of a link as Rego sees it.
func (ev *evaluation) checks(link string) (*ast.Term, error) {
	p, err := ev.permissionsOf(link)
	if err != nil {
		return nil, err
	}
	pairs := make([][2]*ast.Term, len(p.cells))
	for i, c := range p.cells {
		pairs[i] = [2]*ast.Term{ast.StringTerm(c.key()), c.term()}
	}
	return ast.ObjectTerm(pairs...), nil
}

// answer is the answer of a rule that judges one cell of the matrix, whole or,
// with "/role" or "/resource" behind its name, one side of it.
func (ev *evaluation) answer(link, key string) (*ast.Term, error) {
	p, err := ev.permissionsOf(link)
	if err != nil {
		return nil, err
	}
	side := ""
	for _, s := range []string{"role", "resource"} {
		if k, ok := strings.CutSuffix(key, "/"+s); ok {
			key, side = k, s
		}
	}
	for _, c := range p.cells {
		if !c.is(key) && (key != sourceReadCell || !c.is("source/s3:GetObjectVersion")) {
			continue
		}
		if c.sideResult(side) != "allowed" {
			return c.answerTerm(link, side), nil
		}
		if p.allowed == nil {
			p.allowed = answerTerm(link, passTerm, allowedTerm)
		}
		return p.allowed, nil
	}
	for _, s := range p.skipped {
		if s.key == key {
			return answerTerm(link, inapplicable, ast.StringTerm(s.why)), nil
		}
	}
	return nil, fmt.Errorf("there is no check %q", key)
}

// Eval judges one document: every link of it gets a verdict and every rule an
// answer on everything it is asked about.
func (e *Engine) Eval(ctx context.Context, doc *fact.Document) (Result, error) {
	if err := ctx.Err(); err != nil {
		return Result{}, err
	}
	ev := &evaluation{engine: e, doc: doc, links: make([]permissions, len(doc.Links))}
	for i := range doc.Links {
		ev.links[i] = e.matrix(doc, &doc.Links[i])
	}
	answers, err := e.ask(withEvaluation(ctx, ev), doc)
	if err != nil {
		return Result{}, err
	}
	j := judgement{engine: e, doc: doc, byLink: make([][]decided, len(doc.Links)), findings: make([]finding.Finding, 0, len(e.rules)*len(doc.Links))}
	for i, r := range e.rules {
		j.rule(r, answers[i])
	}
	return Result{Links: j.links(ev), Findings: j.findings, Kept: j.kept}, nil
}

// Restore keeps what an engine with the same [Engine.Digest] kept of a document
// that is not judged again.
func (e *Engine) Restore(kept map[string][]string) error {
	for _, id := range slices.Sorted(maps.Keys(kept)) {
		i := slices.IndexFunc(e.rules, func(r *Rule) bool { return r.ID == id && r.Scope == ScopeOrganization })
		if i < 0 {
			return fmt.Errorf("there is no rule %q about the organization", id)
		}
		records := make([]*ast.Term, len(kept[id]))
		for k, text := range kept[id] {
			t, err := ast.ParseTerm(text)
			if err != nil {
				return fmt.Errorf("a record of rule %s is malformed: %w", id, err)
			}
			if obj, ok := t.Value.(ast.Object); !ok || !obj.IsGround() {
				return fmt.Errorf("a record of rule %s is not an object", id)
			}
			records[k] = t
		}
		e.keep(e.rules[i], records)
	}
	return nil
}

// Digest tells whether two engines judge alike: it is of the rules and of the
// options.
func (e *Engine) Digest() string { return e.digest }

// outcome is what evaluating one rule gave: its set, or why there is none.
type outcome struct {
	set *ast.Term
	err error
}

// group is the query of the answers of some rules: an array, in their order.
func (e *Engine) group(asked []byte) (query, error) {
	make := func() (query, error) {
		var refs []string
		for i, c := range asked {
			if c == '1' {
				refs = append(refs, e.refs[i])
			}
		}
		return e.prepare("x = [" + strings.Join(refs, ", ") + "]")
	}
	if f, ok := e.together.Load(string(asked)); ok {
		return f.(func() (query, error))()
	}
	// Documents have a handful of shapes. A user's rules may make more of them:
	// then everything is asked, and what does not apply is left out afterwards.
	if e.groups.Add(1) > maxGroups {
		for i := range asked {
			asked[i] = '1'
		}
	}
	key := string(asked)
	f, _ := e.together.LoadOrStore(key, sync.OnceValues(make))
	return f.(func() (query, error))()
}

const maxGroups = 256

// ask evaluates the rules that apply to a document together. When one of them
// fails, each is evaluated by itself, so that the fault of one rule stays its own.
func (e *Engine) ask(ctx context.Context, doc *fact.Document) ([]outcome, error) {
	asked := make([]byte, len(e.rules))
	for i, r := range e.rules {
		asked[i] = '0'
		if e.asked(r, doc) {
			asked[i] = '1'
		}
	}
	q, err := e.group(asked)
	if err != nil {
		return nil, err
	}
	input := documentValue(doc, e.fields)
	out := make([]outcome, len(e.rules))
	x, err := e.eval(ctx, q, input)
	if err == nil {
		if x == nil {
			return nil, errors.New("the rules gave no result")
		}
		list, next := x.Value.(*ast.Array), 0
		for i := range out {
			if asked[i] == '1' {
				out[i].set = list.Elem(next)
				next++
			}
		}
		return out, nil
	}
	if topdown.IsCancel(err) || ctx.Err() != nil {
		return nil, cmp.Or(ctx.Err(), err)
	}
	for i := range out {
		if asked[i] == '0' {
			continue
		}
		q, err := e.single[i]()
		if err != nil {
			out[i].err = err
			continue
		}
		out[i].set, out[i].err = e.eval(ctx, q, input)
		if topdown.IsCancel(out[i].err) || ctx.Err() != nil {
			return nil, cmp.Or(ctx.Err(), out[i].err)
		}
	}
	return out, nil
}

// Gap tells the engine of a fact that stands in no document. What buckets there are
// in an account that could not be entered or listed, and where they replicate to,
// is not known to rules about the organization. A suspended account has none: "the
// resources won't be available".
//
// https://docs.aws.amazon.com/organizations/latest/APIReference/API_CloseAccount.html
func (e *Engine) Gap(g *fact.Gap) {
	if g.Fact != "account" && g.Fact != "account.buckets" || g.Code == "SUSPENDED" {
		return
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	e.unread[g.AccountID] = true
}

// Finish gives the findings of the rules about the organization as a whole,
// from what they kept of every document.
func (e *Engine) Finish(ctx context.Context) ([]finding.Finding, error) {
	ev := &evaluation{engine: e, records: map[string][]*ast.Term{}}
	e.mu.Lock()
	for id, kept := range e.records {
		list := slices.Collect(maps.Values(kept))
		slices.SortFunc(list, func(a, b *ast.Term) int { return a.Value.Compare(b.Value) })
		ev.records[id] = list
	}
	ev.unread = slices.Sorted(maps.Keys(e.unread))
	e.mu.Unlock()
	j := judgement{engine: e}
	for i, r := range e.rules {
		if r.Scope != ScopeOrganization {
			continue
		}
		set, err := e.eval(withEvaluation(ctx, ev), e.last[i], ast.NewObject())
		if err != nil && (topdown.IsCancel(err) || ctx.Err() != nil) {
			return nil, cmp.Or(ctx.Err(), err)
		}
		j.organization(r, outcome{set, err}, ev.records[r.ID])
	}
	return j.findings, nil
}

// keep stores the records of an organization rule.
func (e *Engine) keep(r *Rule, records []*ast.Term) {
	e.mu.Lock()
	defer e.mu.Unlock()
	kept := e.records[r.ID]
	if kept == nil {
		kept = map[string]*ast.Term{}
		e.records[r.ID] = kept
	}
	for _, t := range records {
		kept[t.String()] = t
	}
}

// List gives the rules of the options, sorted by id, without an engine's cost.
func List(opts Options) ([]*Rule, error) {
	files, err := sourcesOf(opts.Dirs)
	if err != nil {
		return nil, err
	}
	_, list, err := load(files, false)
	return list, err
}

// Show gives one rule and the text of its file.
func Show(opts Options, id string) (*Rule, string, error) {
	files, err := sourcesOf(opts.Dirs)
	if err != nil {
		return nil, "", err
	}
	_, list, err := load(files, false)
	if err != nil {
		return nil, "", err
	}
	for _, r := range list {
		if !strings.EqualFold(r.ID, id) {
			continue
		}
		for _, f := range files {
			if f.name == r.File {
				return r, string(f.text), nil
			}
		}
	}
	return nil, "", fmt.Errorf("there is no rule %q (crosscheck rules list shows the ids)", id)
}
