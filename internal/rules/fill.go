package rules

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// The places of a fix at which an example stands in for the reader's own.
var (
	goHeaders   = regexp.MustCompile(`RequestHeaders: \[\]string\{[^}]*\}`)
	cfnHeaders  = regexp.MustCompile(`(Access-Control-Allow-Headers:\s+)"'[^']*'"`)
	cfnMethods  = regexp.MustCompile(`(Access-Control-Allow-Methods:\s+)"'[^']*'"`)
	token       = regexp.MustCompile(`^[a-z0-9_.-]+$`)
	methodToken = regexp.MustCompile(`^[A-Z]+$`)
	webOrigin   = regexp.MustCompile(`^https?://[a-z0-9_.:-]+$`)
)

// Fill returns the fix with an origin, methods and headers instead of its examples. What is empty, or could not be
// pasted, leaves the example.
func (f Fix) Fill(origin string, methods, headers []string) Fix {
	headers, methods = valid(headers, token), valid(methods, methodToken)
	if webOrigin.MatchString(origin) {
		f.Go = strings.ReplaceAll(f.Go, "https://app.example.com", origin)
		f.CloudFormation = strings.ReplaceAll(f.CloudFormation, "https://app.example.com", origin)
	}
	if len(headers) > 0 {
		quoted := make([]string, len(headers))
		for i, h := range headers {
			quoted[i] = fmt.Sprintf("%q", h)
		}
		f.Go = goHeaders.ReplaceAllLiteralString(f.Go, "RequestHeaders: []string{"+strings.Join(quoted, ", ")+"}")
		f.CloudFormation = cfnHeaders.ReplaceAllString(f.CloudFormation, `${1}"'`+strings.Join(headers, ",")+`'"`)
	}
	if len(methods) > 0 {
		f.CloudFormation = cfnMethods.ReplaceAllString(f.CloudFormation, `${1}"'`+strings.Join(methods, ",")+`'"`)
	}
	return f
}

// valid returns the names that have a form, each once.
func valid(names []string, form *regexp.Regexp) []string {
	var out []string
	for _, n := range names {
		if form.MatchString(n) && !slices.Contains(out, n) {
			out = append(out, n)
		}
	}
	return out
}
