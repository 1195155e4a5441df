package client

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"

	"crosscheck/scanner/fact"
)

// newHTTPClient is the pool of connections. A client of another kind than the SDK's
// own (that of the embedded AWS, say) is used as it is; the SDK's own is made to keep
// n connections to a host, as many as there are calls at a time, and not to follow
// redirects.
func newHTTPClient(given aws.HTTPClient, n int) (client aws.HTTPClient, close func()) {
	sdk, ok := given.(*awshttp.BuildableClient)
	switch {
	case given == nil:
		sdk = awshttp.NewBuildableClient()
	case !ok:
		return given, func() {}
	}
	tr := sdk.GetTransport()
	tr.MaxIdleConns, tr.MaxIdleConnsPerHost, tr.MaxConnsPerHost = 0, n, n // 0 = no limit
	dial := tr.DialContext
	if dial == nil {
		dial = sdk.GetDialer().DialContext
	}
	tr.DialContext = func(ctx context.Context, network, address string) (net.Conn, error) {
		return dial(ctx, network, withoutAccount(address))
	}
	return &http.Client{
		Transport: plainBodies{tr}, Timeout: sdk.GetTimeout(),
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}, tr.CloseIdleConnections
}

// plainBodies hides the method WriteTo of request bodies from the next transport, which
// would prefer it to Read. The SDK closes a body as soon as the answer begins. If the
// transport is still sending then, Read reports the end of the body, but WriteTo returns
// [io.EOF] as an error: the transport closes the connection, the rest of the answer is
// lost, and the call is made again.
type plainBodies struct{ next http.RoundTripper }

// RoundTrip sends the request, as a copy if its body has the method WriteTo.
func (p plainBodies) RoundTrip(r *http.Request) (*http.Response, error) {
	_, writes := r.Body.(io.WriterTo)
	if writes && r.Body != http.NoBody {
		plain := *r
		plain.Body = struct{ io.ReadCloser }{r.Body}
		r = &plain
	}
	return p.next.RoundTrip(r)
}

// stayingOnHost is the SDK's own client, which does not follow redirects to another host.
// Sources of credentials use it as it is; [newHTTPClient] makes of it one that follows none.
//
// The SDK's client follows the statuses 307 and 308, and lets only the transport be
// changed. A transport is asked for the proxy of every request, and an error ends it.
func stayingOnHost() *awshttp.BuildableClient {
	return awshttp.NewBuildableClient().WithTransportOptions(func(tr *http.Transport) {
		tr.Proxy = func(r *http.Request) (*url.URL, error) {
			if r.Response != nil && r.Response.Request != nil && r.Response.Request.URL.Host != r.URL.Host {
				return nil, fmt.Errorf("the redirect from %s to another host is not followed", r.Response.Request.URL.Host)
			}
			return http.ProxyFromEnvironment(r)
		}
	})
}

// withoutAccount strips the account that S3 Control puts in front of the host,
// where what is left is an endpoint on this machine: 111111111111.127.0.0.1 is no name.
func withoutAccount(address string) string {
	id, rest, ok := strings.Cut(address, ".")
	if !ok || !fact.IsAccountID(id) {
		return address
	}
	host, _, err := net.SplitHostPort(rest)
	if err != nil {
		return address
	}
	if ip, err := netip.ParseAddr(host); host == "localhost" || err == nil && ip.IsLoopback() {
		return rest
	}
	return address
}
