package policy

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"github.com/memberward/memberward/internal/tenancy"
)

// termsFile is where the terms of the dialects stand: data.dialects.
const termsFile = "dialects/data.yaml"

// addsLimit is the most that adds_per_minute can say.
const addsLimit = 1_000_000

// Terms gives what the active set's data say of a dialect; the zero value,
// which is the safest, of one that they do not name.
func (e *Engine) Terms(dialect tenancy.Dialect) tenancy.Terms { return e.Active().terms[dialect] }

// termsOf reads data.dialects. A set without it has no terms; one in which
// anything is misspelt or of another type is refused.
func (l *loading) termsOf() map[tenancy.Dialect]tenancy.Terms {
	given, exists := l.data["dialects"]
	if !exists {
		return nil
	}
	dialects, isObject := given.(map[string]any)
	if !isObject {
		l.object("%s: dialects is no object", termsFile)
		return nil
	}
	terms := map[tenancy.Dialect]tenancy.Terms{}
	for _, name := range slices.Sorted(maps.Keys(dialects)) {
		dialect := tenancy.Dialect(name)
		if !slices.Contains(tenancy.Dialects(), dialect) {
			l.object("%s: %s: there is no such dialect; the dialects are %v", termsFile, name, tenancy.Dialects())
			continue
		}
		terms[dialect] = l.termsOfOne(name, dialects[name])
	}
	return terms
}

// termsOfOne reads the terms of one dialect.
func (l *loading) termsOfOne(dialect string, given any) tenancy.Terms {
	terms := tenancy.Terms{}
	words, isObject := given.(map[string]any)
	if !isObject {
		l.object("%s: %s: the terms of a dialect are an object", termsFile, dialect)
	}
	for _, key := range slices.Sorted(maps.Keys(words)) {
		var err error
		switch key {
		case "default_level":
			terms.DefaultLevel, err = defaultLevel(words[key])
		case "add_again":
			terms.AddAgain, err = again(words[key], tenancy.AgainRefused, tenancy.AgainKept, tenancy.AgainUpdated)
		case "invite_again":
			terms.InviteAgain, err = again(words[key], againReplaced, tenancy.AgainKept)
		case "adds_per_minute":
			terms.AddsPerMinute, err = addsPerMinute(words[key])
		default:
			err = fmt.Errorf("there is no such term; the terms are default_level, add_again, invite_again and adds_per_minute")
		}
		if err != nil {
			l.object("%s: %s.%s: %v", termsFile, dialect, key, err)
		}
	}
	return terms
}

// defaultLevel reads a level that may be given without being asked for: any
// but owner.
func defaultLevel(given any) (tenancy.Level, error) {
	text, _ := given.(string)
	level, err := tenancy.ParseLevel(text)
	switch {
	case err != nil:
		return tenancy.LevelNone, err
	case level == tenancy.LevelOwner:
		return tenancy.LevelNone, fmt.Errorf("only a transfer of ownership makes an owner")
	}
	return level, nil
}

// againReplaced is how the data call a new invitation that replaces the one
// that is open.
const againReplaced tenancy.Again = "replaced"

func again(given any, known ...tenancy.Again) (tenancy.Again, error) {
	text, _ := given.(string)
	if word := tenancy.Again(text); slices.Contains(known, word) {
		return word, nil
	}
	return "", fmt.Errorf("%v is none of %v", given, known)
}

// addsPerMinute reads a number of requests; 0: any number.
func addsPerMinute(given any) (int, error) {
	number, _ := given.(json.Number)
	adds, err := number.Int64()
	if err != nil || adds < 0 || adds > addsLimit {
		return 0, fmt.Errorf("%v is no whole number from 0 to %d", given, addsLimit)
	}
	return int(adds), nil
}
