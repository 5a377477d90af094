package corstest_test

import (
	"bytes"
	"os"
	"strings"
	"testing"

	"github.com/corsgate/corsgate/constructs/corstest"
)

// A request is made with the method that the function is named after.
func TestMethodsOfAPage(t *testing.T) {
	for method, ask := range map[string]func(corstest.Page, string) corstest.Request{
		"GET": corstest.Page.Get, "HEAD": corstest.Page.Head, "POST": corstest.Page.Post,
		"PUT": corstest.Page.Put, "PATCH": corstest.Page.Patch, "DELETE": corstest.Page.Delete,
	} {
		s := &spy{}
		ask(corstest.FromFile(s, templates+"everything.template.json").From("https://evil.example"), "/orders").IsAllowed()
		if want := "A page of https://evil.example requests " + method + " /orders"; !strings.Contains(s.failures(), want) {
			t.Errorf("it does not say %q:\n%s", want, s.failures())
		}
	}
}

// A parameter of the template has its default, or the value that a test gives it.
func TestWithParameter(t *testing.T) {
	const web, preview = "https://app.example.com", "https://preview.example.net"
	b, err := os.ReadFile(templates + "catalog.template.json")
	if err != nil {
		t.Fatal(err)
	}
	b = bytes.Replace(b, []byte(`"corsOrigins": "http://localhost:~,https://app.example.com,https://~.preview.example.com"`), []byte(`"corsOrigins": {"Ref": "Web"}`), 1)
	b = bytes.Replace(b, []byte("{"), []byte(`{"Parameters": {"Web": {"Type": "String", "Default": "`+web+`"}},`), 1)
	for allowed, api := range map[string]*corstest.API{
		web:     corstest.FromJSON(t, b),
		preview: corstest.FromJSON(t, b, corstest.WithParameter("Web", preview)),
	} {
		for _, origin := range []string{web, preview} {
			if r := api.From(origin).Get("/products"); origin == allowed {
				r.IsAllowed()
			} else {
				r.IsRefused()
			}
		}
	}
}

// A template can have several APIs, and an API several stages; the test says which is meant.
func TestChosenStage(t *testing.T) {
	b, err := os.ReadFile(templates + "catalog.template.json")
	if err != nil {
		t.Fatal(err)
	}
	b = bytes.Replace(b, []byte(`"Resources": {`), []byte(`"Resources": {
		"Other": {"Type": "AWS::ApiGateway::RestApi"},
		"OtherStage": {"Type": "AWS::ApiGateway::Stage", "Properties": {"RestApiId": {"Ref": "Other"}, "StageName": "dev"}},
		"Dev": {"Type": "AWS::ApiGateway::Stage", "Properties": {"RestApiId": {"Ref": "Catalog742F25FD"}, "StageName": "dev", "Variables": {"corsOrigins": "https://dev.example.com"}}},
	`), 1)
	for stage, origin := range map[string]string{"prod": "https://app.example.com", "dev": "https://dev.example.com"} {
		api := corstest.FromJSON(t, b, corstest.WithStage(stage), corstest.WithAPI("Catalog742F25FD"))
		for _, from := range []string{"https://app.example.com", "https://dev.example.com"} {
			if r := api.From(from).Get("/products"); from == origin {
				r.IsAllowed()
			} else {
				r.IsRefused()
			}
		}
	}
}

// A mapping template that reads origin alone does not see the Origin of HTTP/1.1.
func TestOverHTTP1(t *testing.T) {
	b, err := os.ReadFile(templates + "catalog.template.json")
	if err != nil {
		t.Fatal(err)
	}
	b = bytes.ReplaceAll(b, []byte(`header.get(\"Origin\")`), []byte(`header.get(\"None\")`))
	price := func(opts ...corstest.Option) corstest.Request {
		return corstest.FromJSON(t, b, opts...).From("https://app.example.com").Post("/carts/price").WithHeader("content-type")
	}
	price().IsAllowed()
	price(corstest.OverHTTP1()).IsRefused("PreflightMissingAllowOriginHeader")
}

// Any API key is the right one, and a request that needs one and has none does not reach the function.
func TestAPIKey(t *testing.T) {
	b, err := os.ReadFile(templates + "everything.template.json")
	if err != nil {
		t.Fatal(err)
	}
	const method = "\"ApiordersANYB0D01A87\": {\n   \"Properties\": {"
	b = bytes.Replace(b, []byte(method), []byte(method+`"ApiKeyRequired": true,`), 1)
	orders := corstest.FromJSON(t, b, corstest.Answering(`{"statusCode": 200, "headers": {"Access-Control-Allow-Origin": "https://other.example"}, "body": ""}`)).
		From("https://app.example.com").Get("/orders")
	orders.IsAllowed() // to read API Gateway's own error
	orders.WithHeader("x-api-key").IsRefused("AllowOriginMismatch")
}

// What is added to a request makes another, and leaves it as it is.
func TestRequestsShareNothing(t *testing.T) {
	s := &spy{}
	base := corstest.FromFile(s, templates+"catalog.template.json").From("https://evil.example").Post("/carts/price").
		WithHeader("x-1").WithHeader("x-2").WithHeader("x-3")
	first, second := base.WithHeader("x-first"), base.WithHeader("x-second")
	for name, r := range map[string]corstest.Request{"x-first": first, "x-second": second, "": base} {
		s.errors = nil
		r.IsAllowed()
		for _, header := range []string{"x-first", "x-second"} {
			if strings.Contains(s.failures(), header) != (header == name) {
				t.Errorf("the request with %q has %s:\n%s", name, header, s.failures())
			}
		}
	}
}

// A body goes with the request, which a browser refuses for a GET.
func TestWithBody(t *testing.T) {
	s := &spy{}
	app := corstest.FromFile(s, templates+"catalog.template.json").From("https://app.example.com")
	app.Get("/products").WithBody("x").IsAllowed()
	if !strings.Contains(s.failures(), "got failed (TypeError)") {
		t.Error(s.failures())
	}
}

// Some headers can be read without leave, whether the response is known to have them or not.
func TestCanReadSafelisted(t *testing.T) {
	corstest.FromFile(t, templates+"catalog.template.json").From("https://app.example.com").Get("/products").CanRead("Last-Modified")
}
