package cli

import (
	"cmp"
	"errors"
	"fmt"
	"log/slog"

	"github.com/spf13/pflag"
)

// logFlags say what is logged on standard error, and how.
type logFlags struct {
	format logFormat
	debug  bool
}

func (f *logFlags) add(fs *pflag.FlagSet) {
	fs.Var(&f.format, "log-format", "`format` of progress and log on standard error: text or json")
	fs.BoolVar(&f.debug, "debug", false, "log each call of the scan to AWS on standard error")
}

// logFormat is text or json; "" is text.
type logFormat string

func (f *logFormat) String() string { return cmp.Or(string(*f), "text") }
func (f *logFormat) Type() string   { return "format" }
func (f *logFormat) Set(text string) error {
	if text != "text" && text != "json" {
		return errors.New("use text or json")
	}
	*f = logFormat(text)
	return nil
}

// logger writes records to standard error, those of calls with --debug.
func (f *logFlags) logger(s *streams) *slog.Logger {
	options := &slog.HandlerOptions{Level: slog.LevelInfo}
	if f.debug {
		options.Level = slog.LevelDebug
	}
	if f.format == "json" {
		return slog.New(slog.NewJSONHandler(s.err, options))
	}
	return slog.New(slog.NewTextHandler(s.err, options))
}

// say writes one line, or one record.
func (f *logFlags) say(s *streams, text string) {
	if f.format == "json" {
		f.logger(s).Info(text)
		return
	}
	fmt.Fprintf(s.err, "crosscheck: %s\n", text)
}
