package corslambda

import (
	"github.com/corsgate/corsgate/constructs/cors"
	"github.com/corsgate/corsgate/internal/corsheader"
	"github.com/corsgate/corsgate/internal/emit"
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
		case corsheader.IsVary(name):
			vary = append(vary, values...)
		case !corsheader.Is(name) && len(values) > 0:
			outMulti[name] = values
		}
	}
	outSingle := make(map[string]string, len(single)+7)
	for name, value := range single {
		switch {
		case corsheader.IsVary(name):
			vary = append(vary, value)
		case !corsheader.Is(name):
			outSingle[name] = value
		}
	}
	for name, value := range emit.Headers(d, vary) {
		outSingle[name] = value
	}
	return outSingle, outMulti
}

// ownHeaders returns the CORS headers in the two header maps of a handler's
// response.
func ownHeaders(single map[string]string, multi map[string][]string) []string {
	var own []string
	for name := range single {
		if corsheader.Is(name) {
			own = append(own, name)
		}
	}
	for name := range multi {
		if corsheader.Is(name) {
			own = append(own, name)
		}
	}
	return own
}
