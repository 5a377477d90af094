// Package model loads APIs of templates in tests.
package model

import (
	"testing"

	"github.com/corsgate/corsgate/internal/cfn"
	"github.com/corsgate/corsgate/internal/gateway"
)

// App reads one template.
func App(t testing.TB, template []byte, opts ...cfn.Options) *cfn.App {
	t.Helper()
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
func Load(t testing.TB, template []byte, opts gateway.Options) *gateway.API {
	t.Helper()
	api, err := gateway.Load(App(t, template), opts)
	if err != nil {
		t.Fatal(err)
	}
	return api
}
