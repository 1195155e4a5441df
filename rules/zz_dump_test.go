package rules

import (
	"bufio"
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"os"
	"testing"

	"crosscheck/scanner/fact"
)

const dumpRule = `# METADATA
# title: A rule
# custom:
#   id: ACME001
#   severity: low
#   evidence: inferred
#   scope: link
package crosscheck.rules.acme001

answers contains {"link": link.id, "status": "fail", "message": json.marshal(crosscheck.checks(link.id)), "key": "all"} if some link in input.links

answers contains {"link": link.id, "status": "fail", "message": json.marshal(crosscheck.answer(link.id, concat("", [key, side]))), "key": concat("", [key, side])} if {
	some link in input.links
	some key in ["trust/sts:AssumeRole", "source/s3:GetReplicationConfiguration", "source/s3:ListBucket", "source/s3:GetObjectVersionForReplication", "source/s3:GetObjectVersionAcl", "source/s3:GetObjectVersionTagging", "source/s3:GetObjectRetention", "source/s3:GetObjectLegalHold", "source/s3:GetObjectVersionAnnotationForReplication", "destination/s3:ReplicateObject", "destination/s3:ReplicateTags", "destination/s3:ReplicateDelete", "destination/s3:ObjectOwnerOverrideToBucketOwner", "destination/s3:PutObjectRetention", "destination/s3:PutObjectLegalHold", "destination/s3:ReplicateObjectAnnotation", "source_key/kms:Decrypt", "destination_key/kms:Encrypt", "destination_key/kms:GenerateDataKey", "destination_key/kms:Decrypt"]
	some side in ["", "/role", "/resource"]
}

answers contains {"link": link.id, "status": "fail", "message": json.marshal(crosscheck.problems(link.id)), "key": "problems"} if some link in input.links
`

func TestDump(t *testing.T) {
	name := os.Getenv("DUMP")
	if name == "" {
		t.Skip()
	}
	file, err := os.Create(name)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	out := bufio.NewWriter(file)
	defer out.Flush()
	params := map[string]any{"destinations": map[string]any{"regions": []any{"eu-west-1"}, "other_account": true}}
	user, err := with(t, Options{Parameters: params}, dumpRule)
	if err != nil {
		t.Fatal(err)
	}
	engines := []*Engine{engine(t, Options{}), engine(t, Options{Strict: true, Parameters: params}), user}
	all := append([]link{{name: "the guide", do: guide("2012-10-17")}, {name: "crowded", do: crowded}}, links...)
	for _, c := range codeWorlds {
		all = append(all, c.link)
		if c.hide != nil {
			all = append(all, link{name: c.name + " hidden", do: func(w *world) { c.do(w); c.hide(w) }})
		}
	}
	n := 0
	write := func(name string, doc *fact.Document, full bool) {
		n++
		for i, e := range engines {
			r, err := e.Eval(context.Background(), doc)
			if err != nil {
				t.Fatal(err)
			}
			whys := []string{}
			for _, l := range r.Links {
				whys = append(whys, l.Why)
			}
			text, err := json.Marshal([]any{r, whys, e.Needs()})
			if err != nil {
				t.Fatal(err)
			}
			if full {
				fmt.Fprintf(out, "%s %d %s\n", name, i, text)
			} else {
				fmt.Fprintf(out, "%s %d %x\n", name, i, sha256.Sum256(text))
			}
		}
	}
	for _, c := range all {
		doc := change(c.do)
		write(c.name, doc, true)
		removals(t, doc, true, func(what string, less *fact.Document) { write(c.name+", "+what, less, false) })
	}
	if os.Getenv("DUMP_PAIRS") != "" {
		twice := func(a, b func(*world)) func(*world) {
			return func(w *world) {
				for _, do := range []func(*world){a, b} {
					func() {
						defer func() { _ = recover() }()
						do(w)
					}()
				}
			}
		}
		for i := range all {
			for k := range all {
				write(all[i].name+" & "+all[k].name, change(twice(all[i].do, all[k].do)), false)
			}
		}
	}
	t.Logf("%d documents", n)
}
