package cors

import (
	"fmt"
	"strings"
)

// A ConfigError holds every fault of a [Config], in the order of its fields, or
// every fault of the variables of a stage, in the order of their names. Faults
// are of the types [*OriginError], [*MethodError], [*HeaderError],
// [*MaxAgeError], [*SizeError] and [*VariableError]; [errors.As] finds the first
// of a type.
type ConfigError struct {
	Faults []error
}

// Error lists all faults, one a line.
func (e *ConfigError) Error() string {
	var b strings.Builder
	if len(e.Faults) == 1 {
		b.WriteString("invalid CORS policy:")
	} else {
		fmt.Fprintf(&b, "invalid CORS policy, %d faults:", len(e.Faults))
	}
	for _, f := range e.Faults {
		b.WriteString("\n  - ")
		b.WriteString(f.Error())
	}
	return b.String()
}

// Unwrap returns the faults.
func (e *ConfigError) Unwrap() []error { return e.Faults }

// An OriginReason says what is wrong with an origin. The set is closed.
type OriginReason string

// The reasons of an [OriginError].
const (
	OriginMissing             OriginReason = "missing"              // no origin at all
	OriginEmpty               OriginReason = "empty"                // ""
	OriginSpace               OriginReason = "space"                // blanks or control characters
	OriginUnicode             OriginReason = "unicode"              // a host that is not ASCII
	OriginNull                OriginReason = "null"                 // the opaque origin
	OriginAnyMixed            OriginReason = "any-mixed"            // "*" beside others
	OriginAnyCredentials      OriginReason = "any-with-credentials" // "*" with credentials
	OriginNoScheme            OriginReason = "no-scheme"            // "app.example.com"
	OriginScheme              OriginReason = "scheme"               // file, or not a scheme
	OriginUpperCase           OriginReason = "upper-case"           // "https://App.example.com"
	OriginUserinfo            OriginReason = "userinfo"             // "https://user@app.example.com"
	OriginTrailingSlash       OriginReason = "trailing-slash"       // "https://app.example.com/"
	OriginPath                OriginReason = "path"                 // a path, query or fragment
	OriginPort                OriginReason = "port"                 // not 1 to 65535
	OriginDefaultPort         OriginReason = "default-port"         // ":443" with https, ":80" with http
	OriginWildcard            OriginReason = "wildcard"             // "*" where it has no meaning
	OriginIPv6                OriginReason = "ipv6"                 // brackets cannot be deployed
	OriginHost                OriginReason = "host"                 // not a host name or an IPv4 address
	OriginCharacter           OriginReason = "character"            // valid in a browser, not in a stage variable
	OriginPublicSuffix        OriginReason = "public-suffix"        // "https://*.com", "https://*.amazonaws.com"
	OriginInsecureCredentials OriginReason = "insecure"             // "http://" with credentials
	OriginTokenPattern        OriginReason = "token-pattern"        // "*" beside a CDK token
	OriginTokenList           OriginReason = "token-list"           // a CDK list token
	OriginRefused             OriginReason = "refused"              // anything else the validator refuses
)

// An OriginError is one unacceptable element of [Config.Origins].
type OriginError struct {
	Value  string       // as it was written
	Reason OriginReason // what is wrong
	Text   string       // what is wrong and what is allowed, in words
	Fix    string       // what to write instead, or what to do
}

// Error returns the value, what is wrong with it, and the fix.
func (e *OriginError) Error() string {
	if e.Reason == OriginMissing {
		return fmt.Sprintf("origins: %s; %s", e.Text, e.Fix)
	}
	return fmt.Sprintf("origin %q: %s; %s", e.Value, e.Text, e.Fix)
}

// A MethodError is one unacceptable element of [Config.Methods].
type MethodError struct {
	Value string
	Text  string
	Fix   string
}

// Error returns the value, what is wrong with it, and the fix.
func (e *MethodError) Error() string {
	return fmt.Sprintf("method %q: %s; %s", e.Value, e.Text, e.Fix)
}

// A HeaderError is one unacceptable element of [Config.RequestHeaders] or
// [Config.ExposedHeaders].
type HeaderError struct {
	Field string // "RequestHeaders" or "ExposedHeaders"
	Value string
	Text  string
	Fix   string
}

// Error returns the value, what is wrong with it, and the fix.
func (e *HeaderError) Error() string {
	kind := "request header"
	if e.Field == "ExposedHeaders" {
		kind = "exposed header"
	}
	return fmt.Sprintf("%s %q: %s; %s", kind, e.Value, e.Text, e.Fix)
}

// A MaxAgeError is an unacceptable [Config.MaxAge].
type MaxAgeError struct {
	Value fmt.Stringer // a time.Duration
	Text  string
	Fix   string
}

// Error returns the value, what is wrong with it, and the fix.
func (e *MaxAgeError) Error() string {
	return fmt.Sprintf("max age %s: %s; %s", e.Value, e.Text, e.Fix)
}

// A SizeError is a list that does not fit where it is deployed.
type SizeError struct {
	Field string // "Origins", "RequestHeaders" ...
	Got   int    // characters, or variables
	Max   int
	Text  string
	Fix   string
}

// Error returns the size, what is allowed, and the fix.
func (e *SizeError) Error() string {
	return fmt.Sprintf("%s: %s; %s", e.Field, e.Text, e.Fix)
}

// A VariableError is one stage variable, or one element of its list, that is not
// what corsgate writes there. A policy with such a variable allows no origin.
type VariableError struct {
	Name  string // the stage variable
	Value string // what it holds, or the element of its list
	Text  string // what is wrong and what is allowed
	Fix   string // what to write instead, or what to do
}

// Error names the variable, what it holds, what is wrong with it and the fix.
func (e *VariableError) Error() string {
	return fmt.Sprintf("stage variable %s, %q: %s; %s", e.Name, e.Value, e.Text, e.Fix)
}
