package questions_test

import (
	"os"
	"slices"
	"testing"

	"github.com/corsgate/corsgate/internal/gateway"
	"github.com/corsgate/corsgate/internal/questions"
	"github.com/corsgate/corsgate/internal/testkit/model"
)

func load(t *testing.T, name string, variables map[string]string) *gateway.API {
	t.Helper()
	b, err := os.ReadFile("../../test/templates/" + name + ".template.json")
	if err != nil {
		t.Fatal(err)
	}
	return model.Load(t, b, gateway.Options{Variables: variables})
}

func TestOrigins(t *testing.T) {
	for _, tt := range []struct {
		template  string
		variables map[string]string
		want      []questions.Origin
		not       []string
	}{
		{"catalog", nil, []questions.Origin{
			{Origin: "https://app.example.com"}, {Origin: "http://localhost:3000", Of: "http://localhost:*"}, {Origin: "http://localhost", Of: "http://localhost:*"},
			{Origin: "https://x.preview.example.com", Of: "https://*.preview.example.com"}, {Origin: "https://x.y.preview.example.com", Of: "https://*.preview.example.com"},
			{Origin: "https://preview.example.com", Beside: true, Lookalike: true}, {Origin: "http://app.example.com", Beside: true, Lookalike: true},
			{Origin: "https://appxexample.com", Beside: true, Lookalike: true}, {Origin: "https://app.example.com.corsgate-stranger.example", Beside: true, Lookalike: true},
			{Origin: "https://app.example.co", Beside: true, Lookalike: true}, {Origin: "https://app.examplexcom", Beside: true, Lookalike: true},
			{Origin: "null", Beside: true}, {Origin: questions.Stranger, Beside: true},
			// What looks like one origin may be covered by the pattern of others.
			{Origin: "https://corsgate.x.preview.example.com", Of: "https://*.preview.example.com", Lookalike: true},
		}, []string{"*", "https://*.preview.example.com"}},
		// Static values and mapping templates, where there are no variables.
		{"cdk-three-origins", nil, []questions.Origin{{Origin: "https://app.example.com"}, {Origin: "https://admin.example.com"}, {Origin: "http://localhost:3000"}}, nil},
		{"cdk-any-origin", nil, []questions.Origin{{Origin: "null", Beside: true}, {Origin: questions.Stranger, Beside: true}}, []string{"*"}},
		// Variables that corsgate did not write are read all the same.
		{"catalog", map[string]string{"corsOrigins": "https://a.example,nonsense", "other": "https://b.example/path"}, []questions.Origin{{Origin: "https://a.example"}, {Origin: "https://b.example"}}, []string{"nonsense"}},
		{"catalog", map[string]string{"corsOrigins": "http://127.0.0.1:8080"}, []questions.Origin{{Origin: "http://127.0.0.1:8080"}}, []string{"http://127.0.0x1:8080"}},
	} {
		got := questions.Origins(load(t, tt.template, tt.variables))
		for _, o := range tt.want {
			if !slices.Contains(got, o) {
				t.Errorf("%s: no %+v in %+v", tt.template, o, got)
			}
		}
		for _, not := range tt.not {
			if slices.ContainsFunc(got, func(o questions.Origin) bool { return o.Origin == not }) {
				t.Errorf("%s: %s is among the origins", tt.template, not)
			}
		}
	}
}

func TestRoutesAndHeaders(t *testing.T) {
	api := load(t, "everything", nil)
	var got []string
	for _, r := range questions.Routes(api) {
		got = append(got, r.Method+" "+r.URL)
	}
	want := []string{"PUT /mock", "GET /orders", "HEAD /orders", "POST /orders", "PUT /orders", "PATCH /orders", "DELETE /orders", "GET /orders/1"}
	if !slices.Equal(got, want) {
		t.Errorf("%v", got)
	}
	if got := questions.Headers(api); !slices.Equal(got, []string{"authorization", "content-type", "x-api-key", questions.Any}) {
		t.Errorf("%v", got)
	}
	// "*" is not a header's name.
	if got := questions.Headers(load(t, "catalog", map[string]string{"corsRequestHeaders": "~"})); slices.Contains(got, "*") || slices.Contains(got, "~") {
		t.Errorf("%v", got)
	}
}
