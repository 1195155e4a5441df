package sandbox

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"io"
	"net"
	"net/http"
	"os"
	"slices"
	"strings"
	"syscall"
	"time"

	"crosscheck/rules/iam/match"
	"crosscheck/scanner/sandbox/service"
	"crosscheck/scanner/sandbox/wire"
)

// Fault is something that goes wrong with the requests that it matches.
// The globs know * and ?; an empty one matches everything.
type Fault struct {
	Operation   string        `yaml:"operation"` // glob over service:Operation, as in s3:GetBucket*
	Account     string        `yaml:"account"`   // glob over the account that the request is about
	Region      string        `yaml:"region"`    // glob over the Region that the request was signed for
	Bucket      string        `yaml:"bucket"`    // glob over the bucket
	Kind        FaultKind     `yaml:"kind"`
	Delay       time.Duration `yaml:"delay"`       // of latency and slow_body
	Status      int           `yaml:"status"`      // of error: 500 (default) to 599
	Skip        int           `yaml:"skip"`        // so many matching requests pass first
	Count       int           `yaml:"count"`       // strikes so often; 0: always
	Probability float64       `yaml:"probability"` // strikes with this probability; 0: always
	Seed        uint64        `yaml:"seed"`        // decides which requests the probability strikes

	seen, struck int
	drawn        map[string]int // requests by operation, account and bucket: draws do not depend on the order of others
}

// FaultKind is what goes wrong.
type FaultKind string

// Kinds of fault. An error answer leaves the state untouched; LostReply,
// Malformed, Truncated and SlowBody strike after the operation took effect.
const (
	Latency        FaultKind = "latency"         // waits Delay, then answers
	Throttling     FaultKind = "throttling"      // the service's own throttling error
	ServerError    FaultKind = "error"           // the service's own 5xx error
	Reset          FaultKind = "reset"           // connection reset before the operation
	LostReply      FaultKind = "lost_reply"      // connection reset after the operation took effect
	AccessDenied   FaultKind = "access_denied"   // 403, or 400 in JSON services
	Malformed      FaultKind = "malformed"       // the right status with a body that does not parse
	Truncated      FaultKind = "truncated"       // the connection ends in the middle of the body
	SlowBody       FaultKind = "slow_body"       // the body stops for Delay in its middle
	NotImplemented FaultKind = "not_implemented" // 501
	ExpiredToken   FaultKind = "expired_token"   // the session has expired
)

var faultKinds = []FaultKind{
	Latency, Throttling, ServerError, Reset, LostReply, AccessDenied,
	Malformed, Truncated, SlowBody, NotImplemented, ExpiredToken,
}

func (f *Fault) check() error {
	switch {
	case !slices.Contains(faultKinds, f.Kind):
		return fmt.Errorf("unknown kind of fault %q; known are %v", f.Kind, faultKinds)
	case (f.Kind == Latency || f.Kind == SlowBody) != (f.Delay > 0):
		return errors.New("latency and slow_body need a delay above 0, other faults have none")
	case f.Status != 0 && (f.Kind != ServerError || f.Status < 500 || f.Status > 599):
		return errors.New("status is for kind error: 500 to 599")
	case f.Probability < 0 || f.Probability > 1:
		return fmt.Errorf("probability %v is not between 0 and 1", f.Probability)
	case f.Skip < 0 || f.Count < 0:
		return errors.New("skip and count are not negative")
	}
	return nil
}

// AddFault sets a fault; it strikes from the next request on. Several can strike
// one request: delays add up, and the first error is the answer.
func (s *Sandbox) AddFault(f Fault) error {
	if err := f.check(); err != nil {
		return err
	}
	f.seen, f.struck, f.drawn = 0, 0, nil
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults = append(s.faults, &f)
	return nil
}

// ClearFaults ends all faults, those of the world too.
func (s *Sandbox) ClearFaults() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults = nil
}

// strike returns the faults that strike a call. It runs with s.mu held.
func (s *Sandbox) strike(c *service.Call) faults {
	var all faults
	for _, f := range s.faults {
		if !glob(f.Operation, c.Op) || !glob(f.Account, c.Account) || !glob(f.Region, c.Region) || !glob(f.Bucket, c.BucketName) {
			continue
		}
		if f.seen++; f.seen <= f.Skip || f.Count > 0 && f.struck >= f.Count || !f.draw(c) {
			continue
		}
		f.struck++
		all = append(all, f)
	}
	return all
}

func glob(pattern, text string) bool { return pattern == "" || match.Match(pattern, text) }

// draw decides by the seed whether the n-th request of its kind is struck.
func (f *Fault) draw(c *service.Call) bool {
	if f.Probability == 0 {
		return true
	}
	kind := c.Op + " " + c.Account + " " + c.BucketName
	if f.drawn == nil {
		f.drawn = map[string]int{}
	}
	f.drawn[kind]++
	h := fnv.New64a()
	fmt.Fprintf(h, "%d %s %d", f.Seed, kind, f.drawn[kind])
	// FNV mixes its upper bits badly for short texts: finish as splitmix64 does.
	x := h.Sum64()
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	x ^= x >> 31
	return float64(x>>11)/(1<<53) < f.Probability
}

// faults are those that strike one call.
type faults []*Fault

// before acts ahead of the operation: a wire.Error is answered instead of it, an
// error breaks the connection.
func (all faults) before(c *service.Call) (*wire.Error, error) {
	for _, f := range all {
		switch f.Kind {
		case Latency:
			if err := sleep(c.HTTP.Context(), f.Delay); err != nil {
				return nil, err
			}
		case Reset:
			return nil, errReset
		case Throttling:
			return c.Service.Errors.Throttled.Fresh(), nil
		case ServerError:
			return serverError(c.Service, f.Status), nil
		case AccessDenied:
			return c.Denied("Access Denied"), nil
		case NotImplemented:
			return wire.NotImplemented(c.Op), nil
		case ExpiredToken:
			return c.Service.Errors.Expired.Fresh(), nil
		}
	}
	return nil, nil
}

// after acts on the answer.
func (all faults) after(res *wire.Response) error {
	for _, f := range all {
		switch f.Kind {
		case LostReply:
			return errReset
		case SlowBody:
			res.Pause += f.Delay
		case Truncated:
			res.Cut = true
		case Malformed:
			if strings.Contains(res.Header.Get("Content-Type"), "json") {
				res.Body = []byte(`{"Malformed": [`)
			} else {
				res.Body = []byte(`<?xml version="1.0" encoding="UTF-8"?>` + "\n<Malformed><Body")
			}
			res.Header.Del("Content-Length")
		}
	}
	return nil
}

// errReset is a connection reset as net/http's transport reports it.
var errReset = &net.OpError{Op: "read", Net: "tcp", Err: os.NewSyscallError("read", syscall.ECONNRESET)}

func sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// faultyBody reads the body of a response, with a pause or an end in its middle.
type faultyBody struct {
	ctx    context.Context
	res    *wire.Response
	offset int
	paused bool
}

func (b *faultyBody) Read(p []byte) (int, error) {
	end := len(b.res.Body)
	if half := end / 2; b.offset < half && (b.res.Cut || b.res.Pause > 0) {
		end = half
	}
	if b.offset == len(b.res.Body)/2 {
		if b.res.Cut {
			return 0, io.ErrUnexpectedEOF
		}
		if b.res.Pause > 0 && !b.paused {
			if err := sleep(b.ctx, b.res.Pause); err != nil {
				return 0, err
			}
			b.paused = true
		}
	}
	if b.offset == len(b.res.Body) {
		return 0, io.EOF
	}
	n := copy(p, b.res.Body[b.offset:end])
	b.offset += n
	return n, nil
}

func (*faultyBody) Close() error { return nil }

// serverError is the service's 5xx error.
func serverError(of *service.Service, status int) *wire.Error {
	if status == 0 {
		status = http.StatusInternalServerError
	}
	e := &wire.Error{Status: status, Code: of.Errors.Internal, Message: "We encountered an internal error. Please try again."}
	if status == http.StatusServiceUnavailable {
		e.Code = "ServiceUnavailable"
	}
	return e
}
