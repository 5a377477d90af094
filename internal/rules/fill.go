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
		list, several := goList(headers)
		f.Go = goHeaders.ReplaceAllLiteralString(f.Go, "RequestHeaders: "+list)
		if several {
			f.Go = strings.ReplaceAll(f.Go, "Origins:        ", "Origins: ") // as gofmt has it beside a value of several lines
		}
		f.CloudFormation = cfnHeaders.ReplaceAllString(f.CloudFormation, `${1}"'`+strings.Join(headers, ",")+`'"`)
	}
	if len(methods) > 0 {
		f.CloudFormation = cfnMethods.ReplaceAllString(f.CloudFormation, `${1}"'`+strings.Join(methods, ",")+`'"`)
	}
	return f
}

// goList writes names as a []string of Go. If one line is too long for a terminal, it returns several, and true.
func goList(names []string) (text string, several bool) {
	const most, short = 64, 46 // what fits beside the indents, and beside RequestHeaders: too
	lines := []string{""}
	for _, n := range names {
		n = fmt.Sprintf("%q,", n)
		if last := &lines[len(lines)-1]; *last == "" {
			*last = n
		} else if len(*last)+len(n) < most {
			*last += " " + n
		} else {
			lines = append(lines, n)
		}
	}
	if len(lines) == 1 && len(lines[0]) <= short {
		return "[]string{" + strings.TrimSuffix(lines[0], ",") + "}", false
	}
	return "[]string{\n\t\t" + strings.Join(lines, "\n\t\t") + "\n\t}", true
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
