package rules

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/open-policy-agent/opa/v1/ast"

	"crosscheck/rules/iam"
	"crosscheck/scanner/fact"
)

// policy is a compiled policy with what the matrix wants to know beside it.
type policy struct {
	*iam.Policy
	kind iam.Kind
	keys []string // lower-case condition keys and variables that it names, sorted
	uses []usage  // every value compared with a condition key

	infosOnce sync.Once
	infos     []iam.StatementInfo

	once  sync.Once
	terms *ast.Term // statements as Rego sees them

	grantsMu sync.Mutex
	grants   []grantsAnswer // what was asked before
}

// usage is one condition value: key and operator in lower case.
type usage struct{ key, operator, value string }

// policyCache keeps compiled policies by their content. It is bounded: when the
// young half is full it becomes the old half, and the old half is dropped.
type policyCache struct {
	mu         sync.Mutex
	young, old map[policyKey]*policy
	max        int
}

type policyKey struct {
	kind                   iam.Kind
	bucket, name, document string
}

func newPolicyCache() *policyCache {
	return &policyCache{young: map[policyKey]*policy{}, max: 512}
}

// defaultPolicies serves builtins that run outside of an engine (opa tests).
var defaultPolicies = newPolicyCache()

// get compiles a policy, or finds it compiled. bucket is the bucket that a
// bucket policy stands on, "" for other kinds.
func (c *policyCache) get(kind iam.Kind, bucket string, doc fact.Policy) *policy {
	name := doc.ARN
	if name == "" {
		name = doc.Name
	}
	k := policyKey{kind, bucket, name, doc.Document}
	c.mu.Lock()
	p := c.young[k]
	if p == nil {
		if p = c.old[k]; p != nil {
			c.put(k, p)
		}
	}
	c.mu.Unlock()
	if p != nil {
		return p
	}
	opts := []iam.ParseOption{iam.Stored()}
	if bucket != "" {
		opts = append(opts, iam.ForBucket(bucket))
	}
	p = &policy{Policy: iam.Parse(kind, name, []byte(doc.Document), opts...), kind: kind}
	p.keys, p.uses = conditionKeys(doc.Document)
	c.mu.Lock()
	c.put(k, p)
	c.mu.Unlock()
	return p
}

func (c *policyCache) put(k policyKey, p *policy) {
	if len(c.young) >= c.max {
		c.young, c.old = map[policyKey]*policy{}, c.young
	}
	c.young[k] = p
}

func (c *policyCache) byKindName(kind, document string) (*policy, error) {
	k, ok := iam.KindNamed(kind)
	if !ok {
		return nil, fmt.Errorf("iam.statements: unknown kind of policy %q", kind)
	}
	return c.get(k, "", fact.Policy{Document: document}), nil
}

var variablePattern = regexp.MustCompile(`\$\{([^},]+)`)

// conditionKeys lists the condition keys and policy variables that a document
// names, in lower case, and the values it compares keys with.
func conditionKeys(document string) ([]string, []usage) {
	d := json.NewDecoder(strings.NewReader(document))
	d.UseNumber()
	var v any
	if d.Decode(&v) != nil {
		return nil, nil // the package iam reports the document
	}
	set := map[string]bool{}
	var uses []usage
	var walk func(v any, depth int)
	walk = func(v any, depth int) {
		switch v := v.(type) {
		case string:
			for _, m := range variablePattern.FindAllStringSubmatch(v, -1) {
				set[strings.ToLower(strings.TrimSpace(m[1]))] = true
			}
		case []any:
			for _, x := range v {
				walk(x, depth)
			}
		case map[string]any:
			for k, x := range v {
				if k == "Condition" {
					operators, _ := x.(map[string]any)
					for op, y := range operators {
						keys, _ := y.(map[string]any)
						for key, values := range keys {
							key, op := strings.ToLower(key), strings.ToLower(op)
							set[key] = true
							list, ok := values.([]any)
							if !ok {
								list = []any{values}
							}
							for _, value := range list {
								uses = append(uses, usage{key, op, fmt.Sprint(value)})
							}
						}
					}
				}
				walk(x, depth+1)
			}
		}
	}
	walk(v, 0)
	if len(set) == 0 {
		return nil, nil
	}
	keys := make([]string, 0, len(set))
	for k := range set {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys, uses
}

// statementsTerm lists the statements as they are written.
func (p *policy) statementsTerm() *ast.Term {
	p.once.Do(func() {
		p.infosOnce.Do(func() { p.infos = p.Statements() })
		list := make([]*ast.Term, len(p.infos))
		for i := range p.infos {
			list[i] = ast.NewTerm(valueOf(statementOf(&p.infos[i])))
		}
		p.terms = ast.ArrayTerm(list...)
	})
	return p.terms
}

// grant is an Allow statement that names some actions: written out, with a
// wildcard or by leaving them out of a NotAction.
type grant struct {
	Name       string   `json:"name"`       // the Sid, else the index of the statement
	Actions    []string `json:"actions"`    // those that were asked for
	Principals []string `json:"principals"` // AWS principals as written; "*" also for NotPrincipal
	Conditions int      `json:"conditions"`
}

// grantsTerm lists the Allow statements that let a principal outside of an
// account ("" = anybody) do one of the actions.
func (p *policy) grantsTerm(actions *ast.Array, account string) *ast.Term {
	p.grantsMu.Lock()
	defer p.grantsMu.Unlock()
	for _, g := range p.grants {
		if g.account == account && g.actions.Equal(actions) {
			return g.term
		}
	}
	g := grantsAnswer{actions, account, p.grantsOf(actions, account)}
	if len(p.grants) < 16 {
		p.grants = append(p.grants, g)
	}
	return g.term
}

type grantsAnswer struct {
	actions *ast.Array
	account string
	term    *ast.Term
}

func (p *policy) grantsOf(actions *ast.Array, account string) *ast.Term {
	p.infosOnce.Do(func() { p.infos = p.Statements() })
	var list []*ast.Term
	for i := range p.infos {
		info := &p.infos[i]
		if info.Effect != iam.Allow {
			continue
		}
		named := []string{}
		for k := range actions.Len() {
			action := text(actions.Elem(k))
			matches := slices.ContainsFunc(info.Actions, func(a string) bool {
				return iam.Match(strings.ToLower(a), strings.ToLower(action))
			})
			if matches != info.NotAction {
				named = append(named, action)
			}
		}
		outside := []string{}
		for _, x := range info.Principals {
			if (x.Type == "AWS" || x.Value == "*") && !info.NotPrincipal && (account == "" || accountOf(x.Value) != account) {
				outside = append(outside, x.Value)
			}
		}
		if info.NotPrincipal {
			outside = append(outside, "*")
		}
		if len(named) == 0 || len(outside) == 0 {
			continue
		}
		g := grant{Name: info.Sid, Actions: named, Principals: outside, Conditions: len(info.Conditions)}
		if g.Name == "" {
			g.Name = strconv.Itoa(info.Index)
		}
		list = append(list, ast.NewTerm(valueOf(g)))
	}
	return ast.ArrayTerm(list...)
}

// accountOf is the account of a principal: an id or an ARN; "" where it has none.
func accountOf(principal string) string {
	if parts := strings.Split(principal, ":"); len(parts) >= 6 {
		return parts[4]
	}
	if len(principal) == 12 && strings.Trim(principal, "0123456789") == "" {
		return principal
	}
	return ""
}

// statement is a statement of a policy as rules see it.
type statement struct {
	Sid          string         `json:"sid"`
	Effect       string         `json:"effect"` // Allow, Deny
	Index        int            `json:"index"`
	Line         int            `json:"line"`
	Actions      []string       `json:"actions"`
	NotAction    bool           `json:"not_action"`
	Resources    []string       `json:"resources"`
	NotResource  bool           `json:"not_resource"`
	Principals   []principal    `json:"principals"`
	NotPrincipal bool           `json:"not_principal"`
	Conditions   []keyCondition `json:"conditions"`
}

type principal struct {
	Type  string `json:"type"`
	Value string `json:"value"`
}

type keyCondition struct {
	Operator string   `json:"operator"`
	Key      string   `json:"key"`
	Values   []string `json:"values"`
}

func statementOf(i *iam.StatementInfo) statement {
	s := statement{
		Sid: i.Sid, Effect: "Allow", Index: i.Index, Line: i.Line,
		Actions: orEmpty(i.Actions), NotAction: i.NotAction, Resources: orEmpty(i.Resources), NotResource: i.NotResource,
		Principals: []principal{}, NotPrincipal: i.NotPrincipal, Conditions: []keyCondition{},
	}
	if i.Effect == iam.Deny {
		s.Effect = "Deny"
	}
	for _, p := range i.Principals {
		s.Principals = append(s.Principals, principal(p))
	}
	for _, c := range i.Conditions {
		s.Conditions = append(s.Conditions, keyCondition{c.Operator, c.Key, orEmpty(c.Values)})
	}
	return s
}
