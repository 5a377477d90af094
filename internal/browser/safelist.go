package browser

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
)

// SafelistedMethod reports whether a request with this method needs no preflight on its account: GET, HEAD and POST
// (https://fetch.spec.whatwg.org/#cors-safelisted-method). The method is taken as it is; see [NormalizeMethod].
func SafelistedMethod(method string) bool {
	return method == "GET" || method == "HEAD" || method == "POST"
}

// NormalizeMethod returns the method the browser sends for the one a script wrote
// (https://fetch.spec.whatwg.org/#concept-method-normalize): DELETE, GET, HEAD, OPTIONS, POST and PUT in any case become
// upper-case. Nothing else changes: "patch" stays "patch", which no server's Access-Control-Allow-Methods: PATCH allows.
func NormalizeMethod(method string) string {
	switch u := upper(method); u {
	case "DELETE", "GET", "HEAD", "OPTIONS", "POST", "PUT":
		return u
	}
	return method
}

// ForbiddenMethod reports whether no script may use this method: CONNECT, TRACE and TRACK, in any case
// (https://fetch.spec.whatwg.org/#forbidden-method).
func ForbiddenMethod(method string) bool {
	switch upper(method) {
	case "CONNECT", "TRACE", "TRACK":
		return true
	}
	return false
}

// forbiddenHeaders are the request headers that the browser keeps to itself.
var forbiddenHeaders = []string{
	"accept-charset", "accept-encoding", "access-control-request-headers", "access-control-request-method", "connection",
	"content-length", "cookie", "cookie2", "date", "dnt", "expect", "host", "keep-alive", "origin", "referer",
	"set-cookie", "te", "trailer", "transfer-encoding", "upgrade", "via",
	// Not in the standard: Chromium drops it, others send it.
	"user-agent",
}

// ForbiddenHeader reports whether the browser drops this header, without a word, when a script sets it
// (https://fetch.spec.whatwg.org/#forbidden-request-header). The value matters for x-http-method, x-http-method-override
// and x-method-override alone, which may not name a forbidden method.
func ForbiddenHeader(name, value string) bool {
	name = lower(name)
	if slices.Contains(forbiddenHeaders, name) || strings.HasPrefix(name, "proxy-") || strings.HasPrefix(name, "sec-") {
		return true
	}
	switch name {
	case "x-http-method", "x-http-method-override", "x-method-override":
		for method := range strings.SplitSeq(value, ",") {
			if ForbiddenMethod(trim(method)) {
				return true
			}
		}
	}
	return false
}

// The two limits on the values of safelisted request-headers, in bytes.
const (
	maxSafelistedValue  = 128  // of one value: https://fetch.spec.whatwg.org/#cors-safelisted-request-header
	maxSafelistedValues = 1024 // of all together: https://fetch.spec.whatwg.org/#cors-unsafe-request-header-names
)

// SafelistedHeader reports whether a request may carry this header without a preflight on its account
// (https://fetch.spec.whatwg.org/#cors-safelisted-request-header): accept, accept-language, content-language,
// content-type and range, each with the values its rule allows and none above 128 bytes. Chromium adds the client hints a
// script can set (device-memory, dpr, downlink, ect, rtt, save-data, viewport-width, width) and intervention, and so
// does this function.
func SafelistedHeader(name, value string) bool { return whyUnsafe(name, value) == "" }

// The reasons why a header is not safelisted; see [Reason].
const (
	unsafeName  = ReasonHeader
	unsafeValue = ReasonHeaderValue
	unsafeLong  = ReasonHeaderLength
)

// whyUnsafe returns the kind of reason that makes a header unsafe, or "" if it is safelisted.
func whyUnsafe(name, value string) ReasonKind {
	rule, known := safelistedHeaders[lower(name)]
	switch {
	case !known:
		return unsafeName
	case len(value) > maxSafelistedValue:
		return unsafeLong
	case !rule(value):
		return unsafeValue
	}
	return ""
}

// safelistedHeaders holds, for each name that can be safelisted, what its value has to be.
var safelistedHeaders = map[string]func(value string) bool{
	"accept":           noUnsafeByte,
	"accept-language":  languageBytes,
	"content-language": languageBytes,
	"content-type": func(value string) bool {
		if !noUnsafeByte(value) {
			return false
		}
		switch essence(value) {
		case "application/x-www-form-urlencoded", "multipart/form-data", "text/plain":
			return true
		}
		return false
	},
	"range": simpleRange,

	"device-memory":  decimal,
	"dpr":            decimal,
	"downlink":       decimal,
	"ect":            func(value string) bool { return slices.Contains([]string{"slow-2g", "2g", "3g", "4g"}, value) },
	"intervention":   func(string) bool { return true },
	"rtt":            digits,
	"save-data":      func(value string) bool { return lower(value) == "on" },
	"viewport-width": digits,
	"width":          digits,
}

// noUnsafeByte reports whether value has no CORS-unsafe request-header byte
// (https://fetch.spec.whatwg.org/#cors-unsafe-request-header-byte).
func noUnsafeByte(value string) bool {
	for i := range len(value) {
		c := value[i]
		if c < 0x20 && c != '\t' || c == 0x7f || strings.IndexByte(`"():<>?@[\]{}`, c) >= 0 {
			return false
		}
	}
	return true
}

// languageBytes reports whether value consists of the bytes that accept-language and content-language may have.
func languageBytes(value string) bool {
	for i := range len(value) {
		c := value[i]
		switch {
		case '0' <= c && c <= '9', 'A' <= c && c <= 'Z', 'a' <= c && c <= 'z':
		case strings.IndexByte(" *,-.;=", c) >= 0:
		default:
			return false
		}
	}
	return true
}

// essence returns the type and subtype of a media type, lower-case and without its parameters, or "" if value is none
// (https://mimesniff.spec.whatwg.org/#parse-a-mime-type).
func essence(value string) string {
	mediaType, _, _ := strings.Cut(trim(value), ";")
	mainType, subtype, ok := strings.Cut(mediaType, "/")
	subtype = strings.TrimRight(subtype, " \t\r\n")
	if !ok || !isToken(mainType) || !isToken(subtype) {
		return ""
	}
	return lower(mainType + "/" + subtype)
}

// simpleRange reports whether value is one range with a beginning, as in bytes=0- and bytes=0-499
// (https://fetch.spec.whatwg.org/#simple-range-header-value). The numbers have to be less than 2^63-1, for Chromium's sake.
func simpleRange(value string) bool {
	from, ok := strings.CutPrefix(value, "bytes=")
	if !ok {
		return false
	}
	from, to, ok := strings.Cut(from, "-")
	if !ok || !digits(from) || to != "" && !digits(to) {
		return false
	}
	first, err := strconv.ParseInt(from, 10, 64)
	if err != nil || first == math.MaxInt64 {
		return false
	}
	if to == "" {
		return true
	}
	last, err := strconv.ParseInt(to, 10, 64)
	return err == nil && last < math.MaxInt64 && first <= last
}

func digits(value string) bool {
	return value != "" && strings.Trim(value, "0123456789") == ""
}

func decimal(value string) bool {
	whole, fraction, point := strings.Cut(value, ".")
	return digits(whole) && (!point || digits(fraction))
}

// A ReasonKind is one of the grounds on which a request is preflighted.
type ReasonKind string

// The grounds for a preflight (https://fetch.spec.whatwg.org/#main-fetch, the step for the CORS-preflight flag).
const (
	// ReasonMethod: the method is not GET, HEAD or POST.
	ReasonMethod ReasonKind = "method"
	// ReasonHeader: no value of this header is safelisted.
	ReasonHeader ReasonKind = "header"
	// ReasonHeaderValue: the header is safelisted, but not with this value.
	ReasonHeaderValue ReasonKind = "header-value"
	// ReasonHeaderLength: the header is safelisted, but its value is longer than 128 bytes.
	ReasonHeaderLength ReasonKind = "header-length"
	// ReasonHeadersLength: the safelisted headers' values are together longer than 1024 bytes.
	ReasonHeadersLength ReasonKind = "headers-length"
	// ReasonForced: an XMLHttpRequest with a body has a listener on its upload.
	ReasonForced ReasonKind = "upload-listener"
)

// A Reason is one ground for a preflight. Its text is a sentence for people; Name is what it is about, the method or the
// header's name in lower case; Value the value at fault, where there is one.
type Reason struct {
	Kind  ReasonKind `json:"kind"`
	Name  string     `json:"name,omitempty"`
	Value string     `json:"value,omitempty"`
}

// String says the reason in words.
func (r Reason) String() string {
	switch r.Kind {
	case ReasonMethod:
		return fmt.Sprintf("method %s is not GET, HEAD or POST", r.Name)
	case ReasonHeader:
		return fmt.Sprintf("request header %s is not CORS-safelisted", r.Name)
	case ReasonHeaderValue:
		return fmt.Sprintf("request header %s is not CORS-safelisted with the value %q", r.Name, r.Value)
	case ReasonHeaderLength:
		return fmt.Sprintf("request header %s has %d bytes, more than the %d a CORS-safelisted one may have",
			r.Name, len(r.Value), maxSafelistedValue)
	case ReasonHeadersLength:
		return fmt.Sprintf("the CORS-safelisted request headers have more than %d bytes together", maxSafelistedValues)
	case ReasonForced:
		return "a listener is registered on the XMLHttpRequest's upload"
	}
	return string(r.Kind)
}

// unsafeHeaders returns the names of the headers that a preflight has to ask for, lower-case, sorted and each once, and
// why (https://fetch.spec.whatwg.org/#cors-unsafe-request-header-names). The header is combined already.
func unsafeHeaders(h Header) (names []string, reasons []Reason) {
	var safelisted []string
	size := 0
	for _, f := range h {
		name := lower(f.Name)
		kind := whyUnsafe(name, f.Value)
		if kind == "" {
			safelisted = append(safelisted, name)
			size += len(f.Value)
			continue
		}
		reason := Reason{Kind: kind, Name: name}
		if kind != unsafeName {
			reason.Value = f.Value
		}
		names = append(names, name)
		reasons = append(reasons, reason)
	}
	if size > maxSafelistedValues {
		names = append(names, safelisted...)
		reasons = append(reasons, Reason{Kind: ReasonHeadersLength})
	}
	slices.Sort(names)
	slices.SortStableFunc(reasons, func(a, b Reason) int { return strings.Compare(a.Name, b.Name) })
	return names, reasons
}
