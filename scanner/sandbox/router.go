package sandbox

import (
	"bytes"
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
)

// services are those that the sandbox has, by the name that a request is signed
// for; s3control signs as s3.
var services = byName(organizationsService, kmsService, stsService, iamService, s3ControlService, s3Service)

func byName(list ...*service) map[string]*service {
	all := map[string]*service{}
	for _, s := range list {
		all[s.name] = s
	}
	return all
}

// maxBody bounds a request body; the largest is a part of a multipart upload.
const maxBody = 256 << 20

// serve answers one request. It returns an error only for what a network does:
// a connection reset, or the end of the request's context.
func (s *Sandbox) serve(r *http.Request) (*response, error) {
	c := &call{r: r}
	res, err := s.answer(c)
	if err != nil {
		return nil, err
	}
	res.header.Set("Date", time.Now().UTC().Format(http.TimeFormat))
	return res, nil
}

func (s *Sandbox) answer(c *call) (*response, error) {
	var err error
	if c.r.Body != nil {
		c.body, err = io.ReadAll(io.LimitReader(c.r.Body, maxBody+1))
		if err != nil {
			return nil, fmt.Errorf("read request body: %w", err)
		}
	}
	credential := parseCredential(c.r)
	name := serviceOf(c, credential)
	c.region = credential.region

	s.mu.Lock()
	c.id = s.newRequestID()
	var do operation
	var e *apiError
	switch c.service = services[name]; {
	case c.service == nil:
		c.service = unknownService(name)
		_, e = c.service.route(s.state, c)
	case len(c.body) > maxBody:
		e = &apiError{status: 400, code: "EntityTooLarge", message: "the request body is too large for the sandbox"}
	default:
		c.caller, e = identify(s.state, c, credential)
		var unrouted *apiError
		if do, unrouted = c.service.route(s.state, c); unrouted != nil {
			e = unrouted
		}
	}
	struck := s.strike(c)
	s.mu.Unlock()

	broken, err := struck.before(c)
	if err == nil && broken != nil {
		e = broken
	}
	var res *response
	if err == nil && e == nil {
		if do.prepare != nil {
			do.prepare()
		}
		s.mu.Lock()
		settle(s.state)
		res, e = do.run()
		s.mu.Unlock()
	}
	if e != nil {
		res = c.service.fail(c, e)
	}
	if err == nil {
		if res.header == nil {
			res.header = http.Header{}
		}
		err = struck.after(res)
	}
	switch {
	case err != nil:
		s.log(c, "network")
	case e != nil:
		s.log(c, e.code)
	default:
		s.log(c, "")
	}
	return res, err
}

// unknownService answers for a service that the sandbox does not have, in the form
// that the request was made in.
func unknownService(name string) *service {
	return &service{
		name:   name,
		errors: queryErrors("InternalFailure"),
		route: func(_ *State, c *call) (operation, *apiError) {
			c.op = name + ":Unknown"
			return operation{}, notImplemented(name)
		},
		fail: func(c *call, e *apiError) *response {
			switch {
			case c.r.Header.Get("X-Amz-Target") != "":
				return failJSON(c.id, e)
			case strings.HasPrefix(c.r.Header.Get("Content-Type"), "application/x-www-form-urlencoded"):
				return failQuery("", c.id, e)
			}
			return failS3Control(c, e)
		},
	}
}

// newRequestID is the id of a request: the same for the same sequence of requests.
func (s *Sandbox) newRequestID() string {
	s.requests++
	id := hex.EncodeToString(digest("request", strconv.FormatUint(s.requests, 10)))
	return id[:8] + "-" + id[8:12] + "-4" + id[13:16] + "-8" + id[17:20] + "-" + id[20:32]
}

// credential is what a request says about who signed it and for whom.
type credential struct {
	accessKey, region, service, token string
}

var hostRegion = regexp.MustCompile(`\bs3[.-](?:dualstack\.)?([a-z]{2}(?:-[a-z]+)+-\d)\.amazonaws\.`)

// parseCredential reads the credential scope of the Authorization header or of a
// presigned URL. Without one, only the host can tell the Region.
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
func serviceOf(c *call, signed credential) string {
	target, path := c.r.Header.Get("X-Amz-Target"), c.r.URL.Path
	form := c.r.Method == http.MethodPost && path == "/" &&
		strings.HasPrefix(c.r.Header.Get("Content-Type"), "application/x-www-form-urlencoded")
	switch {
	case signed.service != "s3" && signed.service != "":
		return signed.service
	case strings.HasPrefix(path, s3ControlPath):
		return "s3control"
	case signed.service == "s3":
		return "s3"
	case strings.HasPrefix(target, "AWSOrganizationsV20161128."):
		return "organizations"
	case strings.HasPrefix(target, "TrentService."):
		return "kms"
	case form && bytes.Contains(c.body, []byte("Version=2010-05-08")):
		return "iam"
	case form:
		return "sts"
	}
	return "s3"
}

// identify finds the caller by the access key. Only S3 serves anonymous callers.
func identify(s *State, c *call, signed credential) (*identity, *apiError) {
	if signed.accessKey == "" {
		if c.service.anonymous {
			return nil, nil
		}
		return nil, &apiError{status: 403, code: "MissingAuthenticationToken", message: "Request is missing Authentication Token"}
	}
	who := s.access[signed.accessKey]
	switch {
	case who == nil:
		return nil, c.service.errors.unknownKey.fresh()
	case who.token != signed.token:
		return nil, c.service.errors.badToken.fresh()
	case !who.expires.IsZero() && !time.Now().Before(who.expires):
		return nil, c.service.errors.expired.fresh()
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
		Status:        strconv.Itoa(res.status) + " " + http.StatusText(res.status),
		StatusCode:    res.status,
		Proto:         "HTTP/1.1",
		ProtoMajor:    1,
		ProtoMinor:    1,
		Header:        res.header,
		ContentLength: int64(len(res.body)),
		Request:       r,
	}
	if text := res.header.Get("Content-Length"); text != "" {
		if n, err := strconv.ParseInt(text, 10, 64); err == nil {
			out.ContentLength = n
		}
	}
	switch {
	case r.Method == http.MethodHead:
		out.Body = http.NoBody
	case res.pause > 0 || res.cut:
		out.Body = &faultyBody{ctx: r.Context(), res: res}
	default:
		out.Body = io.NopCloser(bytes.NewReader(res.body))
	}
	return out, nil
}

// ServeHTTP is the door for clients of other processes.
func (s *Sandbox) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	res, err := s.serve(r)
	if err != nil {
		panic(http.ErrAbortHandler) // closes the connection without an answer
	}
	for name, values := range res.header {
		if strings.HasPrefix(name, "X-Amz-") {
			name = strings.ToLower(name) // as S3 sends it: boto3 takes the case of metadata keys from the wire
		}
		w.Header()[name] = values
	}
	if w.Header().Get("Content-Length") == "" {
		w.Header().Set("Content-Length", strconv.Itoa(len(res.body)))
	}
	w.WriteHeader(res.status)
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
			if res.pause > 0 || res.cut {
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
