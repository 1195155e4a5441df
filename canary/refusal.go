package canary

import (
	"errors"

	"crosscheck/canary/bucket"
	"crosscheck/canary/measure"
	"crosscheck/scanner/client"
)

// Right is an action that the canary's role needs at one end of a link, as in [Actions].
type Right struct {
	Side   Side
	Action string
}

// Actions that S3 asks for when the canary calls it.
const (
	actionRead   = "s3:GetObjectVersion" // of HEAD, too
	actionTags   = "s3:GetObjectVersionTagging"
	actionList   = "s3:ListBucketVersions"
	actionRemove = "s3:DeleteObjectVersion"
	actionPut    = "s3:PutObject"
)

// throughS3 are the actions on keys that S3 asks for, beside its own.
var throughS3 = map[string]string{actionRead: "kms:Decrypt", actionPut: "kms:GenerateDataKey"}

// refusal is an answer of S3 that refuses the canary's role. It says nothing of the link.
type refusal struct {
	error
	where string // the statement that refuses it, "" = the facts do not say
}

func (r *refusal) Unwrap() error { return r.error }

// asked is the error of a request for an action at one end: a refusal where S3 refused it.
func (p *probe) asked(side Side, action string, err error) error {
	if err == nil || !bucket.Denied(err) {
		return err
	}
	where, ok := p.t.Refusals[Right{side, action}]
	if !ok {
		where = p.t.Refusals[Right{side, throughS3[action]}]
	}
	return &refusal{err, where}
}

// said is what S3 said, in one line, and which statement refuses it.
func said(err error) string {
	text := client.OneLine(err)
	var r *refusal
	if errors.As(err, &r) && r.where != "" {
		text += "; " + r.where
	}
	return text
}

// isRefusal reports whether the canary's own role was refused.
func isRefusal(err error) bool {
	var r *refusal
	return errors.As(err, &r)
}

// unread notes a property that could not be read. A role that was refused proves nothing: the
// probe is inconclusive then, unless another property differs.
func (p *probe) unread(name, want string, err error) {
	p.check(name, measure.Unread, want, why(err))
	p.refusedToCompare = p.refusedToCompare || isRefusal(err)
}
