package openapi

import (
	"errors"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/corsgate/corsgate/internal/cfn"
)

// OwnOptions says what becomes of the OPTIONS operations that a document has.
type OwnOptions int

// Refuse makes each a fault, Replace puts the policy's in its place, Keep leaves
// it as it is.
const (
	Refuse OwnOptions = iota
	Replace
	Keep
)

// A Plan is a document without faults: each operation has its integration.
type Plan struct {
	*Document
	paths   []*path
	options OwnOptions
}

// Operations are those of the document but OPTIONS, by path and method.
func (p *Plan) Operations() []*Operation {
	var out []*Operation
	for _, item := range p.paths {
		out = append(out, item.operations...)
	}
	return out
}

// KeepsOptions reports whether OPTIONS operations of the document's own stay.
func (p *Plan) KeepsOptions() bool {
	return p.options == Keep && slices.ContainsFunc(p.paths, func(item *path) bool { return item.options != nil })
}

// Paths returns the document's paths, in its order.
func (p *Plan) Paths() []string {
	var names []string
	for _, item := range p.paths {
		names = append(names, item.name)
	}
	return names
}

// Resources is how many resources API Gateway makes of the paths, the root not
// counted: one for each part.
func (p *Plan) Resources() int {
	made := map[string]bool{}
	for _, item := range p.paths {
		at := ""
		for part := range strings.SplitSeq(strings.Trim(item.name, "/"), "/") {
			if part != "" {
				at += "/" + part
				made[at] = true
			}
		}
	}
	return len(made)
}

// Plan checks the document and assigns its operations their integrations. The
// faults are all there are, by line; with any the plan is nil.
func (d *Document) Plan(assignments []*Assignment, own OwnOptions) (*Plan, []*Fault) {
	c := &checker{Document: d}
	for _, t := range d.twice {
		c.twice(t)
	}
	if c.version() {
		c.readPaths()
		c.references()
		c.variables()
		c.ids()
		c.security()
		c.extensions()
		c.options(own)
		c.assign(assignments)
	}
	slices.SortStableFunc(c.faults, func(a, b *Fault) int { return a.Line - b.Line })
	if len(c.faults) > 0 {
		return nil, c.faults
	}
	return &Plan{Document: d, paths: c.paths, options: own}, nil
}

// twice says what stands twice. The last would win, without a word.
func (c *checker) twice(t cfn.Place) {
	parts := strings.Split(t.Pointer, "/")
	key := unescape(parts[len(parts)-1])
	f := &Fault{File: c.Name, At: t.Pointer, Line: t.Line}
	switch method, ok := methods[key]; {
	case len(parts) == 4 && parts[1] == "paths" && ok:
		f.Text = fmt.Sprintf("a second operation claims %s %s, the first is in line %d: remove one", method, unescape(parts[2]), t.First)
	case len(parts) == 3 && parts[1] == "paths":
		f.Text = fmt.Sprintf("the path %s stands there twice, first in line %d: put the operations of both under one", key, t.First)
	default:
		f.Text = fmt.Sprintf("the key %q stands there twice, first in line %d: remove one", key, t.First)
	}
	c.faults = append(c.faults, f)
}

func unescape(part string) string {
	return strings.ReplaceAll(strings.ReplaceAll(part, "~1", "/"), "~0", "~")
}

// follow returns what a $ref leads to, and its pointer.
func (d *Document) follow(ref string) (any, string, error) {
	for seen := []string{}; ; {
		if !strings.HasPrefix(ref, "#/") {
			return nil, "", fmt.Errorf("the $ref %q leads out of the document, and API Gateway reads one document: bundle them, with \"redocly bundle\" for one", ref)
		}
		if slices.Contains(seen, ref) {
			return nil, "", fmt.Errorf("the $ref %q leads back to itself: let it lead to an object", ref)
		}
		seen = append(seen, ref)
		v, ok := d.at(ref[1:])
		if !ok {
			return nil, "", fmt.Errorf("the $ref %q leads nowhere: the document has nothing there", ref)
		}
		m, _ := v.(map[string]any)
		next, again := m["$ref"].(string)
		if !again {
			return v, ref[1:], nil
		}
		ref = next
	}
}

// at returns what is at a JSON pointer. As a part of a URL it may be written with
// percents, as bundlers do for the braces of paths
// (https://www.rfc-editor.org/rfc/rfc6901#section-6).
func (d *Document) at(pointer string) (any, bool) {
	var v any = d.root
	for part := range strings.SplitSeq(pointer[1:], "/") {
		switch x := v.(type) {
		case map[string]any:
			next, ok := x[unescape(part)]
			if decoded, err := url.PathUnescape(part); !ok && err == nil {
				next, ok = x[unescape(decoded)]
			}
			if !ok {
				return nil, false
			}
			v = next
		case []any:
			i, err := strconv.Atoi(part)
			if err != nil || i < 0 || i >= len(x) {
				return nil, false
			}
			v = x[i]
		default:
			return nil, false
		}
	}
	return v, true
}

// Fields that only illustrate, and fields with an object in which the author of the
// document gives the names, so that none of them means anything.
var (
	illustrations = []string{"example", "examples", "default", "enum"}
	named         = []string{"properties", "patternProperties", "responses", "schemas", "parameters", "requestBodies", "headers", "content", "securitySchemes", "links", "callbacks"}
)

// references looks where every $ref leads. What only illustrates is left out.
func (c *checker) references() {
	var walk func(v any, at string, free bool)
	walk = func(v any, at string, free bool) {
		switch v := v.(type) {
		case []any:
			for i, e := range v {
				walk(e, at+"/"+strconv.Itoa(i), false)
			}
		case map[string]any:
			if ref, ok := v["$ref"].(string); ok && !free {
				if _, _, err := c.follow(ref); err != nil {
					c.fail(at+"/$ref", "%v", err)
				}
			}
			for _, k := range slices.Sorted(maps.Keys(v)) {
				if free || !slices.Contains(illustrations, k) {
					walk(v[k], at+"/"+cfn.Escape(k), !free && slices.Contains(named, k))
				}
			}
		}
	}
	walk(c.root, "", false)
}

// variables finds paths that are one for API Gateway: the names of variables do
// not count, nor does a slash at the end. Beside one variable it has no other, be
// one of them greedy ("A sibling ({id}) of this resource already has a variable path
// part -- only one is allowed"; https://github.com/winglang/wing/issues/5210).
func (c *checker) variables() {
	type claim struct{ path, variable string }
	byShape := map[string]string{}
	children := map[string]claim{} // the variable below a shape
	for _, p := range c.paths {
		shape, conflict := "", false
		for part := range strings.SplitSeq(strings.Trim(p.name, "/"), "/") {
			if !strings.HasPrefix(part, "{") {
				shape += "/" + part
				continue
			}
			parent := shape
			shape += "/{}"
			first, ok := children[shape]
			if !ok {
				children[shape] = claim{p.name, part}
			}
			if ok && first.variable != part && !conflict {
				conflict = true
				cure := "give both one name"
				if isGreedy(part) != isGreedy(first.variable) {
					cure = "keep one of them"
				}
				c.fail(c.pathAt(p), "the path %s has the variable %s where %s (line %d) has %s, and API Gateway has one variable below %s: %s",
					p.name, part, first.path, c.lineOfPath(first.path), first.variable, parent+"/", cure)
			}
		}
		if other, ok := byShape[shape]; ok && !conflict {
			c.fail(c.pathAt(p), "the paths %s and %s (line %d) are one for API Gateway: put the operations of both under one", p.name, other, c.lineOfPath(other))
		}
		byShape[shape] = p.name
	}
}

// isGreedy reports whether a part of a path is a variable for all that follows.
func isGreedy(part string) bool { return strings.HasSuffix(part, "+}") }

func (c *checker) pathAt(p *path) string { return "/paths/" + cfn.Escape(p.name) }

func (c *checker) lineOfPath(name string) int { return c.lines["/paths/"+cfn.Escape(name)] }

// ids finds operationIds that two operations have.
func (c *checker) ids() {
	first := map[string]*Operation{}
	for _, p := range c.paths {
		for _, o := range p.operations {
			if o.ID == "" {
				continue
			}
			if other := first[o.ID]; other != nil {
				c.fail(o.at+"/operationId", "%s has the operationId %q, which %s has too: give each its own", o.Name(), o.ID, other.Name())
				continue
			}
			first[o.ID] = o
		}
	}
}

// security finds requirements of a scheme that the document does not have. The
// operation would be open to everybody.
func (c *checker) security() {
	components, _ := c.root["components"].(map[string]any)
	schemes, _ := components["securitySchemes"].(map[string]any)
	look := func(v any, at, what string) {
		for i, e := range c.list(v, at, "security of "+what) {
			eAt := at + "/" + strconv.Itoa(i)
			for _, name := range slices.Sorted(maps.Keys(c.object(e, eAt, "security of "+what))) {
				if _, ok := schemes[name]; !ok {
					c.fail(eAt, "security of %s names %q, which is not among components/securitySchemes: define it there", what, name)
				}
			}
		}
	}
	look(c.root["security"], "/security", "the document")
	for _, p := range c.paths {
		for _, o := range p.operations {
			look(o.node["security"], o.at+"/security", o.Name())
		}
	}
}

// extensions looks at those of the whole document that are completed.
func (c *checker) extensions() {
	for _, name := range []string{extResponses, extValidators, extPolicy} {
		if _, token := c.root[name].(string); !token || name != extPolicy { // a policy may be the CDK's
			c.object(c.root[name], "/"+name, name)
		}
	}
}

// options decides about the document's own OPTIONS operations.
func (c *checker) options(own OwnOptions) {
	for _, p := range c.paths {
		switch {
		case p.options == nil:
		case own == Refuse:
			c.fail(p.options.at, "%s has an OPTIONS operation of its own, and the policy handles preflights: remove it, "+
				"or choose with OwnOptions what happens to it: corsapi.ReplaceOptions or corsapi.KeepOptions", p.name)
		case own == Keep && p.options.own == nil:
			c.fail(p.options.at, "OPTIONS %s is to be kept and has no %s: give it one, or have it replaced with OwnOptions: corsapi.ReplaceOptions", p.name, extIntegration)
		}
	}
}

var errNoIntegration = errors.New("has no integration: give it an " + extIntegration + ", or assign one by operationId, path or tag")

// assign makes the assignment of each operation without an integration.
func (c *checker) assign(assignments []*Assignment) {
	used := map[*Assignment]bool{}
	for _, p := range c.paths {
		for _, o := range p.operations {
			var best []*Assignment
			rank := 0
			for _, a := range assignments {
				r := a.rank(o)
				used[a] = used[a] || r > 0
				switch {
				case r > rank:
					best, rank = []*Assignment{a}, r
				case r == rank && r > 0:
					best = append(best, a)
				}
			}
			switch {
			case o.own != nil:
				if rank == byOperation {
					c.fail(o.at, "%s has an %s of its own, and %s gives it another: remove one", o.Name(), extIntegration, best[0])
				}
			case len(best) > 1:
				c.fail(o.at, "%s gets two integrations, by %s and by %s: remove one, or settle it with ForOperation", o.Name(), best[0], best[1])
			case len(best) == 0:
				c.fail(o.at, "%s %v", o.Name(), errNoIntegration)
			default:
				o.assigned = best[0]
			}
		}
	}
	for i, a := range assignments {
		if !used[a] && !slices.ContainsFunc(assignments[:i], func(b *Assignment) bool { return a.String() == b.String() }) {
			c.faults = append(c.faults, c.fault("", "%s matches no operation: %s", a, c.candidates(a)))
		}
	}
}

// candidates says what an assignment could have named.
func (c *checker) candidates(a *Assignment) string {
	has := map[string]bool{}
	for _, p := range c.paths {
		for _, o := range p.operations {
			switch a.By {
			case ByOperation:
				has[o.ID] = true
			case ByPath:
				has[o.Path] = true
			case ByTag:
				for _, t := range o.Tags {
					has[t] = true
				}
			}
		}
	}
	delete(has, "")
	names := slices.Sorted(maps.Keys(has))
	what := map[By]string{ByOperation: "operationIds", ByPath: "paths", ByTag: "tags"}[a.By]
	switch {
	case len(names) == 0:
		return "the document has no " + what
	case len(names) > 8:
		return fmt.Sprintf("the document has the %s %s and %d more", what, strings.Join(names[:8], ", "), len(names)-8)
	}
	return "the document has the " + what + " " + strings.Join(names, ", ")
}
