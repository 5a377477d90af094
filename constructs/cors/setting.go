package cors

import (
	"fmt"
	"slices"

	"github.com/corsgate/corsgate/internal/corsheader"
	"github.com/corsgate/corsgate/internal/corssetting"
)

// An Unsupported is an entry of a policy that the CORS setting of a service
// cannot have.
type Unsupported struct {
	Field string // of Config: "Origins", "RequestHeaders" or "ExposedHeaders"
	Value string // the entry as it would be written in a Config; empty if the list has too many
	Text  string // why, and what the service takes
	Fix   string // what to write instead, or what to do
}

// String returns the entry, why the service cannot have it, and the fix.
func (u Unsupported) String() string {
	if u.Value == "" {
		return fmt.Sprintf("%s: %s; %s", u.Field, u.Text, u.Fix)
	}
	return fmt.Sprintf("origin %q: %s; %s", u.Value, u.Text, u.Fix)
}

// UnsupportedByHTTPAPI returns the entries of p that the CorsConfiguration of an
// API Gateway HTTP API cannot have. The result is empty if it can have them all.
//
//	"https://*.example.com"    // unsupported: it compares whole origins
//	"http://localhost:*"       // unsupported: likewise
//	"capacitor://localhost"    // unsupported: it takes only https and http
//	"https://app.example.com"  // supported
//	"*"                        // supported
//	an origin with CDK tokens  // supported
//
// All methods, headers and max ages of a policy are supported, and credentials.
// For an entry that is unsupported, leave CorsConfiguration out and let the
// function respond. Package corslambda does if the integration has payload format
// 1.0, a route leads OPTIONS to the function, and the stage has the variables of
// [Policy.StageVariables].
//
// What is supported is not all the same as in a REST API with the policy:
//
//   - There is one list of methods for all routes. If [Policy.Methods] returns "",
//     list the methods that the routes have.
//   - The allowlist is not in a stage variable. Each change of it updates the API.
//   - Nothing checks what a CDK token becomes. If it becomes https://*, all pages
//     of that scheme are allowed.
//   - Whether MaxAge 0, which [NoCache] is, sends a header is not known. Without the
//     header, browsers cache the result of a preflight for 5 seconds.
//
// Sources: https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-cors.html,
// and users' reports of the schemes.
func (p *Policy) UnsupportedByHTTPAPI() []Unsupported {
	return p.unsupportedBy(corssetting.HTTPAPI)
}

// UnsupportedByFunctionURL returns the entries of p that the Cors property of a
// Lambda function URL cannot have. The result is empty if it can have them all.
//
//	"https://*.example.com"    // unsupported: it compares whole origins
//	"http://localhost:*"       // unsupported: likewise
//	"capacitor://localhost"    // not known, and not in the result
//	"https://app.example.com"  // supported, up to 253 characters
//	"*"                        // supported
//	an origin with CDK tokens  // supported
//
// Cors takes 100 origins, 100 request headers and 100 exposed headers. A longer
// list is one element of the result, which has no Value. All methods and max ages
// of a policy are supported, and credentials. For an entry that is unsupported,
// leave Cors out and let the function respond, in Go with [Policy.Handler].
//
// What is supported differs from a REST API with the policy as it does in an HTTP
// API: see [Policy.UnsupportedByHTTPAPI]. And Lambda sends the headers of the
// function beside those of Cors, so a function with Cors must send none.
//
// Sources: https://docs.aws.amazon.com/lambda/latest/api/API_Cors.html and
// https://docs.aws.amazon.com/lambda/latest/dg/urls-configuration.html.
func (p *Policy) UnsupportedByFunctionURL() []Unsupported {
	return p.unsupportedBy(corssetting.FunctionURL)
}

func (p *Policy) unsupportedBy(service corssetting.Service) []Unsupported {
	instead := ", or leave " + service.Property() + " out and let the function respond"
	var out []Unsupported
	exact := slices.DeleteFunc(p.Origins(), func(origin string) bool {
		why := service.Pattern(origin)
		if why != "" {
			out = append(out, Unsupported{Field: "Origins", Value: origin, Text: why, Fix: "name the origins" + instead})
		}
		return why != ""
	})
	// The methods and the max age of a policy are none that a service refuses: a test holds that.
	setting := corssetting.Setting{Service: service, Origins: exact, Headers: corsheader.List(p.requestHeaders), Expose: corsheader.List(p.exposedHeaders)}
	known := func(origin string) bool { return !token.in(origin) }
	fields := map[string]string{"AllowOrigins": "Origins", "AllowHeaders": "RequestHeaders", "ExposeHeaders": "ExposedHeaders"}
	for _, r := range setting.Refused(known) {
		fix := "name fewer"
		if r.Entry != "" {
			fix = "leave it out"
		}
		out = append(out, Unsupported{Field: fields[r.Member], Value: r.Entry, Text: "it " + r.Text, Fix: fix + instead})
	}
	return out
}
