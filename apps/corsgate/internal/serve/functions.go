package serve

import (
	"context"
	"io"
	"os"

	"github.com/corsgate/corsgate/internal/exchange"
	"github.com/corsgate/corsgate/internal/gateway"
)

// newBackend makes what is behind the API: functions stand in for themselves, HTTP integrations are real.
func newBackend(o Options, _ io.Writer) (*backend, error) {
	template, err := os.ReadFile(o.Template)
	if err != nil {
		return nil, err
	}
	functions, err := exchange.NotRun(template)
	if err != nil {
		return nil, err
	}
	return &backend{functions: functions, web: newWeb()}, nil
}

type backend struct {
	functions gateway.Backend
	web
}

func (b *backend) Invoke(ctx context.Context, fn gateway.Function, event []byte) ([]byte, error) {
	return b.functions.Invoke(ctx, fn, event)
}

func (b *backend) Close() error { return nil }
