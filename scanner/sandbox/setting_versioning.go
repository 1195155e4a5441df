package sandbox

func checkVersioning(w *worldSettings, wrong report) {
	wrong.oneOf(".versioning", w.Versioning, "", enabled, suspended)
	wrong.oneOf(".mfa_delete", w.MFADelete, "", enabled, disabled)
}

func loadVersioning(_ *State, b *bucket, w *worldSettings) {
	b.versioning, b.mfaDelete = w.Versioning, w.MFADelete
}

func getVersioning(c *s3call) (*response, *apiError) {
	return xmlAnswer("VersioningConfiguration", versioningXML{c.b.versioning, c.b.mfaDelete})
}

func putVersioning(c *s3call) (*response, *apiError) {
	var in versioningXML
	if e := c.read("VersioningConfiguration", &in); e != nil {
		return nil, e
	}
	invalidState := func(message string) *apiError {
		return &apiError{status: 409, code: "InvalidBucketState", message: message}
	}
	switch {
	case in.Status != enabled && in.Status != suspended:
		return nil, &apiError{status: 400, code: "IllegalVersioningConfigurationException", message: "The Versioning element must be specified"}
	case in.MfaDelete != "" || c.b.mfaDelete == enabled:
		// Only the root user with an MFA device may; the sandbox has no such device.
		return nil, accessDenied()
	case in.Status == suspended && c.b.replication != nil:
		return nil, invalidState("A replication configuration is present on this bucket, so the versioning state cannot be suspended.")
	case in.Status == suspended && c.b.lock != nil:
		return nil, invalidState("An Object Lock configuration is present on this bucket, so the versioning state cannot be changed.")
	}
	c.b.versioning = in.Status
	return done(200)
}

type versioningXML struct {
	Status    string `xml:"Status,omitempty"`
	MfaDelete string `xml:"MfaDelete,omitempty"`
}
