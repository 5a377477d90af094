package gateway

import (
	"maps"
	"slices"

	"github.com/corsgate/corsgate/internal/apigw"
	"github.com/corsgate/corsgate/internal/cfn"
	"github.com/corsgate/corsgate/internal/vtl"
)

func (x *exchange) authorize() error {
	m := x.method
	switch m.AuthorizationType {
	case "", "NONE":
		return nil
	}
	unauthorized := &failure{typ: apigw.Unauthorized, message: "Unauthorized", errType: "UnauthorizedException", detail: "no identity was sent to the authorizer"}
	ar := &AuthorizerRequest{Type: m.AuthorizationType, Request: x.req}
	if m.AuthorizationType == "AWS_IAM" {
		tok, ok := x.headers.Get("Authorization")
		if !ok {
			x.step(Step{Kind: StepAuthorizer, Name: "AWS_IAM", Detail: "no signature"})
			return &failure{typ: apigw.MissingAuthenticationToken, message: "Missing Authentication Token", errType: "MissingAuthenticationTokenException", detail: "the method wants a signed request"}
		}
		ar.Token = tok
	} else {
		sources := []string{apigw.RequestHeader + "Authorization"}
		if m.authorizer != nil {
			ar.Authorizer = m.authorizer.id
			if m.authorizer.function != nil {
				ar.Function = *m.authorizer.function
			}
			sources = m.authorizer.sources
		}
		for i, s := range sources {
			v, ok := x.source(s)
			if !ok || v == "" {
				if m.authorizer != nil && m.authorizer.unknown != nil {
					return unsupported("what the authorizer wants of a request: %v", &cfn.Unknown{Symbol: m.authorizer.unknown})
				}
				x.step(Step{Kind: StepAuthorizer, Name: ar.Authorizer, Detail: "the request lacks " + s})
				return unauthorized
			}
			if i == 0 {
				ar.Token = v
			}
		}
	}
	if x.api.authorize == nil {
		x.step(Step{Kind: StepAuthorizer, Name: ar.Authorizer, Detail: m.AuthorizationType + " assumed to let the request in"})
		return nil
	}
	r, err := x.api.authorize(x.ctx, ar)
	switch {
	case err != nil:
		return &failure{typ: apigw.AuthorizerFailure, message: "Internal server error", errType: "AuthorizerConfigurationException", detail: err.Error()}
	case r != nil && r.Unauthorized:
		return unauthorized
	case r == nil || !r.Allow:
		return &failure{typ: apigw.AccessDenied, message: "User is not authorized to access this resource", errType: "AccessDeniedException", detail: "the authorizer denied the request"}
	}
	am := vtl.NewMap()
	for _, k := range slices.Sorted(maps.Keys(r.Context)) {
		am.Put(k, r.Context[k])
	}
	x.context.Put("authorizer", am)
	x.step(Step{Kind: StepAuthorizer, Name: ar.Authorizer, Detail: "allowed"})
	return nil
}

func (x *exchange) apiKey() error {
	if !x.method.APIKeyRequired || !x.method.keyInHeader {
		return nil
	}
	key, ok := x.headers.Get("x-api-key")
	if ok && x.api.keys[key] {
		x.step(Step{Kind: StepAPIKey, Detail: "valid"})
		return nil
	}
	detail := "the request has no x-api-key"
	if ok {
		detail = "the x-api-key is not one the template or the caller names"
	}
	x.step(Step{Kind: StepAPIKey, Detail: detail})
	return &failure{typ: apigw.InvalidAPIKey, message: "Forbidden", errType: "ForbiddenException", detail: detail}
}
