package cli

import (
	"strings"
	"testing"

	"github.com/memberward/memberward/internal/config"
)

// TestTheHelpTellsEverySetting: its flag, its variable, and its key in the
// configuration file unless that follows from the flag.
func TestTheHelpTellsEverySetting(t *testing.T) {
	var help, stderr strings.Builder
	if code := Run(t.Context(), []string{"serve", "--help"}, nil, &help, &stderr); code != exitOK {
		t.Fatalf("code %d: %s", code, &stderr)
	}
	for _, s := range config.Settings() {
		names := []string{s.Variable, s.Key}
		if s.Flag != "" {
			names = []string{"--" + s.Flag + " ", s.Variable, s.Default}
			if follows := strings.ReplaceAll(s.Flag, "-", "_"); s.Key != "" && s.Key != follows {
				t.Errorf("--%s is called %s in the file, not %s", s.Flag, s.Key, follows)
			}
		}
		if s.Kind == config.Switch { // off unless it is named
			names = names[:2]
		}
		for _, name := range append(names, s.Help) {
			if !strings.Contains(help.String(), name) {
				t.Errorf("%s: the help has no %q", s, name)
			}
		}
	}
}
