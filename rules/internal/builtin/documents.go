package builtin

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/open-policy-agent/opa/v1/ast"

	"crosscheck/rules/finding"
	"crosscheck/rules/iam/match"
	"crosscheck/rules/iam/policy"
	"crosscheck/rules/iam/statement"
	"crosscheck/rules/internal/opa"
	"crosscheck/rules/internal/recent"
)

// documents keeps the policy documents that rules ask about, compiled, and what was
// answered. It is bounded, and safe for concurrent use.
type documents struct {
	parsed *recent.Map[documentKey, *document]
}

type documentKey struct {
	kind         policy.Kind
	bucket, text string
}

func newDocuments() *documents { return &documents{recent.New[documentKey, *document](512)} }

// document is a policy document as rules see it.
type document struct {
	*policy.Policy
	infos      func() []policy.StatementInfo
	statements func() *ast.Term // as they are written

	grantsMu sync.Mutex
	grants   []grantsAnswer // what was asked before
}

// get parses a document, or finds it parsed; bucket is "" but for bucket policies.
func (d *documents) get(kind policy.Kind, bucket, text string) *document {
	return d.parsed.Get(documentKey{kind, bucket, text}, func() *document {
		opts := []policy.ParseOption{policy.Stored()}
		if bucket != "" {
			opts = append(opts, policy.ForBucket(bucket))
		}
		p := &document{Policy: policy.Parse(kind, "", []byte(text), opts...)}
		p.infos = sync.OnceValue(p.Policy.Statements)
		p.statements = sync.OnceValue(func() *ast.Term {
			infos := p.infos()
			list := make([]*ast.Term, len(infos))
			for i := range infos {
				list[i] = ast.NewTerm(opa.Value(statementOf(&infos[i])))
			}
			return ast.ArrayTerm(list...)
		})
		return p
	})
}

// ofKind is get with the kind by its name.
func (d *documents) ofKind(kind, text string) (*document, error) {
	k, ok := policy.KindNamed(kind)
	if !ok {
		return nil, fmt.Errorf("unknown kind of policy %q", kind)
	}
	return d.get(k, "", text), nil
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
func (p *document) grantsTerm(actions *ast.Array, account string) *ast.Term {
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

func (p *document) grantsOf(actions *ast.Array, account string) *ast.Term {
	infos := p.infos()
	var list []*ast.Term
	for i := range infos {
		info := &infos[i]
		if info.Effect != statement.Allow {
			continue
		}
		named := []string{}
		for k := range actions.Len() {
			action := text(actions.Elem(k))
			matches := slices.ContainsFunc(info.Actions, func(a string) bool {
				return match.Match(strings.ToLower(a), strings.ToLower(action))
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
		list = append(list, ast.NewTerm(opa.Value(g)))
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

// statementEntry is a statement of a policy as rules see it.
type statementEntry struct {
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

func statementOf(i *policy.StatementInfo) statementEntry {
	s := statementEntry{
		Sid: i.Sid, Effect: "Allow", Index: i.Index, Line: i.Line,
		Actions: finding.NotNil(i.Actions), NotAction: i.NotAction, Resources: finding.NotNil(i.Resources), NotResource: i.NotResource,
		Principals: []principal{}, NotPrincipal: i.NotPrincipal, Conditions: []keyCondition{},
	}
	if i.Effect == statement.Deny {
		s.Effect = "Deny"
	}
	for _, p := range i.Principals {
		s.Principals = append(s.Principals, principal(p))
	}
	for _, c := range i.Conditions {
		s.Conditions = append(s.Conditions, keyCondition{c.Operator, c.Key, finding.NotNil(c.Values)})
	}
	return s
}
