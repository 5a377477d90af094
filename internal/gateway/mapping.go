package gateway

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// badSource says what is wrong with the source of a header mapping that can be neither deployed nor read, or nothing.
func badSource(src string) string {
	for _, p := range []string{"integration.response.", "method.request.", "context.", "stageVariables."} {
		if strings.HasPrefix(src, p) {
			return ""
		}
	}
	if len(src) >= 2 && src[0] == '\'' && src[len(src)-1] == '\'' {
		return ""
	}
	return fmt.Sprintf("its value %s is no source and not in single quotes", clip(src))
}

// mappings notes the header mappings of a method that API Gateway does not take.
func (l *loader) mappings(m *Method) {
	if m.Integration == nil || m.Err != nil || strings.HasSuffix(m.Integration.Type, "_PROXY") {
		return
	}
	for _, ir := range m.Integration.Responses {
		declared := map[string]bool{}
		for _, r := range m.Responses {
			if r.Status == ir.Status {
				declared = r.Headers
			}
		}
		for _, k := range slices.Sorted(maps.Keys(ir.Parameters)) {
			name, ok := strings.CutPrefix(k, "method.response.header.")
			if !ok {
				continue
			}
			if why := badSource(l.app.Show(ir.Parameters[k])); why != "" {
				l.undeployable("method %s: the response %s does not send the header %s, since %s", m.ID, ir.Status, name, why)
			} else if _, ok := declared[name]; !ok {
				l.undeployable("method %s: the response %s maps the header %s, which the method response %s does not declare", m.ID, ir.Status, name, ir.Status)
			}
		}
	}
}
