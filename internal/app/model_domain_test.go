package app

import (
	"slices"

	"github.com/memberward/memberward/internal/tenancy"
)

// roleNames are those that the custom roles of these tests can have. Who holds
// admin manages users through cognee.
var roleNames = [3]string{"editor", "admin", "steward"}

// customRole is a custom role.
type customRole struct {
	there   bool
	powers  bool // its holders add and remove members
	capable bool // and have the capability to manage users
}

var powers = []string{string(tenancy.ActionMemberAdd), string(tenancy.ActionMemberRemove)}

// makeRole makes a custom role, by somebody who has the right to.
func (c *chamber) makeRole(i int, powers bool) bool {
	if c.roles[i].there {
		return false
	}
	c.roles[i] = customRole{there: true, powers: powers}
	return true
}

// dropRole takes a role away, and from everybody.
func (c *chamber) dropRole(i int) bool {
	if !c.roles[i].there {
		return false
	}
	c.roles[i] = customRole{}
	for user, s := range c.members {
		s.roles &^= 1 << i
		c.members[user] = s
	}
	for _, d := range c.datasets {
		delete(d.grants, roleNames[i])
	}
	return true
}

// takeRole is how cognee takes a role away: who does not hold it, or is no
// member, holds it no more than others.
func (c *chamber) takeRole(actor, user tenancy.UserID, i int) bool {
	if !c.roles[i].there || !c.manages(actor) && !c.managesUsers(actor) {
		return false
	}
	if _, there := c.members[user]; !there {
		return true
	}
	return c.rearrange(actor, user, func(s *standing) { s.roles &^= 1 << i })
}

// giveRole is how cognee gives it.
func (c *chamber) giveRole(actor, user tenancy.UserID, i int) bool {
	if !c.roles[i].there || c.members[user].roles.has(i) || !c.manages(actor) && !c.managesUsers(actor) {
		return false
	}
	return c.rearrange(actor, user, func(s *standing) { s.roles |= 1 << i })
}

// endow sets whether a principal has the capability to manage users.
func (c *chamber) endow(in drawn, capable bool) bool {
	if !c.manages(in.actor) {
		return false
	}
	switch in.principal {
	case roleNames[in.role]:
		if !c.roles[in.role].there {
			return false
		}
		c.roles[in.role].capable = capable
	case everybody:
		c.capable = capable
	default:
		s, there := c.members[in.user]
		if !there {
			return false
		}
		s.capable = capable
		c.members[in.user] = s
	}
	return true
}

// everybody is the tenant as a principal.
const everybody = "the tenant"

// deleteProject deletes one with everybody's access to it.
func (c *chamber) deleteProject(i int) bool {
	if !c.projects.has(i) {
		return false
	}
	c.projects &^= 1 << i
	for user, s := range c.members {
		s.works &^= 1 << i
		c.members[user] = s
	}
	return true
}

// joinProject has no effect on who works in all of them.
func joinProject(i int) func(*standing) {
	return func(s *standing) {
		if s.only {
			s.works |= 1 << i
		}
	}
}

// quitProject leaves who works in all of them with the others.
func (c *chamber) quitProject(i int) func(*standing) {
	return func(s *standing) {
		if !s.only {
			s.only, s.works = true, c.projects
		}
		s.works &^= 1 << i
	}
}

// invite offers a place to somebody's address. Who is there is not invited.
func (c *chamber) invite(in drawn, level tenancy.Level, keeps bool) bool {
	if s, there := c.members[in.user]; there && !s.waits || !c.manages(in.actor) || level.Rank() > c.rank(in.actor).Rank() {
		return false
	}
	if _, open := c.offers[in.user]; !open || !keeps {
		c.offers[in.user] = level
	}
	return true
}

// withdraw closes an invitation.
func (c *chamber) withdraw(in drawn) bool {
	_, open := c.offers[in.user]
	delete(c.offers, in.user)
	return open && c.manages(in.actor)
}

// accept is what whoever holds the code does: nobody who is suspended, or there
// already. It signs up, and proves the address to this tenant alone.
func (c *chamber) accept(user tenancy.UserID) bool {
	level, open := c.offers[user]
	p := c.people[user]
	s, there := c.members[user]
	if !open || p.suspended || there && !s.waits {
		return false
	}
	if !there {
		s = standing{level: level}
	}
	s.waits = false
	c.members[user] = s
	if p.reserved {
		p.reserved, p.unproven = false, true
	}
	c.people[user] = p
	delete(c.offers, user)
	return true
}

// decline closes what is offered.
func (c *chamber) decline(user tenancy.UserID) bool {
	_, open := c.offers[user]
	delete(c.offers, user)
	return open && !c.people[user].suspended
}

// dataset is a dataset of a tenant: what each principal was granted.
type dataset struct{ grants map[string]bits }

// permissionNames are the permissions, in the order of their bits.
var permissionNames = [4]string{"read", "write", "delete", "share"}

// reach is what somebody may do with a dataset in their active tenant.
func (c *chamber) reach(user tenancy.UserID, d dataset) bits {
	s, there := c.members[user]
	if !there || c.people[user].selected != c.index+1 || !c.sees(user) {
		return 0
	}
	held := d.grants[user.String()] | d.grants[everybody]
	for i, name := range roleNames {
		if s.roles.has(i) {
			held |= d.grants[name]
		}
	}
	return held
}

// share grants or revokes a permission on the tenant's last dataset.
func (c *chamber) share(in drawn, takes bool) bool {
	if len(c.datasets) == 0 {
		return false
	}
	d := c.datasets[len(c.datasets)-1]
	_, known := c.members[in.user]
	switch in.principal {
	case everybody:
		known = true
	case roleNames[in.role]:
		known = c.roles[in.role].there
	}
	if !known || !c.reach(in.actor, d).has(3) {
		return false
	}
	if takes {
		d.grants[in.principal] &^= 1 << in.permission
	} else {
		d.grants[in.principal] |= 1 << in.permission
	}
	return true
}

// register makes a dataset in somebody's active tenant.
func (w *world) register(user tenancy.UserID) bool {
	selected := w.people[user].selected
	if selected == 0 || selected >= elsewhere {
		return w.acts(user)
	}
	c := &w.chambers[selected-1]
	c.datasets = append(c.datasets, dataset{map[string]bits{user.String(): 0b1111}})
	return c.sees(user)
}

// choose makes a tenant somebody's active one.
func (w *world) choose(user tenancy.UserID, selected int) bool {
	p := w.people[user]
	p.selected = selected
	w.people[user] = p
	return w.acts(user)
}

// deselect clears a selection that ended.
func (w *world) deselect(user tenancy.UserID, selected int) {
	p := w.people[user]
	if p.selected == selected {
		p.selected = 0
	}
	w.people[user] = p
}

// place is how somebody belongs to an organization.
type place struct{ admin, disabled bool }

// organization is one above tenants.
type organization struct {
	own     bool // it is one tenant's
	tenants int
	places  map[tenancy.UserID]place
}

// administers reports whether somebody administers the tenant's organization.
func (c *chamber) administers(user tenancy.UserID) bool {
	p := c.world.above[c.above].places[user]
	return p.admin && !p.disabled && c.acts(user)
}

// belongs reports whether somebody may read the organization.
func (c *chamber) belongs(user tenancy.UserID) bool {
	p, there := c.world.above[c.above].places[user]
	return there && !p.disabled && c.acts(user)
}

// appoint sets somebody's place in the organization.
func (c *chamber) appoint(in drawn) bool {
	if _, there := c.world.above[c.above].places[in.user]; !there && !c.proven(in.user) {
		return false
	}
	c.world.above[c.above].places[in.user] = place{admin: in.flag, disabled: !in.second}
	return true
}

// dismiss ends it.
func (c *chamber) dismiss(in drawn) bool {
	_, there := c.world.above[c.above].places[in.user]
	delete(c.world.above[c.above].places, in.user)
	return there
}

// detach gives the tenant an organization of its own, that the owner
// administers.
func (c *chamber) detach() bool {
	w := c.world
	if w.above[c.above].own {
		return false
	}
	w.above[c.above].tenants--
	w.above = append(w.above, organization{own: true, tenants: 1, places: map[tenancy.UserID]place{}})
	c.above = len(w.above) - 1
	if !c.owner.IsZero() {
		w.above[c.above].places[c.owner] = place{admin: true}
	}
	return true
}

// found makes a tenant that is not in the model.
func (w *world) found(user tenancy.UserID, selects bool) bool {
	p := w.people[user]
	if selects {
		p.selected = elsewhere + p.founded
	}
	p.founded++
	w.people[user] = p
	return w.acts(user)
}

// abandon deletes the last tenant that somebody founded.
func (w *world) abandon(user tenancy.UserID) bool {
	p := w.people[user]
	p.founded--
	w.people[user] = p
	w.deselect(user, elsewhere+p.founded)
	return p.founded >= 0 && w.acts(user)
}

// own has somebody own a tenant of an organization, for good.
func (w *world) own(user tenancy.UserID) bool {
	p := w.people[user]
	p.owns = true
	w.people[user] = p
	return w.acts(user)
}

func (p account) isOwner() bool { return p.owns || p.founded > 0 }

// suspend disables an account, unless an owner or a last administrator goes
// with it.
func (w *world) suspend(user tenancy.UserID, suspended bool) bool {
	p := w.people[user]
	p.suspended = suspended
	w.people[user] = p
	return !suspended || w.canGo(user)
}

func (w *world) canGo(user tenancy.UserID) bool {
	return !w.people[user].isOwner() && !slices.ContainsFunc(w.chambers[:], func(c chamber) bool {
		return c.owner == user || !c.lasts()
	})
}

// erase deletes an account with everything that it has.
func (w *world) erase(user tenancy.UserID) bool {
	if w.people[user].isOwner() {
		return false
	}
	for i := range w.chambers {
		if _, there := w.chambers[i].members[user]; there && !w.chambers[i].end(user) {
			return false
		}
	}
	w.leaveAbove(user)
	w.people[user] = account{gone: true}
	return true
}

// gone reports whether somebody's account is: the others stay.
func (w *world) gone() bool {
	for _, p := range w.people {
		if p.gone {
			return true
		}
	}
	return false
}

// leaveAll ends every membership of somebody and every place in an
// organization, or none.
func (w *world) leaveAll(user tenancy.UserID) bool {
	if !w.acts(user) || w.people[user].isOwner() {
		return false
	}
	for i := range w.chambers {
		if _, there := w.chambers[i].members[user]; there && !w.chambers[i].remove(user, user, anybodyLeaves) {
			return false
		}
	}
	w.leaveAbove(user)
	return true
}

func (w *world) leaveAbove(user tenancy.UserID) {
	for _, o := range w.above {
		delete(o.places, user)
	}
}

// signUp is how the platform signs a reserved account up; one that is suspended
// stays closed.
func (w *world) signUp(user tenancy.UserID) bool {
	p := w.people[user]
	if w.proven(user) || p.suspended {
		return false
	}
	p.keyless, p.reserved, p.unproven = p.keyless || p.unproven, false, false
	w.people[user] = p
	for i := range w.chambers {
		if s, there := w.chambers[i].members[user]; there {
			s.waits = false
			w.chambers[i].members[user] = s
		}
	}
	return true
}
