package check

import (
	"regexp"
	"slices"
	"strings"

	"github.com/corsgate/corsgate/internal/gateway"
	"github.com/corsgate/corsgate/internal/questions"
)

// learn completes an inferred allowlist by how the model responds: with origins that responses name of themselves, and with
// the domains that mapping templates speak of without a scheme, as with endsWith, where they let pages in.
func (v *View) learn() {
	if v.Allowlist.From == "stated" || v.Allowlist.From == "stage-variables" {
		return
	}
	list := v.Allowlist
	known := list.From != ""
	add := func(m *gateway.Method, origin, name string) {
		v.own[m] = append(v.own[m], origin)
		if list.Any { // another route is for everybody, and this one for a few
			list.Any, list.Origins = false, nil
		}
		list.From = "template"
		if !slices.Contains(list.Origins, origin) {
			list.Origins, list.Names = append(list.Origins, origin), append(list.Names, name)
		}
	}
	for _, a := range v.answering() {
		if a.method.Integration == nil || len(v.ownOrigins(a.method)) > 0 {
			continue
		}
		answer := func(origin string) string { return allowOrigin(v.response(a.route, origin)) }
		if got := answer(anyPage); !known && got != anyPage && IsOrigin(got) {
			add(a.method, got, got)
		}
		domains := domains(a.method)
		if len(domains) == 0 || answer(questions.Stranger) == questions.Stranger {
			continue
		}
		for _, d := range domains {
			if o := "https://" + d; answer(o) == o {
				add(a.method, o, o)
			}
			if o := "https://sub." + d; answer(o) == o {
				list.wild = append(list.wild, "https://*."+d)
				add(a.method, o, "https://*."+d)
			}
		}
	}
}

var domainName = regexp.MustCompile(`[a-z0-9-]+(?:[.][a-z0-9-]+)*[.][a-z]{2,}`)

// domains returns the names of domains in the mapping templates of a method that set Access-Control-Allow-Origin.
func domains(m *gateway.Method) []string {
	var out []string
	for _, t := range templates(m) {
		if !overridesOrigin(t) {
			continue
		}
		for _, q := range quoted.FindAllStringSubmatch(t.Text, -1) {
			for _, d := range domainName.FindAllString(plainDots.Replace(q[1]+q[2]), -1) {
				if !slices.Contains(out, d) && len(out) < perList {
					out = append(out, d)
				}
			}
		}
	}
	return out
}

// plainDots takes the escapes from the dots of a regular expression.
var plainDots = strings.NewReplacer(`\\.`, ".", `\.`, ".", "[.]", ".")
