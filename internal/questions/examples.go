package questions

import (
	"regexp"
	"regexp/syntax"
	"slices"
	"strings"

	"github.com/corsgate/corsgate/internal/vtl/javaregexp"
)

// literals finds the strings of a mapping template, in either kind of quotes, and the values of static mappings.
var literals = regexp.MustCompile(`"([^"\n]*)"|'([^'\n]*)'`)

// stringsOf returns the strings of a mapping template.
func stringsOf(template string) []string {
	var out []string
	for _, m := range literals.FindAllStringSubmatch(template, -1) {
		out = append(out, m[1]+m[2])
	}
	return out
}

// fills are what a part of an expression may be that stands for any text, besides the shortest: what goes before a host,
// into it, behind it and behind its scheme.
var fills = []string{"https://", "https://x.", "https://corsgate-", "x", "x.y", ".corsgate-stranger.example", ":4443"}

// maxExamples bounds what one expression is asked with, however many alternatives it has.
const maxExamples = 2000

// examples returns texts that an expression matches whole: the shortest one, and for each place where it leaves a choice one
// text for each choice, the rest being the shortest. Their number grows with the length of the expression, not with the
// product of its choices.
func examples(pattern string) []string {
	re, err := javaregexp.Compile(pattern)
	if err != nil || re.Whole() == nil {
		return nil
	}
	tree, err := syntax.Parse(re.Whole().String(), syntax.Perl)
	if err != nil {
		return nil
	}
	var out []string
	for _, v := range variants(tree) {
		if sent.MatchString(v) && !slices.Contains(out, v) {
			out = append(out, v)
		}
	}
	return out
}

// sent is what a browser may send as an origin.
var sent = regexp.MustCompile(`^[a-z][a-z0-9+.-]*://[a-z0-9_](?:[a-z0-9_-]|[.][a-z0-9_-])*(?::[1-9][0-9]{0,4})?$`)

// variants returns the shortest text first.
func variants(re *syntax.Regexp) []string {
	switch re.Op {
	case syntax.OpLiteral:
		return []string{strings.ToLower(string(re.Rune))} // no origin has capitals
	case syntax.OpCharClass:
		return ofClass(re.Rune)
	case syntax.OpAnyChar, syntax.OpAnyCharNotNL:
		return []string{"x", ".", "-", ":", "/"}
	case syntax.OpCapture:
		return variants(re.Sub[0])
	case syntax.OpStar, syntax.OpPlus, syntax.OpQuest, syntax.OpRepeat:
		return repeated(re)
	case syntax.OpConcat:
		out := []string{""}
		for _, sub := range re.Sub {
			out = joined(out, variants(sub))
		}
		return out
	case syntax.OpAlternate:
		var out []string
		for _, sub := range re.Sub {
			out = append(out, variants(sub)...)
		}
		return out[:min(len(out), maxExamples)]
	case syntax.OpNoMatch:
		return nil
	}
	return []string{""} // what matches between characters
}

// joined returns the first of heads with each of tails, and each other head with the first tail.
func joined(heads, tails []string) []string {
	if len(heads) == 0 || len(tails) == 0 {
		return nil
	}
	var out []string
	for _, t := range tails {
		out = append(out, heads[0]+t)
	}
	for _, h := range heads[1:] {
		out = append(out, h+tails[0])
	}
	return out[:min(len(out), maxExamples)]
}

// repeated returns the fewest rounds that an expression wants, one more, the most, and where it stands for any text some.
func repeated(re *syntax.Regexp) []string {
	fewest, most := re.Min, re.Max
	switch re.Op {
	case syntax.OpStar:
		fewest, most = 0, -1
	case syntax.OpPlus:
		fewest, most = 1, -1
	case syntax.OpQuest:
		fewest, most = 0, 1
	}
	one := variants(re.Sub[0])
	if len(one) == 0 {
		return []string{""}
	}
	var out []string
	for _, n := range []int{fewest, fewest + 1, most} {
		if n < 0 || n > 300 || most >= 0 && n > most {
			continue
		}
		if n == 0 {
			out = append(out, "")
			continue
		}
		for _, o := range one {
			out = append(out, strings.Repeat(one[0], n-1)+o)
		}
	}
	if most < 0 {
		whole := regexp.MustCompile("^(?:" + re.String() + ")$")
		for _, f := range append(fills, one[0]+".x", one[0]+"-x") {
			if whole.MatchString(f) {
				out = append(out, f)
			}
		}
	}
	return out
}

// ofClass returns the first and the last character of each range of a class that an origin can have.
func ofClass(ranges []rune) []string {
	const of = "abcdefghijklmnopqrstuvwxyz0123456789-_.:/+[]"
	in := func(c rune) bool {
		for i := 0; i+1 < len(ranges); i += 2 {
			if ranges[i] <= c && c <= ranges[i+1] {
				return true
			}
		}
		return false
	}
	var out []string
	for i, c := range of {
		if !in(c) {
			continue
		}
		first := i == 0 || !in(rune(of[i-1]))
		last := i == len(of)-1 || !in(rune(of[i+1]))
		if first || last || c == '0' || c == 'z' {
			out = append(out, string(c))
		}
	}
	return out
}

// host is a name with a dot in it, with what may stand before it in a pattern, and a port.
var host = regexp.MustCompile(`^(\*?\.)?((?:[a-z0-9_](?:[a-z0-9_-]*[a-z0-9_])?\.)+[a-z0-9-]*[a-z][a-z0-9-]*)(:[0-9]{1,5})?$`)

// implied returns the origins that a string of a mapping template may be meant for, where it is not an origin itself: those
// that it matches as a regular expression, the pattern, that of a host that it names, and one that begins with it.
func implied(literal string) (origins []string, pattern bool) {
	switch name := host.FindStringSubmatch(strings.ToLower(literal)); {
	case strings.ContainsAny(literal, `[\(|+?{`) || strings.Contains(literal, ".*"):
		return examples(literal), true
	case name != nil && name[1] != "":
		return []string{"https://x." + name[2] + name[3]}, false
	case name != nil:
		return []string{"https://" + name[2] + name[3]}, false
	case strings.Contains(literal, "://") && strings.ContainsAny(literal[len(literal)-1:], "/.-"):
		return []string{literal + strings.TrimPrefix(Stranger, "https://")}, false
	}
	return nil, false
}
