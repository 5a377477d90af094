package corstest_test

import (
	"fmt"
	"strings"

	"github.com/corsgate/corsgate/constructs/corstest"
)

// printer prints failures, where a test would be given its *testing.T.
type printer struct{}

func (printer) Helper()                           {}
func (printer) Errorf(format string, args ...any) { show(fmt.Sprintf(format, args...)) }
func (printer) Fatalf(format string, args ...any) { show(fmt.Sprintf(format, args...)) }

// show prints a failure's first lines.
func show(text string) {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	fmt.Println(strings.Join(lines[:min(len(lines), 10)], "\n"))
	if len(lines) > 10 {
		fmt.Println("...")
	}
}

func Example() {
	t := printer{} // in a test, its *testing.T
	// In a CDK app's test: corstest.New(t, assertions.Template_FromStack(stack, nil)).
	api := corstest.FromFile(t, "../../test/templates/catalog.template.json")
	app := api.From("https://app.example.com")
	app.Get("/products").IsAllowed()
	app.Post("/carts/price").WithHeader("content-type").IsAllowed()
	app.Get("/products").WithCredentials().IsRefused("InvalidAllowCredentials")
	api.From("https://evil.example").Get("/products").IsRefused()
	api.From("https://new.example").Get("/products").IsAllowed() // fails, and says why
	// Output:
	// corstest: want allowed, got refused (MissingAllowOriginHeader)
	//
	// A page of https://new.example requests GET /products
	//
	// Verdict: refused (MissingAllowOriginHeader)
	//   Access to fetch at
	//   'https://catalog742f25fd.execute-api.us-east-1.amazonaws.com/prod/products'
	//   from origin 'https://new.example' has been blocked by CORS policy:
	//   No 'Access-Control-Allow-Origin' header is present on the requested resource.
	//   https://fetch.spec.whatwg.org/#concept-cors-check
	// ...
}

func ExampleAPI_Matrix() {
	api := corstest.FromFile(printer{}, "../../test/templates/catalog.template.json")
	fmt.Print(api.Matrix("https://app.example.com", "https://evil.example"))
	// Output:
	// https://app.example.com
	//   POST   /carts/price            allowed; with credentials refused (PreflightInvalidAllowCredentials)
	//   GET    /health                 allowed; with credentials refused (InvalidAllowCredentials)
	//   GET    /products               allowed; with credentials refused (InvalidAllowCredentials)
	//   GET    /products/{id}          allowed; with credentials refused (InvalidAllowCredentials)
	//   GET    /products/{id}/reviews  allowed; with credentials refused (InvalidAllowCredentials)
	//   GET    /products/{id}/stock    allowed; with credentials refused (InvalidAllowCredentials)
	//
	// https://evil.example
	//   POST   /carts/price            refused (PreflightMissingAllowOriginHeader)
	//   GET    /health                 refused (MissingAllowOriginHeader)
	//   GET    /products               refused (MissingAllowOriginHeader)
	//   GET    /products/{id}          refused (MissingAllowOriginHeader)
	//   GET    /products/{id}/reviews  refused (MissingAllowOriginHeader)
	//   GET    /products/{id}/stock    refused (MissingAllowOriginHeader)
}
