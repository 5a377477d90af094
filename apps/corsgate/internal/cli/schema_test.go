package cli

import (
	"bytes"
	"encoding/json"
	"os"
	"path"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	generate "github.com/invopop/jsonschema"
	"github.com/santhosh-tekuri/jsonschema/v6"
	"go.yaml.in/yaml/v3"

	"github.com/corsgate/corsgate/apps/corsgate/internal/config"
	"github.com/corsgate/corsgate/internal/diff"
	"github.com/corsgate/corsgate/internal/report"
	"github.com/corsgate/corsgate/internal/rules"
	"github.com/corsgate/corsgate/internal/simulate"
	"github.com/corsgate/corsgate/internal/testkit/model"
	"github.com/corsgate/corsgate/internal/version"
)

// root is that of the module, seen from here.
const root = "../../../.."

// schemas are of what is printed as JSON and of .corsgate.yaml, by the file's name in docs/schema.
var schemas = map[string]any{
	"corsgate.yaml": config.File{},
	"findings":      report.Report{}, // of check, inspect and logs
	"probe":         probeReport{},
	"diff":          diff.Documents{},
	"explain":       simulate.Report{},
	"rules":         []rules.Rule{},
	"version":       version.Info{},
}

// TestSchemas holds docs/schema against the Go types; -update writes it.
func TestSchemas(t *testing.T) {
	dir, err := filepath.Abs(filepath.Join(root, "docs", "schema"))
	if err != nil {
		t.Fatal(err)
	}
	t.Chdir(root) // where the names of packages begin
	var want []string
	for name, of := range schemas {
		r := &generate.Reflector{BaseSchemaID: "https://raw.githubusercontent.com/corsgate/corsgate/main/docs/schema"}
		for _, of := range []string{"internal", "apps"} {
			if err := r.AddGoComments("github.com/corsgate/corsgate", of); err != nil {
				t.Fatal(err)
			}
		}
		for key, text := range r.CommentMap {
			r.CommentMap[key] = strings.Join(strings.Fields(text), " ")
		}
		r.Namer = qualified
		s := r.ReflectFromType(reflect.TypeOf(of))
		nullable(s, reflect.TypeOf(of), map[reflect.Type]bool{})
		s.ID = generate.ID("https://raw.githubusercontent.com/corsgate/corsgate/main/docs/schema/" + name + ".json")
		var b bytes.Buffer
		if err := report.WriteJSON(&b, s); err != nil {
			t.Fatal(err)
		}
		file := filepath.Join(dir, name+".json")
		want = append(want, file)
		if *update {
			if err := os.WriteFile(file, b.Bytes(), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		if got, err := os.ReadFile(file); err != nil || !bytes.Equal(got, b.Bytes()) {
			t.Errorf("docs/schema/%s.json is not what the Go types say (%v); go test ./apps/corsgate/internal/cli -run TestSchemas -update writes it", name, err)
		}
	}
	files, err := filepath.Glob(filepath.Join(dir, "*"))
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		if !slices.Contains(want, f) {
			t.Errorf("%s is of nothing", f)
		}
	}
}

// qualified is the name of a type with its package, since packages have types of one name.
func qualified(t reflect.Type) string {
	if t.PkgPath() == "" {
		return t.Name()
	}
	return path.Base(t.PkgPath()) + "." + t.Name()
}

// nullable adds null to what a field may be that is a pointer and is never left out.
func nullable(s *generate.Schema, t reflect.Type, seen map[reflect.Type]bool) {
	switch t.Kind() {
	case reflect.Pointer, reflect.Slice, reflect.Array, reflect.Map:
		nullable(s, t.Elem(), seen)
	case reflect.Struct:
		if seen[t] {
			return
		}
		seen[t] = true
		own := s.Definitions[qualified(t)]
		for i := range t.NumField() {
			f := t.Field(i)
			nullable(s, f.Type, seen)
			name, options, _ := strings.Cut(f.Tag.Get("json"), ",")
			if own == nil || own.Properties == nil || f.Type.Kind() != reflect.Pointer || f.Anonymous || strings.Contains(options, "omitempty") {
				continue
			}
			if p, ok := own.Properties.Get(name); ok {
				own.Properties.Set(name, &generate.Schema{OneOf: []*generate.Schema{p, {Type: "null"}}})
			}
		}
	}
}

func schema(t *testing.T, name string) *jsonschema.Schema {
	t.Helper()
	s, err := jsonschema.NewCompiler().Compile(filepath.Join(root, "docs", "schema", name+".json"))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// TestSchemasHold holds that what commands print is as the schemas say.
func TestSchemasHold(t *testing.T) {
	api := serving(t, catalog, simulate.NotRun(model.App(t, raw(t, catalog))))
	templates := filepath.Join(root, "test", "templates") + string(filepath.Separator)
	cdk, any, three := templates+"catalog.template.json", templates+"cdk-any-origin.template.json", templates+"corsgate-three-origins.template.json"
	logs := filepath.Join(t.TempDir(), "orders.log")
	if err := os.WriteFile(logs, []byte(`{"time":"2026-11-22T09:00:00Z","level":"INFO","msg":"CORS: origin refused","origin":"https://www.example.com","method":"GET","resource":"/orders","apiId":"a","stage":"prod"}`+"\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		schema string
		args   []string
		status int
	}{
		{"findings", []string{"check", cdk, "--format", "json"}, 0},
		{"findings", []string{"check", any, "--format", "json"}, 1},
		{"findings", []string{"logs", "--file", logs, "--origins", "https://app.example.com", "--format", "json"}, 0},
		{"diff", []string{"diff", any, cdk, "--format", "json"}, 1},
		{"diff", []string{"diff", cdk, cdk, "--format", "json"}, 0},
		{"diff", []string{"diff", any, three, "--format", "json"}, 1},
		{"explain", []string{"explain", "--template", cdk, "--origin", "https://app.example.com", "--path", "/products", "--no-invoke", "--json"}, 0},
		{"explain", []string{"explain", "--template", cdk, "--origin", "https://evil.example", "--path", "/products", "--header", "x-none", "--no-invoke", "--json"}, 1},
		{"explain", []string{"explain", "--template", any, "--origin", "https://evil.example", "--path", "/items", "--no-invoke", "--json"}, 3},
		{"probe", []string{"probe", api + "/products", "--origin", "https://app.example.com", "--insecure", "--format", "json"}, 0},
		{"probe", []string{"probe", api + "/products", "--origin", "https://evil.example", "--method", "PUT", "--insecure", "--errors", "--format", "json"}, 1},
		{"rules", []string{"rules", "--json"}, 0},
		{"version", []string{"version", "--json"}, 0},
	} {
		var out, errs bytes.Buffer
		if status := (Command{Stdin: strings.NewReader(""), Stdout: &out, Stderr: &errs}).Run(t.Context(), tt.args); status != tt.status {
			t.Errorf("%q: status %d, want %d; %s", tt.args, status, tt.status, &errs)
			continue
		}
		v, err := jsonschema.UnmarshalJSON(&out)
		if err != nil {
			t.Fatalf("%q: %v", tt.args, err)
		}
		if err := schema(t, tt.schema).Validate(v); err != nil {
			t.Errorf("%q: %v", tt.args, err)
		}
	}
}

// TestSchemaOfSettings holds that an editor says of .corsgate.yaml what corsgate does.
func TestSchemaOfSettings(t *testing.T) {
	s := schema(t, "corsgate.yaml")
	for text, valid := range map[string]bool{
		"origins: [https://app.example.com]\napis: {Orders: {origins: [https://a.example]}}\nfail-on: info\nsuppressions: [{id: CORS107, reason: x, stack: S, logicalId: L}]\nemits: [F]": true,
		"{}":                               true,
		"orgins: []":                       false,
		"fail-on: never":                   false,
		"suppressions: [{id: CORS107}]":    false,
		"suppressions: [{reason: x}]":      false,
		"apis: {Orders: {}}":               false,
		"origins: https://app.example.com": false,
	} {
		var v any
		if err := yaml.Unmarshal([]byte(text), &v); err != nil {
			t.Fatal(err)
		}
		b, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		v, err = jsonschema.UnmarshalJSON(bytes.NewReader(b))
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Validate(v); (err == nil) != valid {
			t.Errorf("%s: %v, want valid: %v", text, err, valid)
		}
		file := filepath.Join(t.TempDir(), config.Name)
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		if _, err := config.Read(file); (err == nil) != valid {
			t.Errorf("%s: corsgate says %v, want valid: %v", text, err, valid)
		}
	}
}
