package rules

import (
	"cmp"
	"errors"
	"fmt"
	"slices"

	"github.com/open-policy-agent/opa/v1/ast"

	"crosscheck/rules/finding"
	"crosscheck/rules/internal/builtin"
	"crosscheck/rules/internal/opa"
	"crosscheck/rules/permission"
	"crosscheck/scanner/fact"
)

// answer is one object of a rule's answers.
type answer struct {
	Status       finding.Status
	Message      string
	Key          string // distinguishes two faults of a rule on one subject; part of the fingerprint
	Severity     finding.Severity
	FailureCodes []string
	Evidence     map[string]any
	Remediation  string
	Contested    bool   // AWS leaves it open: a failure with Options.Strict
	Witness      string // of a failure: the key of an object that fails, where not all do

	class finding.Class    // of the objects that it is about, "" = the rule's
	own   bool             // of these alone
	open  bool             // whether they arrive all the same, though not whole, is not known
	keys  string           // in words, which of them fail, where not all do
	cell  *permission.Cell // that says so, nil for rules in Rego

	link int // index in the document, or theBucket
	// Account and Bucket are what the answer of an organization rule is about.
	Account, Bucket string
}

// appendAnswers adds the answers of a permission rule on a link.
func appendAnswers(list []answer, link int, answers []permission.Answer) []answer {
	for _, a := range answers {
		x := answer{
			Status: a.Status, Message: a.Message, Key: a.Key, Severity: a.Severity, FailureCodes: a.FailureCodes,
			Remediation: a.Remediation, Contested: a.Contested, link: link, class: a.Class, own: a.Own, open: a.Open,
		}
		if a.Cell != nil {
			if x.cell, x.keys = a.Cell, a.Cell.Some; x.keys != "" {
				x.Witness = a.Cell.WitnessKey()
			}
			x.Evidence = builtin.Evidence(a.Cell)
		}
		list = append(list, x)
	}
	return list
}

// some is, in words, which objects fail, where not all of them do.
func (a *answer) some() string {
	if a.keys == "" && a.Witness != "" {
		k := finding.Keys{SuchAs: a.Witness}
		return k.String()
	}
	return a.keys
}

// sortByLink brings the answers on each link together, in their order.
func sortByLink(list []answer) {
	slices.SortStableFunc(list, func(a, b answer) int { return cmp.Compare(a.link, b.link) })
}

// decode reads an answer of a rule about a document; an answer that says nothing
// intelligible is an error.
func (a *answer) decode(t *ast.Term, r *Rule, doc *fact.Document) error {
	a.link = theBucket
	obj, ok := t.Value.(ast.Object)
	if !ok {
		return fmt.Errorf("an answer is an object, not %s", ast.TypeName(t.Value))
	}
	var link string
	var err error
	obj.Until(func(k, v *ast.Term) bool {
		err = a.set(k, v, &link)
		return err != nil
	})
	if err != nil {
		return err
	}
	if !a.Status.Valid() {
		return fmt.Errorf("an answer has the status %q: use fail, pass, unknown or not_applicable", a.Status)
	}
	slices.Sort(a.FailureCodes)
	a.FailureCodes = slices.Compact(a.FailureCodes)
	if r.Scope != ScopeLink {
		return nil
	}
	for a.link = len(doc.Links) - 1; a.link >= 0 && doc.Links[a.link].ID != link; a.link-- {
	}
	if a.link < 0 {
		return fmt.Errorf("an answer names the link %q, which the document does not have", link)
	}
	return nil
}

// set sets the field of a name, or the link that the answer names.
func (a *answer) set(name, value *ast.Term, link *string) error {
	key, _ := name.Value.(ast.String)
	if to := a.textField(string(key), link); to != nil || key == "region" { // which is known by the bucket
		s, ok := value.Value.(ast.String)
		if !ok {
			return fmt.Errorf("the %s of an answer is a string", key)
		}
		if to != nil {
			*to = string(s)
		}
		return nil
	}
	switch key {
	case "severity":
		s, _ := value.Value.(ast.String)
		if a.Severity = finding.Severity(s); !a.Severity.Valid() {
			return fmt.Errorf("an answer has the unknown severity %s", value)
		}
	case "contested":
		b, ok := value.Value.(ast.Boolean)
		if !ok {
			return errors.New("contested is true or false")
		}
		a.Contested = bool(b)
	case "failure_codes":
		list, ok := opa.Elements(value)
		if !ok {
			return errors.New("the failure_codes of an answer are an array or a set")
		}
		for _, c := range list {
			s, _ := c.Value.(ast.String)
			if _, ok := codeOf(string(s)); !ok {
				return fmt.Errorf("an answer names %s, which is no failure code of S3", c)
			}
			a.FailureCodes = append(a.FailureCodes, string(s))
		}
	case "evidence":
		x, err := ast.JSON(value.Value)
		m, ok := x.(map[string]any)
		if err != nil || !ok {
			return errors.New("the evidence of an answer is an object")
		}
		a.Evidence = m
	default:
		return fmt.Errorf("an answer has the unknown field %s", name)
	}
	return nil
}

// textField is the field of that name which is plain text.
func (a *answer) textField(name string, link *string) *string {
	switch name {
	case "link":
		return link
	case "status":
		return (*string)(&a.Status)
	case "message":
		return &a.Message
	case "key":
		return &a.Key
	case "remediation":
		return &a.Remediation
	case "witness":
		return &a.Witness
	case "account_id":
		return &a.Account
	case "bucket":
		return &a.Bucket
	}
	return nil
}
