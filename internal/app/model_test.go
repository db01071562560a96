package app

import (
	"maps"
	"slices"

	"github.com/memberward/memberward/internal/tenancy"
)

// The model is what the contracts say of members, as plainly as it can be said:
// two tenants, their members, and what each operation makes of them.

// standing is a membership in the model.
type standing struct {
	level, before tenancy.Level
	disabled      bool
	developer     bool
	editor        bool // holds the tenant's custom role
}

// chamber is a tenant in the model.
type chamber struct {
	owner   tenancy.UserID // zero: none
	members map[tenancy.UserID]standing
}

func (c chamber) clone() chamber { return chamber{c.owner, maps.Clone(c.members)} }

// rank is what somebody may act with: nothing for who is no member or disabled.
func (c chamber) rank(user tenancy.UserID) tenancy.Level {
	if s, there := c.members[user]; there && !s.disabled {
		return s.level
	}
	return tenancy.LevelNone
}

// manages reports whether somebody manages users who are of that level at most.
func (c chamber) manages(actor tenancy.UserID, level tenancy.Level) bool {
	rank := c.rank(actor)
	return rank.Administers() && level.Rank() <= rank.Rank()
}

// lasts reports whether the tenant has an administrator left.
func (c chamber) lasts() bool {
	return slices.ContainsFunc(slices.Collect(maps.Values(c.members)), func(s standing) bool { return s.level.Administers() && !s.disabled })
}

// put sets what somebody is, unless that would leave the owner less, or the
// tenant without an administrator.
func (c chamber) put(user tenancy.UserID, after standing) bool {
	before := c.members[user]
	if before.level == tenancy.LevelOwner && (after.level != tenancy.LevelOwner || after.disabled) {
		return false
	}
	switch {
	case !after.level.Administers():
		after.before = tenancy.LevelNone
	case !before.level.Administers():
		after.before = before.level
	}
	next := c.clone()
	next.members[user] = after
	if !next.lasts() {
		return false
	}
	c.members[user] = after
	return true
}

// add makes somebody a member, who is none yet.
func (c chamber) add(actor, user tenancy.UserID, s standing) bool {
	if _, there := c.members[user]; there || !c.manages(actor, s.level) {
		return false
	}
	c.members[user] = s
	return true
}

// change changes a member.
func (c chamber) change(actor, user tenancy.UserID, how func(*standing)) bool {
	before, there := c.members[user]
	after := before
	how(&after)
	return there && c.manages(actor, before.level) && c.manages(actor, after.level) && c.put(user, after)
}

// remove ends a membership; leaves says who may end their own.
func (c chamber) remove(actor, user tenancy.UserID, leaves func(tenancy.Level) bool) bool {
	s, there := c.members[user]
	own := actor == user && there && !s.disabled && leaves(s.level)
	if !there || s.level == tenancy.LevelOwner || !(own || (actor != user && c.manages(actor, s.level))) {
		return false
	}
	next := c.clone()
	delete(next.members, user)
	if !next.lasts() {
		return false
	}
	delete(c.members, user)
	return true
}

// Who may leave, by dialect (contracts/levels.md).
func anybodyLeaves(tenancy.Level) bool             { return true }
func administratorsLeave(level tenancy.Level) bool { return level.Administers() }
func othersLeave(level tenancy.Level) bool         { return !level.Administers() }

// transfer makes an active member the owner; the owner before is an admin.
func (c *chamber) transfer(actor, to tenancy.UserID) bool {
	if actor != c.owner || actor == to || c.rank(to) == tenancy.LevelNone {
		return false
	}
	old, owner := c.members[actor], c.members[to]
	old.level = tenancy.LevelAdmin
	if !owner.level.Administers() {
		owner.before = owner.level
	}
	owner.level = tenancy.LevelOwner
	c.members[actor], c.members[to], c.owner = old, owner, to
	return true
}

// administrator sets or clears it, as ProcessMind and Cogniac ask for it.
func administrator(wanted bool) func(*standing) {
	return func(s *standing) {
		switch {
		case wanted && !s.level.Administers():
			s.level = tenancy.LevelAdmin
		case !wanted && s.level.Administers():
			s.level = s.before
			if s.level == tenancy.LevelNone {
				s.level = tenancy.LevelMember
			}
		}
	}
}

func leveled(level tenancy.Level) func(*standing) { return func(s *standing) { s.level = level } }

func unchanged(*standing) {}
