package setting

import (
	"crosscheck/scanner/sandbox/s3/request"
	"crosscheck/scanner/sandbox/state"
	"crosscheck/scanner/sandbox/wire"
)

func checkVersioning(w *World, wrong report) {
	wrong.oneOf(".versioning", w.Versioning, "", state.Enabled, state.Suspended)
	wrong.oneOf(".mfa_delete", w.MFADelete, "", state.Enabled, state.Disabled)
}

func loadVersioning(_ *state.State, b *state.Bucket, w *World) {
	b.Versioning, b.MFADelete = w.Versioning, w.MFADelete
}

func getVersioning(c *request.Request) (*wire.Response, *wire.Error) {
	return wire.AnswerXML("VersioningConfiguration", versioningXML{c.Bucket.Versioning, c.Bucket.MFADelete})
}

func putVersioning(c *request.Request) (*wire.Response, *wire.Error) {
	var in versioningXML
	if e := c.Read("VersioningConfiguration", &in); e != nil {
		return nil, e
	}
	invalidState := func(message string) *wire.Error {
		return &wire.Error{Status: 409, Code: "InvalidBucketState", Message: message}
	}
	switch {
	case in.Status != state.Enabled && in.Status != state.Suspended:
		return nil, &wire.Error{
			Status: 400, Code: "IllegalVersioningConfigurationException",
			Message: "The Versioning element must be specified",
		}
	case in.MfaDelete != "" || c.Bucket.MFADelete == state.Enabled:
		// Only the root user with an MFA device may; the sandbox has no such device.
		return nil, wire.AccessDenied()
	case in.Status == state.Suspended && c.Bucket.Replication != nil:
		return nil, invalidState("A replication configuration is present on this bucket, so the versioning state cannot be suspended.")
	case in.Status == state.Suspended && c.Bucket.Lock != nil:
		return nil, invalidState("An Object Lock configuration is present on this bucket, so the versioning state cannot be changed.")
	}
	c.Bucket.Versioning = in.Status
	return wire.Done(200)
}

type versioningXML struct {
	Status    string `xml:"Status,omitempty"`
	MfaDelete string `xml:"MfaDelete,omitempty"`
}
