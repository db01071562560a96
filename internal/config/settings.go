package config

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// Setting is one thing that can be configured, by flag or by variable.
type Setting struct {
	Flag     string // without dashes; empty: by variable only
	Variable string
	Default  string
	Switch   bool   // true or false; the flag needs no value
	Value    string // what the help calls the value
	Help     string
}

// variablePrefix begins the name of every variable of ours.
const variablePrefix = "MEMBERWARD_"

// bootstrapKeyVariable has no flag: arguments are visible to every process.
const bootstrapKeyVariable = "MEMBERWARD_BOOTSTRAP_KEY"

const opsListenVariable = "MEMBERWARD_OPS_LISTEN"

// Settings are those of memberward serve, in the order of its help.
func Settings() []Setting { return slices.Clone(settings) }

var settings = []Setting{
	{Flag: "data", Variable: "MEMBERWARD_DATA", Value: "DIR", Help: "folder of the store; made on the first start"},
	{Flag: "listen", Variable: "MEMBERWARD_LISTEN", Default: "127.0.0.1:8080", Value: "ADDR", Help: "address of the REST APIs"},
	{Flag: "proxy-listen", Variable: "MEMBERWARD_PROXY_LISTEN", Default: "127.0.0.1:8081", Value: "ADDR", Help: "address of the proxy checks, or unix:/path"},
	{Flag: "ops-listen", Variable: opsListenVariable, Default: "127.0.0.1:8282", Value: "ADDR", Help: "address of /livez, /readyz and /metrics"},
	{Flag: "bootstrap", Variable: "MEMBERWARD_BOOTSTRAP", Value: "FILE", Help: "users, tenants, memberships and keys (YAML) for a store that holds no user"},
	{Flag: "policies", Variable: "MEMBERWARD_POLICIES", Value: "DIR", Help: "Rego policies to decide by, instead of the embedded ones"},
	{Flag: "self-registration", Variable: "MEMBERWARD_SELF_REGISTRATION", Default: "false", Switch: true, Help: "let anybody register an account, whose address counts as verified"},
	{Flag: "insecure", Variable: "MEMBERWARD_INSECURE", Default: "false", Switch: true, Help: "allow listeners beyond loopback although they speak plain HTTP"},
	{Flag: "demo", Variable: "MEMBERWARD_DEMO", Default: "false", Switch: true, Help: "try it out: a temporary store with a small cast, on loopback only"},
	{Flag: "log-format", Variable: "MEMBERWARD_LOG_FORMAT", Default: "text", Value: "FORMAT", Help: "text or json"},
	{Flag: "log-level", Variable: "MEMBERWARD_LOG_LEVEL", Default: "info", Value: "LEVEL", Help: "debug, info, warn or error"},
	{Variable: bootstrapKeyVariable, Value: "KEY", Help: "32 to 256 printable characters that become a platform key"},
}

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

// values are the settings' values, by flag or else by variable.
type values map[string]string

// gather takes each setting from its flag, its variable or its default.
func gather(flags Flags, env Environment) (values, problems) {
	var wrong problems
	found := values{}
	for _, s := range settings {
		name, value := s.name(), s.Default
		if given, ok := env[s.Variable]; ok {
			value = given
			if given == "" {
				wrong.add("%s is set but empty: unset it, or give it a value", s.Variable)
			}
		}
		if given, ok := fromFlag(flags, s); ok {
			value = given
			if given == "" {
				wrong.add("--%s is empty: leave it out, or give it a value", s.Flag)
			}
		}
		if s.Switch {
			if _, err := parseSwitch(value); err != nil {
				wrong.add("%s: %v", s, err)
			}
		}
		found[name] = value
	}
	wrong = append(wrong, unknownVariables(env)...)
	return found, wrong
}

func fromFlag(flags Flags, s Setting) (string, bool) {
	if s.Flag == "" {
		return "", false
	}
	return flags(s.Flag)
}

// parseSwitch reads "true" or "false"; nothing else is taken for either.
func parseSwitch(text string) (bool, error) {
	if text != "true" && text != "false" {
		return false, fmt.Errorf("want true or false, not %q", text)
	}
	return strconv.ParseBool(text)
}

// name is what a setting is kept under.
func (s Setting) name() string {
	if s.Flag == "" {
		return s.Variable
	}
	return s.Flag
}

// String names a setting for its operator.
func (s Setting) String() string { return fmt.Sprintf("--%s (%s)", s.Flag, s.Variable) }

// foreign are variables of our prefix that nobody meant as settings: what
// Kubernetes tells every container about a Service called memberward, and the
// switch of this project's own tests.
var foreign = regexp.MustCompile(`^MEMBERWARD_(PORT(_.+)?|SERVICE_HOST|SERVICE_PORT(_.+)?|FULL)$`)

// unknownVariables finds variables that are meant for us and that we do not
// know: a misspelt one must not be taken for an absent one.
func unknownVariables(env Environment) problems {
	var wrong problems
	for _, name := range slices.Sorted(maps.Keys(env)) {
		known := slices.ContainsFunc(settings, func(s Setting) bool { return s.Variable == name })
		if !strings.HasPrefix(name, variablePrefix) || known || foreign.MatchString(name) {
			continue
		}
		names := make([]string, len(settings))
		for i, s := range settings {
			names[i] = strings.TrimPrefix(s.Variable, variablePrefix)
		}
		wrong.add("unknown variable %s; there are %s followed by %s; unset it", name, variablePrefix, strings.Join(names, ", "))
	}
	return wrong
}
