package check

import (
	"errors"
	"maps"
	"slices"
	"strings"

	"github.com/corsgate/corsgate/constructs/cors"
	"github.com/corsgate/corsgate/internal/cfn"
	"github.com/corsgate/corsgate/internal/gateway"
	"github.com/corsgate/corsgate/internal/rules"
	"github.com/corsgate/corsgate/internal/stagevars"
)

// VariableFaults returns a line for each stage variable, or element of one, that holds no part of a policy: what is wrong
// with it, and what to write. It returns nil where no variable of the stage is meant for an allowlist. A variable that only a
// deployment knows is taken to be right.
func VariableFaults(api *gateway.API) []string {
	meant := func(name string) bool { return stagevars.IsAllowlist(name) || name == stagevars.AnyOrigin }
	_, err := cors.FromStageVariables(api.Variables)
	var all *cors.ConfigError
	if !errors.As(err, &all) || !slices.ContainsFunc(slices.Collect(maps.Keys(api.Variables)), meant) {
		return nil
	}
	var out []string
	for _, fault := range all.Faults {
		var f *cors.VariableError
		if errors.As(fault, &f) && len(api.App.Symbols(api.Variables[f.Name])) == 0 {
			out = append(out, fault.Error())
		}
	}
	return out
}

// openVariable returns the symbol on which it hangs whether the variables are understood; nil if there is none, or if some
// are not understood whatever it is.
func (v *View) openVariable() *cfn.Symbol {
	if len(VariableFaults(v.API)) > 0 {
		return nil
	}
	for _, name := range slices.Sorted(maps.Keys(v.API.Variables)) {
		if symbols := v.App.Symbols(v.API.Variables[name]); stagevars.Is(name) && len(symbols) > 0 {
			return symbols[0]
		}
	}
	return nil
}

// unlisted decides CORS407, once a stage: its variables hold no policy, or none that is understood.
func unlisted(v *View, report reporter) {
	faults := VariableFaults(v.API)
	detail, console := "the variables of stage "+v.API.Stage+" are not understood, so every origin is refused: "+strings.Join(faults, "; "), ""
	read := slices.IndexFunc(v.routes, func(r route) bool { return v.fault(r).rule == rules.CORS407 })
	switch {
	case read < 0 && len(faults) == 0:
		return
	case len(faults) == 0:
		detail = "mapping templates read stage variables that hold no allowlist, so every origin is refused; the stage is " + v.API.Stage
	}
	if read >= 0 {
		console = v.fault(v.routes[read]).report.Preflight.Verdict.Message
	}
	stages := v.App.Of(v.API.Rest, "AWS::ApiGateway::Stage")
	p := place{}
	if at := slices.IndexFunc(stages, func(s *cfn.Resource) bool { return s.ID == v.API.StageID }); at >= 0 {
		p.of = stages[at]
	}
	report(p, detail, console)
}
