package config

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Assertion is the signed statement that goes to applications which do not
// take a header's word.
type Assertion struct {
	Enabled  bool
	Audience string        // that the applications look for; set when enabled
	TTL      time.Duration // whole seconds
}

// The lives that an assertion may have.
const (
	assertionAtLeast = time.Second
	assertionAtMost  = 5 * time.Minute
)

// tokenAudience is what the tokens say that let people in here.
const tokenAudience = "memberward"

// checkTTL wants a life in whole seconds, written 60s or 60.
func checkTTL(text string) error {
	ttl, err := parseTTL(text)
	if err != nil || ttl < assertionAtLeast || ttl > assertionAtMost || ttl%time.Second != 0 {
		return fmt.Errorf("want a time of %v to %v in whole seconds, such as 60s, not %q", assertionAtLeast, assertionAtMost, text)
	}
	return nil
}

func parseTTL(text string) (time.Duration, error) {
	if seconds, err := strconv.ParseUint(text, 10, 16); err == nil {
		return time.Duration(seconds) * time.Second, nil
	}
	return time.ParseDuration(text)
}

// checkAudience wants what an application can compare, and nothing that our
// own tokens say.
func checkAudience(text string) error {
	switch {
	case len(text) > 256 || strings.ContainsFunc(text, func(r rune) bool { return r <= ' ' || r > '~' }):
		return fmt.Errorf("want 1 to 256 printable ASCII characters without blanks")
	case strings.EqualFold(text, tokenAudience):
		return fmt.Errorf("%s is the audience of the tokens that let people in here: name the applications", text)
	default:
		return nil
	}
}

// assertion reads the settings of the section.
func (f found) assertion() Assertion {
	ttl, _ := parseTTL(f.text(keyAssertionTTL)) // checked by itself
	return Assertion{Enabled: f.on(keyAssertionEnabled), Audience: f.text(keyAssertionAudience), TTL: ttl}
}

// check names what contradicts itself.
func (a Assertion) check(f found) problems {
	var wrong problems
	if a.Enabled && f.missing(keyAssertionAudience) {
		wrong.add("%s needs assertion.audience: what the applications look for", f.where(keyAssertionEnabled))
	}
	for _, key := range []string{keyAssertionAudience, keyAssertionTTL} {
		if !a.Enabled && f.lines[key] != "" && f.lines[keyAssertionEnabled] == "" {
			wrong.add("%s does nothing without assertion.enabled", f.where(key))
		}
	}
	return wrong
}
