package proxy

import (
	"errors"
	"net/url"
	"path"
	"slices"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func TestCanonicaliseAccepts(t *testing.T) {
	for _, tt := range []struct {
		name, target, path string
		segments           []string
	}{
		{"the root", "/", "/", []string{""}},
		{"a plain path", "/tenants/acme/x", "/tenants/acme/x", []string{"tenants", "acme", "x"}},
		{"a trailing slash is an empty last segment", "/tenants/acme/", "/tenants/acme/", []string{"tenants", "acme", ""}},
		{"unreserved characters are decoded", "/%74%65%6e%61nts/%41%7A%30%2D%5f%7E", "/tenants/Az0-_~", []string{"tenants", "Az0-_~"}},
		{"a dot within a name", "/a%2eb/...", "/a.b/...", []string{"a.b", "..."}},
		{"reserved characters are not", "/a%2Bb+c%3dd", "/a%2Bb+c%3Dd", []string{"a+b+c=d"}},
		{"sub-delimiters, colon and at", "/!$&'()*+,=:@", "/!$&'()*+,=:@", []string{"!$&'()*+,=:@"}},
		{"digits in upper case", "/%c3%a9", "/%C3%A9", []string{"é"}},
		{"UTF-8 as it is", "/é", "/%C3%A9", []string{"é"}},
		{"brackets and braces", "/[a]{b}", "/%5Ba%5D%7Bb%7D", []string{"[a]{b}"}},
		{"an encoded space stands", "/a%20b", "/a%20b", []string{"a b"}},
		{"encoded |^\"<>` stand", "/%7c%5e%22%3c%3e%60", "/%7C%5E%22%3C%3E%60", []string{"|^\"<>`"}},
		{"an encoded percent sign that begins nothing", "/100%25", "/100%25", []string{"100%"}},
		{"an encoded percent sign before other characters", "/%25off/%25u", "/%25off/%25u", []string{"%off", "%u"}},
		{"the query is split off at the first ?", "/a?b=../%2f;&c?d", "/a", []string{"a"}},
		{"an empty query", "/a?", "/a", []string{"a"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, err := Canonicalise(tt.target)
			if err != nil {
				t.Fatalf("Canonicalise(%q): %v", tt.target, err)
			}
			raw, query, _ := strings.Cut(tt.target, "?")
			want := Canonical{Path: tt.path, Segments: tt.segments, RawPath: raw, Query: query}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("Canonicalise(%q) (-want +got):\n%s", tt.target, diff)
			}
		})
	}
}

// refused are the rows of contracts/proxy.md, "Ambiguity is refused".
var refused = []struct {
	name, target string
	reason       Reason
}{
	{"%2f", "/a%2fb", ReasonDelimiter},
	{"%2F", "/a%2Fb", ReasonDelimiter},
	{"%5c", "/a%5cb", ReasonDelimiter},
	{"%5C", "/a%5Cb", ReasonDelimiter},
	{"%00", "/a%00", ReasonDelimiter},
	{"%3b", "/a%3bb", ReasonDelimiter},
	{"%23", "/a%23b", ReasonDelimiter},
	{"%3f", "/a%3fb=c", ReasonDelimiter},
	{"double encoding", "/a%252fb", ReasonDoubleEncoding},
	{"double encoding of a letter", "/%2541", ReasonDoubleEncoding},
	{"triple encoding", "/%25252f", ReasonDoubleEncoding},
	{"double encoding, digits encoded", "/%25%32%66", ReasonDoubleEncoding},
	{"double encoding as %uXXXX", "/%25u002f", ReasonDoubleEncoding},
	{"a raw space", "/a b", ReasonRawCharacter},
	{"a raw |", "/a|b", ReasonRawCharacter},
	{"a raw ^", "/a^b", ReasonRawCharacter},
	{"a raw quote", `/a"b`, ReasonRawCharacter},
	{"a raw <", "/a<b", ReasonRawCharacter},
	{"a raw >", "/a>b", ReasonRawCharacter},
	{"a raw backquote", "/a`b", ReasonRawCharacter},
	{"a raw backslash", `/a\b`, ReasonBackslash},
	{"a backslash for a slash", `/..\..\b`, ReasonBackslash},
	{"a raw tab", "/a\tb", ReasonControl},
	{"a raw NUL", "/a\x00", ReasonControl},
	{"a raw line feed", "/a\nb", ReasonControl},
	{"a raw DEL", "/a\x7f", ReasonControl},
	{"an encoded line feed", "/a%0ab", ReasonControl},
	{"an encoded carriage return", "/a%0D", ReasonControl},
	{"an encoded DEL", "/a%7f", ReasonControl},
	{"an encoded C1 character", "/a%c2%85", ReasonControl},
	{"a raw C1 character", "/a\u0085", ReasonControl},
	{"one digit", "/a%2", ReasonEncoding},
	{"no digit", "/a%", ReasonEncoding},
	{"an escape across a slash", "/a%2/f", ReasonEncoding},
	{"letters that are no digits", "/a%zz", ReasonEncoding},
	{"%uXXXX", "/a%u002f", ReasonEncoding},
	{"an invalid byte, encoded", "/a%ff", ReasonUTF8},
	{"an invalid byte, raw", "/a\xff", ReasonUTF8},
	{"an overlong slash", "/a%c0%afb", ReasonUTF8},
	{"an overlong dot", "/%c0%ae%c0%ae/b", ReasonUTF8},
	{"a surrogate", "/%ed%a0%80", ReasonUTF8},
	{"half a character at a slash", "/%c3/%a9", ReasonUTF8},
	{"..", "/a/../b", ReasonDotSegment},
	{".", "/a/./b", ReasonDotSegment},
	{".. at the end", "/a/..", ReasonDotSegment},
	{"encoded ..", "/a/%2e%2E/b", ReasonDotSegment},
	{"half encoded ..", "/a/.%2e/b", ReasonDotSegment},
	{"encoded .", "/%2e", ReasonDotSegment},
	{"a parameter", "/a;b=c/d", ReasonParameter},
	{"a parameter behind ..", "/a/..;/b", ReasonParameter},
	{"//", "/a//b", ReasonEmptySegment},
	{"// at the beginning", "//a/b", ReasonEmptySegment},
	{"// at the end", "/a//", ReasonEmptySegment},
	{"only //", "//", ReasonEmptySegment},
	{"#", "/a#b", ReasonFragment},
	{"# before ?", "/a#?b", ReasonFragment},
	{"no slash", "a/b", ReasonNotAPath},
	{"nothing", "", ReasonNotAPath},
	{"only a query", "?a", ReasonNotAPath},
	{"*", "*", ReasonNotAPath},
	{"a URL", "http://app.example/a", ReasonNotAPath},
	{"too long", "/" + strings.Repeat("a", targetLimit), ReasonTooLong},
	{"too long once it is canonical", "/" + strings.Repeat("a", targetLimit-2) + "[", ReasonTooLong},
	{"a raw space in the query", "/a?b c", ReasonRawCharacter},
	{"# in the query", "/a?b=#c", ReasonFragment},
	{"a line feed in the query", "/a?b\nc", ReasonControl},
}

func TestCanonicaliseRefuses(t *testing.T) {
	for _, tt := range refused {
		t.Run(tt.name, func(t *testing.T) {
			got, err := Canonicalise(tt.target)
			if !errors.Is(err, tt.reason) {
				t.Errorf("Canonicalise(%q) = %+v, %v; want %q", tt.target, got, err, tt.reason)
			}
			if got.Path != "" || got.Segments != nil {
				t.Errorf("Canonicalise(%q) gives %+v beside its error", tt.target, got)
			}
		})
	}
}

// FuzzCanonical holds every accepted target against rules that are stated here
// once more, with the standard library's own decoder.
func FuzzCanonical(f *testing.F) {
	for _, tt := range refused {
		f.Add(tt.target)
	}
	f.Add("/tenants/%61cme/%C3%A9?x=1")
	f.Add("/" + strings.Repeat("a", targetLimit-4) + "[")
	f.Fuzz(func(t *testing.T, target string) {
		c, err := Canonicalise(target)
		if err != nil {
			if c.Path != "" {
				t.Fatalf("a refused target has the path %q", c.Path)
			}
			return
		}
		if fault := faultOf(target, c); fault != "" {
			t.Fatalf("Canonicalise(%.200q) = %.200q: %s", target, c.Path, fault)
		}
	})
}

// faultOf says what is wrong with the canonical form of a target.
func faultOf(target string, c Canonical) string {
	raw, query, _ := strings.Cut(target, "?")
	decoded, err := url.PathUnescape(raw)
	again, errAgain := Canonicalise(c.Path)
	once, errOnce := url.PathUnescape(c.Path)
	switch {
	case err != nil || errOnce != nil:
		return "it cannot be decoded"
	case c.RawPath != raw || c.Query != query:
		return "path and query are split elsewhere"
	case "/"+strings.Join(c.Segments, "/") != decoded || once != decoded:
		return "the segments are not those of the path"
	case errAgain != nil || again.Path != c.Path || !slices.Equal(again.Segments, c.Segments):
		return "it is not canonical itself"
	case strings.TrimSuffix(path.Clean(decoded), "/") != strings.TrimSuffix(decoded, "/"):
		return "somebody who cleans paths sees another one"
	case !utf8.ValidString(decoded) || strings.ContainsFunc(decoded, unicode.IsControl):
		return "it holds what cannot be read"
	case strings.ContainsAny(decoded, "\\;#?") || strings.Count(decoded, "/") != strings.Count(raw, "/"):
		return "it holds a delimiter"
	case strings.ContainsAny(raw, " |^\"<>`"):
		return "it was not encoded"
	}
	for _, s := range c.Segments {
		if twice, err := url.PathUnescape(s); err == nil && twice != s {
			return "somebody who decodes twice sees another path"
		}
	}
	return ""
}

// TestFaultOfNotices plants what a wrong canonicaliser would let through.
func TestFaultOfNotices(t *testing.T) {
	for _, tt := range []struct {
		name, target string
		c            Canonical
	}{
		{"a dot segment", "/a/../b", Canonical{Path: "/a/../b", RawPath: "/a/../b", Segments: []string{"a", "..", "b"}}},
		{"an encoded slash", "/a%2fb", Canonical{Path: "/a/b", RawPath: "/a%2fb", Segments: []string{"a", "b"}}},
		{"a lost segment", "/a/b", Canonical{Path: "/a/b", RawPath: "/a/b", Segments: []string{"a"}}},
		{"not decoded", "/%61", Canonical{Path: "/%61", RawPath: "/%61", Segments: []string{"a"}}},
		{"decoded too much", "/%2B", Canonical{Path: "/ ", RawPath: "/%2B", Segments: []string{"+"}}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if faultOf(tt.target, tt.c) == "" {
				t.Errorf("nothing was found wrong with %+v", tt.c)
			}
		})
	}
}

// TestEveryHarmlessPathIsAccepted is the other half: no path is refused but
// for a reason, however it is written.
func TestEveryHarmlessPathIsAccepted(t *testing.T) {
	harmless := rapid.StringOfN(rapid.RuneFrom(nil, unicode.L, unicode.N, unicode.S, unicode.Zs), 1, 12, -1).Filter(func(s string) bool {
		return !strings.ContainsAny(s, "\\;#?/")
	})
	rapid.Check(t, func(t *rapid.T) {
		segments := rapid.SliceOfN(harmless, 1, 6).Draw(t, "segments")
		var target strings.Builder
		for _, s := range segments {
			target.WriteByte('/')
			for _, b := range []byte(s) {
				if isPlain(string(b)) && rapid.Bool().Draw(t, "written as it is") {
					target.WriteByte(b)
				} else {
					target.WriteString("%" + string(upperHex[b>>4]) + string(upperHex[b&15]))
				}
			}
		}
		got, err := Canonicalise(target.String())
		if errors.Is(err, ReasonDoubleEncoding) && slices.ContainsFunc(segments, func(s string) bool { return strings.Contains(s, "%") }) {
			return
		}
		if err != nil || !slices.Equal(got.Segments, segments) {
			t.Fatalf("Canonicalise(%q) = %q, %v; want %q", target.String(), got.Segments, err, segments)
		}
	})
}

func TestParseQuery(t *testing.T) {
	for _, tt := range []struct {
		name, raw string
		want      map[string][]string
	}{
		{"nothing", "", nil},
		{"only separators", "&&", nil},
		{"one", "a=1", map[string][]string{"a": {"1"}}},
		{"twice, in order", "a=1&b=2&a=3", map[string][]string{"a": {"1", "3"}, "b": {"2"}}},
		{"encoded", "%61=%2f+%c3%a9", map[string][]string{"a": {"/ é"}}},
		{"no value", "a", map[string][]string{"a": {""}}},
		{"no name", "=a", map[string][]string{"": {"a"}}},
		{"a semicolon is no separator", "a=1;b=2", map[string][]string{"a": {"1;b=2"}}},
		{"an invalid escape stands for itself", "a=100%&b=%zz", map[string][]string{"a": {"100%"}, "b": {"%zz"}}},
		{"invalid UTF-8 is replaced", "a=%ff&b=\xff", map[string][]string{"a": {"\uFFFD"}, "b": {"\uFFFD"}}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, parseQuery(tt.raw)); diff != "" {
				t.Errorf("parseQuery(%q) (-want +got):\n%s", tt.raw, diff)
			}
		})
	}
}

func BenchmarkCanonical(b *testing.B) {
	for _, bb := range []struct{ name, target string }{
		{"plain", "/tenants/acme/documents/2026/report"},
		{"encoded", "/tenants/%61cme/r%C3%A9sum%C3%A9%20final?version=3"},
	} {
		b.Run(bb.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := Canonicalise(bb.target); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
