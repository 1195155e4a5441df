package cli

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
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
	"github.com/aws/smithy-go"
	"github.com/spf13/cobra"

	"crosscheck/canary/measure"
	"crosscheck/cmd/crosscheck/internal/audit"
	"crosscheck/cmd/crosscheck/internal/usererr"
	"crosscheck/report"
	"crosscheck/report/output"
	"crosscheck/rules"
	"crosscheck/rules/finding"
	"crosscheck/scanner/client"
)

// hubBatch is how many findings BatchImportFindings takes at a time. A hundred of
// ours are far from the 6 MB that it takes as well.
const hubBatch = 100

// sendFlags say where a recorded run is sent.
type sendFlags struct {
	to, role, externalID string
	profile, region      string
}

func (f *sendFlags) add(cmd *cobra.Command) {
	fs := cmd.Flags()
	fs.StringVar(&f.to, "send", "", "import the findings into a `service` of AWS: securityhub")
	fs.StringVar(&f.role, "send-role", "", "send each finding to the account and Region of its bucket, assuming the role `name` there")
	fs.StringVar(&f.externalID, "external-id", "", "external `id` for --send-role")
	fs.StringVar(&f.profile, "profile", "", "AWS `profile` for --send (default: AWS_PROFILE)")
	fs.StringVar(&f.region, "region", "", "AWS `Region` for --send (default: AWS_REGION)")
}

// check refuses flags that say nothing together.
func (f *sendFlags) check(cmd *cobra.Command) error {
	switch {
	case f.to != "" && f.to != "securityhub":
		return usererr.Hint(fmt.Errorf("--send %q is no service that findings can be sent to", f.to), "use --send securityhub")
	case f.externalID != "" && f.role == "":
		return usererr.Hint(errors.New("--external-id is for --send-role"), "name the role, as in --send-role crosscheck-securityhub")
	case f.to == "":
		for _, name := range []string{"send-role", "profile", "region"} {
			if cmd.Flags().Changed(name) {
				return usererr.Hint(fmt.Errorf("--%s is for sending", name), "add --send securityhub")
			}
		}
	}
	return nil
}

// hubAPI is what is called of AWS Security Hub. They are functions, since a client in
// an interface would keep all its calls in the program, 3.6 MB more.
type hubAPI struct {
	batchImportFindings func(context.Context, *securityhub.BatchImportFindingsInput, ...func(*securityhub.Options)) (*securityhub.BatchImportFindingsOutput, error)
	getFindings         func(context.Context, *securityhub.GetFindingsInput, ...func(*securityhub.Options)) (*securityhub.GetFindingsOutput, error)
}

// hub is one Security Hub.
type hub struct{ partition, account, region string }

func (h hub) String() string { return "Security Hub of account " + h.account + " in " + h.region }

// product is the ARN under which an account imports findings of its own.
func (h hub) product() string {
	return fmt.Sprintf("arn:%s:securityhub:%s:%s:product/%s/default", h.partition, h.region, h.account, h.account)
}

// hubs sends a run to Security Hub. It is the writer of the format asff; close
// sends what is left of it, and then archives findings of earlier runs that this run
// judged again and does not have.
type hubs struct {
	report.Writer
	ctx  context.Context
	errs io.Writer // one line for each finding that was not taken
	home hub       // of the caller, where everything goes
	own  bool      // or else, where only what tells no account goes
	open func(hub) hubAPI

	seen    *sightings
	partial []byte // of a line
	batch   []types.AwsSecurityFinding
	to      hub // where batch goes
	targets map[hub]*hubTarget
}

// hubTarget is what was sent to a Security Hub.
type hubTarget struct {
	api                        hubAPI
	sent                       map[string]bool // by Id
	imported, archived, failed int
	err                        error // nothing more is sent there
}

// newHubs is what takes a run that will be sent.
func newHubs(engine *rules.Engine, errs io.Writer) *hubs {
	h := &hubs{errs: errs, seen: newSightings(), targets: map[hub]*hubTarget{}}
	h.Writer = report.Tee(output.ASFF(requestWriter{h}, output.Options{Rules: audit.RuleHelp(engine)}), h.seen)
	return h
}

// connect finds out who the caller is, before anything is sent.
func (h *hubs) connect(ctx context.Context, f *sendFlags) error {
	cfg, err := client.LoadConfig(ctx, f.profile, f.region)
	if err != nil {
		return err
	}
	if cfg.Region == "" {
		return usererr.Hint(errors.New("no AWS Region is set"), "set AWS_REGION or --region to that of the Security Hub")
	}
	// 10 calls a second are taken, and sooner or later come through.
	session := client.New(cfg, client.Options{ExternalID: f.externalID, Attempts: 8})
	caller, err := session.Caller(ctx)
	if err != nil {
		return err
	}
	h.ctx, h.own, h.home = ctx, f.role != "", hub{caller.Partition, caller.AccountID, cfg.Region}
	h.open = func(to hub) hubAPI {
		as := session.Own()
		if to.account != caller.AccountID {
			as = session.Role(client.RoleARN(caller.Partition, to.account, f.role))
		}
		c := securityhub.NewFromConfig(session.Config(as, to.region))
		return hubAPI{c.BatchImportFindings, c.GetFindings}
	}
	return nil
}

// send sends what was taken.
func (h *hubs) send(quiet bool) error {
	if err := h.Close(); err != nil {
		return err
	}
	said, err := h.close()
	if said != "" && !quiet {
		fmt.Fprintln(h.errs, said)
	}
	return err
}

// requestWriter takes requests of BatchImportFindings, one a line.
type requestWriter struct{ *hubs }

func (w requestWriter) Write(p []byte) (int, error) {
	h := w.hubs
	h.partial = append(h.partial, p...)
	for {
		i := bytes.IndexByte(h.partial, '\n')
		if i < 0 {
			return len(p), nil
		}
		var request securityhub.BatchImportFindingsInput
		if err := json.Unmarshal(h.partial[:i], &request); err != nil {
			return 0, fmt.Errorf("this is a bug of crosscheck: %w", err)
		}
		h.partial = h.partial[i+1:]
		for _, f := range request.Findings {
			if err := h.add(f); err != nil {
				return 0, err
			}
		}
	}
}

// add puts a finding into the batch for the Security Hub that it goes to.
func (h *hubs) add(f types.AwsSecurityFinding) error {
	to := h.home
	if account := aws.ToString(f.AwsAccountId); h.own && account == f.ProductFields["crosscheck/AccountId"] {
		to.account = account
		if at, err := arn.Parse(aws.ToString(f.ProductArn)); err == nil && at.Region == f.ProductFields["crosscheck/Region"] {
			to.region = at.Region
		}
	}
	f.AwsAccountId, f.ProductArn = aws.String(to.account), aws.String(to.product())
	h.target(to).sent[aws.ToString(f.Id)] = true
	return h.enqueue(to, f)
}

func (h *hubs) enqueue(to hub, f types.AwsSecurityFinding) error {
	if len(h.batch) == hubBatch || to != h.to {
		if err := h.flush(); err != nil {
			return err
		}
	}
	h.to = to
	h.batch = append(h.batch, f)
	return nil
}

func (h *hubs) target(to hub) *hubTarget {
	t := h.targets[to]
	if t == nil {
		t = &hubTarget{api: h.open(to), sent: map[string]bool{}}
		h.targets[to] = t
	}
	return t
}

// flush imports the batch. The error is that of the context; whatever else goes
// wrong stays with the target.
func (h *hubs) flush() error {
	batch := h.batch
	h.batch = h.batch[:0]
	if len(batch) == 0 {
		return nil
	}
	t := h.target(h.to)
	if t.err == nil {
		t.err = h.take(t, batch)
	}
	if t.err != nil {
		t.failed += len(batch)
	}
	return h.ctx.Err()
}

// take imports findings into the target and tells of every one that was not taken.
func (h *hubs) take(t *hubTarget, batch []types.AwsSecurityFinding) error {
	out, err := t.api.batchImportFindings(h.ctx, &securityhub.BatchImportFindingsInput{Findings: batch})
	if err != nil {
		return err
	}
	done := int(aws.ToInt32(out.SuccessCount))
	if batch[0].RecordState == types.RecordStateArchived {
		t.archived += done
	} else {
		t.imported += done
	}
	t.failed += len(batch) - done
	if n := len(batch) - done - len(out.FailedFindings); n != 0 {
		fmt.Fprintf(h.errs, "crosscheck: %s: its answer tells nothing of %d findings\n", h.to, n)
	}
	for _, failed := range out.FailedFindings {
		fmt.Fprintf(h.errs, "crosscheck: %s did not take %s: %s: %s\n", h.to, usererr.OneLine(aws.ToString(failed.Id)), usererr.OneLine(aws.ToString(failed.ErrorCode)), usererr.OneLine(aws.ToString(failed.ErrorMessage)))
	}
	return nil
}

// close sends what is left, archives what is no more, and says in one error
// what did not get there.
func (h *hubs) close() (string, error) {
	if err := h.flush(); err != nil {
		return "", err
	}
	order := make([]hub, 0, len(h.targets))
	for to := range h.targets {
		order = append(order, to)
	}
	slices.SortFunc(order, func(a, b hub) int { return cmp.Or(cmp.Compare(a.account, b.account), cmp.Compare(a.region, b.region)) })
	var sum hubTarget
	for _, to := range order {
		t := h.targets[to]
		if t.err == nil {
			if err := h.archive(to, t); err != nil {
				return "", err
			}
		}
		sum.imported, sum.archived, sum.failed = sum.imported+t.imported, sum.archived+t.archived, sum.failed+t.failed
		if t.err != nil {
			err := hubError(to, t.err)
			if len(order) > 1 {
				fmt.Fprintf(h.errs, "crosscheck: %s (%d findings)\n", usererr.OneLine(err.Error()), t.failed)
			}
			sum.err = cmp.Or(sum.err, err)
		}
	}
	if sum.failed > 0 && sum.err == nil {
		sum.err = usererr.Hint(errors.New("not all were taken"), "the reasons stand above")
	}
	said := fmt.Sprintf("Security Hub: %d findings imported, %d archived", sum.imported, sum.archived)
	if sum.failed > 0 {
		return said, fmt.Errorf("%d of %d findings did not get into Security Hub: %w", sum.failed, sum.imported+sum.archived+sum.failed, sum.err)
	}
	return said, sum.err
}

// archive ends findings of earlier runs which this run would have again if they
// still stood.
func (h *hubs) archive(to hub, t *hubTarget) error {
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
		page, err := t.api.getFindings(h.ctx, in)
		if err := h.ctx.Err(); err != nil {
			return err
		}
		if err != nil {
			t.err = fmt.Errorf("findings of earlier runs were not looked for: %w", err)
			return nil
		}
		for _, f := range page.Findings {
			ours := strings.HasPrefix(aws.ToString(f.GeneratorId), prefix) && aws.ToString(f.ProductArn) == to.product() && f.RecordState == types.RecordStateActive
			if ours && !t.sent[aws.ToString(f.Id)] && h.seen.without(f.ProductFields, t.sent) {
				gone = append(gone, f)
			}
		}
		more = aws.ToString(page.NextToken) != "" && aws.ToString(page.NextToken) != aws.ToString(in.NextToken)
		in.NextToken = page.NextToken
	}
	now := time.Now().UTC().Format(time.RFC3339)
	for _, f := range gone {
		f.RecordState, f.UpdatedAt = types.RecordStateArchived, &now
		if err := h.enqueue(to, f); err != nil {
			return err
		}
	}
	return h.flush()
}

// hubError says what to do about a Security Hub that takes nothing.
func hubError(to hub, err error) error {
	var api smithy.APIError
	if !errors.As(err, &api) {
		return fmt.Errorf("%s: %w", to, err)
	}
	err = fmt.Errorf("%s: %s: %s", to, api.ErrorCode(), api.ErrorMessage())
	switch api.ErrorCode() {
	case "InvalidAccessException":
		return usererr.Hint(err, "is Security Hub enabled there?")
	case "AccessDeniedException", "AccessDenied":
		return usererr.Hint(err, "allow securityhub:BatchImportFindings and securityhub:GetFindings, and sts:AssumeRole where --send-role is given")
	}
	return err
}

// sightings is what a run looked at: a finding of an earlier run that it does not
// have is gone only if it was looked at again.
type sightings struct {
	report.Discard
	subjects  map[sighted]bool // false: not decided
	links     map[string]bool
	probes    map[string]bool
	resources map[string]bool
	accounts  map[string]bool
}

// sighted is what a finding is about.
type sighted struct{ rule, account, resource, link string }

func newSightings() *sightings {
	return &sightings{subjects: map[sighted]bool{}, links: map[string]bool{}, probes: map[string]bool{}, resources: map[string]bool{}, accounts: map[string]bool{}}
}

func (s *sightings) decided(m map[string]bool, key string, now bool) {
	before, seen := m[key]
	m[key] = now && (before || !seen)
}

// Finding notes what a finding is about.
func (s *sightings) Finding(f *finding.Finding) error {
	at := sighted{f.RuleID, f.AccountID, f.Resource, f.Link}
	before, seen := s.subjects[at]
	s.subjects[at] = (f.Status == finding.Pass || f.Status == finding.Fail || f.Status == finding.NotApplicable) && (before || !seen)
	if strings.Contains(f.Resource, ":s3:::") {
		s.resources[f.Resource], s.accounts[f.AccountID] = true, true
	}
	return nil
}

// Link notes a link.
func (s *sightings) Link(l *finding.Link) error {
	s.decided(s.links, l.ID, l.Verdict == finding.Works || l.Verdict == finding.Broken)
	return nil
}

// Measurement notes a probe.
func (s *sightings) Measurement(m *measure.Measurement) error {
	s.decided(s.probes, m.Link, !m.Undecided())
	return nil
}

// without reports whether the run, of which sent are the Ids, looked again at what
// the fields of a finding tell, and decided it. The rules that are none are those of
// the format asff.
func (s *sightings) without(fields map[string]string, sent map[string]bool) bool {
	at := sighted{fields["crosscheck/Rule"], fields["crosscheck/AccountId"], fields["crosscheck/Resource"], fields["crosscheck/Link"]}
	switch at.rule {
	case "link":
		return s.links[at.link]
	case "probe":
		// Of several probes that differ in nothing, the first has the fingerprint as its Id.
		return s.probes[at.link] && sent["crosscheck/"+fields["crosscheck/Fingerprint"]]
	case "gap":
		if strings.Contains(at.resource, ":s3:::") {
			return s.resources[at.resource]
		}
		return s.accounts[at.account]
	}
	return s.subjects[at]
}
