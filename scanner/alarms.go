package scanner

import (
	"context"

	"crosscheck/scanner/alarm"
	"crosscheck/scanner/fact"
)

// readAlarms reads the alarms on failed replication out of a bucket: of all alarms of its
// account and Region, which are listed once.
func readAlarms(ctx context.Context, v *visit, ref bucketRef, q question, field fact.Any) {
	f := field.(*fact.Fact[[]fact.Alarm])
	if ref.owner == nil {
		*f = fact.Missing[[]fact.Alarm](ref.unread)
		return
	}
	_, region := v.index.find(ref.name)
	q.account, q.resource = ref.owner.id, ref.owner.id
	*f = alarm.For(ref.name, v.cache.alarms.Get(ref.owner.id+" "+region, func() fact.Fact[[]fact.Alarm] {
		return ask(&v.notes, q, func() ([]fact.Alarm, error) { return alarm.List(ctx, v.session.cloudwatch(ref.owner, region)) })
	}))
}
