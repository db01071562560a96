package tenancy

// Seed is the data of a first start, applied to a store without users in one
// transaction. Ids are set, references resolved.
type Seed struct {
	Users       []User
	Tenants     []Tenant // each owner's membership is implied
	Memberships []Membership
	Keys        []Key
}
