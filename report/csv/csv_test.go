package csv

import (
	"bytes"
	"crosscheck/report"
	"crosscheck/report/internal/records"
	"crosscheck/report/reporttest"
	"encoding/csv"
	"io"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"
)

func TestCSVRoundTrip(t *testing.T) {
	t.Parallel()
	rows := checkCSV(t, render(t, reporttest.Sample(t)))
	if len(rows) != 23 {
		t.Fatalf("%d rows", len(rows))
	}
	var classes []string
	for _, row := range rows {
		if row[0] == "class" {
			classes = append(classes, strings.Join([]string{row[1], row[4], row[8], row[9], row[10]}, "|"))
		}
	}
	const link = "|orders/to-backup→backup-orders|"
	want := []string{"works|default" + link + "|", "broken|sse-kms" + link + "|DstKmsKeyInvalidState",
		"partial|tagged" + link + "keys under orders/2025/ fail|", "unknown|annotated" + link + "does not count for the link|"}
	if !slices.Equal(classes, want) {
		t.Errorf("classes %q, want %q", classes, want)
	}
	if got := strings.Join(rows[0], ","); got != strings.Join(csvHeader, ",") {
		t.Errorf("header %s", got)
	}
}

// checkCSV reads a CSV file as RFC 4180 has it and looks for formulas.
func checkCSV(t *testing.T, out []byte) [][]string {
	t.Helper()
	if n := bytes.Count(out, []byte("\n")); n != bytes.Count(out, []byte("\r\n")) {
		t.Error("a line does not end in CR LF")
	}
	rows, err := csv.NewReader(bytes.NewReader(out)).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range rows {
		if len(row) != len(csvHeader) {
			t.Fatalf("row of %d cells: %q", len(row), row)
		}
		for _, cell := range row {
			if utf8.RuneCountInString(cell) > 32_767 {
				t.Errorf("a cell of %d characters, more than a spreadsheet keeps", utf8.RuneCountInString(cell))
			}
			if cell != "" && strings.ContainsAny(cell[:1], "=+-@\t\r") || strings.HasPrefix(cell, "＝") {
				t.Errorf("a cell that a spreadsheet computes: %.80q", cell)
			}
		}
	}
	return rows
}

// render writes the messages in the format.
func render(t testing.TB, ms []report.Message) []byte {
	t.Helper()
	return reporttest.Render(t, records.Keep{Passes: true}, func(w io.Writer, r *records.Run) error { return Render(w, r) }, ms)
}

func TestHostileText(t *testing.T) {
	t.Parallel()
	for name, s := range reporttest.Hostile {
		t.Run(name, func(t *testing.T) { checkCSV(t, render(t, reporttest.HostileRun(t, s))) })
	}
}
