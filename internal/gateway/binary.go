package gateway

import (
	"encoding/base64"
	"strings"
	"unicode/utf8"
)

// isBinary reports whether a media type is among the API's binary ones. Only */* and type/* are wildcards (*/type is not).
func (a *API) isBinary(mediaType string) bool {
	mediaType, _, _ = strings.Cut(mediaType, ";")
	mediaType = strings.ToLower(strings.TrimSpace(mediaType))
	for _, b := range a.BinaryTypes {
		b = strings.ToLower(b)
		if b != "*/*" && strings.HasPrefix(b, "*/") {
			continue
		}
		if b == "*/*" || b == mediaType {
			return mediaType != "" || b == "*/*"
		}
		if major, ok := strings.CutSuffix(b, "/*"); ok && strings.HasPrefix(mediaType, major+"/") {
			return true
		}
	}
	return false
}

// acceptsBinary looks at the first media type of Accept only (recorded).
func (x *exchange) acceptsBinary() bool {
	first, _, _ := strings.Cut(x.accept(), ",")
	return x.api.isBinary(first)
}

func (x *exchange) accept() string {
	v, _ := x.req.Headers.Get("Accept")
	return v
}

// text makes valid UTF-8 out of bytes, one U+FFFD for each bad byte.
func text(b []byte) string {
	if utf8.Valid(b) {
		return string(b)
	}
	var s strings.Builder
	for len(b) > 0 {
		r, n := utf8.DecodeRune(b)
		s.WriteRune(r)
		b = b[n:]
	}
	return s.String()
}

func fromBase64(b []byte) ([]byte, error) {
	s := strings.Map(func(r rune) rune {
		if r == '\n' || r == '\r' {
			return -1
		}
		return r
	}, string(b))
	return base64.StdEncoding.DecodeString(s)
}

func toBase64(b []byte) []byte { return []byte(base64.StdEncoding.EncodeToString(b)) }

// requestBody converts the client's body as contentHandling says. binary tells whether the result is bytes, which no
// template can read.
func (x *exchange) requestBody(handling string) (body []byte, binary bool, err error) {
	ct, sent := x.req.Headers.Get("Content-Type")
	if !sent {
		ct = "application/json"
	}
	isBin := x.api.isBinary(ct)
	switch handling {
	case "CONVERT_TO_TEXT":
		if isBin {
			if len(x.req.Body) == 0 {
				return nil, false, nil
			}
			return toBase64(x.req.Body), false, nil
		}
		return []byte(text(x.req.Body)), false, nil
	case "CONVERT_TO_BINARY":
		if isBin {
			return x.req.Body, true, nil
		}
		b, err := fromBase64(x.req.Body)
		if err != nil {
			return nil, false, configError(BinaryRequest, "CONVERT_TO_BINARY, and the request body is not base64")
		}
		return b, true, nil
	}
	if isBin {
		return x.req.Body, true, nil
	}
	return []byte(text(x.req.Body)), false, nil
}

// responseBody converts a payload as contentHandling, the binary media types and Accept say (recorded 2023).
func (x *exchange) responseBody(ir *IntegrationResponse, body []byte, backendType *string, template bool) (out []byte, binary bool, err error) {
	payload := backendType != nil && x.api.isBinary(*backendType)
	decode := func() ([]byte, bool, error) {
		b, err := fromBase64(body)
		if err != nil {
			return nil, false, configError(BinaryResponse, "unable to transform response: the payload has to become binary and is not base64; set ContentHandling CONVERT_TO_TEXT")
		}
		return b, true, nil
	}
	switch ir.ContentHandling {
	case "CONVERT_TO_TEXT":
		if payload {
			return toBase64(body), false, nil
		}
		return []byte(text(body)), false, nil
	case "CONVERT_TO_BINARY":
		if payload {
			return body, true, nil
		}
		return decode()
	}
	if len(x.api.BinaryTypes) == 0 {
		return []byte(text(body)), false, nil
	}
	accept := x.acceptsBinary()
	switch {
	case payload && accept:
		return body, true, nil
	case payload:
		return toBase64(body), false, nil
	case accept && (len(body) > 0 || backendType != nil):
		return decode()
	}
	return []byte(text(body)), false, nil
}
