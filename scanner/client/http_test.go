package client

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
)

// leading is a server that answers every request with a redirect to another one. led and
// reached count what comes to each.
func leading(t *testing.T, status int) (url string, led, reached *atomic.Int32) {
	t.Helper()
	led, reached = new(atomic.Int32), new(atomic.Int32)
	other := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { reached.Add(1) }))
	t.Cleanup(other.Close)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		led.Add(1)
		http.Redirect(w, r, other.URL+r.URL.Path, status)
	}))
	t.Cleanup(server.Close)
	return server.URL, led, reached
}

var redirects = []int{http.StatusMovedPermanently, http.StatusFound, http.StatusSeeOther, http.StatusTemporaryRedirect, http.StatusPermanentRedirect}

// TestRedirects: neither a session nor the client of sources of credentials follows a
// redirect to another host.
func TestRedirects(t *testing.T) {
	t.Parallel()
	for _, status := range redirects {
		url, _, reached := leading(t, status)
		for name, c := range map[string]aws.HTTPClient{"none given": nil, "of the environment": stayingOnHost()} {
			s := New(aws.Config{Region: "us-east-1", BaseEndpoint: &url, HTTPClient: c,
				Credentials: credentials.NewStaticCredentialsProvider("AKIAEXAMPLE", "secret", "")}, Options{})
			if _, err := s.Caller(t.Context()); err == nil || reached.Load() > 0 {
				t.Errorf("%d, client %s: %v, %d requests at the other host", status, name, err, reached.Load())
			}
			s.Close()
		}
		for _, method := range []string{http.MethodGet, http.MethodPost, http.MethodDelete} {
			r, err := http.NewRequestWithContext(t.Context(), method, url+"/path", strings.NewReader("token"))
			if err != nil {
				t.Fatal(err)
			}
			res, err := stayingOnHost().Do(r)
			if err == nil {
				err = res.Body.Close()
			}
			if reached.Load() > 0 {
				t.Errorf("%d: %s went to the other host, %v", status, method, err)
			}
		}
	}
}

// TestRedirectsOfCredentials: what asks for credentials does not take the caller's tokens
// to another host.
func TestRedirectsOfCredentials(t *testing.T) {
	token := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(token, []byte("secret"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"AWS_PROFILE", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"} {
		t.Setenv(name, "")
	}
	t.Setenv("AWS_CONFIG_FILE", filepath.Join(t.TempDir(), "none"))
	t.Setenv("AWS_SHARED_CREDENTIALS_FILE", filepath.Join(t.TempDir(), "none"))
	t.Setenv("AWS_MAX_ATTEMPTS", "1")
	for name, env := range map[string]func(url string) map[string]string{
		"container": func(url string) map[string]string {
			return map[string]string{"AWS_CONTAINER_CREDENTIALS_FULL_URI": url + "/credentials", "AWS_CONTAINER_AUTHORIZATION_TOKEN": "secret"}
		},
		"web identity": func(url string) map[string]string {
			return map[string]string{"AWS_ENDPOINT_URL_STS": url, "AWS_WEB_IDENTITY_TOKEN_FILE": token, "AWS_ROLE_ARN": "arn:aws:iam::111111111111:role/r"}
		},
		"instance": func(url string) map[string]string {
			return map[string]string{"AWS_EC2_METADATA_SERVICE_ENDPOINT": url, "AWS_EC2_METADATA_DISABLED": "false"}
		},
	} {
		for _, status := range []int{http.StatusTemporaryRedirect, http.StatusPermanentRedirect} {
			if name == "instance" && status != http.StatusTemporaryRedirect {
				continue // it repeats its question for seconds
			}
			t.Run(fmt.Sprint(name, " ", status), func(t *testing.T) {
				url, led, reached := leading(t, status)
				t.Setenv("AWS_EC2_METADATA_DISABLED", "true")
				for k, v := range env(url) {
					t.Setenv(k, v)
				}
				cfg, err := LoadConfig(t.Context(), "", "us-east-1")
				if err != nil {
					t.Fatal(err)
				}
				if _, err := cfg.Credentials.Retrieve(t.Context()); err == nil || led.Load() == 0 || reached.Load() > 0 {
					t.Errorf("%v, %d redirects, %d requests at the other host", err, led.Load(), reached.Load())
				}
			})
		}
	}
}

func TestWithoutAccount(t *testing.T) {
	t.Parallel()
	for address, want := range map[string]string{
		"111111111111.127.0.0.1:5000":                         "127.0.0.1:5000",
		"111111111111.localhost:5000":                         "localhost:5000",
		"127.0.0.1:5000":                                      "127.0.0.1:5000",
		"111111111111.s3-control.us-east-1.amazonaws.com:443": "111111111111.s3-control.us-east-1.amazonaws.com:443",
		"111111111111.10.0.0.1:5000":                          "111111111111.10.0.0.1:5000",
		"11111111111.127.0.0.1:5000":                          "11111111111.127.0.0.1:5000",
		"111111111111.127.0.0.1.example.org:443":              "111111111111.127.0.0.1.example.org:443",
		"s3.us-east-1.amazonaws.com:443":                      "s3.us-east-1.amazonaws.com:443",
		"111111111111":                                        "111111111111",
	} {
		if got := withoutAccount(address); got != want {
			t.Errorf("%s is dialed as %s, want %s", address, got, want)
		}
	}
}

// closedEarly is the body of a request that the SDK closed when the answer began: what
// still reads of it gets the end, by WriteTo as an error.
type closedEarly struct {
	*strings.Reader
	answered <-chan struct{}
}

func (b closedEarly) Read(p []byte) (int, error) {
	if b.Len() == 0 {
		<-b.answered
	}
	return b.Reader.Read(p)
}

func (b closedEarly) WriteTo(io.Writer) (int64, error) {
	<-b.answered
	return 0, io.EOF
}

func (b closedEarly) Close() error { return nil }

// TestAnswerBeforeTheRequestIsRead: an answer that begins before the transport is done with
// the request is read to its end.
func TestAnswerBeforeTheRequestIsRead(t *testing.T) {
	t.Parallel()
	answered, written := make(chan struct{}), make(chan struct{})
	const whole = 1 << 20
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write(make([]byte, whole/2))
		_ = http.NewResponseController(w).Flush()
		<-written
		_, _ = w.Write(make([]byte, whole/2))
	}))
	defer server.Close()
	client, done := newHTTPClient(nil, 1)
	defer done()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, server.URL, closedEarly{strings.NewReader("{}"), answered})
	if err != nil {
		t.Fatal(err)
	}
	request.ContentLength = 2
	response, err := client.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	close(answered)
	time.Sleep(50 * time.Millisecond) // the transport ends the request
	close(written)
	if body, err := io.ReadAll(response.Body); err != nil || len(body) != whole {
		t.Errorf("%d bytes, %v", len(body), err)
	}
}
