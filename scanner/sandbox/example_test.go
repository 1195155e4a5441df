package sandbox_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"

	"crosscheck/scanner/sandbox"
)

// A world is served like any http.Handler. Signatures are not verified: the access
// key in the credential scope says who calls.
func Example() {
	world, err := sandbox.Load("world.yaml", []byte(`
accounts:
  - id: "111111111111"
    buckets:
      - name: reports
        region: us-east-1
        versioning: Enabled
`))
	if err != nil {
		fmt.Println(err)
		return
	}
	aws, err := sandbox.New(world)
	if err != nil {
		fmt.Println(err)
		return
	}
	server := httptest.NewServer(aws)
	defer server.Close()

	request, err := http.NewRequest(http.MethodGet, server.URL+"/reports?versioning", nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	request.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential="+sandbox.DefaultAccessKey+
		"/20260101/us-east-1/s3/aws4_request, SignedHeaders=host, Signature=0")
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(answer.Status)
	fmt.Println(string(body))
	// Output:
	// 200 OK
	// <?xml version="1.0" encoding="UTF-8"?>
	// <VersioningConfiguration xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Status>Enabled</Status></VersioningConfiguration>
}
