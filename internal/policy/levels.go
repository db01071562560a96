package policy

import (
	"slices"

	"github.com/memberward/memberward/internal/tenancy"
)

// LevelActions lists what the role table of the active set gives a level,
// sorted; nothing where the set decides without one.
func (e *Engine) LevelActions(level tenancy.Level) []tenancy.Action {
	return e.Active().levels[level]
}

// levelActions reads the role table, which has been checked.
func (l *loading) levelActions() map[tenancy.Level][]tenancy.Action {
	roles, _ := l.data["roles"].(map[string]any)
	given := map[tenancy.Level][]tenancy.Action{}
	for _, table := range []string{"access", "changes"} {
		levels, _ := roles[table].(map[string]any)
		for name, actions := range levels {
			level, _ := tenancy.ParseLevel(name)
			list, _ := actions.([]any)
			for _, action := range list {
				text, _ := action.(string)
				given[level] = append(given[level], tenancy.Action(text))
			}
		}
	}
	for _, actions := range given {
		slices.Sort(actions)
	}
	return given
}
