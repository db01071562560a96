package cli

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/memberward/memberward/internal/config"
)

// text is the value of a flag whose help calls it by the setting's own word.
type text struct{ value, word string }

// String gives the value.
func (t *text) String() string { return t.value }

// Set takes a value; configuration is checked as a whole, later.
func (t *text) Set(value string) error {
	t.value = value
	return nil
}

// Type is what the help calls the value.
func (t *text) Type() string { return t.word }

// addSettings gives a command the flags of those settings that want picks.
func addSettings(cmd *cobra.Command, want func(config.Setting) bool) {
	for _, s := range config.Settings() {
		if s.Flag == "" || !want(s) {
			continue
		}
		usage := fmt.Sprintf("%s (%s)", s.Help, s.Variable)
		if s.Kind == config.Switch {
			cmd.Flags().Bool(s.Flag, s.Default == "true", usage)
			continue
		}
		cmd.Flags().Var(&text{value: s.Default, word: s.Value}, s.Flag, usage)
	}
	cmd.Flags().SortFlags = false
}

// flagsOf reads a command's flags for the configuration.
func flagsOf(cmd *cobra.Command) config.Flags {
	return func(name string) (string, bool) {
		flag := cmd.Flags().Lookup(name)
		if flag == nil || !flag.Changed {
			return "", false
		}
		return flag.Value.String(), true
	}
}

// flagless lists the settings that have no flag, for a command's help: those
// with a variable, or those that only the configuration file holds.
func flagless(variable bool) string {
	var lines strings.Builder
	for _, s := range config.Settings() {
		if s.Flag != "" || (s.Variable != "") != variable {
			continue
		}
		name := s.Key
		if variable {
			name = s.Variable + ", " + s.Key
		}
		fmt.Fprintf(&lines, "  %-24s  %s\n", name, s.Help)
	}
	return lines.String()
}
