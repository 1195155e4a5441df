package client

import (
	"errors"
	"os"
	"testing"
)

func TestLoadConfig(t *testing.T) {
	t.Setenv("AWS_CONFIG_FILE", os.DevNull)
	t.Setenv("AWS_SHARED_CREDENTIALS_FILE", os.DevNull)
	t.Setenv("AWS_PROFILE", "")
	_, err := LoadConfig(t.Context(), "nowhere", "")
	var problem *Error
	if !errors.As(err, &problem) || problem.Kind != BadOptions || problem.Problem != `there is no AWS profile "nowhere"` {
		t.Errorf("%v", err)
	}
	t.Setenv("AWS_REGION", "eu-west-1")
	for given, want := range map[string]string{"": "eu-west-1", "us-east-2": "us-east-2"} {
		if cfg, err := LoadConfig(t.Context(), "", given); err != nil || cfg.Region != want {
			t.Errorf("given %q: Region %s, %v", given, cfg.Region, err)
		}
	}
	t.Setenv("AWS_CA_BUNDLE", "/none")
	if _, err = LoadConfig(t.Context(), "", "us-east-1"); !errors.As(err, &problem) || problem.Kind != BadOptions {
		t.Errorf("%v", err)
	}
}
