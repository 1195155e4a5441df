// Package explain says why a request is allowed, denied or unknown: [iam.Decide] with words.
package explain

import (
	"slices"
	"strconv"
	"strings"

	"crosscheck/rules/iam"
	"crosscheck/rules/iam/catalog"
	"crosscheck/rules/iam/logic"
	"crosscheck/rules/iam/policy"
	"crosscheck/rules/iam/statement"
)

// maxNamed bounds the statements that an explanation lists.
const maxNamed = 16

// Decide is [iam.Decide] with words: Message says what decided, and Deciding also
// holds the nearest miss of an implicit deny, the undecided statements of an
// unknown, or the statement of each layer that allows.
func Decide(req *iam.Request, in *iam.Input) iam.Decision {
	e := explanation{req: req, in: in}
	d := e.Examine(req, in)
	switch {
	case d.Message != "": // why the request cannot be decided at all
	case d.Result == iam.Undecided:
		e.explainUnknown(&d)
	default:
		e.explain(&d)
	}
	return d
}

// explanation finds the words for a decision.
type explanation struct {
	iam.Evaluation
	req *iam.Request
	in  *iam.Input
}

// explain adds the words to a definite decision.
func (e *explanation) explain(d *iam.Decision) {
	var m strings.Builder
	switch {
	case d.Result == iam.Allowed:
		e.chain(d)
		m.WriteString("allowed")
		for i := range d.Deciding {
			m.WriteString([]string{" by ", ", "}[min(i, 1)] + e.place(&d.Deciding[i]))
		}
	case d.Reason == iam.ReasonExplicitDeny:
		for i := range d.Deciding {
			m.WriteString([]string{"", " and "}[min(i, 1)] + e.place(&d.Deciding[i]))
		}
		m.WriteString([]string{" denies it", " deny it"}[min(len(d.Deciding)-1, 1)])
	default:
		m.WriteString(e.missing(d))
	}
	if len(d.Deciding) > 0 {
		e.explainErrors(d, &m)
	}
	if d.Witness != "" {
		m.WriteString("; so for resources like `" + d.Witness + "`")
	}
	d.Message = m.String()
}

func (e *explanation) explainErrors(d *iam.Decision, m *strings.Builder) {
	if len(d.Errors) > 0 && d.Reason == iam.ReasonInvalid {
		m.WriteString("; AWS would not store a policy that takes part: ")
		m.WriteString(d.Errors[0].Message)
		m.WriteString(" (line ")
		m.WriteString(strconv.Itoa(d.Errors[0].Line))
		m.WriteString(")")
	}
}

// chain lists, for each layer, a statement that allows; with a set of resources
// as many as it takes to allow all of them.
func (e *explanation) chain(d *iam.Decision) {
	type link struct {
		ref iam.Place
		s   *statement.Statement
	}
	var links []link
	e.EachView(func() {
		done := map[iam.Place]bool{}
		for _, l := range links {
			if e.Divided() && e.Matches(l.s, e.kindOf(l.ref)) == logic.True {
				done[l.ref] = true
			}
		}
		e.Each(func(ref iam.Place, p *policy.Policy, s *statement.Statement, t logic.Truth) {
			if s.Effect == statement.Allow && t == logic.True && ref.Kind != iam.PlaceRCP && !done[ref] && len(links) < maxNamed {
				done[ref] = true
				links = append(links, link{ref, s})
				d.Deciding = append(d.Deciding, e.StatementOf(ref, p, s))
			}
		})
	})
}

// kindOf is the kind of the policies of a layer, as far as matching asks for it.
func (e *explanation) kindOf(ref iam.Place) policy.Kind {
	if ref.Kind == iam.PlaceResource && catalog.IsSTS(e.req.Action) {
		return policy.Trust
	}
	return policy.Identity
}

// explainUnknown says what an undecided request hangs on.
func (e *explanation) explainUnknown(d *iam.Decision) {
	e.EachView(func() {
		e.Each(func(ref iam.Place, p *policy.Policy, s *statement.Statement, t logic.Truth) {
			if t != logic.Unknown || len(d.Deciding) >= maxNamed || ref.Kind == iam.PlaceRCP && s.Effect == statement.Allow {
				return
			}
			if st := e.StatementOf(ref, p, s); !slices.Contains(d.Deciding, st) {
				d.Deciding = append(d.Deciding, st)
			}
		})
	})
	slices.SortStableFunc(d.Deciding, func(a, b iam.Statement) int { return int(b.Effect) - int(a.Effect) })

	var m strings.Builder
	m.WriteString("unknown")
	sep := ": "
	if len(d.UnknownKeys) > 0 {
		m.WriteString(sep + "it depends on " + strings.Join(d.UnknownKeys, ", "))
		sep = "; "
	}
	var reasons []string
	layers := map[string][]string{} // by the reason why they were not read
	for _, name := range d.UnknownLayers {
		reason := e.in.NotReadBecause(name)
		if layers[reason] == nil {
			reasons = append(reasons, reason)
		}
		layers[reason] = append(layers[reason], name)
	}
	for _, reason := range reasons {
		names := layers[reason]
		if names[0] == iam.Guard {
			m.WriteString(sep + reason)
			sep = "; "
			continue
		}
		for i, name := range names {
			names[i] = layerWords(name)
		}
		m.WriteString(sep + strings.Join(names[:len(names)-1], ", "))
		if len(names) > 1 {
			m.WriteString(" and ")
		}
		verb := " was not read"
		if last := names[len(names)-1]; len(names) > 1 || strings.HasSuffix(last, "policies") || strings.Contains(last, "Ps o") {
			verb = " were not read"
		}
		m.WriteString(names[len(names)-1] + verb)
		if reason != "" {
			m.WriteString(" (" + reason + ")")
		}
		sep = "; "
	}
	if len(d.UnknownKeys) == 0 && len(d.UnknownLayers) == 0 && len(d.Deciding) > 0 {
		m.WriteString(sep + "what AWS makes of " + e.place(&d.Deciding[0]) + " is neither documented nor recorded")
	}
	if d.Witness != "" {
		m.WriteString("; so for resources like `" + d.Witness + "`")
	}
	e.explainErrors(d, &m)
	d.Message = m.String()
}
