// Package emit decides which CORS headers a Lambda function's response to a
// REST API's proxy event has, and logs what it refuses. Package corslambda puts
// them on the responses of a Go handler, and the wrapper on those of any runtime:
// what both have in common is here.
package emit

import (
	"context"
	"iter"
	"log/slog"
	"net/http"
	"slices"
	"sync/atomic"

	"github.com/corsgate/corsgate/constructs/cors"
	"github.com/corsgate/corsgate/internal/corsheader"
)

// FailureBody is the body of API Gateway's own internal server error, and of the
// response to an error of the function that becomes one.
const FailureBody = `{"message": "Internal server error"}`

// An Event is what a decision and its line in the log need of a proxy event.
type Event struct {
	Method, Path, Resource string
	Headers                map[string]string
	MultiValueHeaders      map[string][]string
	StageVariables         map[string]string
	APIID, Stage           string
	RequestID              string // API Gateway's
}

// An Emitter decides for one function. It may be used by many goroutines at once.
type Emitter struct {
	Log   *slog.Logger
	Fixed *cors.Policy // decides whatever the stage's variables say, if not nil
	Paths bool         // the lines have the request's path

	policies policies
	warned   atomic.Bool // of the function's own CORS headers
	refusals refusals
}

// Decide returns the CORS part of the response to an event, and logs what is
// refused. Once the policy is compiled it allocates nothing, except to log.
func (m *Emitter) Decide(ctx context.Context, event *Event) cors.Decision {
	policy, valid := m.Fixed, true
	if policy == nil {
		c, fresh := m.policies.get(event.StageVariables)
		policy, valid = c.policy, c.err == nil
		if fresh && !valid {
			m.Log.LogAttrs(ctx, slog.LevelError, "CORS: the stage's variables hold no valid policy, so every origin is refused",
				slog.Any("faults", faults(c.err)),
				slog.String("apiId", event.APIID),
				slog.String("stage", event.Stage))
		}
	}
	find := []header{{name: corsheader.Origin}, {name: corsheader.RequestMethod}}
	if event.Method != http.MethodOptions {
		find = find[:1]
	}
	findHeaders(event, find)
	r := cors.Request{Method: event.Method, Origin: find[0].value}
	if len(find) > 1 {
		r.RequestMethod = find[1].value
	}
	d := policy.Decide(r)
	if !d.Allowed && d.Kind != cors.NotCORS {
		reason := string(d.Reason)
		if !valid {
			reason = "no valid policy in the stage's variables"
		}
		m.refused(ctx, event, r, reason)
	}
	return d
}

// Headers yields the headers of a decision, as [cors.Decision.Headers] does. Vary
// has beside Origin what the function's own values of it name.
func Headers(d cors.Decision, vary []string) iter.Seq2[string, string] {
	return func(yield func(string, string) bool) {
		slices.Sort(vary) // they come in the random order of maps
		for name, value := range d.Headers() {
			if name == corsheader.Vary {
				value = corsheader.MergeVary(append(vary, value)...)
			}
			if !yield(name, value) {
				return
			}
		}
	}
}
