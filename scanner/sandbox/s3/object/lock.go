package object

import (
	"time"

	"crosscheck/scanner/sandbox/s3/replicate"
	"crosscheck/scanner/sandbox/s3/request"
	"crosscheck/scanner/sandbox/state"
	"crosscheck/scanner/sandbox/wire"
)

// writeLock takes the Object Lock headers and the bucket's default retention.
func takeLock(c *request.Request, v *state.Version) *wire.Error {
	mode := c.HTTP.Header.Get("X-Amz-Object-Lock-Mode")
	until := c.HTTP.Header.Get("X-Amz-Object-Lock-Retain-Until-Date")
	hold := c.HTTP.Header.Get("X-Amz-Object-Lock-Legal-Hold")
	if c.Bucket.Lock == nil {
		if mode != "" || until != "" || hold != "" {
			return wire.InvalidRequest("Bucket is missing Object Lock Configuration")
		}
		return nil
	}
	if (mode == "") != (until == "") {
		return wire.InvalidArgument(
			"x-amz-object-lock-retain-until-date and x-amz-object-lock-mode must both be supplied",
			"x-amz-object-lock-mode", mode,
		)
	}
	if hold != "" && hold != "ON" && hold != "OFF" {
		return wire.InvalidArgument("Unknown wormMode directive.", "x-amz-object-lock-legal-hold", hold)
	}
	v.LegalHold, v.EventHold = hold, c.Bucket.Lock.Holds()
	switch {
	case mode != "":
		r, e := parseRetention(mode, until)
		if e != nil {
			return e
		}
		v.Retention = r
	case c.Bucket.Lock.Mode != "":
		v.Retention = &state.Retention{Mode: c.Bucket.Lock.Mode, Until: c.Bucket.Lock.RetainUntil(time.Now())}
	}
	return nil
}

func parseRetention(mode, until string) (*state.Retention, *wire.Error) {
	if mode != "GOVERNANCE" && mode != "COMPLIANCE" {
		return nil, wire.InvalidArgument("Unknown wormMode directive.", "x-amz-object-lock-mode", mode)
	}
	t, err := time.Parse(time.RFC3339, until)
	if err != nil {
		return nil, wire.InvalidArgument(
			"The retain until date must be provided in ISO 8601 format",
			"x-amz-object-lock-retain-until-date", until,
		)
	}
	if !t.After(time.Now()) {
		return nil, wire.InvalidArgument(
			"The retain until date must be in the future!",
			"x-amz-object-lock-retain-until-date", until,
		)
	}
	return &state.Retention{Mode: mode, Until: t}, nil
}

func needLock(c *request.Request) *wire.Error {
	if c.Bucket.Lock == nil {
		return wire.InvalidRequest("Bucket is missing Object Lock Configuration")
	}
	return nil
}

func getRetention(c *request.Request) (*wire.Response, *wire.Error) {
	v, e := findVersion(c, "s3:GetObjectRetention")
	if e == nil {
		e = needLock(c)
	}
	if e == nil && v.Retention == nil {
		e = &wire.Error{
			Status: 404, Code: "NoSuchObjectLockConfiguration",
			Message: "The specified object does not have a ObjectLock configuration",
		}
	}
	if e != nil {
		return nil, e
	}
	return wire.AnswerXML("Retention", retentionXML{v.Retention.Mode, v.Retention.Until.UTC().Format("2006-01-02T15:04:05.000Z")})
}

func putRetention(c *request.Request) (*wire.Response, *wire.Error) {
	var in retentionXML
	if e := c.Read("Retention", &in); e != nil {
		return nil, e
	}
	v, e := findVersion(c, "s3:PutObjectRetention")
	if e == nil {
		e = needLock(c)
	}
	if e != nil {
		return nil, e
	}
	var next *state.Retention
	if in != (retentionXML{}) {
		if next, e = parseRetention(in.Mode, in.Until); e != nil {
			return nil, e
		}
	}
	old := v.Retention
	shorter := old != nil && old.Until.After(time.Now()) &&
		(next == nil || next.Until.Before(old.Until) || old.Mode == "COMPLIANCE" && next.Mode != "COMPLIANCE")
	if shorter {
		bypass := old.Mode == "GOVERNANCE" && c.HTTP.Header.Get("X-Amz-Bypass-Governance-Retention") == "true"
		if !bypass {
			return nil, wire.AccessDenied()
		}
		if e := c.AllowObject("s3:BypassGovernanceRetention", c.Key, v); e != nil {
			return nil, e
		}
	}
	v.Retention = next
	replicate.Change(c.State, c.Bucket, v)
	return wire.Done(200)
}

func getLegalHold(c *request.Request) (*wire.Response, *wire.Error) {
	v, e := findVersion(c, "s3:GetObjectLegalHold")
	if e == nil {
		e = needLock(c)
	}
	if e == nil && v.LegalHold == "" {
		e = &wire.Error{
			Status: 404, Code: "NoSuchObjectLockConfiguration",
			Message: "The specified object does not have a ObjectLock configuration",
		}
	}
	if e != nil {
		return nil, e
	}
	return wire.AnswerXML("LegalHold", legalHoldXML{v.LegalHold})
}

func putLegalHold(c *request.Request) (*wire.Response, *wire.Error) {
	var in legalHoldXML
	if e := c.Read("LegalHold", &in); e != nil {
		return nil, e
	}
	if in.Status != "ON" && in.Status != "OFF" {
		return nil, wire.MalformedXML()
	}
	v, e := findVersion(c, "s3:PutObjectLegalHold")
	if e == nil {
		e = needLock(c)
	}
	if e != nil {
		return nil, e
	}
	v.LegalHold = in.Status
	replicate.Change(c.State, c.Bucket, v)
	return wire.Done(200)
}

type retentionXML struct {
	Mode  string `xml:"Mode,omitempty"`
	Until string `xml:"RetainUntilDate,omitempty"`
}

type legalHoldXML struct {
	Status string `xml:"Status"`
}
