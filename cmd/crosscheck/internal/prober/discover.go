package prober

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"crosscheck/canary"
	"crosscheck/canary/journal"
	"crosscheck/cmd/crosscheck/internal/audit"
	"crosscheck/cmd/crosscheck/internal/progress"
	"crosscheck/cmd/crosscheck/internal/usererr"
	"crosscheck/report"
	"crosscheck/report/text"
	"crosscheck/rules"
	"crosscheck/rules/finding"
	"crosscheck/rules/permission"
	"crosscheck/rules/permission/demand"
	"crosscheck/scanner"
	"crosscheck/scanner/client"
	"crosscheck/scanner/fact"
)

// discover finds the links to probe. With Options.Whole, what the scan finds
// is reported too; otherwise only what keeps links from being found.
func (p *prober) discover(ctx context.Context, engine *rules.Engine) error {
	o := &p.o
	if o.Source != "" {
		return p.discoverDirect(ctx)
	}
	wanted := map[string]bool{}
	for _, id := range o.Links {
		wanted[strings.Replace(id, "->", "→", 1)] = false
	}
	cfg, err := o.AWS(ctx, o.Profile, o.Region)
	if err != nil {
		return err
	}
	options := o.Scan
	options.Needs, options.Meter, options.RunID = engine.Needs(), new(scanner.Meter), p.run
	options.Buckets = cmp.Or(options.Buckets, onlySource(wanted))

	var known []string
	source := func(ctx context.Context, emit func(fact.Message) error) error {
		return scanner.Scan(ctx, cfg, options, emit)
	}
	p.w.LinksOnly = !o.Whole
	p.progress("scanning for links with the role %s", o.Scan.RoleName)
	scanned := progress.Of(p.s, &o.Log, o.Quiet, o.Results, options.Meter)
	judging := audit.Audit{Engine: engine, Version: o.Version, Repair: o.Whole, Calls: scanned.Calls, Each: func(doc *fact.Document, links []finding.Link) {
		scanned.Judged(doc.Bucket.AccountID, len(links))
		for i := range links {
			l := &links[i]
			known = append(known, l.ID)
			if len(o.Links) > 0 {
				if _, ok := wanted[l.ID]; !ok {
					continue
				}
				wanted[l.ID] = true
			}
			i := slices.IndexFunc(doc.Links, func(x fact.Link) bool { return x.ID == l.ID })
			if i < 0 {
				continue
			}
			if p.each != nil {
				p.each(doc, &doc.Links[i])
			}
			t := canary.TargetOf(doc, &doc.Links[i])
			t.Predicted, t.FailureCodes, t.Classes = string(l.Verdict), l.FailureCodes, l.Classes
			t.Refusals = p.refusals(doc, &doc.Links[i], t)
			p.targets = append(p.targets, t)
		}
	}}
	err = judging.Run(ctx, source, p.w)
	scanned.Done()
	p.w.LinksOnly = false
	if err != nil {
		return err
	}
	scanned.Finished()
	for _, id := range slices.Sorted(maps.Keys(wanted)) {
		if !wanted[id] {
			return usererr.Hint(fmt.Errorf("there is no link %q", id), nearest(id, known))
		}
	}
	if len(p.targets) == 0 {
		return usererr.Hint(errors.New("no link was found to probe"), "'crosscheck scan' lists the links and what could not be read")
	}
	slices.SortFunc(p.targets, func(a, b *canary.Target) int { return cmp.Compare(a.Link, b.Link) })
	for _, t := range p.targets {
		source, destination := p.roles()
		p.connect(ctx, t, source, destination)
	}
	return nil
}

// roles are the names of the roles for the two ends of links that a scan found, "" = the
// credentials of a profile as they are.
func (p *prober) roles() (source, destination string) {
	o := &p.o
	source, destination = o.Role, o.Role
	if o.Scan.AccountOnly && !o.RoleGiven {
		return "", "" // the caller's own account with the caller's own credentials
	}
	if o.DestinationProfile != "" && !o.RoleGiven {
		destination = ""
	}
	return source, destination
}

// refusals are the statements that refuse the canary's roles what a probe needs, as far as the
// facts of the scan say.
func (p *prober) refusals(doc *fact.Document, l *fact.Link, t *canary.Target) map[canary.Right]string {
	var out map[canary.Right]string
	source, destination := p.roles()
	for _, end := range []struct {
		side        canary.Side
		role        string
		bucket      *fact.Bucket
		layer, keys demand.Layer
	}{
		{canary.SourceSide, source, &t.Source.Bucket, demand.Source, demand.SourceKey},
		{canary.DestinationSide, destination, &t.Destination.Bucket, demand.Destination, demand.DestinationKey},
	} {
		if end.role == "" || end.bucket.AccountID == "" {
			continue
		}
		role := client.RoleARN(fact.PartitionOf(end.bucket.Region), end.bucket.AccountID, end.role)
		ask := func(a permission.Ask) {
			if where := permission.Refusal(doc, l, role, a, p.policies).Clause; where != "" {
				if out == nil {
					out = map[canary.Right]string{}
				}
				out[canary.Right{Side: end.side, Action: a.Action}] = where
			}
		}
		buckets, objects, keys := canary.Actions(end.side)
		for _, action := range buckets {
			ask(permission.Ask{Layer: end.layer, Action: action})
		}
		for _, action := range objects {
			ask(permission.Ask{Layer: end.layer, Action: action, Key: journal.Key(l.Rule.Prefix, p.o.Folder, p.run, 1)})
		}
		for _, action := range keys {
			ask(permission.Ask{Layer: end.keys, Action: action})
		}
	}
	return out
}

// onlySource is the one source bucket of some link ids, "" if there is not one.
func onlySource(ids map[string]bool) string {
	only := ""
	for id := range ids {
		source, _, _ := strings.Cut(id, "/")
		if only != "" && only != source {
			return ""
		}
		only = source
	}
	return only
}

// nearest is a hint of the links that may have been meant.
func nearest(id string, known []string) string {
	source, _, _ := strings.Cut(id, "/")
	var near []string
	for _, k := range known {
		if strings.HasPrefix(k, source+"/") {
			near = append(near, k)
		}
	}
	if near == nil {
		near = known
	}
	if len(near) == 0 {
		return "'crosscheck scan' lists the links"
	}
	slices.Sort(near)
	more := ""
	if len(near) > 5 {
		near, more = near[:5], ", …"
	}
	return "there are " + strings.Join(near, ", ") + more
}

// discoverDirect finds the links of --source without a scan.
func (p *prober) discoverDirect(ctx context.Context) error {
	o := &p.o
	started := time.Now().UTC().Format(time.RFC3339)
	p.progress("reading the replication rules of %s", text.Visible(o.Source))
	role := func(account string) string {
		if account == "" || !o.RoleGiven {
			return "" // the profile's credentials as they are
		}
		return o.Role
	}
	source, err := p.clients.Locate(ctx, journal.Location{
		Bucket: o.Source, AccountID: o.SourceAccount, Region: o.Region,
		Access: journal.Access{Profile: o.Profile, Endpoint: o.Endpoint, RoleName: role(o.SourceAccount)},
	})
	if err != nil {
		return err
	}
	reader, ok := source.S3.(canary.ReplicationReader)
	if !ok {
		return errors.New("the replication configuration cannot be read")
	}
	targets, err := canary.Links(ctx, reader, source, o.Destination)
	if err != nil {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		return usererr.Hint(err, "check --source, --destination and the credentials")
	}
	for _, t := range targets {
		t.Destination.AccountID = cmp.Or(o.DestinationAccount, t.Destination.AccountID)
		p.connect(ctx, t, role(o.SourceAccount), role(t.Destination.AccountID))
	}
	p.targets = targets
	run := report.Run{ID: p.run, StartedAt: started, Scope: fact.Scope{Mode: "bucket", Buckets: o.Source}, Tool: report.Tool{Name: "crosscheck", Version: o.Version}}
	coverage := fact.Coverage{Buckets: fact.BucketCoverage{Listed: 1, Scanned: 1}, Links: len(targets)}
	return errors.Join(p.w.Run(&run), p.w.Coverage(&coverage))
}

// connect gives access to all buckets of a target; where it cannot, the bucket says why.
func (p *prober) connect(ctx context.Context, t *canary.Target, sourceRole, destinationRole string) {
	o := &p.o
	if o.DestinationProfile != "" && !o.RoleGiven {
		destinationRole = "" // credentials of their own
	}
	p.clients.Connect(ctx, &t.Source, journal.Access{Profile: o.Profile, Endpoint: o.Endpoint, RoleName: sourceRole})
	there := journal.Access{
		Profile: cmp.Or(o.DestinationProfile, o.Profile), Endpoint: cmp.Or(o.DestinationEndpoint, o.Endpoint), RoleName: destinationRole,
	}
	p.clients.Connect(ctx, &t.Destination, there)
	for _, arn := range slices.Sorted(maps.Keys(t.Others)) {
		b := t.Others[arn]
		at := b.Location()
		at.Access = there
		if p.others[at] == nil {
			p.clients.Connect(ctx, b, there)
			p.others[at] = b
		}
		t.Others[arn] = p.others[at]
	}
}

// predictions are the probed links with what the audit predicts of them.
func (p *prober) predictions() []finding.Link {
	links := make([]finding.Link, len(p.targets))
	for i, t := range p.targets {
		links[i] = finding.Link{
			ID: t.Link, RuleID: t.Rule.ID,
			Source:      finding.End{AccountID: t.Source.AccountID, Region: t.Source.Region, Bucket: t.Source.Name},
			Destination: finding.End{AccountID: t.Destination.AccountID, Region: t.Destination.Region, Bucket: t.Destination.Name},
			Verdict:     finding.Verdict(t.Predicted), FailureCodes: t.FailureCodes, Classes: t.Classes,
		}
	}
	return links
}
