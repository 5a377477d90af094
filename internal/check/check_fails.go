package check

import (
	"slices"

	"github.com/corsgate/corsgate/internal/rules"
)

// alwaysFails finds methods that fail whatever they are sent. That a preflight fails is for another rule to say.
func alwaysFails(v *View, report reporter) {
	for _, r := range v.API.Resources() {
		for _, m := range r.Methods() {
			_, why := v.API.Fails(m)
			preflown := m.HTTPMethod == "OPTIONS" || slices.ContainsFunc(v.routes, func(r route) bool { f := v.fault(r); return f.method == m && f.rule == rules.CORS108 })
			if why != "" && !preflown {
				report(at(m), "every call fails with status 500: "+v.App.Show(why), "")
			}
		}
	}
}
