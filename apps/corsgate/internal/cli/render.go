package cli

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/corsgate/corsgate/constructs/cors"
	"github.com/corsgate/corsgate/internal/questions"
	"github.com/corsgate/corsgate/internal/render"
)

// renderCommand prints what an API needs so that it follows a policy, in the form that its author writes. Its exit statuses
// are 0 and, for a command line that cannot be used, 2.
type renderCommand struct {
	As          string        `required:"" placeholder:"FORM" enum:"cloudformation,sam,openapi,serverless,terraform,http-api,function-url" help:"cloudformation, sam, openapi, serverless or terraform for a REST API; http-api or function-url for the CORS setting of one of these."`
	Origins     []string      `required:"" group:"The policy:" placeholder:"ORIGIN" help:"Who may use the API: https://app.example.com, https://*.example.com, http://localhost:*, or * for everyone."`
	Headers     []string      `group:"The policy:" placeholder:"NAME" help:"The request headers that pages may send, such as content-type,authorization; * for any but authorization."`
	Expose      []string      `group:"The policy:" placeholder:"NAME" help:"The response headers that pages may read."`
	Credentials bool          `group:"The policy:" help:"Let pages send cookies."`
	MaxAge      time.Duration `group:"The policy:" placeholder:"TIME" help:"How long browsers remember a preflight, such as 2h."`
	Inline      bool          `group:"The policy:" help:"Put the allowlist into the mapping template instead of the stage's variables. With Serverless, it is always in the template."`
	Path        string        `default:"/items" placeholder:"PATH" group:"The resource:" help:"Its path. Default: /items."`
	Methods     []string      `default:"GET" placeholder:"METHOD" group:"The resource:" help:"Its methods, or ANY. Default: GET."`
	API         string        `name:"api" placeholder:"NAME" group:"Names in your text:" help:"The API. Default: Api, in Terraform api."`
	Resource    string        `placeholder:"NAME" group:"Names in your text:" help:"The resource, in Serverless the function. Default: a name made from the path."`
	Stage       string        `placeholder:"NAME" group:"Names in your text:" help:"The stage. Default: Stage."`
}

// Run is called by kong.
func (x *renderCommand) Run(c Command) error {
	var faults []string
	policy, err := cors.New(cors.Config{Origins: x.Origins, RequestHeaders: x.Headers, ExposedHeaders: x.Expose,
		AllowCredentials: x.Credentials, MaxAge: x.MaxAge})
	if err != nil {
		faults = append(faults, err.Error())
	}
	if !routePath.MatchString(x.Path) {
		faults = append(faults, fmt.Sprintf("--path %q: begin it with a slash, as in /items/{id}, and without blanks, a query and the like", x.Path))
	}
	methods := append(slices.Clone(questions.Methods), "ANY")
	for i, m := range x.Methods {
		if x.Methods[i] = strings.ToUpper(m); !slices.Contains(methods, x.Methods[i]) {
			faults = append(faults, fmt.Sprintf("--methods %q: name some of %s", m, strings.Join(methods, ", ")))
		}
	}
	form := render.Form(x.As)
	names := identifier
	x.Resource = cmp.Or(x.Resource, resourceName(form, x.Path))
	if form == render.FunctionURL {
		x.API = cmp.Or(x.API, "Url")
	}
	x.API, x.Stage = cmp.Or(x.API, "Api"), cmp.Or(x.Stage, "Stage")
	if form == render.Terraform || form == render.Serverless {
		names = word
		if x.API == "Api" {
			x.API = "api"
		}
	}
	for _, n := range []struct{ flag, value string }{{"--api", x.API}, {"--resource", x.Resource}, {"--stage", x.Stage}} {
		if !names.MatchString(n.value) {
			faults = append(faults, fmt.Sprintf("%s %q: want a name of letters and digits, as in your template", n.flag, n.value))
		}
	}
	if len(faults) > 0 {
		return usage("%s", strings.Join(faults, "; "))
	}
	text, err := render.Render(form, policy, render.Options{Path: x.Path, Methods: x.Methods, API: x.API, Resource: x.Resource, Stage: x.Stage, Inline: x.Inline})
	if err != nil {
		for line := range strings.SplitSeq(err.Error(), "\n") {
			c.say("%s", line)
		}
		return statusError(statusUsage)
	}
	_, err = fmt.Fprint(c.Stdout, text)
	return err
}

var (
	identifier = regexp.MustCompile(`^[A-Za-z0-9]{1,255}$`)                 // a logical id
	routePath  = regexp.MustCompile(`^/[A-Za-z0-9_./{}+$:@%~!&'()*,;=-]*$`) // what a URL's path may have, and parameters
	word       = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_-]*$`)
)

// resourceName makes a name of a path: ItemsId of /items/{id}, and items_id where names are in lower case.
func resourceName(form render.Form, path string) string {
	words := strings.FieldsFunc(path, func(r rune) bool {
		return r > 'z' || !strings.ContainsRune("abcdefghijklmnopqrstuvwxyz0123456789", r|0x20)
	})
	if len(words) == 0 {
		words = []string{"root"}
	}
	if form == render.Terraform || form == render.Serverless {
		return strings.ToLower(strings.Join(words, "_"))
	}
	for i, w := range words {
		words[i] = strings.ToUpper(w[:1]) + w[1:]
	}
	return strings.Join(words, "")
}
