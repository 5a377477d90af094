package javaregexp

import "sync"

// recent has the expressions that were compiled last. A template is evaluated over and over, for many requests, and
// compiling its expressions anew took two thirds of the time.
var recent struct {
	sync.Mutex
	regexp map[string]*Regexp
	states int // of all of them
}

// maxRecent is how many of them are kept, and maxRecentStates how many states they have together; a state takes some 500 bytes.
const (
	maxRecent       = 64
	maxRecentStates = 100_000
)

// Recent is [Compile], but for the expressions that were compiled last, which it keeps.
func Recent(pattern string) (*Regexp, error) {
	recent.Lock()
	r := recent.regexp[pattern]
	recent.Unlock()
	if r != nil {
		return r, nil
	}
	r, err := Compile(pattern)
	if err != nil || r.Size() > maxRecentStates/4 {
		return r, err
	}
	recent.Lock()
	defer recent.Unlock()
	if recent.regexp == nil || len(recent.regexp) >= maxRecent || recent.states+r.Size() > maxRecentStates {
		recent.regexp, recent.states = map[string]*Regexp{}, 0
	}
	if recent.regexp[pattern] == nil { // nobody else was quicker
		recent.states += r.Size()
	}
	recent.regexp[pattern] = r
	return r, nil
}
