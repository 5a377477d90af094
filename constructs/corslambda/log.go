package corslambda

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"github.com/corsgate/corsgate/constructs/cors"
)

// refusalsLogged is how many refused origins a minute have a line of their own.
const refusalsLogged = 10

// refusals bounds the lines about refused origins, which anybody can send. The
// zero value is ready.
type refusals struct {
	mu    sync.Mutex
	since time.Time // of the first in this minute
	n     int       // how many there were in it
}

// add counts a refused origin. It reports whether there is to be a line about it,
// and how many had none in the minute that has ended since, 0 for none.
func (r *refusals) add(now time.Time) (log bool, unlogged int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if now.Sub(r.since) >= time.Minute {
		unlogged = max(0, r.n-refusalsLogged)
		r.since, r.n = now, 0
	}
	r.n++
	return r.n <= refusalsLogged, unlogged
}

// refused logs a request whose origin is refused.
func (m *middleware) refused(ctx context.Context, event *events.APIGatewayProxyRequest, r cors.Request, reason string) {
	if sameOrigin(event, r.Origin) {
		return
	}
	log, unlogged := m.refusals.add(time.Now())
	if unlogged > 0 {
		m.log.LogAttrs(ctx, slog.LevelWarn, "CORS: more origins refused, in an earlier minute", slog.Int("count", unlogged))
	}
	if log {
		m.log.LogAttrs(ctx, slog.LevelWarn, "CORS: origin refused", m.where(event,
			slog.String("origin", clip(r.Origin)),
			slog.String("reason", reason))...)
	}
}

// sameOrigin reports whether a request is from a page of the host that it is sent
// to, whose browser needs no permission: it sends Origin with POST, for one.
func sameOrigin(event *events.APIGatewayProxyRequest, origin string) bool {
	host := []header{{name: "Host"}}
	findHeaders(event, host)
	return host[0].value != "" && origin == "https://"+host[0].value
}

// where returns attrs and those that say which request a line is about.
func (m *middleware) where(event *events.APIGatewayProxyRequest, attrs ...slog.Attr) []slog.Attr {
	attrs = append(attrs, slog.String("method", event.HTTPMethod))
	if m.paths {
		attrs = append(attrs, slog.String("path", clip(event.Path)))
	}
	return append(attrs,
		slog.String("resource", event.Resource),
		slog.String("apiRequestId", event.RequestContext.RequestID))
}
