package tenancy

// Mapped is the question that a rule makes of a proxied request, where rules
// map requests in place of a table. The zero value is no question.
type Mapped struct {
	Public   bool // nobody is asked; nothing else is set
	Action   Action
	Tenant   string // an id or a slug, as the rule gave it
	OfCaller bool   // the tenant that the caller's credential is bound to; Tenant is empty
	Resource Resource
}
