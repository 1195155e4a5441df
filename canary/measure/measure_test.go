package measure

import (
	"slices"
	"testing"
	"time"

	"crosscheck/rules/finding"
)

// TestLatencies counts by nearest rank, and says nothing that the sample cannot carry.
func TestLatencies(t *testing.T) {
	t.Parallel()
	group := func(outcomes ...int64) *Latencies {
		var ms []Measurement
		for _, v := range outcomes {
			m := Measurement{Link: "l", Outcome: Arrived, LatencyMS: v}
			if v < 0 {
				m.Outcome = Timeout
			}
			ms = append(ms, m)
		}
		ms = append(ms, Measurement{Link: "l", Outcome: Inconclusive}, Measurement{Link: "l", Outcome: Absent})
		list := Group(ms)
		if len(list) == 0 {
			return &Latencies{}
		}
		return &list[0]
	}
	hundred := make([]int64, 100)
	for i := range hundred {
		hundred[i] = int64(100 - i)
	}
	missed := append(append([]int64{}, hundred[1:]...), -1)
	for _, test := range []struct {
		name string
		l    *Latencies
		p    float64
		want time.Duration
		ok   bool
	}{
		{"nothing", group(), 50, 0, false},
		{"one carries no median", group(7), 50, 0, false},
		{"one has a maximum", group(7), 100, 7 * time.Millisecond, true},
		{"two carry a median", group(9, 3), 50, 3 * time.Millisecond, true},
		{"nine carry no p90", group(hundred[:9]...), 90, 0, false},
		{"ten carry p90", group(hundred[90:]...), 90, 9 * time.Millisecond, true},
		{"99 carry no p99", group(hundred[:99]...), 99, 0, false},
		{"100 carry p99", group(hundred...), 99, 99 * time.Millisecond, true},
		{"100 carry no p99.9", group(hundred...), 99.9, 0, false},
		{"one in a hundred missed", group(missed...), 99, 99 * time.Millisecond, true},
		{"and is the maximum", group(missed...), 100, NeverArrived, true},
		{"no percentile", group(hundred...), 0, 0, false},
		{"more than all", group(hundred...), 101, 0, false},
	} {
		if got, ok := test.l.Percentile(test.p); got != test.want || ok != test.ok {
			t.Errorf("%s: %v, %v; want %v, %v", test.name, got, ok, test.want, test.ok)
		}
	}
	for p, want := range map[float64]int{50: 2, 90: 10, 99: 100, 99.9: 1000, 100: 1} {
		if got := MinSamples(p); got != want {
			t.Errorf("Needed(%v) = %d, want %d", p, got, want)
		}
	}
}

func TestLatencyText(t *testing.T) {
	t.Parallel()
	ms := []Measurement{{Link: "a", Outcome: Timeout}, {Link: "b", Outcome: Arrived, LatencyMS: 1500}, {Link: "b", Outcome: Differs, LatencyMS: 20}}
	var got []string
	for _, l := range Group(ms) {
		got = append(got, l.Link+": "+l.String())
	}
	want := []string{"a: max never (1 sample)", "b: p50 20ms, max 1.5s (2 samples)"}
	if !slices.Equal(got, want) {
		t.Errorf("%q", got)
	}
}

// TestMeaning holds what each outcome means for the link and for the exit status.
func TestMeaning(t *testing.T) {
	t.Parallel()
	unread, different := []Check{{Name: "body", Result: Unread}}, []Check{{Name: "etag", Result: Tolerated, Want: "a"}}
	for _, test := range []struct {
		m                Measurement
		proves           string
		fault, undecided bool
	}{
		{Measurement{Outcome: Arrived}, "works", false, false},
		{Measurement{Outcome: Arrived, Checks: unread}, "unknown", false, true},
		{Measurement{Outcome: Arrived, Checks: different}, "works", false, false},
		{Measurement{Outcome: Arrived, Leftovers: []Leftover{{}}}, "works", true, false},
		{Measurement{Outcome: Absent}, "works", false, false},
		{Measurement{Outcome: Failed}, "broken", true, false},
		{Measurement{Outcome: Timeout}, "broken", true, false},
		{Measurement{Outcome: Differs, Checks: unread}, "broken", true, false},
		{Measurement{Outcome: Unexpected}, "broken", true, false},
		{Measurement{Outcome: Inconclusive}, "unknown", false, true},
		{Measurement{}, "unknown", false, true},
	} {
		if p, f, u := test.m.Proves(), test.m.Fault(), test.m.Undecided(); p != test.proves || f != test.fault || u != test.undecided {
			t.Errorf("%+v: proves %s, fault %v, undecided %v", test.m, p, f, u)
		}
	}
}

func TestChecksWith(t *testing.T) {
	t.Parallel()
	m := Measurement{Checks: []Check{
		{Name: "size", Result: Equal}, {Name: "tags", Result: Different, Want: "k=v"}, {Name: "body", Result: Different},
	}}
	for result, want := range map[string]string{Different: "tags (wanted k=v, got none), body", Equal: "size", Unread: ""} {
		if got := m.ChecksWith(result); got != want {
			t.Errorf("%s: %q", result, got)
		}
	}
}

// TestOfKMS: a probe of KMS belongs to the default class where the default is KMS, also in
// two layers; one with a bucket key is under one layer.
func TestOfKMS(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		classes     []finding.Class
		kms, bucket finding.Class
	}{
		{[]finding.Class{finding.Default, finding.SSEKMS, finding.DSSE}, finding.SSEKMS, finding.SSEKMS},
		{[]finding.Class{finding.Default, finding.SSES3, finding.DSSE}, finding.Default, finding.Default},
		{[]finding.Class{finding.Default, finding.SSES3, finding.SSEKMS}, finding.Default, finding.SSEKMS},
	} {
		var classes []finding.ClassVerdict
		for _, class := range c.classes {
			classes = append(classes, finding.ClassVerdict{Class: class})
		}
		if kms, bucket := KMS.Of(classes), BucketKey.Of(classes); kms.Class != c.kms || bucket.Class != c.bucket {
			t.Errorf("%v: %s and %s, want %s and %s", c.classes, kms.Class, bucket.Class, c.kms, c.bucket)
		}
	}
}

// TestClassesOfEncryptionAndLock: a probe in two layers of KMS and one with a legal hold are
// compared with their own classes, and with none where the link promises nothing of them.
func TestClassesOfEncryptionAndLock(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		classes      []finding.Class
		dsse, locked finding.Class
	}{
		{[]finding.Class{finding.Default, finding.SSEKMS, finding.DSSE, finding.Locked}, finding.DSSE, finding.Locked},
		{[]finding.Class{finding.Default, finding.SSES3, finding.SSEKMS}, finding.Default, ""}, // two layers by default
		{[]finding.Class{finding.Default, finding.Tagged}, "", ""},
	} {
		var classes []finding.ClassVerdict
		for _, class := range c.classes {
			classes = append(classes, finding.ClassVerdict{Class: class})
		}
		for v, want := range map[Variant]finding.Class{DSSE: c.dsse, Locked: c.locked} {
			got := finding.Class("")
			if of := v.Of(classes); of != nil {
				got = of.Class
			}
			if got != want {
				t.Errorf("%s of %v: %q, want %q", v, c.classes, got, want)
			}
		}
	}
}
