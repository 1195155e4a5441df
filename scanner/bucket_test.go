package scanner

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/google/go-cmp/cmp"

	"crosscheck/scanner/ask"
	"crosscheck/scanner/fact"
	"crosscheck/scanner/sandbox/sandboxtest"
)

// V1 and V2 differ by the presence of one element, which may be empty, so the
// test starts from the bytes that S3 sends.
func TestReplicationRules(t *testing.T) {
	t.Parallel()
	const to = `<Destination><Bucket>arn:aws:s3:::dst</Bucket></Destination>`
	const none = `<DeleteMarkerReplication><Status>Disabled</Status></DeleteMarkerReplication>`
	dst := fact.Destination{Bucket: "arn:aws:s3:::dst"}
	cases := []struct {
		name, xml string
		want      fact.ReplicationRule
	}{
		{"V1 with a prefix", `<Rule><ID>a</ID><Prefix>logs/</Prefix><Status>Enabled</Status>` + to + `</Rule>`,
			fact.ReplicationRule{ID: "a", Schema: "V1", Status: "Enabled", Prefix: "logs/", Destination: dst}},
		{"V1 of all objects", `<Rule><ID>a</ID><Prefix></Prefix><Status>Disabled</Status>` + to + `</Rule>`,
			fact.ReplicationRule{ID: "a", Schema: "V1", Status: "Disabled", Destination: dst}},
		{"V1 with an empty prefix element", `<Rule><ID>a</ID><Prefix/><Status>Enabled</Status>` + to + `</Rule>`,
			fact.ReplicationRule{ID: "a", Schema: "V1", Status: "Enabled", Destination: dst}},
		{"V2 with an empty filter, closed at once", `<Rule><ID>a</ID><Priority>0</Priority><Filter/><Status>Enabled</Status>` + to + `<DeleteMarkerReplication><Status>Enabled</Status></DeleteMarkerReplication></Rule>`,
			fact.ReplicationRule{ID: "a", Schema: "V2", Status: "Enabled", DeleteMarkers: "Enabled", Destination: dst}},
		{"V2 with an empty filter", `<Rule><ID>a</ID><Priority>7</Priority><Filter></Filter><Status>Enabled</Status>` + to + none + `</Rule>`,
			fact.ReplicationRule{ID: "a", Schema: "V2", Status: "Enabled", DeleteMarkers: "Disabled", Priority: 7, Destination: dst}},
		{"V2 with a blank filter", "<Rule><ID>a</ID><Priority>7</Priority><Filter>\n  </Filter><Status>Enabled</Status>" + to + none + "</Rule>",
			fact.ReplicationRule{ID: "a", Schema: "V2", Status: "Enabled", DeleteMarkers: "Disabled", Priority: 7, Destination: dst}},
		{"V2 with an empty prefix", `<Rule><ID>a</ID><Priority>7</Priority><Filter><Prefix/></Filter><Status>Enabled</Status>` + to + none + `</Rule>`,
			fact.ReplicationRule{ID: "a", Schema: "V2", Status: "Enabled", DeleteMarkers: "Disabled", Priority: 7, Destination: dst}},
		{"V2 with a prefix", `<Rule><ID>a</ID><Priority>7</Priority><Filter><Prefix>x y&amp;z</Prefix></Filter><Status>Enabled</Status>` + to + none + `</Rule>`,
			fact.ReplicationRule{ID: "a", Schema: "V2", Status: "Enabled", DeleteMarkers: "Disabled", Priority: 7, Prefix: "x y&z", Destination: dst}},
		{"V2 with a tag", `<Rule><ID>a</ID><Priority>7</Priority><Filter><Tag><Key>k</Key><Value></Value></Tag></Filter><Status>Enabled</Status>` + to + none + `</Rule>`,
			fact.ReplicationRule{ID: "a", Schema: "V2", Status: "Enabled", DeleteMarkers: "Disabled", Priority: 7, Tags: map[string]string{"k": ""}, Destination: dst}},
		{"V2 with prefix and tags", `<Rule><ID>a</ID><Priority>7</Priority><Filter><And><Prefix>p</Prefix><Tag><Key>k</Key><Value>v</Value></Tag><Tag><Key>l</Key><Value>w</Value></Tag></And></Filter><Status>Enabled</Status>` + to + none + `</Rule>`,
			fact.ReplicationRule{ID: "a", Schema: "V2", Status: "Enabled", DeleteMarkers: "Disabled", Priority: 7, Prefix: "p", Tags: map[string]string{"k": "v", "l": "w"}, Destination: dst}},
		{"V2 without a prefix", `<Rule><ID>a</ID><Priority>7</Priority><Filter><Not><Prefix>s/</Prefix></Not></Filter><Status>Enabled</Status>` + to + none + `</Rule>`,
			fact.ReplicationRule{ID: "a", Schema: "V2", Status: "Enabled", DeleteMarkers: "Disabled", Priority: 7, Exclude: fact.Exclusions{Prefixes: []string{"s/"}}, Destination: dst}},
		{"V2 without anything", `<Rule><ID>a</ID><Priority>7</Priority><Filter><Not><Prefix/></Not></Filter><Status>Enabled</Status>` + to + none + `</Rule>`,
			fact.ReplicationRule{ID: "a", Schema: "V2", Status: "Enabled", DeleteMarkers: "Disabled", Priority: 7, Exclude: fact.Exclusions{Prefixes: []string{""}}, Destination: dst}},
		{"V2 without a tag", `<Rule><ID>a</ID><Priority>7</Priority><Filter><Not><Tag><Key>k</Key><Value>&lt;</Value></Tag></Not></Filter><Status>Enabled</Status>` + to + none + `</Rule>`,
			fact.ReplicationRule{ID: "a", Schema: "V2", Status: "Enabled", DeleteMarkers: "Disabled", Priority: 7, Exclude: fact.Exclusions{Tags: []fact.Tag{{Key: "k", Value: "<"}}}, Destination: dst}},
		{"V2 with prefix and without several", `<Rule><ID>a</ID><Priority>7</Priority><Filter><And><Prefix>p</Prefix><Not><Or><Prefix>p/a</Prefix><Prefix>p/b</Prefix><Tag><Key>k</Key><Value>v</Value></Tag><Tag><Key>k</Key><Value>w</Value></Tag></Or></Not></And></Filter><Status>Enabled</Status>` + to + none + `</Rule>`,
			fact.ReplicationRule{ID: "a", Schema: "V2", Status: "Enabled", DeleteMarkers: "Disabled", Priority: 7, Prefix: "p", Exclude: fact.Exclusions{Prefixes: []string{"p/a", "p/b"}, Tags: []fact.Tag{{Key: "k", Value: "v"}, {Key: "k", Value: "w"}}}, Destination: dst}},
		{"related key", `<Rule><ID>a</ID><Priority>7</Priority><Filter/><Status>Enabled</Status><SourceSelectionCriteria><SseKmsEncryptedObjects><Status>Enabled</Status></SseKmsEncryptedObjects></SourceSelectionCriteria><Destination><Bucket>arn:aws:s3:::dst</Bucket><EncryptionConfiguration><UseSourceMultiRegionKey><Status>Enabled</Status></UseSourceMultiRegionKey></EncryptionConfiguration></Destination>` + none + `</Rule>`,
			fact.ReplicationRule{ID: "a", Schema: "V2", Status: "Enabled", DeleteMarkers: "Disabled", Priority: 7, SSEKMSObjects: "Enabled", Destination: fact.Destination{Bucket: "arn:aws:s3:::dst", RelatedKey: true}}},
		{"no related key", `<Rule><ID>a</ID><Priority>7</Priority><Filter/><Status>Enabled</Status><SourceSelectionCriteria><SseKmsEncryptedObjects><Status>Enabled</Status></SseKmsEncryptedObjects></SourceSelectionCriteria><Destination><Bucket>arn:aws:s3:::dst</Bucket><EncryptionConfiguration><ReplicaKmsKeyID>arn:aws:kms:eu-west-1:222222222222:key/k</ReplicaKmsKeyID><UseSourceMultiRegionKey><Status>Disabled</Status></UseSourceMultiRegionKey></EncryptionConfiguration></Destination>` + none + `</Rule>`,
			fact.ReplicationRule{ID: "a", Schema: "V2", Status: "Enabled", DeleteMarkers: "Disabled", Priority: 7, SSEKMSObjects: "Enabled", Destination: fact.Destination{Bucket: "arn:aws:s3:::dst", ReplicaKMSKeyID: "arn:aws:kms:eu-west-1:222222222222:key/k"}}},
		{"everything", `<Rule><ID>a</ID><Priority>3</Priority><Filter/><Status>Enabled</Status>
			<SourceSelectionCriteria><ReplicaModifications><Status>Disabled</Status></ReplicaModifications><SseKmsEncryptedObjects><Status>Enabled</Status></SseKmsEncryptedObjects></SourceSelectionCriteria>
			<ExistingObjectReplication><Status>Enabled</Status></ExistingObjectReplication><DeleteMarkerReplication><Status>Disabled</Status></DeleteMarkerReplication>
			<Destination><Bucket>arn:aws:s3:::dst</Bucket><Account>222222222222</Account><StorageClass>GLACIER</StorageClass><AccessControlTranslation><Owner>Destination</Owner></AccessControlTranslation>
			<EncryptionConfiguration><ReplicaKmsKeyID>arn:aws:kms:eu-west-1:222222222222:key/k</ReplicaKmsKeyID></EncryptionConfiguration>
			<ReplicationTime><Status>Enabled</Status><Time><Minutes>15</Minutes></Time></ReplicationTime><Metrics><Status>Enabled</Status><EventThreshold><Minutes>15</Minutes></EventThreshold></Metrics></Destination></Rule>`,
			fact.ReplicationRule{ID: "a", Schema: "V2", Status: "Enabled", Priority: 3, DeleteMarkers: "Disabled", ExistingObjects: "Enabled", ReplicaModifications: "Disabled", SSEKMSObjects: "Enabled",
				Destination: fact.Destination{Bucket: "arn:aws:s3:::dst", Account: "222222222222", StorageClass: "GLACIER", OwnerOverride: true, ReplicaKMSKeyID: "arn:aws:kms:eu-west-1:222222222222:key/k", ReplicationTime: "Enabled", Metrics: "Enabled"}}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			f := newFake()
			f.answer("GET /src?replication", reply{200, nil, replicationXML(c.xml)})
			doc, _ := f.src(t)
			if doc.Bucket.Replication.Value == nil {
				t.Fatalf("not read: %+v", doc.Bucket.Replication.Gap)
			}
			if diff := cmp.Diff([]fact.ReplicationRule{c.want}, doc.Bucket.Replication.Value.Rules); diff != "" {
				t.Errorf("-want +got\n%s", diff)
			}
			if links := len(doc.Links); links != map[string]int{"Enabled": 1, "Disabled": 0}[c.want.Status] {
				t.Errorf("%d links", links)
			}
		})
	}
}

func TestReplicationThatMakesNoSense(t *testing.T) {
	t.Parallel()
	const to = `<Destination><Bucket>arn:aws:s3:::dst</Bucket></Destination>`
	for name, body := range map[string]string{
		"no rule":                               replicationXML(""),
		"no role":                               `<ReplicationConfiguration><Rule><ID>a</ID><Status>Enabled</Status>` + to + `</Rule></ReplicationConfiguration>`,
		"no destination":                        replicationXML(`<Rule><ID>a</ID><Status>Enabled</Status></Rule>`),
		"destination not an ARN":                replicationXML(`<Rule><ID>a</ID><Status>Enabled</Status><Destination><Bucket>dst</Bucket></Destination></Rule>`),
		"destination an object":                 replicationXML(`<Rule><ID>a</ID><Status>Enabled</Status><Destination><Bucket>arn:aws:s3:::dst/key</Bucket></Destination></Rule>`),
		"no status":                             replicationXML(`<Rule><ID>a</ID>` + to + `</Rule>`),
		"another status":                        replicationXML(`<Rule><ID>a</ID><Status>enabled</Status>` + to + `</Rule>`),
		"another filter status":                 replicationXML(`<Rule><ID>a</ID><Status>Enabled</Status><DeleteMarkerReplication><Status>Maybe</Status></DeleteMarkerReplication>` + to + `</Rule>`),
		"an excluded tag and delete markers":    replicationXML(`<Rule><ID>a</ID><Priority>1</Priority><Filter><Not><Tag><Key>k</Key><Value/></Tag></Not></Filter><Status>Enabled</Status>` + to + `<DeleteMarkerReplication><Status>Enabled</Status></DeleteMarkerReplication></Rule>`),
		"a tag and delete markers":              replicationXML(`<Rule><ID>a</ID><Priority>1</Priority><Filter><Tag><Key>k</Key><Value/></Tag></Filter><Status>Enabled</Status>` + to + `<DeleteMarkerReplication><Status>Enabled</Status></DeleteMarkerReplication></Rule>`),
		"a related key and a named one":         replicationXML(`<Rule><ID>a</ID><Priority>7</Priority><Filter/><Status>Enabled</Status><SourceSelectionCriteria><SseKmsEncryptedObjects><Status>Enabled</Status></SseKmsEncryptedObjects></SourceSelectionCriteria><Destination><Bucket>arn:aws:s3:::dst</Bucket><EncryptionConfiguration><ReplicaKmsKeyID>arn:aws:kms:eu-west-1:222222222222:key/k</ReplicaKmsKeyID><UseSourceMultiRegionKey><Status>Enabled</Status></UseSourceMultiRegionKey></EncryptionConfiguration></Destination><DeleteMarkerReplication><Status>Disabled</Status></DeleteMarkerReplication></Rule>`),
		"neither a related key nor a named one": replicationXML(`<Rule><ID>a</ID><Priority>7</Priority><Filter/><Status>Enabled</Status><SourceSelectionCriteria><SseKmsEncryptedObjects><Status>Enabled</Status></SseKmsEncryptedObjects></SourceSelectionCriteria><Destination><Bucket>arn:aws:s3:::dst</Bucket><EncryptionConfiguration><UseSourceMultiRegionKey><Status>Disabled</Status></UseSourceMultiRegionKey></EncryptionConfiguration></Destination><DeleteMarkerReplication><Status>Disabled</Status></DeleteMarkerReplication></Rule>`),
		"another owner":                         replicationXML(`<Rule><ID>a</ID><Status>Enabled</Status><Destination><Bucket>arn:aws:s3:::dst</Bucket><AccessControlTranslation><Owner>Source</Owner></AccessControlTranslation></Destination></Rule>`),
		"priority not a number":                 replicationXML(`<Rule><ID>a</ID><Status>Enabled</Status><Priority>high</Priority>` + to + `</Rule>`),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				f := newFake()
				f.answer("GET /src?replication", reply{200, nil, body})
				doc, _ := f.src(t)
				if g := doc.Bucket.Replication.Gap; g == nil || g.Code != "Malformed" && g.Code != "NotUnderstood" {
					t.Errorf("%+v", doc.Bucket.Replication)
				}
			})
		})
	}
}

// every is every fact of a bucket, for Options.Needs.
func every(scope string) []string {
	var out []string
	for name := range bucketReads {
		out = append(out, scope+"."+name)
	}
	slices.Sort(out)
	return out
}

// states is the state of each fact of a bucket, by name.
func states(t *testing.T, b fact.Bucket) map[string]string {
	t.Helper()
	data, err := json.Marshal(b)
	if err != nil {
		t.Fatal(err)
	}
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(data, &fields); err != nil {
		t.Fatal(err)
	}
	out := map[string]string{}
	for name := range bucketReads {
		var f struct {
			Value  json.RawMessage
			Absent bool
			Gap    *fact.Gap
		}
		if raw, ok := fields[name]; ok {
			if err := json.Unmarshal(raw, &f); err != nil {
				t.Fatal(err)
			}
		}
		switch {
		case f.Value != nil:
			out[name] = "value"
		case f.Absent:
			out[name] = "absent"
		case f.Gap != nil:
			out[name] = f.Gap.Code
		default:
			out[name] = "unread"
		}
	}
	return out
}

// TestEachFactHasItsRead: the table of facts and that of reads have the same rows, and
// each read fills a field of its type.
func TestEachFactHasItsRead(t *testing.T) {
	t.Parallel()
	if diff := cmp.Diff(slices.Sorted(maps.Keys(bucketRows)), slices.Sorted(maps.Keys(bucketReads))); diff != "" {
		t.Errorf("-facts +reads:\n%s", diff)
	}
	var b fact.Bucket
	unread := bucketRef{unread: fact.Gap{Code: "NotRead"}}
	for name, read := range bucketReads {
		row := bucketRows[name]
		if len(row.APIs) != 1 {
			t.Errorf("%s is read by %d calls", name, len(row.APIs))
		}
		read.read(t.Context(), nil, unread, ask.Question{}, row.Of(&b)) // panics if the type is another one
		if g := row.Of(&b).State().Gap; g == nil || g.Code != "NotRead" {
			t.Errorf("%s: %+v", name, g)
		}
		if ask.Action(bucketAPI(name)) == "" {
			t.Errorf("no action is known for the read of %s", name)
		}
	}
}

func TestBucketFacts(t *testing.T) {
	t.Parallel()
	f := newFake()
	doc, r := f.src(t, every("bucket")...)
	want := fact.Bucket{
		Name: "src", ARN: "arn:aws:s3:::src", AccountID: "111111111111", Region: "eu-west-1",
		Versioning: fact.Of(fact.Versioning{Status: "Enabled"}), Policy: fact.Of(fact.Policy{Name: "bucket-policy", Document: `{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Principal":"*","Action":"s3:x","Resource":"*"}]}`}),
		Ownership: fact.Of("BucketOwnerEnforced"), Encryption: fact.Of(fact.Encryption{Algorithm: "AES256"}),
		ObjectLock:     fact.Of(fact.ObjectLock{Enabled: true, DefaultMode: "GOVERNANCE", DefaultDays: 3}),
		Lifecycle:      fact.Of([]fact.LifecycleRule{{ID: "x", Status: "Enabled", Prefix: "p", Tags: map[string]string{"k": "v"}, ExpirationDays: 9, TransitionDays: 2, SizeGreaterThan: 5}}),
		Notification:   fact.Of(fact.Notification{Events: []string{"s3:ObjectCreated:*", "s3:Replication:*"}, EventBridge: true}),
		RequestPayment: fact.Of("BucketOwner"), PublicAccessBlock: fact.Of(fact.PublicAccessBlock{BlockPublicAcls: true, RestrictPublicBuckets: true}),
		Tags: fact.Of(map[string]string{"team": "x"}),
	}
	notNamed := func(p cmp.Path) bool { // replication, and what the fake has none of
		field, ok := p.Last().(cmp.StructField)
		if !ok {
			return false
		}
		expected, _ := field.Values()
		f, ok := expected.Interface().(fact.Any)
		return ok && f.State() == (fact.State{})
	}
	if diff := cmp.Diff(want, doc.Bucket, cmp.FilterPath(notNamed, cmp.Ignore())); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
	if len(r.gaps) != 0 {
		t.Errorf("gaps: %v", r.gaps)
	}
	for _, name := range slices.Sorted(maps.Keys(resources())) {
		if n := f.count("GET /src?" + resources()[name]); n != 1 {
			t.Errorf("%s was read %d times", name, n)
		}
	}
}

// TestBucketOwnerIsExpected: a bucket that somebody else made under the same
// name since must not be read for the listed one.
func TestBucketOwnerIsExpected(t *testing.T) {
	t.Parallel()
	f := newFake()
	for op, g := range f.answers {
		if strings.HasPrefix(op, "GET /src?") {
			f.do(op, func(r *http.Request) reply {
				if owner := r.Header.Get("x-amz-expected-bucket-owner"); owner != "111111111111" {
					t.Errorf("%s expects the owner %q", op, owner)
				}
				return g(r)
			})
		}
	}
	f.src(t, every("bucket")...)
}

// TestAbsentIsOnlyWhatAWSSaysIsAbsent: of all errors only the one documented
// code of each API is knowledge.
func TestAbsentIsOnlyWhatAWSSaysIsAbsent(t *testing.T) {
	t.Parallel()
	absent := map[string]string{
		"replication": "ReplicationConfigurationNotFoundError", "policy": "NoSuchBucketPolicy", "ownership": "OwnershipControlsNotFoundError",
		"encryption": "ServerSideEncryptionConfigurationNotFoundError", "object_lock": "ObjectLockConfigurationNotFoundError",
		"lifecycle": "NoSuchLifecycleConfiguration", "public_access_block": "NoSuchPublicAccessBlockConfiguration", "tags": "NoSuchTagSet",
	}
	errors := []reply{
		s3Error(403, "AccessDenied", "Access Denied"), s3Error(404, "NoSuchBucket", "no bucket"), s3Error(404, "NoSuchKey", "no key"), s3Error(501, "NotImplemented", "no"),
		s3Error(400, "InvalidRequest", "no"), s3Error(405, "MethodNotAllowed", "no"), s3Error(500, "InternalError", "no"), s3Error(503, "SlowDown", "slower"), s3Error(404, "NotFound", ""),
	}
	for _, code := range absent {
		// A redirect or a server in trouble says nothing of the bucket.
		errors = append(errors, s3Error(404, code, "none"), s3Error(301, code, "none"), s3Error(500, code, "none"), s3Error(503, code, "none"))
	}
	each, turn := sandboxtest.Sample(1, 5), 0 // one error of so many, in turn
	for _, name := range slices.Sorted(maps.Keys(resources())) {
		for _, e := range errors {
			if turn++; turn%each > 0 {
				continue
			}
			code := e.body[len("<Error><Code>"):strings.Index(e.body, "</Code>")]
			t.Run(fmt.Sprint(name, "/", e.status, "/", code), func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					f := newFake()
					f.answer("GET /src?"+resources()[name], e)
					doc, r := f.src(t, every("bucket")...)
					want := code
					if absent[name] == code && e.status == 404 {
						want = "absent"
					}
					if got := states(t, doc.Bucket)[name]; got != want {
						t.Errorf("%s is %s, want %s", name, got, want)
					}
					if missing := want != "absent"; missing != (len(r.gaps) == 1) {
						t.Errorf("gap messages: %v", r.gaps)
					} else if missing && (r.gaps[0].AccountID != "111111111111" || r.gaps[0].Resource != "arn:aws:s3:::src" || r.gaps[0].Fact != "bucket."+name || r.gaps[0].Code != code) {
						t.Errorf("gap: %+v", r.gaps[0])
					} else if code == "AccessDenied" && !strings.Contains(r.gaps[0].Message, ask.Action(r.gaps[0].API)) {
						t.Errorf("the message does not name the action: %q", r.gaps[0].Message)
					}
					if r.coverage.Buckets.Scanned != map[bool]int{true: 1, false: 0}[name != "replication" || want == "absent"] {
						t.Errorf("%d buckets scanned", r.coverage.Buckets.Scanned)
					}
				})
			})
		}
	}
}

// TestOtherDocumentsAreNoAnswer: moto, for one, answers some bucket reads with a
// list of objects, which the SDK takes for an answer with nothing in it.
func TestOtherDocumentsAreNoAnswer(t *testing.T) {
	t.Parallel()
	bodies := map[string]string{
		"empty":        "",
		"blank":        " \n",
		"object list":  `<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Name>src</Name><MaxKeys>1000</MaxKeys></ListBucketResult>`,
		"error in 200": `<Error><Code>InternalError</Code><Message>x</Message></Error>`,
		"HTML":         `<!doctype html><html><body><br>hello</body></html>`,
		"JSON":         `{}`,
		"text":         `hello`,
		"list":         `["Version"]`,
	}
	for _, name := range slices.Sorted(maps.Keys(resources())) {
		f := newFake()
		good := f.answers["GET /src?"+resources()[name]](nil).body
		bodies["cut in half"] = good[:len(good)/2]
		bodies["cut at the end"] = good[:len(good)-1]
		bodies["nothing in it"] = "<GetAnythingResponse/>"
		bodies["prolog alone"] = `<?xml version="1.0"?>`
		for what, body := range bodies {
			if name == "policy" && what == "JSON" {
				continue // that is a policy, if an empty one
			}
			t.Run(name+"/"+what, func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					f := newFake()
					f.answer("GET /src?"+resources()[name], reply{200, nil, body})
					doc, _ := f.src(t, every("bucket")...)
					got := states(t, doc.Bucket)[name]
					if got != "Malformed" && (what != "error in 200" || got != "InternalError") {
						t.Errorf("%s is %s", name, got)
					}
				})
			})
		}
	}
}

// TestGarbledAnswersAreAskedForAgain: one bad body among good ones leaves no trace.
func TestGarbledAnswersAreAskedForAgain(t *testing.T) {
	t.Parallel()
	doc, _ := newFake().src(t, every("bucket")...)
	want := states(t, doc.Bucket)
	for _, name := range slices.Sorted(maps.Keys(resources())) {
		for what, bad := range map[string]reply{"empty": {200, nil, ""}, "cut": {200, nil, "<Vers"}, "cut error": {404, nil, "<Error><Code>NoSuch"}, "empty error": {404, nil, ""}} {
			t.Run(name+"/"+what, func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					f := newFake()
					op := "GET /src?" + resources()[name]
					good, calls := f.answers[op], 0
					f.do(op, func(r *http.Request) reply {
						if calls++; calls == 1 {
							return bad
						}
						return good(r)
					})
					doc, r := f.src(t, every("bucket")...)
					if got := states(t, doc.Bucket)[name]; got != want[name] || len(r.gaps) != 0 {
						t.Errorf("%s is %s, not %s; gaps %v", name, got, want[name], r.gaps)
					}
				})
			})
		}
	}
}

// Only the documents that have replication get more than one call.
func TestReadsNoMoreThanNeeded(t *testing.T) {
	t.Parallel()
	f := newFake()
	f.answer("GET /src?replication", s3Error(404, "ReplicationConfigurationNotFoundError", "none"))
	doc, _ := f.src(t)
	n := 0
	for _, c := range f.calls {
		if strings.HasPrefix(c, "GET /src") {
			n++
		}
	}
	if n != 1 || !doc.Bucket.Replication.Absent || doc.Accounts != nil {
		t.Errorf("%d calls about a bucket that does not replicate: %v", n, f.calls)
	}
	f = newFake()
	f.answer("GET /src?replication", s3Error(404, "ReplicationConfigurationNotFoundError", "none"))
	doc, _ = f.src(t, "bucket.versioning")
	if !doc.Bucket.Versioning.Known() || f.count("GET /src?versioning") != 1 || f.count("GET /src?policy") != 0 {
		t.Errorf("needs: %v", f.calls)
	}
}

func TestRedirects(t *testing.T) {
	t.Parallel()
	elsewhere := func(g func(*http.Request) reply, redirect reply) func(*http.Request) reply {
		return func(r *http.Request) reply {
			if regionOf(r) != "ap-south-2" {
				return redirect
			}
			return g(r)
		}
	}
	region := map[string]string{"x-amz-bucket-region": "ap-south-2"}
	cases := map[string]struct {
		redirect reply
		head     int // calls of HeadBucket
	}{
		"301 with the Region": {reply{301, region, "<Error><Code>PermanentRedirect</Code><Message>use the right endpoint</Message></Error>"}, 0},
		"301 without":         {reply{301, nil, "<Error><Code>PermanentRedirect</Code><Message>use the right endpoint</Message></Error>"}, 1},
		"301 without a body":  {reply{301, region, ""}, 0},
		"307":                 {reply{307, region, "<Error><Code>TemporaryRedirect</Code><Message>for now</Message></Error>"}, 0},
		"400 in the message":  {s3Error(400, "AuthorizationHeaderMalformed", "the authorization header is malformed; the region 'eu-west-1' is wrong; expecting 'ap-south-2'"), 0},
		"400 without":         {s3Error(400, "IllegalLocationConstraintException", "the location constraint is incompatible"), 1},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			f := newFake()
			for op, g := range f.answers {
				if strings.HasPrefix(op, "GET /src?") {
					f.do(op, elsewhere(g, c.redirect))
				}
			}
			f.answer("HEAD /src", reply{403, region, ""})
			doc, r := f.src(t, every("bucket")...)
			if len(r.gaps) != 0 || doc.Bucket.Region != "ap-south-2" {
				t.Errorf("Region %q, gaps %v", doc.Bucket.Region, r.gaps)
			}
			if n := f.count("GET /src?replication"); n != 2 {
				t.Errorf("%d calls to find the Region", n)
			}
			if n := f.count("GET /src?versioning"); n != 1 {
				t.Errorf("%d calls once the Region is known", n)
			}
			if n := f.count("HEAD /src"); n != c.head {
				t.Errorf("%d calls of HeadBucket, want %d", n, c.head)
			}
		})
	}
}

func TestRedirectsEnd(t *testing.T) {
	t.Parallel()
	for name, next := range map[string]func(string) string{
		"in a circle":       func(r string) string { return map[string]string{"eu-west-1": "us-east-1", "us-east-1": "eu-west-1"}[r] },
		"to the same place": func(r string) string { return r },
		"further and on":    func(r string) string { return r + "1" },
	} {
		t.Run(name, func(t *testing.T) {
			f := newFake()
			f.do("GET /src?replication", func(r *http.Request) reply {
				return reply{301, map[string]string{"x-amz-bucket-region": next(regionOf(r))}, "<Error><Code>PermanentRedirect</Code><Message>elsewhere</Message></Error>"}
			})
			doc, _ := f.src(t)
			if g := doc.Bucket.Replication.Gap; g == nil || g.Code != "PermanentRedirect" {
				t.Errorf("%+v", doc.Bucket.Replication)
			}
			if n := f.count("GET /src?replication"); n > 3 {
				t.Errorf("%d calls", n)
			}
		})
	}
}

func TestRegionThatTheListDoesNotTell(t *testing.T) {
	t.Parallel()
	f := newFake()
	f.answer("GET /", reply{200, nil, buckets(`<Bucket><Name>src</Name></Bucket>`)})
	f.answer("HEAD /src", reply{403, map[string]string{"x-amz-bucket-region": "ap-south-2"}, ""})
	doc, r := f.src(t)
	if doc.Bucket.Region != "ap-south-2" || len(r.gaps) != 0 {
		t.Errorf("Region %q, gaps %v", doc.Bucket.Region, r.gaps)
	}
	if n := f.count("HEAD /src"); n != 1 {
		t.Errorf("%d calls of HeadBucket", n)
	}

	f = newFake()
	f.answer("GET /", reply{200, nil, buckets(`<Bucket><Name>src</Name></Bucket>`)})
	f.answer("HEAD /src", reply{400, nil, ""})
	doc, _ = f.src(t)
	if doc.Bucket.Region != "" || doc.Bucket.Replication.Gap == nil {
		t.Errorf("read without a Region: %+v", doc.Bucket)
	}
}

func TestListBuckets(t *testing.T) {
	t.Parallel()
	page := func(n int, token string) reply {
		var b strings.Builder
		for i := range n {
			fmt.Fprintf(&b, "<Bucket><Name>b%d%s</Name><BucketRegion>eu-west-1</BucketRegion></Bucket>", i, token)
		}
		body := buckets(b.String())
		if token != "" {
			body = strings.Replace(body, "</ListAllMyBucketsResult>", "<ContinuationToken>"+token+"</ContinuationToken></ListAllMyBucketsResult>", 1)
		}
		return reply{200, nil, body}
	}
	token := func(r *http.Request) string { return r.URL.Query().Get("continuation-token") }
	cases := []struct {
		name    string
		answer  func(*http.Request) reply
		buckets int
		gap     string
		scanned int
	}{
		{"two pages", func(r *http.Request) reply {
			if r.URL.Query().Get("max-buckets") != "10000" {
				return s3Error(400, "InvalidRequest", "not paged")
			}
			return map[string]reply{"": page(2, "more"), "more": page(1, "")}[token(r)]
		}, 3, "", 1},
		{"an empty page in between", func(r *http.Request) reply {
			return map[string]reply{"": page(2, "a"), "a": page(0, "b"), "b": page(1, "")}[token(r)]
		}, 3, "", 1},
		{"none", func(*http.Request) reply { return page(0, "") }, 0, "", 1},
		{"no list", func(*http.Request) reply { return reply{200, nil, "<ListAllMyBucketsResult/>"} }, 0, "Malformed", 0},
		{"full and no token", func(*http.Request) reply { return page(maxBuckets, "") }, maxBuckets, "Malformed", 1},
		{"a token that comes again", func(*http.Request) reply { return page(1, "again") }, 1, "Malformed", 1},
		{"tokens in a circle", func(r *http.Request) reply {
			return map[string]reply{"": page(1, "a"), "a": page(1, "b"), "b": page(1, "a")}[token(r)]
		}, 2, "Malformed", 1},
		{"denied", func(*http.Request) reply { return s3Error(403, "AccessDenied", "no") }, 0, "AccessDenied", 0},
		{"denied on the second page", func(r *http.Request) reply {
			if token(r) != "" {
				return s3Error(403, "AccessDenied", "no")
			}
			return page(2, "more")
		}, 2, "AccessDenied", 1},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				f := newFake()
				f.do("GET /", c.answer)
				for i := range 3 {
					for _, token := range []string{"", "a", "b", "more", "again"} {
						f.answer(fmt.Sprintf("GET /b%d%s?replication", i, token), s3Error(404, "ReplicationConfigurationNotFoundError", ""))
					}
				}
				// A page of ten thousand need not be read through.
				pattern := "b[0-2]*"
				if c.buckets == maxBuckets {
					pattern = "b0"
				}
				r, err := scanAll(t.Context(), f.config(), Options{AccountOnly: true, Buckets: pattern})
				if err != nil {
					t.Fatal(err)
				}
				want := c.buckets
				if want == maxBuckets {
					want = 1
				}
				if r.coverage.Buckets.Listed != want || len(r.docs) != want || r.coverage.Accounts.Scanned != c.scanned {
					t.Errorf("coverage %+v, %d documents, want %d buckets", *r.coverage, len(r.docs), want)
				}
				switch {
				case c.gap == "" && len(r.gaps) > 0:
					t.Errorf("gaps: %v", r.gaps)
				case c.gap != "" && (len(r.gaps) != 1 || r.gaps[0].Code != c.gap || r.gaps[0].Fact != "account.buckets" || r.gaps[0].API != "s3:ListBuckets"):
					t.Errorf("gaps: %v, want %s", r.gaps, c.gap)
				}
			})
		})
	}
}
