package cfn

import "errors"

// ErrNotTemplate is of a file that is JSON or YAML, and no template.
var ErrNotTemplate = errors.New("not a CloudFormation template")

// ErrNoResources is the [ErrNotTemplate] of an object without the one section that a template must have. The CDK writes
// such a file for a stack that has nothing in it, and deploys none.
var ErrNoResources = errors.New("not a CloudFormation template: it has no Resources")

type evaluation struct{}

type instance struct{}

// Open reads templates: files, folders of templates, and cloud assemblies of the CDK (a folder with a
// manifest.json). Nested stacks are found by their asset or their path. What cannot be read is among the problems;
// the error is for paths of which no template was read at all, joined of a Problem each.
func Open(paths []string, opts Options) (*App, error) { return nil, errors.New("TODO") }

// Parse reads one template that is in memory. Files that it names are looked for beside name.
func Parse(name string, text []byte, opts Options) (*App, error) { return nil, errors.New("TODO") }

// With returns the same files under other values. Those of opts count before the app's own. Nothing is parsed again.
func (a *App) With(opts Options) *App { return a }

// OfType returns the resources of a type, in order.
func (a *App) OfType(typ string) []*Resource { return nil }

// RestAPIs returns the resources of the type AWS::ApiGateway::RestApi.
func (a *App) RestAPIs() []*Resource { return nil }

// Of returns the resources of a type that belong to an API, in whatever stack: their RestApiId leads to it.
func (a *App) Of(api *Resource, typ string) []*Resource { return nil }

// Target returns the resource that a resolved value is the id, the name or the ARN of: what a Ref returns, or an
// Fn::GetAtt of an ...Id or ...Arn, be it through parameters of nested stacks, outputs or exports. It returns nil for
// anything else, RootResourceId among it.
func (a *App) Target(v any) *Resource { return nil }

// SymbolOf returns the symbol that a resolved value is as a whole, or nil.
func (a *App) SymbolOf(v any) *Symbol { return nil }

// Mentioned returns the resources whose Ref or attributes are in a text, each once, in order. After an alias or a version
// of a Lambda function comes the function. A function is also found by its own literal name in an ARN.
func (a *App) Mentioned(text string) []*Resource { return nil }

// Symbols returns the symbols in a resolved value, which may be a list or an object, each once, in order.
func (a *App) Symbols(v any) []*Symbol { return nil }

// Show returns the text with each stand-in replaced by its expression: "https://${Distribution.DomainName}".
func (a *App) Show(text string) string { return text }

// Read is the opposite of [App.Show]. The error names the nearest expressions.
func (a *App) Read(text string) (string, error) { return text, nil }

// Undecided returns the conditions that decide about something and are not decided, in order.
func (a *App) Undecided() []*Condition { return nil }
