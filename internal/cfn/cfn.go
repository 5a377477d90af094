// Package cfn reads CloudFormation: one template, a folder of them or a cloud
// assembly of the CDK, in JSON, YAML or SAM.
//
// It returns plain data. Every intrinsic function that can be decided is decided;
// what only a deployment knows is a [Symbol], an unknown value with an identity, and
// stands in texts as a stand-in that is unique, the same in every run, and never to be
// printed: [App.Show] writes the expression in its place. A value that is not text and
// is not known is an [*Unknown].
//
// A condition that depends on a symbol is undecided. It is taken as it would be if
// the symbol differed from every literal; [App.Undecided] lists such conditions and
// [Options] can assume the other side.
package cfn

import "fmt"

// Options are values that the templates do not have.
type Options struct {
	// Parameters are values of parameters, by NAME or STACK.NAME.
	Parameters map[string]string
	// Open names parameters whose default is not taken: a deployment may have given them
	// another value.
	Open []string
	// Values are values of symbols, by the expression as [App.Show] prints it, without
	// ${ and }: "Distribution.DomainName".
	Values map[string]string
	// Conditions are assumed where a condition is undecided, by its name as
	// [App.Undecided] returns it.
	Conditions map[string]bool
	// IDs are values of symbols by [Symbol.ID], and Equal says of comparisons that are
	// not decided, by [Comparison.Key], whether they hold. They go before all others.
	IDs   map[string]string
	Equal map[string]bool
	// Metadata is that of resources, by ID or STACK/ID, where the template does not say
	// otherwise.
	Metadata map[string]map[string]any
	// Region and Account are where stacks are deployed whose own place is not known.
	// Where they are empty, texts have us-east-1 and 111111111111, while a condition or
	// a mapping that depends on them is not decided.
	Region, Account string
}

// An App is a set of stacks that are deployed together.
type App struct {
	// Stacks are in a fixed order: by file or as the manifest has them, a nested stack
	// after its parent.
	Stacks []*Stack
	// Problems says what was not read or not understood, one line each.
	Problems []Problem

	evaluation
}

// A ProblemKind tells problems apart.
type ProblemKind int

const (
	// Malformed is a file that cannot be read, or something in a template that
	// CloudFormation would refuse.
	Malformed ProblemKind = iota
	// Dangling is a reference to what the template does not have. CloudFormation
	// refuses the whole template.
	Dangling
	// Elsewhere is a part that is not here, or that nobody can make out: a nested
	// template or a document in a bucket, what a macro makes, what goes in a circle or
	// has no end, which of two keys counts.
	Elsewhere
	// Unsupported is an intrinsic function that is not evaluated.
	Unsupported
)

// A Problem is something that was not read or not understood. It says so in one line.
type Problem struct {
	File      string
	Line      int    // 0 if it is not known
	Stack     string // the stack's name, "" for a file that is none
	LogicalID string // of the resource, Outputs.NAME, Conditions.NAME, or ""
	Type      string // of the resource as it was written, where that was not as it is now: AWS::Serverless::Function
	Text      string
	Kind      ProblemKind
	// Anything says of what was not read that it may change all else in the template, or in the resource.
	Anything bool
	// Condition reports whether it is about a condition that nothing decides; both of its sides are read.
	Condition bool
	// Circle reports whether resources depend on each other in a circle.
	Circle bool

	err error
}

// Error returns the problem with its place: "app.yaml:7: Api: ...".
func (p Problem) Error() string {
	s := p.File
	if p.Line > 0 {
		s += fmt.Sprintf(":%d", p.Line)
	}
	if s != "" {
		s += ": "
	}
	if p.LogicalID != "" {
		s += p.LogicalID + ": "
	}
	return s + p.Text
}

// Unwrap returns why a file was not read: [ErrNotTemplate], [ErrNoResources], what the
// operating system says; nil for other problems.
func (p Problem) Unwrap() error { return p.err }

// A Stack is one deployment of a template. A template that two nested stacks use is
// two stacks.
type Stack struct {
	// Name is the stack's name, for a template alone its file's name without
	// extensions, for a nested stack PARENT/LOGICALID.
	Name string
	File string
	// Region and Account are empty where they are not known.
	Region, Account string
	// Parent is the stack that a nested stack belongs to, and ID its logical id there.
	Parent *Stack
	ID     string
	// Resources are those that are deployed, in the template's order.
	Resources []*Resource
	// Raw is the template, intrinsic functions in their long forms.
	Raw map[string]any

	instance
}

// A Resource is one of a stack.
type Resource struct {
	Stack    *Stack
	ID, Type string
	// Properties are resolved: string, json.Number, bool, nil, []any, map[string]any,
	// and *Unknown. Members that are AWS::NoValue are left out. They must not be
	// changed.
	Properties map[string]any
	// Raw are the properties as written, intrinsic functions in their long forms.
	Raw       map[string]any
	Metadata  map[string]any // as written
	DependsOn []string
	Condition string
	// Line is where the resource's id stands in the file, 0 if that is not known. For
	// what SAM generates it is that of Cause.
	Line int
	// Cause says for what SAM generates which resource, and which event of it, it is
	// made for: "Function event Name".
	Cause string
}

// A Symbol is a value that only a deployment knows.
type Symbol struct {
	// Expression says what the value is: "Distribution.DomainName", "Bucket" (a Ref),
	// "Site" (a parameter), "ssm:/name", "import Name", "{{resolve:...}}",
	// `Select(1, Split("//", Bucket.WebsiteURL))`.
	Expression string
	// Stack is the name of the stack that the expression is of; "" if it means the same
	// in every stack.
	Stack string
	// Why says why the value is not known.
	Why string
	// Resource is what the expression is a Ref or, with Attribute, an Fn::GetAtt of.
	Resource  *Resource
	Attribute string
	// List reports whether it may be several values: a list, or a text that is joined of one.
	List bool

	id    string // the digest in its stand-ins
	label string // how Show prints it
}

// String returns the expression as [App.Show] prints it, without ${ and }.
func (s *Symbol) String() string { return s.label }

// ID returns the symbol's identity: two symbols are the same value, be they of two
// Apps, if and only if they have the same ID.
func (s *Symbol) ID() string { return s.id }

// An Unknown is a whole value that is not known.
type Unknown struct {
	Symbol *Symbol

	known []any // of a list that was split, what is before the first symbol
}

// Error says what is not known, and why.
func (u *Unknown) Error() string { return "not known: " + u.Symbol.label + ": " + u.Symbol.Why }

// A Condition is one that is not decided.
type Condition struct {
	// Name is what [Options.Conditions] takes: the condition's name, or STACK.NAME
	// where several stacks have one of this name.
	Name  string
	Stack string
	// Symbols are what it hangs on; empty if it was not understood.
	Symbols []*Symbol
	// Holds is the side that this App takes.
	Holds bool
	// Touches says what hangs on it, in order.
	Touches []Touch
	// Comparisons are those by which it is not decided; empty if it was not understood.
	Comparisons []*Comparison
}

// A Comparison is one of a text with another, an Fn::Equals, that is not decided.
type Comparison struct {
	// Key is what [Options.Equal] takes: the same for the same comparison, also in
	// another App.
	Key string
	// Symbol is what is compared with Value, a text without symbols; nil where texts are
	// compared that have symbols in them.
	Symbol *Symbol
	Value  string
}

// A Lookup is one in a mapping, an Fn::FindInMap, whose key is not known and that gives
// other values for other keys.
type Lookup struct {
	Symbol *Symbol // the key
	Keys   []string
	// Default reports whether the function has a value for other keys.
	Default bool
	Touches []Touch
}

// A Touch is something that hangs on a condition.
type Touch struct {
	Stack           *Stack
	LogicalID, Type string // of the resource; Outputs.NAME, without a type, for an output
	// Path is the property, as Integration.Uri; "" if the resource itself is there or
	// not.
	Path string
}
