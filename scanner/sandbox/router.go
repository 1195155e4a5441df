package sandbox

import (
	"bytes"
	"crosscheck/scanner/fact"
	"crosscheck/scanner/sandbox/cloudwatch"
	"crosscheck/scanner/sandbox/iam"
	"crosscheck/scanner/sandbox/kms"
	"crosscheck/scanner/sandbox/s3"
	"crosscheck/scanner/sandbox/s3control"
	"crosscheck/scanner/sandbox/sts"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"time"

	"crosscheck/scanner/sandbox/organizations"
	"crosscheck/scanner/sandbox/s3/replicate"
	"crosscheck/scanner/sandbox/service"
	"crosscheck/scanner/sandbox/state"
	"crosscheck/scanner/sandbox/wire"
)

// services are those that the sandbox has, by the name that a request is signed
// for; s3control signs as s3.
var services = byName(cloudwatch.Service, organizations.Service, kms.Service, sts.Service, iam.Service, s3control.Service, s3.Service)

func byName(list ...*service.Service) map[string]*service.Service {
	all := map[string]*service.Service{}
	for _, s := range list {
		all[s.Name] = s
	}
	return all
}

// maxBody bounds a request body; the largest is a part of a multipart upload.
const maxBody = 256 << 20

// serve answers one request. It returns an error only for what a network does:
// a connection reset, or the end of the request's context.
func (s *Sandbox) serve(r *http.Request) (*wire.Response, error) {
	c := &service.Call{HTTP: r}
	res, err := s.answer(c)
	if err != nil {
		return nil, err
	}
	res.Header.Set("Date", time.Now().UTC().Format(http.TimeFormat))
	return res, nil
}

func (s *Sandbox) answer(c *service.Call) (*wire.Response, error) {
	var err error
	if c.HTTP.Body != nil {
		c.Body, err = io.ReadAll(io.LimitReader(c.HTTP.Body, maxBody+1))
		if err != nil {
			return nil, fmt.Errorf("read request body: %w", err)
		}
	}
	credential := parseCredential(c.HTTP)
	name := serviceOf(c, credential)
	c.Region = credential.region

	s.mu.Lock()
	c.ID = s.newRequestID()
	var do service.Operation
	var e *wire.Error
	switch c.Service = services[name]; {
	case c.Service == nil:
		c.Service = unknownService(name)
		_, e = c.Service.Route(s.state, c)
	case len(c.Body) > maxBody:
		e = &wire.Error{Status: 400, Code: "EntityTooLarge", Message: "the request body is too large for the sandbox"}
	default:
		c.Caller, e = identify(s.state, c, credential)
		var unrouted *wire.Error
		if do, unrouted = c.Service.Route(s.state, c); unrouted != nil {
			e = unrouted
		}
	}
	struck := s.strike(c)
	s.mu.Unlock()

	broken, err := struck.before(c)
	if err == nil && broken != nil {
		e = broken
	}
	var res *wire.Response
	if err == nil && e == nil {
		if do.Prepare != nil {
			do.Prepare()
		}
		s.mu.Lock()
		replicate.Settle(s.state)
		res, e = do.Run()
		res, e = s.answerRaw(c, res, e)
		s.mu.Unlock()
	}
	if e != nil {
		res = c.Service.Fail(c, e)
	}
	if err == nil {
		if res.Header == nil {
			res.Header = http.Header{}
		}
		err = struck.after(res)
	}
	switch {
	case err != nil:
		s.log(c, "network")
	case e != nil:
		s.log(c, e.Code)
	default:
		s.log(c, "")
	}
	return res, err
}

// unknownService answers for a service that the sandbox does not have, in the form
// that the request was made in.
func unknownService(name string) *service.Service {
	return &service.Service{
		Name:   name,
		Errors: service.QueryErrors("InternalFailure"),
		Route: func(_ *state.State, c *service.Call) (service.Operation, *wire.Error) {
			c.Op = name + ":Unknown"
			return service.Operation{}, wire.NotImplemented(name)
		},
		Fail: func(c *service.Call, e *wire.Error) *wire.Response {
			switch {
			case c.HTTP.Header.Get("X-Amz-Target") != "":
				return wire.FailJSON(c.ID, e)
			case strings.HasPrefix(c.HTTP.Header.Get("Content-Type"), "application/x-www-form-urlencoded"):
				return wire.FailQuery("", c.ID, e)
			}
			return s3control.Fail(c, e)
		},
	}
}

// newRequestID is the id of a request: the same for the same sequence of requests.
func (s *Sandbox) newRequestID() string {
	s.requests++
	id := hex.EncodeToString(state.Digest("request", strconv.FormatUint(s.requests, 10)))
	return id[:8] + "-" + id[8:12] + "-4" + id[13:16] + "-8" + id[17:20] + "-" + id[20:32]
}

// credential is what a request says about who signed it and for whom.
type credential struct {
	accessKey, region, service, token string
}

var hostRegion = regexp.MustCompile(`\bs3[.-](?:dualstack\.)?(` + fact.RegionName + `)\.(?:` +
	strings.ReplaceAll(strings.Join(fact.Domains(), "|"), ".", `\.`) + `)(?::[0-9]+)?$`)

// parseCredential reads the credential scope of the Authorization header or of a
// presigned URL. Without one, the Region can only come from the host.
func parseCredential(r *http.Request) credential {
	var c credential
	query := r.URL.Query()
	c.token = r.Header.Get("X-Amz-Security-Token")
	authorization := r.Header.Get("Authorization")
	scope := ""
	switch {
	case strings.HasPrefix(authorization, "AWS4-"):
		_, scope, _ = strings.Cut(authorization, "Credential=")
		scope, _, _ = strings.Cut(scope, ",")
		scope = strings.TrimSpace(scope)
	case strings.HasPrefix(authorization, "AWS "): // signature version 2
		scope, _, _ = strings.Cut(strings.TrimPrefix(authorization, "AWS "), ":")
	case query.Get("X-Amz-Credential") != "":
		scope, c.token = query.Get("X-Amz-Credential"), query.Get("X-Amz-Security-Token")
	case query.Get("AWSAccessKeyId") != "":
		scope, c.token = query.Get("AWSAccessKeyId"), query.Get("x-amz-security-token")
	}
	// AKID/20260101/us-east-1/s3/aws4_request; SigV4A leaves the Region out.
	switch part := strings.Split(scope, "/"); len(part) {
	case 5:
		c.accessKey, c.region, c.service = part[0], part[2], part[3]
	case 4:
		c.accessKey, c.service = part[0], part[2]
	default:
		c.accessKey = part[0]
	}
	if c.region == "" {
		c.region = "us-east-1"
		if m := hostRegion.FindStringSubmatch(r.Host); m != nil {
			c.region = m[1]
		}
	}
	return c
}

// serviceOf says which service a request is for: the one it was signed for, or
// what its form says where it is not signed for any.
func serviceOf(c *service.Call, signed credential) string {
	target, path := c.HTTP.Header.Get("X-Amz-Target"), c.HTTP.URL.Path
	form := c.HTTP.Method == http.MethodPost && path == "/" &&
		strings.HasPrefix(c.HTTP.Header.Get("Content-Type"), "application/x-www-form-urlencoded")
	switch {
	case signed.service == "monitoring", signed.service == "" && strings.HasPrefix(target, "GraniteServiceVersion20100801."):
		return "cloudwatch"
	case signed.service != "s3" && signed.service != "":
		return signed.service
	case strings.HasPrefix(path, s3control.Path):
		return "s3control"
	case signed.service == "s3":
		return "s3"
	case strings.HasPrefix(target, "AWSOrganizationsV20161128."):
		return "organizations"
	case strings.HasPrefix(target, "TrentService."):
		return "kms"
	case form && bytes.Contains(c.Body, []byte("Version=2010-05-08")):
		return "iam"
	case form:
		return "sts"
	}
	return "s3"
}

// identify finds the caller by the access key. Only S3 serves anonymous callers.
func identify(s *state.State, c *service.Call, signed credential) (*state.Identity, *wire.Error) {
	if signed.accessKey == "" {
		if c.Service.Anonymous {
			return nil, nil
		}
		return nil, &wire.Error{
			Status: 403, Code: "MissingAuthenticationToken",
			Message: "Request is missing Authentication Token",
		}
	}
	who := s.Access[signed.accessKey]
	switch {
	case who == nil:
		return nil, c.Service.Errors.UnknownKey.Fresh()
	case who.Token != signed.token:
		return nil, c.Service.Errors.BadToken.Fresh()
	case !who.Expires.IsZero() && !time.Now().Before(who.Expires):
		return nil, c.Service.Errors.Expired.Fresh()
	}
	return who, nil
}

// Client answers requests in process, without a socket or a goroutine. It is an
// aws.HTTPClient and safe for concurrent use.
type Client struct{ s *Sandbox }

// HTTPClient is the door for SDK clients of the same process. It honors the
// context of a request; latency is slept on a timer, so that a testing/synctest
// bubble sees it pass.
func (s *Sandbox) HTTPClient() *Client { return &Client{s} }

// Do answers a request whatever host it names.
func (c *Client) Do(r *http.Request) (*http.Response, error) {
	if r.Body != nil {
		defer func() { _ = r.Body.Close() }()
	}
	fail := func(err error) (*http.Response, error) {
		return nil, &url.Error{Op: r.Method[:1] + strings.ToLower(r.Method[1:]), URL: r.URL.String(), Err: err}
	}
	if err := r.Context().Err(); err != nil {
		return fail(err)
	}
	in := r.WithContext(r.Context()) // a shallow copy: the request is not ours to change
	if in.Host == "" {
		in.Host = r.URL.Host
	}
	res, err := c.s.serve(in)
	if err != nil {
		return fail(err)
	}
	out := &http.Response{
		Status:        strconv.Itoa(res.Status) + " " + http.StatusText(res.Status),
		StatusCode:    res.Status,
		Proto:         "HTTP/1.1",
		ProtoMajor:    1,
		ProtoMinor:    1,
		Header:        res.Header,
		ContentLength: int64(len(res.Body)),
		Request:       r,
	}
	if text := res.Header.Get("Content-Length"); text != "" {
		if n, err := strconv.ParseInt(text, 10, 64); err == nil {
			out.ContentLength = n
		}
	}
	switch {
	case r.Method == http.MethodHead:
		out.Body = http.NoBody
	case res.Pause > 0 || res.Cut:
		out.Body = &faultyBody{ctx: r.Context(), res: res}
	default:
		out.Body = io.NopCloser(bytes.NewReader(res.Body))
	}
	return out, nil
}

// ServeHTTP is the door for clients of other processes.
func (s *Sandbox) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	res, err := s.serve(r)
	if err != nil {
		panic(http.ErrAbortHandler) // closes the connection without an answer
	}
	for name, values := range res.Header {
		if strings.HasPrefix(name, "X-Amz-") {
			name = strings.ToLower(name) // as S3 sends it: boto3 takes the case of metadata keys from the wire
		}
		w.Header()[name] = values
	}
	if w.Header().Get("Content-Length") == "" {
		w.Header().Set("Content-Length", strconv.Itoa(len(res.Body)))
	}
	w.WriteHeader(res.Status)
	if r.Method == http.MethodHead {
		return
	}
	body := &faultyBody{ctx: r.Context(), res: res}
	buffer := make([]byte, 64<<10)
	for {
		n, err := body.Read(buffer)
		if n > 0 {
			if _, err := w.Write(buffer[:n]); err != nil {
				return
			}
			if res.Pause > 0 || res.Cut {
				_ = http.NewResponseController(w).Flush()
			}
		}
		if errors.Is(err, io.EOF) {
			return
		}
		if err != nil {
			panic(http.ErrAbortHandler)
		}
	}
}
