package proxy

import (
	"fmt"
	"net/http"
	"strings"
)

// ReasonPreset refuses a client's own value of a header that the application
// believes and this program never sets.
const ReasonPreset Reason = "a header that only a gateway may set, and that is in no answer"

// preset is a convention of other gateways: applications written for one of
// them find who makes a request under its names. Its headers are identity
// headers like our own. The zero value adds none.
type preset struct {
	name  string
	sends []presetField
	// withheld are names of the convention that we have nothing to say under:
	// a request that brings one is refused.
	withheld []string
}

// presetField is one header, with what it says.
type presetField struct {
	name  string
	value func(*caller) string
}

func subjectOf(who *caller) string { return who.subject }
func groupsOf(who *caller) string  { return who.groups() }

// presets are those that can be chosen. E-mail addresses and other gateways'
// tokens are in none of them: an application would keep them.
var presets = []preset{
	{
		name: "remote-user", // Authelia, and the application's own REMOTE_USER
		sends: []presetField{
			{"Remote-User", subjectOf}, {"Remote-Groups", groupsOf}, {"Remote-Name", subjectOf},
		},
		withheld: []string{"Remote-Email"},
	},
	{
		name: "oauth2-proxy", // with --set-xauthrequest
		sends: []presetField{
			{"X-Auth-Request-User", subjectOf}, {"X-Auth-Request-Groups", groupsOf}, {"X-Auth-Request-Preferred-Username", subjectOf},
		},
		withheld: []string{"X-Auth-Request-Email", "X-Auth-Request-Access-Token"},
	},
}

// newPreset finds a preset by its name; an empty one is none.
func newPreset(name string) (preset, error) {
	if name == "" {
		return preset{}, nil
	}
	var names []string
	for _, p := range presets {
		if p.name == name {
			return p, nil
		}
		names = append(names, p.name)
	}
	return preset{}, fmt.Errorf("header preset: want one of %s, not %q", strings.Join(names, ", "), name)
}

// fields are the headers that a preset adds to an allow.
func (p preset) fields(who *caller) []field {
	added := make([]field, len(p.sends))
	for i, send := range p.sends {
		added[i] = field{send.name, send.value(who)}
	}
	return added
}

// names are all that a client must not say under a preset.
func (p preset) names() []string {
	all := make([]string, 0, len(p.sends)+len(p.withheld))
	for _, send := range p.sends {
		all = append(all, send.name)
	}
	return append(all, p.withheld...)
}

// check refuses what only a gateway may say and no answer replaces.
func (p preset) check(h http.Header) error {
	for _, name := range p.withheld {
		if has(h, name) {
			return ReasonPreset
		}
	}
	return nil
}
