package rules

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"
	"math/bits"
	"slices"
	"strings"
	"sync"

	"github.com/open-policy-agent/opa/v1/ast"

	"crosscheck/rules/internal/builtin"
	"crosscheck/rules/internal/opa"
	"crosscheck/rules/internal/recent"
	"crosscheck/rules/permission"
	"crosscheck/rules/permission/rows"
	"crosscheck/scanner/fact"
)

// evaluator asks the rules: those in Rego together in one query, permission rules
// by their cells.
type evaluator struct {
	rules    []*Rule
	rego     *opa.Evaluator
	fields   map[string]bool // of a document that the rules look at; nil = all
	refs     []string        // by rule: its answers (records, where the scope is the organization)
	together *recent.Map[string, prepared]
	single   []func() (opa.Query, error) // by rule: its answers alone, for when a rule makes the whole fail
	last     []opa.Query                 // by rule: the answers at the end of a run; zero but for organization rules
	alone    sync.Mutex                  // held while a rule is looked for that uses up the memory
}

type prepared struct {
	query opa.Query
	err   error
}

// newEvaluator compiles the queries of the rules, which are all in the modules of the compiler.
func newEvaluator(list []*Rule, modules map[string]*ast.Module, compiler *ast.Compiler, params map[string]any) (*evaluator, error) {
	v := &evaluator{
		rules: list,
		rego: opa.New(compiler, map[string]any{"crosscheck": map[string]any{"config": params}}, builtin.New(),
			slices.ContainsFunc(list, func(r *Rule) bool { return r.user })),
		fields:   opa.InputFields(modules),
		refs:     make([]string, len(list)),
		together: recent.New[string, prepared](256), // documents have a handful of shapes
		single:   make([]func() (opa.Query, error), len(list)),
		last:     make([]opa.Query, len(list)),
	}
	for i, r := range list {
		if r.permission != nil {
			continue
		}
		pkg := modules[r.File].Package.Path.String()
		v.refs[i] = pkg + ".answers"
		if r.Scope == ScopeOrganization {
			var err error
			if v.last[i], err = v.rego.Prepare("x = " + v.refs[i]); err != nil {
				return nil, ruleError(r.File, err)
			}
			v.refs[i] = pkg + ".records"
		}
		v.single[i] = sync.OnceValues(func() (opa.Query, error) { return v.rego.Prepare("x = " + v.refs[i]) })
	}
	return v, nil
}

// outcome is what asking one rule about a document gave. A rule whose answers are not
// all intelligible has a fault.
type outcome struct {
	rule     *Rule
	subjects []subject
	answers  []answer    // sorted by link, where the rule is about links
	records  []*ast.Term // of an organization rule
	fault    error
}

// ask asks the rules that apply to a document, and gives the outcome of every rule that
// has subjects, each until the next. An error is not one of a rule.
func (v *evaluator) ask(ctx context.Context, doc *fact.Document, matrices []permission.Matrix, subjects []subject) (iter.Seq[outcome], error) {
	asked := newRuleSet(len(v.rules))
	for i, mine := range byRule(subjects) {
		if v.rules[i].permission == nil && applies(mine) {
			asked.add(i)
		}
	}
	sets, err := v.sets(builtin.With(ctx, &builtin.Evaluation{Doc: doc, Matrices: matrices}), doc, asked)
	if err != nil {
		return nil, err
	}
	return func(yield func(outcome) bool) {
		sets, list := sets, make([]answer, 0, 2*len(doc.Links))
		for i, mine := range byRule(subjects) {
			o := outcome{rule: v.rules[i], subjects: mine}
			switch {
			case o.rule.permission != nil:
				list = permitted(list[:0], o.rule.permission, mine, doc, matrices)
				o.answers = list
			case asked.has(i):
				o.read(sets[0], doc, list[:0])
				sets, list = sets[1:], o.answers
			}
			if !yield(o) {
				return
			}
		}
	}, nil
}

// permitted are the answers of a permission rule on the links that it applies to.
func permitted(list []answer, rule *rows.Rule, subjects []subject, doc *fact.Document, matrices []permission.Matrix) []answer {
	for _, s := range subjects {
		if s.why == "" {
			list = appendAnswers(list, s.link, rule.Answers(&matrices[s.link], &doc.Links[s.link]))
		}
	}
	return list
}

// read reads what a Rego rule gave; list is where to put the answers.
func (o *outcome) read(g given, doc *fact.Document, list []answer) {
	o.answers = list
	var terms []*ast.Term
	if terms, o.fault = g.elements(); o.rule.Scope == ScopeOrganization && doc != nil {
		o.records = terms
		return
	}
	for _, t := range terms {
		n := len(o.answers)
		o.answers = append(o.answers, answer{})
		if err := o.answers[n].decode(t, o.rule, doc); err != nil {
			o.fault = cmp.Or(o.fault, err)
			o.answers = o.answers[:n]
		}
	}
	sortByLink(o.answers)
}

// ruleSet is a set of rules by their place: a bit each.
type ruleSet []byte

func newRuleSet(n int) ruleSet { return make(ruleSet, (n+7)/8) }

func (s ruleSet) add(i int)      { s[i/8] |= 1 << (i % 8) }
func (s ruleSet) has(i int) bool { return s[i/8]&(1<<(i%8)) != 0 }

func (s ruleSet) len() int {
	n := 0
	for _, b := range s {
		n += bits.OnesCount8(b)
	}
	return n
}

// given is the set that a rule gave, or why there is none.
type given struct {
	set *ast.Term
	err error
}

// elements are those of the set.
func (r given) elements() ([]*ast.Term, error) {
	if r.err != nil {
		return nil, r.err
	}
	if r.set != nil {
		if set, ok := r.set.Value.(ast.Set); ok {
			return set.Slice(), nil
		}
	}
	return nil, errors.New("answers is no set")
}

// sets evaluates the rules of a set together, and gives their sets in their order.
// Where one of them fails, each is evaluated by itself, so that the fault of one rule
// stays its own.
func (v *evaluator) sets(ctx context.Context, doc *fact.Document, asked ruleSet) ([]given, error) {
	p := v.together.Get(string(asked), func() prepared {
		q, err := v.prepare(asked)
		return prepared{q, err}
	})
	if p.err != nil {
		return nil, p.err
	}
	input := opa.Fields(doc, v.fields)
	out := make([]given, 0, asked.len())
	x, err := v.rego.Eval(ctx, p.query, input)
	if err == nil {
		if x == nil {
			return nil, errors.New("the rules gave no result")
		}
		x.Value.(*ast.Array).Foreach(func(set *ast.Term) { out = append(out, given{set: set}) })
		return out, v.bounded(doc, asked, out)
	}
	if memory := (*opa.MemoryError)(nil); errors.As(err, &memory) {
		if r := v.suspect(asked); r != nil {
			return nil, r.usesUp(memory, doc)
		}
		v.alone.Lock()
		defer v.alone.Unlock()
	}
	if opa.IsCancel(err) || ctx.Err() != nil {
		return nil, cmp.Or(ctx.Err(), err)
	}
	for i := range v.rules {
		if !asked.has(i) {
			continue
		}
		var g given
		q, err := v.single[i]()
		if g.err = err; err == nil {
			g.set, g.err = v.rego.Eval(ctx, q, input)
		}
		if memory := (*opa.MemoryError)(nil); errors.As(g.err, &memory) {
			return nil, v.rules[i].usesUp(memory, doc)
		}
		if opa.IsCancel(g.err) || ctx.Err() != nil {
			return nil, cmp.Or(ctx.Err(), g.err)
		}
		out = append(out, g)
	}
	return out, v.bounded(doc, asked, out)
}

// suspect is the rule of the user among those that were asked, nil where there are several.
func (v *evaluator) suspect(asked ruleSet) (only *Rule) {
	for i, r := range v.rules {
		if !asked.has(i) || !r.user {
			continue
		}
		if only != nil {
			return nil
		}
		only = r
	}
	return only
}

// bounded refuses answers of rules of the user that are too large to be handled: what is
// in a term twice is written twice.
func (v *evaluator) bounded(doc *fact.Document, asked ruleSet, sets []given) error {
	for i, r := range v.rules {
		if !asked.has(i) {
			continue
		}
		if g := sets[0]; r.user && g.set != nil && opa.Huge(g.set) {
			return r.usesUp(errHuge, doc)
		}
		sets = sets[1:]
	}
	return nil
}

var errHuge = errors.New("what it gives is too large")

// usesUp is the error of a rule that would use up the memory, on a document or (nil) at
// the end of the run.
func (r *Rule) usesUp(why error, doc *fact.Document) error {
	where := "at the end of the run"
	if doc != nil {
		where = "on bucket " + doc.Bucket.Name
	}
	return &Error{r.File, r.line, fmt.Errorf("rule %s uses up the memory %s: %w", r.ID, where, why)}
}

// prepare is the query of the answers of some rules: an array, in their order.
func (v *evaluator) prepare(asked ruleSet) (opa.Query, error) {
	var refs []string
	for i, ref := range v.refs {
		if asked.has(i) {
			refs = append(refs, ref)
		}
	}
	return v.rego.Prepare("x = [" + strings.Join(refs, ", ") + "]")
}

// askAtTheEnd asks an organization rule, from what all rules kept of the run.
func (v *evaluator) askAtTheEnd(ctx context.Context, i int, kept *builtin.Evaluation) (outcome, error) {
	set, err := v.rego.Eval(builtin.With(ctx, kept), v.last[i], ast.NewObject())
	if err != nil && (opa.IsCancel(err) || ctx.Err() != nil) {
		return outcome{}, cmp.Or(ctx.Err(), err)
	}
	r := v.rules[i]
	if memory := (*opa.MemoryError)(nil); errors.As(err, &memory) {
		return outcome{}, r.usesUp(memory, nil)
	}
	if r.user && set != nil && opa.Huge(set) {
		return outcome{}, r.usesUp(errHuge, nil)
	}
	o := outcome{rule: r}
	o.read(given{set, err}, nil, nil)
	return o, nil
}
