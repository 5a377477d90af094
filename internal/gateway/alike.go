package gateway

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/corsgate/corsgate/internal/apigw"
)

// A Behaviour says what the response to a request depends on, as far as that can be seen without asking for it.
type Behaviour struct {
	// Key is a text. Requests with the same one, for whatever path, are answered alike if their headers, their bodies and
	// their method are the same; the responses' traces name other resources.
	Key string
	// Headers names the request headers, in lower case and sorted, on which the response may depend. Any says that it may
	// depend on every one.
	Headers []string
	Any     bool
}

// Behaviour returns what the response to a request for a path depends on; the path is without the stage and without a query
// string. Backend says the same of the response of a function, and of what everything else does that is called, for which
// it is asked with nil.
func (a *API) Behaviour(method, path string, backend func(*Function) Behaviour) Behaviour {
	m, _, _ := a.find(method, path)
	a.ownReads.Do(func() { a.own = a.ownResponses() })
	b := &behaviour{headers: map[string]bool{}}
	b.also(a.own)
	if a.Kind != RestAPI { // which are not compared
		b.path, b.any = true, true
		b.add(string(a.Kind) + " " + method)
		return b.done(path)
	}
	if m == nil {
		b.add("nowhere")
		return b.done(path)
	}
	m.alikeOnce.Do(func() {
		m.alike = fmt.Sprintf("%v %#v %v %v %v %v %#v %#v", m.Err, m.AuthorizationType, m.APIKeyRequired, m.keyInHeader, m.validateBody, m.validateParams, m.RequestParameters, m.Responses)
		if i := m.Integration; i != nil {
			m.alikeIntegration = fmt.Sprintf("%q %q %q %q %#v %#v %#v", i.Type, i.HTTPMethod, i.Passthrough, i.ContentHandling, i.RequestParameters, i.RequestTemplates, i.Responses)
		}
	})
	b.add(m.alike)
	if a.policy != nil && a.policyUse != IgnorePolicy {
		b.add(fmt.Sprint(a.Judge(method, path, m.AuthorizationType == "AWS_IAM")))
	}
	if m.validateBody {
		b.add(fmt.Sprintf("%p", m)) // models are not compared
	}
	for _, name := range m.Wants() {
		b.headers[name] = true
	}
	if m.authorizer != nil {
		b.add(fmt.Sprintf("%#v", *m.authorizer))
		for _, s := range m.authorizer.sources {
			b.source(s)
		}
	}
	if a.authorizers != nil && m.AuthorizationType != "" && m.AuthorizationType != "NONE" {
		b.path, b.any = true, true // it is shown the request
	}
	for k := range m.RequestParameters {
		b.source(k)
	}
	if i := m.Integration; i != nil {
		b.add(m.alikeIntegration)
		b.integration(a, i, backend)
	}
	return b.done(path)
}

// ownResponses notes what the API's own responses depend on.
func (a *API) ownResponses() *behaviour {
	b := &behaviour{headers: map[string]bool{"accept": true, "content-type": true}}
	for _, typ := range apigw.GatewayResponseTypes() {
		g := a.GatewayResponse(typ)
		for _, v := range g.Parameters {
			b.source(v)
		}
		for _, t := range g.Templates {
			for _, s := range substitution.FindAllString(t.Text, -1) {
				b.source(strings.Trim(s, "${}"))
			}
		}
	}
	return b
}

// integration adds what an integration makes of it.
func (b *behaviour) integration(a *API, i *Integration, backend func(*Function) Behaviour) {
	for _, t := range i.RequestTemplates {
		b.also(a.parsed(t.Text).reads)
	}
	for _, r := range i.Responses {
		for _, v := range r.Parameters {
			b.source(v)
		}
		for _, t := range r.Templates {
			b.also(a.parsed(t.Text).reads)
		}
	}
	if i.Type == apigw.Mock {
		return
	}
	// A variable that is missing fails before anything is called.
	b.add(fmt.Sprintf("%q", stageVariable.FindAllString(i.URI, -1)))
	x := &exchange{api: a}
	uri, _ := x.uri(i)
	fn := a.functionOf(uri)
	if i.Type == apigw.AWS || i.Type == apigw.AWSProxy {
		if fn == nil {
			b.add(uri)
		}
		if strings.Contains(uri, "{") {
			b.path, b.any = true, true // which function it is may depend on the request
			b.add(uri)
		}
	}
	behind := backend(fn)
	b.add(behind.Key)
	for _, name := range behind.Headers {
		b.headers[name] = true
	}
	b.any = b.any || behind.Any
}

// behaviour is a Behaviour in the making.
type behaviour struct {
	key       strings.Builder
	headers   map[string]bool
	any, path bool
}

// also adds what something else depends on.
func (b *behaviour) also(o *behaviour) {
	maps.Copy(b.headers, o.headers)
	b.any, b.path = b.any || o.any, b.path || o.path
}

func (b *behaviour) add(s string) { fmt.Fprintf(&b.key, "%d:%s", len(s), s) }

var (
	// knownReference is what of a mapping template depends on nothing but one header, or on nothing of the request.
	knownReference = regexp.MustCompile(`params\(\)\.header\.get\((?:"([A-Za-z0-9-]+)"|'([A-Za-z0-9-]+)')\)|context\.re(?:sponse|quest)Override\b`)
	// anyReference is what may depend on more.
	anyReference = regexp.MustCompile(`params|context`)
)

// read notes what a mapping template depends on. What is not known for harmless is taken for the path and every header.
func (b *behaviour) read(text string) {
	rest := knownReference.ReplaceAllStringFunc(text, func(s string) string {
		m := knownReference.FindStringSubmatch(s)
		if name := strings.ToLower(m[1] + m[2]); name != "" {
			b.headers[name] = true
		}
		return " "
	})
	for _, what := range anyReference.FindAllString(rest, -1) {
		b.path = true
		b.any = b.any || what == "params"
		b.headers["user-agent"] = true // which is in $context.identity
	}
}

// source notes what the source of a mapping depends on; see exchange.source. Queries and bodies are not noted, since
// only requests are held to be alike that have no query, and the same body.
func (b *behaviour) source(src string) {
	for _, in := range []string{apigw.RequestHeader, apigw.RequestMultiValueHeader} {
		if name, ok := strings.CutPrefix(src, in); ok {
			b.headers[strings.ToLower(name)] = true
		}
	}
	switch {
	case strings.HasPrefix(src, "context.error."): // which follows from all the rest
	case strings.HasPrefix(src, "context."):
		b.read(src)
	case strings.HasPrefix(src, apigw.RequestPath):
		b.path = true
	}
}

func (b *behaviour) done(path string) Behaviour {
	if b.path {
		b.add(path)
	}
	out := Behaviour{Key: b.key.String(), Any: b.any}
	for name := range b.headers {
		out.Headers = append(out.Headers, name)
	}
	slices.Sort(out.Headers)
	return out
}
