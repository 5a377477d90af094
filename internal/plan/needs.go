package plan

import (
	"fmt"
	"slices"
	"strings"

	"github.com/corsgate/corsgate/internal/apigw"
	"github.com/corsgate/corsgate/internal/browser"
	"github.com/corsgate/corsgate/internal/rules"
)

// A Security says what a method wants of a request.
type Security struct {
	Type    string   // NONE, AWS_IAM, CUSTOM or COGNITO_USER_POOLS
	Sources []string // its authorizer's identity sources, such as method.request.header.Authorization
	APIKey  bool
}

// needs returns the headers, in lower case and sorted, without which the method refuses a
// request, as far as a page has to be allowed to send them. keySource is that of the API.
func (s Security) needs(keySource string) []string {
	var out []string
	switch s.Type {
	case "", "NONE":
	case "AWS_IAM":
		out = append(out, apigw.SignatureHeaders...)
	default:
		for _, source := range s.Sources {
			name, ok := strings.CutPrefix(source, apigw.RequestHeader)
			// The value is unknown, and what browsers send of their own accord needs no leave.
			if name = strings.ToLower(name); ok && !strings.Contains(name, "$") && !browser.ForbiddenHeader(name, "") && !browser.SafelistedHeader(name, "a") {
				out = append(out, name)
			}
		}
	}
	if s.APIKey && keySource != apigw.KeyByAuthorizer {
		out = append(out, apigw.KeyHeader)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// A faulty names methods that have one fault: the first of them, and how many there are.
type faulty struct {
	first Operation
	what  string // what is missing
	count int
}

func (f *faulty) where() string {
	if f.count > 1 {
		return fmt.Sprintf("%s (and %d more)", f.first.Where, f.count-1)
	}
	return f.first.Where
}

// count counts an operation with a fault among others with the same.
func count(all []*faulty, o Operation, what string) []*faulty {
	i := slices.IndexFunc(all, func(f *faulty) bool { return f.what == what })
	if i < 0 {
		i, all = len(all), append(all, &faulty{first: o, what: what})
	}
	all[i].count++
	return all
}

// sufficient says what of the policy the API's own methods make insufficient. One cause is
// one remark, on the first method that it is about and not suppressed for.
func (m *maker) sufficient() {
	allowed := strings.Split(m.policy.RequestHeaders(), ",")
	methods := m.policy.Methods()
	var headers, stars, left []*faulty
	all := slices.DeleteFunc(slices.Clone(allowed), func(name string) bool { return name == "" }) // with what is missing
	for _, o := range m.operations() {
		var missing []string
		star := false
		for _, name := range o.Security.needs(m.KeySource) {
			switch {
			case slices.Contains(allowed, name):
			case !slices.Contains(allowed, "*"):
				missing = append(missing, name)
			case name == "authorization":
				star = true
			}
		}
		if missing != nil && !m.suppressed(o.Node, rules.CORS111) {
			all, headers = append(all, missing...), count(headers, o, strings.Join(missing, ", "))
		}
		if star && !m.suppressed(o.Node, rules.CORS112) {
			stars = count(stars, o, "")
		}
		// GET, HEAD and POST cannot be kept from pages. Of ANY the others are left out for a reason.
		if methods != "" && o.Verb != "ANY" && !browser.SafelistedMethod(o.Verb) && !slices.Contains(strings.Split(methods, ","), o.Verb) && !m.suppressed(o.Node, rules.CORS110) {
			left = count(left, o, o.Verb)
		}
	}
	notForPages := func(rule rules.ID) string {
		if m.Document != nil {
			return fmt.Sprintf("if it is not for pages, suppress %s in the API's metadata", rule)
		}
		return fmt.Sprintf("if it is not for pages, suppress %s in the method's metadata", rule)
	}
	for _, f := range headers {
		m.fail(f.first.Node, rules.CORS111, fmt.Sprintf("%s wants headers that the policy does not allow (%s), so no page can call it: write RequestHeaders: []string{%s}, or, %s",
			f.where(), f.what, quoted(slices.Compact(slices.Sorted(slices.Values(all)))), notForPages(rules.CORS111)))
	}
	for _, f := range stars {
		m.warnRule(f.first.Node, rules.CORS112, f.where()+" wants Authorization, which * does not cover: name the headers in RequestHeaders, authorization among them")
	}
	for _, f := range left {
		m.fail(f.first.Node, rules.CORS110, fmt.Sprintf("%s cannot be called by a page, since Methods of the policy (%s) leaves %s out: add it, or leave Methods empty, or, %s",
			f.where(), methods, f.what, notForPages(rules.CORS110)))
	}
}

// quoted writes names as elements of a Go slice.
func quoted(names []string) string {
	var out []string
	for _, name := range names {
		out = append(out, fmt.Sprintf("%q", name))
	}
	return strings.Join(out, ", ")
}

// suppressed reports whether a rule is suppressed for a construct, or for all of the API.
func (a *API) suppressed(on string, rule rules.ID) bool {
	return slices.ContainsFunc(a.Suppressed, func(s Suppression) bool {
		return strings.EqualFold(s.Rule, string(rule)) && (s.On == a.Node || s.On == on)
	})
}
