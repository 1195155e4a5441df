package fact

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/santhosh-tekuri/jsonschema/v6"
)

// fill sets every field of v, so that a field that the schema or the reader does
// not know cannot hide. Facts get a value, or the state that state asks for.
func fill(v reflect.Value, state string) {
	switch v.Kind() {
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fill(v.Elem(), state)
	case reflect.Struct:
		if isFact(v.Type()) && state != "value" {
			switch state {
			case "absent":
				v.FieldByName("Absent").SetBool(true)
			case "gap":
				fill(v.FieldByName("Gap"), state)
			}
			return
		}
		for i := range v.NumField() {
			f := v.Type().Field(i)
			if isFact(v.Type()) && f.Name != "Value" {
				continue
			}
			fill(v.Field(i), state)
			if values, ok := f.Tag.Lookup("enum"); ok {
				v.Field(i).SetString(strings.Split(values, ",")[0])
			}
			if f.Tag.Get("format") == "date-time" {
				v.Field(i).SetString("2026-11-23T10:00:00Z")
			}
		}
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 2, 2))
		fill(v.Index(0), state)
		fill(v.Index(1), state)
	case reflect.Map:
		v.Set(reflect.MakeMap(v.Type()))
		e := reflect.New(v.Type().Elem()).Elem()
		fill(e, state)
		v.SetMapIndex(reflect.ValueOf("key → <&>"), e)
	case reflect.String:
		v.SetString("text → <&> \u2028 \"quoted\"")
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Int, reflect.Int32, reflect.Int64:
		v.SetInt(7)
	default:
		panic("fill: " + v.Type().String())
	}
}

func isFact(t reflect.Type) bool { return strings.HasPrefix(t.Name(), "Fact[") }

// filled are messages with every field set, in the order of a stream.
func filled(state string) []Message {
	var run Run
	var gap Gap
	var doc Document
	var cov Coverage
	for _, v := range []any{&run, &gap, &doc, &cov} {
		fill(reflect.ValueOf(v).Elem(), state)
	}
	agreeing(&doc, &cov)
	return []Message{{Run: &run}, {Gap: &gap}, {Document: &doc}, {Coverage: &cov}}
}

// agreeing gives a document the links of its rules and all that they refer to, and the
// coverage the numbers of a stream of one gap and this document.
func agreeing(doc *Document, cov *Coverage) {
	doc.Links = nil
	*cov = Coverage{Accounts: AccountCoverage{Listed: 2, Scanned: 1, Unreadable: 1}, Buckets: BucketCoverage{Listed: 1}}
	if doc.Bucket.Replication.Known() {
		cov.Buckets.Scanned = 1
	}
	r := doc.Bucket.Replication.Value
	if r == nil {
		return
	}
	var l Link
	for i := range r.Rules {
		l = doc.LinkOf(&r.Rules[i])
		doc.Links = append(doc.Links, l)
	}
	cov.Links = len(doc.Links)
	rekey(doc.Buckets, l.Destination)
	rekey(doc.Roles, l.RoleARN)
	rekey(doc.Keys, l.ReplicaKey)
	rekey(doc.Accounts, doc.Bucket.AccountID)
}

// rekey gives the one entry of a map another key.
func rekey[V any](m map[string]V, key string) {
	for old, v := range m {
		delete(m, old)
		m[key] = v
	}
}

func compileSchema(t testing.TB, data []byte) *jsonschema.Schema {
	t.Helper()
	v, err := jsonschema.UnmarshalJSON(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	c.DefaultDraft(jsonschema.Draft2020)
	if err := c.AddResource("mem:///schema.json", v); err != nil {
		t.Fatal(err)
	}
	s, err := c.Compile("mem:///schema.json")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func validate(s *jsonschema.Schema, data []byte) error {
	v, err := jsonschema.UnmarshalJSON(bytes.NewReader(data))
	if err != nil {
		return err
	}
	return s.Validate(v)
}

func TestSchemaAcceptsEveryField(t *testing.T) {
	t.Parallel()
	line, document := compileSchema(t, Schema()), compileSchema(t, DocumentSchema())
	for _, state := range []string{"value", "absent", "gap", "unread"} {
		for _, m := range filled(state) {
			data, err := json.Marshal(m)
			if err != nil {
				t.Fatal(err)
			}
			if err := validate(line, data); err != nil {
				t.Errorf("facts in state %s: %v", state, err)
			}
			if m.Document == nil {
				continue
			}
			if data, err = json.Marshal(m.Document); err != nil {
				t.Fatal(err)
			}
			if err := validate(document, data); err != nil {
				t.Errorf("document with facts in state %s: %v", state, err)
			}
		}
	}
}

func TestSchemaRefuses(t *testing.T) {
	t.Parallel()
	s := compileSchema(t, Schema())
	for name, line := range map[string]string{
		"nothing":             `{}`,
		"two messages":        `{"gap":{"account_id":"","resource":"","fact":"","api":"","code":"","message":""},"coverage":{"accounts":{"listed":0,"scanned":0,"unreadable":0},"buckets":{"listed":0,"scanned":0},"links":0}}`,
		"an unknown field":    `{"coverage":{"accounts":{"listed":0,"scanned":0,"unreadable":0},"buckets":{"listed":0,"scanned":0},"links":0,"more":1}}`,
		"a missing field":     `{"coverage":{"accounts":{"listed":0,"scanned":0},"buckets":{"listed":0,"scanned":0},"links":0}}`,
		"a fact of two minds": `{"document":{"schema_version":"1","partition":"aws","bucket":{"name":"b","arn":"a","ownership":{"value":"x","absent":true}}}}`,
		"another version":     `{"document":{"schema_version":"2","partition":"aws","bucket":{"name":"b","arn":"a"}}}`,
	} {
		if validate(s, []byte(line)) == nil {
			t.Errorf("%s is accepted", name)
		}
	}
}

// write makes a facts file of messages.
func write(t testing.TB, messages []Message) []byte {
	t.Helper()
	var b bytes.Buffer
	w := NewWriter(&b)
	for _, m := range messages {
		if err := w.Write(m); err != nil {
			t.Fatal(err)
		}
	}
	return b.Bytes()
}

func read(data []byte) ([]Message, error) {
	r := NewReader(bytes.NewReader(data), "facts.jsonl")
	var out []Message
	for {
		m, err := r.Next()
		if errors.Is(err, io.EOF) {
			return out, nil
		}
		if err != nil {
			return out, err
		}
		out = append(out, m)
	}
}

func TestWhatIsWrittenIsRead(t *testing.T) {
	t.Parallel()
	for _, state := range []string{"value", "absent", "gap"} {
		want := filled(state)
		data := write(t, want)
		got, err := read(data)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("facts in state %s changed (-written +read):\n%s", state, diff)
		}
		if again := write(t, got); !bytes.Equal(data, again) {
			t.Errorf("facts in state %s: written again they differ", state)
		}
	}
}

// oneBucket is the coverage of a stream with one document, of a bucket that does not replicate.
var oneBucket = Coverage{Accounts: AccountCoverage{Listed: 1, Scanned: 1}, Buckets: BucketCoverage{Listed: 1, Scanned: 1}}

// An empty list is knowledge, and must not become "not read" in a file.
func TestEmptyValuesSurvive(t *testing.T) {
	t.Parallel()
	doc := Document{SchemaVersion: SchemaVersion, Organization: None[Organization](), Bucket: Bucket{
		Replication: None[Replication](),
		Lifecycle:   Of[[]LifecycleRule](nil), Tags: Of[map[string]string](nil), Ownership: Of(""),
	}}
	got, err := read(write(t, []Message{filled("value")[0], {Document: &doc}, {Coverage: &oneBucket}}))
	if err != nil {
		t.Fatal(err)
	}
	b := got[1].Document.Bucket
	if !b.Lifecycle.Known() || !b.Tags.Known() || !b.Ownership.Known() {
		t.Errorf("a value was lost: %+v", b)
	}
	if b.Policy.Known() {
		t.Error("what was not read is known")
	}
}

func TestReaderErrors(t *testing.T) {
	t.Parallel()
	good := string(write(t, filled("value")))
	lines := strings.SplitAfter(strings.TrimSuffix(good, "\n"), "\n")
	run, gap, doc, cov := lines[0], lines[1], lines[2], lines[3]+"\n"
	// bucket is the line of a document of a bucket that has a fact as given, and all that is always written.
	bucket := func(fact, is string) string {
		d := Document{SchemaVersion: SchemaVersion, Bucket: Bucket{Name: "b", ARN: "arn:aws:s3:::b"}}
		_, line, _ := strings.Cut(string(write(t, []Message{filled("value")[0], {Document: &d}})), "\n")
		return strings.Replace(line, `"name":`, `"`+fact+`":`+is+`,"name":`, 1)
	}
	cases := []struct{ name, file, want string }{
		{"empty", "", "facts.jsonl is empty: it is not a facts file"},
		{"blank", "\n\n", "facts.jsonl was cut: it ends after line 2 without its coverage line"},
		{"cut between lines", run + gap + doc, "facts.jsonl was cut: it ends after line 3 without its coverage line"},
		{"cut in a line", run + gap + doc[:len(doc)/2], "facts.jsonl:3: the file was cut in the middle of this line"},
		{"cut before the line end", run + gap + strings.TrimSuffix(doc, "\n"), "facts.jsonl was cut: it ends after line 3 without its coverage line"},
		{"other version of the run", strings.Replace(run, `"schema_version":"1"`, `"schema_version":"2"`, 1), `facts.jsonl:1: schema version "2" is not "1", the one that this version of crosscheck reads`},
		{"other version of a document", run + strings.Replace(doc, `"schema_version":"1"`, `"schema_version":"0"`, 1), `facts.jsonl:2: schema version "0" is not "1", the one that this version of crosscheck reads`},
		{"unknown field", run + `{"gap":{"account":"1"}}` + "\n", `facts.jsonl:2: unknown field "account"`},
		{"unknown field in a fact", run + `{"document":{"schema_version":"1","bucket":{"versioning":{"valu":{}}}}}` + "\n", `facts.jsonl:2: unknown field "valu"`},
		{"unknown field in a value", run + `{"document":{"schema_version":"1","bucket":{"versioning":{"value":{"state":"x"}}}}}` + "\n", `facts.jsonl:2: unknown field "state"`},
		{"value of null", run + bucket("versioning", `{"value":null}`), "facts.jsonl:2: the value of a fact is null: leave it out where nothing was read"},
		{"two states in a map", run + strings.Replace(doc, `"inline":{`, `"inline":{"absent":true,`, 1), "facts.jsonl:2: a fact is a value, absent or a gap, not two of them"},
		{"two states", run + bucket("versioning", `{"value":{"status":""},"absent":true}`), "facts.jsonl:2: a fact is a value, absent or a gap, not two of them"},
		{"wrong type", run + `{"coverage":{"links":"many"}}` + "\n", "facts.jsonl:2: coverage.links cannot be a JSON string"},
		{"not JSON", run + "hello\n", "facts.jsonl:2: this is not JSON: invalid character 'h' looking for beginning of value"},
		{"two values on a line", run + strings.TrimSuffix(gap, "\n") + gap, "facts.jsonl:2: more than one JSON value on the line"},
		{"stray bracket", run + strings.TrimSuffix(gap, "\n") + "}\n", "facts.jsonl:2: more than one JSON value on the line"},
		{"another letter case", run + `{"document":{"schema_version":"1","bucket":{"versioning":{"value":{"Status":"Enabled"}}}}}` + "\n", `facts.jsonl:2: unknown field "Status"`},
		{"a field left out of a value", run + bucket("versioning", `{"value":{}}`), `facts.jsonl:2: field "status" is missing`},
		{"a field left out", run + strings.Replace(bucket("versioning", "{}"), `"partition":"",`, "", 1), `facts.jsonl:2: field "partition" is missing`},
		{"doubled field", run + `{"document":{"schema_version":"1","bucket":{"versioning":{"value":{"status":"Suspended","status":"Enabled"}}}}}` + "\n", `facts.jsonl:2: field "status" occurs twice`},
		{"not UTF-8", run + "{\"gap\":{\"message\":\"\xff\"}}\n", "facts.jsonl:2: this is not UTF-8"},
		{"a bucket twice", run + strings.Repeat(bucket("versioning", "{}"), 2), `facts.jsonl:3: document.bucket.arn: "arn:aws:s3:::b" has a document on line 2 already`},
		{"no run", gap, "facts.jsonl:1: the first line must be the run"},
		{"two runs", run + run, "facts.jsonl:2: there is more than one run"},
		{"after the coverage", run + cov + gap, "facts.jsonl:3: nothing may follow the coverage"},
		{"no message", run + "{}\n", "facts.jsonl:2: a message has exactly one of run, gap, document and coverage"},
		{"two messages", run + strings.TrimSuffix(gap, "}\n") + "," + strings.TrimPrefix(cov, "{"), "facts.jsonl:2: a message has exactly one of run, gap, document and coverage"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			_, err := read([]byte(c.file))
			if err == nil || err.Error() != c.want {
				t.Errorf("error %v\nwant  %s", err, c.want)
			}
		})
	}
	if _, err := read([]byte(strings.TrimSuffix(good, "\n"))); err != nil {
		t.Errorf("a last line without its end is whole: %v", err)
	}
}

// zeros never ends, as /dev/zero does not, and counts what was read.
type zeros struct{ read int }

func (z *zeros) Read(p []byte) (int, error) {
	clear(p)
	z.read += len(p)
	return len(p), nil
}

func TestReaderBoundsLines(t *testing.T) {
	t.Parallel()
	var z zeros
	_, err := NewReader(&z, "facts.jsonl").Next()
	if err == nil || err.Error() != "facts.jsonl:1: the line is longer than 16 MiB: is it a facts file?" {
		t.Errorf("error: %v", err)
	}
	if z.read > maxLine+1<<17 {
		t.Errorf("%d bytes were read of a line of at most %d", z.read, maxLine)
	}
}

func TestReaderTakesLongLines(t *testing.T) {
	t.Parallel()
	doc := Document{SchemaVersion: SchemaVersion, Organization: None[Organization](), Bucket: Bucket{Replication: None[Replication](), Policy: Of(Policy{Document: strings.Repeat("x", 3<<20)})}}
	got, err := read(write(t, []Message{filled("value")[0], {Document: &doc}, {Coverage: &oneBucket}}))
	if err != nil || len(got) != 3 || len(got[1].Document.Bucket.Policy.Value.Document) != 3<<20 {
		t.Errorf("%d messages, %v", len(got), err)
	}
}

// TestWhole: a document is whole unless a gap is anywhere in it, in what it refers to too.
func TestWhole(t *testing.T) {
	t.Parallel()
	gap := Gap{Code: "AccessDenied"}
	unread := Bucket{Policy: Missing[Policy](gap)}
	for name, c := range map[string]struct {
		doc  Document
		want bool
	}{
		"nothing read":          {Document{}, true},
		"absent and a value":    {Document{Bucket: Bucket{Policy: None[Policy](), Ownership: Of("x")}}, true},
		"the bucket":            {Document{Bucket: unread}, false},
		"a destination":         {Document{Buckets: map[string]Fact[Bucket]{"a": Of(Bucket{}), "b": Missing[Bucket](gap)}}, false},
		"part of a destination": {Document{Buckets: map[string]Fact[Bucket]{"a": Of(unread)}}, false},
		"a whole destination":   {Document{Buckets: map[string]Fact[Bucket]{"a": Of(Bucket{Policy: None[Policy]()})}}, true},
		"an account":            {Document{Accounts: map[string]Account{"1": {SCPs: Missing[[]PolicyLevel](gap)}}}, false},
		"part of a role":        {Document{Roles: map[string]Fact[Role]{"r": Of(Role{Boundary: Missing[Policy](gap)})}}, false},
	} {
		if got := c.doc.Whole(); got != c.want {
			t.Errorf("%s: whole is %v", name, got)
		}
	}
}

// TestTextStaysAsItIs: a policy is written with its own characters, not with escapes for
// HTML.
func TestTextStaysAsItIs(t *testing.T) {
	t.Parallel()
	doc := Document{SchemaVersion: SchemaVersion, Bucket: Bucket{Policy: Of(Policy{Document: "<&>"})}}
	if got := write(t, []Message{filled("value")[0], {Document: &doc}, {Coverage: &oneBucket}}); !bytes.Contains(got, []byte(`"document":"<&>"`)) {
		t.Errorf("%s", got)
	}
}

func TestWriterKeepsTheOrder(t *testing.T) {
	t.Parallel()
	m := filled("value")
	for name, c := range map[string]struct {
		messages []Message
		want     string
	}{
		"no run first":    {[]Message{m[1]}, "the first line must be the run"},
		"after coverage":  {[]Message{m[0], m[3], m[2]}, "nothing may follow the coverage"},
		"empty message":   {[]Message{m[0], {}}, "a message has exactly one of run, gap, document and coverage"},
		"without version": {[]Message{m[0], {Document: &Document{}}}, `schema version "" is not "1", the one that this version of crosscheck reads`},
	} {
		w := NewWriter(io.Discard)
		var err error
		for _, msg := range c.messages {
			err = errors.Join(err, w.Write(msg))
		}
		if err == nil || err.Error() != c.want {
			t.Errorf("%s: %v, want %s", name, err, c.want)
		}
	}
}

// FuzzReader: whatever the bytes are, the reader ends, and what it takes for a
// whole file is one whose messages can be written and read again, unchanged once its
// gaps are in it.
func FuzzReader(f *testing.F) {
	for _, state := range []string{"value", "absent", "gap", "unread"} {
		f.Add(write(f, filled(state)))
	}
	f.Add([]byte(`{"run":{"schema_version":"1"}}` + "\n" + `{"document":{"schema_version":"1","bucket":{"tags":{"value":{}}}}}`))
	s := compileSchema(f, Schema())
	f.Fuzz(func(t *testing.T, data []byte) {
		messages, err := read(data)
		if err != nil {
			if !strings.HasPrefix(err.Error(), "facts.jsonl") {
				t.Errorf("the error does not name the file: %v", err)
			}
			return
		}
		first := write(t, messages)
		again, err := read(first)
		if err != nil {
			t.Fatalf("cannot be read again: %v", err)
		}
		// What the coverage claims and the file did not have is a gap, and no line of it is lost.
		second := write(t, again)
		if again, err = read(second); err != nil {
			t.Fatalf("cannot be read a third time: %v", err)
		}
		if third := write(t, again); !bytes.Equal(second, third) {
			t.Errorf("changed when written again:\n%s\n%s", second, third)
		}
		for _, line := range bytes.Split(bytes.TrimSpace(first), []byte("\n")) {
			_ = validate(s, line) // must not panic; enumerations are the scanner's promise, not the reader's
		}
	})
}

func BenchmarkReader(b *testing.B) {
	doc := exampleDocument()
	messages := []Message{filled("value")[0]}
	for i := range 100 {
		d := *doc
		d.Bucket.ARN += fmt.Sprint(i)
		messages = append(messages, Message{Document: &d})
	}
	data := write(b, append(messages, Message{Coverage: &Coverage{Accounts: AccountCoverage{Listed: 1, Scanned: 1}, Buckets: BucketCoverage{Listed: 100, Scanned: 100}}}))
	b.SetBytes(int64(len(data)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := read(data); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(100*b.N)/b.Elapsed().Seconds(), "documents/s")
}

// exampleDocument is of the size that a link across accounts has.
func exampleDocument() *Document {
	policy := `{"Version":"2012-10-17","Statement":[` + strings.Repeat(`{"Sid":"Replica","Effect":"Allow","Principal":{"AWS":"arn:aws:iam::111111111111:role/service-role/replicate"},"Action":["s3:ReplicateObject","s3:ReplicateDelete"],"Resource":"arn:aws:s3:::destination/*"},`, 2) + `{}]}`
	bucket := func(name string) Bucket {
		return Bucket{Name: name, ARN: "arn:aws:s3:::" + name, AccountID: "111111111111", Region: "eu-west-1", Versioning: Of(Versioning{Status: "Enabled"}),
			Policy: Of(Policy{Name: "bucket-policy", Document: policy}), Ownership: Of("BucketOwnerEnforced"), Encryption: Of(Encryption{Algorithm: "AES256"}),
			ObjectLock: None[ObjectLock](), Lifecycle: None[[]LifecycleRule](), Notification: Of(Notification{}), RequestPayment: Of("BucketOwner")}
	}
	d := &Document{SchemaVersion: SchemaVersion, Partition: "aws", Bucket: bucket("source"), Buckets: map[string]Fact[Bucket]{"destination": Of(bucket("destination"))},
		Roles: map[string]Fact[Role]{"r": Of(Role{ARN: "r", Trust: Policy{Document: policy}, Inline: Of([]Policy{{Document: policy}}), Attached: Of([]Policy{}), Boundary: None[Policy]()})}}
	for i := range 2 {
		id := fmt.Sprint(11111111111 * i)
		d.Accounts = map[string]Account{id: {ID: id, SCPs: Of([]PolicyLevel{{Target: "r", Policies: []Policy{{Document: policy}}}})}}
	}
	d.Organization, d.Bucket.Replication = None[Organization](), None[Replication]()
	return d
}

func TestPartitionOf(t *testing.T) {
	t.Parallel()
	for region, want := range map[string]string{
		"": "aws", "eu-west-1": "aws", "us-west-1": "aws", "cn-north-1": "aws-cn", "us-gov-west-1": "aws-us-gov",
		"eusc-de-east-1": "aws-eusc", "us-iso-east-1": "aws-iso", "us-isob-east-1": "aws-iso-b",
		"eu-isoe-west-1": "aws-iso-e", "us-isof-south-1": "aws-iso-f",
	} {
		if got := PartitionOf(region); got != want {
			t.Errorf("PartitionOf(%q) = %s, want %s", region, got, want)
		}
	}
}

// TestPartitions: every partition has a Region, which is in it.
func TestPartitions(t *testing.T) {
	t.Parallel()
	names := Partitions()
	for _, want := range []string{"aws", "aws-cn", "aws-us-gov", "aws-eusc"} {
		if !slices.Contains(names, want) {
			t.Errorf("%s is not among %v", want, names)
		}
	}
	for _, name := range names {
		if region := RegionIn(name); region == "" || PartitionOf(region) != name {
			t.Errorf("%s: Region %q, of the partition %s", name, region, PartitionOf(region))
		}
	}
	for name, want := range map[string]string{
		"aws": "amazonaws.com", "aws-us-gov": "amazonaws.com", "aws-cn": "amazonaws.com.cn", "aws-eusc": "amazonaws.eu", "": "amazonaws.com",
	} {
		if got := Domain(name); got != want || !slices.Contains(Domains(), got) {
			t.Errorf("the domain of %q is %s, want %s; all are %v", name, got, want, Domains())
		}
	}
	if region := RegionIn("aws-mars"); region != "" {
		t.Errorf("a partition that does not exist has the Region %s", region)
	}
}
