package gateway

import (
	"fmt"
	"strings"
)

// conditioned leaves out the API's resources whose Condition is false, and notes those whose condition cannot be decided
// here: whether they exist is not known.
func (l *loader) conditioned() {
	l.undecided = map[string]error{}
	var kept []*resource
	for _, r := range l.order {
		if r.condition != "" && strings.HasPrefix(r.typ, "AWS::ApiGateway::") {
			holds, err := l.condition(r.condition, map[string]bool{})
			switch {
			case err != nil:
				l.undecided[r.id] = fmt.Errorf("whether its Condition %s holds cannot be told: %w", r.condition, err)
			case !holds:
				delete(l.resources, r.id)
				continue
			}
		}
		kept = append(kept, r)
	}
	l.order = kept
}

// condition evaluates a condition of the template by the values of its parameters.
func (l *loader) condition(name string, busy map[string]bool) (bool, error) {
	c, ok := l.conditions[name]
	if !ok {
		return false, fmt.Errorf("the template has no condition %s", name)
	}
	if busy[name] {
		return false, fmt.Errorf("the condition %s refers to itself", name)
	}
	busy[name] = true
	defer delete(busy, name)
	return l.holds(c, busy, 0)
}

func (l *loader) holds(c any, busy map[string]bool, depth int) (bool, error) {
	m, _ := c.(map[string]any)
	if len(m) != 1 || depth > 20 {
		return false, fmt.Errorf("a condition that is not one of Fn::Equals, Fn::And, Fn::Or, Fn::Not and Condition")
	}
	for name, arg := range m {
		args := list(arg)
		switch name {
		case "Condition":
			other, _ := arg.(string)
			return l.condition(other, busy)
		case "Fn::Equals":
			if len(args) != 2 {
				return false, fmt.Errorf("Fn::Equals needs two values")
			}
			a, err := l.str(args[0])
			if err != nil {
				return false, err
			}
			b, err := l.str(args[1])
			return a == b, err
		case "Fn::Not":
			if len(args) != 1 {
				return false, fmt.Errorf("Fn::Not needs one condition")
			}
			holds, err := l.holds(args[0], busy, depth+1)
			return !holds, err
		case "Fn::And", "Fn::Or":
			// One that decides makes up for others that cannot be told.
			var unknown error
			for _, a := range args {
				holds, err := l.holds(a, busy, depth+1)
				if err == nil && holds == (name == "Fn::Or") {
					return holds, nil
				}
				if err != nil && unknown == nil {
					unknown = err
				}
			}
			return name == "Fn::And", unknown
		default:
			return false, fmt.Errorf("the intrinsic function %s is not supported in a condition", name)
		}
	}
	return false, nil
}
