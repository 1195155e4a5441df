package rules

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"

	"github.com/open-policy-agent/opa/v1/ast"

	"crosscheck/rules/finding"
	"crosscheck/rules/internal/builtin"
	"crosscheck/scanner/fact"
)

// memory is what rules about the organization keep of all documents of a run. It is
// safe for concurrent use.
type memory struct {
	mu      sync.Mutex
	records map[string]map[string]*ast.Term // by rule id, by text: the same record is kept once
	size    map[string]int                  // by rule id: of the texts
	unread  map[string]bool                 // accounts of whose buckets not all are known
}

func newMemory() *memory {
	return &memory{records: map[string]map[string]*ast.Term{}, size: map[string]int{}, unread: map[string]bool{}}
}

// maxKept is how much a rule of the user may keep of a run, in bytes of text.
const maxKept = 256 << 20

// keep stores records of a rule, and gives how much it keeps in all, in bytes of text.
func (m *memory) keep(id string, records []*ast.Term) int {
	m.mu.Lock()
	defer m.mu.Unlock()
	kept := m.records[id]
	if kept == nil {
		kept = map[string]*ast.Term{}
		m.records[id] = kept
	}
	for _, t := range records {
		text := t.String()
		if kept[text] == nil {
			m.size[id] += len(text)
		}
		kept[text] = t
	}
	return m.size[id]
}

// restore stores records of a rule that were kept as text.
func (m *memory) restore(id string, texts []string) error {
	records := make([]*ast.Term, len(texts))
	for k, text := range texts {
		t, err := ast.ParseTerm(text)
		if err != nil {
			return fmt.Errorf("a record of rule %s is malformed: %w", id, err)
		}
		if obj, ok := t.Value.(ast.Object); !ok || !obj.IsGround() {
			return fmt.Errorf("a record of rule %s is not an object", id)
		}
		records[k] = t
	}
	m.keep(id, records)
	return nil
}

// leave notes an account whose buckets are not all known.
func (m *memory) leave(account string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.unread[account] = true
}

// all is what was kept, in a stable order.
func (m *memory) all() *builtin.Evaluation {
	m.mu.Lock()
	defer m.mu.Unlock()
	ev := &builtin.Evaluation{Records: map[string][]*ast.Term{}, Unread: slices.Sorted(maps.Keys(m.unread))}
	for id, kept := range m.records {
		list := slices.Collect(maps.Values(kept))
		slices.SortFunc(list, func(a, b *ast.Term) int { return a.Value.Compare(b.Value) })
		ev.Records[id] = list
	}
	return ev
}

// collect takes the records of an organization rule on a document. Where the rule's
// needs are gaps the document's bucket is unknown at once, and only what is about
// other buckets is kept.
func (j *judgement) collect(o outcome) {
	r, s := o.rule, o.subjects[0]
	if s.why != "" {
		return
	}
	records, fault := o.records, o.fault
	for _, t := range records {
		if _, ok := t.Value.(ast.Object); !ok {
			fault = cmp.Or(fault, errors.New("a record is an object"))
		}
	}
	if fault != nil {
		j.add(r, theBucket, &answer{Status: finding.Unknown, Message: "the rule could not be evaluated: " + fault.Error()})
		return
	}
	if s.missing != nil {
		a := unknownBecause(s.missing, s.refused)
		j.add(r, theBucket, &a)
		records = slices.DeleteFunc(slices.Clone(records), isSubject)
	}
	if len(records) > 0 {
		j.records[r.ID] = records
	}
}

// isSubject reports whether a record is about a bucket that its rule must answer on.
func isSubject(record *ast.Term) bool {
	s := record.Value.(ast.Object).Get(ast.StringTerm("subject"))
	return s != nil && s.Equal(ast.BooleanTerm(true))
}

// organization turns the answers of an organization rule at the end into findings.
// Every record with "subject": true is something the rule must answer on.
func (g *judge) organization(o outcome, records []*ast.Term) []finding.Finding {
	type id struct{ account, bucket string }
	buckets := map[id]*fact.Bucket{}
	var order []id
	for _, t := range records {
		if !isSubject(t) {
			continue
		}
		b := bucketOf(t)
		k := id{b.AccountID, b.Name}
		if buckets[k] == nil {
			order = append(order, k)
		}
		buckets[k] = b
	}
	answers, fault := map[id][]answer{}, o.fault
	for _, a := range o.answers {
		k := id{a.Account, a.Bucket}
		if buckets[k] == nil {
			fault = cmp.Or(fault, fmt.Errorf("an answer names the bucket %q of account %q, which no record with subject has", a.Bucket, a.Account))
			continue
		}
		answers[k] = append(answers[k], a)
	}
	var all []finding.Finding
	for _, k := range order {
		j := judgement{judge: g, bucket: buckets[k]}
		list := answers[k]
		switch {
		case fault != nil:
			list = []answer{{Status: finding.Unknown, Message: "the rule could not be evaluated: " + fault.Error()}}
		case len(list) == 0:
			list = []answer{{Status: finding.Unknown, Message: silence(o.rule)}}
		}
		for i := range list {
			j.add(o.rule, theBucket, &list[i])
		}
		all = append(all, j.findings...)
	}
	return all
}

// bucketOf is the bucket of a record.
func bucketOf(record *ast.Term) *fact.Bucket {
	str := func(key string) string {
		if v := record.Value.(ast.Object).Get(ast.StringTerm(key)); v != nil {
			s, _ := v.Value.(ast.String)
			return string(s)
		}
		return ""
	}
	return &fact.Bucket{Name: str("bucket"), ARN: str("arn"), AccountID: str("account_id"), Region: str("region")}
}
