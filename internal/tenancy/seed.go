package tenancy

// Seed is the data of a first start, applied to a store without users in one
// transaction. Ids are set, references resolved.
type Seed struct {
	Organizations       []Organization
	Users               []User
	OrganizationMembers []OrganizationMember
	Tenants             []Tenant // each owner's membership is implied; without an organization, so is one of its own
	Roles               []Role
	Projects            []Project
	Memberships         []Membership
	Datasets            []Dataset // each owner has all permissions, if a member
	Grants              []Grant
	Keys                []Key
	Entities            []Entity
}
