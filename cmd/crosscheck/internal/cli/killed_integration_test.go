//go:build integration

package cli

import (
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"sync"
	"testing"
	"time"

	"crosscheck/testdata"
)

// TestIntegrationKilledBehindProxy is TestKilledBehindProxy at many more points.
func TestIntegrationKilledBehindProxy(t *testing.T) {
	t.Parallel()
	killAll(t, 10_000, 100)
}

// TestIntegrationKilledProcesses kills 30 processes behind the proxy.
func TestIntegrationKilledProcesses(t *testing.T) {
	t.Parallel()
	const kills = 30
	var mu sync.Mutex
	left := 0
	t.Run("kills", func(t *testing.T) {
		for seed := range uint64(kills) {
			t.Run(fmt.Sprint(seed), func(t *testing.T) {
				t.Parallel()
				k := killProcess(t, seed)
				k.sweeps(t)
				mu.Lock()
				defer mu.Unlock()
				left += k.left
			})
		}
	})
	if left == 0 {
		t.Error("nothing was ever left by a kill: this tests nothing")
	}
	t.Logf("%d kills left %d versions and uploads", kills, left)
}

// killProcess runs a canary in a process of its own until its proxy kills it.
func killProcess(t *testing.T, seed uint64) *killed {
	t.Helper()
	p := served(t, testdata.DemoWorld)
	random := rand.New(rand.NewPCG(seed, 2))
	p.box.SetLag("orders-ledger", "", time.Duration(random.Int64N(int64(time.Second))))
	var cmd *exec.Cmd
	started := make(chan struct{})
	x := &tamperer{random: random, oneOf: []int{6, 15, 40}[seed%3], last: 1 + random.IntN(150), did: map[string]int{}}
	x.next = func(r *http.Request) (*http.Response, error) {
		answer := httptest.NewRecorder()
		p.box.ServeHTTP(answer, r)
		return answer.Result(), nil
	}
	x.kill = func() {
		<-started
		if err := cmd.Process.Kill(); err != nil {
			t.Error(err)
		}
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		res, err := x.Do(r)
		if err != nil {
			panic(http.ErrAbortHandler) // the connection is cut
		}
		defer func() { _ = res.Body.Close() }()
		for name, values := range res.Header {
			w.Header()[name] = values
		}
		w.WriteHeader(res.StatusCode)
		_, _ = io.Copy(w, res.Body)
	}))
	cmd = exec.Command(os.Args[0], probeLedger...)
	cmd.Env = append(sandboxEnv(server.URL), "XCTEST_MAIN=1", "XDG_STATE_HOME="+p.state, "HOME="+t.TempDir())
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	close(started)
	_ = cmd.Wait() // it was killed
	server.Close() // what was sent is carried out
	if !x.killed || cmd.ProcessState.Exited() {
		t.Errorf("seed %d: the canary ended by itself: %v", seed, cmd.ProcessState)
	}
	return &killed{seed: seed, p: p, notes: fmt.Sprint(x.did)}
}
