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
// corsOrigins, corsOrigins2, corsOrigins3 ... hold lists of patterns. An origin
// with a CDK token has a variable of its own, corsExactOrigin, corsExactOrigin2 ...:
// what it becomes may hold any character that a variable may, a comma too, so it
// must not stand in a list. Every variable of such a name and digits counts,
// whatever the digits, so that the mapping template and the Lambda function need
// not agree on how many there are.
//
// A policy that allows every origin has corsAnyOrigin in their place. No list,
// however it is edited, allows every origin.
//
// API Gateway allows 100 variables a stage, of 512 characters out of
// [A-Za-z0-9-._~:/?#&=,] each
// (https://docs.aws.amazon.com/apigateway/latest/developerguide/stage-variables.html,
// and the service's API model).
const (
	VariableOrigins        = "corsOrigins"
	VariableExactOrigin    = "corsExactOrigin"
	VariableAnyOrigin      = "corsAnyOrigin"      // "true", or absent
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
)

// IsVariable reports whether policies are deployed in a stage variable of this
// name.
func IsVariable(name string) bool {
	switch name {
	case VariableAnyOrigin, VariableCredentials, VariableMethods, VariableRequestHeaders, VariableExposedHeaders, VariableMaxAge:
		return true
	}
	return IsOriginVariable(name)
}

// IsOriginVariable reports whether a stage variable of this name holds part of
// an allowlist: corsOrigins or corsExactOrigin, with or without a number.
func IsOriginVariable(name string) bool {
	return is(name, VariableOrigins) || is(name, VariableExactOrigin)
}

// is reports whether name is kind, or kind and digits.
func is(name, kind string) bool {
	digits, ok := strings.CutPrefix(name, kind)
	return ok && strings.Trim(digits, "0123456789") == ""
}

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
		set(VariableAnyOrigin, "true")
	} else {
		known, tokens := p.split()
		for i, list := range deal(known, maxOriginVariables-len(tokens)) {
			set(nth(VariableOrigins, i), strings.Join(list, ","))
		}
		for i, origin := range tokens {
			set(nth(VariableExactOrigin, i), origin)
		}
	}
	if p.credentials {
		set(VariableCredentials, "true")
	}
	set(VariableMethods, p.methodList)
	set(VariableRequestHeaders, p.requestHeaders)
	set(VariableExposedHeaders, p.exposedHeaders)
	set(VariableMaxAge, p.maxAge)
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
	bad := func(name, text string) {
		faults = append(faults, &VariableError{Name: name, Value: vars[name], Text: text})
	}
	var elements []string
	listed := false
	for _, name := range slices.Sorted(maps.Keys(vars)) {
		switch value := vars[name]; {
		case is(name, VariableOrigins):
			listed = true
			for _, e := range strings.Split(value, ",") {
				if _, ok := parseElement(e); !ok {
					bad(name, fmt.Sprintf("%q is not an origin (a list separated by commas, as corsgate writes it)", e))
					break
				}
				elements = append(elements, e)
			}
		case is(name, VariableExactOrigin):
			listed = true
			if !exactOrigin(value) {
				bad(name, "it is one origin as browsers send it: no list, no pattern, no path, no default port")
			}
			elements = append(elements, value)
		}
	}
	every, ok := vars[VariableAnyOrigin]
	_, credentials := vars[VariableCredentials]
	switch {
	case ok && listed:
		bad(VariableAnyOrigin, "it allows every origin, and a list of origins stands beside it")
	case ok && credentials:
		bad(VariableAnyOrigin, "it allows every origin, which does not go with "+VariableCredentials)
	case ok && every != "true":
		bad(VariableAnyOrigin, `it is "true" or absent`)
	case ok:
		elements = []string{anyOrigin}
	case !listed:
		bad(VariableOrigins, "the stage has no allowlist, so every origin is refused")
	}
	p := newPolicy(fold(elements))
	p.credentials = vars[VariableCredentials] == "true"
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
