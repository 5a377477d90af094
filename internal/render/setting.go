package render

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/corsgate/corsgate/internal/corsheader"
	"github.com/corsgate/corsgate/internal/corssetting"
)

// setting is the CORS setting of an HTTP API or a function URL, which is a list of exact origins: the service answers preflights
// itself and knows no patterns.
func (r *renderer) setting(service corssetting.Service) (string, error) {
	origins := r.policy.Origins()
	if r.policy.AnyOrigin() {
		origins = []string{"*"}
	}
	var patterns []string
	for _, o := range origins {
		if o != "*" && strings.Contains(o, "*") {
			patterns = append(patterns, o)
		}
	}
	a := map[corssetting.Service]string{corssetting.HTTPAPI: "an ", corssetting.FunctionURL: "a "}[service] + string(service)
	if len(patterns) > 0 {
		how := "the function has to respond itself, without " + service.Property()
		if service == corssetting.HTTPAPI {
			how += ": corslambda does in payload format 1.0, with the stage variables of --as cloudformation and a route for OPTIONS"
		}
		return "", fmt.Errorf("%s cannot have %s, since it compares whole origins; list the origins, or %s", a, strings.Join(patterns, ", "), how)
	}
	methods := slices.Clone(r.Methods)
	if slices.Contains(methods, "ANY") {
		methods = []string{"*"}
		if r.policy.Credentials() { // where * is a method's name
			methods = []string{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"}
		}
	}
	members := object{{"AllowOrigins", origins}, {"AllowMethods", methods}}
	for _, l := range []struct{ name, list string }{{"AllowHeaders", r.policy.RequestHeaders()}, {"ExposeHeaders", r.policy.ExposedHeaders()}} {
		if list := corsheader.List(l.list); len(list) > 0 {
			members = append(members, pair{l.name, list})
		}
	}
	if r.policy.Credentials() {
		members = append(members, pair{"AllowCredentials", true})
	}
	if n, err := strconv.Atoi(r.policy.MaxAge()); err == nil {
		members = append(members, pair{"MaxAge", n})
	}
	said := "The API responds to preflights itself, and ignores the CORS headers of functions. A route for ANY or $default takes preflights away from it."
	if service == corssetting.FunctionURL {
		said = "Lambda responds to preflights itself. The function must send no CORS headers: both would be sent."
	}
	named := "In SAM the property has the same name"
	if service == corssetting.FunctionURL {
		named += ", in the function's FunctionUrlConfig"
	}
	return encoded(object{{"Resources", object{{r.API, object{{"Properties", object{{service.Property(), members}}}}}}}}, []string{said, named + "."})
}
