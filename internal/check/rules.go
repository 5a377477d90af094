package check

import (
	"fmt"
	"slices"
	"strings"

	"github.com/corsgate/corsgate/internal/browser"
	"github.com/corsgate/corsgate/internal/corsheader"
	"github.com/corsgate/corsgate/internal/gateway"
	"github.com/corsgate/corsgate/internal/rules"
)

// A checker decides whether a view has findings of one rule.
type checker func(v *View, report reporter)

// reporter takes a finding: where, what is wrong there, and what a browser prints, if anything.
type reporter func(p place, detail, console string)

// ofEveryAPI are the rules that are asked of an API which has nothing of CORS too.
var ofEveryAPI = []rules.ID{rules.CORS121, rules.CORS201, rules.CORS203, rules.CORS405, rules.CORS410}

// checks is what decides each rule. Those whose fault is that of a preflight are told apart in fault.go, and say here what
// is wrong. CORS901 and CORS902 are found where suppressions
// are used, in package report, and CORS409, CORS903 and CORS904 where templates are read.
var checks = map[rules.ID]checker{
	rules.CORS101: noPreflight(rules.CORS101),
	rules.CORS102: faulty(rules.CORS102, func(_ *View, _ route, f fault) string {
		if f.method != nil && f.method.HTTPMethod == "ANY" {
			return "the preflight goes to ANY, which requires authorization (" + f.method.AuthorizationType + "), since there is no OPTIONS"
		}
		return "OPTIONS requires authorization (" + methodAuth(f.method) + "), which no preflight has"
	}),
	rules.CORS103: faulty(rules.CORS103, func(*View, route, fault) string { return "ApiKeyRequired is true for preflights" }),
	rules.CORS104: faulty(rules.CORS104, func(_ *View, _ route, f fault) string {
		return "the validator refuses preflights: " + f.report.Trace.Preflight.GatewayResponse.Detail
	}),
	rules.CORS105: faulty(rules.CORS105, func(v *View, _ route, _ fault) string {
		return "BinaryMediaTypes has " + strings.Join(slices.Compact(slices.Sorted(slices.Values(v.API.BinaryTypes))), ", ") + ", and the integration has no ContentHandling CONVERT_TO_TEXT"
	}),
	rules.CORS106: binaryAnswer,
	rules.CORS107: passthrough,
	rules.CORS108: faulty(rules.CORS108, func(_ *View, _ route, f fault) string {
		c := f.report.Trace.Preflight
		if c.GatewayResponse != nil {
			return "the preflight fails: " + c.GatewayResponse.Detail
		}
		return fmt.Sprintf("the preflight gets status %d", f.report.Preflight.Response.Status)
	}),
	rules.CORS109: faulty(rules.CORS109, func(v *View, _ route, f fault) string {
		value, ok := f.report.Preflight.Response.Headers[strings.ToLower(corsheader.AllowOrigin)]
		if !ok {
			return "the response to a preflight from " + f.origin + " has no Access-Control-Allow-Origin"
		}
		return fmt.Sprintf("the response to a preflight from %s has Access-Control-Allow-Origin %s", f.origin, value)
	}),
	rules.CORS110: faulty(rules.CORS110, func(v *View, r route, f fault) string {
		return fmt.Sprintf("Access-Control-Allow-Methods is %q", f.report.Preflight.Response.Headers.Get(corsheader.AllowMethods))
	}),
	rules.CORS111: neededHeaders,
	rules.CORS112: starHeaders,
	rules.CORS113: firstOrigin,
	rules.CORS114: queryOrigin,
	rules.CORS115: resembling,
	rules.CORS116: everyOrigin,
	rules.CORS117: maxAge,
	rules.CORS118: unlike,
	rules.CORS119: noPreflight(rules.CORS119),
	rules.CORS120: faulty(rules.CORS120, func(_ *View, _ route, f fault) string {
		name := corsheader.AllowMethods
		if f.report.Preflight.Verdict.Code == browser.InvalidAllowHeadersPreflightResponse {
			name = corsheader.AllowHeaders
		}
		return fmt.Sprintf("%s is %q", name, f.report.Preflight.Response.Headers[strings.ToLower(name)])
	}),
	rules.CORS121: silent,
	rules.CORS122: unsendable,
	rules.CORS130: alwaysFails,
	rules.CORS201: undeclared,
	rules.CORS202: unset,
	rules.CORS203: badExpressions,
	rules.CORS204: values(func(value string) string {
		if strings.ContainsAny(value, ", ") {
			return fmt.Sprintf("Access-Control-Allow-Origin is %q", value)
		}
		return ""
	}),
	rules.CORS205: badOrigins,
	rules.CORS206: wildcardCredentials,
	rules.CORS207: vary,
	rules.CORS208: unreadable,
	rules.CORS209: badCredentials,
	rules.CORS210: headerless,
	rules.CORS211: mappedInVain,
	rules.CORS212: credentialsDiffer,
	rules.CORS213: strangers,
	rules.CORS301: defaults("DEFAULT_4XX"),
	rules.CORS302: defaults("DEFAULT_5XX"),
	rules.CORS303: shadows,
	rules.CORS304: errorCredentials,
	rules.CORS401: deployment,
	rules.CORS402: cache,
	rules.CORS403: policy,
	rules.CORS404: firewall,
	rules.CORS405: domain,
	rules.CORS406: environment,
	rules.CORS407: unlisted,
	rules.CORS408: importedAway,
	rules.CORS410: cachedAuthorizer,
	rules.CORS411: twice,
	rules.CORS801: ofSetting(noPages),
	rules.CORS802: ofSetting(everybody),
	rules.CORS803: doubled(gateway.FunctionURL),
	rules.CORS804: doubled(gateway.HTTPAPI),
	rules.CORS805: unanswered,
	rules.CORS806: turnedAway,
	rules.CORS807: ofSetting(lacksMethods),
	rules.CORS808: ofSetting(lacksHeaders),
	rules.CORS809: ofSetting(noJSON),
	rules.CORS810: ofSetting(starIsNotAll),
	rules.CORS811: refusedSetting,
	rules.CORS812: withoutVariables,
	rules.CORS813: forbidden,
	rules.CORS814: ofSetting(keptLonger),
	rules.CORS815: ofSetting(exposesNothing),
	rules.CORS816: noOrigins,
}
