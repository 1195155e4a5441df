package setting

import (
	"fmt"
	"slices"

	"crosscheck/scanner/sandbox/s3/request"
	"crosscheck/scanner/sandbox/state"
	"crosscheck/scanner/sandbox/wire"
)

func checkEncryption(w *World, wrong report) {
	if e := w.Encryption; e != nil {
		wrong.oneOf(".encryption.algorithm", e.Algorithm, "AES256", "aws:kms", "aws:kms:dsse")
		for i, t := range e.Blocked {
			wrong.oneOf(fmt.Sprintf(".encryption.blocked[%d]", i), t, "SSE-C", "NONE")
		}
	}
}

func loadEncryption(_ *state.State, b *state.Bucket, w *World) {
	if w.Encryption != nil {
		b.Encryption = *w.Encryption
	}
}

func getEncryption(c *request.Request) (*wire.Response, *wire.Error) {
	e := c.Bucket.Encryption
	rule := encryptionRuleXML{Default: &encryptionDefaultXML{e.Algorithm, e.Key}, BucketKey: &e.BucketKey}
	if e.Blocked != nil {
		rule.Blocked = &blockedXML{e.Blocked}
	}
	return wire.AnswerXML("ServerSideEncryptionConfiguration", encryptionXML{[]encryptionRuleXML{rule}})
}

func putEncryption(c *request.Request) (*wire.Response, *wire.Error) {
	var in encryptionXML
	if e := c.Read("ServerSideEncryptionConfiguration", &in); e != nil {
		return nil, e
	}
	if len(in.Rules) != 1 {
		return nil, wire.MalformedXML()
	}
	rule, set := in.Rules[0], c.Bucket.Encryption
	if d := rule.Default; d != nil {
		switch {
		case !slices.Contains([]string{"AES256", "aws:kms", "aws:kms:dsse"}, d.Algorithm):
			return nil, wire.MalformedXML()
		case d.Algorithm == "AES256" && d.Key != "":
			return nil, wire.InvalidArgument(
				"a KMSMasterKeyID is not applicable if the default sse algorithm is not aws:kms or aws:kms:dsse",
				"KMSMasterKeyID", d.Key,
			)
		}
		set.Algorithm, set.Key, set.BucketKey = d.Algorithm, d.Key, false
	} else if rule.Blocked == nil {
		return nil, wire.MalformedXML()
	}
	if rule.BucketKey != nil {
		set.BucketKey = *rule.BucketKey
	}
	if rule.Blocked != nil {
		for _, t := range rule.Blocked.Types {
			if t != "SSE-C" && t != "NONE" {
				return nil, wire.MalformedXML()
			}
		}
		if len(rule.Blocked.Types) != 1 {
			return nil, wire.MalformedXML()
		}
		set.Blocked = rule.Blocked.Types
	}
	c.Bucket.Encryption = set
	return wire.Done(200)
}

// removeEncryption puts SSE-S3 back: no bucket is without a default encryption.
func removeEncryption(b *state.Bucket) {
	b.Encryption = state.Encryption{Algorithm: "AES256", Blocked: b.Encryption.Blocked}
}

type encryptionXML struct {
	Rules []encryptionRuleXML `xml:"Rule"`
}

type encryptionRuleXML struct {
	Default   *encryptionDefaultXML `xml:"ApplyServerSideEncryptionByDefault"`
	BucketKey *bool                 `xml:"BucketKeyEnabled"`
	Blocked   *blockedXML           `xml:"BlockedEncryptionTypes"`
}

type encryptionDefaultXML struct {
	Algorithm string `xml:"SSEAlgorithm"`
	Key       string `xml:"KMSMasterKeyID,omitempty"`
}

type blockedXML struct {
	Types []string `xml:"EncryptionType"`
}
