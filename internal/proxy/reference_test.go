package proxy

import (
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"
)

var (
	refUnit   = regexp.MustCompile(`(?s)%[0-9A-Fa-f]{2}|.`)
	refStands = regexp.MustCompile(`^[A-Za-z0-9\-._~!$&'()*+,=:@]$`)
	refSame   = regexp.MustCompile(`^[A-Za-z0-9\-._~]$`)
	refTwice  = regexp.MustCompile(`%[uU]?[0-9A-Fa-f]{2}`)
)

// reference is the canonicaliser once more, as the rules read: slow, and with
// nothing of the other in it but its limit.
func reference(target string) (path string, segments []string, ok bool) {
	raw, query, _ := strings.Cut(target, "?")
	if len(target) > targetLimit || !strings.HasPrefix(raw, "/") || strings.ContainsFunc(query, asciiControl) || strings.ContainsAny(query, " #") {
		return "", nil, false
	}
	all := strings.Split(raw[1:], "/")
	for i, written := range all {
		decoded, err := url.PathUnescape(written)
		if err != nil || decoded == "" && i < len(all)-1 || decoded == "." || decoded == ".." || !utf8.ValidString(decoded) ||
			strings.ContainsAny(written, " |^\"<>`") || strings.ContainsAny(decoded, "/\\?;#") || strings.ContainsFunc(decoded, unicode.IsControl) ||
			refTwice.MatchString(decoded) {
			return "", nil, false
		}
		path += "/" + refUnit.ReplaceAllStringFunc(written, refWrite)
		segments = append(segments, decoded)
	}
	return path, segments, len(path) <= targetLimit
}

func asciiControl(r rune) bool { return r < ' ' || r == 0x7f }

// refWrite writes one character, or one escape, of a segment.
func refWrite(unit string) string {
	if len(unit) == 3 && unit[0] == '%' {
		if decoded, err := url.PathUnescape(unit); err == nil && refSame.MatchString(decoded) {
			return decoded
		}
		return strings.ToUpper(unit)
	}
	if refStands.MatchString(unit) {
		return unit
	}
	escaped := ""
	for _, b := range []byte(unit) {
		escaped += fmt.Sprintf("%%%02X", b)
	}
	return escaped
}

// disagreement says where a canonicaliser and the reference part.
func disagreement(canonicalise func(string) (Canonical, error), target string) string {
	got, err := canonicalise(target)
	path, segments, ok := reference(target)
	switch {
	case ok != (err == nil):
		return fmt.Sprintf("it says %v, the reference accepts: %t", err, ok)
	case ok && (got.Path != path || !slices.Equal(got.Segments, segments)):
		return fmt.Sprintf("%.200q %.200q, the reference has %.200q %.200q", got.Path, got.Segments, path, segments)
	default:
		return ""
	}
}

// FuzzCanonicalAgainstReference: both accept the same targets, as the same
// paths, and what is canonical stays as it is.
func FuzzCanonicalAgainstReference(f *testing.F) {
	for _, tt := range refused {
		f.Add(tt.target)
	}
	for b := range 256 {
		f.Add("/a" + string([]byte{byte(b)}) + "b")
		f.Add(fmt.Sprintf("/a%%%02xb", b))
		f.Add("/a?" + string([]byte{byte(b)}))
	}
	f.Fuzz(func(t *testing.T, target string) {
		if d := disagreement(Canonicalise, target); d != "" {
			t.Fatalf("Canonicalise(%.300q): %s", target, d)
		}
		if once, err := Canonicalise(target); err == nil {
			if again, err := Canonicalise(once.Path); err != nil || again.Path != once.Path || !slices.Equal(again.Segments, once.Segments) {
				t.Fatalf("Canonicalise(%.300q) = %.300q, which is not canonical: %.300q, %v", target, once.Path, again.Path, err)
			}
		}
	})
}

// TestDisagreementIsNoticed plants canonicalisers that put right what they
// should refuse, and one that leaves as it is what it should decode.
func TestDisagreementIsNoticed(t *testing.T) {
	for _, tt := range []struct{ name, target, old, new string }{
		{"merges slashes", "/a//b", "//", "/"},
		{"drops dot segments", "/a/./b", "/./", "/"},
		{"cuts parameters", "/a;b/c", ";b", ""},
		{"decodes slashes", "/a%2fb", "%2f", "/"},
		{"turns backslashes", `/a\b`, `\`, "/"},
		{"does not decode", "/a%2db", "%2d", "%25-"},
		{"writes a raw space", "/a b", " ", "%20"},
	} {
		planted := func(target string) (Canonical, error) {
			return Canonicalise(strings.ReplaceAll(target, tt.old, tt.new))
		}
		if disagreement(planted, tt.target) == "" {
			t.Errorf("a canonicaliser that %s passes", tt.name)
		}
	}
}
