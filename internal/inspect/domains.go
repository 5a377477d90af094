package inspect

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/apigateway/types"

	"github.com/corsgate/corsgate/internal/cfn"
	"github.com/corsgate/corsgate/internal/gateway"
	"github.com/corsgate/corsgate/internal/report"
	"github.com/corsgate/corsgate/internal/rules"
)

// domain is a custom domain and where its paths lead.
type domain struct {
	name     string
	mappings []types.BasePathMapping
}

// noPath is how the service names a mapping of the domain's root.
const noPath = "(none)"

// address returns the address of a base path.
func (d domain) address(path string) string {
	if path == "" || path == noPath {
		return "https://" + d.name
	}
	return "https://" + d.name + "/" + path
}

// domains finds those that lead to a stage that refuses every page, while another lets some in, or to none.
func (i *inspector) domains(policies []*InForce) error {
	mine := slices.ContainsFunc(i.s.domains, func(d domain) bool {
		return slices.ContainsFunc(d.mappings, func(m types.BasePathMapping) bool { return aws.ToString(m.RestApiId) == i.s.ID })
	})
	if !mine || !i.s.sees(rules.CORS407) || !i.s.sees(rules.CORS602) {
		return nil
	}
	of := map[string]*InForce{}
	for _, p := range policies {
		of[p.Stage] = p
	}
	for _, st := range i.s.all {
		name := aws.ToString(st.StageName)
		if of[name] != nil {
			continue
		}
		// One that was not asked for; what is configured is near enough.
		site, err := load("", i.s.Region, i.s.configured([]types.Stage{st}), gateway.Options{Stage: name})
		if err != nil {
			return err
		}
		if of[name], err = inForce(i.ctx, site); err != nil {
			return err
		}
	}
	open := slices.ContainsFunc(slices.Collect(maps.Values(of)), func(p *InForce) bool { return len(p.Origins) > 0 })
	for _, d := range i.s.domains {
		for _, m := range d.mappings {
			stage := aws.ToString(m.Stage)
			if aws.ToString(m.RestApiId) != i.s.ID || stage == "" {
				continue // of another API, or the path names the stage
			}
			at := d.address(aws.ToString(m.BasePath))
			switch p := of[stage]; {
			case p == nil:
				i.find(rules.CORS604, report.Finding{LogicalID: "domainnames/" + d.name, Detail: fmt.Sprintf("%s leads to stage %s, which does not exist", at, stage)})
			case p.refuses() && open:
				i.find(rules.CORS604, report.Finding{LogicalID: "domainnames/" + d.name, Detail: fmt.Sprintf("%s leads to stage %s, which refuses every page, although another stage of the API lets pages in", at, stage)})
			}
		}
	}
	return nil
}

// mappings finds the base paths that lead to this API by the template, and elsewhere in the account. One whose domain's name
// the template does not spell out is left alone.
func (i *inspector) mappings(t *Template) {
	app := t.App
	named := func(v any, property string) string {
		if r := app.Target(v); r != nil {
			v = r.Properties[property]
		}
		if text, _ := v.(string); !cfn.HasSymbol(text) {
			return text
		}
		return ""
	}
	typ, key, base := "AWS::ApiGateway::BasePathMapping", "RestApiId", "BasePath"
	if i.s.kind == gateway.HTTPAPI {
		typ, key, base = "AWS::ApiGatewayV2::ApiMapping", "ApiId", "ApiMappingKey"
	}
	for _, r := range app.OfType(typ) {
		// There is one API alone if none is named, or its stages could not have been compared.
		p := r.Properties
		if api := app.Target(p[key]); api == nil || t.API != "" && app.Name(api) != t.API {
			continue
		}
		name, path, stage := named(p["DomainName"], "DomainName"), named(p[base], ""), named(p["Stage"], "StageName")
		for _, d := range i.s.domains {
			if d.name == name {
				i.mapping(d, path, stage)
			}
		}
	}
}

// mapping looks at where a base path leads that should lead to this API, to a stage if one is named.
func (i *inspector) mapping(d domain, path, stage string) {
	root := func(path string) string { return strings.TrimSuffix(path, noPath) }
	at := slices.IndexFunc(d.mappings, func(m types.BasePathMapping) bool { return root(aws.ToString(m.BasePath)) == root(path) })
	say := func(where string) {
		i.find(rules.CORS604, report.Finding{LogicalID: "domainnames/" + d.name, Detail: d.address(path) + " leads " + where + ", and to this API by the template"})
	}
	switch {
	case at < 0:
		say("nowhere")
	case aws.ToString(d.mappings[at].RestApiId) != i.s.ID:
		say("to the " + strings.TrimPrefix(string(i.s.kind), "HTTP ") + " " + aws.ToString(d.mappings[at].RestApiId)) // of an HTTP API's domain, either kind
	case stage != "" && aws.ToString(d.mappings[at].Stage) != stage:
		i.find(rules.CORS604, report.Finding{LogicalID: "domainnames/" + d.name, Detail: fmt.Sprintf("%s leads to stage %s, and to stage %s by the template", d.address(path), aws.ToString(d.mappings[at].Stage), stage)})
	}
}
