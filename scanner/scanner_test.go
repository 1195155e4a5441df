package scanner

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"go.uber.org/goleak"

	"crosscheck/scanner/fact"
	"crosscheck/scanner/sandbox"
	"crosscheck/testdata"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// demo is the world that `crosscheck demo` scans.
func demo(t testing.TB) *sandbox.Sandbox { return world(t, testdata.DemoWorld) }

func world(t testing.TB, yaml []byte) *sandbox.Sandbox {
	t.Helper()
	w, err := sandbox.Load("world.yaml", yaml)
	if err != nil {
		t.Fatal(err)
	}
	s, err := sandbox.New(w)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// caller is the configuration of the world's administrator.
func caller(s *sandbox.Sandbox) aws.Config {
	return aws.Config{
		Region: "us-east-1", HTTPClient: s.HTTPClient(),
		Credentials: credentials.NewStaticCredentialsProvider(sandbox.DefaultAccessKey, sandbox.DefaultSecretKey, ""),
	}
}

// result is a scan's stream, sorted out.
type result struct {
	run      *fact.Run
	gaps     []fact.Gap
	docs     map[string]*fact.Document
	coverage *fact.Coverage
}

func scanAll(ctx context.Context, cfg aws.Config, opts Options) (*result, error) {
	r := &result{docs: map[string]*fact.Document{}}
	var order []string
	err := Scan(ctx, cfg, opts, func(m fact.Message) error {
		switch {
		case m.Run != nil:
			r.run = m.Run
			order = append(order, "run")
		case m.Gap != nil:
			r.gaps = append(r.gaps, *m.Gap)
			order = append(order, "gap")
		case m.Document != nil:
			if r.docs[m.Document.Bucket.Name] != nil {
				return fmt.Errorf("two documents of %s", m.Document.Bucket.Name)
			}
			r.docs[m.Document.Bucket.Name] = m.Document
			order = append(order, "document")
		case m.Coverage != nil:
			r.coverage = m.Coverage
			order = append(order, "coverage")
		}
		return nil
	})
	if err == nil && (order[0] != "run" || order[len(order)-1] != "coverage" || slices.Index(order, "coverage") != len(order)-1) {
		err = errors.New("the run is not first or the coverage is not last")
	}
	return r, err
}

func TestDemo(t *testing.T) {
	s := demo(t)
	r, err := scanAll(t.Context(), caller(s), Options{RoleName: "crosscheck-audit", Needs: []string{"bucket.tags"}})
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%+v", *r.run)
	t.Logf("%+v", *r.coverage)
	for _, g := range r.gaps {
		t.Logf("%+v", g)
	}
	for c, n := range s.Calls() {
		if c.Code != "" {
			t.Logf("%+v %d", c, n)
		}
	}
}
