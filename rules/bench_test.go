package rules

import (
	"context"
	"testing"

	"crosscheck/rules/internal/opa"
	"crosscheck/rules/permission"
	"crosscheck/scanner/fact"
)

// BenchmarkEval judges one bucket with one link: the matrix and every rule.
func BenchmarkEval(b *testing.B) {
	e := standard(b)
	doc := working()
	b.ReportAllocs()
	for b.Loop() {
		eval(b, e, doc)
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "buckets/s")
}

// BenchmarkEvalParallel is the same on all cores (-cpu 2).
func BenchmarkEvalParallel(b *testing.B) {
	e := standard(b)
	doc := working()
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			if _, err := e.Eval(context.Background(), doc); err != nil {
				b.Error(err)
			}
		}
	})
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "buckets/s")
}

// BenchmarkMatrix decides the permission matrix alone.
func BenchmarkMatrix(b *testing.B) {
	e := standard(b)
	doc := working()
	b.ReportAllocs()
	for b.Loop() {
		permission.Of(doc, &doc.Links[0], e.premises.policies)
	}
}

// BenchmarkNew reads, checks and compiles all rules.
func BenchmarkNew(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		engine(b, Options{})
	}
}

// BenchmarkValue hands a document to Rego.
func BenchmarkValue(b *testing.B) {
	doc := working()
	b.ReportAllocs()
	fields := standard(b).evaluator.fields
	for b.Loop() {
		opa.Fields(doc, fields)
	}
}

// BenchmarkEvalAlone judges a bucket without replication, as most are.
func BenchmarkEvalAlone(b *testing.B) {
	e := engine(b, Options{Parameters: map[string]any{"required_replication": []any{map[string]any{"name": "prod-*"}}}})
	doc := working()
	doc.Links, doc.Buckets, doc.Roles, doc.Accounts = nil, nil, nil, nil
	doc.Bucket.Replication = fact.None[fact.Replication]()
	b.ReportAllocs()
	for b.Loop() {
		eval(b, e, doc)
	}
}
