package check

import (
	"slices"
	"strings"
	"sync"

	"github.com/corsgate/corsgate/internal/rulepage"
)

// A Rule finds one kind of fault. Its documentation is part of it; docs/rules is made from it.
type Rule struct {
	// ID is CORS and three digits: 1 the preflight, 2 headers and their values, 3 the gateway's own answers, 4 what is around
	// the API, 5 what only an answer on the wire shows, 6 the deployed state, 7 the logs, 9 the check itself. No id is ever used
	// for another rule.
	ID string `json:"id"`
	// Command is the command of the tool that finds it: check, probe, inspect or logs. Those others find what check does as well.
	Command  string   `json:"command"`
	Title    string   `json:"title"`
	Severity Severity `json:"severity"`
	// Why says what happens, and how it comes to that.
	Why  string `json:"why"`
	Cure Cure   `json:"cure"`
	// Before and After are changes to the clean template that the package keeps as its fixture: the first makes it one with
	// this finding and no other, the second one without any. They are merged as RFC 7386 has it, in YAML, but for one thing:
	// a mapping laid over a list changes each of its elements. A rule of another command than check has what that command reads:
	// the head of an answer, a part of the deployed state, lines of a log.
	Before string `json:"before"`
	After  string `json:"after"`
	// Source is where this is documented or was observed.
	Source []string `json:"source"`

	check func(v *View, report reporter) // nil if it is not check that finds it
}

// At gives the rule's finding about a place: f says where it is, what is wrong there, and what a browser prints.
func (r Rule) At(f Finding) Finding {
	f.Detail, f.Console = oneLine(f.Detail), oneLine(f.Console)
	f.Rule, f.Title, f.Severity, f.Why, f.Cure, f.Link = r.ID, r.Title, r.Severity, r.Why, r.Cure, r.Link()
	return f
}

// reporter takes a finding: where, what is wrong there, and what a browser prints, if anything.
type reporter func(p place, detail, console string)

// A Cure is what to do, in two forms that can be pasted.
type Cure struct {
	// Go is for the CDK with corsgate.
	Go string `json:"go"`
	// CloudFormation is for a template written by hand.
	CloudFormation string `json:"cloudFormation"`
}

// Link gives the address of the rule's page.
func (r Rule) Link() string { return rulepage.Link(r.ID) }

// Rules gives every rule, by id.
func Rules() []Rule { return slices.Clone(table()) }

var table = sync.OnceValue(func() []Rule {
	out := slices.Concat(
		foundBy("check", preflightRules(), headerRules(), gatewayRules(), aroundRules(), checkRules()),
		foundBy("probe", probeRules()), foundBy("inspect", inspectRules()), foundBy("logs", logsRules()))
	slices.SortFunc(out, func(a, b Rule) int { return strings.Compare(a.ID, b.ID) })
	return out
})

// foundBy gives all of the rules, as those of one command.
func foundBy(command string, rules ...[]Rule) []Rule {
	out := slices.Concat(rules...)
	for i := range out {
		out[i].Command = command
	}
	return out
}

// rulesOf gives the rules of one command.
func rulesOf(command string) []Rule {
	return slices.DeleteFunc(Rules(), func(r Rule) bool { return r.Command != command })
}

// Lookup finds a rule.
func Lookup(id string) (Rule, bool) {
	for _, r := range table() {
		if strings.EqualFold(r.ID, id) {
			return r, true
		}
	}
	return Rule{}, false
}

// goPolicy is the cure that corsgate is for most rules.
const goPolicy = `policy, err := cors.New(cors.Config{
	Origins:        []string{"https://app.example.com"},
	RequestHeaders: []string{"content-type"},
})
// ...
api := corsapi.NewRestApi(stack, jsii.String("Api"), &corsapi.RestApiProps{
	Policy: policy,
})`

// goEnable is the cure for an API that is there already.
const goEnable = `// every resource gets an OPTIONS method with its own methods
corsapi.Enable(api, policy, nil)`

const (
	docMock  = "https://docs.aws.amazon.com/apigateway/latest/developerguide/how-to-mock-integration.html"
	docCORS  = "https://docs.aws.amazon.com/apigateway/latest/developerguide/how-to-cors.html"
	docFetch = "https://fetch.spec.whatwg.org/#cors-preflight-fetch"
	docCheck = "https://fetch.spec.whatwg.org/#concept-cors-check"
	docGW    = "https://docs.aws.amazon.com/apigateway/latest/developerguide/supported-gateway-response-types.html"
)
