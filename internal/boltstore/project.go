package boltstore

import (
	"fmt"

	"github.com/memberward/memberward/internal/tenancy"
)

func encodeProject(v tenancy.Project) []byte {
	e := newEncoder(recordVersion, 64+len(v.Name))
	e.project(v)
	return e.seal(bucketProjects, v.ID[:])
}

func (e *encoder) project(v tenancy.Project) {
	e.raw(v.Tenant[:])
	e.string(v.Name)
	e.flags(v.Default)
	e.time(v.CreatedAt)
	e.time(v.UpdatedAt)
}

func decodeProject(d *decoder) (v tenancy.Project) {
	v.Tenant, v.Name = d.id(), d.string()
	d.flags(&v.Default)
	v.CreatedAt, v.UpdatedAt = d.time(), d.time()
	return v
}

// Project reads a project.
func (r *reader) Project(id tenancy.ProjectID) (tenancy.Project, bool, error) {
	v, found, err := lookup(r.from, bucketProjects, r.id(id), decodeProject)
	if found {
		v.ID = id
	}
	return v, found, err
}

// Projects lists a tenant's projects.
func (r *reader) Projects(tenant tenancy.TenantID, after tenancy.ProjectID, limit int) ([]tenancy.Project, error) {
	return through(r, bucketTenantProjects, tenant, after, limit, r.Project)
}

// Workers lists the members whose access names a project.
func (r *reader) Workers(project tenancy.ProjectID, after tenancy.UserID, limit int) ([]tenancy.UserID, error) {
	return linked(r, bucketProjectWorkers, project, after, limit)
}

// PutProject writes a project. A move to another tenant is refused.
func (t *tx) PutProject(v tenancy.Project) error {
	if v.ID.IsZero() || v.Tenant.IsZero() {
		return fmt.Errorf("put project: it lacks an id or a tenant")
	}
	old, existed, err := t.Project(v.ID)
	if err == nil {
		err = t.enlist(bucketTenantProjects, v.ID, existed, old.Tenant, v.Tenant)
	}
	if err == nil {
		err = t.over.put(bucketProjects, v.ID[:], encodeProject(v))
	}
	return doing(err, "put project %s", v.ID)
}

// DeleteProject deletes a project. One that is not there is an error, and so
// is one that somebody's access names.
func (t *tx) DeleteProject(id tenancy.ProjectID) error {
	old, found, err := t.Project(id)
	if err == nil && !found {
		err = fmt.Errorf("there is no such project")
	}
	if err != nil {
		return doing(err, "delete project %s", id)
	}
	err = steps(
		func() error { return t.nothingIn(bucketProjectWorkers, id) },
		func() error { return t.unlink(bucketTenantProjects, old.Tenant, id) },
		func() error { return t.over.put(bucketProjects, id[:], nil) },
	)
	return doing(err, "delete project %s", id)
}
