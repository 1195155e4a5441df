// Package surplus says which rights of changes nothing needs.
package surplus

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"crosscheck/rules/finding"
	"crosscheck/rules/fix"
	"crosscheck/rules/fix/edit"
	"crosscheck/rules/fix/overlay"
	"crosscheck/rules/iam/policy"
	"crosscheck/rules/permission/demand"
	"crosscheck/scanner/fact"
)

// Of are the rights among changes that nothing needs, in words: those without which
// no class of any link of the documents is worse. Rights that are optional are left out.
func Of(ctx context.Context, docs []*fact.Document, r finding.Repairs, judge fix.Judge) ([]string, error) {
	all := overlay.Of(r.Changes)
	var found []string
	for _, c := range r.Changes {
		if !c.Kind.Document() {
			continue
		}
		less, err := without(&c)
		if err != nil {
			return nil, fmt.Errorf("%s of %s: %w", c.Kind, c.Resource, err)
		}
		for _, l := range less {
			worse, err := missed(ctx, docs, all, c.Target, l.text, judge)
			if err != nil {
				return nil, err
			}
			if !worse {
				found = append(found, l.right+" in the "+string(c.Kind)+" of "+c.Resource)
			}
		}
	}
	return found, nil
}

// kinds are the kinds of policies by those of targets.
var kinds = map[finding.Kind]policy.Kind{
	finding.RolePolicy: policy.Identity, finding.ManagedPolicy: policy.Identity, finding.Boundary: policy.Boundary, finding.TrustPolicy: policy.Trust,
	finding.BucketPolicy: policy.Bucket, finding.KeyPolicy: policy.Key,
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
				var d *edit.Document
				if d, err = edit.Read(c.After); err == nil {
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
			d, err := edit.Read(text)
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
					s := edit.Statement{Actions: []string{action}}
					if r2 != "" {
						s.Resources = []string{r2}
					}
					if p2.Value != "" {
						s.Principals = []edit.Principal{edit.Principal(p2)}
					}
					for _, c := range st.Conditions {
						s.Conditions = append(s.Conditions, edit.Condition(c))
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
func missed(ctx context.Context, docs []*fact.Document, all overlay.Overlay, target finding.Target, text string, judge fix.Judge) (bool, error) {
	lacking := maps.Clone(all)
	lacking[target] = text
	for _, doc := range docs {
		if _, ok := overlay.Value(doc, target); !ok {
			continue
		}
		var judged [2]judgement
		for i, o := range []overlay.Overlay{all, lacking} {
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

// judgement is the verdicts and findings of a document.
type judgement struct {
	links    []finding.Link
	findings []finding.Finding
}

// worseThan reports whether a class of a link fares worse, or a finding that was none before
// fails or is unknown.
func (j *judgement) worseThan(before *judgement) bool {
	for i := range j.links {
		if i < len(before.links) && finding.Worse(&before.links[i], &j.links[i]) != "" {
			return true
		}
	}
	status := map[string]finding.Status{}
	for _, x := range before.findings {
		status[x.Fingerprint] = x.Status
	}
	return slices.ContainsFunc(j.findings, func(x finding.Finding) bool {
		was, ok := status[x.Fingerprint]
		return x.Severity != finding.Info && (x.Status == finding.Fail || x.Status == finding.Unknown) && (!ok || x.Status.Rank() < was.Rank())
	})
}
