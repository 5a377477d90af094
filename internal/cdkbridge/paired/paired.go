// Package paired holds the mark by which one part of corsgate tells another
// that a Lambda function emits CORS headers.
//
// corsfunction writes it, with [Mark]: for a function it built around
// corslambda, for one that it put the wrapper around, and for one that its owner
// declared with corsfunction.Emits.
// corsapi reads it at synthesis, with [Marked] or [Find], to name the methods
// whose function is not known to emit. Neither has to import the other.
//
// The mark is in two places, both under [Key]:
//
//   - the metadata of the construct, which an imported function has too;
//
//   - the CloudFormation metadata of the resource behind it, where the app owns
//     it (a function, alias or version), so that whoever reads only the template
//     sees it as well:
//
//     "Metadata": {"corsgate:emits": "built"}
//
// Beside it, corsfunction writes which source it built, with [Source], under
// [EntryKey]: the handler's directory, relative to the root of the app's module
// and with forward slashes, so that it is the same on every machine. Whoever
// runs the function elsewhere than on Lambda builds it from there:
//
//	"Metadata": {"corsgate:emits": "built", "corsgate:entry": "apps/catalog/handler"}
//
// An alias or a version emits if its function does. In a template that is its
// FunctionName property, a {"Ref": <logical id of the function>}; in the app it
// is the construct that the token in FunctionName refers to. An alias or version
// can also carry a mark of its own.
package paired

import (
	"encoding/json"
	"slices"
	"strings"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslambda"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"

	"github.com/corsgate/corsgate/internal/cdkbridge"
	"github.com/corsgate/corsgate/internal/mark"
	"github.com/corsgate/corsgate/internal/wrapper"
)

const (
	// Key is the metadata key of the mark.
	Key = mark.Emits

	// EntryKey is the metadata key of the source a function is built from.
	EntryKey = mark.Entry
)

// A How says on whose word a function is known to emit. The set is closed:
// [Declared], [Built], [Attached] and [Placeholder].
type How struct{ value any }

var (
	// Declared is the word of the function's owner; in a template, true.
	Declared = How{true}

	// Built is a build that proved it: "built".
	Built = How{"built"}

	// Attached is the wrapper around the function's runtime: "attached".
	Attached = How{"attached"}

	// Placeholder stands where the handler was not built: because it has a
	// fault, which is told elsewhere, or because its stack is not asked for. The
	// code of the function is a stand-in that refuses to start. "placeholder".
	Placeholder = How{"placeholder"}
)

// Mark marks fn as emitting. A function that is marked stays as it is.
func Mark(fn awslambda.IFunction, how How) {
	// A SingletonFunction is not the construct that its resource belongs to; its
	// permissions' node is. For every other function the two are one.
	for _, node := range []constructs.Node{fn.Node(), fn.PermissionsNode()} {
		if marked(node) {
			continue
		}
		node.AddMetadata(jsii.String(Key), how.value, nil)
		if r, ok := resource(node.DefaultChild()); ok {
			r.AddMetadata(jsii.String(Key), how.value)
		}
	}
}

// Source records that fn is built from the Go package main in entry, a directory
// relative to the root of the app's module, with forward slashes.
func Source(fn awslambda.IFunction, entry string) {
	if r, ok := resource(fn.Node().DefaultChild()); ok {
		r.AddMetadata(jsii.String(EntryKey), entry)
	}
}

// Marked reports whether c is a function, an alias or a version known to emit;
// c is the construct or the CloudFormation resource behind it.
func Marked(c constructs.IConstruct) bool {
	node := c.Node()
	if marked(node) {
		return true
	}
	r, ok := resource(c)
	if !ok {
		if r, ok = resource(node.DefaultChild()); !ok {
			return false
		}
	}
	if r.GetMetadata(jsii.String(Key)) != nil {
		return true
	}
	fn := functionOf(r)
	return fn != nil && Marked(fn)
}

func marked(node constructs.Node) bool {
	for _, m := range *node.Metadata() {
		if *m.Type == Key {
			return true
		}
	}
	return false
}

// resource returns c as a function, alias or version of CloudFormation.
func resource(c constructs.IConstruct) (awscdk.CfnResource, bool) {
	switch r := c.(type) {
	case awslambda.CfnFunction:
		return r, true
	case awslambda.CfnAlias:
		return r, true
	case awslambda.CfnVersion:
		return r, true
	}
	return nil, false
}

// functionOf returns the function that an alias or version of the app belongs to;
// nil where r is neither, or where the function is not in the app.
func functionOf(r awscdk.CfnResource) constructs.IConstruct {
	var name *string
	switch r := r.(type) {
	case awslambda.CfnAlias:
		name = r.FunctionName()
	case awslambda.CfnVersion:
		name = r.FunctionName()
	}
	if name == nil {
		return nil
	}
	for _, token := range *awscdk.Tokenization_ReverseString(name).Tokens() {
		if ref, ok := token.(awscdk.Reference); ok {
			return ref.Target()
		}
	}
	return nil
}

// Emitters are the functions, aliases and versions of an app that are known to
// emit.
type Emitters struct {
	owned    map[string][]owned // by logical id: stacks can have the same ids
	imported []string           // the ARNs of those that do and are not owned, flattened
}

// An owned is a function, alias or version of the app.
type owned struct {
	path  string
	emits bool
	off   bool // it would, but for the variable that switches the wrapper off
}

// Find returns the emitters below root, in one walk; root is best the app. It is
// for the time of synthesis, when everything that is to be marked is.
func Find(root constructs.IConstruct) *Emitters {
	e := &Emitters{owned: map[string][]owned{}}
	want := cdkbridge.Want{Node: true, LogicalID: true}
	function := want
	function.Resolve, function.Metadata = []string{"environment"}, []string{Key}
	tree := cdkbridge.Read(root, map[string]cdkbridge.Want{"AWS::Lambda::Function": function, "AWS::Lambda::Alias": want, "AWS::Lambda::Version": want}, Key)
	for _, r := range tree.Resources {
		one := owned{path: r.Path, emits: r.Marked || Marked(r.Node)}
		environment, _ := r.Resolved["environment"].(map[string]any)
		if variables, _ := environment["variables"].(map[string]any); r.Metadata[Key] == Attached.value && wrapper.IsOff(variables) {
			one.emits, one.off = false, true
		}
		e.owned[r.LogicalID] = append(e.owned[r.LogicalID], one)
	}
	for _, c := range tree.Marked {
		if fn, ok := c.(awslambda.IFunction); ok {
			e.imported = append(e.imported, flatten(awscdk.Stack_Of(fn).Resolve(fn.FunctionArn())))
		}
	}
	return e
}

// An Answer says whether a function is known to emit.
type Answer int

// The results of [Emitters.Emits].
const (
	No      Answer = iota
	Yes            // it is
	Unclear        // one stack's is, and another's of the same logical id is not
	Off            // it has the wrapper, and a variable that switches it off
)

// Emits reports whether the function that an integration's uri invokes is known
// to emit. The uri is as stack.Resolve returns it:
//
//	{"Fn::Join": ["", ["arn:", ..., ":lambda:path/2015-03-31/functions/", {"Fn::GetAtt": [<id>, "Arn"]}, "/invocations"]]}
//
// While an app is being synthesized, a reference to a function in another stack
// looks like one to the same stack, so that the logical id alone counts. Where
// stacks have functions of one id that are not alike, target is asked for the
// path of the one that is meant; it may be "".
func (e *Emitters) Emits(uri any, target func() string) Answer {
	for _, id := range references(uri) {
		candidates := e.owned[id]
		if !alike(candidates) {
			path := target()
			candidates = slices.DeleteFunc(slices.Clone(candidates), func(o owned) bool { return o.path != path })
			if len(candidates) == 0 {
				return Unclear
			}
		}
		switch {
		case len(candidates) == 0:
		case candidates[0].emits:
			return Yes
		case candidates[0].off:
			return Off
		}
	}
	flat := flatten(uri)
	for _, arn := range e.imported {
		if strings.Contains(flat, "functions/"+arn+"/") {
			return Yes
		}
	}
	return No
}

func alike(of []owned) bool {
	return !slices.ContainsFunc(of, func(o owned) bool { return o.emits != of[0].emits || o.off != of[0].off })
}

// references returns the logical ids that a resolved value names with Ref and
// Fn::GetAtt.
func references(v any) []string {
	var ids []string
	switch v := v.(type) {
	case []any:
		for _, x := range v {
			ids = append(ids, references(x)...)
		}
	case map[string]any:
		for k, x := range v {
			switch x := x.(type) {
			case string:
				switch k {
				case "Ref":
					ids = append(ids, x)
				case "Fn::Sub":
					ids = append(ids, substituted(x)...)
				}
			case []any:
				if k == "Fn::GetAtt" && len(x) > 0 {
					if id, ok := x[0].(string); ok {
						ids = append(ids, id)
					}
					continue
				}
				if k == "Fn::Sub" && len(x) > 0 {
					text, _ := x[0].(string)
					ids = append(ids, substituted(text)...)
				}
				ids = append(ids, references(x)...)
			default:
				ids = append(ids, references(x)...)
			}
		}
	}
	return ids
}

// substituted returns the logical ids that a text of Fn::Sub names, as ${Fn.Arn} or
// ${Alias}.
func substituted(text string) []string {
	var ids []string
	for {
		_, rest, ok := strings.Cut(text, "${")
		if !ok {
			return ids
		}
		name, after, _ := strings.Cut(rest, "}")
		id, _, _ := strings.Cut(name, ".")
		if !strings.HasPrefix(name, "!") {
			ids = append(ids, id)
		}
		text = after
	}
}

// flatten writes a resolved value as one string, in which a plain Fn::Join is
// what it joins: CDK moves the bounds of its parts when it nests one in another.
func flatten(v any) string {
	switch v := v.(type) {
	case string:
		return v
	case map[string]any:
		if join, ok := v["Fn::Join"].([]any); ok && len(join) == 2 && join[0] == "" {
			if parts, ok := join[1].([]any); ok {
				var b strings.Builder
				for _, p := range parts {
					b.WriteString(flatten(p))
				}
				return b.String()
			}
		}
	}
	b, err := json.Marshal(v) // sorts the keys of a map
	if err != nil {
		return ""
	}
	return string(b)
}
