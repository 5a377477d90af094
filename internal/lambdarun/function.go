package lambdarun

import (
	"bytes"
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
	LogicalID    string        // in its template
	Name         string        // FunctionName, or LogicalID where there is none
	Runtime      string        // "provided.al2023", "nodejs22.x", ...
	Handler      string        // "index.handler"; OS-only runtimes ignore it
	Architecture string        // "arm64" or "x86_64"
	Timeout      time.Duration // of an invocation
	MemoryMB     int           // told to the function, not enforced
	Layers       int           // how many it has; none is there when it runs

	// Environment is what Environment.Variables holds as text. The variables
	// that are intrinsic functions are in Unresolved.
	Environment map[string]string

	Code Code

	// Emits is what the function's mark says, see package paired: "built",
	// "placeholder", "true" on its owner's word, "" without a mark.
	Emits string

	// Entry is the directory of the Go source that corsfunction built, relative
	// to the root of the app's module, with forward slashes; "" if unknown.
	Entry string

	// Unresolved holds the properties that are intrinsic functions, by their
	// path: "Runtime", "Code.ZipFile", "Environment.Variables.TABLE". The fields
	// for them are as if they were not there. It is the caller who knows what
	// they come to, and sets the fields.
	Unresolved map[string]any
}

// A Code is where a function's code is: one of Inline and Path, or neither.
type Code struct {
	Inline string // ZipFile: one source file
	Path   string // an asset of the cloud assembly: a folder, or a zip file
	None   string // why it is neither, in words
}

// FromTemplate gives the functions of a CloudFormation template in JSON, ordered
// by logical id. Asset folders are found by the resource's metadata
// aws:asset:path, as the CDK command line has it written
// (https://docs.aws.amazon.com/cdk/v2/guide/assets.html), or else by the assets
// manifests beside the template; they are relative to the template's folder, and
// joined to it here. A function whose code cannot be found is in the list too:
// it fails when it is invoked, and the others do not.
//
// Intrinsic functions are not evaluated, see [Function.Unresolved].
func FromTemplate(templateFile string) ([]Function, error) {
	b, err := os.ReadFile(templateFile)
	if err != nil {
		return nil, err
	}
	return FromText(templateFile, b)
}

// FromText is [FromTemplate] with the text of the template, which is JSON, whatever the file holds.
func FromText(templateFile string, text []byte) ([]Function, error) {
	var template struct {
		Resources map[string]struct {
			Type       string
			Properties map[string]any
			Metadata   map[string]any
		}
	}
	if err := decode(text, &template); err != nil {
		return nil, fmt.Errorf("%s is not a CloudFormation template in JSON: %w", templateFile, err)
	}
	if template.Resources == nil {
		return nil, fmt.Errorf("%s is not a CloudFormation template: it has no Resources", templateFile)
	}
	assets := assetsOf(templateFile)
	var functions []Function
	for id, r := range template.Resources {
		if r.Type == "AWS::Lambda::Function" {
			functions = append(functions, newFunction(id, r.Properties, r.Metadata, assets))
		}
	}
	slices.SortFunc(functions, func(a, b Function) int { return strings.Compare(a.LogicalID, b.LogicalID) })
	return functions, nil
}

// newFunction reads one AWS::Lambda::Function.
func newFunction(id string, properties, metadata map[string]any, assets *assets) Function {
	f := Function{
		LogicalID:    id,
		Name:         id,
		Architecture: defaultArchitecture,
		Timeout:      defaultTimeout,
		MemoryMB:     defaultMemory,
		Environment:  map[string]string{},
		Unresolved:   map[string]any{},
	}
	// take calls set with the text of a property, where it is one.
	take := func(path string, v any, set func(string)) {
		if v == nil {
			return
		}
		if s, ok := text(v); ok {
			set(s)
		} else {
			f.Unresolved[path] = v
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
	}
	if environment, ok := properties["Environment"].(map[string]any); ok {
		if variables, ok := environment["Variables"].(map[string]any); ok {
			for name, v := range variables {
				take("Environment.Variables."+name, v, func(s string) { f.Environment[name] = s })
			}
		}
	}
	f.Emits, _ = text(metadata[mark.Emits])
	f.Entry, _ = metadata[mark.Entry].(string)

	code, _ := properties["Code"].(map[string]any)
	take("Code.ZipFile", code["ZipFile"], func(s string) { f.Code.Inline = s })
	switch {
	case f.Code.Inline != "":
	case f.Unresolved["Code.ZipFile"] != nil:
		f.Code.None = "its inline code is an intrinsic function of CloudFormation"
	case code["ImageUri"] != nil:
		f.Code.None = "its code is a container image"
	default:
		f.Code.Path, f.Code.None = assets.find(code, metadata)
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

// join gives the file of a path in the assembly; without staging it is absolute.
func (a *assets) join(path string) string {
	if filepath.IsAbs(path) {
		return path
	}
	return filepath.Join(a.dir, path)
}

// find gives the asset of a function's code, or why there is none.
func (a *assets) find(code, metadata map[string]any) (path, none string) {
	if p, ok := metadata["aws:asset:path"].(string); ok {
		if path = a.join(p); exists(path) {
			return path, ""
		}
		none = fmt.Sprintf("the asset of its code, %s, is not there", path)
	}
	key, ok := text(code["S3Key"])
	if sub, is := code["S3Key"].(map[string]any); is {
		if s, is := sub["Fn::Sub"].(string); is && !strings.Contains(s, "${") {
			key, ok = s, true
		}
	}
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

// text gives a scalar of a template as CloudFormation does, which takes a number
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

// decode is json.Unmarshal that leaves numbers as they are written.
func decode(b []byte, v any) error {
	d := json.NewDecoder(bytes.NewReader(b))
	d.UseNumber()
	if err := d.Decode(v); err != nil {
		return err
	}
	if d.More() {
		return errors.New("there is something after the JSON value")
	}
	return nil
}
