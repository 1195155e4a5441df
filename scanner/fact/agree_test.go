package fact

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// scanned is a stream of four buckets in two accounts, one of which replicates, and a gap.
func scanned() []Message {
	bucket := func(name, account string) Bucket {
		return Bucket{Name: name, ARN: "arn:aws:s3:::" + name, AccountID: account, Region: "eu-west-1", Replication: None[Replication]()}
	}
	const a, b, role, key = "111111111111", "222222222222", "arn:aws:iam::111111111111:role/r", "arn:aws:kms:eu-west-1:222222222222:key/k"
	messages := []Message{
		{Run: &Run{SchemaVersion: SchemaVersion, Scope: Scope{Mode: "organization"}, Organization: &Organization{ID: "o-1"}}},
		{Gap: &Gap{AccountID: "333333333333", Resource: "333333333333", Fact: "account", Code: "AccessDenied"}},
	}
	for _, of := range []Bucket{bucket("a", a), bucket("b", a), bucket("c", a), bucket("d", b)} {
		doc := Document{SchemaVersion: SchemaVersion, Organization: Of(Organization{ID: "o-1"}), Bucket: of}
		if of.Name == "a" {
			doc.Bucket.Encryption = Of(Encryption{Algorithm: "aws:kms"})
			doc.Bucket.Replication = Of(Replication{Role: role, Rules: []ReplicationRule{
				{ID: "off", Status: "Disabled"},
				{ID: "all", Status: "Enabled", Destination: Destination{Bucket: "arn:aws:s3:::d", Account: b, ReplicaKMSKeyID: key}},
			}})
			doc.Links = []Link{doc.LinkOf(&doc.Bucket.Replication.Value.Rules[1])}
			doc.Buckets = map[string]Fact[Bucket]{"d": Of(bucket("d", b))}
			doc.Roles = map[string]Fact[Role]{role: Of(Role{ARN: role, AccountID: a})}
			doc.Keys = map[string]Fact[Key]{key: Of(Key{ARN: key, AccountID: b}), AWSManagedKey: Of(Key{AccountID: a})}
			doc.Accounts = map[string]Account{a: {ID: a}, b: {ID: b}}
		}
		messages = append(messages, Message{Document: &doc})
	}
	return append(messages, Message{Coverage: &Coverage{
		Accounts: AccountCoverage{Listed: 3, Scanned: 2, Unreadable: 1}, Buckets: BucketCoverage{Listed: 4, Scanned: 4}, Links: 1}})
}

// TestCoverageAndLinesAgree: what the coverage claims and the file does not have is not read.
func TestCoverageAndLinesAgree(t *testing.T) {
	t.Parallel()
	file := string(write(t, scanned()))
	lines := strings.SplitAfter(strings.TrimSuffix(file, "\n"), "\n")
	without := func(n ...int) string {
		var left []string
		for i, line := range lines {
			if !slices.Contains(n, i) {
				left = append(left, line)
			}
		}
		return strings.Join(left, "")
	}
	change := func(old, new string) string {
		if !strings.Contains(file, old) {
			t.Fatalf("%s is not in %s", old, file)
		}
		return strings.Replace(file, old, new, 1)
	}
	for name, c := range map[string]struct{ file, want string }{
		"nothing lost":  {file, "4 of 4 buckets, 1 links"},
		"a bucket":      {without(3), "3 of 4 buckets, 1 links; account.buckets of 111111111111: the documents of 1 of 3 buckets are not in the facts file"},
		"the link":      {without(2), "3 of 4 buckets, 0 links; account.buckets of 111111111111: the documents of 1 of 3 buckets are not in the facts file"},
		"an account":    {without(2, 3, 4), "1 of 4 buckets, 0 links; account.buckets of 111111111111: the documents of 3 of 3 buckets are not in the facts file"},
		"all documents": {without(2, 3, 4, 5), "0 of 4 buckets, 0 links; account.buckets of 111111111111: the documents of 3 of 3 buckets are not in the facts file; account.buckets of 222222222222: the documents of 1 of 1 buckets are not in the facts file"},
		"the gap":       {without(1), "4 of 4 buckets, 1 links; account of : 1 of 1 gaps are not in the facts file: what else was not read is not known"},
		"its counts":    {change(`,"lines":{"documents":{"111111111111":3,"222222222222":1},"gaps":1}`, ""), "4 of 4 buckets, 1 links; coverage of : the facts file does not say how many gaps and documents it had: another version of crosscheck wrote it, or it was edited"},
		"its counts and a bucket": {strings.Replace(without(3), `,"lines":{"documents":{"111111111111":3,"222222222222":1},"gaps":1}`, "", 1),
			"3 of 4 buckets, 1 links; coverage of : the facts file does not say how many gaps and documents it had: another version of crosscheck wrote it, or it was edited; account.buckets of : the documents of 1 of 4 buckets are not in the facts file"},
		"the organization of the run": {change(`,"organization":{"id":"o-1","management_account_id":"","feature_set":""}}}`, "}}"), "4 of 4 buckets, 1 links; organization of : the facts file does not have it"},
		"the organization":            {change(`"organization":{"value":{"id":"o-1","management_account_id":"","feature_set":""}},`, ""), "4 of 4 buckets, 1 links; organization of : the facts file does not have it"},
		"the destination":             {change(`"buckets":{"d":{"value":{"name":"d","arn":"arn:aws:s3:::d","account_id":"222222222222","region":"eu-west-1","replication":{"absent":true}}}}`, `"buckets":{}`), "4 of 4 buckets, 1 links; destination of : the facts file does not have it"},
		"a fact of nothing":           {change(`"buckets":{"d":{"value":{"name":"d","arn":"arn:aws:s3:::d","account_id":"222222222222","region":"eu-west-1","replication":{"absent":true}}}}`, `"buckets":{"d":{}}`), "4 of 4 buckets, 1 links; destination of : the facts file does not have it"},
		"an account of the link":      {change(`"accounts":{"111111111111":{"id":"111111111111"},`, `"accounts":{`), "4 of 4 buckets, 1 links; account of 111111111111: the facts file does not have it"},
		"a configuration":             {change(`"arn":"arn:aws:s3:::b","account_id":"111111111111","region":"eu-west-1","replication":{"absent":true}`, `"arn":"arn:aws:s3:::b","account_id":"111111111111","region":"eu-west-1"`), "3 of 4 buckets, 1 links; bucket.replication of 111111111111: the facts file does not have it"},
		"a bucket too many":           {change(`"listed":4,"scanned":4`, `"listed":3,"scanned":3`), "error: facts.jsonl:7: coverage: the file has 4 documents of buckets and claims 3"},
		"a bucket of another account": {change(`"111111111111":3,"222222222222":1`, `"111111111111":2,"222222222222":2`), `error: facts.jsonl:7: coverage.lines: the file has documents of 3 buckets of account "111111111111" and claims 2`},
		"a gap too many":              {change(`"gaps":1`, `"gaps":0`), "error: facts.jsonl:7: coverage.lines: the file has 1 gaps and claims 0"},
		"a link too many":             {change(`"links":1`, `"links":0`), "error: facts.jsonl:7: coverage: the file has 1 links and claims 0"},
		"accounts":                    {change(`"scanned":2,"unreadable":1`, `"scanned":2,"unreadable":0`), "error: facts.jsonl:7: coverage.accounts: 2 scanned and 0 unreadable are not the 3 listed"},
		"an account too many":         {change(`"scanned":2,"unreadable":1`, `"scanned":1,"unreadable":2`), "error: facts.jsonl:7: coverage: the file has 2 accounts with buckets and claims 1"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := told(read([]byte(c.file))); got != c.want {
				t.Errorf("got  %s\nwant %s", got, c.want)
			}
		})
	}
}

// told is what a stream says was read, and the gaps that the reader added.
func told(messages []Message, err error) string {
	if err != nil {
		return "error: " + err.Error()
	}
	c := messages[len(messages)-1].Coverage
	text := fmt.Sprintf("%d of %d buckets, %d links", c.Buckets.Scanned, c.Buckets.Listed, c.Links)
	for _, m := range messages {
		if m.Gap != nil && m.Gap.Code == NotRead {
			text += fmt.Sprintf("; %s of %s: %s", m.Gap.Fact, m.Gap.AccountID, m.Gap.Message)
		}
	}
	return text
}

// TestLinksAreThoseOfTheConfiguration: a link cannot be dropped, added or altered.
func TestLinksAreThoseOfTheConfiguration(t *testing.T) {
	t.Parallel()
	const line = "facts.jsonl:3: document.links: "
	for name, c := range map[string]struct {
		change func(*Document)
		want   string
	}{
		"none":          {func(d *Document) { d.Links = nil }, `the enabled replication rule "all" of bucket "a" has no link in its place`},
		"twice":         {func(d *Document) { d.Links = append(d.Links, d.Links[0]) }, `link "a/all→d" is of no enabled replication rule`},
		"of a disabled": {func(d *Document) { d.Bucket.Replication.Value.Rules[1].Status = "Disabled" }, `link "a/all→d" is of no enabled replication rule`},
		"of none":       {func(d *Document) { d.Bucket.Replication = None[Replication]() }, `link "a/all→d" is of no enabled replication rule`},
		"another role":  {func(d *Document) { d.Links[0].RoleARN = "arn:aws:iam::111111111111:role/s" }, `link "a/all→d" is not what the replication configuration and the default encryption say`},
		"no key":        {func(d *Document) { d.Links[0].SourceKey = "" }, `link "a/all→d" is not what the replication configuration and the default encryption say`},
		"another rule":  {func(d *Document) { d.Links[0].Rule.Prefix = "x" }, `link "a/all→d" is not what the replication configuration and the default encryption say`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			messages := scanned()
			c.change(messages[2].Document)
			if got := told(read(write(t, messages))); got != "error: "+line+c.want {
				t.Errorf("got %s", got)
			}
		})
	}
}
