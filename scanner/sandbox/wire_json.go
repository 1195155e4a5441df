package sandbox

import (
	"bytes"
	"encoding/json"
	"maps"
	"net/http"
)

// readJSON reads a request of the JSON 1.1 protocol; unknown members are ignored.
func readJSON(body []byte, v any) *apiError {
	if len(bytes.TrimSpace(body)) == 0 {
		return nil
	}
	if err := json.Unmarshal(body, v); err != nil {
		return &apiError{status: 400, code: "SerializationException", message: err.Error()}
	}
	return nil
}

// answerJSON writes an answer of the JSON 1.1 protocol.
func answerJSON(id string, v object) (*response, *apiError) {
	maps.DeleteFunc(v, func(_ string, value any) bool { return value == nil })
	body, err := json.Marshal(v)
	if err != nil {
		return nil, &apiError{status: 500, code: "InternalFailure", message: err.Error()}
	}
	return jsonResponse(id, http.StatusOK, body), nil
}

// The wire protocols of the control plane: JSON 1.1 (Organizations, KMS) and
// Query (STS, IAM). S3 and S3 Control speak REST with XML.

// failJSON is an error of the JSON 1.1 protocol.
func failJSON(id string, e *apiError) *response {
	body, _ := json.Marshal(map[string]string{"__type": e.code, "message": e.message, "Message": e.message})
	return jsonResponse(id, e.status, body)
}

func jsonResponse(id string, status int, body []byte) *response {
	return &response{status: status, body: body, header: http.Header{
		"Content-Type":     {"application/x-amz-json-1.1"},
		"X-Amzn-Requestid": {id},
	}}
}
