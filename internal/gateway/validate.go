package gateway

import (
	"slices"
	"strings"

	"github.com/corsgate/corsgate/internal/apigw"
)

func (x *exchange) contentType() string {
	ct, ok := x.req.Headers.Get("Content-Type")
	if !ok {
		return "application/json"
	}
	ct, _, _ = strings.Cut(ct, ";")
	return strings.ToLower(strings.TrimSpace(ct))
}

func (x *exchange) validate() error {
	m := x.method
	if m.validateParams {
		var missing []string
		for _, in := range []string{"header", "path", "querystring"} {
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
	if m.validateBody && m.models != nil {
		s := m.models[x.contentType()]
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
