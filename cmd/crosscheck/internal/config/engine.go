package config

import (
	"cmp"
	"errors"
	"fmt"

	"crosscheck/cmd/crosscheck/internal/usererr"
	"crosscheck/rules"
)

// Engine compiles the rules of the configuration.
func (c *Config) Engine() (*rules.Engine, error) {
	engine, err := rules.New(rules.Options{
		Dirs: c.Rules.Dirs, Enabled: c.Rules.Enable, Disabled: c.Rules.Disable, Severities: c.Rules.Severity,
		Strict: c.Strict, Parameters: c.parameters(),
	})
	var e *rules.OptionError
	if errors.As(err, &e) {
		hint := "crosscheck rules list shows the rules and their packs"
		if e.Near != "" {
			hint = fmt.Sprintf("did you mean %s?", e.Near)
		}
		key := "rules." + e.Option
		return nil, usererr.Hint(fmt.Errorf("%s: %s: %w", c.at(key, e.Name), key, err), hint)
	}
	return engine, err
}

// parameters are what rules may ask of the configuration.
func (c *Config) parameters() map[string]any {
	params := map[string]any{}
	for name, v := range c.Rules.Parameters {
		params[name] = v
	}
	required := []any{}
	for _, r := range c.RequiredReplication {
		tags := map[string]any{}
		for k, v := range r.Tags {
			tags[k] = v
		}
		to := map[string]any{}
		for key, list := range map[string][]string{"accounts": r.Destination.Accounts, "ous": r.Destination.OUs, "regions": r.Destination.Regions} {
			if len(list) > 0 {
				to[key] = anys(list)
			}
		}
		required = append(required, map[string]any{
			"name": cmp.Or(r.Name, "*"), "tags": tags, "accounts": anys(r.Accounts), "ous": anys(r.OUs), "destination": to,
		})
	}
	params["required_replication"] = required
	if d := &c.Destinations; len(d.Accounts) > 0 || len(d.Regions) > 0 || d.OtherAccount || d.OtherRegion {
		params["destinations"] = map[string]any{
			"accounts": anys(d.Accounts), "regions": anys(d.Regions),
			"other_account": d.OtherAccount, "other_region": d.OtherRegion,
		}
	}
	return params
}

// anys is a list as Rego's store wants it.
func anys(list []string) []any {
	out := make([]any, len(list))
	for i, s := range list {
		out[i] = s
	}
	return out
}
