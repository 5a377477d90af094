package emit

import (
	"context"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"time"

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
func (m *Emitter) refused(ctx context.Context, event *Event, r cors.Request, reason string) {
	if sameOrigin(event, r.Origin) {
		return
	}
	log, unlogged := m.refusals.add(time.Now())
	if unlogged > 0 {
		m.Log.LogAttrs(ctx, slog.LevelWarn, "CORS: more origins refused, in an earlier minute", slog.Int("count", unlogged))
	}
	if log {
		m.Log.LogAttrs(ctx, slog.LevelWarn, "CORS: origin refused", m.Where(event,
			slog.String("origin", clip(r.Origin)),
			slog.String("reason", reason))...)
	}
}

// sameOrigin reports whether a request is from a page of the host that it is sent
// to, whose browser needs no permission: it sends Origin with POST, for one.
func sameOrigin(event *Event, origin string) bool {
	host := []header{{name: "Host"}}
	findHeaders(event, host)
	return host[0].value != "" && origin == "https://"+host[0].value
}

// OwnHeaders logs the function's own CORS headers, which are left out: once, since
// it sets them in every response. Names is called for theirs.
func (m *Emitter) OwnHeaders(ctx context.Context, event *Event, names func() []string) {
	if m.warned.Load() {
		return
	}
	own := names()
	if len(own) == 0 || m.warned.Swap(true) {
		return
	}
	slices.Sort(own)
	m.Log.LogAttrs(ctx, slog.LevelWarn, "CORS: the handler sets CORS headers of its own, which are left out",
		m.Where(event, slog.Any("headers", own))...)
}

// Where returns attrs and those that say which request a line is about.
func (m *Emitter) Where(event *Event, attrs ...slog.Attr) []slog.Attr {
	attrs = append(attrs, slog.String("method", event.Method))
	if m.Paths {
		attrs = append(attrs, slog.String("path", clip(event.Path)))
	}
	return append(attrs,
		slog.String("resource", event.Resource),
		slog.String("apiRequestId", event.RequestID))
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
