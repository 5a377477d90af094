package vtl

import (
	"errors"
	"math"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// ListKind says which Java class a [List] stands for; printing and methods depend on it.
type ListKind int

const (
	// ArrayList is a list literal or a range: prints as [a, b].
	ArrayList ListKind = iota
	// JSONArray is an array from $input.path or $util.parseJson: prints as compact JSON.
	JSONArray
	// JavaArray is the result of String.split. Its printed form on the JVM holds a random address.
	JavaArray
	// JavaSet is what keySet and entrySet give, without access by index.
	JavaSet
	// JavaCollection is the result of Map.values, without access by index.
	JavaCollection
)

// List is a Java list, array, set or collection.
type List struct {
	Kind  ListKind
	Elems []any
	owner *Map // of a view
}

// NewList returns an ArrayList of the elements.
func NewList(elems ...any) *List { return &List{Elems: elems} }

// Map is a Java LinkedHashMap: it keeps the order of insertion.
type Map struct {
	entries []*Entry
	index   map[any]int // of their keys, as mapKey has them; nil where there are few
	// onPut, if set, is asked before every change and may refuse it.
	onPut func(ev *eval, pos Pos, key string, v any) error
	// Name, if set, is what the map's values are called in traces.
	Name string
}

// Entry is a key with its value, as in entrySet.
type Entry struct {
	Key, Value any
}

// NewMap returns an empty map.
func NewMap() *Map { return &Map{} }

// few is how many entries are searched one by one.
const few = 8

// mapKey returns what is equal for equal keys.
func mapKey(k any) (any, bool) {
	switch v := k.(type) {
	case nil, string, bool, int64:
		return k, true
	case float64: // Java has NaN equal itself, and 0.0 not -0.0
		return math.Float64bits(v), true
	}
	return nil, false
}

// find returns the place of a key's entry, or -1.
func (m *Map) find(k any) int {
	if m.index != nil {
		if i, ok := m.index[k]; ok {
			return i
		}
		return -1
	}
	for i, e := range m.entries {
		if have, _ := mapKey(e.Key); have == k {
			return i
		}
	}
	return -1
}

// keyCost is what looking a key up costs, in bytes.
func keyCost(k any) int {
	s, _ := k.(string)
	return len(s)
}

// Get returns the value of a key and whether the key is there.
func (m *Map) Get(key any) (any, bool) {
	k, ok := mapKey(key)
	if !ok {
		return nil, false
	}
	i := m.find(k)
	if i < 0 {
		return nil, false
	}
	return m.entries[i].Value, true
}

// Put sets a key, which must be null, a string, a boolean or a number, and returns its old value.
func (m *Map) Put(key, val any) (old any) {
	k, ok := mapKey(key)
	if !ok {
		return nil
	}
	if i := m.find(k); i >= 0 {
		old = m.entries[i].Value
		m.entries[i].Value = val
		return old
	}
	m.entries = append(m.entries, &Entry{key, val})
	if m.index != nil {
		m.index[k] = len(m.entries) - 1
	} else if len(m.entries) > few {
		m.reindex()
	}
	return nil
}

// Delete removes a key and returns its value.
func (m *Map) Delete(key any) (old any) {
	k, ok := mapKey(key)
	if !ok {
		return nil
	}
	i := m.find(k)
	if i < 0 {
		return nil
	}
	old = m.entries[i].Value
	m.entries = append(m.entries[:i:i], m.entries[i+1:]...)
	if m.index != nil {
		m.reindex()
	}
	return old
}

func (m *Map) reindex() {
	m.index = make(map[any]int, len(m.entries))
	for i, e := range m.entries {
		k, _ := mapKey(e.Key)
		m.index[k] = i
	}
}

// Len returns the number of keys.
func (m *Map) Len() int { return len(m.entries) }

// Entries returns the entries in order. The slice is a copy, the entries are not.
func (m *Map) Entries() []*Entry { return append([]*Entry(nil), m.entries...) }

// block is what #define stores: nodes rendered anew each time they are printed.
type block struct {
	body  []node
	scope *scope
}

// loop is $foreach.
type loop struct {
	index  int
	last   bool
	parent *loop
}

// iterator is the result of iterator(). It fails, as Java's do, once its collection has grown or shrunk.
type iterator struct {
	size func() int
	get  func(int) any
	at   int
	from int // the size at the start
	view bool
}

func (it *iterator) hasNext() bool {
	if it.view {
		return it.at < it.from
	}
	return it.at != it.size()
}

func (it *iterator) next() (any, error) {
	if it.size() != it.from {
		return nil, errors.New("the collection was changed while it was iterated over")
	}
	if it.at >= it.from {
		return nil, errors.New("next() after the last element")
	}
	it.at++
	return it.get(it.at - 1), nil
}

// iterate returns an iterator over a collection or a map's values, or nil where the value is neither.
func iterate(v any) *iterator {
	switch x := v.(type) {
	case *List:
		if x.owner != nil {
			return &iterator{size: x.owner.Len, get: func(i int) any { return x.Elems[i] }, from: len(x.Elems), view: true}
		}
		return &iterator{size: func() int { return len(x.Elems) }, get: func(i int) any { return x.Elems[i] }, from: len(x.Elems), view: x.Kind == JavaArray}
	case *Map:
		return &iterator{size: x.Len, get: func(i int) any { return x.entries[i].Value }, from: x.Len(), view: true}
	case *iterator:
		return x
	}
	return nil
}

// javaClass is the result of getClass().
type javaClass struct{ name string }

// Object is a value that the caller supplies, such as $input and $util.
type Object interface {
	// Property returns $x.name; absent properties are null.
	Property(name string) any
	// Method returns the value of $x.name(args). Where there is no such method for these arguments, ok is false and the value is null.
	Method(name string, args []any) (v any, ok bool, err error)
}

// javaDouble prints a number as Double.toString does.
func javaDouble(f float64) string {
	switch {
	case math.IsNaN(f):
		return "NaN"
	case math.IsInf(f, 1):
		return "Infinity"
	case math.IsInf(f, -1):
		return "-Infinity"
	case f == 0:
		if math.Signbit(f) {
			return "-0.0"
		}
		return "0.0"
	}
	if a := math.Abs(f); a >= 1e-3 && a < 1e7 {
		s := strconv.FormatFloat(f, 'f', -1, 64)
		if !strings.Contains(s, ".") {
			s += ".0"
		}
		return s
	}
	s := strconv.FormatFloat(f, 'E', -1, 64)
	mant, exp, _ := strings.Cut(s, "E")
	if !strings.Contains(mant, ".") {
		mant += ".0"
	}
	n, err := strconv.Atoi(exp)
	if err != nil {
		return s
	}
	return mant + "E" + strconv.Itoa(n)
}

// className returns the Java class of a value.
func className(v any) string {
	switch x := v.(type) {
	case string:
		return "java.lang.String"
	case bool:
		return "java.lang.Boolean"
	case int64:
		if x > math.MaxInt32 || x < math.MinInt32 {
			return "java.lang.Long"
		}
		return "java.lang.Integer"
	case float64:
		return "java.lang.Double"
	case *List:
		switch x.Kind {
		case JSONArray:
			return "net.minidev.json.JSONArray"
		case JavaArray:
			return "[Ljava.lang.String;"
		case JavaSet:
			return "java.util.LinkedHashMap$LinkedKeySet"
		case JavaCollection:
			return "java.util.LinkedHashMap$LinkedValues"
		}
		return "java.util.ArrayList"
	case *Map:
		return "java.util.LinkedHashMap"
	case *Entry:
		return "java.util.LinkedHashMap$Entry"
	case javaClass:
		return "java.lang.Class"
	}
	return "java.lang.Object"
}

// ascii reports whether UTF-16 units and bytes are the same thing in s.
func ascii(s string) bool {
	for i := 0; i < len(s); i++ {
		if s[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// isASCII is ascii, paid for, and remembers the last text it was true of: loops ask again and again about one.
func (ev *eval) isASCII(pos Pos, s string) (bool, error) {
	if s == ev.ascii { // quick where it is the same text; others mostly differ in length
		return true, nil
	}
	if err := ev.charge(pos, len(s)); err != nil {
		return false, err
	}
	if !ascii(s) {
		return false, nil
	}
	ev.ascii = s
	return true, nil
}

// strLen returns String.length().
func (ev *eval) strLen(pos Pos, s string) (int, error) {
	if ok, err := ev.isASCII(pos, s); ok || err != nil {
		return len(s), err
	}
	return units(s), nil
}

// units counts the UTF-16 units of a text.
func units(s string) int {
	n := 0
	for _, r := range s {
		n++
		if r > 0xffff {
			n++
		}
	}
	return n
}

// substring returns s[from:to] in UTF-16 units; the caller has checked the bounds.
func (ev *eval) substring(pos Pos, s string, from, to int) (string, error) {
	if ok, err := ev.isASCII(pos, s); ok || err != nil {
		if ok {
			s = s[from:to]
		}
		return s, err
	}
	if err := ev.charge(pos, 4*len(s)); err != nil {
		return "", err
	}
	return utf16String(utf16.Encode([]rune(s))[from:to]), nil
}

func utf16String(u []uint16) string { return string(utf16.Decode(u)) }

// utf16Index turns a byte offset into a count of UTF-16 units.
func (ev *eval) utf16Index(pos Pos, s string, off int) (any, bool, error) {
	if off < 0 {
		return int64(off), true, nil
	}
	n, err := ev.strLen(pos, s[:off])
	return int64(n), true, err
}
