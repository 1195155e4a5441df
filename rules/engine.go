package rules

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"

	"crosscheck/rules/finding"
	"crosscheck/rules/permission"
	"crosscheck/rules/permission/demand"
	"crosscheck/rules/permission/rows"
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
//
// A document passes its stages once: what each rule is asked about (premises), the
// permission matrix of every link (package permission), the answers of the rules
// (evaluator), the findings and verdicts (judge).
type Engine struct {
	rules  []*Rule
	digest string

	premises  premises
	evaluator *evaluator
	judge     judge
	memory    *memory

	// mentioned are facts of buckets that rules of the user may look at without
	// naming them among their needs: they are wanted on both sides, of every link.
	mentioned map[string]bool
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
	e := &Engine{rules: list, memory: newMemory(), mentioned: mentionedFacts(modules, files)}
	if e.digest, err = digest(opts, files, demand.Requirements(), rows.Rules()); err != nil {
		return nil, err
	}
	disabled, err := switchedOff(list, opts)
	if err != nil {
		return nil, err
	}
	if err := reseverity(list, opts.Severities); err != nil {
		return nil, err
	}
	params, err := parameters(list, opts.Parameters)
	if err != nil {
		return nil, err
	}
	e.premises = premises{params: params, policies: permission.NewPolicies()}
	e.judge = judge{rules: list, strict: opts.Strict, disabled: disabled, overridden: opts.Severities}
	var compiler *ast.Compiler
	if slices.ContainsFunc(files, func(f source) bool { return f.user }) {
		compiler, err = compile(modules)
	} else {
		compiler, err = quicken(list, modules)
	}
	if err != nil {
		return nil, err
	}
	if e.evaluator, err = newEvaluator(list, modules, compiler, params); err != nil {
		return nil, err
	}
	return e, nil
}

func digest(opts Options, files []source, table ...any) (string, error) {
	h := sha256.New()
	if err := json.NewEncoder(h).Encode(append([]any{opts}, table...)); err != nil { // with maps sorted
		return "", err
	}
	for _, f := range files {
		fmt.Fprintf(h, "\x00%s\x00%d\x00", f.name, len(f.text))
		_, _ = h.Write(f.text) // a hash takes everything
	}
	return hex.EncodeToString(h.Sum(nil)[:16]), nil
}

// Digest is the same of two engines of one version of crosscheck if they judge alike:
// it is made of the Rego files, the table of permissions and the options.
func (e *Engine) Digest() string { return e.digest }

// Rules lists the rules, sorted by id.
func (e *Engine) Rules() []*Rule { return e.rules }

// asked reports whether a rule is asked at all: one that is disabled is asked only
// if it decides links.
func (e *Engine) asked(r *Rule) bool { return !e.judge.disabled[r.ID] || r.Decides }

// Needs lists the facts of buckets that the rules want, sorted: "bucket.tags" of
// every bucket, "source.lifecycle" of every bucket that replicates,
// "destination.tags" of every destination, "account.path" of the account of every
// bucket. A rule that is disabled wants nothing
// unless it decides links.
func (e *Engine) Needs() []string {
	facts := map[string]bool{}
	for _, r := range e.rules {
		if !e.asked(r) {
			continue
		}
		for _, n := range slices.Concat(r.needs, r.uses) {
			side, name, _ := strings.Cut(n.name, ".")
			if side == "source_account" && name == "path" && r.Scope != ScopeSource && r.Scope != ScopeLink && e.premises.stands(&n) {
				facts["account.path"] = true // a document with links has its accounts
			}
			if name == "" || name == "owner" || bucketFacts[name] == nil || side != "bucket" && side != "destination" || !e.premises.stands(&n) {
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
		if e.asked(r) && e.premises.wants(r, name, doc, link) {
			return true
		}
	}
	return e.mentioned[strings.TrimPrefix(name, "destination.")]
}

// Eval judges one document: every link of it gets a verdict and every rule an
// answer on everything it is asked about.
func (e *Engine) Eval(ctx context.Context, doc *fact.Document) (Result, error) {
	if err := ctx.Err(); err != nil {
		return Result{}, err
	}
	subjects := e.premises.subjects(e.rules, doc)
	matrices := make([]permission.Matrix, len(doc.Links))
	decide := permission.Of
	if e.judge.strict {
		decide = permission.Certain
	}
	for i := range doc.Links {
		matrices[i] = decide(doc, &doc.Links[i], e.premises.policies)
	}
	outcomes, err := e.evaluator.ask(ctx, doc, matrices, subjects)
	if err != nil {
		return Result{}, err
	}
	j := e.judge.document(doc, outcomes)
	kept, err := e.keep(doc, j.records)
	return Result{Links: j.verdicts(doc, matrices), Findings: j.findings, Kept: kept}, err
}

// Anew is an engine for another run, with the same compiled rules and what they have
// cached: it has kept nothing of any document.
func (e *Engine) Anew() *Engine {
	anew := *e
	anew.memory = newMemory()
	return &anew
}

// keep remembers records of rules until the end, and gives them as text.
func (e *Engine) keep(doc *fact.Document, records map[string][]*ast.Term) (map[string][]string, error) {
	if len(records) == 0 {
		return nil, nil
	}
	kept := make(map[string][]string, len(records))
	for _, r := range e.rules {
		list := records[r.ID]
		if len(list) == 0 {
			continue
		}
		if size := e.memory.keep(r.ID, list); r.user && size > maxKept {
			return nil, r.usesUp(fmt.Errorf("its records are more than %d MiB", maxKept>>20), doc)
		}
		for _, t := range list {
			kept[r.ID] = append(kept[r.ID], t.String())
		}
	}
	return kept, nil
}

// Restore keeps what an engine with the same [Engine.Digest] kept of a document
// that is not judged again.
func (e *Engine) Restore(kept map[string][]string) error {
	for _, id := range slices.Sorted(maps.Keys(kept)) {
		if !slices.ContainsFunc(e.rules, func(r *Rule) bool { return r.ID == id && r.Scope == ScopeOrganization }) {
			return fmt.Errorf("there is no rule %q about the organization", id)
		}
		if err := e.memory.restore(id, kept[id]); err != nil {
			return err
		}
	}
	return nil
}

// Gap gives the engine a fact that could not be read and that is in no document. Which
// buckets are in an account that could not be entered or listed, and where they
// replicate to, is not known to rules about the organization. A suspended account has
// none: "the resources won't be available".
//
// https://docs.aws.amazon.com/organizations/latest/APIReference/API_CloseAccount.html
func (e *Engine) Gap(g *fact.Gap) {
	if (g.Fact == "account" || g.Fact == "account.buckets") && g.Code != "SUSPENDED" {
		e.memory.leave(cmp.Or(g.AccountID, "?"))
	}
}

// Finish gives the findings of the rules about the organization as a whole,
// from what they kept of every document.
func (e *Engine) Finish(ctx context.Context) ([]finding.Finding, error) {
	kept := e.memory.all()
	var all []finding.Finding
	for i, r := range e.rules {
		if r.Scope != ScopeOrganization {
			continue
		}
		o, err := e.evaluator.askAtTheEnd(ctx, i, kept)
		if err != nil {
			return nil, err
		}
		if e.premises.inapplicable(r, nil, nil) == "" {
			all = append(all, e.judge.organization(o, kept.Records[r.ID])...)
		}
	}
	return all, nil
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

// Show gives one rule and its text: that of its Rego file, or of a permission rule
// the part of the permission table that it asks for.
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
		if strings.EqualFold(r.ID, id) {
			return r, r.text(files), nil
		}
	}
	return nil, "", fmt.Errorf("there is no rule %q (crosscheck rules list shows the ids)", id)
}
