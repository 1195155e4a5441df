package terminal

import (
	"cmp"
	"errors"
	"fmt"
	"log/slog"

	"crosscheck/report/text"
)

// Log says what is logged on standard error, and how.
type Log struct {
	Format Format
	Debug  bool
}

// Format is text or json; "" is text.
type Format string

// String is text or json.
func (f *Format) String() string { return cmp.Or(string(*f), "text") }

// Type is the name of the value in the help of a flag.
func (f *Format) Type() string { return "format" }

// Set refuses what is neither text nor json.
func (f *Format) Set(text string) error {
	if text != "text" && text != "json" {
		return errors.New("use text or json")
	}
	*f = Format(text)
	return nil
}

// Logger writes records to standard error, those of calls with --debug.
func (f *Log) Logger(s *Streams) *slog.Logger {
	options := &slog.HandlerOptions{Level: slog.LevelInfo, ReplaceAttr: visible}
	if f.Debug {
		options.Level = slog.LevelDebug
	}
	if f.Format == "json" {
		return slog.New(slog.NewJSONHandler(s.Err, options))
	}
	return slog.New(slog.NewTextHandler(s.Err, options))
}

// visible lets no text of AWS command the CI system whose log it gets into.
func visible(_ []string, a slog.Attr) slog.Attr {
	switch v := a.Value.Any().(type) {
	case string:
		a.Value = slog.StringValue(text.Visible(v))
	case error:
		a.Value = slog.StringValue(text.Visible(v.Error()))
	case fmt.Stringer:
		a.Value = slog.StringValue(text.Visible(v.String()))
	}
	return a
}

// Say writes one line, or one record.
func (f *Log) Say(s *Streams, line string) {
	if f.Format == "json" {
		f.Logger(s).Info(line)
		return
	}
	fmt.Fprintf(s.Err, "crosscheck: %s\n", text.Visible(line))
}
