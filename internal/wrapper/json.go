package wrapper

import (
	"bytes"
	"encoding/json"
)

// A member is one of a JSON object: data[start:end], whose value is data[value:end].
type member struct {
	name              string
	start, value, end int
}

// object returns the members of the JSON object that data begins with, and where it
// ends. What the values hold is not checked.
func object(data []byte) (members []member, end int, ok bool) {
	i := blanks(data, 0)
	if i == len(data) || data[i] != '{' {
		return nil, 0, false
	}
	i = blanks(data, i+1)
	if i < len(data) && data[i] == '}' {
		return nil, i + 1, true
	}
	for {
		m := member{start: i}
		if i == len(data) || data[i] != '"' {
			return nil, 0, false
		}
		if i, ok = valueEnd(data, i); !ok {
			return nil, 0, false
		}
		if m.name, ok = text(data[m.start:i]); !ok {
			return nil, 0, false
		}
		if i = blanks(data, i); i == len(data) || data[i] != ':' {
			return nil, 0, false
		}
		m.value = blanks(data, i+1)
		if m.end, ok = valueEnd(data, m.value); !ok {
			return nil, 0, false
		}
		members = append(members, m)
		if i = blanks(data, m.end); i == len(data) {
			return nil, 0, false
		}
		switch data[i] {
		case '}':
			return members, i + 1, true
		case ',':
			i = blanks(data, i+1)
		default:
			return nil, 0, false
		}
	}
}

// text decodes a JSON string. Nearly none has anything to decode.
func text(quoted []byte) (s string, ok bool) {
	if bytes.IndexByte(quoted, '\\') < 0 {
		return string(quoted[1 : len(quoted)-1]), true
	}
	err := json.Unmarshal(quoted, &s)
	return s, err == nil
}

func blanks(data []byte, i int) int {
	for i < len(data) && (data[i] == ' ' || data[i] == '\t' || data[i] == '\n' || data[i] == '\r') {
		i++
	}
	return i
}

// valueEnd returns where the JSON value ends that begins at data[i].
func valueEnd(data []byte, i int) (end int, ok bool) {
	if i == len(data) {
		return 0, false
	}
	switch data[i] {
	case '"', '{', '[':
		s := scanner{at: i}
		ok := s.scan(data)
		return s.at, ok
	}
	n := bytes.IndexAny(data[i:], ",}] \t\r\n")
	return i + n, n > 0
}

// A scanner finds the end of a JSON string, array or object in data that grows.
type scanner struct {
	at     int // first where the value begins, at last where it ends
	depth  int
	quoted bool
}

// scan goes on in data, which has what it had, and reports whether the end is in it.
func (s *scanner) scan(data []byte) bool {
	for s.at < len(data) {
		if s.quoted {
			n := bytes.IndexByte(data[s.at:], '"')
			if n < 0 {
				s.at = len(data)
				return false
			}
			s.at += n
			s.quoted = escaped(data, s.at)
		} else {
			switch data[s.at] {
			case '"':
				s.quoted = true
			case '{', '[':
				s.depth++
			case '}', ']':
				s.depth--
			}
		}
		s.at++
		if s.depth == 0 && !s.quoted {
			return true
		}
	}
	return false
}

// escaped reports whether the quote at data[i], in a string, is part of it.
func escaped(data []byte, i int) bool {
	n := 0
	for data[i-1-n] == '\\' {
		n++
	}
	return n%2 == 1
}
