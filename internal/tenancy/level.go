package tenancy

import "fmt"

// Level is the rank of a membership (contracts/levels.md). The numbers are
// part of the file format and of the policy input: never change one.
type Level uint8

// The levels. The zero value is no level at all and holds nothing.
const (
	LevelNone   Level = 0
	LevelViewer Level = 10
	LevelMember Level = 20
	LevelAdmin  Level = 30
	LevelOwner  Level = 40
)

// ParseLevel reads "viewer", "member", "admin" or "owner".
func ParseLevel(s string) (Level, error) {
	for _, l := range []Level{LevelViewer, LevelMember, LevelAdmin, LevelOwner} {
		if l.String() == s {
			return l, nil
		}
	}
	return LevelNone, fmt.Errorf("unknown level %q: want viewer, member, admin or owner", s)
}

// String gives the level's name; "none" for no level and for every number
// that is no level.
func (l Level) String() string {
	switch l {
	case LevelViewer:
		return "viewer"
	case LevelMember:
		return "member"
	case LevelAdmin:
		return "admin"
	case LevelOwner:
		return "owner"
	default:
		return "none"
	}
}

// Rank gives the number that levels are compared by, 0 for no level.
func (l Level) Rank() int {
	if l.String() == "none" {
		return 0
	}
	return int(l)
}

// Administers reports whether the level is one of the two that count as
// administrators.
func (l Level) Administers() bool { return l == LevelAdmin || l == LevelOwner }
