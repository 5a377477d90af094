package javaregexp

import "regexp/syntax"

// maxStates bounds the size of a compiled expression.
const maxStates = 200_000

// states estimates the size of the compiled expression.
func states(re *syntax.Regexp) int {
	n := 1 + len(re.Rune)
	for _, s := range re.Sub {
		n = min(n+states(s), 10*maxStates)
	}
	if re.Op == syntax.OpRepeat {
		n = min(n*max(re.Min, re.Max, 1), 10*maxStates)
	}
	return n
}

// repeatsEmpty reports whether an expression repeats something that can match the empty text.
func repeatsEmpty(re *syntax.Regexp) bool {
	switch re.Op {
	case syntax.OpStar, syntax.OpPlus, syntax.OpRepeat:
		if minWidth(re.Sub[0]) == 0 {
			return true
		}
	}
	for _, s := range re.Sub {
		if repeatsEmpty(s) {
			return true
		}
	}
	return false
}

func minWidth(re *syntax.Regexp) int {
	switch re.Op {
	case syntax.OpLiteral:
		return len(re.Rune)
	case syntax.OpCharClass, syntax.OpAnyChar, syntax.OpAnyCharNotNL:
		return 1
	case syntax.OpCapture, syntax.OpPlus:
		return minWidth(re.Sub[0])
	case syntax.OpRepeat:
		if re.Min == 0 {
			return 0
		}
		return minWidth(re.Sub[0])
	case syntax.OpConcat:
		n := 0
		for _, s := range re.Sub {
			n += minWidth(s)
		}
		return n
	case syntax.OpAlternate:
		n := minWidth(re.Sub[0])
		for _, s := range re.Sub[1:] {
			n = min(n, minWidth(s))
		}
		return n
	}
	return 0
}
