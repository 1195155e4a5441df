package experiment

import (
	"errors"

	"crosscheck/canary/measure"
	"crosscheck/scanner/fact"
)

// sourceConditions asks which keys S3 sends when it assumes the replication role.
var sourceConditions = Experiment{
	Name:     "source-conditions",
	Question: "Does S3 send aws:SourceAccount and aws:SourceArn when it assumes the replication role?",
	Prepare: "a link whose role's trust policy allows s3.amazonaws.com only with aws:SourceAccount = " +
		"the source's account or aws:SourceArn = the source bucket",
	Puts:     "one plain object",
	Observes: "whether it arrives, or the source says FAILED",
	Settles:  "whether a trust policy with these conditions works or is AssumeRoleNotPermitted",
	variants: []measure.Variant{measure.Plain},
	fits: func(d *fact.Document, l *fact.Link) error {
		role := d.Roles[l.RoleARN].Value
		if role == nil {
			return errors.New("the role was not read")
		}
		if !anyKey(role.Trust.Document, "aws:sourceaccount", "aws:sourcearn") {
			return errors.New("the role's trust policy has neither condition")
		}
		return nil
	},
	conclude: func(ms []measure.Measurement) (conclusion string, answered bool) {
		return decided(ms, "S3 sends the keys: a trust policy that demands them works",
			"S3 does not send the keys, or not with these values: such a trust policy breaks the link")
	},
}
