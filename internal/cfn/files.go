package cfn

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
)

// MaxFile is the size of the largest file that is read. CloudFormation takes templates of 1 MB, and API Gateway OpenAPI
// documents of 6 MB and bodies of requests of 10 MB.
const MaxFile = 10 << 20

// ErrNotTemplate is of a file that is JSON or YAML, and no template.
var ErrNotTemplate = errors.New("not a CloudFormation template")

// ErrNoResources is the [ErrNotTemplate] of an object without the one section that a
// template must have. The CDK writes such a file for a stack that has nothing in it,
// and deploys none.
var ErrNoResources = fmt.Errorf("%w: it has no Resources", ErrNotTemplate)

// files are what an [App] was read from, and all that were made of it by [App.With].
type files struct {
	mu        sync.Mutex
	templates map[string]*file
	documents map[string]document
	assets    map[string]map[string]string
}

// A file is a template as it was read.
type file struct {
	path     string
	root     map[string]any
	order    []string       // the logical ids
	lines    map[string]int // by JSON pointer, of what is at most five parts deep
	causes   map[string]string
	routes   map[string]string
	problems []Problem
	err      *Problem
	sam      *samSource // of a template of SAM that depends on values that may be given
}

// document is a text that a template includes.
type document struct {
	value any
	err   error
}

// ReadFile reads a file of at most [MaxFile]: a regular one, or a pipe or a device if any is true. The error has no name
// of the file in it.
func ReadFile(path string, any bool) ([]byte, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, withoutPath(err)
	}
	if !any && !info.Mode().IsRegular() || info.IsDir() {
		return nil, fmt.Errorf("it is %s, not a regular file", kindOf(info.Mode()))
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, withoutPath(err)
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, MaxFile+1))
	if err != nil {
		return nil, withoutPath(err)
	}
	if len(b) > MaxFile {
		return nil, fmt.Errorf("it is larger than the %d MB that are read", MaxFile>>20)
	}
	return b, nil
}

// withoutPath is an error of a file that is named beside it.
func withoutPath(err error) error {
	var path *fs.PathError
	if errors.As(err, &path) {
		return path.Err
	}
	return err
}

func kindOf(m fs.FileMode) string {
	switch {
	case m.IsDir():
		return "a folder"
	case m&fs.ModeNamedPipe != 0:
		return "a named pipe"
	case m&fs.ModeSocket != 0:
		return "a socket"
	}
	return "a device"
}

// template reads a template, once.
func (fs *files) template(path string, any bool) *file {
	if f := fs.templates[path]; f != nil {
		return f
	}
	text, err := ReadFile(path, any)
	if err != nil {
		p := unreadable(path, err)
		fs.templates[path] = &file{path: path, err: &p}
		return fs.templates[path]
	}
	return fs.parse(path, text)
}

// parse reads the text of a template.
func (fs *files) parse(path string, text []byte) *file {
	f := &file{path: path, lines: map[string]int{}}
	fs.templates[path] = f
	fail := func(err error) *file {
		p := unreadable(path, err)
		f.err = &p
		return f
	}
	root, err := ReadText(path, text, func(p Place) {
		if p.First > 0 {
			f.twice(p)
		}
		if strings.Count(p.Pointer, "/") > 5 {
			return
		}
		known := f.lines[p.Pointer] > 0
		f.lines[p.Pointer] = p.Line
		if id, ok := strings.CutPrefix(p.Pointer, "/Resources/"); ok && !known && !strings.Contains(id, "/") {
			f.order = append(f.order, unescape(id))
		}
	})
	if err != nil {
		return fail(err)
	}
	var ok bool
	if f.root, ok = root.(map[string]any); !ok {
		return fail(ErrNotTemplate)
	}
	if _, ok := f.root["Resources"].(map[string]any); !ok {
		return fail(ErrNoResources)
	}
	for _, m := range append(list(f.root["Transform"]), list(f.root["Fn::Transform"])...) {
		name, _ := m.(string)
		if with, ok := m.(map[string]any); ok {
			name, _ = with["Name"].(string)
		}
		if name == "AWS::Include" || !strings.HasPrefix(name, "AWS::") {
			f.problems = append(f.problems, Problem{Line: cmp.Or(f.lines["/Transform"], f.lines["/Fn::Transform"]), Kind: Elsewhere, Anything: name != "AWS::Include", Text: "the macro " + name + " may change the whole template, and is not run here"})
		}
	}
	f.keep()
	f.serverless()
	return f
}

// twice tells of a key that stands twice in one object.
func (f *file) twice(p Place) {
	parts := strings.Split(p.Pointer, "/")
	problem := Problem{Line: p.Line, Kind: Elsewhere, Text: fmt.Sprintf("the key %s stands twice, first at line %d: only the last is read", unescape(parts[len(parts)-1]), p.First)}
	if len(parts) > 2 && parts[1] == "Resources" {
		problem.LogicalID = unescape(parts[2])
	} else if len(parts) > 2 {
		problem.LogicalID = parts[1] + "." + unescape(parts[2])
	}
	f.problems = append(f.problems, problem)
}

// serverless does SAM's transform.
func (f *file) serverless() {
	sam := serverless(f.root, func(name string) ([]byte, error) { return ReadFile(f.beside(name), false) })
	f.causes, f.routes, f.problems = sam.Causes, sam.Routes, append(f.problems, sam.Problems...)
	f.sort()
}

// sort has the generated resources after what they are made for.
func (f *file) sort() {
	all := f.root["Resources"].(map[string]any)
	written := map[string]bool{}
	for _, id := range f.order {
		written[id] = true
	}
	made := map[string][]string{}
	var rest []string
	for _, id := range slices.Sorted(maps.Keys(all)) {
		if written[id] {
			continue
		}
		by, _, _ := strings.Cut(f.causes[id], " ")
		if written[by] {
			made[by] = append(made[by], id)
		} else {
			rest = append(rest, id)
		}
	}
	var order []string
	for _, id := range f.order {
		if _, ok := all[id]; ok {
			order = append(order, id)
		}
		order = append(order, made[id]...)
	}
	f.order = append(order, rest...)
}

// line returns where a resource stands, or what it is made for.
func (f *file) line(id string) int {
	if cause := f.causes[id]; cause != "" {
		return f.causeLine(cause)
	}
	return f.lines["/Resources/"+Escape(id)]
}

// causeLine returns where what SAM makes something for stands.
func (f *file) causeLine(cause string) int {
	by, event, _ := strings.Cut(cause, " event ")
	if n := f.lines["/Resources/"+Escape(by)+"/Properties/Events/"+Escape(event)]; event != "" && n > 0 {
		return n
	}
	return f.lines["/Resources/"+Escape(by)]
}

// RouteLine returns where the event stands for which SAM makes a method of an API, and 0 if it does not make it for one.
func (r *Resource) RouteLine(method, path string) int {
	if cause := r.Stack.file.routes[routeKey(r.ID, method, path)]; cause != "" {
		return r.Stack.file.causeLine(cause)
	}
	return 0
}

func unescape(part string) string {
	return strings.ReplaceAll(strings.ReplaceAll(part, "~1", "/"), "~0", "~")
}

// beside returns the path of a file that the template names.
func (f *file) beside(name string) string {
	if filepath.IsAbs(name) {
		return name
	}
	return filepath.Join(filepath.Dir(f.path), name)
}

// isLocal reports whether the place of a file is a path.
func isLocal(place string) bool {
	return place != "" && !strings.Contains(place, "://") && !strings.HasPrefix(place, "arn:")
}

// include reads a document that a template includes, once.
func (fs *files) include(path string) (any, error) {
	d, ok := fs.documents[path]
	if !ok {
		var text []byte
		if text, d.err = ReadFile(path, false); d.err == nil {
			d.value, d.err = ReadText(path, text, nil)
		}
		fs.documents[path] = d
	}
	return d.value, d.err
}

var hash = regexp.MustCompile(`[0-9a-f]{64}`)

// nested finds the template of a nested stack, whose resource is given as written. It
// returns "" with the reason if it is not here.
func (fs *files) nested(f *file, raw any) (path, why string) {
	resource, _ := raw.(map[string]any)
	metadata, _ := resource["Metadata"].(map[string]any)
	if asset, _ := metadata["aws:asset:path"].(string); asset != "" {
		return f.beside(asset), ""
	}
	properties, _ := resource["Properties"].(map[string]any)
	place := properties["TemplateURL"]
	if resource["Type"] == "AWS::Serverless::Application" {
		place = properties["Location"]
	}
	if name, _ := place.(string); isLocal(name) {
		return f.beside(name), ""
	}
	text, _ := json.Marshal(place)
	for _, h := range hash.FindAllString(string(text), -1) {
		if path := fs.assetsIn(filepath.Dir(f.path))[h]; path != "" {
			return path, ""
		}
	}
	return "", "the template of this nested stack is not here, so what it has is not known"
}

// assetsIn returns the paths of the assets in a folder, by hash
// (https://docs.aws.amazon.com/cdk/v2/guide/assets.html).
func (fs *files) assetsIn(dir string) map[string]string {
	if found, ok := fs.assets[dir]; ok {
		return found
	}
	found := map[string]string{}
	fs.assets[dir] = found
	entries, _ := os.ReadDir(dir) // what is missed there is told of whatever needs it
	for _, e := range entries {
		name := filepath.Join(dir, e.Name())
		if !strings.HasSuffix(name, ".assets.json") {
			continue
		}
		var manifest struct {
			Files map[string]struct{ Source struct{ Path string } }
		}
		b, err := ReadFile(name, false)
		if err != nil || json.Unmarshal(b, &manifest) != nil {
			continue
		}
		for h, asset := range manifest.Files {
			if path := asset.Source.Path; path != "" {
				if !filepath.IsAbs(path) {
					path = filepath.Join(dir, path)
				}
				found[h] = path
			}
		}
	}
	return found
}

// A root is a stack that is not nested.
type root struct {
	name            string // "" for one whose name only its deployment knows
	identity        string
	region, account string
	parameters      map[string]string
	file            *file
}

// opener collects the roots of what is opened.
type opener struct {
	*files
	roots    []root
	problems []Problem
	visited  map[string]bool
}

func newOpener() *opener {
	return &opener{files: &files{templates: map[string]*file{}, documents: map[string]document{}, assets: map[string]map[string]string{}}, visited: map[string]bool{}}
}

// Open reads templates: files, folders of templates, and cloud assemblies of the CDK
// (a folder with a manifest.json). Nested stacks are found by their asset or their
// path. What cannot be read is among the problems; the error, a [Problem] for each
// path, is for when no template was read at all.
func Open(paths []string, opts Options) (*App, error) {
	o := newOpener()
	for _, path := range paths {
		info, err := os.Stat(path)
		switch {
		case err != nil:
			o.fail(path, withoutPath(err))
		case !info.IsDir():
			if filepath.Base(path) == "manifest.json" {
				if o.assembly(filepath.Dir(path)) {
					continue
				}
			}
			if f := o.template(path, true); f.err != nil {
				o.problems = append(o.problems, *f.err)
			} else {
				o.roots = append(o.roots, root{file: f, identity: stackName(path)})
			}
		default:
			if _, err := os.Stat(filepath.Join(path, "manifest.json")); err != nil || !o.assembly(path) {
				o.folder(path)
			}
		}
	}
	o.unnest()
	if len(o.roots) == 0 {
		var errs []error
		for _, p := range o.problems {
			errs = append(errs, p)
		}
		if len(errs) == 0 {
			errs = append(errs, Problem{File: strings.Join(paths, ", "), Text: "there is no CloudFormation template", err: ErrNotTemplate})
		}
		return nil, errors.Join(errs...)
	}
	if len(paths) == 1 && len(o.roots) == 1 && o.roots[0].name == "" && !isFolder(paths[0]) {
		o.roots[0].identity = "" // so that two files of any names can be compared
	}
	return evaluate(o.files, o.roots, o.problems, opts), nil
}

func isFolder(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.IsDir()
}

// Parse reads one template that is in memory. Files that it names are looked for
// beside name. The error is a [Problem].
func Parse(name string, text []byte, opts Options) (*App, error) {
	o := newOpener()
	f := o.parse(name, text)
	if f.err != nil {
		return nil, *f.err
	}
	return evaluate(o.files, []root{{file: f}}, nil, opts), nil
}

func (o *opener) fail(path string, err error) { o.problems = append(o.problems, unreadable(path, err)) }

// unreadable is the problem of a file that cannot be read.
func unreadable(path string, err error) Problem {
	p := Problem{File: path, Text: err.Error(), err: err}
	var syntax *SyntaxError
	if errors.As(err, &syntax) {
		p.Line, p.Text = syntax.Line, syntax.Text
	}
	return p
}

// folder reads the templates of a folder. A template that another one nests is not a
// stack of its own.
func (o *opener) folder(dir string) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		o.fail(dir, withoutPath(err))
	}
	var found []*file
	for _, e := range entries {
		path := filepath.Join(dir, e.Name())
		ext := filepath.Ext(path)
		if e.IsDir() || !slices.Contains([]string{".json", ".yaml", ".yml", ".template"}, ext) {
			continue
		}
		text, err := ReadFile(path, false)
		if err != nil {
			if info, e := os.Stat(path); e != nil || !info.IsDir() {
				o.fail(path, err)
			}
			continue
		}
		if text = inUTF8(text); len(bytes.TrimSpace(text)) == 0 {
			o.fail(path, errors.New("it is empty"))
			continue
		}
		named := strings.HasSuffix(strings.TrimSuffix(path, ext), ".template") || ext == ".template"
		if !named && !(strings.Contains(string(text), "Resources") && strings.Contains(string(text), "AWS::")) {
			continue
		}
		f := o.parse(path, text)
		switch {
		case f.err == nil:
			found = append(found, f)
		case !errors.Is(f.err, ErrNotTemplate), named && !errors.Is(f.err, ErrNoResources):
			o.problems = append(o.problems, *f.err)
		}
	}
	for _, f := range found {
		o.roots = append(o.roots, root{file: f, identity: stackName(f.path)})
	}
}

// unnest drops the roots that are nested in others.
func (o *opener) unnest() {
	byPath := map[string]*file{}
	key := func(path string) string {
		if abs, err := filepath.Abs(path); err == nil {
			return abs
		}
		return path
	}
	for _, r := range o.roots {
		byPath[key(r.file.path)] = r.file
	}
	nested := map[*file][]*file{}
	child := map[*file]bool{}
	for _, f := range byPath {
		for _, v := range f.root["Resources"].(map[string]any) {
			if r, _ := v.(map[string]any); isNested(r["Type"]) {
				path, _ := o.nested(f, r)
				if c := byPath[key(path)]; path != "" && c != nil && c != f {
					nested[f] = append(nested[f], c)
					child[c] = true
				}
			}
		}
	}
	if len(child) == 0 {
		return
	}
	reached := map[*file]bool{}
	var reach func(f *file)
	reach = func(f *file) {
		for _, c := range nested[f] {
			if !reached[c] {
				reached[c] = true
				reach(c)
			}
		}
	}
	for _, r := range o.roots {
		if !child[r.file] {
			reach(r.file)
		}
	}
	// Of those that nest each other in a circle the first is kept.
	var kept []root
	for _, r := range o.roots {
		if !reached[r.file] {
			kept = append(kept, r)
			reach(r.file)
		}
	}
	o.roots = kept
}

func isNested(typ any) bool {
	return typ == "AWS::CloudFormation::Stack" || typ == "AWS::Serverless::Application"
}

// assembly reads a cloud assembly
// (https://github.com/aws/aws-cdk/blob/main/packages/%40aws-cdk/cloud-assembly-schema/README.md).
// It returns false if the folder is none.
func (o *opener) assembly(dir string) bool {
	path := filepath.Join(dir, "manifest.json")
	text, err := ReadFile(path, false)
	if err != nil {
		o.fail(path, err)
		return false
	}
	if o.visited[filepath.Clean(path)] {
		return true
	}
	o.visited[filepath.Clean(path)] = true
	var order []string
	lines := map[string]int{}
	v, err := ReadText(path, text, func(p Place) {
		if id, ok := strings.CutPrefix(p.Pointer, "/artifacts/"); ok && p.First == 0 && !strings.Contains(id, "/") {
			order = append(order, unescape(id))
			lines[unescape(id)] = p.Line
		}
	})
	if err != nil {
		o.fail(path, err)
		return false
	}
	manifest, _ := v.(map[string]any)
	artifacts, ok := manifest["artifacts"].(map[string]any)
	if !ok && manifest["artifacts"] != nil {
		o.fail(path, errors.New("it is not the manifest of a cloud assembly: artifacts is not an object"))
	}
	if !ok {
		return manifest["version"] != nil && manifest["artifacts"] == nil // an app without stacks
	}
	for _, id := range order {
		tell := func(text string) {
			o.problems = append(o.problems, Problem{File: path, Line: lines[id], Text: "artifacts." + id + ": " + text})
		}
		artifact, _ := artifacts[id].(map[string]any)
		properties, _ := artifact["properties"].(map[string]any)
		text := func(key string) string { s, _ := properties[key].(string); return s }
		switch artifact["type"] {
		case "cdk:cloud-assembly":
			if name := text("directoryName"); !filepath.IsLocal(name) {
				tell(fmt.Sprintf("directoryName %q does not lead into the assembly, and is not read", name))
			} else if !o.assembly(filepath.Join(dir, name)) {
				tell("the assembly in " + name + " is not read")
			}
		case "aws:cloudformation:stack":
			name := text("templateFile")
			if !filepath.IsLocal(name) {
				tell(fmt.Sprintf("templateFile %q does not lead into the assembly, and is not read", name))
				continue
			}
			f := o.template(filepath.Join(dir, name), false)
			if f.err != nil {
				if errors.Is(f.err, fs.ErrNotExist) {
					tell("its template " + name + ": " + f.err.Text)
				} else if !errors.Is(f.err, ErrNoResources) {
					o.problems = append(o.problems, *f.err)
				}
				continue
			}
			r := root{name: text("stackName"), file: f, parameters: map[string]string{}}
			if r.name == "" {
				r.name = id
			}
			where, _ := artifact["environment"].(string)
			r.account, r.region, _ = strings.Cut(strings.TrimPrefix(where, "aws://"), "/")
			if strings.HasPrefix(r.account, "unknown") {
				r.account = ""
			}
			if strings.HasPrefix(r.region, "unknown") {
				r.region = ""
			}
			r.identity = strings.TrimSuffix(r.name+"@"+r.account+"/"+r.region, "@/")
			given, _ := properties["parameters"].(map[string]any)
			for name, v := range given {
				if s, ok := v.(string); ok {
					r.parameters[name] = s
				}
			}
			o.roots = append(o.roots, r)
		}
	}
	return true
}

// stackName returns a file's name without extensions.
func stackName(path string) string {
	name := path[strings.LastIndexAny(path, `/\`)+1:]
	for _, ext := range []string{".json", ".yaml", ".yml", ".template", ".assets", ".nested"} {
		name = strings.TrimSuffix(name, ext)
	}
	return name
}

// list returns a list's elements, and anything else as the one of a list.
func list(v any) []any {
	switch v := v.(type) {
	case nil:
		return nil
	case []any:
		return v
	}
	return []any{v}
}
