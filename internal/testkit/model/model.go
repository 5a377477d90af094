// Package model loads APIs of templates in tests.
package model

import (
	"github.com/corsgate/corsgate/internal/cfn"
	"github.com/corsgate/corsgate/internal/gateway"
)

// T is what of a [*testing.T] is used.
type T interface{ Fatal(args ...any) }

// App reads one template.
func App(t T, template []byte, opts ...cfn.Options) *cfn.App {
	var o cfn.Options
	if len(opts) > 0 {
		o = opts[0]
	}
	app, err := cfn.Parse("template.json", template, o)
	if err != nil {
		t.Fatal(err)
	}
	return app
}

// Load reads the API of one template.
func Load(t T, template []byte, opts gateway.Options) *gateway.API {
	api, err := gateway.Load(App(t, template), opts)
	if err != nil {
		t.Fatal(err)
	}
	return api
}
