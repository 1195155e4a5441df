package fix

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"crosscheck/rules/finding"
	policytext "crosscheck/rules/fix/edit"
	"crosscheck/rules/iam/policy"
	"crosscheck/rules/permission/demand"
	"crosscheck/scanner/fact"
)

// Surplus are the rights among changes that nothing needs, in words: those without which
// no class of any link of the documents is worse. Rights that are optional are left out.
func Surplus(ctx context.Context, docs []*fact.Document, r finding.Repairs, judge Judge) ([]string, error) {
	all := Overlay{}
	for _, c := range r.Changes {
		all[c.Target] = c.After
	}
	var found []string
	for _, c := range r.Changes {
		if !c.Kind.Document() {
			continue
		}
		less, err := without(&c)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", called(c.Target), err)
		}
		for _, l := range less {
			worse, err := missed(ctx, docs, all, c.Target, l.text, judge)
			if err != nil {
				return nil, err
			}
			if !worse {
				found = append(found, l.right+" in "+called(c.Target))
			}
		}
	}
	return found, nil
}

// less is a document without one of the rights that a change adds.
type less struct{ right, text string }

// without are the documents that lack one right each.
func without(c *finding.Change) (list []less, err error) {
	infos := policy.Parse(kinds[c.Kind], "", []byte(c.After), policy.Stored()).Statements()
	for _, e := range c.Edits {
		i := e.Statement
		if i < 0 {
			i = slices.IndexFunc(infos, func(s policy.StatementInfo) bool { return s.Sid == e.Sid })
		}
		if e.Optional != "" || i < 0 || i >= len(infos) {
			continue
		}
		for _, v := range e.Values {
			var texts map[string]string
			switch e.Operation {
			case finding.AddStatement, finding.CreateDocument:
				texts, err = withoutPairs(c.After, &infos[i], v)
			case finding.AddAction:
				texts, err = withoutPairs(c.After, &infos[i], v)
			case finding.AddResource, finding.AddPrincipal:
				var d *policytext.Document
				if d, err = policytext.Read(c.After); err == nil {
					err = d.Remove(i, e.Element, v)
					texts = map[string]string{v: d.Text()}
				}
			}
			if err != nil {
				return nil, err
			}
			for _, name := range slices.Sorted(maps.Keys(texts)) {
				list = append(list, less{name, texts[name]})
			}
		}
	}
	return list, nil
}

// withoutPairs are the texts of a document in which a statement does not allow an action on
// one of its resources, or to one of its principals.
func withoutPairs(text string, st *policy.StatementInfo, action string) (map[string]string, error) {
	out := map[string]string{}
	resources, principals := st.Resources, st.Principals
	if len(resources) == 0 {
		resources = []string{""}
	}
	if len(principals) == 0 {
		principals = []policy.PrincipalInfo{{}}
	}
	for _, r := range resources {
		if !bears(action, r) {
			continue
		}
		for _, p := range principals {
			d, err := policytext.Read(text)
			if err != nil {
				return nil, err
			}
			if err := d.Remove(st.Index, "Action", action); err != nil {
				return nil, err
			}
			// What the action is allowed beside the pair.
			for _, r2 := range resources {
				for _, p2 := range principals {
					if r2 == r && p2 == p {
						continue
					}
					s := policytext.Statement{Actions: []string{action}}
					if r2 != "" {
						s.Resources = []string{r2}
					}
					if p2.Value != "" {
						s.Principals = []policytext.Principal{policytext.Principal(p2)}
					}
					for _, c := range st.Conditions {
						s.Conditions = append(s.Conditions, policytext.Condition(c))
					}
					d.AddStatement(s)
				}
			}
			out[fmt.Sprintf("%s on %s to %s", action, r, p.Value)] = d.Text()
		}
	}
	return out, nil
}

// bears reports whether an action can be on a resource: that of a bucket is not on its objects.
func bears(action, resource string) bool {
	for _, r := range demand.Requirements() {
		if r.Action == action && strings.Contains(resource, ":s3:::") {
			return strings.Contains(resource, "/") == (r.On == demand.TheObjects)
		}
	}
	return true
}

// missed reports whether a link is worse with another text of one target than with all changes.
func missed(ctx context.Context, docs []*fact.Document, all Overlay, target finding.Target, text string, judge Judge) (bool, error) {
	lacking := maps.Clone(all)
	lacking[target] = text
	for _, doc := range docs {
		if _, ok := slices.BinarySearch(resources(doc), target.Resource); !ok {
			continue
		}
		var judged [2]state
		for i, o := range []Overlay{all, lacking} {
			with, _, err := o.Apply(doc)
			if err != nil {
				return false, err
			}
			if judged[i].links, judged[i].findings, err = judge(ctx, with); err != nil {
				return false, err
			}
		}
		if judged[1].worseThan(&judged[0]) {
			return true, nil
		}
	}
	return false, nil
}

// worseThan reports whether a class of a link fares worse, or a finding that was none before
// fails or is unknown.
func (s *state) worseThan(before *state) bool {
	for i := range s.links {
		if i < len(before.links) && worseClass(&before.links[i], &s.links[i]) != "" {
			return true
		}
	}
	status := map[string]finding.Status{}
	for _, x := range before.findings {
		status[x.Fingerprint] = x.Status
	}
	return slices.ContainsFunc(s.findings, func(x finding.Finding) bool {
		was, ok := status[x.Fingerprint]
		return x.Severity != finding.Info && (x.Status == finding.Fail || x.Status == finding.Unknown) && (!ok || x.Status.Rank() < was.Rank())
	})
}
