package corslambda

import (
	"slices"
	"strings"

	"github.com/corsgate/corsgate/constructs/cors"
)

// withDecision returns the two header maps of a proxy response with the CORS
// headers of d: each once, in the first map, and none of the handler's own.
// The maps given are not changed, since a handler may return the same ones
// every time. Names without a value are left out, because API Gateway takes a
// null for a malformed response.
func withDecision(d cors.Decision, single map[string]string, multi map[string][]string) (map[string]string, map[string][]string) {
	var vary []string
	outMulti := make(map[string][]string, len(multi))
	for name, values := range multi {
		switch {
		case isVary(name):
			vary = append(vary, values...)
		case !isCORS(name) && len(values) > 0:
			outMulti[name] = values
		}
	}
	outSingle := make(map[string]string, len(single)+7)
	for name, value := range single {
		switch {
		case isVary(name):
			vary = append(vary, value)
		case !isCORS(name):
			outSingle[name] = value
		}
	}
	slices.Sort(vary) // they come in the random order of maps
	for name, value := range d.Headers() {
		if name == "Vary" {
			value = mergeVary(vary, value)
		}
		outSingle[name] = value
	}
	return outSingle, outMulti
}

// ownHeaders returns the CORS headers in the two header maps of a handler's
// response, in order.
func ownHeaders(single map[string]string, multi map[string][]string) []string {
	var own []string
	for name := range single {
		if isCORS(name) {
			own = append(own, name)
		}
	}
	for name := range multi {
		if isCORS(name) {
			own = append(own, name)
		}
	}
	slices.Sort(own)
	return own
}

// mergeVary joins the handler's Vary values and one more name, each name once
// in whatever case; "*" covers all
// (https://www.rfc-editor.org/rfc/rfc9110#name-vary).
func mergeVary(values []string, name string) string {
	var out []string
	seen := func(name string) bool {
		for _, o := range out {
			if strings.EqualFold(o, name) {
				return true
			}
		}
		return false
	}
	for _, v := range append(values, name) {
		for _, n := range strings.Split(v, ",") {
			switch n = strings.TrimSpace(n); {
			case n == "*":
				return "*"
			case n != "" && !seen(n):
				out = append(out, n)
			}
		}
	}
	return strings.Join(out, ", ")
}

func isVary(name string) bool { return strings.EqualFold(strings.TrimSpace(name), "Vary") }

// isCORS reports whether a response header is of the CORS protocol, including
// those of drafts. Blanks around a name, which HTTP forbids, do not hide it.
func isCORS(name string) bool {
	const prefix, request = "Access-Control-", "Access-Control-Request-"
	name = strings.TrimSpace(name)
	return hasPrefixFold(name, prefix) && !hasPrefixFold(name, request)
}

func hasPrefixFold(s, prefix string) bool {
	return len(s) >= len(prefix) && strings.EqualFold(s[:len(prefix)], prefix)
}
