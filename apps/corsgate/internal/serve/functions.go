package serve

import (
	"context"
	"errors"
	"io"
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/corsgate/corsgate/internal/gateway"
	"github.com/corsgate/corsgate/internal/lambdarun"
	"github.com/corsgate/corsgate/internal/simulate"
)

// A backend is what is behind the API: functions that run as processes here, and servers that are where they are.
type backend struct {
	gateway.Backend
	pool  *lambdarun.Pool
	all   []lambdarun.Function
	held  string // why nothing is called
	stop  context.CancelFunc
	ready sync.WaitGroup
}

// newBackend makes what is behind the API. Functions that cannot be run are not an error: they respond with 502 and the reason, and
// the rest works.
func newBackend(o Options, log io.Writer) (*backend, error) {
	functions := lambdarun.Functions(o.App)
	pool, err := lambdarun.New(lambdarun.Options{Functions: functions, Module: o.Module, Log: log})
	if err != nil {
		return nil, err
	}
	b := &backend{Backend: simulate.Running(pool, newWeb()), pool: pool, all: functions, stop: func() {}, held: o.Held}
	if b.held != "" {
		b.Backend = held{b.held}
	}
	return b, nil
}

// prepare builds and unpacks, in the background, the functions that an API calls, so that its first request need not
// wait, and says of those that cannot be run why.
func (b *backend) prepare(api *gateway.API, log *lineWriter) {
	routes := api.Functions()
	called := slices.Compact(slices.Sorted(slices.Values(slices.AppendSeq(slices.Clone(routes), maps.Values(api.AuthorizerFunctions())))))
	if b.held != "" {
		log.line("note: nothing behind the API is run or called: " + b.held)
		return
	}
	if len(called) > 0 {
		log.line("note: these functions of the template run on this machine: " + strings.Join(called, ", "))
	}
	for _, f := range b.all {
		if !slices.Contains(called, f.LogicalID) {
			continue
		}
		for _, name := range slices.Sorted(maps.Keys(f.Unresolved)) {
			if name, ok := strings.CutPrefix(name, "Environment.Variables."); ok {
				log.line("warning: function " + f.LogicalID + ": its environment variable " + name + " is known only when it is deployed; it has a placeholder here")
			}
		}
	}
	ctx, stop := context.WithCancel(context.Background())
	b.stop = stop
	b.ready.Go(func() {
		for _, id := range called {
			var failed *lambdarun.Error
			if err := b.pool.Prepare(ctx, id); errors.As(err, &failed) && failed.Reason != lambdarun.Closed {
				// A compiler says it in several lines.
				what := "its routes respond with 502"
				if !slices.Contains(routes, id) {
					what = "its authorizer lets in every request that has its identity sources"
				}
				log.line("warning: " + strings.Join(strings.Fields(failed.Error()), " ") + "; " + what)
			}
		}
	})
}

// Invoke runs a function, for as long as API Gateway would wait.
func (b *backend) Invoke(ctx context.Context, fn gateway.Function, event []byte) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	return b.Backend.Invoke(ctx, fn, event)
}

// Close ends every process.
func (b *backend) Close() error {
	b.stop()
	err := b.pool.Close()
	b.ready.Wait()
	return err
}
