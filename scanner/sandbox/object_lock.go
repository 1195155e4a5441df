package sandbox

import (
	"time"
)

// writeLock takes the Object Lock headers and the bucket's default retention.
func takeLock(c *s3call, v *version) *apiError {
	mode, until, hold := c.r.Header.Get("X-Amz-Object-Lock-Mode"), c.r.Header.Get("X-Amz-Object-Lock-Retain-Until-Date"), c.r.Header.Get("X-Amz-Object-Lock-Legal-Hold")
	if c.b.lock == nil {
		if mode != "" || until != "" || hold != "" {
			return invalidRequest("Bucket is missing Object Lock Configuration")
		}
		return nil
	}
	if (mode == "") != (until == "") {
		return invalidArgument("x-amz-object-lock-retain-until-date and x-amz-object-lock-mode must both be supplied", "x-amz-object-lock-mode", mode)
	}
	if hold != "" && hold != "ON" && hold != "OFF" {
		return invalidArgument("Unknown wormMode directive.", "x-amz-object-lock-legal-hold", hold)
	}
	v.legalHold = hold
	switch {
	case mode != "":
		r, e := parseRetention(mode, until)
		if e != nil {
			return e
		}
		v.retention = r
	case c.b.lock.Mode != "":
		v.retention = &retention{c.b.lock.Mode, c.b.lock.retainUntil(time.Now())}
	}
	return nil
}

func parseRetention(mode, until string) (*retention, *apiError) {
	if mode != "GOVERNANCE" && mode != "COMPLIANCE" {
		return nil, invalidArgument("Unknown wormMode directive.", "x-amz-object-lock-mode", mode)
	}
	t, err := time.Parse(time.RFC3339, until)
	if err != nil {
		return nil, invalidArgument("The retain until date must be provided in ISO 8601 format", "x-amz-object-lock-retain-until-date", until)
	}
	if !t.After(time.Now()) {
		return nil, invalidArgument("The retain until date must be in the future!", "x-amz-object-lock-retain-until-date", until)
	}
	return &retention{mode, t}, nil
}

func needLock(c *s3call) *apiError {
	if c.b.lock == nil {
		return invalidRequest("Bucket is missing Object Lock Configuration")
	}
	return nil
}

func getRetention(c *s3call) (*response, *apiError) {
	v, e := findVersion(c, "s3:GetObjectRetention")
	if e == nil {
		e = needLock(c)
	}
	if e == nil && v.retention == nil {
		e = &apiError{status: 404, code: "NoSuchObjectLockConfiguration", message: "The specified object does not have a ObjectLock configuration"}
	}
	if e != nil {
		return nil, e
	}
	return xmlAnswer("Retention", retentionXML{v.retention.mode, v.retention.until.UTC().Format("2006-01-02T15:04:05.000Z")})
}

func putRetention(c *s3call) (*response, *apiError) {
	var in retentionXML
	if e := c.read("Retention", &in); e != nil {
		return nil, e
	}
	v, e := findVersion(c, "s3:PutObjectRetention")
	if e == nil {
		e = needLock(c)
	}
	if e != nil {
		return nil, e
	}
	var next *retention
	if in != (retentionXML{}) {
		if next, e = parseRetention(in.Mode, in.Until); e != nil {
			return nil, e
		}
	}
	old := v.retention
	shorter := old != nil && old.until.After(time.Now()) && (next == nil || next.until.Before(old.until) || old.mode == "COMPLIANCE" && next.mode != "COMPLIANCE")
	if shorter {
		bypass := old.mode == "GOVERNANCE" && c.r.Header.Get("X-Amz-Bypass-Governance-Retention") == "true"
		if !bypass {
			return nil, accessDenied()
		}
		if e := c.allowObject("s3:BypassGovernanceRetention", c.key, v); e != nil {
			return nil, e
		}
	}
	v.retention = next
	replicateChange(c.s, c.b, v)
	return done(200)
}

func getLegalHold(c *s3call) (*response, *apiError) {
	v, e := findVersion(c, "s3:GetObjectLegalHold")
	if e == nil {
		e = needLock(c)
	}
	if e == nil && v.legalHold == "" {
		e = &apiError{status: 404, code: "NoSuchObjectLockConfiguration", message: "The specified object does not have a ObjectLock configuration"}
	}
	if e != nil {
		return nil, e
	}
	return xmlAnswer("LegalHold", legalHoldXML{v.legalHold})
}

func putLegalHold(c *s3call) (*response, *apiError) {
	var in legalHoldXML
	if e := c.read("LegalHold", &in); e != nil {
		return nil, e
	}
	if in.Status != "ON" && in.Status != "OFF" {
		return nil, malformedXML()
	}
	v, e := findVersion(c, "s3:PutObjectLegalHold")
	if e == nil {
		e = needLock(c)
	}
	if e != nil {
		return nil, e
	}
	v.legalHold = in.Status
	replicateChange(c.s, c.b, v)
	return done(200)
}

type retentionXML struct {
	Mode  string `xml:"Mode,omitempty"`
	Until string `xml:"RetainUntilDate,omitempty"`
}

type legalHoldXML struct {
	Status string `xml:"Status"`
}
