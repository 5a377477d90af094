package probe

import (
	"fmt"
	"slices"
	"strings"

	"github.com/corsgate/corsgate/internal/corssetting"
	"github.com/corsgate/corsgate/internal/rules"
)

// service returns which service responds, where that is seen: the address of a function URL, or the request id that an HTTP API puts on
// responses; empty for anything else. A custom domain hides a function URL.
func (j *judge) service() corssetting.Service {
	if strings.Contains(j.target.Host, ".lambda-url.") {
		return corssetting.FunctionURL
	}
	if slices.ContainsFunc(j.sent, func(e *Exchange) bool {
		_, ok := e.raw.Get("apigw-requestid")
		return ok
	}) {
		return corssetting.HTTPAPI
	}
	return ""
}

// inSetting is the fix of a rule in terms of a CORS setting; false where it has none there, and where nothing is of it.
func inSetting(s corssetting.Service, id rules.ID, origin string, methods, headers []string) (rules.Fix, bool) {
	list := func(l []string) string {
		var out []string
		for _, e := range l {
			if !slices.Contains(out, e) {
				out = append(out, e)
			}
		}
		return "[" + strings.Join(out, ", ") + "]"
	}
	member := ""
	switch id {
	case rules.CORS101, rules.CORS109, rules.CORS119, rules.CORS208:
		member = "AllowOrigins: [" + origin + "]"
	case rules.CORS110:
		member = "AllowMethods: " + list(methods)
	case rules.CORS111, rules.CORS112, rules.CORS122:
		member = "AllowHeaders: " + list(headers)
	case rules.CORS502:
		if s == corssetting.FunctionURL {
			return rules.Fix{CloudFormation: "# the URL sends the headers of Cors beside those of the function: set them in\n# one of them"}, true
		}
		return rules.Fix{}, false
	default:
		return rules.Fix{}, false
	}
	name := map[corssetting.Service]string{corssetting.HTTPAPI: "Api", corssetting.FunctionURL: "Url"}[s]
	return rules.Fix{CloudFormation: fmt.Sprintf("%s:\n  Properties:\n    %s:\n      %s", name, s.Property(), member)}, true
}
