package cors

import (
	"cmp"
	"hash/fnv"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/corsgate/corsgate/internal/stagevars"
)

// API Gateway allows 100 variables a stage, of 512 characters out of
// [A-Za-z0-9-._~:/?#&=,] each
// (https://docs.aws.amazon.com/apigateway/latest/developerguide/stage-variables.html,
// and the service's API model).
const (
	maxVariableLen = 512
	// maxOriginVariables leaves the user fifteen of a stage's 100.
	maxOriginVariables = 80
)

// StageVariables returns the variables that deploy p. [FromStageVariables]
// reads them back.
//
// Which variable an origin of a long list stands in depends on that origin and
// the number of variables, not on the other origins: adding one changes one
// variable.
func (p *Policy) StageVariables() map[string]string {
	vars := map[string]string{}
	set := func(name, value string) {
		if value != "" {
			vars[name] = strings.ReplaceAll(value, "*", "~")
		}
	}
	if p.any {
		set(stagevars.AnyOrigin, "true")
	} else {
		known, tokens := p.split()
		for i, list := range deal(known, maxOriginVariables-len(tokens)) {
			set(nth(stagevars.Origins, i), strings.Join(list, ","))
		}
		for i, origin := range tokens {
			set(nth(stagevars.ExactOrigin, i), origin)
		}
	}
	if p.credentials {
		set(stagevars.Credentials, "true")
	}
	set(stagevars.Methods, p.methodList)
	set(stagevars.RequestHeaders, p.requestHeaders)
	set(stagevars.ExposedHeaders, p.exposedHeaders)
	set(stagevars.MaxAge, p.maxAge)
	return vars
}

// nth is the name of the variable of a kind that has this index.
func nth(kind string, index int) string {
	if index == 0 {
		return kind
	}
	return kind + strconv.Itoa(index+1)
}

// split returns the elements that are known, and those with CDK tokens.
func (p *Policy) split() (known, tokens []string) {
	n := slices.IndexFunc(p.elements, token.in) // they are the last
	if n < 0 {
		n = len(p.elements)
	}
	return p.elements[:n], p.elements[n:]
}

// deal deals elements out to as few variables as hold them. It returns nil when
// none of the numbers allowed does.
func deal(elements []string, most int) [][]string {
	hashes := make([]uint32, len(elements))
	for i, e := range elements {
		h := fnv.New32a()
		h.Write([]byte(e))
		hashes[i] = h.Sum32()
	}
	// Two lists in two variables need no comma between them.
	least := (textLen(elements) + maxVariableLen + min(1, len(elements))) / (maxVariableLen + 1)
	for n := least; n <= most; n++ {
		buckets := make([][]string, n)
		lengths := make([]int, n)
		fits := true
		for i, e := range elements {
			b := int(hashes[i] % uint32(n))
			if len(buckets[b]) > 0 {
				lengths[b]++ // the comma
			}
			lengths[b] += len(e)
			if fits = lengths[b] <= maxVariableLen; !fits {
				break
			}
			buckets[b] = append(buckets[b], e)
		}
		if fits {
			return buckets
		}
	}
	return nil
}

// textLen is the length of elements as one list.
func textLen(elements []string) int {
	n := max(0, len(elements)-1)
	for _, e := range elements {
		n += len(e)
	}
	return n
}

// FromStageVariables reads a policy from the variables of a stage, as a Lambda
// proxy event carries them. Variables that are not corsgate's are ignored.
//
// It reports every variable that does not hold what corsgate writes there, as a
// [*ConfigError] of [*VariableError]s; the policy is then nil and nothing may be
// allowed. Without an allowlist it reports corsOrigins.
func FromStageVariables(vars map[string]string) (*Policy, error) {
	var faults []error
	bad := func(name, value, text, fix string) {
		faults = append(faults, &VariableError{Name: name, Value: value, Text: text, Fix: fix})
	}
	var elements []string
	listed := false
	for _, name := range slices.Sorted(maps.Keys(vars)) {
		switch value := vars[name]; {
		case stagevars.IsNth(name, stagevars.Origins):
			listed = true
			for _, e := range strings.Split(value, ",") {
				if _, ok := parseElement(e); !ok {
					text, fix := malformed(e)
					if value == "" {
						text, fix = "the list is empty", "write the origins, or delete it"
					}
					bad(name, e, text, fix)
				}
				elements = append(elements, e)
			}
		case stagevars.IsNth(name, stagevars.ExactOrigin):
			listed = true
			if !exactOrigin(value) {
				bad(name, value, "it is one origin as browsers send it: no list, no pattern, no path, no default port", "write one such as https://app.example.com, and others to "+stagevars.Origins)
			}
			elements = append(elements, value)
		}
	}
	every, ok := vars[stagevars.AnyOrigin]
	_, credentials := vars[stagevars.Credentials]
	switch {
	case ok && listed:
		bad(stagevars.AnyOrigin, every, "it allows every origin, and a list of origins stands beside it", "delete it, or the list")
	case ok && credentials:
		bad(stagevars.AnyOrigin, every, "it allows every origin, which does not go with "+stagevars.Credentials, "delete it and list origins in "+stagevars.Origins+", or delete "+stagevars.Credentials)
	case ok && every != "true":
		bad(stagevars.AnyOrigin, every, "it is true or absent", onlyTrue)
	case ok:
		elements = []string{anyOrigin}
	case !listed:
		bad(stagevars.Origins, "", "the stage has no allowlist, so every origin is refused", "write the origins, such as https://app.example.com, separated by commas")
	}
	p := newPolicy(fold(elements))
	p.credentials = vars[stagevars.Credentials] == "true"
	p.readCompanions(vars, bad)
	if len(faults) > 0 {
		return nil, &ConfigError{Faults: faults}
	}
	return p, nil
}

// onlyTrue is the fix of a variable that is true or absent.
const onlyTrue = "write true, or delete it"

// malformed says what is wrong with an element of a list that is not in the form
// of an origin or pattern, and what to write.
func malformed(element string) (text, fix string) {
	if element == "" {
		return "an element of the list is empty", "delete the comma before or behind it"
	}
	is := func(what string) { text = cmp.Or(text, what) } // the first of several faults
	e := strings.TrimSpace(element)
	if e != element {
		is("a blank stands beside it")
	}
	if strings.Contains(e, "*") {
		is("a stage variable has ~ for *")
	}
	if e = strings.ReplaceAll(e, "*", "~"); e == anyOrigin {
		return "a list names origins, and never every one", "write the origins (" + stagevars.AnyOrigin + " is true, and no list is there, where every site is meant)"
	}
	scheme, rest, ok := strings.Cut(e, schemeSep)
	if !ok {
		is("it has no scheme")
		scheme, rest = "https", e
	}
	if at := strings.IndexAny(rest, "/?#"); at >= 0 {
		is("an origin ends with the host or port, without a slash or path")
		rest = rest[:at]
	}
	e = scheme + schemeSep + rest
	if low := asciiLower(e); low != e {
		is("browsers send origins in lower case")
		e = low
	}
	if _, ok := parseElement(e); !ok {
		return `it is no origin or pattern, such as https://app.example.com or https://~.example.com (a comma separates them)`, "write one, or delete it"
	}
	return text, "write " + e
}

func asciiLower(s string) string {
	b := []byte(s)
	for i, c := range b {
		if 'A' <= c && c <= 'Z' {
			b[i] = c | 0x20
		}
	}
	return string(b)
}

// readCompanions reads the variables beside the list. The mapping template checks
// the same grammar (vtlWholeValue), which is why it is a loose one.
func (p *Policy) readCompanions(vars map[string]string, bad func(name, value, text, fix string)) {
	unblanked := func(v string) string { return strings.ReplaceAll(v, " ", "") }
	if v, ok := vars[stagevars.Credentials]; ok && v != "true" {
		bad(stagevars.Credentials, v, "it is true or absent", onlyTrue)
	}
	if v, ok := vars[stagevars.Methods]; ok {
		valid := func(v string) bool { return v != "" && strings.Trim(v, "ABCDEFGHIJKLMNOPQRSTUVWXYZ,") == "" }
		if !valid(v) {
			bad(stagevars.Methods, v, "it is a list of methods in upper case, separated by commas", rewritten(strings.ToUpper(unblanked(v)), valid))
		}
		p.methods, p.methodList = strings.Split(v, ","), v
	}
	for _, h := range []struct {
		name string
		dst  *string
	}{{stagevars.RequestHeaders, &p.requestHeaders}, {stagevars.ExposedHeaders, &p.exposedHeaders}} {
		v, ok := vars[h.name]
		if !ok {
			continue
		}
		valid := func(v string) bool {
			return v != "" && strings.Trim(v, "abcdefghijklmnopqrstuvwxyz0123456789_.,~-") == ""
		}
		if !valid(v) {
			bad(h.name, v, "it is a list of header names in lower case separated by commas, ~ for any", rewritten(asciiLower(strings.ReplaceAll(unblanked(v), "*", "~")), valid))
		}
		*h.dst = strings.ReplaceAll(v, "~", "*")
	}
	if v, ok := vars[stagevars.MaxAge]; ok {
		valid := func(v string) bool {
			n, err := strconv.Atoi(v)
			return err == nil && strconv.Itoa(n) == v && n >= 0 && n <= 99999
		}
		if !valid(v) {
			seconds := unblanked(v)
			if d, err := time.ParseDuration(seconds); err == nil {
				seconds = strconv.FormatFloat(d.Seconds(), 'f', 0, 64)
			} else if n, err := strconv.Atoi(seconds); err == nil {
				seconds = strconv.Itoa(min(max(n, 0), 86400))
			}
			bad(stagevars.MaxAge, v, "it is a number of seconds, 0 to 99999, without leading zeros", rewritten(seconds, valid))
		}
		p.maxAge = v
	}
}

// rewritten is the fix of a variable that is meant to be v, where that is valid.
func rewritten(v string, valid func(string) bool) string {
	if valid(v) {
		return "write " + v
	}
	return "write it so, or delete the variable"
}

// carriedHeader reports whether a stage variable and a quoted static mapping
// can both hold this header name, which is in lower case.
func carriedHeader(name string) bool {
	for i := 0; i < len(name); i++ {
		if !hostByte(name[i]) { // the same bytes: letters, digits, "-", "_" and "."
			return false
		}
	}
	return name != ""
}
