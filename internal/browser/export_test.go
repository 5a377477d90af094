package browser

import "strings"

// Words returns what the console says for a code, X standing for a value, without what comes before it.
func Words(code Code, initiator Initiator) string {
	return (&Plan{initiator: initiator}).explain(code, "X")
}

// Href parses a URL, against a base if there is one, and writes it out; what does not parse is "failure".
func Href(raw, base string) string {
	var l location
	var err error
	if base == "" {
		l, err = parseLocation(raw)
	} else {
		base, _, _ = strings.Cut(base, "#") // a fragment carries over to a location, which is no matter of parsing
		if l, err = parseLocation(base); err == nil {
			l, err = l.resolve(raw)
		}
	}
	if err != nil {
		return "failure"
	}
	return l.String()
}
