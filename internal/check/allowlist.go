package check

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/corsgate/corsgate/constructs/cors"
	"github.com/corsgate/corsgate/internal/apigw"
	"github.com/corsgate/corsgate/internal/cfn"
	"github.com/corsgate/corsgate/internal/corsheader"
	"github.com/corsgate/corsgate/internal/gateway"
	"github.com/corsgate/corsgate/internal/report"
)

// An Allowlist is the origins that an API is meant for, and what decides which others are on it.
type Allowlist struct {
	report.Allowlist

	policy *cors.Policy // where the list is a policy
	wild   []string     // patterns of mapping templates, * for any text

	each map[string]*Allowlist // stated ones of single APIs, see [StateEach]
}

// wildcard is the pattern that was meant by one of a regular expression: any number of labels in front of a domain, any port
// behind it, and nowhere else. .*example.com is meant for *.example.com, and example.com.* for example.com.
func wildcard(o string) string {
	before, after, wild := strings.Cut(o, "*")
	switch {
	case !wild:
	case after != "" && after[0] != '.' && after[0] != ':':
		return before + "*." + after
	case after == "" && !strings.HasSuffix(before, ":"):
		return before
	}
	return o
}

// has reports whether an origin is on the list.
func (a *Allowlist) has(origin string) bool {
	if a.Any || slices.Contains(a.Origins, origin) {
		return true
	}
	if a.policy != nil {
		return a.policy.Match(origin)
	}
	return slices.ContainsFunc(a.wild, func(w string) bool {
		before, after, _ := strings.Cut(w, "*")
		return len(origin) > len(before)+len(after) && strings.HasPrefix(origin, before) && strings.HasSuffix(origin, after)
	})
}

// Policy returns the policy that the list is, and nil where it was read out of mapping templates.
func (a *Allowlist) Policy() *cors.Policy { return a.policy }

// State makes an allowlist of origins and patterns as [cors.Config] has them.
func State(origins []string) (*Allowlist, error) {
	p, err := cors.New(cors.Config{Origins: origins, DangerouslyTolerateInsecureOrigins: true, DangerouslyTolerateSubdomainsOfPublicSuffixes: true})
	if err != nil {
		return nil, err
	}
	return ofPolicy(p, "stated"), nil
}

// StateEach is [State] with lists of single APIs, by logical id or STACK/ID, which go before the one of all. That one may be
// empty: what the other APIs are for is then inferred.
func StateEach(origins []string, each map[string][]string) (*Allowlist, error) {
	all := &Allowlist{}
	if len(origins) > 0 {
		var err error
		if all, err = State(origins); err != nil {
			return nil, err
		}
	}
	all.each = map[string]*Allowlist{}
	for id, list := range each {
		a, err := State(list)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", id, err)
		}
		all.each[id] = a
	}
	return all, nil
}

// of returns what is stated for an API, nil if nothing is.
func (a *Allowlist) of(api *cfn.Resource) *Allowlist {
	if a == nil {
		return nil
	}
	for _, id := range []string{api.Stack.Name + "/" + api.ID, api.ID} {
		if own := a.each[id]; own != nil {
			return own
		}
	}
	if a.From == "" {
		return nil
	}
	return a
}

func ofPolicy(p *cors.Policy, from string) *Allowlist {
	a := &Allowlist{Allowlist: report.Allowlist{Any: p.AnyOrigin(), From: from, Names: p.Origins()}, policy: p}
	if a.Any {
		a.Origins = []string{anyPage}
		return a
	}
	for _, o := range p.Origins() {
		a.Origins = append(a.Origins, sample(o))
	}
	return a
}

// anyPage is the page to ask from where every origin is allowed.
const anyPage = "https://app.example.com"

// sample returns an origin that a pattern covers; an origin covers itself.
func sample(pattern string) string {
	s := strings.Replace(pattern, "*.", "sub.", 1)
	if before, ok := strings.CutSuffix(s, ":*"); ok {
		s = before + ":3000"
	}
	return s
}

var (
	// quoted finds the strings of a mapping template, in either kind of quotes.
	quoted = regexp.MustCompile(`"([^"\n]*)"|'([^'\n]*)'`)
	// serialized is an origin as browsers send it (https://fetch.spec.whatwg.org/#origin-header): no path, no default port,
	// no capitals. What it lets through beyond that, no browser sends either.
	serialized = regexp.MustCompile(`^([a-z][a-z0-9+.-]*)://([a-z0-9_](?:[a-z0-9_.-]*[a-z0-9_])?|\[[0-9a-f:.]+\])(:[1-9][0-9]{0,4})?$`)
	// looksLike is what was meant for an origin.
	looksLike = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9+.-]*://[^\s"']+$`)
)

// plausible puts instead of what only a deployment knows in an origin what would make it one: a scheme, a port, a part
// of a host.
func (v *View) plausible(origin string) string {
	for _, s := range slices.Backward(v.App.StandIns(origin)) {
		with := "x"
		switch before, after := origin[:s.From], origin[s.To:]; {
		case s.Origin:
			continue
		case strings.HasPrefix(after, "://"):
			with = "https"
		case strings.HasSuffix(before, ":"):
			with = "8443"
		case before == "" && after == "":
			with = "https://x"
		case before == "":
			with = "https://x"
		}
		origin = origin[:s.From] + with + origin[s.To:]
	}
	return origin
}

// IsOrigin reports whether a browser may send a text as its origin.
func IsOrigin(s string) bool {
	m := serialized.FindStringSubmatch(s)
	return m != nil && (m[1] != "https" || m[3] != ":443") && (m[1] != "http" || m[3] != ":80")
}

// infer reads the allowlist out of a template: the stage's variables where they are corsgate's, else the origins that
// are mapped as they are and those that mapping templates compare with.
func infer(api *gateway.API) *Allowlist {
	if p, err := cors.FromStageVariables(api.Variables); err == nil {
		return ofPolicy(p, "stage-variables")
	}
	var all []*gateway.Method
	for _, r := range api.Resources() {
		all = append(all, r.Methods()...)
	}
	return inferFrom(all, api.Variables)
}

// inferFrom reads the origins that some methods are for. Variables are the stage's.
func inferFrom(methods []*gateway.Method, variables map[string]string) *Allowlist {
	a := &Allowlist{Allowlist: report.Allowlist{From: "template", Origins: []string{}}}
	seen := map[string]bool{}
	add := func(o string) {
		if o == "*" {
			a.Any = true
			return
		}
		o = wildcard(o)
		switch {
		case strings.Contains(o, "*"):
			if s := sample(strings.Replace(o, "*.", "sub.", 1)); IsOrigin(s) && !seen[o] {
				seen[o] = true
				a.wild, a.Names = append(a.wild, o), append(a.Names, o)
				a.Origins = append(a.Origins, s)
			}
		case IsOrigin(o) && !seen[o]:
			seen[o] = true
			a.Origins, a.Names = append(a.Origins, o), append(a.Names, o)
		}
	}
	inTemplate := func(t gateway.Template) {
		for _, o := range literals(t.Text) {
			add(o)
		}
		if overridesOrigin(t) {
			for _, m := range variableOf.FindAllStringSubmatch(t.Text, -1) {
				for _, o := range split(variables[m[1]]) {
					add(o)
				}
			}
		}
	}
	for _, m := range methods {
		if m.Integration == nil {
			continue
		}
		for _, t := range m.Integration.RequestTemplates {
			inTemplate(t)
		}
		for _, ir := range m.Integration.Responses {
			mapping := originMapping(ir)
			value, _ := apigw.Static(mapping)
			if name, ok := strings.CutPrefix(mapping, "stageVariables."); ok {
				value = variables[name]
			}
			for _, o := range split(value) {
				add(o)
			}
			for _, t := range ir.Templates {
				inTemplate(t)
			}
		}
	}
	if a.Any {
		// If an API allows everyone on some routes and a few origins on others, the few are tried.
		a.Any = len(a.Origins) == 0
	}
	if a.Any {
		a.Origins = []string{anyPage}
	}
	if len(a.Origins) == 0 {
		a.From = ""
	}
	return a
}

// variableOf finds the stage's variables that a mapping template names.
var variableOf = regexp.MustCompile(`stageVariables[.]\{?([A-Za-z0-9_]+)`)

// split returns the origins of a list.
func split(list string) []string {
	return strings.FieldsFunc(list, func(c rune) bool { return strings.ContainsRune(", ;|", c) })
}

// originMapping is what an integration response maps to Access-Control-Allow-Origin, whose name is of any case; empty if it
// does not.
func originMapping(ir gateway.IntegrationResponse) string {
	for _, name := range sortedKeys(ir.Parameters) {
		if strings.EqualFold(name, apigw.MethodHeader+corsheader.AllowOrigin) {
			return ir.Parameters[name]
		}
	}
	return ""
}

// meant makes of the regular expression of an origin what its author meant.
var meant = strings.NewReplacer(`\\.`, ".", `\.`, ".", "[.]", ".", "[^.]+", "*", "[a-z0-9-]+", "*", "[^/]+", "*", ".+", "*", ".*", "*")

// literals returns the origins that a mapping template compares with. Those in a regular expression are given as what it
// was meant to be: its dots escaped or not, its wildcards as *.
func literals(template string) []string {
	if !strings.Contains(template, "responseOverride") {
		return nil
	}
	var out []string
	for _, m := range quoted.FindAllStringSubmatch(template, -1) {
		for _, s := range choices(m[1] + m[2]) {
			s = strings.Trim(strings.TrimSpace(s), "^$()")
			s = meant.Replace(s)
			if looksLike.MatchString(s) {
				out = append(out, s)
			}
		}
	}
	return out
}

// group finds an innermost group of a regular expression, with the sign that makes it optional.
var group = regexp.MustCompile(`\((?:\?:)?([^()]*)\)([?*+]?)`)

// maxChoices bounds what the groups of one text multiply to.
const maxChoices = 100

// choices returns what a list, or a regular expression with its groups multiplied out, leaves the choice between.
func choices(s string) []string {
	var out []string
	for todo := []string{s}; len(todo) > 0 && len(out)+len(todo) <= maxChoices; {
		s, todo = todo[0], todo[1:]
		at := group.FindStringSubmatchIndex(s)
		if at == nil {
			out = append(out, strings.FieldsFunc(s, func(c rune) bool { return c == ',' || c == '|' })...)
			continue
		}
		if quantifier := s[at[4]:at[5]]; quantifier == "?" || quantifier == "*" {
			todo = append(todo, s[:at[0]]+s[at[1]:])
		}
		for _, c := range strings.Split(s[at[2]:at[3]], "|") {
			todo = append(todo, s[:at[0]]+c+s[at[1]:])
		}
	}
	return out
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
