// Package securityhub imports a run into AWS Security Hub, and archives findings of
// earlier runs that are resolved.
package securityhub

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/arn"
	"github.com/aws/aws-sdk-go-v2/service/securityhub"
	"github.com/aws/aws-sdk-go-v2/service/securityhub/types"

	"crosscheck/report"
	"crosscheck/report/asff"
	"crosscheck/report/compare"
	"crosscheck/report/internal/records"
	"crosscheck/report/text"
	"crosscheck/rules/finding"
	"crosscheck/scanner/client"
)

// NotImported is the kind of a [client.Error] of a Security Hub that did not take
// findings.
const NotImported client.ErrorKind = "not imported"

// batchSize is how many findings BatchImportFindings takes at a time. A hundred of
// ours are far from the 6 MB that it takes as well.
const batchSize = 100

// Options say how a run is imported.
type Options struct {
	Profile, Region string // of the AWS configuration; "" = those of the environment

	// Role is the name of the role that is assumed to import each finding into the account
	// and Region of its bucket; "" = all go to the caller's own account and Region.
	Role       string
	ExternalID string // sent when Role is assumed; "" = none

	Rules map[string]finding.About // by rule id; a missing one is explained by its findings
	Log   io.Writer                // one line for each finding that was not imported
}

// api is what is called of AWS Security Hub. They are functions, since a client in
// an interface would keep all its calls in the program, 3.6 MB more.
type api struct {
	batchImportFindings func(context.Context, *securityhub.BatchImportFindingsInput, ...func(*securityhub.Options)) (*securityhub.BatchImportFindingsOutput, error)
	getFindings         func(context.Context, *securityhub.GetFindingsInput, ...func(*securityhub.Options)) (*securityhub.GetFindingsOutput, error)
}

// destination is the Security Hub of an account in a Region.
type destination struct{ partition, account, region string }

func (d destination) String() string {
	return "Security Hub of account " + d.account + " in " + d.region
}

// product is the ARN under which an account imports findings of its own.
func (d destination) product() string {
	return fmt.Sprintf("arn:%s:securityhub:%s:%s:product/%s/default", d.partition, d.region, d.account, d.account)
}

// Importer records a run as a [report.Writer], and then imports it.
// [Importer.Connect] is called before [Importer.Import].
type Importer struct {
	report.Writer // records the run
	opts          Options
	run           *records.Builder
	seen          *compare.Observed

	home destination // the caller's
	open func(destination) api

	batch   []types.AwsSecurityFinding
	to      destination // of batch
	results map[destination]*result
}

// result is what was imported into one Security Hub.
type result struct {
	api                        api
	sent                       map[string]bool // by Id
	imported, archived, failed int
	err                        error // nothing more is sent there
}

// New makes an importer. It calls nothing.
func New(opts Options) *Importer {
	i := &Importer{opts: opts, run: records.NewBuilder(), seen: compare.Observe(nil), results: map[destination]*result{}}
	i.run.Keep = records.Keep{Passes: true}
	i.Writer = report.Tee(i.run, i.seen)
	return i
}

// Connect asks AWS who the caller is. It fails with a [client.Error].
func (i *Importer) Connect(ctx context.Context) error {
	cfg, err := client.LoadConfig(ctx, i.opts.Profile, i.opts.Region)
	if err != nil {
		return err
	}
	if cfg.Region == "" {
		return &client.Error{Kind: client.BadOptions, Problem: "no AWS Region is set",
			Hint: "set AWS_REGION or --region to that of the Security Hub"}
	}
	// AWS takes 10 calls a second: throttled calls succeed after some attempts.
	session := client.New(cfg, client.Options{ExternalID: i.opts.ExternalID, Attempts: 8})
	caller, err := session.Caller(ctx)
	if err != nil {
		return err
	}
	i.home = destination{caller.Partition, caller.AccountID, cfg.Region}
	i.open = func(to destination) api {
		as := session.Own()
		if to.account != caller.AccountID {
			as = session.Role(client.RoleARN(caller.Partition, to.account, i.opts.Role))
		}
		c := securityhub.NewFromConfig(session.Config(as, to.region))
		return api{c.BatchImportFindings, c.GetFindings}
	}
	return nil
}

// Counts are what an import came to, in findings.
type Counts struct{ Imported, Archived, Failed int }

// String is one line for people.
func (n Counts) String() string {
	return fmt.Sprintf("Security Hub: %d findings imported, %d archived", n.Imported, n.Archived)
}

// Import imports the recorded run and archives what is resolved. What a Security Hub
// rejects is logged; the error is one [client.Error] for all that was not imported, or
// that of the context. It refuses a run that was cut.
func (i *Importer) Import(ctx context.Context) (Counts, error) {
	run, err := i.run.Finish()
	if err != nil {
		return Counts{}, err
	}
	err = asff.Each(run, i.opts.Rules, func(f *asff.Finding) error { return i.add(ctx, sdkFinding(f)) })
	if err == nil {
		err = i.flush(ctx)
	}
	if err != nil {
		return Counts{}, err
	}
	order := make([]destination, 0, len(i.results))
	for to := range i.results {
		order = append(order, to)
	}
	slices.SortFunc(order, func(a, b destination) int {
		return cmp.Or(cmp.Compare(a.account, b.account), cmp.Compare(a.region, b.region))
	})
	for _, to := range order {
		if r := i.results[to]; r.err == nil {
			if err := i.archive(ctx, to, r); err != nil {
				return Counts{}, err
			}
		}
	}
	return i.sum(order)
}

// sum adds up the results and makes one error of all that failed.
func (i *Importer) sum(order []destination) (Counts, error) {
	var n Counts
	var first error
	for _, to := range order {
		r := i.results[to]
		n.Imported, n.Archived, n.Failed = n.Imported+r.imported, n.Archived+r.archived, n.Failed+r.failed
		if r.err == nil {
			continue
		}
		err := refusal(to, r.err)
		if len(order) > 1 {
			fmt.Fprintf(i.opts.Log, "crosscheck: %s (%d findings)\n", text.Visible(err.Error()), r.failed)
		}
		first = cmp.Or(first, err)
	}
	if n.Failed == 0 {
		return n, first
	}
	if first == nil {
		first = &client.Error{Kind: NotImported, Problem: "Security Hub refused them or did not answer for them", Hint: "see the reasons above"}
	}
	return n, fmt.Errorf("%d of %d findings did not get into Security Hub: %w", n.Failed, n.Imported+n.Archived+n.Failed, first)
}

// add puts a finding into the batch for its destination.
func (i *Importer) add(ctx context.Context, f types.AwsSecurityFinding) error {
	to := i.home
	if account := aws.ToString(f.AwsAccountId); i.opts.Role != "" && account == f.ProductFields["crosscheck/AccountId"] {
		to.account = account
		if at, err := arn.Parse(aws.ToString(f.ProductArn)); err == nil && at.Region == f.ProductFields["crosscheck/Region"] {
			to.region = at.Region
		}
	}
	f.AwsAccountId, f.ProductArn = aws.String(to.account), aws.String(to.product())
	i.result(to).sent[aws.ToString(f.Id)] = true
	return i.enqueue(ctx, to, f)
}

func (i *Importer) enqueue(ctx context.Context, to destination, f types.AwsSecurityFinding) error {
	if len(i.batch) == batchSize || to != i.to {
		if err := i.flush(ctx); err != nil {
			return err
		}
	}
	i.to = to
	i.batch = append(i.batch, f)
	return nil
}

func (i *Importer) result(to destination) *result {
	r := i.results[to]
	if r == nil {
		r = &result{api: i.open(to), sent: map[string]bool{}}
		i.results[to] = r
	}
	return r
}

// flush imports the batch. The error is that of the context; other errors are kept
// in the result.
func (i *Importer) flush(ctx context.Context) error {
	batch := i.batch
	i.batch = i.batch[:0]
	if len(batch) == 0 {
		return nil
	}
	r := i.result(i.to)
	if r.err == nil {
		r.err = i.send(ctx, r, batch)
	}
	if r.err != nil {
		r.failed += len(batch)
	}
	return ctx.Err()
}

// send imports a batch and logs every finding that was rejected.
func (i *Importer) send(ctx context.Context, r *result, batch []types.AwsSecurityFinding) error {
	out, err := r.api.batchImportFindings(ctx, &securityhub.BatchImportFindingsInput{Findings: batch})
	if err != nil {
		return err
	}
	done := int(aws.ToInt32(out.SuccessCount))
	if batch[0].RecordState == types.RecordStateArchived {
		r.archived += done
	} else {
		r.imported += done
	}
	r.failed += len(batch) - done
	if n := len(batch) - done - len(out.FailedFindings); n != 0 {
		fmt.Fprintf(i.opts.Log, "crosscheck: %s: its answer does not say what happened to %d findings\n", i.to, n)
	}
	visible := func(s *string) string { return text.Visible(aws.ToString(s)) }
	for _, f := range out.FailedFindings {
		fmt.Fprintf(i.opts.Log, "crosscheck: %s did not take %s: %s: %s\n",
			i.to, visible(f.Id), visible(f.ErrorCode), visible(f.ErrorMessage))
	}
	return nil
}

// archive ends findings of earlier runs which this run would have again if they
// were not resolved.
func (i *Importer) archive(ctx context.Context, to destination, r *result) error {
	is := func(value string) []types.StringFilter {
		return []types.StringFilter{{Comparison: types.StringFilterComparisonEquals, Value: &value}}
	}
	prefix := "crosscheck/"
	in := &securityhub.GetFindingsInput{MaxResults: aws.Int32(100), Filters: &types.AwsSecurityFindingFilters{
		AwsAccountId: is(to.account), ProductArn: is(to.product()), RecordState: is(string(types.RecordStateActive)),
		GeneratorId: []types.StringFilter{{Comparison: types.StringFilterComparisonPrefix, Value: &prefix}},
	}}
	var gone []types.AwsSecurityFinding
	for more := true; more; {
		page, err := r.api.getFindings(ctx, in)
		if err := ctx.Err(); err != nil {
			return err
		}
		if err != nil {
			r.err = err
			return nil //nolint:nilerr // it is this destination's error, and is reported with its result
		}
		for _, f := range page.Findings {
			ours := strings.HasPrefix(aws.ToString(f.GeneratorId), prefix) &&
				aws.ToString(f.ProductArn) == to.product() && f.RecordState == types.RecordStateActive
			if ours && !r.sent[aws.ToString(f.Id)] && i.resolved(f.ProductFields, r.sent) {
				gone = append(gone, f)
			}
		}
		more = aws.ToString(page.NextToken) != "" && aws.ToString(page.NextToken) != aws.ToString(in.NextToken)
		in.NextToken = page.NextToken
	}
	now := time.Now().UTC().Format(time.RFC3339)
	for _, f := range gone {
		f.RecordState, f.UpdatedAt = types.RecordStateArchived, &now
		if err := i.enqueue(ctx, to, f); err != nil {
			return err
		}
	}
	return i.flush(ctx)
}

// resolved reports whether the run, of which sent are the Ids, decided again what a
// finding with these fields was about. The scope of the run that the finding comes
// from is not known.
func (i *Importer) resolved(fields map[string]string, sent map[string]bool) bool {
	field := func(name string) string { return fields["crosscheck/"+name] }
	about := compare.Subject{
		Rule: field("Rule"), AccountID: field("AccountId"), Resource: field("Resource"), Link: field("Link"),
	}
	// Of several probes that differ in nothing, the first has the fingerprint as its Id.
	if about.Rule == finding.ProbeShows && !sent["crosscheck/"+field("Fingerprint")] {
		return false
	}
	return i.seen.Decided(about)
}

// refusal says what to do about a Security Hub that takes nothing.
func refusal(to destination, err error) error {
	e := &client.Error{Kind: NotImported, Err: err, Problem: to.String() + ": " + client.OneLine(err)}
	var own *client.Error
	switch code := client.Code(err); {
	case code == "InvalidAccessException":
		e.Hint = "is Security Hub enabled there?"
	case client.IsDenied(code):
		e.Hint = "allow securityhub:BatchImportFindings and securityhub:GetFindings, and sts:AssumeRole where --send-role is given"
	case errors.As(err, &own):
		e.Hint = own.Hint
	}
	return e
}
