package llamacloud

import (
	"github.com/gin-gonic/gin"

	"github.com/memberward/memberward/internal/api"
	"github.com/memberward/memberward/internal/tenancy"
)

// projects serves GET /api/v1/projects?organization_id=&project_name=.
func (d *dialect) projects(c *gin.Context, actor tenancy.Actor) error {
	input := form{c: c}
	query := input.query("organization_id", "project_name")
	org := inQuery(&input, tenancy.ParseTenantID, query, "organization_id")
	if err := input.check(); err != nil {
		return err
	}
	org, err := d.orTheOnly(c, actor, org)
	if err != nil {
		return err
	}
	name, named := query["project_name"]
	return d.listProjects(c, actor, tenancy.ListProjects{Tenant: tenancy.RefTo(org)}, func(p tenancy.Project) bool {
		return !named || p.Name == name
	})
}

// listProjects writes those projects of a list that are wanted.
func (d *dialect) listProjects(c *gin.Context, actor tenancy.Actor, of tenancy.ListProjects, wanted func(tenancy.Project) bool) error {
	return api.List[tenancy.Project]{
		Gate: d.gate, Options: options,
		Page: func(last tenancy.Project) tenancy.Query {
			of.After, of.Limit = last.ID, api.PageSize
			return of
		},
		Show: func(p tenancy.Project) any {
			if !wanted(p) {
				return nil
			}
			return projectOf(p)
		},
	}.Write(c, actor)
}

// orTheOnly gives the organization that a request is about: the one it names,
// or the only one of a caller who has no other.
func (d *dialect) orTheOnly(c *gin.Context, actor tenancy.Actor, org tenancy.TenantID) (tenancy.TenantID, error) {
	if !org.IsZero() {
		return org, nil
	}
	input := form{c: c}
	if !actor.User.IsZero() {
		found, err := read[[]tenancy.Tenant](d, c, actor, tenancy.ListTenants{User: actor.User, Limit: 2})
		if err != nil {
			return org, err
		}
		if len(found) == 1 {
			return found[0].ID, nil
		}
	}
	input.missing("query", "organization_id")
	return org, input.check()
}

// createProject serves POST /api/v1/projects?organization_id=.
func (d *dialect) createProject(c *gin.Context, actor tenancy.Actor) error {
	input := form{c: c}
	org := inQuery(&input, tenancy.ParseTenantID, input.query("organization_id"), "organization_id")
	name := input.name()
	if err := input.check(); err != nil {
		return err
	}
	org, err := d.orTheOnly(c, actor, org)
	if err != nil {
		return err
	}
	made, err := apply[tenancy.Project](d, c, actor, tenancy.CreateProject{Tenant: tenancy.RefTo(org), Name: name})
	if err != nil {
		return err
	}
	return ok(c, projectOf(made))
}

// ofProject reads the project of the path, and the organization that the query
// may say it is in.
func (f *form) ofProject() (tenancy.ProjectID, tenancy.TenantID) {
	return f.project(), inQuery(f, tenancy.ParseTenantID, f.query("organization_id"), "organization_id")
}

// project serves GET /api/v1/projects/{project_id}.
func (d *dialect) project(c *gin.Context, actor tenancy.Actor) error {
	input := form{c: c}
	id, org := input.ofProject()
	if err := input.check(); err != nil {
		return err
	}
	found, err := d.findProject(c, actor, id, org)
	if err != nil {
		return err
	}
	return ok(c, projectOf(found))
}

// updateProject serves PUT /api/v1/projects/{project_id}.
func (d *dialect) updateProject(c *gin.Context, actor tenancy.Actor) error {
	input := form{c: c}
	id, org := input.ofProject()
	name := input.name()
	if err := input.check(); err != nil {
		return err
	}
	if err := d.projectIn(c, actor, org, id); err != nil {
		return err
	}
	after, err := apply[tenancy.Project](d, c, actor, tenancy.UpdateProject{Project: id, Name: &name})
	if err != nil {
		return aboutProject(err)
	}
	return ok(c, projectOf(after))
}

// deleteProject serves DELETE /api/v1/projects/{project_id}.
func (d *dialect) deleteProject(c *gin.Context, actor tenancy.Actor) error {
	input := form{c: c}
	id, org := input.ofProject()
	if err := input.check(); err != nil {
		return err
	}
	if err := d.projectIn(c, actor, org, id); err != nil {
		return err
	}
	if err := d.do(c, actor, tenancy.DeleteProject{Project: id}); err != nil {
		return aboutProject(err)
	}
	return noContent(c)
}

// projectIn makes sure that a project is in the organization, if one is named.
func (d *dialect) projectIn(c *gin.Context, actor tenancy.Actor, org tenancy.TenantID, id tenancy.ProjectID) error {
	if org.IsZero() {
		return nil
	}
	_, err := d.findProject(c, actor, id, org)
	return err
}

// findProject reads a project; a zero organization is any.
func (d *dialect) findProject(c *gin.Context, actor tenancy.Actor, id tenancy.ProjectID, org tenancy.TenantID) (tenancy.Project, error) {
	found, err := read[tenancy.Project](d, c, actor, tenancy.GetProject{Project: id})
	if err != nil {
		return found, aboutProject(err)
	}
	if !org.IsZero() && found.Tenant != org {
		return found, aboutProject(&tenancy.Refusal{Outcome: tenancy.Outcome{Reasons: []tenancy.Finding{tenancy.Find(tenancy.CodeProjectUnknown)}}})
	}
	return found, nil
}

// projectError is an error of an operation that names a project alone.
type projectError struct{ error }

// Unwrap gives the error itself.
func (e projectError) Unwrap() error { return e.error }

// aboutProject has a foreign organization's project read as one that is not
// there.
func aboutProject(err error) error { return projectError{err} }

// projectsOfUser serves GET
// /api/v1/organizations/{organization_id}/users/{user_id}/projects.
func (d *dialect) projectsOfUser(c *gin.Context, actor tenancy.Actor) error {
	input := form{c: c}
	org, who := input.organization(), input.person()
	if err := input.check(); err != nil {
		return err
	}
	everything := func(tenancy.Project) bool { return true }
	return concerning(actor, org, who, func(who person) error {
		return d.listProjects(c, actor, tenancy.ListProjects{Tenant: tenancy.RefTo(org), Of: who.user, Email: who.email}, everything)
	})
}

// addToProject serves PUT
// /api/v1/organizations/{organization_id}/users/{user_id}/projects?project_id=.
func (d *dialect) addToProject(c *gin.Context, actor tenancy.Actor) error {
	input := form{c: c}
	org, who := input.organization(), input.person()
	query := input.query("project_id")
	project := inQuery(&input, tenancy.ParseProjectID, query, "project_id")
	if _, given := query["project_id"]; !given && input.check() == nil {
		input.missing("query", "project_id")
	}
	if err := input.check(); err != nil {
		return err
	}
	return d.adjustProjects(c, actor, org, who, tenancy.Adjustment{AddProjects: []tenancy.ProjectID{project}})
}

// removeFromProject serves DELETE
// /api/v1/organizations/{organization_id}/users/{user_id}/projects/{project_id}.
func (d *dialect) removeFromProject(c *gin.Context, actor tenancy.Actor) error {
	input := form{c: c}
	org, who, project := input.organization(), input.person(), input.project()
	if err := input.check(); err != nil {
		return err
	}
	return d.adjustProjects(c, actor, org, who, tenancy.Adjustment{DropProjects: []tenancy.ProjectID{project}})
}

// nothing is the body of a success that has nothing to say.
type nothing struct{}

func (d *dialect) adjustProjects(c *gin.Context, actor tenancy.Actor, org tenancy.TenantID, who person, by tenancy.Adjustment) error {
	err := concerning(actor, org, who, func(who person) error {
		return d.do(c, actor, tenancy.UpdateMember{Tenant: tenancy.RefTo(org), User: who.user, Email: who.email, Adjustment: by})
	})
	if err != nil {
		return err
	}
	return ok(c, nothing{})
}
