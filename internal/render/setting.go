package render

import (
	"errors"
	"slices"
	"strconv"

	"github.com/corsgate/corsgate/internal/corsheader"
	"github.com/corsgate/corsgate/internal/corssetting"
)

// setting is the CORS setting of an HTTP API or a function URL. The service responds to preflights itself. If it cannot have all
// of the policy, nothing is written: a setting without some origins would refuse their pages without a word.
func (r *renderer) setting(service corssetting.Service) (string, error) {
	unsupported := r.policy.UnsupportedByHTTPAPI()
	if service == corssetting.FunctionURL {
		unsupported = r.policy.UnsupportedByFunctionURL()
	}
	if len(unsupported) > 0 {
		text := service.Name() + " cannot have all of this policy:"
		for _, u := range unsupported {
			text += "\n" + u.String()
		}
		if service == corssetting.HTTPAPI {
			text += "\ncorslambda responds without " + service.Property() + " in payload format 1.0, with the stage variables of --as cloudformation and a route for OPTIONS"
		}
		return "", errors.New(text)
	}
	methods := slices.Clone(r.Methods)
	if slices.Contains(methods, "ANY") {
		methods = []string{"*"}
		if r.policy.Credentials() { // where * is a method's name
			methods = []string{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"}
		}
	}
	members := object{{"AllowOrigins", r.policy.Origins()}, {"AllowMethods", methods}}
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
