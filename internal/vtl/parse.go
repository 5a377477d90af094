package vtl

import (
	"strconv"
	"strings"
)

// MaxTemplate is the size in bytes of the largest mapping template API Gateway takes (its quota, 300 KB).
const MaxTemplate = 300 * 1024

// maxDepth bounds the nesting of blocks, expressions and strings inside strings.
const maxDepth = 150

// maxChain bounds the operators of one kind in a row.
const maxChain = 20_000

// Parse reads a template. Its error, if any, is an [*Error].
func Parse(src string) (*Template, error) {
	if len(src) > MaxTemplate {
		return nil, &Error{Pos: Pos{1, 1}, Parse: true, Msg: "the template has " + strconv.Itoa(len(src)) +
			" bytes, API Gateway takes at most " + strconv.Itoa(MaxTemplate) + "; shorten it"}
	}
	t := &Template{src: src, macros: map[string]*macro{}}
	p := &parser{src: src, ix: newLineIndex(src, Pos{1, 1}), t: t}
	nodes, err := p.run()
	if err != nil {
		return nil, err
	}
	t.nodes = nodes
	return t, nil
}

type parser struct {
	src    string
	pos    int
	ix     *lineIndex
	t      *Template
	depth  int
	nested bool // inside a string literal
}

// bail carries an error out of the recursive descent.
type bail struct{ err *Error }

func (p *parser) run() (nodes []node, err error) {
	defer func() {
		if r := recover(); r != nil {
			b, ok := r.(bail)
			if !ok {
				panic(r)
			}
			err = b.err
		}
	}()
	nodes, end := p.block()
	if end.kind != "" {
		p.fail(end.at, "unexpected #"+end.kind+" that closes nothing")
	}
	return nodes, nil
}

func (p *parser) fail(off int, msg string) {
	panic(bail{&Error{Pos: p.ix.pos(off), Msg: msg, Parse: true}})
}

// limit fails on what this parser is too small for.
func (p *parser) limit(msg string) {
	panic(bail{&Error{Pos: p.ix.pos(p.pos), Msg: msg, Parse: true, NotKnown: true}})
}

func (p *parser) enter() {
	p.depth++
	if p.depth > maxDepth {
		p.limit("nested deeper than " + strconv.Itoa(maxDepth) + " levels")
	}
}
func (p *parser) leave() { p.depth-- }

func isAlpha(c byte) bool { return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' }
func isDigit(c byte) bool { return c >= '0' && c <= '9' }
func isBlank(c byte) bool { return c == ' ' || c == '\t' }

// identChar tells the characters of a reference's names.
func identChar(c byte) bool { return isAlpha(c) || isDigit(c) || c == '-' || c == '_' }

// wordChar tells the characters of a directive's name.
func wordChar(c byte) bool { return isAlpha(c) || isDigit(c) || c == '_' || c == '@' }

func (p *parser) at(i int) byte {
	if i < len(p.src) {
		return p.src[i]
	}
	return 0
}

// blockEnd says what ended a block: "end", "else", "elseif", or "" at the end of the template.
type blockEnd struct {
	kind string
	at   int
}

// skipLineRest passes blanks and one line end after the closing parenthesis or word of a directive, if the line ends there.
func (p *parser) skipLineRest() {
	i := p.pos
	for i < len(p.src) && isBlank(p.src[i]) {
		i++
	}
	if i < len(p.src) && p.src[i] == '\n' {
		p.pos = i + 1
	} else if i < len(p.src) && p.src[i] == '\r' {
		i++
		if i < len(p.src) && p.src[i] == '\n' {
			i++
		}
		p.pos = i
	}
}

// setAt reports whether a #set starts at i, white space before it included, and where its arguments start.
func (p *parser) setAt(i int) (hash, args int, ok bool) {
	for isBlank(p.at(i)) {
		i++
	}
	hash = i
	rest := p.src[i:]
	switch {
	case strings.HasPrefix(rest, "#set"):
		i += 4
	case strings.HasPrefix(rest, "#{set}"):
		i += 6
	default:
		return 0, 0, false
	}
	for isBlank(p.at(i)) {
		i++
	}
	if p.at(i) != '(' {
		return 0, 0, false
	}
	return hash, i + 1, true
}

// block reads nodes up to #end, #else, #elseif or the end of the template.
func (p *parser) block() (nodes []node, end blockEnd) {
	p.enter()
	defer p.leave()
	// Text comes in pieces, of which a template can have as many as it has characters.
	var run strings.Builder
	flush := func() {
		if run.Len() > 0 {
			nodes = append(nodes, &textNode{run.String()})
			run.Reset()
		}
	}
	text := func(s string) { run.WriteString(s) }
	add := func(n node) {
		flush()
		nodes = append(nodes, n)
	}
	for p.pos < len(p.src) {
		// What is here is the start of a token of the lexer's default state.
		if hash, args, ok := p.setAt(p.pos); ok {
			p.pos = args
			add(p.set(hash))
			continue
		}
		switch c := p.src[p.pos]; c {
		case '\\':
			start := p.pos
			i := p.pos
			for p.at(i) == '\\' {
				i++
			}
			n := i - start
			switch p.at(i) {
			case '$':
				p.pos = i
				if r := p.reference(); r != nil {
					r.esc = n
					add(r)
				} else {
					text(p.src[start:i])
					p.textDollar(text)
				}
			case '#':
				word, name := p.wordAt(i)
				if n%2 == 1 {
					if word == "" {
						text(p.src[start:i])
						p.pos = i
						break
					}
					add(&escDirNode{slashes: n, word: word, name: name})
					p.pos = i + len(word)
				} else {
					if name != "" {
						add(&escNode{pairs: n / 2, word: name})
					} else {
						text(p.src[start:i])
					}
					p.pos = i
				}
			default:
				text(p.src[start:i])
				p.pos = i
			}
		case '$':
			if r := p.reference(); r != nil {
				add(r)
			} else {
				p.textDollar(text)
			}
		case '#':
			n, stop := p.hash(text)
			if stop.kind != "" {
				flush()
				return nodes, stop
			}
			if n != nil {
				add(n)
			}
		default:
			text(p.textRun())
		}
	}
	flush()
	return nodes, blockEnd{at: p.pos}
}

// textDollar reads a dollar sign that starts no reference, with the text it is one token with. The exclamation mark of
// "$!5" and the sign of "$ #set(...)" get lost, as they do in Velocity.
func (p *parser) textDollar(text func(string)) {
	i := p.pos + 1
	s := "$"
	if p.at(i) == '!' {
		i++
		switch p.at(i) {
		case '$', '{', '[', '#', 0:
			s = "$!"
		case '.':
			if isAlpha(p.at(i + 1)) {
				s = ""
			}
		}
	}
	if p.at(i) == '{' {
		i++
		s += "{"
	} else if p.at(i) == '}' && i == p.pos+2 {
		s = "$!"
	}
	p.pos = i
	if _, _, ok := p.setAt(i); ok && s == "$" {
		return
	}
	text(s + p.textRun())
}

// textRun reads text up to the next character that may start something.
func (p *parser) textRun() string {
	start := p.pos
	for p.pos < len(p.src) && p.src[p.pos] != '$' && p.src[p.pos] != '#' && p.src[p.pos] != '\\' {
		p.pos++
	}
	return p.src[start:p.pos]
}

// wordAt reads the directive's name at the hash at i: the text from the hash on, and the name without hash and braces.
func (p *parser) wordAt(i int) (word, name string) {
	j := i + 1
	braced := p.at(j) == '{'
	if braced {
		j++
	}
	start := j
	c := p.at(j)
	if !isAlpha(c) && c != '_' && (c != '@' || braced) {
		return "", ""
	}
	for wordChar(p.at(j)) {
		j++
	}
	name = p.src[start:j]
	if braced {
		if p.at(j) != '}' {
			return "", ""
		}
		j++
	}
	return p.src[i:j], name
}

// hash reads what starts with a hash sign: a comment, a text block, a directive, or text.
func (p *parser) hash(text func(string)) (node, blockEnd) {
	start := p.pos
	rest := p.src[start:]
	switch {
	case strings.HasPrefix(rest, "##"):
		i := start
		for i < len(p.src) && p.src[i] != '\n' && p.src[i] != '\r' {
			i++
		}
		if p.at(i) == '\r' {
			i++
		}
		if p.at(i) == '\n' {
			i++
		}
		p.pos = i
		return nil, blockEnd{}
	case strings.HasPrefix(rest, "#[["):
		i := strings.Index(rest, "]]#")
		if i < 0 {
			p.fail(start, "#[[ without ]]#; close it")
		}
		text(rest[3:i])
		p.pos = start + i + 3
		return nil, blockEnd{}
	case strings.HasPrefix(rest, "#*"):
		i := strings.Index(rest[2:], "*#")
		if i < 0 {
			p.fail(start, "comment #* without *#; close it")
		}
		p.pos = start + 2 + i + 2
		return nil, blockEnd{}
	}
	word, name := p.wordAt(start)
	if word == "" {
		p.pos = start + 1
		if c := p.at(p.pos); isDigit(c) || c == '-' && isDigit(p.at(p.pos+1)) {
			p.number() // a token of its own
			text(p.src[start:p.pos])
		} else if _, _, ok := p.setAt(p.pos); !ok {
			text("#" + p.textRun())
		}
		return nil, blockEnd{}
	}
	p.pos = start + len(word)
	switch name {
	case "end", "else":
		p.skipLineRest()
		return nil, blockEnd{name, start}
	case "elseif":
		return nil, blockEnd{name, start}
	case "stop":
		return &stopNode{p.ix.pos(start)}, blockEnd{}
	case "if":
		return p.ifDirective(start), blockEnd{}
	}
	return p.directive(start, name), blockEnd{}
}

func (p *parser) ws() {
	for p.pos < len(p.src) {
		switch p.src[p.pos] {
		case ' ', '\t', '\n', '\r':
			p.pos++
		default:
			return
		}
	}
}

// found describes what is at the current offset, for messages.
func (p *parser) found() string {
	if p.pos >= len(p.src) {
		if p.nested {
			return "the end of the string"
		}
		return "the end of the template"
	}
	rest := p.src[p.pos:]
	if i := strings.IndexAny(rest, " \t\r\n"); i > 0 {
		rest = rest[:i]
	}
	if len(rest) > 20 {
		rest = rest[:20]
	}
	return strconv.Quote(rest)
}

func (p *parser) expect(c byte, what string) {
	if p.at(p.pos) != c || p.pos >= len(p.src) {
		p.fail(p.pos, "expected '"+string(c)+"' "+what+", found "+p.found())
	}
	p.pos++
}

func (p *parser) set(hash int) node {
	n := &setNode{pos: p.ix.pos(hash)}
	p.ws()
	if p.at(p.pos) != '$' {
		p.fail(p.pos, "#set needs a reference such as $x before '=', found "+p.found())
	}
	n.ref = p.reference()
	if n.ref == nil {
		p.fail(p.pos, "#set needs a reference such as $x before '=', found "+p.found())
	}
	p.ws()
	p.expect('=', "in #set")
	n.val = p.expression()
	p.expect(')', "to close #set")
	p.skipLineRest()
	return n
}

func (p *parser) ifDirective(start int) node {
	n := &ifNode{pos: p.ix.pos(start)}
	kind, at := "#if", start
	for {
		b := ifBranch{pos: p.ix.pos(at), kind: kind}
		if kind != "#else" {
			p.ws()
			p.expect('(', "after "+kind)
			b.cond = p.expression()
			p.expect(')', "to close the condition of "+kind)
			p.skipLineRest()
		}
		var end blockEnd
		b.body, end = p.block()
		n.branches = append(n.branches, b)
		switch {
		case end.kind == "":
			p.fail(start, "#if without #end; close it")
		case end.kind == "end":
			return n
		case kind == "#else":
			p.fail(end.at, "#"+end.kind+" after #else")
		}
		kind, at = "#"+end.kind, end.at
	}
}

// isBlockDirective tells the directives that have a body up to #end.
func isBlockDirective(name string) bool {
	switch name {
	case "foreach", "macro", "define", "literal":
		return true
	}
	return strings.HasPrefix(name, "@")
}

// isDirective tells the names that an escape makes literal.
func isDirective(name string) bool {
	switch name {
	case "if", "else", "elseif", "end", "stop", "set", "foreach", "macro", "define", "literal", "break", "parse", "include", "evaluate":
		return true
	}
	return false
}

// directive reads #name with its arguments, if any, and its body, if it has one.
func (p *parser) directive(start int, name string) node {
	n := &dirNode{pos: p.ix.pos(start), name: name}
	i := p.pos
	for i < len(p.src) && (isBlank(p.src[i]) || p.src[i] == '\n' || p.src[i] == '\r') {
		i++
	}
	if p.at(i) != '(' {
		if name == "macro" {
			p.fail(start, "#macro needs a name: write #macro(name $argument)")
		}
		n.lit = p.src[start:p.pos]
		return n
	}
	n.hasArg = true
	p.pos = i + 1
	p.enter()
	for {
		p.ws()
		if p.at(p.pos) == ',' {
			p.pos++
			p.ws()
		} else if p.at(p.pos) == ')' {
			break
		}
		argAt := p.pos
		a := p.operand(true)
		if _, word := a.(*wordNode); word {
			switch {
			case name == "macro" && len(n.args) == 0:
			case name == "foreach" && len(n.args) == 1:
			case isDirective(name):
				p.fail(argAt, "invalid argument "+strconv.Itoa(len(n.args))+" of #"+name)
			}
		} else if name == "macro" && len(n.args) == 0 {
			p.fail(argAt, "the first argument of #macro is its name, a plain word")
		}
		n.args = append(n.args, a)
	}
	p.leave()
	p.expect(')', "to close #"+name)
	p.skipLineRest()
	n.lit = p.src[start:p.pos]
	if !isBlockDirective(name) {
		return n
	}
	bodyAt := p.pos
	var end blockEnd
	n.body, end = p.block()
	if end.kind == "" {
		p.fail(start, "#"+name+" without #end; close it")
	}
	if end.kind != "end" {
		p.fail(end.at, "#"+end.kind+" inside #"+name+" belongs to no #if")
	}
	n.block = true
	n.raw = p.src[bodyAt:end.at]
	n.lit = p.src[start:p.pos]
	if name == "macro" {
		if len(n.args) == 0 {
			p.fail(start, "#macro needs a name: write #macro(name $argument)")
		}
		m := &macro{name: n.args[0].(*wordNode).word, body: n.body}
		for _, a := range n.args[1:] {
			r, ok := a.(*refNode)
			if !ok || len(r.parts) > 0 {
				p.fail(start, "the arguments of #macro("+m.name+") are plain references such as $x")
			}
			m.params = append(m.params, r.name)
		}
		if _, dup := p.t.macros[m.name]; !dup {
			p.t.macros[m.name] = m
		}
		return nil
	}
	if name == "define" {
		if len(n.args) != 1 {
			p.fail(start, "#define takes one reference: #define($x)")
		}
		if r, ok := n.args[0].(*refNode); !ok || len(r.parts) > 0 {
			p.fail(start, "#define takes one reference: #define($x)")
		}
	}
	if name == "foreach" {
		ok := len(n.args) >= 3
		if ok {
			r, isRef := n.args[0].(*refNode)
			w, isWord := n.args[1].(*wordNode)
			ok = isRef && len(r.parts) == 0 && isWord && w.word == "in"
		}
		if !ok {
			p.fail(start, "#foreach is written #foreach($x in $list)")
		}
	}
	return n
}

// expression reads a full expression, with the white space on both sides.
func (p *parser) expression() expr {
	p.enter()
	defer p.leave()
	return p.binary(0)
}

// levels of the binary operators, loosest first. All associate to the left.
var levels = [][]string{
	{"||"}, {"&&"}, {"==", "!="}, {"<", ">", "<=", ">="}, {"+", "-"}, {"*", "/", "%"},
}

var wordOps = map[string]string{"or": "||", "and": "&&", "eq": "==", "ne": "!=", "lt": "<", "gt": ">", "le": "<=", "ge": ">="}

// peekOp reads the binary operator at the current offset, if there is one.
func (p *parser) peekOp() (op string, width int) {
	c := p.at(p.pos)
	two := ""
	if p.pos+2 <= len(p.src) {
		two = p.src[p.pos : p.pos+2]
	}
	switch two {
	case "||", "&&", "==", "!=", "<=", ">=":
		return two, 2
	}
	switch c {
	case '<', '>', '+', '*', '/', '%':
		return string(c), 1
	case '-':
		// A sign that touches digits belongs to the number.
		if isDigit(p.at(p.pos+1)) || p.at(p.pos+1) == '.' && isDigit(p.at(p.pos+2)) {
			return "", 0
		}
		return "-", 1
	}
	i := p.pos
	for wordChar(p.at(i)) {
		i++
	}
	if op := wordOps[p.src[p.pos:i]]; op != "" {
		return op, i - p.pos
	}
	return "", 0
}

func (p *parser) binary(level int) expr {
	if level == len(levels) {
		return p.unary()
	}
	l := p.binary(level + 1)
	chain := 0
	for {
		op, width := p.peekOp()
		ok := false
		for _, o := range levels[level] {
			ok = ok || o == op
		}
		if !ok {
			return l
		}
		at := p.ix.pos(p.pos)
		p.pos += width
		// A long chain makes a deep tree, to the left. Long ones occur: one comparison for each origin.
		if chain++; chain > maxChain {
			p.limit("expression with more than " + strconv.Itoa(maxChain) + " operators")
		}
		r := p.binary(level + 1)
		l = &binNode{pos: at, op: op, l: l, r: r}
	}
}

func (p *parser) unary() expr {
	p.ws()
	if p.at(p.pos) == '!' && p.at(p.pos+1) != '=' {
		at := p.ix.pos(p.pos)
		p.pos++
		p.enter()
		defer p.leave()
		return &notNode{at, p.unary()}
	}
	if strings.HasPrefix(p.src[p.pos:], "not") && !wordChar(p.at(p.pos+3)) {
		at := p.ix.pos(p.pos)
		p.pos += 3
		p.enter()
		defer p.leave()
		return &notNode{at, p.unary()}
	}
	var x expr
	if p.at(p.pos) == '(' {
		p.pos++
		x = p.expression()
		p.expect(')', "to close the parenthesis")
	} else {
		x = p.operand(false)
	}
	p.ws()
	return x
}

// operand reads a literal or a reference. Plain words are operands of directives other than #set and #if only.
func (p *parser) operand(word bool) expr {
	at := p.pos
	c := p.at(at)
	switch {
	case c == '"' || c == '\'':
		return p.str(c)
	case c == '$' || c == '\\':
		esc := 0
		for p.at(p.pos) == '\\' {
			p.pos++
			esc++
		}
		if p.at(p.pos) == '$' {
			if r := p.reference(); r != nil {
				r.esc = esc
				return r
			}
		}
		p.fail(at, "expected a value, found "+p.found())
	case c == '[':
		return p.list()
	case c == '{':
		return p.mapLit()
	case isDigit(c) || (c == '-' || c == '.') && (isDigit(p.at(at+1)) || c == '-' && p.at(at+1) == '.' && isDigit(p.at(at+2))):
		return p.number()
	}
	i := at
	for wordChar(p.at(i)) && (i > at || !isDigit(p.at(i))) {
		i++
	}
	switch w := p.src[at:i]; {
	case w == "true", w == "false":
		p.pos = i
		return &boolNode{w == "true"}
	case word && w != "" && wordOps[w] == "" && w != "not":
		p.pos = i
		return &wordNode{w}
	}
	p.fail(at, "expected a value, found "+p.found())
	return nil
}

func (p *parser) number() expr {
	start := p.pos
	i := start
	if p.at(i) == '-' {
		i++
	}
	for isDigit(p.at(i)) {
		i++
	}
	float := false
	if p.at(i) == '.' && p.at(i+1) != '.' {
		float = true
		i++
		for isDigit(p.at(i)) {
			i++
		}
	}
	if c := p.at(i); c == 'e' || c == 'E' {
		j := i + 1
		if p.at(j) == '+' || p.at(j) == '-' {
			j++
		}
		if isDigit(p.at(j)) {
			float = true
			for isDigit(p.at(j)) {
				j++
			}
			i = j
		}
	}
	s := p.src[start:i]
	p.pos = i
	n := &numNode{pos: p.ix.pos(start)}
	if float {
		f, err := strconv.ParseFloat(s, 64)
		if err != nil {
			p.fail(start, "number "+s+" is out of range")
		}
		n.val = f
		return n
	}
	v, err := strconv.ParseInt(s, 10, 64)
	if err != nil {
		p.fail(start, "number "+s+" is out of the 64-bit range, which is as far as this evaluator goes")
	}
	n.val = v
	return n
}

// str reads a string literal. A doubled quote stands for one quote; \uXXXX for a character.
func (p *parser) str(q byte) expr {
	start := p.pos
	n := &strNode{pos: p.ix.pos(start)}
	i := start + 1
	doubled := false
	for {
		if i >= len(p.src) {
			p.fail(start, "string without closing "+string(q))
		}
		if p.src[i] == q {
			if p.at(i+1) == q {
				doubled = true
				i += 2
				continue
			}
			break
		}
		i++
	}
	s := p.src[start+1 : i]
	p.pos = i + 1
	n.lit = p.src[start:p.pos]
	if doubled {
		s = strings.ReplaceAll(s, string([]byte{q, q}), string(q))
	}
	if strings.Contains(s, `\u`) {
		u, ok := unescapeUnicode(s)
		if !ok {
			p.fail(start, `\u needs four hexadecimal digits`)
		}
		s = u
	}
	n.text = s
	if q == '"' && strings.ContainsAny(s, "$#") {
		p.enter()
		defer p.leave()
		src := s
		if !strings.Contains(s, "##") {
			src += " "
			n.tail = true
		}
		base := p.ix.pos(start)
		base.Col++
		sub := &parser{src: src, ix: newLineIndex(src, base), t: p.t, depth: p.depth, nested: true}
		body, err := sub.run()
		if err != nil {
			panic(bail{err.(*Error)})
		}
		n.body = body
	}
	return n
}

func unescapeUnicode(s string) (string, bool) {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] == '\\' && i+1 < len(s) && s[i+1] == 'u' {
			if i+6 > len(s) {
				return "", false
			}
			v, err := strconv.ParseUint(s[i+2:i+6], 16, 16)
			if err != nil {
				return "", false
			}
			b.WriteString(utf16String([]uint16{uint16(v)}))
			i += 5
			continue
		}
		b.WriteByte(s[i])
	}
	return b.String(), true
}

// list reads [a, b] or the range [a..b].
func (p *parser) list() expr {
	p.enter()
	defer p.leave()
	start := p.pos
	p.pos++
	p.ws()
	if p.at(p.pos) == ']' && p.pos == start+1 {
		p.pos++
		return &listNode{pos: p.ix.pos(start)}
	}
	first := p.operand(false)
	p.ws()
	if strings.HasPrefix(p.src[p.pos:], "..") {
		p.rangeEnd(first)
		p.pos += 2
		p.ws()
		last := p.operand(false)
		p.rangeEnd(last)
		p.ws()
		p.expect(']', "to close the range")
		return &rangeNode{p.ix.pos(start), first, last}
	}
	n := &listNode{pos: p.ix.pos(start), elems: []expr{first}}
	for p.at(p.pos) == ',' {
		p.pos++
		p.ws()
		n.elems = append(n.elems, p.operand(false))
		p.ws()
	}
	p.expect(']', "to close the list")
	return n
}

func (p *parser) rangeEnd(x expr) {
	switch v := x.(type) {
	case *refNode:
		return
	case *numNode:
		if _, ok := v.val.(int64); ok {
			return
		}
	}
	p.fail(p.pos, "the ends of a range are integers or references")
}

func (p *parser) mapLit() expr {
	p.enter()
	defer p.leave()
	n := &mapNode{pos: p.ix.pos(p.pos)}
	p.pos++
	p.ws()
	if p.at(p.pos) == '}' {
		p.pos++
		return n
	}
	for {
		p.ws()
		n.keys = append(n.keys, p.operand(false))
		p.ws()
		p.expect(':', "after the key of a map")
		p.ws()
		n.vals = append(n.vals, p.operand(false))
		p.ws()
		if p.at(p.pos) != ',' {
			break
		}
		p.pos++
	}
	p.expect('}', "to close the map")
	return n
}

func (p *parser) identifier() string {
	i := p.pos
	if c := p.at(i); !isAlpha(c) && c != '_' {
		return ""
	}
	for identChar(p.at(i)) {
		i++
	}
	s := p.src[p.pos:i]
	if s == "true" || s == "false" {
		p.fail(p.pos, s+" is a reserved word and cannot be a name; use index notation, [\""+s+"\"]")
	}
	p.pos = i
	return s
}

// reference reads $x, $!x, ${x} and what follows it. It returns nil, and reads nothing, where the dollar sign starts none.
func (p *parser) reference() *refNode {
	start := p.pos
	n := &refNode{pos: p.ix.pos(start)}
	p.pos++
	if p.at(p.pos) == '!' {
		n.quiet = true
		p.pos++
	}
	braces := p.at(p.pos) == '{'
	if braces {
		p.pos++
	}
	n.name = p.identifier()
	if n.name == "" {
		p.pos = start
		return nil
	}
	p.enter()
	defer p.leave()
	for {
		at := p.ix.pos(p.pos)
		switch {
		case p.at(p.pos) == '[':
			p.pos++
			p.ws()
			var a expr
			switch c := p.at(p.pos); {
			case c == '"', c == '\'', c == '$', c == '-', isDigit(c), c == 't', c == 'f':
				a = p.operand(false)
				if num, ok := a.(*numNode); ok {
					if _, float := num.val.(float64); float {
						p.fail(p.pos, "an index is an integer, a string or a reference")
					}
				}
			default:
				p.fail(p.pos, "expected an index after '[', found "+p.found()+"; to print a bracket after a reference write ${"+n.name+"}[")
			}
			p.ws()
			p.expect(']', "to close the index")
			n.parts = append(n.parts, refPart{pos: at, kind: indexPart, args: []expr{a}})
			continue
		case p.at(p.pos) == '.' && isAlpha(p.at(p.pos+1)):
			p.pos++
			part := refPart{pos: at, kind: propPart, name: p.identifier()}
			if p.at(p.pos) == '(' {
				part.kind = methodPart
				p.pos++
				if p.at(p.pos) != ')' {
					for {
						p.ws()
						part.args = append(part.args, p.operand(false))
						p.ws()
						if p.at(p.pos) != ',' {
							break
						}
						p.pos++
					}
				}
				p.expect(')', "to close the arguments of "+part.name)
			}
			n.parts = append(n.parts, part)
			continue
		}
		break
	}
	if braces {
		p.expect('}', "to close ${"+n.name)
	} else if p.at(p.pos) == '{' {
		// Velocity still looks for parts of a reference here.
		i := p.pos
		for p.at(i) == '{' {
			i++
		}
		if c := p.at(i); isAlpha(c) || c == '_' || c == '[' || c == '$' || c == '.' && isAlpha(p.at(i+1)) {
			p.fail(i, "a reference followed by '{' and a name does not parse; write ${"+n.name+"} with its own braces")
		}
	}
	n.plain = !braces && !n.quiet
	n.lit = p.src[start:p.pos]
	return n
}
