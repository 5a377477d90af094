// Package corssetting says what the CORS settings of an API Gateway HTTP API and of a Lambda function URL mean: which
// origins they let in, which headers the service sends, and what the service does not take.
//
// A REST API has no such setting. What no recording shows is taken from the documentation
// (https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-cors.html and
// https://docs.aws.amazon.com/lambda/latest/dg/urls-configuration.html) or from what users report, and docs/fidelity.md names it.
package corssetting

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/corsgate/corsgate/internal/corsheader"
)

// A Service has CORS settings.
type Service string

// The services.
const (
	HTTPAPI     Service = "HTTP API"
	FunctionURL Service = "function URL"
)

// Name returns the service with its article.
func (s Service) Name() string {
	if s == FunctionURL {
		return "a " + string(s)
	}
	return "an " + string(s)
}

// Property returns the name of the property in CloudFormation.
func (s Service) Property() string {
	if s == FunctionURL {
		return "Cors"
	}
	return "CorsConfiguration"
}

// A Setting is a CorsConfiguration of an HTTP API, or the Cors of a function URL.
type Setting struct {
	Service Service
	// Origins, Methods, Headers and Expose are the lists as they are written. Nil means that the list is not there.
	Origins, Methods, Headers, Expose []string
	// Credentials and MaxAge are written as text; empty if they are not there.
	Credentials, MaxAge string
	// Texts names the lists that are written as one text, which a service takes for none.
	Texts []string
}

// Members are those of a setting in CloudFormation, of either service.
var Members = []string{"AllowCredentials", "AllowHeaders", "AllowMethods", "AllowOrigins", "ExposeHeaders", "MaxAge"}

// A Header is one that the service sends.
type Header struct{ Name, Value string }

// Credentialed reports whether the setting allows credentials.
func (s *Setting) Credentialed() bool { return strings.EqualFold(s.Credentials, "true") }

// Mistyped returns the members that are neither the truth value nor the whole number that is wanted, each with what is wrong.
// Known says of a text that it is known before the deployment.
func (s *Setting) Mistyped(known func(string) bool) map[string]string {
	out := map[string]string{}
	if s.Credentials != "" && known(s.Credentials) && !s.Credentialed() && !strings.EqualFold(s.Credentials, "false") {
		out["AllowCredentials"] = "AllowCredentials is " + s.Credentials + "; it may be true or false"
	}
	if _, err := strconv.Atoi(s.MaxAge); s.MaxAge != "" && known(s.MaxAge) && err != nil {
		out["MaxAge"] = "MaxAge is " + s.MaxAge + "; it is a whole number of seconds"
	}
	return out
}

// Origin returns what Access-Control-Allow-Origin is for a page's origin, empty if it is not sent. If notKnown is not empty, it
// says why that is not known.
func (s *Setting) Origin(origin string) (value, notKnown string) {
	// A list with * in it lets in everybody, whatever else it has.
	if slices.Contains(s.Origins, "*") {
		if s.Service == FunctionURL && s.Credentialed() {
			return "", "it is not recorded whether the URL sends * or the page's origin for AllowOrigins * with AllowCredentials"
		}
		return "*", ""
	}
	if slices.Contains(s.Origins, origin) {
		return origin, ""
	}
	for _, o := range s.Origins {
		scheme, ok := strings.CutSuffix(o, "*")
		lower := strings.ToLower(scheme)
		ok = ok && (lower == "https://" || lower == "http://") && strings.HasPrefix(origin, lower)
		switch {
		case strings.EqualFold(o, origin), ok && scheme != lower:
			notKnown = "it is not recorded whether the letter case of " + o + " matters"
		case ok:
			if s.Service == HTTPAPI {
				return origin, ""
			}
			notKnown = "it is not recorded what a function URL does with " + o
		}
	}
	return "", notKnown
}

// Pattern says why an entry of AllowOrigins is a pattern that the service does not know; empty if it is no such pattern.
func (s Service) Pattern(entry string) string {
	switch {
	case !strings.Contains(entry, "*"), entry == "*", s == HTTPAPI && (entry == "https://*" || entry == "http://*"):
		return ""
	case s == HTTPAPI:
		return "an HTTP API compares whole origins, and knows no patterns but *, https://* and http://*"
	}
	return "a function URL compares whole origins, and knows no pattern but *"
}

// Preflight returns the headers of the response to a preflight from an origin, for which [Setting.Origin] returns allow.
func (s *Setting) Preflight(allow string) []Header {
	out := s.common(allow)
	for _, l := range []struct {
		name string
		list []string
	}{{corsheader.AllowMethods, s.Methods}, {corsheader.AllowHeaders, s.Headers}} {
		if len(l.list) > 0 {
			out = append(out, Header{l.name, strings.Join(l.list, ",")})
		}
	}
	// Without MaxAge nothing is sent, and a browser keeps the response for 5 seconds.
	if n, err := strconv.Atoi(s.MaxAge); s.MaxAge != "" && (err != nil || n != 0) {
		out = append(out, Header{corsheader.MaxAge, s.MaxAge})
	}
	return out
}

// Actual returns the headers of the response to any other request from an origin, for which [Setting.Origin] returns allow.
func (s *Setting) Actual(allow string) []Header {
	out := s.common(allow)
	if len(s.Expose) > 0 {
		out = append(out, Header{corsheader.ExposeHeaders, strings.Join(s.Expose, ",")})
	}
	return out
}

func (s *Setting) common(allow string) []Header {
	var out []Header
	if allow != "" {
		out = append(out, Header{corsheader.AllowOrigin, allow})
	}
	switch {
	case s.Credentialed(): // CloudFormation makes a truth value of True
		out = append(out, Header{corsheader.AllowCredentials, "true"})
	case s.Credentials != "" && !strings.EqualFold(s.Credentials, "false"):
		out = append(out, Header{corsheader.AllowCredentials, s.Credentials})
	}
	return out
}

// methods are those that a service takes.
func (s Service) methods() []string {
	if s == FunctionURL {
		// https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-properties-lambda-url-cors.html: OPTIONS is not among them.
		return []string{"*", "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"}
	}
	// "Method ANY is not supported" (aws/aws-cdk#13643).
	return []string{"*", "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}
}

// What a function URL takes (https://docs.aws.amazon.com/lambda/latest/api/API_Cors.html).
const (
	maxList   = 100
	maxOrigin = 253
	maxMaxAge = 86400
)

// RefusedMethods returns those of the setting's methods that the service does not take. It then deploys nothing. Known says of a
// text that it is known before the deployment.
func (s *Setting) RefusedMethods(known func(string) bool) []string {
	var out []string
	for _, m := range s.Methods {
		if known(m) && !slices.Contains(s.Service.methods(), m) {
			out = append(out, m)
		}
	}
	return out
}

// A Refusal is a part of a setting that the service does not take. It then deploys nothing.
type Refusal struct {
	Member string // of the setting, such as AllowOrigins
	Entry  string // of that member's list; empty for the member as a whole
	Text   string // what is wrong and what is allowed, as a sentence without its subject
}

// String returns a sentence about the entry or the member.
func (r Refusal) String() string { return cmp.Or(r.Entry, r.Member) + " " + r.Text }

// Refused returns what else the service does not take. Known says of an origin that it is known before the deployment.
func (s *Setting) Refused(known func(string) bool) []Refusal {
	var out []Refusal
	refuse := func(member, entry, format string, args ...any) {
		out = append(out, Refusal{member, entry, fmt.Sprintf(format, args...)})
	}
	least := 0
	if s.Service == HTTPAPI {
		least = -1 // https://docs.aws.amazon.com/apigatewayv2/latest/api-reference/apis-apiid-cors.html
	}
	if n, err := strconv.Atoi(s.MaxAge); err == nil && (n < least || n > maxMaxAge) {
		refuse("MaxAge", "", "is %s; it may be from %d to %d", s.MaxAge, least, maxMaxAge)
	}
	for _, name := range s.Texts {
		refuse(name, "", "is a text, and a list is wanted")
	}
	if s.Service == HTTPAPI {
		// "Invalid format for origin capacitor://localhost" (DallasLaComb/daltime, frontend/0-capacitor.blueprint.md), and likewise
		// for a browser's extension (missingbulb/tldr). Whether a function URL takes these is not documented.
		for _, o := range s.Origins {
			if scheme, _, ok := strings.Cut(o, "://"); ok && known(o) && !strings.EqualFold(scheme, "https") && !strings.EqualFold(scheme, "http") {
				refuse("AllowOrigins", o, "has the scheme %s; an HTTP API takes https and http", scheme)
			}
		}
		return out
	}
	for _, l := range []struct {
		name string
		list []string
	}{{"AllowOrigins", s.Origins}, {"AllowHeaders", s.Headers}, {"ExposeHeaders", s.Expose}} {
		if len(l.list) > maxList {
			refuse(l.name, "", "has %d entries; a function URL takes %d", len(l.list), maxList)
		}
	}
	for _, o := range s.Origins {
		if len(o) > maxOrigin && known(o) {
			refuse("AllowOrigins", o, "has %d characters; a function URL takes %d", len(o), maxOrigin)
		}
	}
	return out
}
