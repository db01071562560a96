package app

import (
	"cmp"
	"slices"
	"strings"

	"github.com/go-json-experiment/json"

	"github.com/memberward/memberward/internal/config"
	"github.com/memberward/memberward/internal/tenancy"
)

// inTenant is how something of a tenant is found there: by its id, or by its
// name. Without a tenant, an id says that it is in use.
type inTenant struct {
	tenant tenancy.TenantID
	name   string
}

// datasetRef is a dataset as grants find it.
type datasetRef struct {
	tenancy.Dataset
	several bool // others have the name too
}

func (r *resolver) organization(o config.BootstrapOrganization) {
	above := tenancy.Organization{
		ID: tenancy.OrganizationID(r.newID()), Name: o.Name, ShortName: cmp.Or(o.ShortName, tenancy.SlugFrom(o.Name)),
	}
	above.ID = idOr(r, o.Line, o.ID, above.ID, tenancy.ParseOrganizationID)
	r.checkName(o.Line, o.Name)
	r.check(o.Line, "short_name", tenancy.CheckShortName(above.ShortName))
	for _, name := range []string{above.ID.String(), above.ShortName} {
		if _, taken := r.organizations[name]; taken && name != "" {
			r.problem(o.Line, "another organization has %s already", name)
		}
		r.organizations[name] = above.ID
	}
	r.seed.Organizations = append(r.seed.Organizations, above)
	seen := map[tenancy.UserID]bool{}
	for _, m := range o.Members {
		user, known := r.findUser(o.Line, "members", m.User)
		if known && seen[user.ID] {
			r.problem(o.Line, "members: %s stands there twice", m.User)
		}
		seen[user.ID] = true
		r.seed.OrganizationMembers = append(r.seed.OrganizationMembers, tenancy.OrganizationMember{
			Organization: above.ID, User: user.ID, Admin: m.Admin, Enabled: orTrue(m.Enabled),
		})
	}
}

// findOrganization follows a reference by id or short name.
func (r *resolver) findOrganization(line int, ref string) tenancy.OrganizationID {
	if parsed, err := tenancy.ParseOrganizationRef(ref); err == nil {
		ref = cmp.Or(parsed.ID.String(), parsed.ShortName)
	}
	id, known := r.organizations[ref]
	if !known || ref == "" {
		r.problem(line, "organization: no organization of this file has the id or short name %q", ref)
	}
	return id
}

func (r *resolver) role(o config.BootstrapRole) {
	role := tenancy.Role{
		ID: tenancy.RoleID(r.newID()), Tenant: r.findTenant(o.Line, o.Tenant), Name: o.Name, Actions: r.actions(o.Line, "actions", o.Actions),
	}
	role.ID = idOr(r, o.Line, o.ID, role.ID, tenancy.ParseRoleID)
	r.checkName(o.Line, o.Name)
	slices.Sort(role.Actions)
	role.Actions = slices.Compact(role.Actions)
	enter(r, o.Line, "role", r.roles, role.ID, role.Tenant, role.Name)
	r.seed.Roles = append(r.seed.Roles, role)
}

func (r *resolver) project(o config.BootstrapProject) {
	project := tenancy.Project{ID: tenancy.ProjectID(r.newID()), Tenant: r.findTenant(o.Line, o.Tenant), Name: o.Name}
	project.ID = idOr(r, o.Line, o.ID, project.ID, tenancy.ParseProjectID)
	r.checkName(o.Line, o.Name)
	enter(r, o.Line, "project", r.projects, project.ID, project.Tenant, project.Name)
	r.seed.Projects = append(r.seed.Projects, project)
}

// enter makes something of a tenant known by its id and its name there.
func enter[Kind any](r *resolver, line int, kind string, known map[inTenant]tenancy.ID[Kind], id tenancy.ID[Kind], tenant tenancy.TenantID, name string) {
	anywhere, there := inTenant{name: id.String()}, inTenant{tenant, name}
	if _, taken := known[anywhere]; taken && !id.IsZero() {
		r.problem(line, "another %s has %s already", kind, id)
	}
	if _, taken := known[there]; taken && name != "" {
		r.problem(line, "another %s of the tenant has the name %q already", kind, name)
	}
	known[anywhere], known[there], known[inTenant{tenant, id.String()}] = id, id, id
}

// findIn follows a reference by id or name to something of a tenant.
func findIn[Kind any](r *resolver, line int, kind string, known map[inTenant]tenancy.ID[Kind], tenant tenancy.TenantID, ref string) tenancy.ID[Kind] {
	if tenant.IsZero() { // a problem that was named already
		return tenancy.ID[Kind]{}
	}
	for _, name := range []string{ref, strings.ToLower(ref)} { // ids are kept in lower case
		id, named := known[inTenant{tenant, name}]
		if named && name != "" && (name == ref || id.String() == name) {
			return id
		}
	}
	r.problem(line, "%s: no %[1]s of the tenant has the id or name %q", kind, ref)
	return tenancy.ID[Kind]{}
}

// holdings resolves what a member holds beside the level.
func (r *resolver) holdings(m config.BootstrapMembership, member *tenancy.Membership) {
	for _, ref := range m.Roles {
		member.Roles = append(member.Roles, findIn(r, m.Line, "role", r.roles, member.Tenant, ref))
	}
	member.Roles = tenancy.SortIDs(member.Roles)
	for _, name := range m.Capabilities {
		capability, err := tenancy.ParseCapability(name)
		r.check(m.Line, "capabilities", err)
		member.Capabilities = append(member.Capabilities, capability)
	}
	slices.Sort(member.Capabilities)
	member.Capabilities = slices.Compact(member.Capabilities)
	if !m.Projects.Only {
		return
	}
	var ids []tenancy.ProjectID
	for _, ref := range m.Projects.Names {
		ids = append(ids, findIn(r, m.Line, "project", r.projects, member.Tenant, ref))
	}
	member.Projects = tenancy.NewProjectAccess(ids)
}

func (r *resolver) dataset(o config.BootstrapDataset) {
	owner, _ := r.findUser(o.Line, "owner", o.Owner)
	dataset := tenancy.Dataset{ID: tenancy.DatasetID(r.newID()), Owner: owner.ID, Name: o.Name}
	if o.Tenant != "" {
		dataset.Tenant = r.findTenant(o.Line, o.Tenant)
	}
	dataset.ID = idOr(r, o.Line, o.ID, dataset.ID, tenancy.ParseDatasetID)
	r.checkName(o.Line, o.Name)
	if _, taken := r.datasets[dataset.ID.String()]; taken {
		r.problem(o.Line, "another dataset has %s already", dataset.ID)
	}
	r.datasets[dataset.ID.String()] = datasetRef{Dataset: dataset}
	_, several := r.datasets[o.Name]
	r.datasets[o.Name] = datasetRef{Dataset: dataset, several: several}
	r.seed.Datasets = append(r.seed.Datasets, dataset)
}

func (r *resolver) grant(o config.BootstrapGrant) {
	dataset, known := r.datasets[o.Dataset]
	if id, err := tenancy.ParseDatasetID(o.Dataset); err == nil {
		dataset, known = r.datasets[id.String()]
	}
	switch {
	case !known || o.Dataset == "":
		r.problem(o.Line, "dataset: no dataset of this file has the id or name %q", o.Dataset)
	case dataset.several:
		r.problem(o.Line, "dataset: several have the name %q: give the id", o.Dataset)
	}
	permission, err := tenancy.ParsePermission(o.Permission)
	r.check(o.Line, "permission", err)
	r.seed.Grants = append(r.seed.Grants, tenancy.Grant{
		Dataset: dataset.ID, Tenant: dataset.Tenant, Principal: r.principal(o), Permissions: permission,
	})
}

// principal follows user:…, role:tenant/… or tenant:….
func (r *resolver) principal(o config.BootstrapGrant) tenancy.Principal {
	kind, ref, _ := strings.Cut(o.Principal, ":")
	switch kind {
	case "user":
		user, _ := r.findUser(o.Line, "principal", ref)
		return tenancy.UserPrincipal(user.ID)
	case "role":
		tenant, name, _ := strings.Cut(ref, "/")
		return tenancy.RolePrincipal(findIn(r, o.Line, "role", r.roles, r.findTenant(o.Line, tenant), name))
	case "tenant":
		return tenancy.TenantPrincipal(r.findTenant(o.Line, ref))
	default:
		r.problem(o.Line, "principal: want user:…, role:tenant/… or tenant:…, not %q", o.Principal)
		return tenancy.Principal{}
	}
}

// checkName refuses a name that is missing or cannot be one.
func (r *resolver) checkName(line int, name string) {
	if strings.TrimSpace(name) == "" {
		r.problem(line, "name: is missing")
	}
	r.check(line, "name", tenancy.CheckName(name))
}

// idOr reads an id; one that is absent is a new one.
func idOr[ID any](r *resolver, line int, given string, fresh ID, parse func(string) (ID, error)) ID {
	if given == "" {
		return fresh
	}
	id, err := parse(given)
	r.check(line, "id", err)
	return id
}

// entity checks an entity of the registry. Its properties are JSON from here
// on: what YAML can say beyond that is refused.
func (r *resolver) entity(o config.BootstrapEntity) {
	entity := tenancy.Entity{EntityRef: tenancy.EntityRef{Type: o.Type, ID: o.ID}, Owner: o.Owner}
	if len(o.Properties) > 0 {
		text, err := json.Marshal(o.Properties, json.Deterministic(true))
		if err == nil {
			entity.Properties, err = tenancy.ParseProperties(text)
		}
		r.check(o.Line, "properties", err)
	}
	r.check(o.Line, "entity", entity.Check())
	if r.entities[entity.EntityRef] {
		r.problem(o.Line, "the entity %s %s stands there twice", o.Type, o.ID)
	}
	r.entities[entity.EntityRef] = true
	r.seed.Entities = append(r.seed.Entities, entity)
}
