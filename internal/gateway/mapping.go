package gateway

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/corsgate/corsgate/internal/apigw"
)

// badSource says what is wrong with the source of a header mapping that can be neither deployed nor read, or nothing.
func badSource(src string) string {
	if _, static := apigw.Static(src); static || apigw.IsSource(src) {
		return ""
	}
	return fmt.Sprintf("its value %s is neither a source nor in single quotes", clip(src))
}

// mappings notes the header mappings of a method that API Gateway does not take.
func (l *loader) mappings(m *Method) {
	if m.Integration == nil || m.Err != nil || apigw.IsProxy(m.Integration.Type) {
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
			name, ok := strings.CutPrefix(k, apigw.MethodHeader)
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
