package config

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/knadh/koanf/providers/confmap"
	"github.com/knadh/koanf/v2"
)

// Environment holds variables by name.
type Environment map[string]string

// ReadEnvironment reads NAME=value pairs, as os.Environ gives them.
func ReadEnvironment(pairs []string) Environment {
	env := make(Environment, len(pairs))
	for _, pair := range pairs {
		if name, value, ok := strings.Cut(pair, "="); ok {
			env[name] = value
		}
	}
	return env
}

// Flags gives the value of a flag and whether the command line set it.
type Flags func(name string) (value string, given bool)

// layer is what one source says: texts and lists of texts by key.
type layer map[string]any

// found is what all sources together say, the strongest winning.
type found struct {
	values *koanf.Koanf
	lines  map[string]string // where the file sets what no stronger source does
	broken bool              // the file could not be read, so much may be missing
}

// missing reports whether nobody sets a setting: what was set badly has its
// problem already.
func (f found) missing(key string) bool {
	return f.text(key) == "" && f.lines[key] == "" && !f.broken
}

// text gives a setting's value, empty when there is none.
func (f found) text(key string) string { return f.values.String(key) }

// on reports whether a switch is on.
func (f found) on(key string) bool { return f.text(key) == "true" }

// list gives the items of a list, nil when there are none.
func (f found) list(key string) []string {
	if items := f.values.Strings(key); len(items) > 0 {
		return items
	}
	return nil
}

// where says where a setting's value comes from, for its operator.
func (f found) where(key string) string {
	if at := f.lines[key]; at != "" {
		return at
	}
	if s, known := settingOf(key); known {
		return s.String()
	}
	return key
}

// gather takes each setting from its flag, its variable, the configuration
// file or its default, in this order, and names what is wrong with a value by
// itself. Only keys that want picks are looked at.
func gather(flags Flags, env Environment, want func(Setting) bool) (found, problems) {
	var wrong problems
	fromFile := file{}
	if path := pathOfFile(flags, env, &wrong); path != "" {
		var err problems
		fromFile, err = readFile(path)
		wrong = append(wrong, err...)
	}
	defaults, variables, given := layer{}, layer{}, layer{}
	for _, s := range settings {
		if s.Key == "" || !want(s) {
			continue
		}
		if s.Default != "" {
			defaults[s.Key] = s.Default
		}
		if value, ok := env[s.Variable]; ok {
			variables[s.Key] = value
			wrong.empty(value, "%s is set but empty: unset it, or give it a value", s.Variable)
		}
		if value, ok := fromFlag(flags, s); ok {
			given[s.Key] = value
			wrong.empty(value, "--%s is empty: leave it out, or give it a value", s.Flag)
		}
	}
	f := found{values: koanf.New("."), lines: fromFile.lines, broken: len(wrong) > 0 && fromFile.values == nil}
	for _, l := range []layer{defaults, fromFile.values, variables, given} {
		if err := f.values.Load(confmap.Provider(l, "."), nil); err != nil {
			wrong.add("%v", err)
		}
	}
	for _, stronger := range []layer{variables, given} {
		for key := range stronger {
			delete(f.lines, key)
		}
	}
	return f, append(wrong, f.check(want)...)
}

// pathOfFile gives the path of the configuration file, empty when there is
// none.
func pathOfFile(flags Flags, env Environment, wrong *problems) string {
	if path, given := flags(fileFlag); given {
		wrong.empty(path, "--%s is empty: leave it out, or give it a value", fileFlag)
		return path
	}
	path, given := env[fileVariable]
	if given {
		wrong.empty(path, "%s is set but empty: unset it, or give it a value", fileVariable)
	}
	return path
}

// empty adds a problem when a value is empty.
func (p *problems) empty(value, format string, args ...any) {
	if value == "" {
		p.add(format, args...)
	}
}

func fromFlag(flags Flags, s Setting) (string, bool) {
	if s.Flag == "" {
		return "", false
	}
	return flags(s.Flag)
}

// check judges each value by itself.
func (f found) check(want func(Setting) bool) problems {
	var wrong problems
	for _, s := range settings {
		if s.Key == "" || !want(s) {
			continue
		}
		for i, item := range f.list(s.Key) {
			if err := s.judge(item); err != nil {
				wrong.add("%s: %v", f.where(itemKey(s.Key, i)), err)
			}
		}
		if value := f.text(s.Key); s.Kind != List && value != "" { // an empty one has its problem already
			if err := s.judge(value); err != nil {
				wrong.add("%s: %v", f.where(s.Key), err)
			}
		}
	}
	return wrong
}

// judge says what is wrong with one value.
func (s Setting) judge(value string) error {
	choices := s.Choices
	if s.Kind == Switch {
		choices = []string{"true", "false"} // nothing else is taken for either
	}
	switch {
	case len(choices) > 0 && !slices.Contains(choices, value):
		return fmt.Errorf("want %s, not %q", orList(choices), value)
	case !s.Secret && strings.ContainsFunc(value, isControl):
		return fmt.Errorf("%q holds a control character", value)
	case s.check != nil:
		return s.check(value)
	default:
		return nil
	}
}

func isControl(r rune) bool { return r < 0x20 || r == 0x7f }

// orList writes alternatives: "a, b or c".
func orList(words []string) string {
	last := len(words) - 1
	return strings.Join(words[:last], ", ") + " or " + words[last]
}

// foreign are variables of our prefix that nobody meant as settings: what
// Kubernetes tells every container about a Service called memberward, and the
// switch of this project's own tests.
var foreign = regexp.MustCompile(`^MEMBERWARD_(PORT(_.+)?|SERVICE_HOST|SERVICE_PORT(_.+)?|FULL)$`)

// unknownVariables finds variables that are meant for us and that we do not
// know: a misspelt one must not be taken for an absent one.
func unknownVariables(env Environment) problems {
	var names []string
	for _, s := range settings {
		if s.Variable != "" {
			names = append(names, strings.TrimPrefix(s.Variable, variablePrefix))
		}
	}
	var wrong problems
	for _, name := range slices.Sorted(maps.Keys(env)) {
		rest, ours := strings.CutPrefix(name, variablePrefix)
		if !ours || slices.Contains(names, rest) || foreign.MatchString(name) {
			continue
		}
		wrong.add("unknown variable %s; there are %s followed by %s; unset it", name, variablePrefix, strings.Join(names, ", "))
	}
	return wrong
}
