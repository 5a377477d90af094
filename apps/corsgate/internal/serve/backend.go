package serve

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/corsgate/corsgate/internal/gateway"
)

// patience is how long API Gateway waits for an integration
// (https://docs.aws.amazon.com/apigateway/latest/developerguide/limits.html). A template can ask for less or more by
// TimeoutInMillis, which package gateway does not read.
const patience = 29 * time.Second

// held is a backend that calls nothing.
type held struct{ reason string }

func (h held) Invoke(_ context.Context, fn gateway.Function, _ []byte) ([]byte, error) {
	return nil, &gateway.Unavailable{Reason: "the function " + fn.Name + " was not run: " + h.reason}
}

func (h held) HTTP(_ context.Context, r *gateway.BackendRequest) (*gateway.BackendResponse, error) {
	return nil, &gateway.Unavailable{Reason: r.URL + " was not called: " + h.reason}
}

func (h held) AWS(ctx context.Context, r *gateway.BackendRequest) (*gateway.BackendResponse, error) {
	return h.HTTP(ctx, r)
}

// web sends the requests of HTTP integrations. It has no functions.
type web struct{ client *http.Client }

func newWeb() web {
	t := http.DefaultTransport.(*http.Transport).Clone()
	t.DisableCompression = true // it is between the client and the server
	return web{&http.Client{Transport: t, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}}
}

// HTTP sends a request to a server. Redirects are responses like others.
func (w web) HTTP(ctx context.Context, r *gateway.BackendRequest) (*gateway.BackendResponse, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	target := r.URL
	if len(r.Query) > 0 {
		var q []string
		for _, p := range r.Query {
			q = append(q, url.QueryEscape(p.Name)+"="+url.QueryEscape(p.Value))
		}
		joint := "?"
		if strings.Contains(target, "?") {
			joint = "&"
		}
		target += joint + strings.Join(q, "&")
	}
	req, err := http.NewRequestWithContext(ctx, r.Method, target, bytes.NewReader(r.Body))
	if err != nil {
		return nil, &gateway.Unavailable{Reason: fmt.Sprintf("the HTTP integration's request cannot be made: %v", err)}
	}
	for _, h := range r.Headers {
		switch lower := strings.ToLower(h.Name); {
		case lower == "host":
			req.Host = h.Value
		case lower == "content-length" || hop[lower]:
		default:
			req.Header[h.Name] = append(req.Header[h.Name], h.Value)
		}
	}
	if _, ok := r.Headers.Get("User-Agent"); !ok {
		req.Header["User-Agent"] = nil // or net/http sends its own
	}
	res, err := w.client.Do(req)
	if err != nil {
		return nil, unreachable(r.URL, err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(io.LimitReader(res.Body, maxBody))
	switch {
	case err != nil:
		return nil, unreachable(r.URL, err)
	case len(body) > gateway.MaxBody:
		return nil, fmt.Errorf("the response of %s is larger than %d bytes", r.URL, gateway.MaxBody)
	}
	out := &gateway.BackendResponse{Status: res.StatusCode, Body: body}
	for _, name := range slices.Sorted(maps.Keys(res.Header)) {
		for _, v := range res.Header[name] {
			out.Headers = append(out.Headers, gateway.Header{Name: name, Value: v})
		}
	}
	return out, nil
}

func unreachable(target string, err error) error {
	if errors.Is(err, context.DeadlineExceeded) {
		return context.DeadlineExceeded
	}
	var of *url.Error
	if errors.As(err, &of) {
		err = of.Err // which does not say the address again
	}
	return &gateway.Unavailable{Reason: fmt.Sprintf("the HTTP integration's server cannot be reached: %s: %v", target, err)}
}

// AWS would call an AWS service.
func (web) AWS(_ context.Context, r *gateway.BackendRequest) (*gateway.BackendResponse, error) {
	return nil, &gateway.Unavailable{Reason: "AWS services are not called from here: " + r.URL}
}

// Invoke would run a function.
func (web) Invoke(_ context.Context, fn gateway.Function, _ []byte) ([]byte, error) {
	return nil, &gateway.Unavailable{Reason: "functions are not run from here: " + fn.Name}
}
