package plan

import (
	"strings"

	"github.com/corsgate/corsgate/constructs/cors"
)

// InlinePreflightTemplate returns [PreflightTemplate] with the allowlist in its text, for an API whose stage has no
// variables of a policy. It reports false for a policy with an origin that only a deployment knows: nothing would check
// what becomes part of the regular expression.
func InlinePreflightTemplate(p *cors.Policy) (string, bool) {
	if p.AnyOrigin() {
		return PreflightTemplate(p), true
	}
	var alternatives []string
	for _, origin := range p.Origins() {
		if strings.ContainsAny(origin, "${}") {
			return "", false
		}
		alternatives = append(alternatives, inlineExpression.Replace(origin))
	}
	return strings.Join(vtlOrigin, "\n") + `
#if($corsOrigin.length() <= 326 && !$corsOrigin.contains("..") && $corsOrigin.matches("` + strings.Join(alternatives, "|") + `"))
` + vtlAllowOrigin + `
{"statusCode": 204}
#else
{"statusCode": 403}
#end`, true
}

// inlineExpression makes the regular expression of one element, as the template does of a list.
var inlineExpression = strings.NewReplacer(".", "[.]", ":*", "("+vtlPort+")?", "*", vtlHost)
