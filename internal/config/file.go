package config

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"
)

// fileLimit is the largest configuration file, in bytes.
const fileLimit = 1 << 20

// file is what the configuration file sets. The parsers that koanf brings
// forget the lines, so the file is read here and handed to it as a layer.
type file struct {
	values layer
	lines  map[string]string // by key, and by item as key[0]: name:line: key
}

// readFile reads and checks the configuration file. What could be read is
// given beside the problems, so that the rest can be judged as well.
func readFile(path string) (file, problems) {
	data, mode, err := readGuarded(path, fileLimit)
	if err != nil {
		return file{}, problems{fmt.Sprintf("--%s (%s): %v", fileFlag, fileVariable, err)}
	}
	f, wrong := parseFile(path, data)
	secret := slices.ContainsFunc(settings, func(s Setting) bool { return s.Secret && f.values[s.Key] != nil })
	if secret && mode&othersRead != 0 {
		wrong.add("%s holds a secret, and others may read it: chmod o-r %s", path, path)
	}
	return f, wrong
}

// The permissions that make a file unsafe.
const (
	othersWrite fs.FileMode = 0o022 // the group's too: whoever writes the file runs the program
	othersRead  fs.FileMode = 0o004 // the group may read: containers and packages hand secrets out so
)

// readGuarded reads a regular file of at most limit bytes that nobody but its
// owner may write, and gives its permissions too. The error names the path.
func readGuarded(path string, limit int64) ([]byte, fs.FileMode, error) {
	if info, err := os.Stat(path); err != nil || !info.Mode().IsRegular() { // to open a pipe would wait for its writer
		return nil, 0, errors.Join(err, notRegular(path, err))
	}
	opened, err := os.Open(path)
	if err != nil {
		return nil, 0, err
	}
	data, mode, err := readOpened(opened, limit)
	return data, mode, errors.Join(err, opened.Close())
}

func notRegular(path string, err error) error {
	if err != nil {
		return nil // the error says it
	}
	return fmt.Errorf("%s is no regular file", path)
}

func readOpened(opened *os.File, limit int64) ([]byte, fs.FileMode, error) {
	info, err := opened.Stat()
	if err != nil {
		return nil, 0, err
	}
	if mode := info.Mode(); mode&othersWrite != 0 {
		return nil, 0, fmt.Errorf("%s: others may write it: chmod go-w %s", opened.Name(), opened.Name())
	}
	data, err := io.ReadAll(io.LimitReader(opened, limit+1))
	if err == nil && int64(len(data)) > limit {
		err = fmt.Errorf("%s has more than %d bytes", opened.Name(), limit)
	}
	return data, info.Mode(), err
}

// parseFile reads a configuration file's text. Each problem names name:line.
func parseFile(name string, data []byte) (file, problems) {
	root, wrong := parseYAML(name, data)
	if len(wrong) > 0 {
		return file{}, wrong
	}
	if root.Kind != yaml.MappingNode {
		return file{}, problems{fmt.Sprintf("%s:%d: want a mapping of settings", name, root.Line)}
	}
	r := &fileReader{name: name, file: file{values: layer{}, lines: map[string]string{}}, wrong: checkPlain(name, root)}
	r.mapping("", root)
	return r.file, r.wrong
}

// parseYAML gives the root of the one document that a text holds.
func parseYAML(name string, data []byte) (*yaml.Node, problems) {
	if line, why := unreadable(data); why != "" {
		return nil, problems{fmt.Sprintf("%s:%d: %s", name, line, why)}
	}
	var document, second yaml.Node
	decoder := yaml.NewDecoder(bytes.NewReader(data))
	err := decoder.Decode(&document)
	switch {
	case err != nil:
		return nil, syntaxProblems(name, data, err)
	case len(document.Content) != 1 || isEmpty(document.Content[0]):
		return nil, problems{name + ": the file is empty"}
	}
	if err := decoder.Decode(&second); !errors.Is(err, io.EOF) {
		return nil, problems{name + ": the file holds more than one document"}
	}
	return document.Content[0], nil
}

// unreadable finds the first byte that no text file holds, and its line.
func unreadable(data []byte) (line int, why string) {
	line = 1
	for i := 0; i < len(data); {
		r, size := utf8.DecodeRune(data[i:])
		switch {
		case r == utf8.RuneError && size == 1:
			return line, "the text is no valid UTF-8"
		case r == '\n':
			line++
		case r != '\t' && r != '\r' && unicode.IsControl(r):
			return line, "the text holds a control character"
		}
		i += size
	}
	return line, ""
}

// fileReader walks a file and collects what is wrong with it.
type fileReader struct {
	name string
	file
	wrong problems
}

// mapping reads the settings of a section; the empty one is the file itself.
func (r *fileReader) mapping(within string, node *yaml.Node) {
	seen := map[string]int{}
	for i := 0; i+1 < len(node.Content); i += 2 {
		key, value := node.Content[i], node.Content[i+1]
		if key.Kind == yaml.AliasNode || key.Tag == "!!merge" {
			continue // has its problem already
		}
		path, known := pathOf(within, key)
		if first, twice := seen[key.Value]; twice {
			r.wrong.add("%s:%d: %s stands here again; it is on line %d already", r.name, key.Line, shownKey(path), first)
			continue
		}
		seen[key.Value] = key.Line
		r.entry(path, known, key, value)
	}
}

// pathOf gives the whole key of an entry. A dot within a name is no
// separator: only sections nest.
func pathOf(within string, key *yaml.Node) (path string, plain bool) {
	plain = key.Kind == yaml.ScalarNode && key.Tag == "!!str" && !strings.Contains(key.Value, ".")
	if within == "" {
		return key.Value, plain
	}
	return within + "." + key.Value, plain
}

func (r *fileReader) entry(path string, plain bool, key, value *yaml.Node) {
	s, known := settingOf(path)
	at := fmt.Sprintf("%s:%d: %s", r.name, key.Line, path)
	switch {
	case plain && isSection(path):
		r.section(path, at, value)
	case !plain || !known:
		r.wrong.add("%s:%d: unknown key %s; memberward serve --help lists the keys", r.name, key.Line, shownKey(path))
	case isEmpty(value):
		r.wrong.add("%s is empty: leave it out, or give it a value", at)
	default:
		r.file.lines[path] = at
		r.setting(s, at, value)
	}
}

func isSection(key string) bool {
	return slices.ContainsFunc(settings, func(s Setting) bool { return section(s.Key) == key && key != "" })
}

func (r *fileReader) section(path, at string, value *yaml.Node) {
	switch {
	case isEmpty(value):
		r.wrong.add("%s is empty: leave it out, or give it a value", at)
	case value.Kind != yaml.MappingNode:
		r.wrong.add("%s: want a mapping", at)
	default:
		r.mapping(path, value)
	}
}

// isEmpty reports whether a key stands there without a value.
func isEmpty(value *yaml.Node) bool {
	if value.Kind == yaml.ScalarNode {
		return value.Tag == "!!null" || value.Value == ""
	}
	return value.Kind != yaml.AliasNode && len(value.Content) == 0
}

// setting keeps a value that has the setting's type.
func (r *fileReader) setting(s Setting, at string, value *yaml.Node) {
	if value.Kind == yaml.AliasNode {
		return // has its problem already
	}
	if s.Kind == List {
		r.list(s, at, value)
		return
	}
	if value.Kind != yaml.ScalarNode || !slices.Contains(s.tags(), value.Tag) {
		r.wrong.add("%s: want %s", at, s.wanted()) // without the value, which may be a secret
		return
	}
	r.file.values[s.Key] = value.Value
}

// tags are the YAML types that a setting takes.
func (s Setting) tags() []string {
	switch {
	case s.Kind == Switch:
		return []string{"!!bool"}
	case s.Kind == Number:
		return []string{"!!int"}
	case s.Kind == Duration:
		return []string{"!!str", "!!int"}
	case slices.Contains(s.Choices, "true"):
		return []string{"!!bool", "!!str"}
	default:
		return []string{"!!str"}
	}
}

// wanted says what a setting takes.
func (s Setting) wanted() string {
	switch {
	case len(s.Choices) > 0:
		return orList(s.Choices)
	case s.Kind == Switch:
		return "true or false"
	case s.Kind == List:
		return "a list of texts"
	case s.Kind == Duration:
		return "a time, such as 60s"
	default:
		return "a text, in quotes where it looks like something else"
	}
}

func (r *fileReader) list(s Setting, at string, value *yaml.Node) {
	if value.Kind != yaml.SequenceNode {
		r.wrong.add("%s: want %s", at, s.wanted())
		return
	}
	var items []string
	for _, item := range value.Content {
		switch {
		case item.Kind == yaml.AliasNode || item.Tag == "!!null": // has its problem already
		case item.Kind != yaml.ScalarNode || item.Tag != "!!str":
			r.wrong.add("%s:%d: %s: want %s", r.name, item.Line, s.Key, s.wanted())
		case item.Value == "" || slices.Contains(items, item.Value):
			r.wrong.add("%s:%d: %s: %q is empty, or stands there twice", r.name, item.Line, s.Key, item.Value)
		default:
			r.file.lines[itemKey(s.Key, len(items))] = fmt.Sprintf("%s:%d: %s", r.name, item.Line, s.Key)
			items = append(items, item.Value)
		}
	}
	if len(items) > 0 {
		r.file.values[s.Key] = items
	}
}

// itemKey is what the line of a list's item is kept under.
func itemKey(key string, i int) string { return key + "[" + strconv.Itoa(i) + "]" }

// shownKey makes a name from a file fit for one line.
func shownKey(key string) string {
	const limit = 64
	if len(key) > limit {
		key = strings.ToValidUTF8(key[:limit], "") + "…"
	}
	if key == "" || strings.ContainsFunc(key, func(r rune) bool { return !unicode.IsGraphic(r) }) {
		return strconv.Quote(key)
	}
	return key
}
