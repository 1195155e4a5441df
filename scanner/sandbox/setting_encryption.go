package sandbox

import (
	"fmt"
	"slices"
)

func checkEncryption(w *worldSettings, wrong report) {
	if e := w.Encryption; e != nil {
		wrong.oneOf(".encryption.algorithm", e.Algorithm, "AES256", "aws:kms", "aws:kms:dsse")
		for i, t := range e.Blocked {
			wrong.oneOf(fmt.Sprintf(".encryption.blocked[%d]", i), t, "SSE-C", "NONE")
		}
	}
}

func loadEncryption(_ *State, b *bucket, w *worldSettings) {
	if w.Encryption != nil {
		b.encryption = *w.Encryption
	}
}

func getEncryption(c *s3call) (*response, *apiError) {
	e := c.b.encryption
	rule := encryptionRuleXML{Default: &encryptionDefaultXML{e.Algorithm, e.Key}, BucketKey: &e.BucketKey}
	if e.Blocked != nil {
		rule.Blocked = &blockedXML{e.Blocked}
	}
	return xmlAnswer("ServerSideEncryptionConfiguration", encryptionXML{[]encryptionRuleXML{rule}})
}

func putEncryption(c *s3call) (*response, *apiError) {
	var in encryptionXML
	if e := c.read("ServerSideEncryptionConfiguration", &in); e != nil {
		return nil, e
	}
	if len(in.Rules) != 1 {
		return nil, malformedXML()
	}
	rule, set := in.Rules[0], c.b.encryption
	if d := rule.Default; d != nil {
		switch {
		case !slices.Contains([]string{"AES256", "aws:kms", "aws:kms:dsse"}, d.Algorithm):
			return nil, malformedXML()
		case d.Algorithm == "AES256" && d.Key != "":
			return nil, invalidArgument("a KMSMasterKeyID is not applicable if the default sse algorithm is not aws:kms or aws:kms:dsse", "KMSMasterKeyID", d.Key)
		}
		set.Algorithm, set.Key, set.BucketKey = d.Algorithm, d.Key, false
	} else if rule.Blocked == nil {
		return nil, malformedXML()
	}
	if rule.BucketKey != nil {
		set.BucketKey = *rule.BucketKey
	}
	if rule.Blocked != nil {
		for _, t := range rule.Blocked.Types {
			if t != "SSE-C" && t != "NONE" {
				return nil, malformedXML()
			}
		}
		if len(rule.Blocked.Types) != 1 {
			return nil, malformedXML()
		}
		set.Blocked = rule.Blocked.Types
	}
	c.b.encryption = set
	return done(200)
}

// removeEncryption puts SSE-S3 back: no bucket is without a default encryption.
func removeEncryption(b *bucket) {
	b.encryption = encryption{Algorithm: "AES256", Blocked: b.encryption.Blocked}
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
