package setting

import (
	"crosscheck/scanner/sandbox/s3/request"
	"crosscheck/scanner/sandbox/state"
	"crosscheck/scanner/sandbox/wire"
)

func checkObjectLock(w *World, wrong report) {
	if l := w.ObjectLock; l != nil {
		wrong.oneOf(".object_lock.mode", l.Mode, "", "GOVERNANCE", "COMPLIANCE")
		if (l.Mode == "") != (l.Days == 0 && l.Years == 0) || l.Days != 0 && l.Years != 0 || l.Days < 0 || l.Years < 0 {
			wrong(".object_lock", "a default retention has a mode and either days or years")
		}
		if l.HoldDays != 0 && l.HoldYears != 0 || l.HoldDays < 0 || l.HoldYears < 0 {
			wrong(".object_lock", "a default event hold has either days or years")
		}
		if w.Versioning != state.Enabled {
			wrong(".object_lock", "Object Lock needs versioning: Enabled")
		}
	}
}

func loadObjectLock(_ *state.State, b *state.Bucket, w *World) {
	if l := w.ObjectLock; l != nil {
		own := *l
		b.Lock = &own
	}
}

func getObjectLock(c *request.Request) (*wire.Response, *wire.Error) {
	l := c.Bucket.Lock
	if l == nil {
		return nil, request.NotFound("ObjectLockConfigurationNotFoundError", "Object Lock configuration does not exist for this bucket", c.Bucket)
	}
	out := objectLockXML{Enabled: state.Enabled}
	if l.Mode != "" || l.Holds() {
		out.Rule = &objectLockRuleXML{&defaultRetentionXML{Mode: l.Mode, Days: l.Days, Years: l.Years}}
		if l.Holds() {
			out.Rule.Default.EventHold = &eventHoldXML{l.HoldDays, l.HoldYears}
		}
	}
	return wire.AnswerXML("ObjectLockConfiguration", out)
}

func putObjectLock(c *request.Request) (*wire.Response, *wire.Error) {
	var in objectLockXML
	if e := c.Read("ObjectLockConfiguration", &in); e != nil {
		return nil, e
	}
	lock := &state.ObjectLock{}
	if in.Rule != nil {
		if in.Rule.Default == nil {
			return nil, wire.MalformedXML()
		}
		d := in.Rule.Default
		retains := d.Mode != "" || d.Days != 0 || d.Years != 0
		h := d.EventHold
		if !retains && h == nil || h != nil && ((h.Days > 0) == (h.Years > 0) || h.Days < 0 || h.Years < 0) ||
			retains && (d.Mode != "GOVERNANCE" && d.Mode != "COMPLIANCE" || (d.Days > 0) == (d.Years > 0) || d.Days < 0 || d.Years < 0) {
			return nil, wire.MalformedXML()
		}
		lock = &state.ObjectLock{Mode: d.Mode, Days: d.Days, Years: d.Years}
		if h != nil {
			lock.HoldDays, lock.HoldYears = h.Days, h.Years
		}
	}
	if in.Enabled != state.Enabled {
		return nil, wire.MalformedXML()
	}
	if c.Bucket.Versioning != state.Enabled {
		return nil, &wire.Error{
			Status: 409, Code: "InvalidBucketState",
			Message: "Versioning must be 'Enabled' on the bucket to apply a Object Lock configuration",
		}
	}
	c.Bucket.Lock = lock
	return wire.Done(200)
}

type objectLockXML struct {
	Enabled string             `xml:"ObjectLockEnabled,omitempty"`
	Rule    *objectLockRuleXML `xml:"Rule"`
}

type objectLockRuleXML struct {
	Default *defaultRetentionXML `xml:"DefaultRetention"`
}

type defaultRetentionXML struct {
	Mode      string        `xml:"Mode,omitempty"`
	Days      int32         `xml:"Days,omitempty"`
	Years     int32         `xml:"Years,omitempty"`
	EventHold *eventHoldXML `xml:"DefaultEventHold"`
}

type eventHoldXML struct {
	Days  int32 `xml:"Days,omitempty"`
	Years int32 `xml:"Years,omitempty"`
}
