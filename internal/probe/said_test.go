package probe

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/corsgate/corsgate/internal/browser"
	"github.com/corsgate/corsgate/internal/report"
	"github.com/corsgate/corsgate/internal/rules"
)

// TestNowhere holds that an address without a method is told as that, whatever a page can read of the response, and without what
// CORS would have to do with it.
func TestNowhere(t *testing.T) {
	for _, allow := range []string{"", "*"} {
		s := start(t, func(w http.ResponseWriter, _ *http.Request) {
			gateway(w, 403, "MissingAuthenticationTokenException", `{"message":"Missing Authentication Token"}`, allow)
		})
		for _, method := range []string{"GET", "PUT"} {
			o := s.options(api, "/prod/ordres")
			if o.Method = method; method == "GET" {
				o.Header = nil
			}
			r := survey(t, o)
			at := slices.IndexFunc(r.Findings, func(f report.Finding) bool { return f.Rule == rules.CORS517 })
			if (at >= 0) != (method == "GET") || (r.Nowhere != "") != (method == "GET") {
				t.Errorf("%s, %q: %q\n%s", method, allow, r.Nowhere, listing(r))
			}
			if method == "GET" && slices.ContainsFunc(r.Findings, func(f report.Finding) bool { return strings.HasPrefix(string(f.Rule), "CORS1") }) {
				t.Errorf("%q: rules of preflights are found:\n%s", allow, listing(r))
			}
		}
	}
}

// TestRefusal holds that an origin which the server looked at and refused is told as refused, and not as a function that is
// not wrapped.
func TestRefusal(t *testing.T) {
	for name, tt := range map[string]struct {
		vary, want, not string
		preflight       int
	}{
		"refused":               {"Origin", "CORS109 GET /prod/orders: exchange 2, the page's request: the origin was compared and refused", "CORS510", 403},
		"not looked at":         {"", "CORS510 GET", "CORS109 GET", 403},
		"the preflight crashes": {"Origin", "CORS510 GET", "CORS109 GET", 500},
	} {
		s := start(t, func(w http.ResponseWriter, r *http.Request) {
			switch {
			case strings.Contains(r.URL.Path, "no/such"):
				good(w, r)
			case r.Method == "OPTIONS" && tt.preflight == 500:
				gateway(w, 500, "InternalServerErrorException", `{"message": "Internal server error"}`, "")
			default:
				if tt.vary != "" {
					w.Header().Set("Vary", tt.vary)
				}
				if r.Method == "OPTIONS" {
					w.WriteHeader(tt.preflight)
				}
			}
		})
		o := s.options(api, "/prod/orders")
		o.Method, o.Header = "GET", nil
		if got := listing(survey(t, o)); !strings.Contains(got, tt.want) || strings.Contains(got, tt.not) {
			t.Errorf("%s:\n%s", name, got)
		}
	}
}

// TestFix holds that a fix has the page's origin, method and headers in it, beside those that are allowed already.
func TestFix(t *testing.T) {
	s := start(t, good) // allows GET, PUT, DELETE, content-type and authorization
	for _, tt := range []struct {
		rule         rules.ID
		method       string
		header       string
		cfn, inGo    string
		origin       string
		withoutExtra string
	}{
		{rules.CORS111, "PUT", "X-Tenant", `Access-Control-Allow-Headers: "'content-type,authorization,x-tenant'"`, `RequestHeaders: []string{"content-type", "authorization", "x-tenant"}`, page, "x-api-key"},
		{rules.CORS110, "PATCH", "content-type", `Access-Control-Allow-Methods: "'GET,PUT,DELETE,PATCH'"`, "corsapi.Enable", page, "POST"},
		{rules.CORS109, "PUT", "X-Tenant", `Access-Control-Allow-Origin: "'https://www.example.com'"`, `Origins:        []string{"https://www.example.com"}`, "https://www.example.com", "https://app.example.com"},
	} {
		o := s.options(api, "/prod/orders")
		o.Method, o.Origin, o.Header = tt.method, tt.origin, browser.Header{{Name: tt.header, Value: "1"}}
		r := survey(t, o)
		at := slices.IndexFunc(r.Findings, func(f report.Finding) bool { return f.Rule == tt.rule })
		if at < 0 {
			t.Errorf("no %s:\n%s", tt.rule, listing(r))
			continue
		}
		if fix := r.Findings[at].Fix; !strings.Contains(strings.Join(strings.Fields(fix.CloudFormation), " "), tt.cfn) || !strings.Contains(fix.Go, tt.inGo) || strings.Contains(fix.Go+fix.CloudFormation, tt.withoutExtra) {
			t.Errorf("%s:\n%s\n%s", tt.rule, fix.Go, fix.CloudFormation)
		}
	}
}

// TestReadable holds which headers of the answer are told that a page can read.
func TestReadable(t *testing.T) {
	for exposed, want := range map[string]string{"": "content-type", "x-request-id, etag": "content-type, etag, x-request-id"} {
		s := start(t, func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("X-Request-Id", "1")
			w.Header().Set("Etag", "1")
			w.Header().Set("Content-Type", "text/plain")
			if exposed != "" && r.Method == "GET" {
				w.Header().Set("Access-Control-Expose-Headers", exposed)
			}
			good(w, r)
		})
		o := s.options(api, "/prod/orders")
		o.Method, o.Header = "GET", nil
		r := survey(t, o)
		got := slices.DeleteFunc(slices.Sorted(slices.Values(r.Readable)), func(name string) bool { return name == "content-length" })
		if strings.Join(got, ", ") != want {
			t.Errorf("%q: %q, want %s", exposed, got, want)
		}
	}
	s := start(t, func(w http.ResponseWriter, _ *http.Request) {})
	o := s.options(api, "/prod/orders")
	o.Method, o.Header = "GET", nil
	if r := survey(t, o); len(r.Readable) > 0 {
		t.Errorf("of an answer that cannot be read: %q", r.Readable)
	}
}

// TestEndpointHost holds that of a VPC endpoint's own name the address is told that pages have to ask.
func TestEndpointHost(t *testing.T) {
	s := start(t, func(w http.ResponseWriter, _ *http.Request) {
		gateway(w, 403, "ForbiddenException", `{"message":"Forbidden"}`, "")
	})
	o := s.options("vpce-0a1b2c3d-x7y8z9.execute-api.eu-west-1.vpce.amazonaws.com", "/prod/orders")
	o.Header = append(o.Header, browser.Field{Name: "x-apigw-api-id", Value: "abc123"})
	if got, want := listing(survey(t, o)), "https://abc123-vpce-0a1b2c3d.execute-api.eu-west-1.amazonaws.com/prod/orders"; !strings.Contains(got, "CORS513 OPTIONS") || !strings.Contains(got, want) {
		t.Errorf("want %s in\n%s", want, got)
	}
}
