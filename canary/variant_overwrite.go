package canary

import (
	"context"
	"fmt"

	"crosscheck/canary/bucket"
	"crosscheck/canary/measure"
)

// overwrite is two versions of one key, both of which must arrive. The second is
// compared.
var overwrite = variant{
	name:    measure.Overwrite,
	place:   (*Target).underRule,
	shape:   asPlain,
	observe: (*probe).observeOverwrite,
}

func (p *probe) observeOverwrite(ctx context.Context) {
	first := p.version
	if err := p.put(ctx); err != nil {
		p.inconclusive(fmt.Errorf("the second version cannot be put: %w", err))
		return
	}
	bothVisible := func(ctx context.Context) (bool, error) {
		if found, err := p.replicaVisible(ctx); !found {
			return false, err
		}
		return p.listed(ctx, func(v bucket.Version) bool { return v.ID == first })
	}
	if p.await(ctx, bothVisible) {
		p.compare(ctx)
	}
}
