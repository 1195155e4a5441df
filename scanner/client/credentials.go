package client

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials/processcreds"
	"github.com/aws/aws-sdk-go-v2/credentials/ssocreds"
	"github.com/aws/smithy-go"
)

// profileOf is the profile that a configuration was read from, "" where it is of none.
func profileOf(cfg *aws.Config) string {
	for _, source := range cfg.ConfigSources {
		if shared, ok := source.(config.SharedConfig); ok {
			return shared.Profile
		}
	}
	return ""
}

// credentialsError says why there are no credentials to begin with: what the provider of
// the profile says, and its cure.
func credentialsError(cfg *aws.Config, err error) error {
	profile, code := profileOf(cfg), Code(err)
	with := ""
	if profile != "" && profile != "default" {
		with = " --profile " + profile
	}
	var (
		process *processcreds.ProviderError
		token   *ssocreds.InvalidTokenError
		call    *smithy.OperationError
		network net.Error
	)
	switch text := err.Error(); {
	case errors.Is(err, context.Canceled):
		return err
	case errors.As(err, &token), strings.Contains(text, "SSO token"), strings.Contains(text, "SSO session has expired"):
		return &Error{Kind: ExpiredCredentials, Err: err, Problem: "there is no valid SSO session" + of(profile) + " (" + OneLine(Innermost(err)) + ")",
			Hint: fmt.Sprintf("log in with 'aws sso login%s'", with)}
	case errors.As(err, &process):
		return &Error{Kind: NoCredentials, Err: err, Problem: "the credential_process" + of(profile) + " gives no credentials (" + own(err) + ")",
			Hint: fmt.Sprintf("run the command by hand, or try 'aws sts get-caller-identity%s'", with)}
	case slices.Contains(expiredCodes, code):
		return callerError(&smithy.GenericAPIError{Code: "ExpiredToken", Message: Innermost(err).Error()})
	case code != "":
		return callerError(err)
	case errors.As(err, &call) && call.ServiceID != "ec2imds" && errors.As(err, &network):
		return &Error{Kind: NoNetwork, Err: err, Problem: fmt.Sprintf("AWS %s, which gives the credentials%s, cannot be reached (%s)", call.ServiceID, of(profile), OneLine(err)),
			Hint: "check the network, the proxy and AWS_ENDPOINT_URL"}
	case !strings.Contains(text, "IMDS") && !strings.Contains(text, errNone.Error()):
		return &Error{Kind: NoCredentials, Err: err, Problem: "the AWS credentials" + of(profile) + " cannot be had (" + own(err) + ")",
			Hint: fmt.Sprintf("check ~/.aws/config; 'aws sts get-caller-identity%s' tries the same", with)}
	}
	return &Error{Kind: NoCredentials, Err: err, Problem: "no AWS credentials were found",
		Hint: "set AWS_PROFILE or --profile, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"}
}

// errNone is that no credentials are configured.
var errNone = errors.New("none are configured")

func of(profile string) string {
	if profile == "" {
		return ""
	}
	return fmt.Sprintf(" of the profile %q", profile)
}

// own is what a provider of credentials says, in one line without what the SDK says
// before it.
func own(err error) string {
	text := strings.Join(strings.Fields(err.Error()), " ")
	for _, before := range []string{"failed to refresh cached credentials, ", "process provider error: "} {
		text = strings.TrimPrefix(text, before)
	}
	return text
}

// mfaError is the error of a profile that needs an MFA code where no terminal can ask for it.
func mfaError(err error, profile string) error {
	return &Error{Kind: NoCredentials, Err: err, Problem: "the MFA code" + of(profile) + " cannot be asked for: standard input is no terminal",
		Hint: "run it on a terminal, or with the credentials that 'aws sts get-session-token --serial-number ARN --token-code CODE' gives"}
}
