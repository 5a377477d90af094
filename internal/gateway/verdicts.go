package gateway

import (
	"slices"
	"sync"
	"time"
)

// maxVerdicts is how many results of Lambda authorizers are kept, so that memory does not grow with the number of tokens.
const maxVerdicts = 1000

// verdicts is the cache of the results of Lambda authorizers. The zero value is empty.
type verdicts struct {
	mu     sync.Mutex
	of     map[string]cached
	oldest []string // the keys of the map, in the order in which they came
}

type cached struct {
	verdict *verdict
	until   time.Time
}

// get returns the result that is kept for a key, nil if there is none that is still valid.
func (c *verdicts) get(key string, now time.Time) *verdict {
	c.mu.Lock()
	defer c.mu.Unlock()
	if found, ok := c.of[key]; ok && now.Before(found.until) {
		return found.verdict
	}
	return nil
}

// put keeps a result until a time, or until there are too many.
func (c *verdicts) put(key string, v *verdict, until time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.of == nil {
		c.of = map[string]cached{}
	}
	if _, ok := c.of[key]; !ok {
		if len(c.oldest) == maxVerdicts {
			delete(c.of, c.oldest[0])
			c.oldest = slices.Delete(c.oldest, 0, 1)
		}
		c.oldest = append(c.oldest, key)
	}
	c.of[key] = cached{v, until}
}

func (a *API) now() time.Time {
	if a.authorizers.Now != nil {
		return a.authorizers.Now()
	}
	return time.Now()
}
