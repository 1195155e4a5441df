// Package experiment asks S3 what its documentation does not say: an experiment puts
// probes into a link that is prepared for it, and says what follows from what happened.
package experiment

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"crosscheck/canary"
	"crosscheck/canary/measure"
	"crosscheck/scanner/fact"
)

// Experiment is a question about S3 that neither its documentation nor a recording
// answers. A link that is prepared for it answers it: the experiment puts probes
// there and says what follows from what happened. It changes no configuration.
type Experiment struct {
	Name     string
	Question string
	Prepare  string // what the link has to be
	Puts     string // which objects
	Observes string // what is looked at
	Settles  string // which fact the answer would settle

	variants []measure.Variant
	// fits reports why a link is not prepared, nil if it is. A fact that was not read is an
	// error too: a link that is not prepared gives no answer.
	fits     func(*fact.Document, *fact.Link) error
	conclude func([]measure.Measurement) (conclusion string, answered bool)
}

// all are all experiments, in the order in which they are listed. Each has a file of its
// own.
var all = []*Experiment{&sourceConditions, &kmsBucketKey, &multipart, &requestContext, &ssecBlocked, &wrongAccount}

// All are all experiments, in the order in which they are listed.
func All() []*Experiment { return slices.Clone(all) }

// Find finds an experiment by its name.
func Find(name string) (*Experiment, error) {
	var names []string
	for _, x := range all {
		if x.Name == name {
			return x, nil
		}
		names = append(names, x.Name)
	}
	return nil, fmt.Errorf("there is no experiment %q: there are %s", name, strings.Join(names, ", "))
}

// Fits reports why a link is not prepared for the experiment, nil if it is.
func (x *Experiment) Fits(d *fact.Document, l *fact.Link) error { return x.fits(d, l) }

// Variants are the probes that the experiment puts.
func (x *Experiment) Variants() []measure.Variant { return x.variants }

// Result is what an experiment on one link showed.
type Result struct {
	Measurements []measure.Measurement // in the order of [Experiment.Variants]
	Conclusion   string                // what follows from them, or why nothing does
	Answered     bool                  // the conclusion answers the question
}

// Run does the experiment on a link, with probes that are numbered from first.
func (x *Experiment) Run(ctx context.Context, t *canary.Target, first int, o canary.Options) Result {
	var r Result
	for i, v := range x.variants {
		r.Measurements = append(r.Measurements, canary.Probe(ctx, t, v, first+i, o))
	}
	r.Conclusion, r.Answered = x.conclude(r.Measurements)
	return r
}

// decided is the conclusion of probes that all arrived, or of which one failed. It is
// false where one was not decided.
func decided(ms []measure.Measurement, arrived, failed string) (string, bool) {
	for _, m := range ms {
		switch m.Outcome {
		case measure.Arrived, measure.Differs:
		case measure.Failed:
			return failed, true
		case measure.Timeout:
			return "nothing arrived in time and S3 did not say FAILED: wait longer (--timeout), " +
				"or look whether the rule took the object", false
		default:
			return "the probe was not decided: " + m.Message, false
		}
	}
	return arrived, true
}

// anyKey reports whether a policy has a condition on one of the keys (given in
// lower case).
func anyKey(policy string, keys ...string) bool {
	var doc struct {
		Statement any
	}
	if json.Unmarshal([]byte(policy), &doc) != nil {
		return false
	}
	statements, ok := doc.Statement.([]any)
	if !ok {
		statements = []any{doc.Statement}
	}
	for _, s := range statements {
		statement, _ := s.(map[string]any)
		conditions, _ := statement["Condition"].(map[string]any)
		for _, operator := range conditions {
			of, _ := operator.(map[string]any)
			for key := range of {
				if slices.Contains(keys, strings.ToLower(key)) {
					return true
				}
			}
		}
	}
	return false
}
