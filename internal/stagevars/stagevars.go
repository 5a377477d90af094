// Package stagevars names the variables of an API Gateway stage that a policy
// is deployed in. [github.com/corsgate/corsgate/constructs/cors] writes and
// reads them.
package stagevars

import "strings"

// The stage variables of a policy. The allowlist takes as many as it needs:
// corsOrigins, corsOrigins2, corsOrigins3 ... hold lists of patterns. An origin
// with a CDK token has a variable of its own, corsExactOrigin, corsExactOrigin2 ...:
// what it becomes may hold any character that a variable may, a comma too, so it
// must not stand in a list. Every variable of such a name and digits counts,
// whatever the digits, so that the mapping template and the Lambda function need
// not agree on how many there are.
//
// A policy that allows every origin has corsAnyOrigin in their place. No list,
// however it is edited, allows every origin.
const (
	Origins        = "corsOrigins"
	ExactOrigin    = "corsExactOrigin"
	AnyOrigin      = "corsAnyOrigin"      // "true", or absent
	Credentials    = "corsCredentials"    // "true", or absent
	Methods        = "corsMethods"        // "GET,PUT", or absent
	RequestHeaders = "corsRequestHeaders" // "content-type,x-api-key", "~" for any, or absent
	ExposedHeaders = "corsExposedHeaders" // likewise
	MaxAge         = "corsMaxAge"         // seconds, or absent
)

// Is reports whether policies are deployed in a stage variable of this name.
func Is(name string) bool {
	switch name {
	case AnyOrigin, Credentials, Methods, RequestHeaders, ExposedHeaders, MaxAge:
		return true
	}
	return IsAllowlist(name)
}

// IsAllowlist reports whether a stage variable of this name holds part of an
// allowlist: corsOrigins or corsExactOrigin, with or without a number.
func IsAllowlist(name string) bool {
	return IsNth(name, Origins) || IsNth(name, ExactOrigin)
}

// IsNth reports whether name is kind, or kind and digits.
func IsNth(name, kind string) bool {
	digits, ok := strings.CutPrefix(name, kind)
	return ok && strings.Trim(digits, "0123456789") == ""
}
