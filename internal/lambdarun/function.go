package lambdarun

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/corsgate/corsgate/internal/cfn"
	"github.com/corsgate/corsgate/internal/mark"
)

// What a function has that its template does not say,
// https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-lambda-function.html.
const (
	defaultTimeout      = 3 * time.Second
	defaultMemory       = 128
	defaultArchitecture = "x86_64"
)

// A Function is a Lambda function as far as running it here goes.
type Function struct {
	LogicalID    string        // its resource, as [cfn.App.Name] has it
	Name         string        // FunctionName, or LogicalID where there is none
	Runtime      string        // "provided.al2023", "nodejs22.x", ...
	Handler      string        // "index.handler"; OS-only runtimes ignore it
	Architecture string        // "arm64" or "x86_64"
	Timeout      time.Duration // of an invocation
	MemoryMB     int           // told to the function, not enforced
	Layers       int           // how many it has; none is there when it runs

	// Environment is what Environment.Variables holds as text, with stand-ins for
	// what is known only at deployment; such variables are in Unresolved, too.
	Environment map[string]string

	Code Code

	// Emits is what the function's mark says, see package mark; "" without one.
	Emits string

	// Entry is the directory of the Go source that corsfunction built, relative
	// to the root of the app's module, with forward slashes; "" if unknown.
	Entry string

	// Unresolved has the expressions of the properties that are known only at
	// deployment, by their path: "Runtime", "Code.ZipFile",
	// "Environment.Variables.TABLE".
	Unresolved map[string]string
}

// A Code is where a function's code is: one of Inline and Path, or neither.
type Code struct {
	Inline string // ZipFile: one source file
	Path   string // an asset of the cloud assembly: a folder, or a zip file
	None   string // why it is neither, in words
}

// Functions returns the functions of an app, ordered by logical id. Asset folders
// are found by the resource's metadata aws:asset:path, as the CDK command line has it
// written (https://docs.aws.amazon.com/cdk/v2/guide/assets.html), or else by the
// assets manifests beside the template; they are relative to the template's folder,
// and joined to it here. A function whose code cannot be found is in the list too: it
// fails when it is invoked, and the others do not.
func Functions(app *cfn.App) []Function {
	of := map[string]*assets{}
	var functions []Function
	for _, r := range app.OfType("AWS::Lambda::Function") {
		if of[r.Stack.File] == nil {
			of[r.Stack.File] = assetsOf(r.Stack.File)
		}
		functions = append(functions, newFunction(app, r, of[r.Stack.File]))
	}
	slices.SortFunc(functions, func(a, b Function) int { return strings.Compare(a.LogicalID, b.LogicalID) })
	return functions
}

// newFunction reads one AWS::Lambda::Function.
func newFunction(app *cfn.App, r *cfn.Resource, assets *assets) Function {
	properties := r.Properties
	f := Function{
		LogicalID:    app.Name(r),
		Name:         r.ID,
		Architecture: defaultArchitecture,
		Timeout:      defaultTimeout,
		MemoryMB:     defaultMemory,
		Environment:  map[string]string{},
		Unresolved:   map[string]string{},
	}
	// take calls set with the text of a property, where it is known.
	take := func(path string, v any, set func(string)) {
		s, ok := text(v)
		if symbols := app.Symbols(v); len(symbols) > 0 {
			f.Unresolved[path] = symbols[0].Expression
		} else if ok {
			set(s)
		}
	}
	number := func(s string, set func(int)) {
		if n, err := strconv.Atoi(s); err == nil && n > 0 {
			set(n)
		}
	}
	take("FunctionName", properties["FunctionName"], func(s string) { f.Name = s })
	take("Runtime", properties["Runtime"], func(s string) { f.Runtime = s })
	take("Handler", properties["Handler"], func(s string) { f.Handler = s })
	take("Timeout", properties["Timeout"], func(s string) {
		number(s, func(n int) { f.Timeout = time.Duration(n) * time.Second })
	})
	take("MemorySize", properties["MemorySize"], func(s string) { number(s, func(n int) { f.MemoryMB = n }) })
	if list, ok := properties["Architectures"].([]any); ok && len(list) > 0 {
		take("Architectures", list[0], func(s string) { f.Architecture = s })
	}
	if list, ok := properties["Layers"].([]any); ok {
		f.Layers = len(list)
	} else {
		take("Layers", properties["Layers"], func(string) {})
	}
	environment, _ := properties["Environment"].(map[string]any)
	variables, _ := environment["Variables"].(map[string]any)
	for name, v := range variables {
		take("Environment.Variables."+name, v, func(s string) { f.Environment[name] = s })
		if s, ok := v.(string); ok {
			f.Environment[name] = s
		}
	}
	f.Emits, _ = text(r.Metadata[mark.Emits])
	f.Entry, _ = r.Metadata[mark.Entry].(string)

	code, _ := properties["Code"].(map[string]any)
	take("Code.ZipFile", code["ZipFile"], func(s string) { f.Code.Inline = s })
	expression, unknown := f.Unresolved["Code.ZipFile"]
	switch {
	case f.Code.Inline != "":
	case unknown:
		f.Code.None = "its inline code is known only at deployment: " + expression
	case code["ImageUri"] != nil:
		f.Code.None = "its code is a container image"
	default:
		f.Code.Path, f.Code.None = assets.find(app, code, r.Metadata)
	}
	return f
}

// assets are the files that the assets manifests of a cloud assembly name,
// https://docs.aws.amazon.com/cdk/v2/guide/assets.html.
type assets struct {
	dir   string            // the template's folder
	paths map[string]string // by object key and by hash
}

// assetsOf reads the manifest of the template's stack, and those beside it: the
// assets of a nested stack are in its parent's.
func assetsOf(templateFile string) *assets {
	a := &assets{dir: filepath.Dir(templateFile), paths: map[string]string{}}
	base := strings.TrimSuffix(filepath.Base(templateFile), ".template.json")
	files := []string{filepath.Join(a.dir, base+".assets.json")}
	entries, _ := os.ReadDir(a.dir) // what cannot be read has no assets
	for _, e := range entries {
		if strings.HasSuffix(e.Name(), ".assets.json") {
			files = append(files, filepath.Join(a.dir, e.Name()))
		}
	}
	for _, file := range files {
		var manifest struct {
			Files map[string]struct {
				Source       struct{ Path string }
				Destinations map[string]struct{ ObjectKey string }
			}
		}
		b, err := os.ReadFile(file)
		if err != nil || json.Unmarshal(b, &manifest) != nil {
			continue
		}
		for hash, f := range manifest.Files {
			keys := []string{hash}
			for _, d := range f.Destinations {
				keys = append(keys, d.ObjectKey)
			}
			for _, key := range keys {
				if _, ok := a.paths[key]; !ok && key != "" && f.Source.Path != "" {
					a.paths[key] = a.join(f.Source.Path)
				}
			}
		}
	}
	return a
}

// join returns the file of a path in the assembly; without staging it is absolute.
func (a *assets) join(path string) string {
	if filepath.IsAbs(path) {
		return path
	}
	return filepath.Join(a.dir, path)
}

// find returns the asset of a function's code, or why there is none.
func (a *assets) find(app *cfn.App, code, metadata map[string]any) (path, none string) {
	if p, ok := metadata["aws:asset:path"].(string); ok {
		if path = a.join(p); exists(path) {
			return path, ""
		}
		none = fmt.Sprintf("the asset of its code, %s, is not there", path)
	}
	key, ok := text(code["S3Key"])
	ok = ok && len(app.Symbols(key)) == 0
	if ok {
		hash, _, _ := strings.Cut(filepath.Base(key), ".")
		for _, k := range []string{key, hash} {
			if path := a.paths[k]; path != "" {
				if exists(path) {
					return path, ""
				}
				none = fmt.Sprintf("the asset of its code, %s, is not there", path)
			}
		}
	}
	switch {
	case none != "":
		return "", none
	case len(code) == 0:
		return "", "it has no Code"
	case ok:
		return "", fmt.Sprintf("its code is in an S3 bucket, under %s, and no asset beside the template has that name", key)
	}
	return "", "its code is in an S3 bucket, and no asset beside the template is known to be it"
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return !errors.Is(err, fs.ErrNotExist)
}

// text returns a scalar of a template as CloudFormation does, which takes a number
// or a boolean where a string is due.
func text(v any) (string, bool) {
	switch v := v.(type) {
	case string:
		return v, true
	case json.Number:
		return v.String(), true
	case bool:
		return strconv.FormatBool(v), true
	}
	return "", false
}
