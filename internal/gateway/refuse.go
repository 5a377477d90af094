package gateway

import (
	"context"
	"slices"
	"strings"

	"github.com/corsgate/corsgate/internal/apigw"
)

// Refuse returns API Gateway's response to a request that it refuses with a gateway response of a type, one of
// [apigw.GatewayResponseTypes], whether or not this model ever returns that type by itself: no template says what makes the service
// throttle a request, but a page has to be able to read that response, too.
func (a *API) Refuse(ctx context.Context, req *Request, typ string) *Response {
	x := a.exchange(ctx, req, nil)
	x.split()
	return x.finish(nil, &failure{typ: typ, message: "Refused", detail: "as asked"})
}

// FromItself says of a response that no backend made it. The type is that of a gateway response or, of an HTTP API and a function
// URL, the text of the status.
func FromItself(typ string) string {
	if slices.Contains(apigw.GatewayResponseTypes(), typ) {
		return "from API Gateway itself (" + typ + ")"
	}
	return "from the service itself (" + typ + ")"
}

// Identity names the headers, in lower case and sorted, without which a method turns a request away: those of its
// authorizer's identity sources and that of an API key.
func (m *Method) Identity() []string {
	var out []string
	switch m.AuthorizationType {
	case "", "NONE":
	case "AWS_IAM":
		out = append(out, "authorization")
	default:
		sources := []string{apigw.RequestHeader + "Authorization"}
		if m.authorizer != nil {
			sources = m.authorizer.sources
		}
		for _, s := range sources {
			if name, ok := strings.CutPrefix(s, apigw.RequestHeader); ok {
				out = append(out, strings.ToLower(name))
			}
		}
	}
	if m.APIKeyRequired && m.keyInHeader {
		out = append(out, "x-api-key")
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// ofEveryPreflight are headers of a preflight, in lower case, that may be an identity source
// (https://fetch.spec.whatwg.org/#cors-preflight-fetch and what browsers add to every request).
var ofEveryPreflight = []string{"accept", "accept-encoding", "accept-language", "access-control-request-method", "connection", "host", "origin", "referer",
	"sec-fetch-dest", "sec-fetch-mode", "sec-fetch-site", "user-agent"}

// RefusesPreflights reports whether the authorizer of a method turns every preflight away, which a browser sends without
// credentials and without the page's headers. If it may let one in, known is false: its function decides, or it is not in the
// template.
func (m *Method) RefusesPreflights() (refuses, known bool) {
	switch m.AuthorizationType {
	case "", "NONE":
		return false, true
	case "CUSTOM", "JWT":
		if m.authorizer == nil || m.authorizer.unknown != nil {
			return false, false
		}
		lacks := slices.ContainsFunc(m.authorizer.sources, func(s string) bool {
			name, header := strings.CutPrefix(s, apigw.RequestHeader)
			return header && !slices.Contains(ofEveryPreflight, strings.ToLower(name))
		})
		// A preflight has the query of its request, and with it a token that is there.
		return lacks, lacks || m.AuthorizationType == "JWT"
	}
	return true, true
}

// Wants names, besides those of Identity, the headers that the method requires by a validator.
func (m *Method) Wants() []string {
	out := m.Identity()
	for k, required := range m.RequestParameters {
		if name, ok := strings.CutPrefix(k, apigw.RequestHeader); ok && required && m.validateParams {
			out = append(out, strings.ToLower(name))
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// Takes reports whether the method has a model for request bodies of a content type.
func (m *Method) Takes(contentType string) bool { return m.models[contentType] != nil }

// ServerError says of a type of gateway response that it takes what is not customised from DEFAULT_5XX.
func ServerError(typ string) bool {
	return typ == apigw.Default5XX || apigw.GatewayFamily(typ) == apigw.Default5XX
}
