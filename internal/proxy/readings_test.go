package proxy_test

import (
	"fmt"
	"maps"
	"path"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/memberward/memberward/internal/proxytest"
	"github.com/memberward/memberward/internal/tenancy"
)

// What a path may mean to an application. All of this is stated without the
// canonicaliser, which is what it is held against.

// readings are the ways in which applications and their frameworks read a
// path. What was judged must be the same place in all of them.
var readings = []struct {
	name string
	read func(raw string) []string
}{
	{"split, then decoded", func(raw string) []string { return mapped(split(raw), decoded) }},
	{"decoded, then split", func(raw string) []string { return split(decoded(raw)) }},
	{"decoded, then cleaned", func(raw string) []string { return split(cleaned(decoded(raw))) }},
	{"cleaned, then decoded", func(raw string) []string { return mapped(split(cleaned(raw)), decoded) }},
	{"without parameters", func(raw string) []string {
		return mapped(split(raw), func(s string) string { return decoded(cut(s, ";")) })
	}},
	{"decoded, without parameters", func(raw string) []string {
		return mapped(split(decoded(raw)), func(s string) string { return cut(s, ";") })
	}},
	{"with backslashes for slashes", func(raw string) []string { return split(strings.ReplaceAll(decoded(raw), "\\", "/")) }},
	{"decoded twice", func(raw string) []string { return split(decoded(decoded(raw))) }},
	{"cut at what ends a path", func(raw string) []string { return split(cut(decoded(raw), "?#\x00\r\n")) }},
}

func split(p string) []string { return strings.Split(strings.TrimPrefix(p, "/"), "/") }

func mapped(segments []string, by func(string) string) []string {
	for i, s := range segments {
		segments[i] = by(s)
	}
	return segments
}

// cut leaves out the first of the characters, and all behind it.
func cut(s, characters string) string {
	if at := strings.IndexAny(s, characters); at >= 0 {
		return s[:at]
	}
	return s
}

// cleaned merges slashes and resolves dot segments.
func cleaned(p string) string {
	c := path.Clean(p)
	if strings.HasSuffix(p, "/") && c != "/" {
		c += "/"
	}
	return c
}

// decoded replaces every escape; what is none stands for itself.
func decoded(s string) string {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		c, escaped := escape(s[i:])
		if escaped {
			i += 2
		}
		b.WriteByte(c)
	}
	return b.String()
}

// escape reads one byte, escaped or not.
func escape(s string) (c byte, escaped bool) {
	if s[0] == '%' && len(s) >= 3 {
		if value, err := strconv.ParseUint(s[1:3], 16, 8); err == nil {
			return byte(value), true
		}
	}
	return s[0], false
}

// normal decodes unreserved characters, writes the escapes of others in upper
// case, and escapes what must be: all that the canonicaliser says it changes.
func normal(raw string) string {
	const stands = unreservedSet + subDelimiterSet + "/"
	var b strings.Builder
	for i := 0; i < len(raw); i++ {
		c, escaped := escape(raw[i:])
		if escaped {
			i += 2
		}
		if strings.IndexByte(stands, c) >= 0 && (!escaped || strings.IndexByte(unreservedSet, c) >= 0) {
			b.WriteByte(c)
		} else {
			fmt.Fprintf(&b, "%%%02X", c)
		}
	}
	return b.String()
}

// form reads a query as browsers do.
func form(raw string) map[string][]string {
	values := map[string][]string{}
	for pair := range strings.SplitSeq(raw, "&") {
		if pair == "" {
			continue
		}
		name, value, _ := strings.Cut(strings.ReplaceAll(pair, "+", " "), "=")
		name, value = strings.ToValidUTF8(decoded(name), "\uFFFD"), strings.ToValidUTF8(decoded(value), "\uFFFD")
		values[name] = append(values[name], value)
	}
	return values
}

// difference says where what was judged is not what the application saw. When
// the proxy decodes paths and writes them anew, an escape may have become the
// character: the segments must still be the same.
func difference(judged tenancy.HTTPRequest, seen proxytest.Seen, decodes bool) string {
	raw, query, _ := strings.Cut(seen.Target, "?")
	host := ""
	if len(seen.Hosts) == 1 {
		host = strings.ToLower(seen.Hosts[0])
		if at := strings.LastIndexByte(host, ':'); at > strings.LastIndexByte(host, ']') {
			host = host[:at]
		}
		host = strings.TrimSuffix(host, ".")
	}
	switch {
	case judged.Method != seen.Method:
		return "another method"
	case judged.Host != host || host == "":
		return fmt.Sprintf("another host: %q", seen.Hosts)
	case !strings.HasPrefix(raw, "/"):
		return "no path"
	case !decodes && normal(raw) != judged.Path:
		return "another path: " + normal(raw)
	case !utf8.ValidString(decoded(raw)):
		return "no UTF-8"
	case !maps.EqualFunc(form(query), judged.Query, slices.Equal):
		return fmt.Sprintf("another query: %q", form(query))
	}
	for _, r := range readings {
		if got := r.read(raw); !slices.Equal(got, judged.Segments) {
			return fmt.Sprintf("another place, %s: %q", r.name, got)
		}
	}
	return ""
}
