package audit

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"iter"
	"os"
	"runtime"

	"crosscheck/report"
	"crosscheck/rules"
	"crosscheck/rules/finding"
	"crosscheck/rules/fix"
	"crosscheck/rules/fix/shared"
	"crosscheck/scanner/fact"
	"crosscheck/scanner/flow"
)

// maxTogether is how many bytes of facts are judged together: those of buckets that share a
// role, a bucket or a key, directly or through others.
const maxTogether = 32 << 20

// Judge is the judge of package fix that an engine is.
func Judge(engine *rules.Engine) fix.Judge {
	return func(ctx context.Context, doc *fact.Document) ([]finding.Link, []finding.Finding, error) {
		r, err := engine.Anew().Eval(ctx, doc)
		return r.Links, r.Findings, err
	}
}

func newRepairer(engine *rules.Engine, to report.Handler) *repairer {
	return &repairer{Handler: to, links: shared.New(), find: func(ctx context.Context, docs []*fact.Document) (finding.Repairs, error) {
		return fix.Find(ctx, docs, Judge(engine))
	}}
}

// repairer keeps the facts of buckets with links that fail, on disk until the run ends, and
// then finds the changes that mend them. It stands before what takes the messages of a run.
type repairer struct {
	report.Handler
	find func(context.Context, []*fact.Document) (finding.Repairs, error)

	file  *os.File // nil while there is nothing to repair
	end   int64
	docs  []kept
	links *shared.Users
	users map[string]int // of a resource, by its ARN: one of docs
}

// kept is a document in the file.
type kept struct {
	at, size int64
	bucket   string
	with     int // another document that shares something with it, itself if there is none
}

// Link notes what the link uses.
func (r *repairer) Link(l *finding.Link) error {
	r.links.Link(l)
	return r.Handler.Link(l)
}

// Facts keeps the facts and passes them on.
func (r *repairer) Facts(d *fact.Document) error {
	if err := r.keep(d); err != nil {
		return fmt.Errorf("the facts of links that fail cannot be kept on disk (set TMPDIR to a directory with room): %w", err)
	}
	return r.Handler.Facts(d)
}

func (r *repairer) keep(d *fact.Document) error {
	if r.file == nil {
		f, err := os.CreateTemp("", "crosscheck-*") // 0600
		if err != nil {
			return err
		}
		_ = os.Remove(f.Name()) // the open file stays; nothing is left behind, however the process ends
		r.file, r.users = f, map[string]int{}
	}
	text, err := json.Marshal(d)
	if err != nil {
		return err
	}
	if _, err := r.file.Write(text); err != nil {
		return err
	}
	r.links.Judged(d)
	n := len(r.docs)
	r.docs = append(r.docs, kept{at: r.end, size: int64(len(text)), bucket: d.Bucket.Name, with: n})
	r.end += int64(len(text))
	for _, arn := range shared.Resources(d) {
		if other, ok := r.users[arn]; ok {
			r.docs[r.root(n)].with = r.root(other)
		} else {
			r.users[arn] = n
		}
	}
	return nil
}

// root is the document that names those which share something with one.
func (r *repairer) root(i int) int {
	for r.docs[i].with != i {
		r.docs[i].with = r.docs[r.docs[i].with].with
		i = r.docs[i].with
	}
	return i
}

// repair gives the changes to what takes the messages, those of documents that share something
// together.
func (r *repairer) repair(ctx context.Context) error {
	groups := map[int][]int{}
	for i := range r.docs {
		root := r.root(i)
		groups[root] = append(groups[root], i)
	}
	var each iter.Seq[[]int] = func(yield func([]int) bool) {
		for i := range r.docs {
			if group := groups[i]; group != nil && !yield(group) {
				return
			}
		}
	}
	return flow.Map(ctx, runtime.GOMAXPROCS(0), each, r.together, func(x *finding.Repairs) error {
		if len(x.Changes)+len(x.Decisions) == 0 {
			return nil
		}
		return r.Handler.Repairs(x)
	})
}

// together finds the changes to documents that share something.
func (r *repairer) together(ctx context.Context, group []int) (*finding.Repairs, error) {
	var size int64
	for _, i := range group {
		size += r.docs[i].size
	}
	if size > maxTogether {
		return &finding.Repairs{Decisions: []finding.Decision{{Text: fmt.Sprintf(
			"the source bucket %s and %d others share policies, too many to be mended together in a scan: ask for the changes of some of their links with crosscheck fix LINK",
			r.docs[group[0]].bucket, len(group)-1)}}}, nil
	}
	docs := make([]*fact.Document, len(group))
	for k, i := range group {
		text := make([]byte, r.docs[i].size)
		if _, err := r.file.ReadAt(text, r.docs[i].at); err != nil && err != io.EOF {
			return nil, err
		}
		var err error
		if docs[k], err = fact.DecodeDocument(text); err != nil {
			return nil, err
		}
	}
	out, err := r.find(ctx, docs)
	r.links.Mark(&out)
	return &out, err
}

// close gives the disk back.
func (r *repairer) close() {
	if r.file != nil {
		_ = r.file.Close() // removed long ago
	}
}
