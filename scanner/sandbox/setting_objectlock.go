package sandbox

func checkObjectLock(w *worldSettings, wrong report) {
	if l := w.ObjectLock; l != nil {
		wrong.oneOf(".object_lock.mode", l.Mode, "", "GOVERNANCE", "COMPLIANCE")
		if (l.Mode == "") != (l.Days == 0 && l.Years == 0) || l.Days != 0 && l.Years != 0 || l.Days < 0 || l.Years < 0 {
			wrong(".object_lock", "a default retention has a mode and either days or years")
		}
		if w.Versioning != enabled {
			wrong(".object_lock", "Object Lock needs versioning: Enabled")
		}
	}
}

func loadObjectLock(_ *State, b *bucket, w *worldSettings) {
	if l := w.ObjectLock; l != nil {
		own := *l
		b.lock = &own
	}
}

func getObjectLock(c *s3call) (*response, *apiError) {
	l := c.b.lock
	if l == nil {
		return nil, notFound("ObjectLockConfigurationNotFoundError", "Object Lock configuration does not exist for this bucket", c.b)
	}
	out := objectLockXML{Enabled: enabled}
	if l.Mode != "" {
		out.Rule = &objectLockRuleXML{&defaultRetentionXML{l.Mode, l.Days, l.Years}}
	}
	return xmlAnswer("ObjectLockConfiguration", out)
}

func putObjectLock(c *s3call) (*response, *apiError) {
	var in objectLockXML
	if e := c.read("ObjectLockConfiguration", &in); e != nil {
		return nil, e
	}
	lock := &objectLock{}
	if in.Rule != nil {
		if in.Rule.Default == nil {
			return nil, malformedXML()
		}
		d := in.Rule.Default
		if d.Mode != "GOVERNANCE" && d.Mode != "COMPLIANCE" || (d.Days > 0) == (d.Years > 0) || d.Days < 0 || d.Years < 0 {
			return nil, malformedXML()
		}
		lock = &objectLock{d.Mode, d.Days, d.Years}
	}
	if in.Enabled != enabled {
		return nil, malformedXML()
	}
	if c.b.versioning != enabled {
		return nil, &apiError{status: 409, code: "InvalidBucketState", message: "Versioning must be 'Enabled' on the bucket to apply a Object Lock configuration"}
	}
	c.b.lock = lock
	return done(200)
}

type objectLockXML struct {
	Enabled string             `xml:"ObjectLockEnabled,omitempty"`
	Rule    *objectLockRuleXML `xml:"Rule"`
}

type objectLockRuleXML struct {
	Default *defaultRetentionXML `xml:"DefaultRetention"`
}

type defaultRetentionXML struct {
	Mode  string `xml:"Mode"`
	Days  int32  `xml:"Days,omitempty"`
	Years int32  `xml:"Years,omitempty"`
}
