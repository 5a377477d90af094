// Package questions chooses the requests that are worth trying on an API: which of its routes, with which methods, from
// pages of which origins, with which headers. It reads them from the template, and does not claim to find all that a
// page could send: they are what the template's author had in mind, and what lies just beside that.
package questions

import (
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/corsgate/corsgate/constructs/cors"
	"github.com/corsgate/corsgate/internal/apigw"
	"github.com/corsgate/corsgate/internal/browser"
	"github.com/corsgate/corsgate/internal/cfn"
	"github.com/corsgate/corsgate/internal/gateway"
	"github.com/corsgate/corsgate/internal/stagevars"
)

// Methods are those that ANY stands for, as pages use them.
var Methods = []string{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"}

// A Route is a path of an API with a method that pages ask for; OPTIONS is none.
type Route struct {
	Method string
	// Path is the resource's, /items/{id}.
	Path string
	// URL is a path that leads to it, /items/1.
	URL string
	// Identity names the headers without which the method turns a request away.
	Identity []string
}

// Routes returns the routes of an API, in the order of paths and [Methods]. ANY stands for a route for each method, and so does
// a method of a greedy or variable sibling that serves the path of a resource which has methods, but not this one: the
// preflight is the resource's own then, and the answer the sibling's.
func Routes(api *gateway.API) []Route {
	var out []Route
	resources := api.Resources()
	slices.SortFunc(resources, func(a, b *gateway.Resource) int { return strings.Compare(a.Path, b.Path) })
	for _, r := range resources {
		if len(r.Methods()) == 0 {
			continue
		}
		url := PathTo(api, r)
		for _, name := range Methods {
			if m, _ := api.Route(name, url); m != nil {
				out = append(out, Route{Method: name, Path: r.Path, URL: url, Identity: m.Wants()})
			}
		}
	}
	return out
}

// PathTo returns a path that leads to a resource, and not to one that is written out where this one has a parameter.
// Resources of several APIs that differ in the names of their parameters alone have the same one, where none is in the way.
func PathTo(api *gateway.API, r *gateway.Resource) string {
	for n := 0; n < 100; n++ {
		url := filled(r.Path, strconv.Itoa(n+1))
		if r.Path == gateway.DefaultRoute {
			if url = "/"; n > 0 {
				url = "/" + strconv.Itoa(n)
			}
		}
		if _, to := api.Route("OPTIONS", url); to == r {
			return url
		}
	}
	if r.Path == gateway.DefaultRoute {
		return "/"
	}
	return filled(r.Path, "1") // in vain: what answers is what browsers get
}

// filled puts values into a path's parameters.
func filled(path, value string) string {
	return apigw.PathParameter.ReplaceAllStringFunc(path, func(p string) string {
		if strings.HasSuffix(p, "+}") {
			return value + "/2"
		}
		return value
	})
}

// An Origin is that of a page.
type Origin struct {
	// Origin as a browser has it.
	Origin string
	// Of is the pattern of the allowlist for which it stands; empty for an origin that is written out.
	Of string
	// Beside reports whether no allowlist names it: a look-alike, a stranger, null.
	Beside bool
	// Lookalike reports whether it is among the origins for its likeness to another, even if a pattern turns out to cover it.
	Lookalike bool
}

// Stranger is an origin that nobody has: not a name of the internet (https://www.rfc-editor.org/rfc/rfc2606.html).
const Stranger = "https://corsgate-stranger.example"

// urls finds what looks like an origin or a pattern of some, as corsgate, its mapping templates and others write it.
var urls = regexp.MustCompile(`[a-z][a-z0-9+.-]*://[A-Za-z0-9_.*~\[\]-]+(?::(?:[0-9]{1,5}|[*~]))?`)

// Origins returns the origins that are worth asking from: those that the stages' variables and the static values and
// mapping templates of the APIs name, examples of each pattern and of each regular expression, and beside them
// look-alikes, null and a stranger.
func Origins(apis ...*gateway.API) []Origin {
	texts := map[string]bool{}
	named := map[string]bool{}
	for _, api := range apis {
		for _, v := range api.Variables {
			texts[v] = true
		}
		if api.CORS != nil {
			for _, o := range api.CORS.Origins {
				texts[o] = true
				texts[strings.ToLower(o)] = true // whether letter case counts is not known
			}
		}
		if p, err := cors.FromStageVariables(api.Variables); err == nil {
			for _, o := range p.Origins() {
				named[o] = true
			}
		}
		for _, r := range api.Resources() {
			for _, m := range r.Methods() {
				for _, t := range ofMethod(m) {
					texts[t] = true
				}
			}
		}
		for _, typ := range apigw.GatewayResponseTypes() {
			for name, v := range api.GatewayResponse(typ).Parameters {
				if isAllowOrigin(name) {
					texts[v] = true
				}
			}
		}
	}
	expressions := map[string]bool{} // strings that may be compared with an origin in another way than by ==
	for t := range texts {
		for _, u := range urls.FindAllString(t, -1) {
			named[strings.ReplaceAll(u, "~", "*")] = true
		}
		for _, l := range stringsOf(t) {
			expressions[l] = true
		}
	}
	delete(named, "*")
	out := map[string]Origin{}
	add := func(o Origin) {
		if cfn.Torn(o.Origin) {
			return // what looks like a stand-in is like no value
		}
		if _, err := browser.Prepare(browser.Call{Origin: o.Origin, URL: "https://api.example/"}); err != nil {
			return
		}
		if was, ok := out[o.Origin]; !ok || was.Beside && !o.Beside || was.Of != "" && o.Of == "" && !o.Beside {
			out[o.Origin] = o
		}
	}
	add(Origin{Origin: "null", Beside: true})
	add(Origin{Origin: Stranger, Beside: true})
	for name := range named {
		base := strings.Replace(strings.Replace(name, "://*.", "://x.", 1), ":*", ":3000", 1)
		o := Origin{Origin: base}
		if base != name {
			o.Of = name
		}
		add(o)
		if strings.Contains(name, "://*.") {
			add(Origin{Origin: strings.Replace(base, "://x.", "://x.y.", 1), Of: name})
			add(Origin{Origin: strings.Replace(base, "://x.", "://", 1), Beside: true, Lookalike: true}) // a pattern does not cover its own domain
		}
		if strings.HasSuffix(name, ":*") {
			add(Origin{Origin: strings.TrimSuffix(base, ":3000"), Of: name})
		}
		for _, o := range Lookalikes(base) {
			add(Origin{Origin: o, Beside: true, Lookalike: true})
		}
	}
	for _, o := range besides(expressions, out) {
		add(o)
	}
	var list []Origin
	patterns := compile(named)
	for _, o := range out {
		for _, p := range patterns {
			if o.Beside && p.Match(o.Origin) {
				o.Beside, o.Of = false, p.Origins()[0]
			}
		}
		list = append(list, o)
	}
	slices.SortFunc(list, func(a, b Origin) int { return strings.Compare(a.Origin, b.Origin) })
	return list
}

// besides returns the origins that strings of mapping templates imply, and look-alikes of each string's first. A regular
// expression stands for its examples where nothing else names any of them.
func besides(expressions map[string]bool, named map[string]Origin) []Origin {
	times := map[string]int{}
	for l := range expressions {
		origins, _ := implied(l)
		for _, o := range origins {
			times[o]++
		}
	}
	var out []Origin
	for _, l := range slices.Sorted(maps.Keys(expressions)) {
		origins, pattern := implied(l)
		for _, o := range origins {
			was, there := named[o]
			pattern = pattern && times[o] == 1 && (!there || was.Beside)
		}
		for i, o := range origins {
			one := Origin{Origin: o}
			if pattern {
				one.Of = l
			}
			if o != Stranger {
				out = append(out, one)
			}
			if i > 0 {
				continue
			}
			for _, like := range Lookalikes(o) {
				out = append(out, Origin{Origin: like, Beside: true, Lookalike: true})
			}
		}
	}
	return out
}

// compile returns a policy for each pattern, in the order of the patterns.
func compile(named map[string]bool) []*cors.Policy {
	var out []*cors.Policy
	for _, name := range slices.Sorted(maps.Keys(named)) {
		if !strings.Contains(name, "*") {
			continue
		}
		if p, err := cors.FromStageVariables(map[string]string{stagevars.Origins: strings.ReplaceAll(name, "*", "~")}); err == nil {
			out = append(out, p)
		}
	}
	return out
}

// ofMethod returns the texts of a method that may name an origin.
func ofMethod(m *gateway.Method) []string {
	if m.Integration == nil {
		return nil
	}
	var out []string
	templates := func(ts []gateway.Template) {
		for _, t := range ts {
			out = append(out, t.Text)
		}
	}
	templates(m.Integration.RequestTemplates)
	for _, r := range m.Integration.Responses {
		templates(r.Templates)
		for name, v := range r.Parameters {
			if isAllowOrigin(name) {
				out = append(out, v)
			}
		}
	}
	return out
}

func isAllowOrigin(name string) bool {
	return strings.HasSuffix(strings.ToLower(name), ".access-control-allow-origin")
}

// Lookalikes returns origins that a careless comparison takes for another: by its beginning or its end, as a part of it, by
// a dot that stands for any character, by the scheme and by the port.
func Lookalikes(origin string) []string {
	scheme, rest, _ := strings.Cut(origin, "://")
	host, port := rest, ""
	if at := strings.LastIndex(rest, ":"); at > strings.LastIndex(rest, "]") {
		host, port = rest[:at], rest[at:]
	}
	out := []string{
		scheme + "://" + host + ".corsgate-stranger.example" + port,
		scheme + "://corsgate-" + host + port,
		scheme + "://corsgate." + host + port,
		scheme + "://" + host + ":4443",
	}
	if last := len(host) - 1; last > 0 && !strings.ContainsAny(host[last-1:], ".]") {
		out = append(out, scheme+"://"+host[:last]+port)
	}
	if strings.Trim(host, "0123456789.[]:") != "" { // an address has no names
		for i := 1; i < len(host); i++ {
			if host[i] == '.' {
				out = append(out, scheme+"://"+host[:i]+"x"+host[i+1:]+port)
			}
		}
	}
	if scheme == "https" {
		out = append(out, "http://"+rest)
	}
	return out
}

// Any is a header that no template names; what is allowed with it is allowed with any.
const Any = "x-corsgate-any"

// Headers returns the request headers that are worth asking with: those that the APIs' variables and static values name,
// those that pages send most, and [Any]. Names are in lower case and sorted.
func Headers(apis ...*gateway.API) []string {
	out := []string{"authorization", "content-type", Any}
	add := func(value string) {
		for name := range strings.SplitSeq(strings.ToLower(strings.Trim(value, "'")), ",") {
			name = strings.TrimSpace(name)
			if name != "" && name != "*" && !cfn.HasSymbol(name) && !browser.ForbiddenHeader(name, Value(name)) && token.MatchString(name) {
				out = append(out, name)
			}
		}
	}
	for _, api := range apis {
		add(strings.ReplaceAll(api.Variables[stagevars.RequestHeaders], "~", "*"))
		if api.CORS != nil {
			add(strings.Join(api.CORS.Headers, ","))
		}
		for _, r := range api.Resources() {
			for _, m := range r.Methods() {
				if m.Integration == nil {
					continue
				}
				for _, ir := range m.Integration.Responses {
					for name, v := range ir.Parameters {
						if strings.HasSuffix(strings.ToLower(name), ".access-control-allow-headers") {
							add(v)
						}
					}
				}
				for _, name := range m.Wants() {
					add(name)
				}
			}
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// token is a header's name (https://www.rfc-editor.org/rfc/rfc9110.html#name-tokens).
var token = regexp.MustCompile("^[a-z0-9!#$%&'*+.^_`|~-]+$")

// Value returns a value of a header with which a request is worth sending. A content type is taken to be the one for which pages have
// to name it; of most headers the value makes no difference to CORS.
func Value(name string) string {
	if strings.EqualFold(name, "content-type") {
		return "application/json"
	}
	return "1"
}
