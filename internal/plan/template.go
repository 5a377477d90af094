package plan

import (
	"net/http"
	"regexp"
	"slices"
	"strings"

	"github.com/corsgate/corsgate/constructs/cors"
	"github.com/corsgate/corsgate/internal/stagevars"
)

// The decision in API Gateway's mapping-template language (VTL). Only what is
// known to work there is used: header maps by get, keySet and get on
// $stageVariables (AWS's own passthrough template has both), matches,
// replaceAll, contains and length on strings, responseOverride set at most
// once. No backslash, no $ and no # stands in a regular expression, and no
// group is repeated: Java matches a repeated group by recursion, and a long
// origin would overflow its stack.
//
// The variables are checked before they are used, by the grammars of constructs/cors
// (pattern.go and variables.go): everything well formed is taken out of the list, and nothing
// may be left; each of the other variables must match as a whole. Only then the
// list becomes the regular expression that the origin must match as a whole.
//
// A missing header or variable is null in Velocity and the empty string in API
// Gateway; "$!x" makes both the empty string. In front of a parenthesis in a
// string a reference is a formal one: LocalStack's engine takes "$x(" for a call.
const (
	vtlScheme  = `[a-z][a-z0-9.-]*://`
	vtlHost    = `[a-z0-9_-][a-z0-9_.-]*`
	vtlPort    = `:([1-9][0-9]{0,3}|[1-5][0-9]{4}|6[0-4][0-9]{3}|65[0-4][0-9]{2}|655[0-2][0-9]|6553[0-5])`
	vtlElement = `${corsScheme}(~[.])?${corsHost}(:~|${corsPort})?,`

	// The variables that hold part of the allowlist.
	vtlLists = `(` + stagevars.Origins + `|` + stagevars.ExactOrigin + `)[0-9]*`

	// The variables that hold one value, and what each may hold, as "name=value":
	// see exactOrigin and readCompanions. corsAnyOrigin may hold nothing here, since
	// a policy that allows every origin has another template.
	vtlWhole      = `cors(ExactOrigin[0-9]*|AnyOrigin|Credentials|MaxAge|Methods|RequestHeaders|ExposedHeaders)`
	vtlWholeValue = `cors(ExactOrigin[0-9]*=${corsScheme}${corsHost}(${corsPort})?|Credentials=true|MaxAge=(0|[1-9][0-9]{0,4})` +
		`|Methods=[A-Z,]+|(Request|Exposed)Headers=[a-z0-9_.,~-]+)`
	vtlNotExact = stagevars.ExactOrigin + `[0-9]*=(https:.*:443|http:.*:80|.{327,})`
)

// vtlOrigin sets $corsOrigin to the Origin header of the request, "" for none.
var vtlOrigin = []string{
	`#set($corsOrigin = $input.params().header.get("origin"))`,
	`#if("$!corsOrigin" == "")#set($corsOrigin = $input.params().header.get("Origin"))#end`,
	`#set($corsOrigin = "$!corsOrigin")`,
}

// vtlPrepare sets what vtlAllowed needs. It is one directive a line; joined
// without the line breaks it prints nothing at all.
var vtlPrepare = slices.Concat(vtlOrigin, []string{
	`#set($corsScheme = "` + vtlScheme + `")`,
	`#set($corsHost = "` + vtlHost + `")`,
	`#set($corsPort = "` + vtlPort + `")`,
	`#set($corsList = "")`,
	`#set($corsFault = "")`,
	`#foreach($corsName in $stageVariables.keySet())`,
	`#if($corsName.matches("` + vtlLists + `"))#set($corsList = "$corsList$!stageVariables.get($corsName),")#end`,
	`#if($corsName.matches("` + vtlWhole + `"))#set($corsPair = "$corsName=$!stageVariables.get($corsName)")`,
	`#if($corsPair.matches("` + vtlNotExact + `"))#set($corsFault = $corsName)`,
	`#elseif($corsPair.matches("` + vtlWholeValue + `"))#else#set($corsFault = $corsName)#end`,
	`#end`,
	`#end`,
	`#set($corsRest = $corsList.replaceAll("` + vtlElement + `", ""))`,
	`#set($corsRegex = "")`,
	`#if($corsRest == "")#set($corsRegex = $corsList.replaceAll("[.]", "[.]").replaceAll(",", "|")` +
		`.replaceAll(":~", "(${corsPort})?").replaceAll("~", $corsHost))#end`,
})

const (
	vtlAllowed = `#if($corsOrigin != "" && $corsOrigin.length() <= 326 && $corsRest == "" && $corsFault == ""` +
		` && !$corsList.contains("..") && !$corsOrigin.contains("..") && $corsOrigin.matches($corsRegex))`
	vtlAllowOrigin = `#set($context.responseOverride.header.Access-Control-Allow-Origin = $corsOrigin)`
)

var preflightTemplate = strings.Join(vtlPrepare, "\n") + "\n" + vtlAllowed + `
` + vtlAllowOrigin + `
{"statusCode": 204}
#else
{"statusCode": 403}
#end`

// PreflightTemplate returns the request mapping template of the mock
// integration that handles preflights: it chooses status 204 and sets
// Access-Control-Allow-Origin to the request's origin if the stage's variables
// allow that origin, and chooses status 403 otherwise. The text is the same for
// every policy except one that allows every origin, which needs no decision but
// a static mapping of the header.
func PreflightTemplate(p *cors.Policy) string {
	if p.AnyOrigin() {
		return `{"statusCode": 204}`
	}
	return preflightTemplate
}

// ResponseTemplate returns directives to put in front of a mapping template of
// a method that is not a proxy integration, so that its response has the headers
// that depend on the origin. They print nothing. It returns "" for a policy that
// allows every origin, since static mappings of the headers are enough there.
//
// In a mock integration they belong in front of the request template, in any
// other in front of the response template: those are the places from which
// API Gateway was seen, or is documented, to take an override.
func ResponseTemplate(p *cors.Policy) string {
	if p.AnyOrigin() {
		return ""
	}
	b := strings.Join(vtlPrepare, "") + vtlAllowed + vtlAllowOrigin
	if p.Credentials() {
		b += `#set($context.responseOverride.header.Access-Control-Allow-Credentials = "true")`
	}
	if p.ExposedHeaders() != "" {
		b += `#set($context.responseOverride.header.Access-Control-Expose-Headers = "` + p.ExposedHeaders() + `")`
	}
	// What follows may begin with a letter, and "#endx" is no "#end". A closing
	// parenthesis ends a directive whatever follows it.
	return b + `#end#set($corsList = "")`
}

// ownTail is how a response's template ends after the origin is allowed.
var ownTail = regexp.MustCompile(`^(#set\(\$context\.responseOverride\.header\.Access-Control-Allow-Credentials = "true"\))?` +
	`(#set\(\$context\.responseOverride\.header\.Access-Control-Expose-Headers = "[^"$#]*"\))?#end#set\(\$corsList = ""\)`)

// elsewhere matches what of a mapping template reads a variable of the stage, or one that corsgate's directives set.
var elsewhere = regexp.MustCompile(`(?i)stageVariables|\$!?\{?cors`)

// DecidesAlone reports whether what a mapping template reads of the stage's variables is read by corsgate's own directives
// alone, which check it: those of [PreflightTemplate] and [ResponseTemplate].
func DecidesAlone(template string) bool {
	rest := strings.Replace(template, preflightTemplate, "", 1)
	if after, ok := strings.CutPrefix(rest, strings.Join(vtlPrepare, "")+vtlAllowed+vtlAllowOrigin); ok {
		if tail := ownTail.FindString(after); tail != "" {
			rest = after[len(tail):]
		}
	}
	return !elsewhere.MatchString(rest) || isLikeOurs(rest)
}

// isLikeOurs reports whether a template is one of corsgate's as other versions wrote it: it goes through the variables, has
// names of corsgate's alone, and sends the request's origin or none.
func isLikeOurs(template string) bool {
	for _, m := range reference.FindAllStringSubmatch(template, -1) {
		switch name, parts := m[1], m[2]; {
		case strings.HasPrefix(name, "cors"):
		case name == "stageVariables" && (parts == ".keySet()" || parts == ".get($corsName)"):
		case name == "input" && strings.HasPrefix(parts, ".params().header.get("):
		case name == "context" && parts == ".responseOverride.header.Access-Control-Allow-Origin":
		default:
			return false
		}
	}
	return strings.Count(template, "responseOverride") == strings.Count(template, vtlAllowOrigin) && strings.Contains(template, "$stageVariables.keySet()")
}

// reference matches one in a mapping template, with what follows of properties and calls.
var reference = regexp.MustCompile(`\$!?\{?([A-Za-z][A-Za-z0-9_-]*)((?:\.[A-Za-z][A-Za-z0-9_-]*(?:\([^)]*\))?)*)`)

// SingleOrigin returns the one origin of a policy that has exactly one and no
// pattern, so that a static header can name it. An origin with a CDK token is
// not one: nothing checks what a static header becomes, and it may be "null".
func SingleOrigin(p *cors.Policy) (string, bool) {
	origins := p.Origins()
	if len(origins) != 1 || p.AnyOrigin() || !p.Match(origins[0]) {
		return "", false
	}
	return origins[0], true
}

// AllowMethods returns the value of Access-Control-Allow-Methods for a resource
// that has these methods ("ANY" stands for all), "" for none: those that the
// policy allows, sorted.
func AllowMethods(p *cors.Policy, resource []string) string {
	// The methods do not depend on the origin, so a policy of these methods and any
	// origin decides them.
	vars := map[string]string{stagevars.AnyOrigin: "true"}
	if methods := p.Methods(); methods != "" {
		vars[stagevars.Methods] = methods
	}
	anyone, err := cors.FromStageVariables(vars)
	if err != nil {
		panic("corsgate: bug: the policy's own methods are not understood: " + err.Error())
	}
	return anyone.Decide(cors.Request{
		Method: http.MethodOptions, Origin: "https://corsgate.invalid", RequestMethod: http.MethodGet,
		Methods: append([]string{}, resource...), // nil would be methods that are unknown
	}).AllowMethods
}
