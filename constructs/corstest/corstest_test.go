package corstest_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/corsgate/corsgate/constructs/corstest"
)

const templates = "../../test/templates/"

// A spy is a test that notes its failures.
type spy struct {
	errors []string
	fatal  string
}

func (s *spy) Helper()                        {}
func (s *spy) Errorf(format string, a ...any) { s.errors = append(s.errors, fmt.Sprintf(format, a...)) }
func (s *spy) Fatalf(format string, a ...any) {
	if s.fatal == "" {
		s.fatal = fmt.Sprintf(format, a...)
	}
}

// failures is what was said.
func (s *spy) failures() string { return strings.Join(append(s.errors, s.fatal), "\n") }

// assertionsTemplate has the method of the CDK's assertions.Template that corstest uses.
type assertionsTemplate struct{ doc map[string]any }

func (t assertionsTemplate) ToJSON() *map[string]any { return &t.doc }

func TestAllowed(t *testing.T) {
	api := corstest.FromFile(t, templates+"catalog.template.json")
	app := api.From("https://app.example.com")
	app.Get("/products?page=2").IsAllowed()
	app.Get("/products/1").CanRead("X-Request-Id", "content-type")
	app.Post("/carts/price").WithHeader("content-type").WithBody("{}").IsAllowed()
	app.Post("/carts/price").WithHeader("X-Debug", "a", "b").IsRefused("HeaderDisallowedByPreflightResponse", "MissingAllowOriginHeader")
	app.Get("/products").WithCredentials().IsRefused("InvalidAllowCredentials")
	app.Put("/products").IsRefused("MethodDisallowedByPreflightResponse")
	api.From("http://localhost:5173").Get("/products").IsAllowed()
	api.From("https://evil.example").Get("/products").IsRefused("MissingAllowOriginHeader")
	api.From("null").Delete("/products/1").IsRefused()
	corstest.FromFile(t, templates+"catalog.template.json", corstest.OverHTTP1()).From("https://app.example.com").Do("get", "/health").IsAllowed()
}

func TestTemplate(t *testing.T) {
	b, err := os.ReadFile(templates + "everything.template.json")
	if err != nil {
		t.Fatal(err)
	}
	var doc map[string]any
	if err := json.Unmarshal(b, &doc); err != nil {
		t.Fatal(err)
	}
	api := corstest.New(t, assertionsTemplate{doc}, corstest.WithVariable("corsOrigins", "https://d111.cloudfront.example"), corstest.WithAPI("ApiF70053CD"), corstest.WithStage("prod"))
	api.From("https://d111.cloudfront.example").Put("/orders").WithHeader("content-type").WithCredentials().IsAllowed()
	api.From("https://app.example.com").Get("/orders").IsRefused()
}

// What a function that is not known to emit headers answers is neither allowed nor refused.
func TestNotKnown(t *testing.T) {
	s := &spy{}
	put := corstest.FromFile(s, templates+"cdk-one-origin.template.json").From("https://app.example.com").Put("/items/1")
	put.PassesPreflight()
	if s.failures() != "\n" && s.failures() != "" {
		t.Fatal(s.failures())
	}
	put.IsAllowed()
	put.IsRefused()
	put.CanRead("etag")
	if len(s.errors) != 3 || strings.Count(s.failures(), "got not known: the function Fn9270CBC0 was not invoked") != 3 {
		t.Error(s.failures())
	}
	corstest.FromFile(t, templates+"cdk-one-origin.template.json", corstest.Answering(`{"statusCode": 201, "headers": {"Access-Control-Allow-Origin": "*"}, "body": ""}`)).
		From("https://app.example.com").Put("/items/1").IsAllowed()
}

// A failure says what explain does.
func TestFailure(t *testing.T) {
	s := &spy{}
	api := corstest.FromFile(s, templates+"catalog.template.json")
	api.From("https://evil.example").Get("/products").IsAllowed()
	for _, want := range []string{
		"corstest: want allowed, got refused (MissingAllowOriginHeader)", "A page of https://evil.example requests GET /products",
		"1. Preflight: not needed", "How this response was made:", "Verdict: refused (MissingAllowOriginHeader)",
		"No 'Access-Control-Allow-Origin' header is present on the requested resource.",
	} {
		if !strings.Contains(s.failures(), want) {
			t.Errorf("it does not say %q:\n%s", want, s.failures())
		}
	}
	for want, f := range map[string]func(*corstest.API){
		"want refused, got allowed": func(a *corstest.API) { a.From("https://app.example.com").Get("/products").IsRefused() },
		"want refused (PreflightInvalidStatus), got refused (MissingAllowOriginHeader)": func(a *corstest.API) {
			a.From("https://evil.example").Get("/products").IsRefused("PreflightInvalidStatus")
		},
		"want a preflight that passes":                                   func(a *corstest.API) { a.From("https://evil.example").Put("/products").PassesPreflight() },
		"got allowed to read that the API does not serve HEAD /products": func(a *corstest.API) { a.From("https://app.example.com").Head("/products").IsAllowed() },
		"want allowed, got allowed to read that the API does not":        func(a *corstest.API) { a.From("https://app.example.com").Head("/health").CanRead() },
		"can read the header etag":                                       func(a *corstest.API) { a.From("https://app.example.com").Get("/products").CanRead("ETag") },
		"want allowed, got refused":                                      func(a *corstest.API) { a.From("https://evil.example").Get("/products").CanRead("etag") },
	} {
		s := &spy{}
		f(corstest.FromFile(s, templates+"catalog.template.json"))
		if len(s.errors) != 1 || s.fatal != "" || !strings.Contains(s.failures(), want) {
			t.Errorf("want %q, got %s", want, s.failures())
		}
	}
}

// A subtest's failure is its own.
func TestIn(t *testing.T) {
	outer, inner := &spy{}, &spy{}
	corstest.FromFile(outer, templates+"catalog.template.json").In(inner).From("https://evil.example").Get("/products").IsAllowed()
	if len(outer.errors) != 0 || len(inner.errors) != 1 {
		t.Errorf("outer %v, inner %v", outer.errors, inner.errors)
	}
}

// What is no use as a question ends the test, in a line.
func TestInput(t *testing.T) {
	corstest.SetUpdating(t, false)
	for want, f := range map[string]func(s *spy){
		"no.json: no such file": func(s *spy) { corstest.FromFile(s, "no.json") },
		"is it the right stack": func(s *spy) { corstest.FromJSON(s, []byte(`{"Resources": {}}`)) },
		"corstest: ":            func(s *spy) { corstest.FromJSON(s, []byte(`{`)) },
		"2 REST APIs: A, B; say which one is meant (corstest.WithAPI)": func(s *spy) {
			corstest.FromJSON(s, []byte(`{"Resources": {"A": {"Type": "AWS::ApiGateway::RestApi"}, "B": {"Type": "AWS::ApiGateway::RestApi"}}}`))
		},
		"2 stages: a, b; say which one is meant (corstest.WithStage)": func(s *spy) {
			corstest.FromJSON(s, []byte(`{"Resources": {"A": {"Type": "AWS::ApiGateway::RestApi"}, "B": {"Type": "AWS::ApiGateway::Stage", "Properties": {"RestApiId": {"Ref": "A"}, "StageName": "a"}}, "C": {"Type": "AWS::ApiGateway::Stage", "Properties": {"RestApiId": {"Ref": "A"}, "StageName": "b"}}}}`))
		},
		"does not begin with a slash": func(s *spy) {
			corstest.FromFile(s, templates+"catalog.template.json").From("https://app.example.com").Get("products").IsAllowed()
		},
		"the API has no resource for the path /prodcts; it has /carts/price, /health, /products, /products/{id}": func(s *spy) {
			corstest.FromFile(s, templates+"catalog.template.json").From("https://app.example.com").Get("/prodcts").IsAllowed()
		},
		"no resource for the path /prod/products; it": func(s *spy) {
			corstest.FromFile(s, templates+"catalog.template.json").From("https://evil.example").Put("/prod/products").IsRefused()
		},
		`"nonsense"`: func(s *spy) {
			corstest.FromFile(s, templates+"catalog.template.json").From("nonsense").Get("/products").IsAllowed()
		},
		`"Refused" is not a way in which CORS refuses; want one of WildcardOriginNotAllowed, `: func(s *spy) {
			corstest.FromFile(s, templates+"catalog.template.json").From("null").Get("/products").IsRefused("Refused")
		},
		"Answering": func(s *spy) {
			corstest.FromFile(s, templates+"catalog.template.json", corstest.Answering("no")).From("null")
		},
		"-corstest.update writes it": func(s *spy) {
			corstest.FromFile(s, templates+"catalog.template.json").MatrixEquals(filepath.Join("testdata", "none.txt"))
		},
	} {
		s := &spy{}
		func() {
			defer func() { _ = recover() }() // a real Fatalf does not come back
			f(s)
		}()
		if len(s.errors) != 0 || !strings.Contains(s.fatal, want) || strings.Contains(s.fatal, "\n") {
			t.Errorf("want %q, got %s", want, s.failures())
		}
	}
}

func TestMatrix(t *testing.T) {
	for _, name := range []string{"catalog", "everything", "cdk-three-origins"} {
		corstest.FromFile(t, templates+name+".template.json").MatrixEquals(filepath.Join("testdata", name+".txt"))
	}
	// One origin less.
	corstest.SetUpdating(t, false)
	s := &spy{}
	corstest.FromFile(s, templates+"catalog.template.json", corstest.WithVariable("corsOrigins", "https://app.example.com")).
		MatrixEquals(filepath.Join("testdata", "catalog.txt"), "https://app.example.com", "http://localhost", "https://new.example")
	for _, want := range []string{
		"-corstest.update", "- http://localhost  GET /products  allowed;", "+ http://localhost  GET /products  refused (MissingAllowOriginHeader)",
		"+ https://new.example  GET /products  refused", "- null  GET /products",
	} {
		if !strings.Contains(s.failures(), want) {
			t.Errorf("it does not say %q:\n%s", want, s.failures())
		}
	}
	if strings.Contains(s.failures(), "https://app.example.com") {
		t.Errorf("it tells of what is the same:\n%s", s.failures())
	}
}

func TestUpdate(t *testing.T) {
	file := filepath.Join(t.TempDir(), "new", "matrix.txt")
	corstest.SetUpdating(t, true)
	api := corstest.FromFile(t, templates+"catalog.template.json")
	api.MatrixEquals(file, "null")
	b, err := os.ReadFile(file)
	if err != nil || string(b) != api.Matrix("null") {
		t.Errorf("%v: %s", err, b)
	}
}
