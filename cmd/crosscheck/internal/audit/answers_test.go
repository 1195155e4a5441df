package audit

import (
	"bytes"
	"cmp"
	"encoding/xml"
	"errors"
	"fmt"
	"hash/fnv"
	"io"
	"net/http"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"

	"crosscheck/scanner"
	"crosscheck/scanner/client"
	"crosscheck/scanner/client/answer"
	"crosscheck/scanner/sandbox"
	"crosscheck/scanner/sandbox/sandboxtest"
)

// mutant is an XML answer to one request, changed in one place.
type mutant struct {
	world   *faultWorld
	api     string
	request string
	what    string // "dropped ReplicationConfiguration/Rule/Status"
	text    []byte
	known   bool // the table takes it for another true answer
}

func (m mutant) String() string { return m.world.name + "/" + m.api + " " + m.what + " " + m.request }

// requestText is what tells one request from another.
func requestText(r *http.Request) string {
	body := []byte{}
	if r.Body != nil {
		body, _ = io.ReadAll(r.Body)
		r.Body = io.NopCloser(bytes.NewReader(body))
	}
	return strings.Join([]string{r.Method, r.URL.String(), r.Header.Get("X-Amz-Target"), string(body)}, " ")
}

// answered replaces the body of an answer.
func answered(res *http.Response, text []byte) {
	res.Body, res.ContentLength = io.NopCloser(bytes.NewReader(text)), int64(len(text))
	res.Header.Del("Content-Length")
}

// changes are the documents that differ from an XML document in one element.
func changes(text []byte) map[string][]byte {
	type span struct {
		path             string
		from, inner, end int
		leaf             bool
	}
	var open []span
	list := map[string][]byte{}
	d := xml.NewDecoder(bytes.NewReader(text))
	for n := 0; ; {
		at := int(d.InputOffset())
		token, err := d.Token()
		if err != nil {
			return list
		}
		switch token := token.(type) {
		case xml.StartElement:
			path := token.Name.Local
			if len(open) > 0 {
				open[len(open)-1].leaf = false
				path = open[len(open)-1].path + "/" + path
			}
			open = append(open, span{path: path, from: at, inner: int(d.InputOffset()), leaf: true})
		case xml.EndElement:
			s := open[len(open)-1]
			open = open[:len(open)-1]
			if s.end = int(d.InputOffset()); at == s.end || len(open) == 0 {
				continue // <Empty/>, and the root
			}
			n++
			name := token.Name.Local
			put := func(what, element string) {
				list[fmt.Sprintf("%s %s %d", what, s.path, n)] = slices.Concat(text[:s.from], []byte(element), text[s.end:])
			}
			whole, inner := string(text[s.from:s.end]), string(text[s.inner:at])
			put("dropped", "")
			put("emptied", "<"+name+"></"+name+">")
			put("renamed", "<"+name+"2>"+inner+"</"+name+"2>")
			put("unknown sibling of", whole+"<Zzz>z</Zzz>")
			put("unknown attribute of", "<"+name+` zzz="z">`+inner+"</"+name+">")
			second := whole
			if s.leaf {
				put("unknown value of", "<"+name+">Zzz</"+name+">")
				second = "<" + name + ">Zzz</" + name + ">"
			}
			put("doubled", whole+second)
		}
	}
}

// mutants are the changed answers of a world.
func (w *faultWorld) mutants(t *testing.T) (list []mutant) {
	t.Helper()
	seen := map[string]bool{}
	w.scan(t, nil, func(box *sandbox.Sandbox) aws.HTTPClient {
		before := box.Calls()
		return doFunc(func(r *http.Request) (*http.Response, error) {
			request := requestText(r)
			res, err := box.HTTPClient().Do(r)
			if err != nil {
				return res, err
			}
			text, err := io.ReadAll(res.Body)
			answered(res, text)
			after := box.Calls()
			api := ""
			for c, n := range after {
				if n != before[c] {
					api = c.Operation
				}
			}
			before = after
			if err != nil || seen[request] || res.StatusCode != http.StatusOK || answer.Root(api) == "" {
				return res, err
			}
			seen[request] = true
			for what, changed := range changes(text) {
				_, _, wrong := answer.Read(answer.Exchange{API: api, Status: res.StatusCode, Header: res.Header, Body: bytes.NewReader(changed), AWS: true})
				list = append(list, mutant{w, api, request, what, changed, wrong == nil})
			}
			return res, err
		})
	}, scanner.Options{Concurrency: 1})
	slices.SortFunc(list, func(a, b mutant) int {
		return cmp.Or(strings.Compare(a.request, b.request), strings.Compare(a.what, b.what))
	})
	return list
}

// TestMutantsOfAnswers: an answer that its table does not take for a true one makes
// nothing look better. It runs a sample; XCTEST_FAULTS=all runs every mutant.
func TestMutantsOfAnswers(t *testing.T) {
	t.Parallel()
	var all, chosen []mutant
	whole := map[*faultWorld]*judgedScan{}
	known := 0
	worlds := faultWorlds(t)
	worlds = worlds[:sandboxtest.Sample(len(worlds), 1)]
	for _, w := range worlds {
		whole[w] = w.scan(t, nil, nil, scanner.Options{})
		for _, m := range w.mutants(t) {
			if m.known {
				known++
				continue
			}
			all = append(all, m)
		}
	}
	if len(all) < sandboxtest.Sample(5_000, 100) {
		t.Errorf("%d mutants are too few", len(all))
	}
	for _, m := range all {
		h := fnv.New64a()
		fmt.Fprint(h, m)
		if os.Getenv("XCTEST_FAULTS") == "all" || h.Sum64()%uint64(len(all)) < uint64(sandboxtest.Sample(50, 10)) {
			chosen = append(chosen, m)
		}
	}
	outcomes := map[string]int{}
	var mu sync.Mutex
	t.Run("group", func(t *testing.T) {
		const shards = 4
		for shard := range shards {
			t.Run(fmt.Sprint(shard), func(t *testing.T) {
				t.Parallel()
				for i := shard; i < len(chosen); i += shards {
					outcome := chosen[i].run(t, whole[chosen[i].world])
					mu.Lock()
					outcomes[outcome]++
					mu.Unlock()
				}
			})
		}
	})
	t.Logf("%d of %d mutants tried: %v; %d more are true answers by their tables", len(chosen), len(all), outcomes, known)
}

func (m mutant) run(t *testing.T, whole *judgedScan) string {
	t.Helper()
	got := m.world.scan(t, nil, func(box *sandbox.Sandbox) aws.HTTPClient {
		return doFunc(func(r *http.Request) (*http.Response, error) {
			request := requestText(r)
			res, err := box.HTTPClient().Do(r)
			if err == nil && request == m.request {
				answered(res, m.text)
			}
			return res, err
		})
	}, scanner.Options{})
	var problem *client.Error
	switch {
	case got.err != nil && !errors.As(got.err, &problem):
		t.Errorf("%v: %v", m, got.err)
	case got.err != nil:
		return "refused"
	case len(got.gaps) <= len(whole.gaps) && bytes.Equal(got.text, whole.text):
		return "same"
	}
	if got.status == clean {
		t.Errorf("%v: exit status %d of another report", m, got.status)
	}
	for _, better := range got.improvements(whole) {
		t.Errorf("%v: %s", m, better)
	}
	return "gaps"
}
