package app

import (
	"maps"
	"slices"

	"github.com/memberward/memberward/internal/tenancy"
)

// The model is what the contracts say, as plainly as it can be said: some
// people, two tenants of one organization, and what each operation makes of
// them. What is not in a place of its own here is in model_domain_test.go.

// world is everything.
type world struct {
	chambers [2]chamber
	people   map[tenancy.UserID]account
	above    []organization
}

// account is an account.
type account struct {
	reserved  bool // nobody has signed up for it
	unproven  bool // whoever signed up did so with the code of an invitation
	keyless   bool // the platform took it over: its keys ended
	suspended bool
	gone      bool // there is no such account any more
	selected  int  // 1, 2: that tenant is the active one; from elsewhere on: one that they founded; 0: none
	founded   int  // tenants that are not in the model, and can be deleted
	owns      bool // one that cannot
}

const elsewhere = 3

// bits is a set of small numbers.
type bits uint32

func (b bits) has(i int) bool { return b&(1<<i) != 0 }

// standing is a membership.
type standing struct {
	level, before tenancy.Level
	disabled      bool
	waits         bool // for its address to be proven
	developer     bool
	capable       bool // has the capability to manage users
	roles         bits
	only          bool // works in the projects that are named alone
	works         bits // these
}

// chamber is a tenant.
type chamber struct {
	*world
	index    int
	owner    tenancy.UserID // zero: none
	members  map[tenancy.UserID]standing
	roles    [3]customRole // by roleNames
	capable  bool          // everybody has the capability to manage users
	projects bits
	offers   map[tenancy.UserID]tenancy.Level // invitations that are open, by whose address was invited
	datasets []dataset
	above    int // its organization
}

func (w *world) clone() *world {
	next := &world{chambers: w.chambers, people: maps.Clone(w.people), above: slices.Clone(w.above)}
	for i := range next.chambers {
		c := &next.chambers[i]
		c.world, c.members, c.offers, c.datasets = next, maps.Clone(c.members), maps.Clone(c.offers), slices.Clone(c.datasets)
		for j := range c.datasets {
			c.datasets[j].grants = maps.Clone(c.datasets[j].grants)
		}
	}
	for i := range next.above {
		next.above[i].places = maps.Clone(next.above[i].places)
	}
	return next
}

// acts reports whether somebody can do anything at all.
func (w *world) acts(user tenancy.UserID) bool {
	p := w.people[user]
	return !p.reserved && !p.suspended && !p.gone
}

// proven reports whether an address is somebody's for everybody.
func (w *world) proven(user tenancy.UserID) bool {
	p := w.people[user]
	return !p.reserved && !p.unproven
}

// active reports whether somebody is a member who may act.
func (c *chamber) active(user tenancy.UserID) bool {
	s, there := c.members[user]
	return there && !s.disabled && !s.waits && c.acts(user)
}

// rank is what somebody may act with: an owner's level for who administers the
// organization, nothing for who is no active member.
func (c *chamber) rank(user tenancy.UserID) tenancy.Level {
	switch {
	case c.administers(user):
		return tenancy.LevelOwner
	case c.active(user):
		return c.members[user].level
	default:
		return tenancy.LevelNone
	}
}

// sees reports whether somebody may read what every member may.
func (c *chamber) sees(user tenancy.UserID) bool { return c.rank(user) != tenancy.LevelNone }

// manages reports whether somebody may do what takes an administrator.
func (c *chamber) manages(user tenancy.UserID) bool { return c.rank(user).Administers() }

// enrols reports whether somebody may add members of a level and remove them: an
// administrator, or who holds a role that says so.
func (c *chamber) enrols(user tenancy.UserID, level tenancy.Level) bool {
	may := c.manages(user) || c.active(user) && c.anyRole(user, func(r customRole, _ int) bool { return r.powers })
	return may && level.Rank() <= c.rank(user).Rank()
}

// managesUsers reports whether somebody is what cognee calls a user manager, by
// a role, by the capability, or by administering the organization.
func (c *chamber) managesUsers(user tenancy.UserID) bool {
	s, there := c.members[user]
	return there && c.sees(user) && (c.administers(user) || s.capable || c.capable || c.anyRole(user, func(r customRole, i int) bool {
		return r.capable || roleNames[i] == "admin"
	}))
}

func (c *chamber) anyRole(user tenancy.UserID, is func(customRole, int) bool) bool {
	for i, role := range c.roles {
		if c.members[user].roles.has(i) && is(role, i) {
			return true
		}
	}
	return false
}

// lasts reports whether the tenant has an administrator left.
func (c *chamber) lasts() bool {
	for user, s := range c.members {
		if s.level.Administers() && !s.disabled && !s.waits && c.acts(user) {
			return true
		}
	}
	return false
}

// put sets what somebody is, unless that would leave the owner less, or the
// tenant without an administrator.
func (c *chamber) put(user tenancy.UserID, after standing) bool {
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
	c.members[user] = after
	return c.lasts()
}

// add makes somebody a member, who is none yet.
func (c *chamber) add(actor, user tenancy.UserID, s standing) bool {
	if _, there := c.members[user]; there || !c.enrols(actor, s.level) {
		return false
	}
	s.waits = !c.proven(user)
	c.members[user] = s
	return true
}

// change changes a member.
func (c *chamber) change(actor, user tenancy.UserID, how func(*standing)) bool {
	return c.manages(actor) && c.rearrange(actor, user, how)
}

// rearrange is change by somebody who has the right to.
func (c *chamber) rearrange(actor, user tenancy.UserID, how func(*standing)) bool {
	before, there := c.members[user]
	after := before
	how(&after)
	rank := c.rank(actor)
	for i, role := range c.roles {
		if after.roles.has(i) && !before.roles.has(i) && role.powers && !rank.Administers() {
			return false // nobody hands out what they could not hold
		}
	}
	return there && before.level.Rank() <= rank.Rank() && after.level.Rank() <= rank.Rank() && c.put(user, after)
}

// remove ends a membership; leaves says who may end their own.
func (c *chamber) remove(actor, user tenancy.UserID, leaves func(tenancy.Level) bool) bool {
	s, there := c.members[user]
	if actor == user {
		return there && c.sees(user) && leaves(s.level) && c.end(user)
	}
	return there && c.enrols(actor, s.level) && c.end(user)
}

// removeByCognee is remove where user managers remove whomever they like, and
// nobody else leaves.
func (c *chamber) removeByCognee(actor, user tenancy.UserID) bool {
	if _, there := c.members[user]; there && c.managesUsers(actor) {
		return c.end(user)
	}
	return c.remove(actor, user, tenancy.Level.Administers)
}

// end takes a member away with all that hangs on it, unless it is the owner or
// the last administrator.
func (c *chamber) end(user tenancy.UserID) bool {
	if c.members[user].level == tenancy.LevelOwner {
		return false
	}
	delete(c.members, user)
	delete(c.offers, user)
	for _, d := range c.datasets {
		delete(d.grants, user.String())
	}
	c.deselect(user, c.index+1)
	return c.lasts()
}

// Who may leave, by dialect (contracts/levels.md).
func anybodyLeaves(tenancy.Level) bool             { return true }
func administratorsLeave(level tenancy.Level) bool { return level.Administers() }
func othersLeave(level tenancy.Level) bool         { return !level.Administers() }

// transfer makes an active member the owner; the owner before is an admin. With
// the tenant goes the organization that it has to itself.
func (c *chamber) transfer(actor, to tenancy.UserID) bool {
	if actor != c.owner || actor == to || !c.active(to) {
		return false
	}
	old, owner := c.members[actor], c.members[to]
	old.level = tenancy.LevelAdmin
	if !owner.level.Administers() {
		owner.before = owner.level
	}
	owner.level = tenancy.LevelOwner
	c.members[actor], c.members[to], c.owner = old, owner, to
	if above := c.world.above[c.above]; above.own && above.tenants == 1 {
		delete(above.places, actor)
		above.places[to] = place{admin: true}
	}
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
