package emit

import (
	"errors"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/corsgate/corsgate/constructs/cors"
)

// maxPolicies bounds how many sets of stage variables are remembered. A
// function sees one for each stage of each API that calls it, two during a
// canary or a change; past the bound the oldest is compiled again.
const maxPolicies = 16

// policies are the policies of the sets of stage variables seen so far. The
// zero value is ready. A set seen before costs one comparison of two maps,
// without allocation or lock.
type policies struct {
	known atomic.Pointer[[]*compiled] // newest last; a slice is never changed
	mu    sync.Mutex                  // held by who replaces it
}

// compiled is the policy of one set of variables.
type compiled struct {
	variables []variable   // all of the set, also those that are not corsgate's
	policy    *cors.Policy // where they are malformed, one that allows nobody
	err       error        // what is malformed
}

type variable struct{ name, value string }

// of reports whether c is of this set. It looks names up instead of comparing
// two maps, since most of the time that takes is going through one of them.
func (c *compiled) of(variables map[string]string) bool {
	if len(variables) != len(c.variables) {
		return false
	}
	for _, v := range c.variables {
		if value, ok := variables[v.name]; !ok || value != v.value {
			return false
		}
	}
	return true
}

// get returns the policy of a stage's variables, and whether they were
// compiled for it now.
func (p *policies) get(variables map[string]string) (c *compiled, fresh bool) {
	if c := p.find(variables); c != nil {
		return c, false
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if c := p.find(variables); c != nil {
		return c, false
	}
	c = new(compiled)
	for name, value := range variables {
		c.variables = append(c.variables, variable{name, value})
	}
	if c.policy, c.err = cors.FromStageVariables(variables); c.err != nil {
		c.policy = new(cors.Policy)
	}
	var known []*compiled
	if old := p.known.Load(); old != nil {
		known = (*old)[max(0, len(*old)+1-maxPolicies):]
	}
	known = append(slices.Clip(known), c)
	p.known.Store(&known)
	return c, true
}

func (p *policies) find(variables map[string]string) *compiled {
	known := p.known.Load()
	if known == nil {
		return nil
	}
	for _, c := range *known {
		if c.of(variables) {
			return c
		}
	}
	return nil
}

// faults are the sentences of an error of [cors.FromStageVariables], each of
// which names its variable.
func faults(err error) []string {
	var all *cors.ConfigError
	if !errors.As(err, &all) {
		return []string{err.Error()}
	}
	out := make([]string, len(all.Faults))
	for i, f := range all.Faults {
		out[i] = f.Error()
	}
	return out
}
