package cors

import (
	"fmt"
	"hash/fnv"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// The stage variables of a policy. The allowlist takes as many as it needs:
// corsOrigins, corsOrigins2, corsOrigins3 ... Every variable named corsOrigins
// and digits counts, whatever the digits, so that the mapping template and the
// Lambda function need not agree on how many there are.
//
// API Gateway allows 100 variables a stage, of 512 characters out of
// [A-Za-z0-9-._~:/?#&=,] each
// (https://docs.aws.amazon.com/apigateway/latest/developerguide/stage-variables.html,
// and the service's API model).
const (
	VariableOrigins        = "corsOrigins"
	VariableCredentials    = "corsCredentials"    // "true", or absent
	VariableMethods        = "corsMethods"        // "GET,PUT", or absent
	VariableRequestHeaders = "corsRequestHeaders" // "content-type,x-api-key", "~" for any, or absent
	VariableExposedHeaders = "corsExposedHeaders" // likewise
	VariableMaxAge         = "corsMaxAge"         // seconds, or absent
)

const (
	maxVariableLen = 512
	// maxOriginVariables leaves the user fifteen of a stage's 100.
	maxOriginVariables = 80
	// tokenLen is what a CDK token is taken to become: a URL of the longest host.
	tokenLen = len("https://") + 253 + len(":65535")
)

// StageVariables returns the variables that deploy p. [FromStageVariables]
// reads them back.
//
// Which variable an origin of a long list stands in depends on that origin and
// the number of variables, not on the other origins: adding one changes one
// variable.
func (p *Policy) StageVariables() map[string]string {
	vars := map[string]string{}
	for i, list := range p.variables() {
		if len(list) == 0 {
			continue
		}
		name := VariableOrigins
		if i > 0 {
			name += strconv.Itoa(i + 1)
		}
		vars[name] = strings.Join(list, ",")
	}
	set := func(name, value string) {
		if value != "" {
			vars[name] = strings.ReplaceAll(value, "*", "~")
		}
	}
	if p.credentials {
		vars[VariableCredentials] = "true"
	}
	set(VariableMethods, p.methodList)
	set(VariableRequestHeaders, p.requestHeaders)
	set(VariableExposedHeaders, p.exposedHeaders)
	set(VariableMaxAge, p.maxAge)
	return vars
}

// variables deals the allowlist out to as few variables as hold it. It returns
// nil when none of the numbers allowed does.
func (p *Policy) variables() [][]string {
	hashes := make([]uint32, len(p.elements))
	repeats := map[string]int{}
	for i, e := range p.elements {
		// A token's number changes with code that has nothing to do with the
		// policy, so it must not decide where its origin stands.
		key := token.replace(e, "$")
		if key != e {
			repeats[key]++
			key += strconv.Itoa(repeats[key])
		}
		h := fnv.New32a()
		h.Write([]byte(key))
		hashes[i] = h.Sum32()
	}
	// Two lists in two variables need no comma between them.
	least := (p.textLen() + 1 + maxVariableLen) / (maxVariableLen + 1)
	for n := least; n <= maxOriginVariables; n++ {
		buckets := make([][]string, n)
		lengths := make([]int, n)
		fits := true
		for i, e := range p.elements {
			b := int(hashes[i] % uint32(n))
			if len(buckets[b]) > 0 {
				lengths[b]++ // the comma
			}
			lengths[b] += deployedLen(e)
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

// textLen is the length of the whole list as one string.
func (p *Policy) textLen() int {
	n := max(0, len(p.elements)-1)
	for _, e := range p.elements {
		n += deployedLen(e)
	}
	return n
}

// deployedLen is the longest that an element can become: a longer one would
// match no origin.
func deployedLen(element string) int {
	return min(len(token.replace(element, strings.Repeat("x", tokenLen))), len(exactly)+maxOriginLen)
}

// FromStageVariables reads a policy from the variables of a stage, as a Lambda
// proxy event carries them. Variables that are not corsgate's are ignored.
//
// It reports every variable that does not hold what corsgate writes there, as
// [*VariableError] joined; the policy is then nil and nothing may be allowed.
// Without a corsOrigins variable it reports that one.
func FromStageVariables(vars map[string]string) (*Policy, error) {
	var faults []error
	bad := func(name, text string) {
		faults = append(faults, &VariableError{Name: name, Value: vars[name], Text: text})
	}
	var elements []string
	for _, name := range slices.Sorted(maps.Keys(vars)) {
		if !isOriginVariable(name) {
			continue
		}
		for _, e := range strings.Split(vars[name], ",") {
			if _, ok := parseElement(e); !ok && e != anyOrigin {
				bad(name, fmt.Sprintf("%q is not an origin (a list separated by commas, as corsgate writes it)", e))
				break
			}
			elements = append(elements, strings.TrimPrefix(e, exactly))
		}
	}
	if len(elements) == 0 && len(faults) == 0 {
		bad(VariableOrigins, "the stage has no allowlist, so every origin is refused")
	}
	p := newPolicy(fold(elements))
	p.credentials = vars[VariableCredentials] == "true"
	if slices.Contains(elements, anyOrigin) {
		if len(p.elements) > 1 {
			bad(VariableOrigins, `"~" (every origin) stands beside others`)
		}
		if p.credentials {
			bad(VariableOrigins, `"~" (every origin) does not go with `+VariableCredentials)
		}
	}
	p.readCompanions(vars, bad)
	if len(faults) > 0 {
		return nil, &ConfigError{Faults: faults}
	}
	return p, nil
}

// readCompanions reads the variables beside the list. The mapping template checks
// the same grammar (vtlCompanionValues), which is why it is a loose one.
func (p *Policy) readCompanions(vars map[string]string, bad func(name, text string)) {
	if v, ok := vars[VariableCredentials]; ok && v != "true" {
		bad(VariableCredentials, `it is "true" or absent`)
	}
	if v, ok := vars[VariableMethods]; ok {
		if v == "" || strings.Trim(v, "ABCDEFGHIJKLMNOPQRSTUVWXYZ,") != "" {
			bad(VariableMethods, "it is a list of methods separated by commas")
		}
		p.methods, p.methodList = strings.Split(v, ","), v
	}
	for _, h := range []struct {
		name string
		dst  *string
	}{{VariableRequestHeaders, &p.requestHeaders}, {VariableExposedHeaders, &p.exposedHeaders}} {
		v, ok := vars[h.name]
		if !ok {
			continue
		}
		if v == "" || strings.Trim(v, "abcdefghijklmnopqrstuvwxyz0123456789_.,~-") != "" {
			bad(h.name, `it is a list of header names in lower case separated by commas, "~" for any`)
		}
		*h.dst = strings.ReplaceAll(v, "~", "*")
	}
	if v, ok := vars[VariableMaxAge]; ok {
		n, err := strconv.Atoi(v)
		if err != nil || strconv.Itoa(n) != v || n < 0 || n > 99999 {
			bad(VariableMaxAge, "it is a number of seconds without leading zeros")
		}
		p.maxAge = v
	}
}

// isOriginVariable reports whether a stage variable holds part of the allowlist.
func isOriginVariable(name string) bool {
	digits, ok := strings.CutPrefix(name, VariableOrigins)
	return ok && strings.Trim(digits, "0123456789") == ""
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
