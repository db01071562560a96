package native

import (
	"net/http"
	"slices"
	"strings"

	"github.com/memberward/memberward/internal/tenancy"
)

// tags are the value of a conditional header: entity-tags, or "*" for any.
type tags struct {
	present bool
	any     bool
	list    []tag
}

// tag is an entity-tag without its quotes (RFC 9110, 8.8.3).
type tag struct {
	opaque string
	weak   bool
}

// tagsIn reads the entity-tags of a header, on one line or several.
func tagsIn(header http.Header, name string) (tags, error) {
	lines, given := header[name]
	if !given {
		return tags{}, nil
	}
	text := strings.Trim(strings.Join(lines, ","), " \t")
	if text == "*" {
		return tags{present: true, any: true}, nil
	}
	found := tags{present: true}
	for text != "" {
		next, rest, ok := cutTag(text)
		if !ok {
			return tags{}, notTags(name)
		}
		found.list, text = append(found.list, next), rest
	}
	if len(found.list) == 0 {
		return tags{}, notTags(name)
	}
	return found, nil
}

func notTags(header string) error {
	return wrongHeader(header, `want entity-tags as in ETag: "…", "…", or *`)
}

// cutTag cuts the first entity-tag off a list, with the comma after it.
func cutTag(text string) (tag, string, bool) {
	opaque, weak := strings.CutPrefix(text, "W/")
	opaque, quoted := strings.CutPrefix(opaque, `"`)
	opaque, rest, closed := strings.Cut(opaque, `"`)
	if !quoted || !closed || slices.ContainsFunc([]byte(opaque), notInTag) {
		return tag{}, "", false
	}
	rest = strings.TrimLeft(rest, " \t")
	if rest == "" {
		return tag{opaque, weak}, "", true
	}
	next, more := strings.CutPrefix(rest, ",")
	next = strings.TrimLeft(next, " \t")
	return tag{opaque, weak}, next, more && next != ""
}

// notInTag reports whether a byte cannot stand in an entity-tag.
func notInTag(b byte) bool { return b <= ' ' || b == 0x7f }

// hold reports whether one of the tags names the version, weak or not (RFC
// 9110, 13.1.2).
func (t tags) hold(version tenancy.Version) bool {
	return version != "" && (t.any || slices.ContainsFunc(t.list, func(t tag) bool { return t.opaque == string(version) }))
}

// quoted gives a version as an ETag has it.
func quoted(version tenancy.Version) string { return `"` + string(version) + `"` }
