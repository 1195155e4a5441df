package policy

import (
	"fmt"
	"strings"
	"testing"
)

func TestValidateByKind(t *testing.T) {
	t.Parallel()
	bucket := func(s string) string {
		return `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"111111111111"},` + s + `}]}`
	}
	deny := func(s string) string { return `{"Version":"2012-10-17","Statement":[{"Effect":"Deny",` + s + `}]}` }
	trust := func(s string) string {
		return `{"Version":"2012-10-17","Statement":[{"Effect":"Allow",` + s + `}]}`
	}
	for _, c := range []struct {
		kind Kind
		doc  string
		want string // "" = stored
	}{
		{Bucket, bucket(`"Action":"s3:GetObject","Resource":"arn:aws:s3:::b/*"`), ""},
		{Bucket, bucket(`"Action":"S3:getobject","Resource":["arn:aws:s3:::b","arn:aws:s3:::b/k"]`), ""},
		{Bucket, bucket(`"Action":"*","Resource":"arn:aws:s3:::b"`), ""},
		{Bucket, bucket(`"Action":"s3:*","Resource":"arn:aws:s3:::b"`), ""},
		{Bucket, bucket(`"Action":"s3:Get*","Resource":"arn:aws:s3:::b"`), ""},
		{Bucket, bucket(`"Action":"s3:Replicate*","Resource":"arn:aws:s3:::b"`), "acts on objects"},
		{Bucket, bucket(`"Action":["s3:GetObject","s3:ListBucket"],"Resource":"arn:aws:s3:::b/*"`), "acts on the bucket"},
		{Bucket, bucket(`"Action":["s3:GetObject","s3:ListBucket"],"Resource":["arn:aws:s3:::b/*","arn:aws:s3:::b"]`), ""},
		{Bucket, bucket(`"Action":"s3:ListBucket","NotResource":"arn:aws:s3:::b/x"`), ""},
		{Bucket, bucket(`"Action":"s3:ListAllMyBuckets","Resource":"arn:aws:s3:::b"`), "acts on other resources"},
		{Bucket, bucket(`"Action":"s3:ReplicateObjects","Resource":"arn:aws:s3:::b/*"`), "matches no action"},
		{Bucket, bucket(`"NotAction":"s3:Foo","Resource":"arn:aws:s3:::b/*"`), "matches no action"},
		{Bucket, bucket(`"Action":"sqs:SendMessage","Resource":"arn:aws:s3:::b/*"`), "not of s3"},
		{Bucket, bucket(`"Action":"s3:*","Resource":"*"`), "not the ARN of an S3 bucket"},
		{Bucket, bucket(`"Action":"s3:*","Resource":"arn:aws:s3:::b*"`), ""},
		{Bucket, bucket(`"Action":"s3:*","Resource":"arn:aws:s3:::bb"`), "not in the bucket"},
		{Bucket, bucket(`"Action":"s3:*","Resource":"arn:aws:s3:::*"`), "in full"},
		{Bucket, bucket(`"Action":"s3:*","Resource":"arn:aws:s3:eu-west-1::b"`), "no Region"},
		{Bucket, bucket(`"Action":"s3:*","Resource":"arn:aws:sqs:::b"`), "not the ARN of an S3 bucket"},
		{Bucket, `{"Statement":[{"Effect":"Allow","Action":"s3:*","Resource":"arn:aws:s3:::b"}]}`, "no Principal"},
		{Bucket, bucket(`"Action":"s3:*"`), "neither Resource"},
		{Bucket, deny(`"NotPrincipal":{"AWS":"111111111111"},"Action":"s3:*","Resource":"arn:aws:s3:::b"`), ""},
		{Bucket, trust(`"NotPrincipal":{"AWS":"111111111111"},"Action":"s3:*","Resource":"arn:aws:s3:::b"`), "NotPrincipal"},
		{Bucket, deny(`"Principal":{"AWS":"arn:aws:iam::*:root"},"Action":"s3:*","Resource":"arn:aws:s3:::b"`), "no account, role"},
		{Bucket, deny(`"Principal":{"AWS":"arn:aws:iam::111111111111:role/*"},"Action":"s3:*","Resource":"arn:aws:s3:::b"`), "no account, role"},
		{Bucket, deny(`"Principal":{"AWS":"arn:aws:sts::111111111111:assumed-role/R/s"},"Action":"s3:*","Resource":"arn:aws:s3:::b"`), ""},
		{Bucket, deny(`"Principal":{"AWS":"bob"},"Action":"s3:*","Resource":"arn:aws:s3:::b"`), "no account, role"},
		{Bucket, deny(`"Principal":{"Service":"*"},"Action":"s3:*","Resource":"arn:aws:s3:::b"`), "no service name"},
		{Bucket, deny(`"Principal":{"aws":"*"},"Action":"s3:*","Resource":"arn:aws:s3:::b"`), "unknown kind of principal"},
		{Bucket, deny(`"Principal":"111111111111","Action":"s3:*","Resource":"arn:aws:s3:::b"`), `only string`},
		{Bucket, deny(`"Principal":["*"],"Action":"s3:*","Resource":"arn:aws:s3:::b"`), `Principal is an array`},
		{Bucket, deny(`"Principal":{},"Action":"s3:*","Resource":"arn:aws:s3:::b"`), `empty object`},
		{Bucket, deny(`"Sid":"with blanks","Principal":"*","Action":"s3:*","Resource":"arn:aws:s3:::b"`), ""},
		{Bucket, deny(`"Principal":{"AWS":"arn:aws:iam::cloudfront:user/CloudFront Origin Access Identity EAAAAAAAAAAAA"},"Action":"s3:*","Resource":"arn:aws:s3:::b"`), ""},
		{Bucket, deny(`"Principal":{"CanonicalUser":"abc"},"Action":"s3:*","Resource":"arn:aws:s3:::b"`), ""},
		{Key, trust(`"Principal":{"AWS":"arn:aws:iam::111111111111:root"},"Action":"kms:*","Resource":"*"`), ""},
		{Key, trust(`"Action":"kms:*","Resource":"*"`), "no Principal"},
		{Trust, trust(`"Principal":{"Service":"s3.amazonaws.com"},"Action":"sts:AssumeRole"`), ""},
		{Trust, trust(`"Principal":{"Service":["s3.amazonaws.com","batchoperations.s3.amazonaws.com"]},"Action":["sts:AssumeRole","sts:TagSession"]`), ""},
		{Trust, trust(`"Principal":{"Service":"s3.amazonaws.com"},"Action":"sts:AssumeRole","Resource":"*"`), "has a Resource"},
		{Trust, trust(`"Principal":"*","Action":"sts:AssumeRole"`), "bare Principal"},
		{Trust, trust(`"Principal":{"AWS":"*"},"Action":"sts:AssumeRole"`), ""},
		{Trust, trust(`"NotPrincipal":{"AWS":"111111111111"},"Action":"sts:AssumeRole"`), "NotPrincipal"},
		{Trust, trust(`"Principal":{"AWS":"111111111111"},"Action":"s3:GetObject"`), "sts only"},
		{Trust, trust(`"Action":"sts:AssumeRole"`), "no Principal"},
		{SCP, deny(`"NotAction":"s3:*","Resource":"*","Condition":{"StringEquals":{"a":"b"}}`), ""},
		{SCP, trust(`"Action":"s3:*","NotResource":"arn:aws:s3:::b","Condition":{"StringEquals":{"a":"b"}}`), ""},
		{SCP, deny(`"Principal":"*","Action":"s3:*","Resource":"*"`), "must not have"},
		{SCP, deny(`"Action":"s3:*"`), "neither Resource"},
		{RCP, deny(`"Principal":"*","Action":"s3:*","Resource":"*"`), ""},
		{RCP, deny(`"Principal":{"AWS":"*"},"Action":["s3:*","KMS:Decrypt"],"NotResource":"arn:aws:s3:::b"`), ""},
		{RCP, deny(`"Principal":{"AWS":["*"]},"Action":"s3:*","Resource":"*"`), "must be"},
		{RCP, deny(`"Principal":{"AWS":"111111111111"},"Action":"s3:*","Resource":"*"`), "must be"},
		{RCP, deny(`"NotPrincipal":{"AWS":"*"},"Action":"s3:*","Resource":"*"`), "must be"},
		{RCP, deny(`"Principal":"*","NotAction":"s3:*","Resource":"*"`), "NotAction"},
		{RCP, deny(`"Principal":"*","Action":"*","Resource":"*"`), "bare Action"},
		{RCP, deny(`"Principal":"*","Action":"s3:NoSuchAction","Resource":"*"`), ""},
		{Bucket, trust(`"Principal":"*","Action":"s3:*","Resource":"xrn:aws:s3:::b"`), "is not the ARN of an S3 bucket"},
		{Bucket, trust(`"Principal":"*","Action":"s3:*","Resource":"arn:aws:sqs:::b"`), "is not the ARN of an S3 bucket"},
		{Bucket, trust(`"Principal":"*","Action":"s3:*","Resource":"arn:aws:s3::b"`), "is not the ARN of an S3 bucket"},
		{Bucket, trust(`"Principal":"*","Action":"S3:Get\u004Fbject","Resource":"arn:aws:s3:::b/*"`), ""},
		{Bucket, trust(`"Principal":"*","Action":"s3:Get\u004Fbjekt","Resource":"arn:aws:s3:::b/*"`), "matches no action"},
		{Identity, trust(`"Sid":"azAZ09","Action":"azAZ09:azAZ09","Resource":"*"`), ""},
		{Identity, trust(`"Action":"x9:G9z","Resource":"*"`), ""},
		{Identity, trust(`"Action":"x/:Get","Resource":"*"`), "malformed service prefix"},
		{Identity, trust(`"Action":"x{:Get","Resource":"*"`), "malformed service prefix"},
		{RCP, deny(`"Principal":"*","Action":"events:*","Resource":"*"`), ""},
		{Bucket, trust(`"Principal":"*","Action":["s3:ReplicateObjectAnnotation","s3:PutObjectAnnotation"],"Resource":"arn:aws:s3:::b/*"`), ""},
		{Bucket, trust(`"Principal":"*","Action":"s3:ReplicateObjectAnnotation","Resource":"arn:aws:s3:::b"`), "acts on objects"},
		{RCP, deny(`"Principal":"*","Action":"ec2:*","Resource":"*"`), "do not cover"},
		{RCP, trust(`"Principal":"*","Action":"s3:*","Resource":"*"`), "can only deny"},
		{Session, trust(`"Action":"*","Resource":"*","Condition":{"ArnLike":{"a":"x"},"IpAddress":{"a":"x"},"DateEquals":{"a":"x"},"NumericEquals":{"a":"x"},"BinaryEquals":{"a":"x"}}`), ""},
		{Session, trust(`"Action":"*","Resource":"*","Condition":{"StringEquals":{"a":"Σ"}}`), ""},
		{Boundary, trust(`"Action":"*","Resource":"*","Condition":{"StringEquals":{"a":"Σ"}}`), "U+03A3"},
		{Boundary, trust(`"Action":"*","Resource":"*","Condition":{"StringEquals":{"a":"é\u03a3"}}`), ""},
		{Resource, trust(`"Principal":"*","Action":"sqs:SendMessage","Resource":"arn:aws:sqs:us-east-1:111111111111:q"`), ""},
	} {
		p := Parse(c.kind, "p", []byte(c.doc), ForBucket("b"))
		switch d := first(p, false); {
		case c.want == "" && d != nil:
			t.Errorf("%s %s: %s", c.kind, c.doc, d.Message)
		case c.want != "" && (d == nil || !strings.Contains(d.Message, c.want)):
			t.Errorf("%s %s: want %q, got %+v", c.kind, c.doc, c.want, p.Diagnostics())
		}
		if p.Valid() != (c.want == "") {
			t.Errorf("%s %s: valid %v", c.kind, c.doc, p.Valid())
		}
	}
}

// TestStored: what AWS returned it has stored, whatever our lists say.
func TestStored(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		kind  Kind
		doc   string
		valid bool
	}{
		{Bucket, `{"Statement":{"Effect":"Allow","Principal":"*","Action":"s3:BrandNewAction","Resource":"arn:aws:s3:::b"}}`, true},
		{RCP, `{"Statement":{"Effect":"Deny","Principal":"*","Action":"newservice:*","Resource":"*"}}`, true},
		{RCP, `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":"*","Action":"*","Resource":"*"}]}`, true},
		{Bucket, `{"Statement":{"Effect":"Deny","Principal":{"AWS":"arn:aws:iam::something:new/x"},"Action":"s3:*","Resource":"arn:aws:s3:::b"}}`, true},
		{Trust, `{"Statement":{"Sid":"a b","Effect":"Deny","Principal":{"AWS":"*"},"Action":"sts:AssumeRole"}}`, true},
		{Identity, `{"Version":"2012–10–17","Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}`, false},
		{Bucket, `{"Statement":{"Effect":"Permit","Principal":"*","Action":"s3:*","Resource":"arn:aws:s3:::b"}}`, false},
	} {
		if p := Parse(c.kind, "p", []byte(c.doc), Stored()); p.Valid() != c.valid {
			t.Errorf("%s: %+v", c.doc, p.Diagnostics())
		}
		if p := Parse(c.kind, "p", []byte(c.doc), Stored()); len(p.Diagnostics()) == 0 && !strings.Contains(c.doc, `"Action":"*"`) {
			t.Errorf("%s: no warning", c.doc)
		}
		if p := Parse(c.kind, "p", []byte(c.doc)); p.Valid() {
			t.Errorf("%s is accepted without Stored", c.doc)
		}
	}
	if p := Parse(RCP, "p-RCPFullAWSAccess", []byte(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":"*","Action":"*","Resource":"*"}]}`)); !p.Valid() {
		t.Errorf("AWS's own RCP: %+v", p.Diagnostics())
	}
}

// TestSizes: a document above the default quota is stored where the quota was raised.
func TestSizes(t *testing.T) {
	t.Parallel()
	doc := func(kind Kind, extra int) string {
		var member string
		switch kind {
		case Trust:
			member = `"Principal":{"Service":"s3.amazonaws.com"},"Action":"sts:AssumeRole"`
		case Bucket:
			member = `"Principal":"*","Action":"s3:*","Resource":"arn:aws:s3:::b/*"`
		case Key:
			member = `"Principal":"*","Action":"kms:*","Resource":"*"`
		default:
			member = `"Action":"s3:*","Resource":"*"`
		}
		if kind == RCP {
			member = `"Principal":"*",` + member
		}
		text := `{"Statement":{"Effect":"Deny",` + member + `,"Sid":""}}`
		return text[:len(text)-3] + strings.Repeat("a", extra-len(text)) + text[len(text)-3:]
	}
	for kind, limit := range map[Kind]int{Identity: 6144, Boundary: 6144, Session: 2048, Trust: 2048, SCP: 5120, RCP: 5120, Bucket: 20480, Key: 32768} {
		if d := Parse(kind, "p", []byte(doc(kind, limit))).Diagnostics(); len(d) > 0 {
			t.Errorf("%s of %d: %+v", kind, limit, d)
		}
		unit := " bytes;"
		if kind == Identity || kind == Boundary || kind == Session || kind == Trust {
			unit = " characters without white space;"
			blank := strings.Replace(doc(kind, limit), ",", ", \t\r\n", 1)
			if d := Parse(kind, "p", []byte(blank)).Diagnostics(); len(d) > 0 {
				t.Errorf("%s of %d and white space: %+v", kind, limit, d)
			}
		}
		p := Parse(kind, "p", []byte(doc(kind, limit+1)))
		if d := first(p, true); !p.Valid() || d == nil || !strings.Contains(d.Message, fmt.Sprint(limit+1)+unit) {
			t.Errorf("%s of %d: %+v", kind, limit+1, p.Diagnostics())
		}
	}
	const statement = `","Statement":{"Effect":"Deny","Action":"s3:*","Resource":"*"}}`
	letters := 6144 - len(`{"Id":"`) - len(statement)
	for more, warns := range map[int]bool{0: false, 1: true} { // characters count, not their bytes
		p := Parse(Identity, "p", []byte(`{"Id":"`+strings.Repeat("é", letters+more)+statement))
		if d := first(p, true); !p.Valid() || (d != nil) != warns {
			t.Errorf("%d letters of two bytes: %+v", letters+more, p.Diagnostics())
		}
	}
	if d := Parse(Resource, "p", []byte(`{"Statement":{"Effect":"Deny","Principal":"*","Action":"x:*","Resource":"*","Sid":"`+strings.Repeat("a", 40<<10)+`"}}`)).Diagnostics(); len(d) > 0 {
		t.Errorf("a resource policy has a limit: %+v", d)
	}
}

func TestKindNames(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for kind := Kind(0); kind <= Resource+1; kind++ {
		name := kind.String()
		if known := kind >= Identity && kind <= Resource; name == "" || seen[name] && known || (name == "a policy of unknown kind") == known {
			t.Errorf("%d is %q", kind, name)
		}
		seen[name] = true
	}
	for name, want := range kinds {
		if got, ok := KindNamed(name); !ok || got != want {
			t.Errorf("%s: %v", name, got)
		}
	}
	if _, ok := KindNamed("a policy"); ok {
		t.Error("any name is taken")
	}
}

// TestWarnings: what AWS stores, and what it does not do then.
func TestWarnings(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		kind      Kind
		doc, want string
	}{
		{Key, `{"Statement":{"Effect":"Allow","Principal":"*","Action":"kms:*","Resource":"arn:aws:s3:::b"}}`, "only \"*\" or the key itself"},
		{Key, `{"Statement":{"Effect":"Allow","Principal":"*","Action":"s3:*","Resource":"*"}}`, "has no effect on a key"},
		{Key, `{"Statement":{"Effect":"Allow","Principal":"*","Action":"kms:*"}}`, "so no effect"},
		{Key, `{"Statement":{"Effect":"Allow","NotPrincipal":{"AWS":"111111111111"},"Action":"kms:*","Resource":"*"}}`, "whom it reaches is unknown"},
		{Bucket, `{"Statement":{"Effect":"Allow","Principal":{"AWS":"AROAROLEROLEROLEROLE1"},"Action":"s3:*","Resource":"arn:aws:s3:::b"}}`, "unique id"},
		{Bucket, `{"Statement":{"Effect":"Allow","Principal":"*","Action":"s3:*","Resource":"arn:aws:s3:::b*"}}`, "reaches past the bucket"},
		{Identity, `{"Statement":{"Effect":"Allow","Action":"*","Resource":"*","Condition":{"DateEquals":{"k":"2030"}}}}`, "as a date is not documented"},
		{Identity, `{"Statement":{"Effect":"Allow","Action":"*","Resource":"*","Condition":{"IpAddress":{"k":"0000.0.0.0"}}}}`, "as an IP address or CIDR block is not documented"},
		{Identity, `{"Statement":{"Effect":"Allow","Action":"*","Resource":"*","Condition":{"Bool":{"k":"yes"}}}}`, "neither true nor false"},
		{Identity, `{"Statement":{"Effect":"Allow","Action":"*","Resource":"*","Condition":{"StringEquals":{"k":[]}}}}`, "empty list of values"},
		{Identity, `{"Statement":{"Effect":"Allow","Action":"*","Resource":"*","Condition":{"stringEquals":{"k":"x"}}}}`, "is written StringEquals"},
		{Identity, `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"arn:aws:s3:::${k"}}`, "is not understood"},
		{Identity, `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"arn:aws:s3:${k}::b"}}`, "before the fifth"},
	} {
		p := Parse(c.kind, "p", []byte(c.doc), ForBucket("b"))
		if d := first(p, true); !p.Valid() || d == nil || !strings.Contains(d.Message, c.want) {
			t.Errorf("%s: want %q, got %+v", c.doc, c.want, p.Diagnostics())
		}
	}
}
