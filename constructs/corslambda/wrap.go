package corslambda

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"runtime/debug"
	"strings"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-lambda-go/lambdacontext"

	"github.com/corsgate/corsgate/constructs/cors"
	"github.com/corsgate/corsgate/internal/emit"
)

// A Handler handles the events of a Lambda proxy integration.
type Handler = func(context.Context, events.APIGatewayProxyRequest) (events.APIGatewayProxyResponse, error)

// A StreamingHandler handles the events of a Lambda proxy integration whose
// response transfer mode is STREAM.
type StreamingHandler = func(context.Context, events.APIGatewayProxyRequest) (*events.APIGatewayProxyStreamingResponse, error)

// An Option changes what a wrapped handler does.
type Option func(*middleware)

// WithPolicy uses p instead of the stage's variables. It is for tests and
// local servers: a function deployed with it can disagree with the preflights.
// A nil p changes nothing.
func WithPolicy(p *cors.Policy) Option {
	return func(m *middleware) { m.emitter.Fixed = p }
}

// WithLogger sends the lines that the middleware logs to l. Without it, or with nil, they
// go to standard output as JSON with the keys of Lambda's own JSON log format
// (https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs-logformat.html).
func WithLogger(l *slog.Logger) Option {
	return func(m *middleware) {
		if l != nil {
			m.emitter.Log = l
		}
	}
}

// WithPaths adds the request's path (/customers/4711) to the lines that the
// middleware logs, beside that of its resource (/customers/{id}). It is not the
// default, because a path may contain what must not be in a log.
func WithPaths() Option {
	return func(m *middleware) { m.emitter.Paths = true }
}

// WithInvocationErrors leaves the handler's errors and panics to Lambda's runtime:
// the invocation fails, Lambda's Errors metric counts it, and a panic ends the
// process. API Gateway then responds with 502 and its DEFAULT_5XX gateway response,
// which cannot use an allowlist, so pages may not be able to read it.
func WithInvocationErrors() Option {
	return func(m *middleware) { m.invocationErrors = true }
}

// Wrap returns a handler that responds as h does, with the CORS headers, and
// handles preflights itself. See the package's comment for details.
//
// Status code, body and other headers are h's, also where they are zero.
func Wrap(h Handler, opts ...Option) Handler {
	m := newMiddleware(opts)
	return func(ctx context.Context, event events.APIGatewayProxyRequest) (events.APIGatewayProxyResponse, error) {
		var r events.APIGatewayProxyResponse
		d := m.emitter.Decide(ctx, seen(&event))
		if d.Kind == cors.Preflight {
			r.StatusCode = d.Status
		} else if err := m.call(ctx, &event, func() (err error) { r, err = h(ctx, event); return err }); err != nil {
			if m.invocationErrors {
				return events.APIGatewayProxyResponse{}, err
			}
			r = events.APIGatewayProxyResponse{
				StatusCode: http.StatusInternalServerError,
				Headers:    map[string]string{"Content-Type": "application/json"},
				Body:       emit.FailureBody,
			}
		}
		r.Headers, r.MultiValueHeaders = m.headers(ctx, &event, d, r.Headers, r.MultiValueHeaders)
		return r, nil
	}
}

// WrapStreaming is [Wrap] for response streaming: the CORS headers are in the
// prelude, which goes out before the first byte of the body. After that
// nothing can be added, so an error while the body is read is the runtime's.
//
// A nil response without an error is treated as an error.
func WrapStreaming(h StreamingHandler, opts ...Option) StreamingHandler {
	m := newMiddleware(opts)
	return func(ctx context.Context, event events.APIGatewayProxyRequest) (*events.APIGatewayProxyStreamingResponse, error) {
		var theirs *events.APIGatewayProxyStreamingResponse
		d := m.emitter.Decide(ctx, seen(&event))
		if d.Kind == cors.Preflight {
			theirs = &events.APIGatewayProxyStreamingResponse{StatusCode: d.Status}
		} else if err := m.call(ctx, &event, func() (err error) {
			theirs, err = h(ctx, event)
			if theirs == nil && err == nil {
				err = errors.New("the streaming handler returned no response")
			}
			return err
		}); err != nil {
			if m.invocationErrors {
				return nil, err
			}
			theirs = &events.APIGatewayProxyStreamingResponse{
				StatusCode: http.StatusInternalServerError,
				Headers:    map[string]string{"Content-Type": "application/json"},
				Body:       strings.NewReader(emit.FailureBody),
			}
		}
		// Not a copy of *theirs: it would share the prelude that a response
		// which is used twice, or was read from, holds already.
		r := &events.APIGatewayProxyStreamingResponse{StatusCode: theirs.StatusCode, Body: theirs.Body, Cookies: theirs.Cookies}
		r.Headers, r.MultiValueHeaders = m.headers(ctx, &event, d, theirs.Headers, theirs.MultiValueHeaders)
		return r, nil
	}
}

// A middleware is what one Wrap holds between events. It may be used by many
// goroutines at once, as Lambda's managed instances do.
type middleware struct {
	emitter          emit.Emitter
	invocationErrors bool
}

func newMiddleware(opts []Option) *middleware {
	m := &middleware{}
	m.emitter.Log = slog.New(slog.NewJSONHandler(os.Stdout, &slog.HandlerOptions{ReplaceAttr: lambdacontext.ReplaceAttr}))
	for _, o := range opts {
		o(m)
	}
	return m
}

// seen is the part of an event that decides.
func seen(event *events.APIGatewayProxyRequest) *emit.Event {
	return &emit.Event{
		Method:            event.HTTPMethod,
		Path:              event.Path,
		Resource:          event.Resource,
		Headers:           event.Headers,
		MultiValueHeaders: event.MultiValueHeaders,
		StageVariables:    event.StageVariables,
		APIID:             event.RequestContext.APIID,
		Stage:             event.RequestContext.Stage,
		RequestID:         event.RequestContext.RequestID,
	}
}

// headers returns the header maps of the response to an event: a handler's, with
// the CORS headers of d.
func (m *middleware) headers(ctx context.Context, event *events.APIGatewayProxyRequest, d cors.Decision, single map[string]string, multi map[string][]string) (map[string]string, map[string][]string) {
	m.emitter.OwnHeaders(ctx, seen(event), func() []string { return ownHeaders(single, multi) })
	return withDecision(d, single, multi)
}

// call runs the handler and returns its error, or its panic as one, logged.
// Where errors are the runtime's it does neither.
func (m *middleware) call(ctx context.Context, event *events.APIGatewayProxyRequest, handler func() error) (err error) {
	if m.invocationErrors {
		return handler()
	}
	fail := func(message string, attrs ...slog.Attr) {
		m.emitter.Log.LogAttrs(ctx, slog.LevelError, message, m.emitter.Where(seen(event), attrs...)...)
	}
	defer func() {
		if v := recover(); v != nil {
			err = fmt.Errorf("panic: %v", v)
			fail("handler panicked", slog.String("error", err.Error()), slog.String("stack", string(debug.Stack())))
		}
	}()
	if err = handler(); err != nil {
		fail("handler failed", slog.String("error", err.Error()))
	}
	return err
}
