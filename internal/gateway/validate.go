package gateway

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"github.com/corsgate/corsgate/internal/apigw"
	"github.com/corsgate/corsgate/internal/cfn"
)

func (x *exchange) contentType() string {
	ct, ok := x.req.Headers.Get("Content-Type")
	if !ok {
		return "application/json"
	}
	ct, _, _ = strings.Cut(ct, ";")
	return strings.ToLower(strings.TrimSpace(ct))
}

// requires notes what is required of queries and bodies.
func (m *Method) requires(bodies any) {
	var required []any
	for _, k := range slices.Sorted(maps.Keys(m.RequestParameters)) {
		if m.validateParams && m.RequestParameters[k] && strings.HasPrefix(k, apigw.RequestQuery) {
			required = append(required, k)
		}
	}
	if m.validateBody {
		required = append(required, "bodies", bodies)
	}
	if m.validator != nil {
		required = append(required, m.validator.ID())
	}
	if required != nil {
		m.valid = cfn.Canonical(required)
	}
}

// Requires writes what the method that serves a path requires of queries and bodies; empty if it requires nothing.
func (a *API) Requires(method, path string) string {
	if m, _ := a.Route(method, path); m != nil {
		return m.valid
	}
	return ""
}

// validate checks the request. What a validator that is not known would refuse is not served.
func (x *exchange) validate() error {
	err := x.invalid()
	if s := x.method.validator; err != nil && s != nil {
		return unsupported("whether requests are validated: %v", &cfn.Unknown{Symbol: s})
	}
	return err
}

func (x *exchange) invalid() error {
	m := x.method
	assumed := x.api.valid && x.req.Method != "OPTIONS"
	if m.validateParams {
		var missing []string
		for _, in := range []string{"header", "path", "querystring"} {
			if assumed && in == "querystring" {
				continue
			}
			var names []string
			for k, req := range m.RequestParameters {
				if name, ok := strings.CutPrefix(k, "method.request."+in+"."); ok && req {
					if v, found := x.source(k); !found || v == "" {
						names = append(names, name)
					}
				}
			}
			slices.Sort(names)
			missing = append(missing, names...)
		}
		if len(missing) > 0 {
			msg := "Missing required request parameters: [" + strings.Join(missing, ", ") + "]"
			x.step(Step{Kind: StepValidator, Detail: msg})
			return &failure{typ: apigw.BadRequestParameters, message: msg, errType: "BadRequestException", detail: msg}
		}
	}
	if m.validateBody && m.models != nil && !assumed {
		// https://docs.aws.amazon.com/apigateway/latest/api/API_PutMethod.html
		s := cmp.Or(m.models[x.contentType()], m.models["$default"])
		if s == nil {
			return nil
		}
		ok, err := s.valid(x.req.Body)
		if err != nil {
			return unsupported("the body cannot be validated: %v", err)
		}
		if !ok {
			x.step(Step{Kind: StepValidator, Detail: "the body does not fit the model"})
			return &failure{typ: apigw.BadRequestBody, message: "Invalid request body", errType: "BadRequestException", detail: "the body does not fit the model", valid: "the body does not fit the model"}
		}
	}
	return nil
}
