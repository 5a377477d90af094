package corslambda

import (
	"bytes"
	"context"
	"encoding/base64"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"unicode/utf8"

	"github.com/aws/aws-lambda-go/events"

	"github.com/corsgate/corsgate/internal/emit"
)

// WrapHandler is [Wrap] for an [http.Handler].
//
// The request is the one that the client sent, as far as the event has it:
//
//   - the path is the event's, percent-encoding and all. Behind a custom domain
//     name it begins with the base path that the name maps to the API; put
//     [http.StripPrefix] around h there;
//   - the query is that of multiValueQueryStringParameters, sorted by name,
//     since the event has lost its order;
//   - headers and query parameters of which the event has only the single-value
//     form are taken from there;
//   - Host is the Host header, else requestContext.domainName;
//   - RemoteAddr is requestContext.identity.sourceIp with port 0, since handlers
//     expect a port there;
//   - the body is decoded where the event says that it is base64;
//   - the context is the invocation's, and [Event] returns the event.
//
// The response is sent as net/http would send it: status 200 and a detected
// Content-Type where h sets none, no body to HEAD, and headers as they were
// when the status was written. The body is text where it is valid UTF-8, which
// reaches the client unchanged however the API is set up, and base64
// otherwise, which API Gateway decodes where the API's binaryMediaTypes say so
// (https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-payload-encodings.html).
// The response is complete before any of it is sent; use [WrapStreaming] for
// more than the 6 MB that Lambda allows.
func WrapHandler(h http.Handler, opts ...Option) Handler {
	return Wrap(func(ctx context.Context, event events.APIGatewayProxyRequest) (events.APIGatewayProxyResponse, error) {
		r, err := newRequest(ctx, &event)
		if err != nil {
			return events.APIGatewayProxyResponse{}, err
		}
		w := &responseWriter{header: http.Header{}, head: r.Method == http.MethodHead}
		h.ServeHTTP(w, r)
		return w.response(), nil
	}, opts...)
}

type eventKey struct{}

// Event returns the event from which [WrapHandler] made the request that has
// this context, for what an [http.Request] has no place for: path parameters,
// the authorizer's context, the stage.
func Event(ctx context.Context) (events.APIGatewayProxyRequest, bool) {
	if e, ok := ctx.Value(eventKey{}).(*events.APIGatewayProxyRequest); ok {
		return *e, true
	}
	return events.APIGatewayProxyRequest{}, false
}

// newRequest makes the request of an event, as a server receives it.
func newRequest(ctx context.Context, event *events.APIGatewayProxyRequest) (*http.Request, error) {
	body := []byte(event.Body)
	if event.IsBase64Encoded {
		var err error
		if body, err = base64.StdEncoding.DecodeString(event.Body); err != nil {
			return nil, fmt.Errorf("the event's body is not the base64 it says it is: %w", err)
		}
	}
	u := &url.URL{Path: event.Path, RawQuery: query(event).Encode()}
	if path, err := url.PathUnescape(event.Path); err == nil && path != event.Path {
		u.Path, u.RawPath = path, event.Path
	}
	if u.Path == "" {
		u.Path = "/"
	}
	header := emit.RequestHeaders(event.Headers, event.MultiValueHeaders)
	host := header.Get("Host")
	if host == "" {
		host = event.RequestContext.DomainName
	}
	header.Del("Host") // as net/http's server does
	r := &http.Request{
		Method:        event.HTTPMethod,
		URL:           u,
		RequestURI:    u.RequestURI(),
		Header:        header,
		Host:          host,
		Body:          http.NoBody,
		ContentLength: int64(len(body)),
	}
	if len(body) > 0 {
		r.Body = io.NopCloser(bytes.NewReader(body))
	}
	if ip := event.RequestContext.Identity.SourceIP; ip != "" {
		r.RemoteAddr = net.JoinHostPort(ip, "0")
	}
	var ok bool
	r.Proto = event.RequestContext.Protocol
	if r.ProtoMajor, r.ProtoMinor, ok = http.ParseHTTPVersion(r.Proto); !ok {
		r.Proto, r.ProtoMajor, r.ProtoMinor = "HTTP/1.1", 1, 1
	}
	return r.WithContext(context.WithValue(ctx, eventKey{}, event)), nil
}

// query returns the query parameters of an event, which has them decoded.
func query(event *events.APIGatewayProxyRequest) url.Values {
	q := make(url.Values, len(event.MultiValueQueryStringParameters))
	for k, v := range event.QueryStringParameters {
		q[k] = []string{v}
	}
	for k, v := range event.MultiValueQueryStringParameters {
		if len(v) > 0 {
			q[k] = v
		}
	}
	return q
}

// A responseWriter gathers a response.
type responseWriter struct {
	header http.Header // what the handler changes
	sent   http.Header // a copy of it when the status was written, nil before
	status int
	body   bytes.Buffer
	head   bool // the request is HEAD
}

func (w *responseWriter) Header() http.Header { return w.header }

func (w *responseWriter) WriteHeader(status int) {
	if status < 100 || status > 999 { // as net/http does; API Gateway would respond with 502
		panic(fmt.Sprintf("invalid WriteHeader code %d", status))
	}
	// An informational status cannot be sent through API Gateway.
	if w.sent != nil || status < 200 {
		return
	}
	w.status, w.sent = status, w.header.Clone()
}

func (w *responseWriter) Write(p []byte) (int, error) {
	w.WriteHeader(http.StatusOK)
	if w.status == http.StatusNoContent || w.status == http.StatusNotModified {
		return 0, http.ErrBodyNotAllowed
	}
	if w.head {
		return len(p), nil
	}
	return w.body.Write(p)
}

// response returns the answer as a proxy response. A header with one value is
// in Headers and one with several, such as Set-Cookie, in MultiValueHeaders.
func (w *responseWriter) response() events.APIGatewayProxyResponse {
	w.WriteHeader(http.StatusOK)
	body := w.body.Bytes()
	r := events.APIGatewayProxyResponse{
		StatusCode:        w.status,
		Headers:           make(map[string]string, len(w.sent)+1),
		MultiValueHeaders: map[string][]string{},
		IsBase64Encoded:   !utf8.Valid(body),
	}
	if r.IsBase64Encoded {
		r.Body = base64.StdEncoding.EncodeToString(body)
	} else {
		r.Body = string(body)
	}
	for name, values := range w.sent {
		if len(values) == 1 {
			r.Headers[name] = values[0]
		} else {
			r.MultiValueHeaders[name] = values
		}
	}
	if _, set := w.sent["Content-Type"]; !set && len(body) > 0 && w.sent.Get("Content-Encoding") == "" {
		r.Headers["Content-Type"] = http.DetectContentType(body)
	}
	return r
}
