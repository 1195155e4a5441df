package client

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"pgregory.net/rapid"
)

// throttler is a server that takes some time for each request and refuses a share
// of them at random, or all above a rate, in bursts of a tenth of a second.
type throttler struct {
	takes     time.Duration
	rate      float64 // requests a second, 0 = any
	share     float64
	random    *rand.Rand
	mu        sync.Mutex
	tokens    float64
	last      time.Time
	requests  int
	flying    int
	mostAtOne int
}

func (s *throttler) Do(r *http.Request) (*http.Response, error) {
	s.mu.Lock()
	s.flying++
	s.mostAtOne = max(s.mostAtOne, s.flying)
	s.mu.Unlock()
	select {
	case <-time.After(s.takes):
	case <-r.Context().Done():
		return nil, r.Context().Err()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.flying--
	s.requests++
	now := time.Now()
	s.tokens = min(s.tokens+now.Sub(s.last).Seconds()*s.rate, max(1, s.rate/10))
	s.last = now
	status, body := http.StatusOK, `<VersioningConfiguration xmlns="http://s3.amazonaws.com/doc/2006-03-01/"/>`
	if s.rate > 0 && s.tokens < 1 || s.random.Float64() < s.share {
		status, body = http.StatusServiceUnavailable, `<Error><Code>SlowDown</Code><Message>Please reduce your request rate.</Message></Error>`
	} else {
		s.tokens--
	}
	return &http.Response{StatusCode: status, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(body)), Request: r}, nil
}

// TestThrottledCallsComeThrough: as many calls at once as a scan has workers, to a
// server that throttles. All come through, with few wasted. Its log, by the clock of
// synctest, is the measurement at newRetryer and in docs/benchmarks.md.
func TestThrottledCallsComeThrough(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		rate, share float64
		takes       time.Duration
		calls       int
		most        float64 // requests for each call
	}{
		{share: 0.3, takes: 20 * time.Millisecond, calls: 2000, most: 1.6},
		{share: 0.3, takes: 50 * time.Millisecond, calls: 2000, most: 1.6},
		{rate: 50, takes: 20 * time.Millisecond, calls: 1000, most: 2},
		{rate: 50, takes: 5 * time.Millisecond, calls: 1000, most: 2},
		{rate: 300, takes: 20 * time.Millisecond, calls: 5000, most: 1.2},
		{rate: 300, takes: 100 * time.Millisecond, calls: 5000, most: 1.2},
		{rate: 2, takes: 50 * time.Millisecond, calls: 100, most: 4},
	} {
		t.Run(fmt.Sprintf("%v %v %v", c.rate, c.share, c.takes), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				server := &throttler{takes: c.takes, rate: c.rate, share: c.share, random: rand.New(rand.NewPCG(1, 2)), last: time.Now()}
				s, client := throttledClient(server)
				began := time.Now()
				var nine time.Duration // when nine of ten had come through
				work, done := make(chan int), 0
				var mu sync.Mutex
				var workers sync.WaitGroup
				for range 128 {
					workers.Go(func() {
						for range work {
							if _, err := client.GetBucketVersioning(t.Context(), &s3.GetBucketVersioningInput{Bucket: aws.String("b")}); err != nil {
								t.Error(err)
							}
							mu.Lock()
							if done++; done == c.calls*9/10 {
								nine = time.Since(began)
							}
							mu.Unlock()
						}
					})
				}
				for i := range c.calls {
					work <- i
				}
				close(work)
				workers.Wait()
				perCall := float64(server.requests) / float64(c.calls)
				t.Logf("%d calls: %d requests (%.2f), 90 %% after %.1f s, all after %.1f s", c.calls, server.requests, perCall, nine.Seconds(), time.Since(began).Seconds())
				if perCall > c.most {
					t.Errorf("%.2f requests for each call, want at most %v", perCall, c.most)
				}
				all := s.opts.Meter.Calls()
				i := slices.IndexFunc(all, func(c Calls) bool { return c.API == "s3:GetBucketVersioning" })
				if n := all[i]; n.Calls != c.calls || n.Retries != server.requests-c.calls || n.Throttles != n.Retries || n.Errors != 0 {
					t.Errorf("the meter says %+v", n)
				}
				if server.mostAtOne > 64 {
					t.Errorf("%d requests at a time, want at most 64", server.mostAtOne)
				}
			})
		})
	}
}

// throttledClient is a client of S3 as a scan has it.
func throttledClient(server aws.HTTPClient) (*Session, *s3.Client) {
	s := New(aws.Config{Region: "eu-west-1", HTTPClient: server, Credentials: credentials.NewStaticCredentialsProvider("AKIA", "secret", "")},
		Options{AttemptTimeout: 20 * time.Second, GiveUpAfter: 2 * time.Minute})
	return s, NewS3(s.Config(s.Own(), "eu-west-1"))
}

// TestLimiterKeepsItsBounds: whatever attempts come, wait, give up or are throttled,
// bounds are kept, each that waits gets a turn, and none is lost.
func TestLimiterKeepsItsBounds(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		most, account := rapid.IntRange(1, 8).Draw(rt, "most"), rapid.IntRange(1, 8).Draw(rt, "account")
		type visitor struct {
			account, api string
			comes, stays time.Duration
			patience     time.Duration
			outcome      outcome
		}
		visitors := rapid.SliceOfN(rapid.Custom(func(rt *rapid.T) visitor {
			ms := func(name string, most int) time.Duration {
				return time.Duration(rapid.IntRange(0, most).Draw(rt, name)) * time.Millisecond
			}
			return visitor{
				account: rapid.SampledFrom([]string{"1", "2", "3"}).Draw(rt, "account"), api: rapid.SampledFrom([]string{"a", "b"}).Draw(rt, "api"),
				comes: ms("comes", 50), stays: ms("stays", 20), patience: ms("patience", 200) + time.Hour*time.Duration(rapid.IntRange(0, 1).Draw(rt, "patient")),
				outcome: outcome(rapid.IntRange(0, 2).Draw(rt, "outcome")),
			}
		}), 0, 60).Draw(rt, "visitors")
		synctest.Test(t, func(t *testing.T) {
			l := newLimiter(most, account)
			var mu sync.Mutex
			flying := map[string]int{}
			var all sync.WaitGroup
			for _, v := range visitors {
				all.Go(func() {
					time.Sleep(v.comes)
					ctx, cancel := context.WithTimeout(t.Context(), v.patience)
					defer cancel()
					leave, err := l.enter(ctx, v.account, v.api)
					if err != nil {
						if !errors.Is(err, context.DeadlineExceeded) || v.patience >= time.Hour {
							rt.Errorf("%v after %v", err, v.patience)
						}
						return
					}
					mu.Lock()
					flying[""]++
					flying[v.account]++
					if flying[""] > most || flying[v.account] > account {
						rt.Errorf("%d at a time, %d in account %s", flying[""], flying[v.account], v.account)
					}
					mu.Unlock()
					time.Sleep(v.stays)
					mu.Lock()
					flying[""]--
					flying[v.account]--
					mu.Unlock()
					leave(v.outcome)
				})
			}
			all.Wait()
			l.mu.Lock() // a pause may end now
			defer l.mu.Unlock()
			if l.inFlight != 0 || len(l.waiting) != 0 {
				rt.Errorf("%d on their way and %d waiting at the end", l.inFlight, len(l.waiting))
			}
			for key, n := range l.lanes {
				if n.inFlight != 0 || *n.account != 0 || n.window < minWindow || n.window > float64(most) {
					rt.Errorf("%v: %+v", key, n)
				}
			}
		})
	})
}

// TestLimiterCutsOnce: what was on its way together is throttled together, and
// the window is halved once for it.
func TestLimiterCutsOnce(t *testing.T) {
	t.Parallel()
	l := newLimiter(64, 64)
	enter := func() func(outcome) {
		leave, err := l.enter(t.Context(), "1", "a")
		if err != nil {
			t.Fatal(err)
		}
		return leave
	}
	round := func(n int, o outcome) float64 {
		var leave []func(outcome)
		for range n {
			leave = append(leave, enter())
		}
		for _, f := range leave {
			f(o)
		}
		return l.lanes[laneKey{"1", "a"}].window
	}
	for i, step := range []struct {
		n    int
		o    outcome
		want float64
	}{{64, throttled, 32}, {32, throttled, 16}, {8, throttled, 4}, {4, failed, 4}, {4, answered, 5}} {
		if got := round(step.n, step.o); got < step.want-0.2 || got > step.want {
			t.Errorf("step %d: window %v, want %v", i, got, step.want)
		}
	}
	if got := l.lane("1", "b").window; got != 64 {
		t.Errorf("another API of the account has a window of %v", got)
	}
}

// TestLimiterPauses: throttled at one attempt at a time, a lane pauses between two, down to
// an eighth of its rate, and answers make the pauses shorter until there are none.
func TestLimiterPauses(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := newLimiter(1, 1)
		const takes = 80 * time.Millisecond
		attempt := func(o outcome) (waited time.Duration) {
			began := time.Now()
			leave, err := l.enter(t.Context(), "1", "a")
			if err != nil {
				t.Fatal(err)
			}
			waited = time.Since(began)
			time.Sleep(takes)
			leave(o)
			return waited
		}
		for i, step := range []struct {
			o      outcome
			waited time.Duration // before it
		}{
			{throttled, 0}, {throttled, takes}, {throttled, 3 * takes}, {throttled, 7 * takes}, // windows 1, 1/2, 1/4, 1/8
			{failed, 7 * takes}, {answered, 7 * takes}, {answered, takes * 13 / 3}, // 1/8 again, then 3/16
			{answered, takes * 23 / 9}, {answered, takes * 37 / 27}, {answered, takes * 47 / 81}, // 9/32, 27/64, 81/128
			{answered, takes * 13 / 243}, {answered, 0}, // 243/256, 1
		} {
			if got := attempt(step.o); (got - step.waited).Abs() > time.Millisecond {
				t.Errorf("attempt %d waited for %v, want %v", i, got, step.waited)
			}
		}
	})
}
