package cfn

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"regexp"
	"slices"
	"strings"
)

const samTransform = "AWS::Serverless-2016-10-31"

// samResult is what is to be said of a template of SAM.
type samResult struct {
	Problems []Problem
	// Causes says, by the logical ids of what SAM makes, what each is made for: "Function", or "Function event Name". What
	// takes the place of a resource of SAM is not among them.
	Causes map[string]string
	// Routes says the same of the methods of APIs, by [routeKey].
	Routes map[string]string
}

// routeKey names a method of an API. API Gateway takes /items and /items/ for one path.
func routeKey(api, method, path string) string {
	return api + " " + strings.ToUpper(method) + " /" + strings.Trim(path, "/")
}

// sam is a template on its way from SAM to CloudFormation.
type sam struct {
	root, resources map[string]any
	read            func(path string) ([]byte, error)
	apis, http      map[string]*samAPI // REST APIs and HTTP APIs
	types           map[string]string  // of the resources as they were written
	refs            map[string]string  // what SAM's own references, "Api.Stage", name
	out             samResult
}

// serverless makes of a template of SAM, in place, the one that the SAM transform makes
// (https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/sam-specification-generated-resources.html),
// as far as APIs, functions and who may call them matter; of the rest the names are right. It follows version 1.115.0
// of the transform. Values that the transform must know are those of the parameters' defaults. The functions of values stay
// what they are. The file that read opens is beside the template.
//
// What the transform refuses is a problem, and left out; so is a document that is not here.
func serverless(root map[string]any, read func(path string) ([]byte, error)) samResult {
	s := &sam{root: root, read: read, apis: map[string]*samAPI{}, http: map[string]*samAPI{}, types: map[string]string{}, refs: map[string]string{}, out: samResult{Causes: map[string]string{}, Routes: map[string]string{}}}
	s.resources, _ = root["Resources"].(map[string]any)
	for id, r := range s.resources {
		s.types[id], _ = object(r)["Type"].(string)
	}
	if !s.used() {
		for _, id := range slices.Sorted(maps.Keys(s.resources)) {
			if typ, _ := object(s.resources[id])["Type"].(string); strings.HasPrefix(typ, "AWS::Serverless::") {
				s.refuse(id, "the template has no Transform: "+samTransform+", so CloudFormation does not know the type "+typ+" and refuses it")
				break
			}
		}
		return s.out
	}
	if s.resources == nil {
		return s.out
	}
	s.bodies()
	s.routes()
	s.httpRoutes()
	s.globals()
	s.versions()
	s.functions()
	s.stateMachines()
	s.restAPIs()
	s.others()
	s.refer()
	slices.SortFunc(s.out.Problems, func(a, b Problem) int {
		return cmp.Or(strings.Compare(a.LogicalID, b.LogicalID), strings.Compare(a.Text, b.Text))
	})
	s.out.Problems = slices.Compact(s.out.Problems)
	maps.DeleteFunc(s.out.Causes, func(id, cause string) bool { return id == cause })
	return s.out
}

// used reports whether the template is one of SAM. Its other transforms stay.
func (s *sam) used() bool {
	switch t := s.root["Transform"].(type) {
	case string:
		if t == samTransform {
			delete(s.root, "Transform")
			return true
		}
	case []any:
		if rest := slices.DeleteFunc(slices.Clone(t), func(v any) bool { return v == samTransform }); len(rest) < len(t) {
			s.root["Transform"] = rest
			if len(rest) == 0 {
				delete(s.root, "Transform")
			}
			return true
		}
	}
	return false
}

// ids lists the resources of some types, in order.
func (s *sam) ids(types ...string) []string {
	var out []string
	for id, v := range s.resources {
		if typ, ok := object(v)["Type"].(string); ok && slices.Contains(types, typ) {
			out = append(out, id)
		}
	}
	slices.Sort(out)
	return out
}

// refuse records what the transform, or the deployment, refuses.
func (s *sam) refuse(id, text string) { s.problem(id, text, Malformed) }

func (s *sam) problem(id, text string, kind ProblemKind) {
	s.out.Problems = append(s.out.Problems, Problem{LogicalID: id, Type: s.types[id], Text: text, Kind: kind})
}

// properties checks that an object has no others than the named ones.
func (s *sam) properties(id, of string, m map[string]any, names string) {
	for _, key := range unknownIn(m, names) {
		s.refuse(id, fmt.Sprintf("SAM refuses %s%s: there is no such property", of, key))
	}
}

// make adds a resource that SAM makes, with the attributes that it hands on from the one it is made of.
func (s *sam) make(id, typ, cause string, from, properties map[string]any) map[string]any {
	r := map[string]any{"Type": typ, "Properties": properties}
	take(r, from, "Condition DeletionPolicy UpdateReplacePolicy")
	if _, given := s.resources[id]; given && s.out.Causes[id] == "" {
		s.refuse(id, "SAM refuses the template: it makes a resource of this name for "+cause+", and there is one already")
		return r
	}
	s.out.Causes[id] = cause
	s.resources[id] = r
	return r
}

// replace is make of the resource that takes the place of SAM's, with all its attributes.
func (s *sam) replace(id, typ, cause string, from, properties map[string]any) map[string]any {
	delete(s.resources, id)
	r := s.make(id, typ, cause, from, properties)
	take(r, from, "DependsOn Metadata UpdatePolicy")
	return r
}

// local reports whether a location is a path on this machine.
func local(v any) (string, bool) {
	path, ok := v.(string)
	return path, ok && isLocal(path)
}

// document reads the OpenAPI document of a DefinitionUri. If it is not here, that is a problem.
func (s *sam) document(id string, location any) (map[string]any, bool) {
	doc, err := s.beside(location)
	if err == nil {
		return doc, true
	}
	name, isText := location.(string)
	if m := object(location); m["Bucket"] != nil {
		name = fmt.Sprintf("s3://%s/%s", textOf(m["Bucket"]), textOf(m["Key"]))
	} else if !isText {
		name = "of a location that only the deployment knows"
	}
	if errors.Is(err, fs.ErrNotExist) {
		s.problem(id, "the OpenAPI document "+name+" is not here, so its paths are not read", Elsewhere)
	} else {
		s.problem(id, fmt.Sprintf("the OpenAPI document %s cannot be read, so its paths are not: %v", name, err), Elsewhere)
	}
	return nil, false
}

// beside reads a document from a file beside the template.
func (s *sam) beside(location any) (map[string]any, error) {
	path, ok := local(location)
	if !ok {
		return nil, fs.ErrNotExist
	}
	text, err := s.read(path)
	if err != nil {
		return nil, err
	}
	v, err := ReadText(path, text, nil)
	if err != nil {
		return nil, err
	}
	doc, ok := v.(map[string]any)
	if !ok {
		return nil, errors.New("it is not an object")
	}
	return doc, nil
}

// textOf is a value in a message: its text, or that it is none.
func textOf(v any) string {
	if text, ok := v.(string); ok {
		return text
	}
	return "..."
}

// included puts the documents in the places of the AWS::Include transforms of a body, which are done before SAM's. One
// that is not here stays as it is written, which is a problem to whoever evaluates it.
func (s *sam) included(v any) any {
	switch v := v.(type) {
	case map[string]any:
		out := make(map[string]any, len(v))
		for k, e := range v {
			out[k] = s.included(e)
		}
		if transform := object(v["Fn::Transform"]); transform["Name"] == "AWS::Include" {
			if doc, err := s.beside(s.decided(object(transform["Parameters"])["Location"])); err == nil {
				delete(out, "Fn::Transform")
				maps.Copy(out, doc)
			}
		}
		return out
	case []any:
		out := make([]any, len(v))
		for i, e := range v {
			out[i] = s.included(e)
		}
		return out
	}
	return v
}

// references finds what a Fn::Sub refers to.
var references = regexp.MustCompile(`\$\{[A-Za-z0-9.:]+\}`)

// refer puts the logical ids in the places of SAM's own references to what it makes.
func (s *sam) refer() {
	for _, section := range []string{"Resources", "Outputs", "Conditions"} {
		if v, ok := s.root[section]; ok {
			s.root[section] = s.referred(v)
		}
	}
}

func (s *sam) referred(v any) any {
	switch v := v.(type) {
	case []any:
		for i, e := range v {
			v[i] = s.referred(e)
		}
	case map[string]any:
		if len(v) == 1 {
			if name, ok := v["Ref"].(string); ok && s.refs[name] != "" {
				return ref(s.refs[name])
			}
			switch text := v["Fn::Sub"].(type) {
			case string:
				return sub(s.substituted(text))
			case []any:
				if len(text) > 0 {
					if t, ok := text[0].(string); ok {
						text[0] = s.substituted(t)
					}
				}
			}
			if of := attribute(v["Fn::GetAtt"]); len(of) > 2 && s.refs[of[0]+"."+of[1]] != "" {
				return getAtt(s.refs[of[0]+"."+of[1]], strings.Join(of[2:], "."))
			}
		}
		for k, e := range v {
			v[k] = s.referred(e)
		}
		return v
	}
	return v
}

func (s *sam) substituted(text string) string {
	return references.ReplaceAllStringFunc(text, func(r string) string {
		parts := strings.Split(strings.TrimSuffix(r[2:], "}"), ".")
		if len(parts) > 1 && s.refs[parts[0]+"."+parts[1]] != "" {
			parts = append([]string{s.refs[parts[0]+"."+parts[1]]}, parts[2:]...)
		}
		return "${" + strings.Join(parts, ".") + "}"
	})
}

// attribute lists the parts of what a Fn::GetAtt names.
func attribute(v any) []string {
	switch v := v.(type) {
	case string:
		return strings.Split(v, ".")
	case []any:
		var parts []string
		for _, e := range v {
			text, ok := e.(string)
			if !ok {
				return nil
			}
			parts = append(parts, strings.Split(text, ".")...)
		}
		return parts
	}
	return nil
}
