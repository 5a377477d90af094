package rules

import (
	"fmt"
	"strings"
)

// A Fix is what to do, in the forms in which an API is written. A rule has two, and a finding those of its API.
type Fix struct {
	// Go is for the CDK with corsgate.
	Go string `json:"go,omitempty"`
	// TypeScript and CDK are for the CDK without, CDK in Go.
	TypeScript string `json:"typescript,omitempty" yaml:"-"`
	CDK        string `json:"cdkGo,omitempty" yaml:"-"`
	// CloudFormation is for a template written by hand.
	CloudFormation string `json:"cloudFormation,omitempty" yaml:"cloudFormation"`
	// SAM, OpenAPI and Serverless are for SAM's template, the document of an API and serverless.yml.
	SAM        string `json:"sam,omitempty" yaml:"-"`
	OpenAPI    string `json:"openapi,omitempty" yaml:"-"`
	Serverless string `json:"serverless,omitempty" yaml:"-"`
	// Console is where it is done in the AWS console, in its own words.
	Console string `json:"console,omitempty" yaml:"-"`
}

// A Form is a fix in one of the forms.
type Form struct{ Name, Language, Text string }

// Forms returns the forms that a fix has.
func (f Fix) Forms() []Form {
	var out []Form
	for _, form := range []Form{
		{"CDK in TypeScript", "ts", f.TypeScript}, {"CDK in Go", "go", f.CDK}, {"CDK with corsgate", "go", f.Go}, {"CloudFormation", "yaml", f.CloudFormation},
		{"SAM", "yaml", f.SAM}, {"OpenAPI", "yaml", f.OpenAPI}, {"serverless.yml", "yaml", f.Serverless},
		{"AWS console", "text", f.Console},
	} {
		if form.Text != "" {
			out = append(out, form)
		}
	}
	return out
}

// Map returns a fix with each of its texts changed.
func (f Fix) Map(change func(string) string) Fix {
	return Fix{change(f.Go), change(f.TypeScript), change(f.CDK), change(f.CloudFormation), change(f.SAM), change(f.OpenAPI), change(f.Serverless), change(f.Console)}
}

// And returns a fix of two places.
func (f Fix) And(g Fix) Fix {
	return Fix{Go: either(f.Go, g.Go), TypeScript: both(f.TypeScript, g.TypeScript), CDK: both(f.CDK, g.CDK), CloudFormation: both(f.CloudFormation, g.CloudFormation),
		SAM: both(f.SAM, g.SAM), OpenAPI: both(f.OpenAPI, g.OpenAPI), Serverless: both(f.Serverless, g.Serverless), Console: both(f.Console, g.Console)}
}

// Likewise returns a fix that says of how many more places it is.
func (f Fix) Likewise(n int) Fix {
	say := func(mark string) func(string) string {
		return func(text string) string {
			if text == "" {
				return ""
			}
			return fmt.Sprintf("%s\n%s and likewise for %d more", text, mark, n)
		}
	}
	code, data := say("//"), say("#")
	return Fix{f.Go, code(f.TypeScript), code(f.CDK), data(f.CloudFormation), data(f.SAM), data(f.OpenAPI), data(f.Serverless), data(f.Console)}
}

// either is the first of two texts that there is: what corsgate does, it does for all places.
func either(a, b string) string {
	if a == "" {
		return b
	}
	return a
}

// both puts a text behind another. The lines with which both begin, the keys above what differs in YAML, stand once.
func both(a, b string) string {
	if a == b || a == "" || b == "" {
		return either(a, b)
	}
	first, second := strings.Split(a, "\n"), strings.Split(b, "\n")
	same := 0
	for same < min(len(first), len(second)) && first[same] == second[same] {
		same++
	}
	if same == len(second) {
		return a
	}
	return strings.Join(append(first, second[same:]...), "\n")
}
