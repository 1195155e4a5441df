package client

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsmiddleware "github.com/aws/aws-sdk-go-v2/aws/middleware"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go/middleware"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"crosscheck/scanner/client/answer"
	"crosscheck/scanner/fact"
)

// wire is what every call of one client goes through in addition to what the SDK does.
type wire struct {
	session *Session
	as      *Identity
	region  string
	silence *silence // nil = no API is ever given up
}

// call is one call on its way. Its attempts follow each other, so nothing guards it.
type call struct {
	api       string
	input     any // of the SDK, a pointer to a struct
	attempts  int
	throttled int // attempts that were throttled
	failures  int // attempts that failed otherwise
}

type callKey struct{}

// add puts the parts of the wire into a client's stack. An attempt starts once it
// is signed: credentials may come from a call that waits for its own turn.
func (w *wire) add(stack *middleware.Stack) error {
	return errors.Join(
		stack.Initialize.Add(middleware.InitializeMiddlewareFunc("crosscheck.Refresh", w.refresh), middleware.Before),
		stack.Initialize.Add(middleware.InitializeMiddlewareFunc("crosscheck.Call", w.call), middleware.Before),
		stack.Finalize.Insert(middleware.FinalizeMiddlewareFunc("crosscheck.Attempt", w.attempt), "Signing", middleware.Before),
		stack.Deserialize.Add(middleware.DeserializeMiddlewareFunc("crosscheck.Answer", w.answer), middleware.After),
	)
}

// call counts and logs a call.
func (w *wire) call(ctx context.Context, in middleware.InitializeInput, next middleware.InitializeHandler) (
	out middleware.InitializeOutput, md middleware.Metadata, err error) {
	c := &call{api: apiName(middleware.GetServiceID(ctx), middleware.GetOperationName(ctx)), input: in.Parameters}
	if err := w.silence.check(c.api); err != nil {
		return out, md, err
	}
	began := time.Now()
	out, md, err = next.HandleInitialize(context.WithValue(ctx, callKey{}, c), in)
	took := time.Since(began)
	w.session.opts.Meter.call(c, took, err != nil && !isAbsence(err))
	if log := w.session.opts.Log; log != nil && log.Enabled(ctx, slog.LevelDebug) {
		account := w.as.account
		if in, ok := in.Parameters.(*sts.AssumeRoleInput); ok {
			account = AccountOf(aws.ToString(in.RoleArn)) // whose role it is, not who asks for it
		}
		status, _ := Response(err)
		if answer, ok := awsmiddleware.GetRawResponse(md).(*smithyhttp.Response); ok {
			status = answer.StatusCode
		}
		code := ""
		if err != nil {
			code, _ = Describe(err)
		}
		log.LogAttrs(ctx, slog.LevelDebug, "call",
			slog.String("account", account), slog.String("region", w.region), slog.String("api", c.api),
			slog.Float64("took_ms", float64(took.Microseconds())/1000), slog.Int("retries", max(c.attempts-1, 0)),
			slog.Int("status", status), slog.String("code", code))
	}
	return out, md, err
}

// refresh repeats a call once with new credentials when AWS says that they have
// expired before their time. When the caller's own have expired for good, no later
// call can go better.
func (w *wire) refresh(ctx context.Context, in middleware.InitializeInput, next middleware.InitializeHandler) (
	middleware.InitializeOutput, middleware.Metadata, error) {
	out, md, err := next.HandleInitialize(ctx, in)
	if c, ok := w.as.credentials.(interface{ Invalidate() }); ok && isExpired(err) {
		c.Invalidate()
		out, md, err = next.HandleInitialize(ctx, in)
	}
	if expired := w.session.opts.Expired; expired != nil && w.as.own && isExpired(err) {
		expired(callerError(err))
	}
	return out, md, err
}

// attempt waits for its turn, gives AWS a limited time, learns from what comes of
// it, and ends a call that has failed often enough.
func (w *wire) attempt(ctx context.Context, in middleware.FinalizeInput, next middleware.FinalizeHandler) (
	out middleware.FinalizeOutput, md middleware.Metadata, err error) {
	c := ctx.Value(callKey{}).(*call)
	leave, err := w.session.limits.enter(ctx, w.as.account, c.api)
	if err != nil {
		return out, md, err
	}
	if err := w.silence.check(c.api); err != nil {
		leave(failed)
		return out, md, err
	}
	limited, limit := ctx, w.session.opts.AttemptTimeout
	if limit > 0 {
		var cancel context.CancelFunc
		limited, cancel = context.WithTimeout(ctx, limit)
		defer cancel()
	}
	c.attempts++
	out, md, err = next.HandleFinalize(limited, in)
	if err != nil && limited.Err() != nil && ctx.Err() == nil {
		// Not wrapped: the SDK does not retry what was canceled.
		err = &Failure{Code: "Timeout", Message: fmt.Sprintf("no answer within %v", limit), retry: true}
	}
	o := outcomeOf(err)
	leave(o)
	w.session.opts.Meter.attempt(o)
	if err == nil || ctx.Err() != nil {
		return out, md, err
	}
	w.silence.note(c.api, o)
	if o == throttled {
		c.throttled++
	} else {
		c.failures++
	}
	if silent := w.silence.check(c.api); silent != nil && o != answered {
		err = silent
	}
	if c.failures >= mostFailures {
		err = &lastError{err}
	}
	return out, md, err
}

// answer compares a body with what the API answers before anything is made of it. The
// SDK takes an empty one, or a document about something else, for an answer with nothing
// in it, and drops elements that it does not know; here that would turn "could not be
// read" into "is not there".
func (w *wire) answer(ctx context.Context, in middleware.DeserializeInput, next middleware.DeserializeHandler) (
	middleware.DeserializeOutput, middleware.Metadata, error) {
	out, md, err := next.HandleDeserialize(ctx, in)
	response, ok := out.RawResponse.(*smithyhttp.Response)
	if !ok || err != nil {
		return out, md, err
	}
	x := answer.Exchange{Status: response.StatusCode, Header: response.Header, Body: response.Body}
	if c, ok := ctx.Value(callKey{}).(*call); ok {
		x.API, x.Input = c.api, c.input
	}
	if request, ok := in.Request.(*smithyhttp.Request); ok {
		x.AWS = isAWS(request.URL.Hostname())
	}
	data, notes, err := answer.Read(x)
	var misread *answer.Error
	switch {
	case errors.As(err, &misread):
		_ = response.Body.Close() // what was read of it is enough
		response.Body = http.NoBody
		return out, md, &Failure{Code: misread.Code, Message: misread.Message, retry: misread.Damaged}
	case data != nil:
		_ = response.Body.Close() // read to its end
		response.Body = io.NopCloser(bytes.NewReader(data))
		KeepBody(&md, data)
	}
	w.session.opts.Meter.note(x.API, notes)
	return out, md, nil
}

// domains are those of the endpoints of AWS.
var domains = fact.Domains()

// isAWS is whether a host is an endpoint of AWS.
func isAWS(host string) bool {
	return slices.ContainsFunc(domains, func(domain string) bool {
		sub, ok := strings.CutSuffix(host, domain)
		return ok && (sub == "" || strings.HasSuffix(sub, "."))
	})
}

// outcomeOf is what an attempt says that ended in err.
func outcomeOf(err error) outcome {
	switch {
	case err == nil:
		return answered
	case isThrottle(err):
		return throttled
	}
	if code, _ := Describe(err); code == "Timeout" || code == "NoAnswer" {
		return failed
	}
	return answered
}

// apiName names an operation of the SDK: "s3:GetBucketPolicy".
func apiName(service, operation string) string {
	return strings.ToLower(strings.ReplaceAll(service, " ", "")) + ":" + operation
}
