package cfn

import (
	"fmt"
	"strings"
)

// Parameter adds the value of a parameter, NAME or STACK.NAME.
func (o *Options) Parameter(name, value string) error {
	if name == "" {
		return fmt.Errorf("%q names no parameter; want NAME=VALUE, such as Environment=prod", "="+value)
	}
	return give(&o.Parameters, name, value)
}

// Value adds the value of a symbol, by its expression with or without ${ and }.
func (o *Options) Value(expression, value string) error {
	if inside, ok := strings.CutPrefix(expression, "${"); ok {
		expression = strings.TrimSuffix(inside, "}")
	}
	switch {
	case expression == "":
		return fmt.Errorf("%q names no expression; want EXPRESSION=VALUE, such as Distribution.DomainName=d1.cloudfront.net", "="+value)
	case value == "":
		return fmt.Errorf("%s is given no value; nothing that a deployment makes is empty, and a parameter that is has to be given as one", expression)
	}
	return give(&o.Values, expression, value)
}

func give(values *map[string]string, name, value string) error {
	if was, ok := (*values)[name]; ok {
		return fmt.Errorf("%s is given twice, as %q and as %q", name, was, value)
	}
	if *values == nil {
		*values = map[string]string{}
	}
	(*values)[name] = value
	return nil
}
