package vtl

import (
	"math"
	"strings"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"
)

// property is $x.name, in the order Velocity 1.7 looks: a getter of the class, then a map's key, then isName().
func (ev *eval) property(pos Pos, v any, name string) (any, error) {
	switch name {
	case "class", "Class":
		if _, host := v.(Object); !host {
			return javaClass{className(v)}, nil
		}
	}
	switch x := v.(type) {
	case *Map:
		r, _ := x.Get(name)
		return r, nil
	case *List:
		if (name == "empty" || name == "Empty") && x.Kind != JavaArray {
			return len(x.Elems) == 0, nil
		}
	case string:
		switch name {
		case "empty", "Empty":
			return x == "", nil
		case "blank", "Blank":
			return strings.TrimFunc(x, unicode.IsSpace) == "", nil
		case "bytes", "Bytes":
			return nil, ev.notKnown(pos, "$string.%s is not supported", name)
		}
	case *Entry:
		switch name {
		case "key", "Key":
			return x.Key, nil
		case "value", "Value":
			return x.Value, nil
		}
	case *loop:
		switch name {
		case "index", "Index":
			return int64(x.index), nil
		case "count", "Count":
			return int64(x.index + 1), nil
		case "hasNext":
			return !x.last, nil
		case "first", "First":
			return x.index == 0, nil
		case "last", "Last":
			return x.last, nil
		case "parent", "Parent":
			if x.parent != nil {
				return x.parent, nil
			}
		case "topmost", "Topmost":
			t := x
			for t.parent != nil {
				t = t.parent
			}
			return t, nil
		}
	case javaClass:
		switch name {
		case "name", "Name":
			return x.name, nil
		case "simpleName", "SimpleName":
			return x.name[strings.LastIndexAny(x.name, ".$")+1:], nil
		}
		return nil, ev.notKnown(pos, "properties of java.lang.Class other than name are not supported")
	case Object:
		return x.Property(name), nil
	}
	return nil, nil
}

// void is the result of a method that returns nothing.
const void = ""

// getter maps a getter's name to the property it reads: getKey to key.
func getter(name string) string {
	if len(name) > 3 && strings.HasPrefix(name, "get") && name[3] >= 'A' && name[3] <= 'Z' {
		return strings.ToLower(name[3:4]) + name[4:]
	}
	return ""
}

// unsupported are methods the Java classes have and this package does not; calling one is an error, while a method that
// Java lacks too is null.
var unsupported = map[string]bool{
	"chars": true, "codePoints": true, "codePointAt": true, "codePointBefore": true, "codePointCount": true,
	"getBytes": true, "intern": true, "join": true, "valueOf": true, "copyValueOf": true, "regionMatches": true, "wait": true,
	"notify": true, "notifyAll": true, "stream": true, "parallelStream": true, "forEach": true, "spliterator": true,
	"replaceAllIn": true, "sort": true, "compute": true, "computeIfAbsent": true, "computeIfPresent": true, "merge": true,
	"clone": true, "listIterator": true, "removeIf": true, "removeAll": true, "retainAll": true, "toCharArray": true,
	"getChars": true, "offsetByCodePoints": true, "subSequence": true, "contentEquals": true, "lines": true, "strip": true,
	"stripLeading": true, "stripTrailing": true, "stripIndent": true, "translateEscapes": true, "formatted": true, "format": true,
	"describeConstable": true, "resolveConstantDesc": true, "indent": true, "transform": true, "hashCode": true,
	"toBigInteger": true, "trimToSize": true, "ensureCapacity": true, "bitCount": true,
}

// call is $v.name(args). A method the class lacks for these arguments is null, as in Velocity.
func (ev *eval) call(pos Pos, v any, name string, args []any) (any, error) {
	if err := ev.step(pos); err != nil {
		return nil, err
	}
	if h, ok := v.(Object); ok {
		if c, ok := v.(caller); ok {
			r, err := c.call(ev, pos, name, args)
			return r, ev.wrap(pos, err)
		}
		r, _, err := h.Method(name, args)
		return r, ev.wrap(pos, err)
	}
	r, ok, err := ev.classCall(pos, v, name, args)
	if err != nil || ok {
		return r, err
	}
	if name == "compareTo" && len(args) == 1 {
		switch v.(type) {
		case string, int64, float64, bool:
			return nil, ev.errf(pos, "compareTo of %s cannot take %s", className(v), className(args[0]))
		}
	}
	switch {
	case name == "toString" && len(args) == 0:
		return ev.text(pos, v)
	case name == "equals" && len(args) == 1:
		eq, err := ev.javaEqual(pos, v, args[0])
		return eq, err
	case name == "getClass" && len(args) == 0:
		return javaClass{className(v)}, nil
	}
	if unsupported[name] {
		return nil, ev.notKnown(pos, "the Java method %s of %s is not supported by this evaluator", name, className(v))
	}
	return nil, nil
}

// caller is a host object whose methods need the evaluation.
type caller interface {
	call(ev *eval, pos Pos, name string, args []any) (any, error)
}

func (ev *eval) classCall(pos Pos, v any, name string, args []any) (any, bool, error) {
	switch x := v.(type) {
	case string:
		return ev.stringCall(pos, x, name, args)
	case *List:
		return ev.listCall(pos, x, name, args)
	case *Map:
		return ev.mapCall(pos, x, name, args)
	case *Entry:
		switch {
		case name == "getKey" && len(args) == 0:
			return x.Key, true, nil
		case name == "getValue" && len(args) == 0:
			return x.Value, true, nil
		case name == "setValue":
			return nil, true, ev.notKnown(pos, "setValue of a map's entry is not supported; put the key into the map")
		}
	case *iterator:
		switch {
		case name == "hasNext" && len(args) == 0:
			return x.hasNext(), true, nil
		case name == "next" && len(args) == 0:
			r, err := x.next()
			return r, true, ev.wrap(pos, err)
		}
	case *loop:
		if p := getter(name); p != "" && len(args) == 0 {
			r, err := ev.property(pos, x, p)
			return r, true, err
		}
		if len(args) == 0 {
			switch name {
			case "hasNext":
				return !x.last, true, nil
			case "isFirst":
				return x.index == 0, true, nil
			case "isLast":
				return x.last, true, nil
			case "size":
				return int64(0), true, nil
			case "clear":
				return void, true, nil
			case "isEmpty":
				return true, true, nil
			}
		}
	case int64:
		if len(args) == 0 {
			switch name {
			case "intValue", "longValue", "shortValue", "byteValue":
				switch name {
				case "intValue":
					return int64(int32(x)), true, nil
				case "shortValue":
					return int64(int16(x)), true, nil
				case "byteValue":
					return int64(int8(x)), true, nil
				}
				return x, true, nil
			case "doubleValue", "floatValue":
				return float64(x), true, nil
			}
		}
		if y, ok := one[int64](args); ok && (name == "compareTo" || name == "compare") {
			c, _ := compareNumbers(x, y)
			return int64(c), true, nil
		}
	case float64:
		if len(args) == 0 {
			switch name {
			case "intValue":
				return int64(int32(clamp(x, math.MinInt32, math.MaxInt32))), true, nil
			case "longValue":
				return int64(clamp(x, -9223372036854774784, 9223372036854774784)), true, nil
			case "doubleValue":
				return x, true, nil
			case "isNaN":
				return math.IsNaN(x), true, nil
			case "isInfinite":
				return math.IsInf(x, 0), true, nil
			}
		}
		if y, ok := one[float64](args); ok && name == "compareTo" {
			c, _ := compareNumbers(x, y)
			return int64(c), true, nil
		}
	case bool:
		if len(args) == 0 && name == "booleanValue" {
			return x, true, nil
		}
		if y, ok := one[bool](args); ok && name == "compareTo" {
			switch {
			case x == y:
				return int64(0), true, nil
			case x:
				return int64(1), true, nil
			}
			return int64(-1), true, nil
		}
	case javaClass:
		if len(args) == 0 && (name == "getName" || name == "getSimpleName") {
			r, err := ev.property(pos, x, getter(name))
			return r, true, err
		}
		return nil, true, ev.notKnown(pos, "methods of java.lang.Class other than getName are not supported")
	case *block:
		s, err := ev.text(pos, x)
		return s, name == "toString", err
	}
	return nil, false, nil
}

func clamp(x, lo, hi float64) float64 {
	if math.IsNaN(x) {
		return 0
	}
	return math.Max(lo, math.Min(hi, x))
}

// isText tells a string, or null where one is expected.
func isText(v any) bool {
	_, ok := v.(string)
	return ok || v == nil
}

func one[T any](args []any) (v T, ok bool) {
	if len(args) != 1 {
		return v, false
	}
	v, ok = args[0].(T)
	return v, ok
}

func two[A, B any](args []any) (a A, b B, ok bool) {
	if len(args) != 2 {
		return a, b, false
	}
	a, ok1 := args[0].(A)
	b, ok2 := args[1].(B)
	return a, b, ok1 && ok2
}

// ints reports whether all arguments are integers that fit Java's int.
func ints(args []any) bool {
	for _, a := range args {
		i, ok := a.(int64)
		if !ok || i > math.MaxInt32 || i < math.MinInt32 {
			return false
		}
	}
	return true
}

// nullArg reports whether a method that needs a string was given null, which throws in Java.
func (ev *eval) nullArg(pos Pos, name string) error {
	return ev.errf(pos, "%s was given null; test the value before, as in #if(\"$!x\" != \"\")", name)
}

func (ev *eval) stringCall(pos Pos, s, name string, args []any) (any, bool, error) {
	if err := ev.charge(pos, len(s)/8); err != nil {
		return nil, true, err
	}
	switch len(args) {
	case 0:
		switch name {
		case "length":
			n, err := ev.strLen(pos, s)
			return int64(n), true, err
		case "isEmpty":
			return s == "", true, nil
		case "isBlank":
			return strings.TrimFunc(s, unicode.IsSpace) == "", true, nil
		case "toLowerCase", "toUpperCase":
			if err := ev.charge(pos, len(s)); err != nil {
				return nil, true, err
			}
			if !ascii(s) {
				// Java folds in the JVM's locale and maps some characters to several; Go maps one to one.
				for _, r := range s {
					if r == 'İ' || r == 'ß' || r == 'ŉ' || r == 'Σ' || r >= 0xFB00 && r <= 0xFB17 || r >= 0x1E96 && r <= 0x1FFC || r == 'ǰ' || r == 'ΐ' || r == 'ΰ' || r == 'և' {
						return nil, true, ev.notKnown(pos, "%s of %q depends on the Java runtime and is not supported", name, r)
					}
				}
			}
			if name == "toLowerCase" {
				return strings.ToLower(s), true, nil
			}
			return strings.ToUpper(s), true, nil
		case "trim":
			return strings.TrimFunc(s, func(r rune) bool { return r <= ' ' }), true, nil
		case "hashCode":
			if err := ev.charge(pos, 4*len(s)); err != nil {
				return nil, true, err
			}
			var h int32
			for _, u := range utf16.Encode([]rune(s)) {
				h = h*31 + int32(u)
			}
			return int64(h), true, nil
		case "toCharArray":
			if err := ev.charge(pos, 4*len(s)); err != nil {
				return nil, true, err
			}
			l := &List{Kind: JavaArray}
			for _, u := range utf16.Encode([]rune(s)) {
				l.Elems = append(l.Elems, utf16String([]uint16{u}))
			}
			return l, true, ev.charge(pos, 32*len(l.Elems))
		}
	case 1:
		if a, ok := args[0].(string); ok {
			switch name {
			case "contains":
				return strings.Contains(s, a), true, nil
			case "startsWith":
				return strings.HasPrefix(s, a), true, nil
			case "endsWith":
				return strings.HasSuffix(s, a), true, nil
			case "concat":
				return s + a, true, ev.charge(pos, len(s)+len(a))
			case "indexOf":
				return ev.utf16Index(pos, s, strings.Index(s, a))
			case "lastIndexOf":
				return ev.utf16Index(pos, s, strings.LastIndex(s, a))
			case "equals":
				return s == a, true, ev.compared(pos, s, a)
			case "equalsIgnoreCase":
				return strings.EqualFold(s, a), true, ev.charge(pos, min(len(s), len(a)))
			case "compareTo":
				return int64(compareUTF16(s, a)), true, ev.charge(pos, min(len(s), len(a)))
			case "compareToIgnoreCase":
				if err := ev.charge(pos, 2*(len(s)+len(a))); err != nil {
					return nil, true, err
				}
				return int64(compareUTF16(strings.ToLower(strings.ToUpper(s)), strings.ToLower(strings.ToUpper(a)))), true, nil
			case "matches":
				r, err := ev.matches(pos, s, a)
				return r, true, err
			case "split":
				r, err := ev.split(pos, s, a, 0)
				return r, true, err
			}
		}
		if args[0] == nil {
			switch name {
			case "contains", "startsWith", "endsWith", "concat", "compareTo", "matches", "split", "compareToIgnoreCase":
				return nil, true, ev.nullArg(pos, name)
			case "equals", "equalsIgnoreCase":
				return false, true, nil
			}
		}
		if ints(args) {
			i := int(args[0].(int64))
			n, err := ev.strLen(pos, s)
			if err != nil {
				return nil, true, err
			}
			switch name {
			case "substring":
				if i < 0 || i > n {
					return nil, true, ev.errf(pos, "substring(%d) is out of bounds for length %d", i, n)
				}
				r, err := ev.substring(pos, s, i, n)
				return r, true, err
			case "charAt":
				if i < 0 || i >= n {
					return nil, true, ev.errf(pos, "charAt(%d) is out of bounds for length %d", i, n)
				}
				r, err := ev.substring(pos, s, i, i+1)
				return r, true, err
			case "repeat":
				if i < 0 {
					return nil, true, ev.errf(pos, "repeat(%d): the count is negative", i)
				}
				if n > 0 && i > ev.lim.Output/n {
					return nil, true, ev.charge(pos, ev.lim.Output+1)
				}
				return strings.Repeat(s, i), true, ev.charge(pos, i*len(s))
			case "indexOf":
				return ev.utf16Index(pos, s, strings.IndexRune(s, rune(i)))
			case "lastIndexOf":
				return ev.utf16Index(pos, s, strings.LastIndex(s, string(rune(i))))
			}
		}
	case 2:
		if a, b, ok := two[string, string](args); ok {
			switch name {
			case "replace":
				n := strings.Count(s, a)
				if err := ev.charge(pos, len(s)+n*(len(b)-len(a))); err != nil {
					return nil, true, err
				}
				return strings.ReplaceAll(s, a, b), true, nil
			case "replaceAll", "replaceFirst":
				r, err := ev.replace(pos, s, a, b, name == "replaceAll")
				return r, true, err
			}
		}
		if isText(args[0]) && isText(args[1]) {
			switch name {
			case "replace", "replaceAll", "replaceFirst":
				return nil, true, ev.nullArg(pos, name)
			}
		}
		if ints(args) && name == "indexOf" {
			c := rune(args[0].(int64))
			r, err := ev.indexFrom(pos, s, args[1].(int64), func(rest string) int { return strings.IndexRune(rest, c) })
			return r, true, err
		}
		if ints(args) && name == "substring" {
			i, j := int(args[0].(int64)), int(args[1].(int64))
			n, err := ev.strLen(pos, s)
			if err != nil {
				return nil, true, err
			}
			if i < 0 || j > n || i > j {
				return nil, true, ev.errf(pos, "substring(%d, %d) is out of bounds for length %d", i, j, n)
			}
			r, err := ev.substring(pos, s, i, j)
			return r, true, err
		}
		if a, i, ok := two[string, int64](args); ok && ints(args[1:]) {
			switch name {
			case "split":
				r, err := ev.split(pos, s, a, int(i))
				return r, true, err
			case "indexOf", "lastIndexOf", "startsWith":
				if name == "indexOf" {
					r, err := ev.indexFrom(pos, s, i, func(rest string) int { return strings.Index(rest, a) })
					return r, true, err
				}
				n, err := ev.strLen(pos, s)
				if err != nil {
					return nil, true, err
				}
				if name == "startsWith" {
					if i < 0 || i > int64(n) {
						return false, true, nil
					}
					rest, err := ev.substring(pos, s, int(i), n)
					return strings.HasPrefix(rest, a), true, err
				}
				if i < 0 {
					return int64(-1), true, nil
				}
				head, err := ev.substring(pos, s, 0, int(min(i+int64(units(a)), int64(n))))
				if err != nil {
					return nil, true, err
				}
				return ev.utf16Index(pos, head, strings.LastIndex(head, a))
			}
		}
	}
	return nil, false, nil
}

// compareUTF16 is String.compareTo: the difference of the first unlike units, or of the lengths.
func compareUTF16(a, b string) int {
	for a != "" && b != "" {
		r, w := utf8.DecodeRuneInString(a)
		q, v := utf8.DecodeRuneInString(b)
		if r != q {
			x, y := utf16.Encode([]rune{r}), utf16.Encode([]rune{q})
			if x[0] == y[0] { // of one plane; both have a second unit
				return int(x[1]) - int(y[1])
			}
			return int(x[0]) - int(y[0])
		}
		a, b = a[w:], b[v:]
	}
	return units(a) - units(b)
}

// indexFrom is indexOf from a position on, which Java moves into the text.
func (ev *eval) indexFrom(pos Pos, s string, i int64, find func(rest string) int) (any, error) {
	n, err := ev.strLen(pos, s)
	if err != nil {
		return nil, err
	}
	i = max(0, min(i, int64(n)))
	rest, err := ev.substring(pos, s, int(i), n)
	if err != nil {
		return nil, err
	}
	k := find(rest)
	if k < 0 {
		return int64(-1), nil
	}
	m, err := ev.strLen(pos, rest[:k])
	return i + int64(m), err
}

func (ev *eval) listCall(pos Pos, l *List, name string, args []any) (any, bool, error) {
	ev.steps += len(l.Elems) / 16
	grow := func(n int) error { return ev.charge(pos, 16*n) }
	switch {
	case name == "size" && len(args) == 0:
		return int64(len(l.Elems)), true, nil
	case name == "isEmpty" && len(args) == 0:
		return len(l.Elems) == 0, true, nil
	case name == "contains" && len(args) == 1:
		ok, err := ev.contains(pos, l.Elems, args[0])
		return ok, true, err
	}
	indexed := l.Kind == ArrayList || l.Kind == JSONArray
	if (indexed || l.Kind == JavaArray) && len(args) > 0 && (name == "get" || name == "set") && ints(args[:1]) {
		i := args[0].(int64)
		in := i >= 0 && i < int64(len(l.Elems))
		switch {
		case name == "get" && len(args) == 1:
			if !in {
				return nil, true, ev.errf(pos, "get(%d) is out of bounds for length %d", i, len(l.Elems))
			}
			return l.Elems[i], true, nil
		case name == "set" && len(args) == 2:
			if !in {
				return nil, true, ev.errf(pos, "set(%d) is out of bounds for length %d", i, len(l.Elems))
			}
			if l.Kind == JavaArray {
				if _, ok := args[1].(string); !ok {
					return nil, true, ev.errf(pos, "an array of strings takes strings only")
				}
			}
			old := l.Elems[i]
			l.Elems[i] = args[1]
			return old, true, nil
		}
	}
	if l.Kind == JavaArray {
		return nil, false, nil
	}
	switch {
	case name == "iterator" && len(args) == 0:
		return iterate(l), true, nil
	case name == "containsAll" && len(args) == 1:
		o, ok := args[0].(*List)
		if !ok || o.Kind == JavaArray {
			return nil, false, nil
		}
		for _, x := range o.Elems {
			if ok, err := ev.contains(pos, l.Elems, x); err != nil || !ok {
				return false, true, err
			}
		}
		return true, true, nil
	case name == "toArray" && len(args) == 0:
		return &List{Kind: JavaArray, Elems: append([]any(nil), l.Elems...)}, true, grow(len(l.Elems))
	}
	if !indexed {
		switch name {
		case "add", "addAll", "remove", "clear":
			return nil, true, ev.notKnown(pos, "%s on a view of a map is not supported; change the map", name)
		}
		return nil, false, nil
	}
	switch {
	case name == "add" && len(args) == 1:
		l.Elems = append(l.Elems, args[0])
		return true, true, grow(1)
	case (name == "add" || name == "addAll") && len(args) == 2 && ints(args[:1]):
		i := args[0].(int64)
		if i < 0 || i > int64(len(l.Elems)) {
			return nil, true, ev.errf(pos, "%s(%d) is out of bounds for length %d", name, i, len(l.Elems))
		}
		ins := []any{args[1]}
		if name == "addAll" {
			o, ok := args[1].(*List)
			if !ok || o.Kind == JavaArray {
				return nil, false, nil
			}
			ins = append([]any(nil), o.Elems...)
		}
		l.Elems = append(l.Elems[:i:i], append(ins, l.Elems[i:]...)...)
		if name == "add" {
			return void, true, grow(len(l.Elems))
		}
		return len(ins) > 0, true, grow(len(l.Elems))
	case name == "addAll" && len(args) == 1:
		o, ok := args[0].(*List)
		if !ok || o.Kind == JavaArray {
			return nil, false, nil
		}
		if err := grow(len(o.Elems)); err != nil {
			return nil, true, err
		}
		l.Elems = append(l.Elems, o.Elems...)
		return len(o.Elems) > 0, true, nil
	case name == "remove" && len(args) == 1:
		i := -1
		var res any = false
		if ints(args) {
			i = int(args[0].(int64))
			if i < 0 || i >= len(l.Elems) {
				return nil, true, ev.errf(pos, "remove(%d) is out of bounds for length %d", i, len(l.Elems))
			}
			res = l.Elems[i]
		} else {
			for j, e := range l.Elems {
				eq, err := ev.javaEqual(pos, e, args[0])
				if err != nil {
					return nil, true, err
				}
				if eq {
					i, res = j, true
					break
				}
			}
		}
		if i >= 0 {
			l.Elems = append(l.Elems[:i:i], l.Elems[i+1:]...)
		}
		return res, true, grow(len(l.Elems))
	case name == "clear" && len(args) == 0:
		l.Elems = nil
		return void, true, nil
	case (name == "indexOf" || name == "lastIndexOf") && len(args) == 1:
		at := int64(-1)
		for j, e := range l.Elems {
			eq, err := ev.javaEqual(pos, e, args[0])
			if err != nil {
				return nil, true, err
			}
			if eq {
				at = int64(j)
				if name == "indexOf" {
					break
				}
			}
		}
		return at, true, nil
	case name == "subList" && len(args) == 2 && ints(args):
		i, j := args[0].(int64), args[1].(int64)
		if i < 0 || j > int64(len(l.Elems)) || i > j {
			return nil, true, ev.errf(pos, "subList(%d, %d) is out of bounds for length %d", i, j, len(l.Elems))
		}
		return &List{Elems: append([]any(nil), l.Elems[i:j]...)}, true, grow(int(j - i))
	case l.Kind == JSONArray && name == "toJSONString" && len(args) == 0:
		s, err := ev.text(pos, l)
		return s, true, err
	}
	return nil, false, nil
}

func (ev *eval) mapCall(pos Pos, m *Map, name string, args []any) (any, bool, error) {
	if len(args) > 0 {
		if _, ok := mapKey(args[0]); !ok && name != "putAll" && name != "containsValue" && name != "equals" {
			switch name {
			case "get", "containsKey", "remove", "getOrDefault":
				if _, host := args[0].(Object); !host {
					// No such key can be in the map, since put refuses it.
					if name == "containsKey" {
						return false, true, nil
					}
					if name == "getOrDefault" && len(args) == 2 {
						return args[1], true, nil
					}
					return nil, true, nil
				}
			}
		}
	}
	views := func(kind ListKind, f func(*Entry) any) (any, bool, error) {
		l := &List{Kind: kind, owner: m}
		for _, e := range m.entries {
			l.Elems = append(l.Elems, f(e))
		}
		ev.steps += len(l.Elems) / 4
		return l, true, ev.charge(pos, 16*len(l.Elems))
	}
	switch len(args) {
	case 0:
		switch name {
		case "size":
			return int64(m.Len()), true, nil
		case "isEmpty":
			return m.Len() == 0, true, nil
		case "keySet":
			return views(JavaSet, func(e *Entry) any { return e.Key })
		case "values":
			return views(JavaCollection, func(e *Entry) any { return e.Value })
		case "entrySet":
			return views(JavaSet, func(e *Entry) any { return e })
		case "clear":
			m.entries, m.index = nil, nil
			return void, true, nil
		}
	case 1:
		if err := ev.charge(pos, keyCost(args[0])); err != nil {
			return nil, true, err
		}
		switch name {
		case "get":
			v, _ := m.Get(args[0])
			return v, true, nil
		case "containsKey":
			_, ok := m.Get(args[0])
			return ok, true, nil
		case "containsValue":
			for _, e := range m.entries {
				if ok, err := ev.javaEqual(pos, e.Value, args[0]); err != nil || ok {
					return ok, true, err
				}
			}
			return false, true, nil
		case "remove":
			ev.steps += m.Len() / 4
			return m.Delete(args[0]), true, nil
		case "putAll":
			o, ok := args[0].(*Map)
			if !ok {
				return nil, false, nil
			}
			for _, e := range o.Entries() {
				if err := ev.step(pos); err != nil {
					return nil, true, err
				}
				if _, err := ev.put(pos, m, e.Key, e.Value); err != nil {
					return nil, true, err
				}
			}
			return void, true, ev.charge(pos, 64*o.Len())
		}
	case 2:
		if err := ev.charge(pos, keyCost(args[0])); err != nil {
			return nil, true, err
		}
		switch name {
		case "put":
			if err := ev.charge(pos, 64); err != nil {
				return nil, true, err
			}
			old, err := ev.put(pos, m, args[0], args[1])
			return old, true, err
		case "getOrDefault":
			if v, ok := m.Get(args[0]); ok {
				return v, true, nil
			}
			return args[1], true, nil
		case "putIfAbsent":
			if v, _ := m.Get(args[0]); v != nil {
				return v, true, nil
			}
			_, err := ev.put(pos, m, args[0], args[1])
			return nil, true, err
		case "replace":
			if _, ok := m.Get(args[0]); !ok {
				return nil, true, nil
			}
			old, err := ev.put(pos, m, args[0], args[1])
			return old, true, err
		}
	}
	return nil, false, nil
}
