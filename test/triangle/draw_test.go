package triangle

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"pgregory.net/rapid"

	"github.com/corsgate/corsgate/constructs/cors"
	"github.com/corsgate/corsgate/internal/browser"
)

var (
	hosts = []string{"example.com", "app.example.com", "a-b.example.com", "xn--bcher-kva.example", "example.co.uk", "localhost", "127.0.0.1", "appxexample.com",
		"example.com.evil.example", "notexample.com", "preview.example.com", "a.b.preview.example.com"}
	schemes = []string{"https", "https", "https", "http", "capacitor"}
	ports   = []string{"", "", "", "3000", "8443", "65535", "1"}
	verbs   = []string{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"}
	names   = []string{"content-type", "authorization", "x-api-key", "x-request-id", "x_y", "accept"}
)

// some returns a sublist, in random order.
func some(t *rapid.T, label string, of []string) []string {
	return rapid.SliceOfNDistinct(rapid.SampledFrom(of), 0, 3, rapid.ID[string]).Draw(t, label)
}

// drawPolicy returns a valid policy.
func drawPolicy(t *rapid.T) *cors.Policy {
	cfg := cors.Config{
		AllowCredentials:                   rapid.Bool().Draw(t, "credentials"),
		Methods:                            some(t, "methods", verbs),
		RequestHeaders:                     some(t, "request headers", names),
		ExposedHeaders:                     some(t, "exposed headers", []string{"x-request-id", "etag", "date"}),
		MaxAge:                             rapid.SampledFrom([]time.Duration{0, cors.NoCache, time.Second, 2 * time.Hour, 24 * time.Hour}).Draw(t, "max age"),
		DangerouslyTolerateInsecureOrigins: true, DangerouslyTolerateSubdomainsOfPublicSuffixes: true,
	}
	if rapid.IntRange(0, 7).Draw(t, "any header") == 0 {
		cfg.RequestHeaders = []string{"*"}
	}
	if rapid.IntRange(0, 7).Draw(t, "any exposed") == 0 {
		cfg.ExposedHeaders = []string{"*"}
	}
	if rapid.IntRange(0, 9).Draw(t, "any origin") == 0 {
		cfg.Origins, cfg.AllowCredentials = []string{"*"}, false
	} else {
		n := rapid.IntRange(1, 6).Draw(t, "origins")
		for range n {
			wild := rapid.IntRange(0, 3).Draw(t, "wild")
			o := rapid.SampledFrom(schemes).Draw(t, "scheme") + "://"
			if wild == 1 {
				o += "*."
			}
			o += rapid.SampledFrom(hosts).Draw(t, "host")
			if wild == 2 {
				o += ":*"
			} else if p := rapid.SampledFrom(ports).Draw(t, "port"); p != "" {
				o += ":" + p
			}
			cfg.Origins = append(cfg.Origins, o)
		}
	}
	p, err := cors.New(cfg)
	if err != nil {
		t.Skip(err.Error()) // cors has its own tests of what it refuses
	}
	return p
}

func drawAPI(t *rapid.T) api {
	a := api{policy: drawPolicy(t), echo: rapid.Bool().Draw(t, "echo"), binary: rapid.Bool().Draw(t, "binary"), apart: rapid.Bool().Draw(t, "apart")}
	kinds := []kind{proxy, proxy, mock, web}
	if a.binary {
		kinds = kinds[:3] // a response of a server is binary then, and no template can read it, with CORS or without
	}
	for _, path := range rapid.SliceOfNDistinct(rapid.SampledFrom([]string{"/", "/items", "/items/{id}", "/items/{id}/parts", "/a/b/c", "/files/{path+}", "/x.y"}), 1, 4, rapid.ID[string]).Draw(t, "paths") {
		r := route{path, map[string]kind{}}
		for _, verb := range rapid.SliceOfNDistinct(rapid.SampledFrom(append([]string{"ANY"}, verbs...)), min(1, rapid.IntRange(0, 7).Draw(t, "some verb")), 3, rapid.ID[string]).Draw(t, "verbs") {
			r.methods[verb] = rapid.SampledFrom(kinds).Draw(t, "kind")
		}
		a.routes = append(a.routes, r)
	}
	return a
}

func drawAnswer(t *rapid.T) answer {
	a := answer{Status: rapid.SampledFrom([]int{200, 201, 204, 400, 404, 500, 503}).Draw(t, "status"), Headers: map[string]string{}, Fails: rapid.IntRange(0, 9).Draw(t, "fails") == 0}
	for _, h := range some(t, "headers", []string{"Access-Control-Allow-Origin", "access-control-allow-credentials", "ACCESS-CONTROL-ALLOW-METHODS", "X-Request-Id", "access-control-expose-headers"}) {
		a.Headers[h] = rapid.SampledFrom([]string{"*", "true", "https://evil.example"}).Draw(t, "value")
	}
	a.Attached = rapid.Bool().Draw(t, "attached")
	return a
}

// drawOrigin returns the origin of a page: one that the policy allows, one that looks like it, or another.
func drawOrigin(t *rapid.T, p *cors.Policy) string {
	fallback := rapid.SampledFrom(schemes).Draw(t, "scheme") + "://" + rapid.SampledFrom(hosts).Draw(t, "host")
	if port := rapid.SampledFrom(ports).Draw(t, "port"); port != "" {
		fallback += ":" + port
	}
	base := rapid.SampledFrom(p.Origins()).Draw(t, "base")
	if base == "*" {
		base = fallback
	}
	base = strings.Replace(base, "*.", rapid.SampledFrom([]string{"a.", "a.b.", "x-y.", "", "a..", "0."}).Draw(t, "label"), 1)
	base = strings.Replace(base, ":*", rapid.SampledFrom([]string{"", ":3000", ":65535", ":8443"}).Draw(t, "port"), 1)
	switch rapid.IntRange(0, 9).Draw(t, "origin") {
	case 0:
		return "null"
	case 1:
		return fallback
	case 2:
		return base + ".evil.example"
	case 3:
		return strings.Replace(base, ".", "x", 1)
	case 4:
		return strings.Replace(base, "://", "://evil-", 1)
	case 5:
		return base + ":8080"
	}
	return base
}

func drawRequest(t *rapid.T, a api) request {
	r := request{route: rapid.IntRange(0, len(a.routes)-1).Draw(t, "route"), http1: rapid.Bool().Draw(t, "http1")}
	if rapid.IntRange(0, 11).Draw(t, "nowhere") == 11 {
		r.route = -1
	}
	r.Origin = drawOrigin(t, a.policy)
	if _, err := browser.Prepare(browser.Call{Origin: r.Origin, URL: "https://api.example/"}); err != nil {
		r.Origin = "https://app.example.com" // no page has the one drawn; TestAnyOriginHeader is about those
	}
	methods := append([]string{"patch", "put", "OPTIONS", "PROPFIND", "TRACE"}, verbs...)
	if r.route >= 0 && rapid.IntRange(0, 2).Draw(t, "its methods") > 0 {
		if own := a.routes[r.route].verbs(); len(own) > 0 && !slices.Contains(own, "ANY") {
			methods = own
		} else {
			methods = verbs
		}
	}
	r.Method = rapid.SampledFrom(methods).Draw(t, "method")
	r.Credentials = rapid.SampledFrom([]browser.Credentials{"", browser.Include, browser.Omit}).Draw(t, "mode")
	r.URL = "/nowhere"
	if r.route >= 0 {
		id := rapid.SampledFrom([]string{"1", "a-b", "%20", "x.y"}).Draw(t, "id")
		r.URL = strings.NewReplacer("{id}", id, "{path+}", id+"/"+id).Replace(a.routes[r.route].path)
	}
	if rapid.Bool().Draw(t, "query") {
		r.URL += "?origin=https://evil.example&x=1"
	}
	headers := append([]string{"accept-language", "cookie", "range", "X-Upper"}, names...)
	if h := a.policy.RequestHeaders(); h != "" && h != "*" && rapid.IntRange(0, 2).Draw(t, "its headers") > 0 {
		headers = strings.Split(h, ",")
	}
	for _, name := range rapid.SliceOfNDistinct(rapid.SampledFrom(headers), 0, min(2, len(headers)), rapid.ID[string]).Draw(t, "headers") {
		value := rapid.SampledFrom([]string{"1", "application/json", "text/plain", "a\"b"}).Draw(t, "value")
		r.Header = append(r.Header, browser.Field{Name: name, Value: value})
	}
	if r.Method != "GET" && r.Method != "HEAD" && rapid.Bool().Draw(t, "body") {
		r.Body = []byte(fmt.Sprintf(`{"n": %d}`, rapid.IntRange(0, 9).Draw(t, "n")))
	}
	return r
}

// drawHeader returns what might stand in an Origin header, sent by whatever client.
func drawHeader(t *rapid.T, p *cors.Policy) string {
	o := []byte(drawOrigin(t, p))
	for range rapid.IntRange(0, 3).Draw(t, "edits") {
		at := rapid.IntRange(0, len(o)-1).Draw(t, "at")
		c := rapid.SampledFrom([]byte(" ,.:/~*|()[]?#$\\'\"AZaz09-_@%\xc3\xa9\xff")).Draw(t, "byte")
		switch rapid.IntRange(0, 3).Draw(t, "edit") {
		case 0:
			o[at] = c
		case 1:
			o = slices.Insert(o, at, c)
		case 2:
			if len(o) > 1 {
				o = slices.Delete(o, at, at+1)
			}
		case 3:
			o = slices.Insert(o, at, []byte(strings.Repeat("a.", rapid.IntRange(1, 200).Draw(t, "long")))...)
		}
	}
	return strings.Trim(string(o), " ")
}
