// Package cdkbridge reads, makes and removes many constructs in one message each.
//
// The constructs of a CDK app live in a JavaScript process. From Go every
// property read and every construct made is a message to it, eight for each route
// of an API, and the messages took longer than the work. So the loops run in the
// JavaScript process, in js/index.js, which is loaded as the CDK's own packages
// are and responds in JSON. What is to be read, made and removed is decided here,
// in Go. docs/design/0011-economy.md has the numbers.
package cdkbridge

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"sync"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go/runtime"
)

// A Want says which resources of one type are read.
type Want struct {
	// Of names whom they belong to: the values of which property By has one, or
	// their ref where By is empty. All of the type if nil.
	Of []string `json:"of,omitempty"`
	By string   `json:"by,omitempty"`

	// Resolve names the properties that are wanted as CloudFormation gets them,
	// too; "a.b" is b in a, which is then no list.
	Resolve []string `json:"resolve,omitempty"`

	// Brief reports whether only Type is wanted.
	Brief bool `json:"brief,omitempty"`

	// Only names the properties that are wanted beside those that are overridden; all if nil.
	Only []string `json:"only,omitempty"`

	// Metadata names what of the resource's metadata is wanted.
	Metadata []string `json:"metadata,omitempty"`

	// What else is wanted. Each costs something.
	Ref       bool `json:"ref,omitempty"`
	LogicalID bool `json:"logicalID,omitempty"`
	Node      bool `json:"node,omitempty"`
	Scope     bool `json:"scope,omitempty"`
}

// A Tree is what was read.
type Tree struct {
	Stacks    []Stack
	Resources []Resource // in preorder

	// Marked are the constructs that are no resources, stand for none and have a
	// mark.
	Marked []constructs.IConstruct
}

// A Stack is a stack of the app.
type Stack struct {
	awscdk.Stack `json:"-"`

	Path      string
	Nested    bool
	DependsOn []string       // the paths of the stacks that are deployed before it
	Types     map[string]int // how many resources of each type it has itself, nested stacks' not counted
}

// A Resource is a CloudFormation resource.
type Resource struct {
	Type string
	Path string
	Ref  string // a token

	LogicalID string
	Marked    bool // the construct or the resource has the mark
	Altered   bool // it is more than its properties and metadata: overrides, a condition, a deletion policy

	// Properties have the names that the CDK has for them, and what overrides make of
	// them. They are as they were given, tokens in strings and all; those that are no
	// plain data (an IResolvable in them) and those that are overridden are resolved.
	Properties map[string]any

	// Resolved has the properties that were asked for, as CloudFormation gets
	// them.
	Resolved map[string]any

	// Overrides are those of properties, with the names that CloudFormation has
	// for them, resolved: nil for one that removes. Properties and Resolved have them.
	Overrides map[string]any

	Metadata map[string]any // that was asked for, resolved

	Node  constructs.IConstruct `json:"-"`
	Scope constructs.IConstruct `json:"-"` // what Node stands in
}

// Read reads the tree below root, by the types of its resources. Tokens are
// resolved in the stack of what has them. A mark is a key of metadata; "" for
// none.
func Read(root constructs.IConstruct, wants map[string]Want, mark string) *Tree {
	query, err := json.Marshal(map[string]any{"wants": wants, "mark": mark})
	if err != nil {
		panic(err) // it is strings
	}
	var answer []any
	invoke("read", []any{root, string(query)}, &answer)
	var read struct {
		Stacks []Stack
		Found  []Resource
	}
	if err := json.Unmarshal([]byte(answer[0].(string)), &read); err != nil {
		panic(fmt.Errorf("corsgate: the constructs of the app cannot be read: %w", err))
	}
	next := 0
	construct := func() constructs.IConstruct {
		next++
		return answer[next].(constructs.IConstruct)
	}
	tree := &Tree{Stacks: read.Stacks, Resources: read.Found}
	for i := range tree.Stacks {
		tree.Stacks[i].Stack = construct().(awscdk.Stack)
	}
	for i := range tree.Resources {
		r := &tree.Resources[i]
		r.overlay()
		if wants[r.Type].Node {
			r.Node = construct()
		}
		if wants[r.Type].Scope {
			r.Scope = construct()
		}
	}
	for next < len(answer)-1 {
		tree.Marked = append(tree.Marked, construct())
	}
	return tree
}

// ScopePath is the path of what r stands in.
func (r *Resource) ScopePath() string { return r.Path[:strings.LastIndexByte(r.Path, '/')] }

// ID is the construct id of r.
func (r *Resource) ID() string { return r.Path[strings.LastIndexByte(r.Path, '/')+1:] }

// IsDefaultChild reports whether r is what the CDK made its scope of first of
// all.
func (r *Resource) IsDefaultChild() bool { return r.ID() == "Resource" }

// A New is a resource to be made.
type New struct {
	// Type is that of an API Gateway method or gateway response, or of a Lambda permission.
	Type  string               `json:"type"`
	Scope constructs.Construct `json:"-"`

	// IDs are the resource's own construct id, last, and before it those of the
	// constructs to be made around it, outermost first.
	IDs []string `json:"ids"`

	// Properties are plain data, with the names that the CDK has for them.
	Properties map[string]any `json:"properties"`

	Metadata map[string]any `json:"metadata,omitempty"` // plain data
}

// Create makes resources.
func Create(resources []New) []constructs.IConstruct {
	if len(resources) == 0 {
		return nil
	}
	scopes := make([]constructs.Construct, len(resources))
	for i, r := range resources {
		scopes[i] = r.Scope
	}
	given, err := json.Marshal(resources)
	if err != nil {
		panic(fmt.Errorf("corsgate: resources of other than plain data: %w", err))
	}
	var made []any
	invoke("create", []any{scopes, string(given)}, &made)
	out := make([]constructs.IConstruct, len(made))
	for i, m := range made {
		out[i] = m.(constructs.IConstruct)
	}
	return out
}

// An Override is one of a property, by its path in the template.
type Override struct {
	On     constructs.IConstruct `json:"-"`
	Path   string                `json:"path"`
	Value  any                   `json:"value"` // plain data
	Delete bool                  `json:"delete"`

	// Reset sets the property itself, whose name Path is as the CDK has it. Later
	// overrides merge with Value then, and not with what the property was.
	Reset bool `json:"reset"`
}

// Set makes overrides, in their order.
func Set(overrides []Override) {
	if len(overrides) == 0 {
		return
	}
	on := make([]constructs.IConstruct, len(overrides))
	for i, o := range overrides {
		on[i] = o.On
	}
	given, err := json.Marshal(overrides)
	if err != nil {
		panic(fmt.Errorf("corsgate: overrides of other than plain data: %w", err))
	}
	load()
	runtime.StaticInvokeVoid(class, "override", []any{on, string(given)})
}

// Remove takes the constructs of these paths out of the tree below root, which
// is that of the paths.
func Remove(root constructs.IConstruct, paths []string) {
	if len(paths) == 0 {
		return
	}
	load()
	runtime.StaticInvokeVoid(class, "remove", []any{root, paths})
}

// SetProperty sets a property, by the name that the CDK has for it, to plain data with
// tokens in its strings. jsii would look at each value in it on its own, and the CDK
// resolves each token wherever it stands; those of names are resolved once for the
// whole, each time that the property is. They are tokens of text without quotes.
func SetProperty(resource awscdk.CfnResource, name string, data any, names []string) {
	b, err := json.Marshal(data)
	if err != nil {
		panic(fmt.Errorf("corsgate: a property of other than plain data: %w", err))
	}
	load()
	runtime.StaticInvokeVoid(class, "set", []any{resource, name, string(b), names})
}

// Settle has resources keep the logical ids that they have when the CDK begins to write
// templates. One that another stack refers to may not be set then, and is left to
// the CDK. The leaf is a construct below one of their stacks, and has no other use.
func Settle(leaf constructs.IConstruct, resources []constructs.IConstruct) {
	if len(resources) == 0 {
		return
	}
	load()
	runtime.StaticInvokeVoid(class, "settle", []any{leaf, resources})
}

// Way returns how one of the resources that a value with tokens refers to comes to be
// made after one of these: the paths from it to there, each made before the one in front
// of it, and nil if none does. The scope is one of a stack that the value can stand in.
func Way(scope constructs.IConstruct, value string, to []string) []string {
	var path []string
	invoke("way", []any{scope, value, to}, &path)
	return path
}

// tokens finds the CDK's tokens in JSON: in strings, in lists, as keys and as
// numbers.
var tokens = regexp.MustCompile(`Token\[|e\+289`)

// Digest is a hash of plain data whose tokens are resolved in stack.
func Digest(stack awscdk.Stack, data any) string {
	b, err := json.Marshal(data)
	if err != nil {
		panic(fmt.Errorf("corsgate: a digest of other than plain data: %w", err))
	}
	if !tokens.Match(b) {
		return fmt.Sprintf("%x", sha256.Sum256(b))
	}
	var sum string
	invoke("digest", []any{stack, string(b)}, &sum)
	return sum
}

const class = "corsgate.Bulk"

func invoke(method string, args []any, answer any) {
	load()
	runtime.StaticInvoke(class, method, args, answer)
}

// load has the JavaScript process load the package, once for each process.
func load() { runtime.Load("corsgate", "0.0.0", tarball()) }

//go:embed js
var files embed.FS

// tarball packs js as npm would.
var tarball = sync.OnceValue(func() []byte {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	w := tar.NewWriter(z)
	for _, f := range []struct{ from, to string }{{"package.json", "package.json"}, {"assembly.json", ".jsii"}, {"index.js", "index.js"}} {
		content, err := files.ReadFile("js/" + f.from)
		if err == nil {
			err = w.WriteHeader(&tar.Header{Name: "package/" + f.to, Mode: 0o644, Size: int64(len(content))})
		}
		if err == nil {
			_, err = w.Write(content)
		}
		if err != nil {
			panic(err) // the files are embedded, and the writer is a buffer
		}
	}
	if err := errors.Join(w.Close(), z.Close()); err != nil {
		panic(err)
	}
	return b.Bytes()
})

// Warn puts a warning where `cdk synth` prints it. It can be acknowledged by its id.
//
// AddWarningV2 got another parameter in awscdk v2.276, so no call of it compiles both
// before and after. This does what it does in both: it calls the method in JavaScript,
// where the new parameter is optional.
func Warn(on constructs.IConstruct, id, message string) {
	annotations := awscdk.Annotations_Of(on)
	_ = annotations.AddWarningV2 // a CDK without the method fails to compile, not to run
	runtime.InvokeVoid(annotations, "addWarningV2", []any{id, message})
}
