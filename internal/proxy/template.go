package proxy

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// part is one label of a host or one segment of a path: a literal, or else a
// parameter.
type part struct {
	literal string
	param   string // its name
}

// template is a path with parameters.
type template struct {
	text  string // as written, for people and policies
	parts []part
	rest  bool // ** follows
}

// hostTemplate is a host with parameters: its labels from the last to the
// first, and pathBegins.
type hostTemplate []part

// pathBegins stands between the labels of a host and the segments of a path:
// neither can hold it.
const pathBegins = "/"

// partLimit is the most segments that a template may have.
const partLimit = 64

// readTemplate reads the path of a route. Its literals are written as on a
// request line, so that whatever is refused there is refused here.
func readTemplate(text string) (template, error) {
	t := template{text: text}
	written, found := strings.CutPrefix(text, "/")
	if !found {
		return template{}, errors.New("a path begins with /")
	}
	segments := strings.Split(written, "/")
	if last := len(segments) - 1; segments[last] == "**" {
		segments, t.rest = segments[:last], true
	}
	if len(segments) > partLimit {
		return template{}, fmt.Errorf("a path has at most %d segments", partLimit)
	}
	for i, s := range segments {
		if s == "" && (t.rest || i < len(segments)-1) {
			return template{}, errors.New("a segment is empty")
		}
		p, err := readPart(s, literalSegment)
		if err != nil {
			return template{}, err
		}
		t.parts = append(t.parts, p)
	}
	return t, nil
}

// readHostTemplate reads a host: a name or an address, without a port.
func readHostTemplate(text string) (hostTemplate, error) {
	var host hostTemplate
	labels := []string{text}
	if !strings.HasPrefix(text, "[") {
		labels = strings.Split(strings.TrimSuffix(text, "."), ".")
	}
	stand := make([]string, len(labels)) // the host with every parameter filled in
	for i, label := range slices.Backward(labels) {
		p, err := readPart(label, literalLabel)
		if err != nil {
			return nil, err
		}
		stand[i] = p.literal
		if p.param != "" {
			stand[i] = "x"
		}
		host = append(host, p)
	}
	var t target
	if err := t.readHost(strings.Join(stand, ".")); err != nil || t.port != "" {
		return nil, errors.New("want a host name or an address, without a port")
	}
	return append(host, part{literal: pathBegins}), nil
}

// labelsOf gives a request's host as hostTemplate does.
func labelsOf(host string) []string {
	if strings.HasPrefix(host, "[") {
		return []string{host, pathBegins}
	}
	labels := strings.Split(host, ".")
	slices.Reverse(labels)
	return append(labels, pathBegins)
}

// readPart reads a {parameter}, or else what literal makes of the text.
func readPart(text string, literal func(string) (string, error)) (part, error) {
	if name, isParam := paramName(text); isParam {
		return part{param: name}, checkName(name)
	}
	switch {
	case strings.ContainsAny(text, "{}"):
		return part{}, fmt.Errorf("%s: a parameter is a whole {name} between two separators; write other braces as %%7B and %%7D", text)
	case text == "*" || strings.Contains(text, "**"):
		return part{}, fmt.Errorf("%s: one segment is a {name}; ** stands at the end, and alone", text)
	}
	value, err := literal(text)
	if err != nil {
		return part{}, fmt.Errorf("%s: %w", text, err)
	}
	return part{literal: value}, nil
}

func literalSegment(text string) (string, error) {
	if strings.Contains(text, "?") {
		return "", errors.New("a path ends before the ?: routes never see the query")
	}
	_, decoded, err := segment(text)
	return decoded, err
}

func literalLabel(text string) (string, error) { return strings.ToLower(text), nil }

// paramName gives the name in {name}.
func paramName(text string) (string, bool) {
	inner, opened := strings.CutPrefix(text, "{")
	inner, closed := strings.CutSuffix(inner, "}")
	return inner, opened && closed
}

// checkName wants a name that policies can write behind a dot.
func checkName(name string) error {
	const letters = "abcdefghijklmnopqrstuvwxyz_"
	if name == "" || len(name) > 64 || strings.Trim(name, letters+"0123456789") != "" || !strings.Contains(letters, name[:1]) {
		return fmt.Errorf("{%s}: a parameter is called by a-z, 0-9 and _, and begins with no digit", name)
	}
	return nil
}
