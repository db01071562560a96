package proxy

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// Canonical is a request target in the one form that routes and policies see.
type Canonical struct {
	// Path begins with "/". Unreserved characters, sub-delimiters, ":" and
	// "@" stand as they were written, everything else as %XX in upper case.
	Path string
	// Segments are those of Path, decoded. "/" has one empty segment; a
	// trailing slash is an empty last one. No other segment is empty.
	Segments []string
	// RawPath is the path as it was written.
	RawPath string
	// Query is what follows the first "?", as it was written.
	Query string
}

// Reason says why a request is refused before anybody is asked. It is for the
// log; the answer never shows it.
type Reason string

// Error gives the reason.
func (r Reason) Error() string { return string(r) }

// Why a target is refused (contracts/proxy.md, "Ambiguity is refused").
const (
	ReasonNotAPath       Reason = "the target does not begin with /"
	ReasonTooLong        Reason = "the target is too long"
	ReasonEncoding       Reason = "invalid percent-encoding"
	ReasonUTF8           Reason = "invalid UTF-8"
	ReasonDelimiter      Reason = "an encoded delimiter: %2f, %5c, %00, %3b, %23 or %3f"
	ReasonDoubleEncoding Reason = "double encoding"
	ReasonRawCharacter   Reason = "a raw space or one of |^\"<>`"
	ReasonBackslash      Reason = "a raw backslash"
	ReasonControl        Reason = "a control character"
	ReasonDotSegment     Reason = "a dot segment"
	ReasonEmptySegment   Reason = "an empty segment"
	ReasonParameter      Reason = "a path parameter"
	ReasonFragment       Reason = "a fragment"
)

// targetLimit is the longest target that is looked at, in bytes: four times
// what nginx accepts unless it is told otherwise.
const targetLimit = 32 << 10

// Canonicalise brings the target of a request (path and query, as on the
// request line) into its canonical form, or refuses it with a [Reason].
//
// Percent-encoded unreserved characters are decoded and nothing else is
// changed, because what the application makes of anything else is unknown
// here. An encoded "%" may stand unless what follows would make it an escape
// for somebody who decodes twice.
func Canonicalise(target string) (Canonical, error) {
	if len(target) > targetLimit {
		return Canonical{}, ReasonTooLong
	}
	raw, query, _ := strings.Cut(target, "?")
	if !strings.HasPrefix(raw, "/") {
		return Canonical{}, ReasonNotAPath
	}
	if err := checkQuery(query); err != nil {
		return Canonical{}, err
	}
	c := Canonical{RawPath: raw, Query: query, Segments: make([]string, 0, strings.Count(raw, "/"))}
	var path strings.Builder
	path.Grow(len(raw))
	for rest, more := raw[1:], true; more; {
		var written string
		written, rest, more = strings.Cut(rest, "/")
		if written == "" && more {
			return Canonical{}, ReasonEmptySegment
		}
		canonical, decoded, err := segment(written)
		if err != nil {
			return Canonical{}, err
		}
		path.WriteByte('/')
		path.WriteString(canonical)
		c.Segments = append(c.Segments, decoded)
	}
	if path.Len() > targetLimit { // what is judged is a target that we would look at
		return Canonical{}, ReasonTooLong
	}
	c.Path = path.String()
	return c, nil
}

// checkQuery refuses what cannot stand on a request line, and a "#", at which
// nginx with a path in its proxy_pass cuts the query off. Nothing else is asked
// of a query: no route sees it.
func checkQuery(query string) error {
	for i := range len(query) {
		switch k := kinds[query[i]]; {
		case k == control:
			return ReasonControl
		case k == blank:
			return ReasonRawCharacter
		case query[i] == '#':
			return ReasonFragment
		}
	}
	return nil
}

// segment gives the canonical and the decoded form of one segment.
func segment(written string) (canonical, decoded string, err error) {
	if isPlain(written) {
		return written, written, checkSegment(written)
	}
	var c, d strings.Builder
	for i := 0; i < len(written); i++ {
		b, escaped := written[i], written[i] == '%'
		if escaped {
			if b, err = unescape(written[i+1:]); err != nil {
				return "", "", err
			}
			i += 2
		}
		if err := checkByte(b, escaped); err != nil {
			return "", "", err
		}
		d.WriteByte(b)
		if k := kinds[b]; k == unreserved || k == subDelimiter && !escaped {
			c.WriteByte(b)
			continue
		}
		c.WriteByte('%')
		c.WriteByte(upperHex[b>>4])
		c.WriteByte(upperHex[b&15])
	}
	decoded = d.String()
	return c.String(), decoded, checkSegment(decoded)
}

const upperHex = "0123456789ABCDEF"

// isPlain reports whether a segment is canonical as it stands.
func isPlain(written string) bool {
	for i := range len(written) {
		if k := kinds[written[i]]; k != unreserved && k != subDelimiter {
			return false
		}
	}
	return true
}

// unescape reads the two digits after a "%".
func unescape(digits string) (byte, error) {
	if len(digits) < 2 || !isHex(digits[0]) || !isHex(digits[1]) {
		return 0, ReasonEncoding
	}
	return hexValue(digits[0])<<4 | hexValue(digits[1]), nil
}

func isHex(b byte) bool {
	return '0' <= b && b <= '9' || 'a' <= b && b <= 'f' || 'A' <= b && b <= 'F'
}

func hexValue(b byte) byte {
	if b <= '9' {
		return b - '0'
	}
	return b&^0x20 - 'A' + 10
}

// checkByte refuses bytes that mean one thing to one reader of a path and
// something else to another.
func checkByte(b byte, escaped bool) error {
	k := kinds[b]
	switch {
	case escaped && (k == delimiter || b == '\\' || b == ';' || b == '#' || b == 0):
		return ReasonDelimiter
	case k == control:
		return ReasonControl
	case escaped:
		return nil
	case b == '\\':
		return ReasonBackslash
	case b == ';':
		return ReasonParameter
	case b == '#':
		return ReasonFragment
	case k == blank || k == unsafe:
		return ReasonRawCharacter
	default:
		return nil
	}
}

// checkSegment refuses decoded segments that others resolve, decode again or
// cannot read.
func checkSegment(decoded string) error {
	if decoded == "." || decoded == ".." {
		return ReasonDotSegment
	}
	if !utf8.ValidString(decoded) {
		return ReasonUTF8
	}
	for i, r := range decoded {
		if unicode.IsControl(r) { // C1, which takes two bytes
			return ReasonControl
		}
		if r == '%' && beginsEscape(decoded[i+1:]) {
			return ReasonDoubleEncoding
		}
	}
	return nil
}

// beginsEscape reports whether what follows a decoded "%" makes it an escape:
// two digits, or the %uXXXX that some frameworks still read.
func beginsEscape(rest string) bool {
	if rest != "" && (rest[0] == 'u' || rest[0] == 'U') {
		rest = rest[1:]
	}
	return len(rest) >= 2 && isHex(rest[0]) && isHex(rest[1])
}

// kind is what a byte is on a request line (RFC 3986, section 2 and 3.3).
type kind uint8

const (
	other        kind = iota // is written as %XX: brackets, braces, "%", all that is not ASCII
	unreserved               // means the same written and encoded
	subDelimiter             // means itself when written
	delimiter                // ends a segment or a path
	control
	blank  // the space
	unsafe // must be written as %XX
	special
)

// kinds classifies every byte; those that are not listed are other.
var kinds = [256]kind{
	0: control, 1: control, 2: control, 3: control, 4: control, 5: control, 6: control, 7: control,
	8: control, 9: control, 10: control, 11: control, 12: control, 13: control, 14: control, 15: control,
	16: control, 17: control, 18: control, 19: control, 20: control, 21: control, 22: control, 23: control,
	24: control, 25: control, 26: control, 27: control, 28: control, 29: control, 30: control, 31: control,
	0x7f: control,

	' ': blank, '|': unsafe, '^': unsafe, '"': unsafe, '<': unsafe, '>': unsafe, '`': unsafe,
	'/': delimiter, '?': delimiter, '\\': special, ';': special, '#': special,

	'!': subDelimiter, '$': subDelimiter, '&': subDelimiter, '\'': subDelimiter, '(': subDelimiter, ')': subDelimiter,
	'*': subDelimiter, '+': subDelimiter, ',': subDelimiter, '=': subDelimiter, ':': subDelimiter, '@': subDelimiter,

	'-': unreserved, '.': unreserved, '_': unreserved, '~': unreserved,
	'0': unreserved, '1': unreserved, '2': unreserved, '3': unreserved, '4': unreserved,
	'5': unreserved, '6': unreserved, '7': unreserved, '8': unreserved, '9': unreserved,
	'A': unreserved, 'B': unreserved, 'C': unreserved, 'D': unreserved, 'E': unreserved, 'F': unreserved, 'G': unreserved,
	'H': unreserved, 'I': unreserved, 'J': unreserved, 'K': unreserved, 'L': unreserved, 'M': unreserved, 'N': unreserved,
	'O': unreserved, 'P': unreserved, 'Q': unreserved, 'R': unreserved, 'S': unreserved, 'T': unreserved, 'U': unreserved,
	'V': unreserved, 'W': unreserved, 'X': unreserved, 'Y': unreserved, 'Z': unreserved,
	'a': unreserved, 'b': unreserved, 'c': unreserved, 'd': unreserved, 'e': unreserved, 'f': unreserved, 'g': unreserved,
	'h': unreserved, 'i': unreserved, 'j': unreserved, 'k': unreserved, 'l': unreserved, 'm': unreserved, 'n': unreserved,
	'o': unreserved, 'p': unreserved, 'q': unreserved, 'r': unreserved, 's': unreserved, 't': unreserved, 'u': unreserved,
	'v': unreserved, 'w': unreserved, 'x': unreserved, 'y': unreserved, 'z': unreserved,
}
