package tenancy

// Query is one thing that may be read. The set is closed, as changes are.
type Query interface{ query() }

// GetUser reads an account; the result is a UserView.
type GetUser struct{ User UserID }

// FindUser reads an account by e-mail; the result is a UserView.
type FindUser struct{ Email string }

// ListKeys reads a user's API keys after a key id; the result is a []KeyView.
type ListKeys struct {
	User  UserID
	After KeyID
	Limit int
}

// GetTenant reads a tenant; the result is a Tenant.
type GetTenant struct{ Tenant TenantRef }

// ListTenants reads the tenants of a user, or all of them, after a tenant id;
// the result is a []Tenant.
type ListTenants struct {
	User  UserID // zero: all tenants
	After TenantID
	Limit int
}

// GetMember reads one membership; the result is a Member.
type GetMember struct {
	Tenant TenantRef
	User   UserID
}

// ListMembers reads a tenant's members after a user id; the result is a
// []Member.
type ListMembers struct {
	Tenant TenantRef
	After  UserID
	Limit  int
}

// GetPolicies asks for the active policy set; the result is nil, since the
// policies are no part of the store: the decision is what is asked for.
type GetPolicies struct{}

func (GetUser) query()     {}
func (FindUser) query()    {}
func (ListKeys) query()    {}
func (GetTenant) query()   {}
func (ListTenants) query() {}
func (GetMember) query()   {}
func (ListMembers) query() {}
func (GetPolicies) query() {}
