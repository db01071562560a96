package policy

import (
	"maps"
	"slices"

	"github.com/memberward/memberward/internal/tenancy"
)

// checkRoles holds the role table against the ceilings of the domain:
// data.roles.changes and data.roles.access give each level a list of actions.
// A set that decides without such a table need not have one.
func (l *loading) checkRoles() {
	roles, _ := l.data["roles"].(map[string]any)
	for _, table := range []string{"access", "changes"} {
		given, exists := roles[table]
		if !exists {
			continue
		}
		levels, isObject := given.(map[string]any)
		if !isObject {
			l.object("data.roles.%s gives no actions by level", table)
			continue
		}
		for _, level := range slices.Sorted(maps.Keys(levels)) {
			l.checkActions(table, level, levels[level])
		}
	}
}

// checkActions checks what one table gives to one level.
func (l *loading) checkActions(table, name string, given any) {
	level, err := tenancy.ParseLevel(name)
	actions, isList := given.([]any)
	if err != nil || !isList {
		l.object("data.roles.%s.%s is not a level with a list of actions", table, name)
		return
	}
	for _, element := range actions {
		text, _ := element.(string)
		action, err := tenancy.ParseAction(text)
		switch {
		case err != nil:
			l.object("data.roles.%s.%s: %v: %v", table, name, element, err)
		case action.Changes() != (table == "changes"):
			l.object("data.roles.%s.%s: %s belongs in the other table: changes have objections to pass", table, name, action)
		case !level.MayHold(action):
			l.object("data.roles.%s.%s: %s is beyond what this level may hold", table, name, action)
		}
	}
}
