package corslambda

import (
	"context"
	"log/slog"
	"net/http"
	"slices"
	"strings"

	"github.com/aws/aws-lambda-go/events"

	"github.com/corsgate/corsgate/constructs/cors"
	"github.com/corsgate/corsgate/internal/corsheader"
)

// decide gives the CORS part of the answer to an event, and logs what is
// refused. Once the policy is compiled it allocates nothing, except to log.
func (m *middleware) decide(ctx context.Context, event *events.APIGatewayProxyRequest) cors.Decision {
	policy, valid := m.fixed, true
	if policy == nil {
		c, fresh := m.policies.get(event.StageVariables)
		policy, valid = c.policy, c.err == nil
		if fresh && !valid {
			m.log.LogAttrs(ctx, slog.LevelError, "CORS: the stage's variables hold no valid policy, so every origin is refused",
				slog.Any("faults", faults(c.err)),
				slog.String("apiId", event.RequestContext.APIID),
				slog.String("stage", event.RequestContext.Stage))
		}
	}
	find := []header{{name: corsheader.Origin}, {name: corsheader.RequestMethod}}
	if event.HTTPMethod != http.MethodOptions {
		find = find[:1]
	}
	findHeaders(event, find)
	r := cors.Request{Method: event.HTTPMethod, Origin: find[0].value}
	if len(find) > 1 {
		r.RequestMethod = find[1].value
	}
	d := policy.Decide(r)
	if !d.Allowed && d.Kind != cors.NotCORS {
		reason := string(d.Reason)
		if !valid {
			reason = "no valid policy in the stage's variables"
		}
		m.log.LogAttrs(ctx, slog.LevelWarn, "CORS: origin refused",
			slog.String("origin", clip(r.Origin)),
			slog.String("method", r.Method),
			slog.String("path", clip(event.Path)),
			slog.String("resource", event.Resource),
			slog.String("reason", reason),
			slog.String("apiRequestId", event.RequestContext.RequestID))
	}
	return d
}

// A header is one to find in an event.
type header struct {
	name  string // canonical
	value string
	n     int // how many values there are
}

// is reports whether k is h in some spelling: the event has the client's, lower
// case over HTTP/2 and anything over HTTP/1.1. It is small enough to be inlined
// where all names of a map are gone through.
func (h *header) is(k string) bool {
	return len(k) == len(h.name) && strings.EqualFold(k, h.name)
}

// findHeaders sets the value of each header to find to what [requestHeaders]
// would have, without making all of them; nearly all the cost of a decision is
// going through the event's maps, so once must do. Several values become one,
// as RFC 9110, 5.3 has it.
func findHeaders(event *events.APIGatewayProxyRequest, find []header) {
	for k, v := range event.MultiValueHeaders {
		for i := range find {
			if h := &find[i]; h.is(k) && len(v) > 0 {
				h.value = v[0]
				h.n += len(v)
			}
		}
	}
	for i := range find {
		h := &find[i]
		if h.n == 0 {
			for k, v := range event.Headers {
				if h.is(k) {
					h.value = v
					h.n++
				}
			}
		}
		if h.n > 1 {
			h.value = strings.Join(requestHeaders(event)[h.name], ", ")
		}
	}
}

// requestHeaders returns all headers of the request. An event has them twice,
// in headers and in multiValueHeaders; a name that is in both counts as in the
// latter, which alone has repeated ones in full. Tools that make events fill
// only one of the two, or leave both null.
func requestHeaders(event *events.APIGatewayProxyRequest) http.Header {
	h := make(http.Header, max(len(event.Headers), len(event.MultiValueHeaders)))
	for _, k := range sortedKeys(event.MultiValueHeaders) {
		for _, v := range event.MultiValueHeaders[k] {
			h.Add(k, v)
		}
	}
	single := http.Header{}
	for _, k := range sortedKeys(event.Headers) {
		single.Add(k, event.Headers[k])
	}
	for k, v := range single {
		if _, ok := h[k]; !ok {
			h[k] = v
		}
	}
	return h
}

// sortedKeys returns the keys of m in order, so that spellings of one name do
// not come in the random order of a map.
func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

// clip shortens what a client sent for the log. The longest origin that can
// be allowed is shorter.
func clip(s string) string {
	const most = 512
	if len(s) <= most {
		return s
	}
	return strings.ToValidUTF8(s[:most], "") + "..."
}
