// Package tenancy holds the words of the domain: ids, users, tenants, levels,
// memberships, actors, the closed sets of changes and queries, and what can be
// found against them. It does no I/O, reads no clock and makes no random
// numbers; every other package speaks in these types.
package tenancy
