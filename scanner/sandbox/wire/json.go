package wire

import (
	"bytes"
	"encoding/json"
	"maps"
	"net/http"
)

// ReadJSON reads a request of the JSON 1.1 protocol; unknown members are ignored.
func ReadJSON(body []byte, v any) *Error {
	if len(bytes.TrimSpace(body)) == 0 {
		return nil
	}
	if err := json.Unmarshal(body, v); err != nil {
		return &Error{Status: 400, Code: "SerializationException", Message: err.Error()}
	}
	return nil
}

// AnswerJSON writes an answer of the JSON 1.1 protocol.
func AnswerJSON(id string, v Object) (*Response, *Error) {
	maps.DeleteFunc(v, func(_ string, value any) bool { return value == nil })
	body, err := json.Marshal(v)
	if err != nil {
		return nil, &Error{Status: 500, Code: "InternalFailure", Message: err.Error()}
	}
	return jsonResponse(id, http.StatusOK, body), nil
}

// FailJSON is an error of the JSON 1.1 protocol.
func FailJSON(id string, e *Error) *Response {
	body, _ := json.Marshal(map[string]string{"__type": e.Code, "message": e.Message, "Message": e.Message})
	return jsonResponse(id, e.Status, body)
}

func jsonResponse(id string, status int, body []byte) *Response {
	return &Response{Status: status, Body: body, Header: http.Header{
		"Content-Type":     {"application/x-amz-json-1.1"},
		"X-Amzn-Requestid": {id},
	}}
}
