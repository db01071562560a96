package cognee

import (
	"errors"
	"net/http"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/memberward/memberward/internal/api"
	"github.com/memberward/memberward/internal/tenancy"
)

// shownDataset is the registration of a dataset.
type shownDataset struct {
	ID        string  `json:"id"`
	Name      string  `json:"name"`
	CreatedAt string  `json:"createdAt"`
	UpdatedAt *string `json:"updatedAt"` // null: never
	OwnerID   string  `json:"ownerId"`
}

// timeForm is how pydantic writes a time in UTC.
const timeForm = "2006-01-02T15:04:05.999999Z07:00"

func shownDatasetOf(d tenancy.Dataset) any {
	shown := shownDataset{ID: d.ID.String(), Name: d.Name, CreatedAt: shownTime(d.CreatedAt), OwnerID: d.Owner.String()}
	if !d.UpdatedAt.IsZero() {
		updated := shownTime(d.UpdatedAt)
		shown.UpdatedAt = &updated
	}
	return shown
}

func shownTime(t time.Time) string { return t.UTC().Format(timeForm) }

// createDataset serves POST /api/v1/datasets: in the caller's active tenant,
// or the caller's alone where none is selected.
func (d *dialect) createDataset(c *gin.Context, actor tenancy.Actor) error {
	input := form{c: c}
	var given struct {
		Name *string `json:"name"`
	}
	if input.json(&given, false) && input.present(given.Name, "name") {
		input.value(api.InBody, "name", *given.Name, checkGivenName(*given.Name))
	}
	if err := input.check(creatingDataset); err != nil {
		return err
	}
	if err := somebody(actor); err != nil {
		return err
	}
	outcome, err := d.apply(c, actor, tenancy.CreateDataset{Tenant: activeTenant, Name: *given.Name})
	if err != nil {
		return &failure{operation: creatingDataset, cause: err}
	}
	dataset, err := api.Result[tenancy.Dataset](outcome)
	if err != nil {
		return err
	}
	return ok(c, shownDatasetOf(dataset))
}

// datasets serves GET /api/v1/datasets: those that the caller can read.
func (d *dialect) datasets(c *gin.Context, actor tenancy.Actor) error {
	if err := somebody(actor); err != nil {
		return err
	}
	return d.listDatasets(c, actor, tenancy.PrincipalID(actor.User), tenancy.PermissionRead)
}

// datasetsOf serves GET /api/v1/permissions/principals/{principal_id}/datasets?permission_name=.
func (d *dialect) datasetsOf(c *gin.Context, actor tenancy.Actor) error {
	input := form{c: c}
	principal := input.principal()
	name, named := input.option("permission_name")
	if !named {
		name = "read"
	}
	if err := input.check(listingDatasets); err != nil {
		return err
	}
	permission, err := tenancy.ParsePermission(name)
	if err != nil {
		return noSuchPermission(name)
	}
	return d.listDatasets(c, actor, principal, permission)
}

func (d *dialect) listDatasets(c *gin.Context, actor tenancy.Actor, principal tenancy.PrincipalID, permission tenancy.Permissions) error {
	page := func(last tenancy.Dataset) tenancy.Query {
		return tenancy.ListDatasets{Tenant: activeTenant, Principal: principal, Permission: permission, After: last.ID, Limit: api.PageSize}
	}
	if err := list(d, c, actor, page, shownDatasetOf); err != nil {
		return &failure{operation: listingDatasets, principal: principal, cause: err}
	}
	return nil
}

// grantDatasets serves POST /api/v1/permissions/datasets/{principal_id}?permission_name=.
func (d *dialect) grantDatasets(c *gin.Context, actor tenancy.Actor) error {
	change := func(id tenancy.DatasetID, principal tenancy.PrincipalID, p tenancy.Permissions) tenancy.Change {
		return tenancy.GrantDataset{Dataset: id, Principal: principal, Permissions: p}
	}
	return d.share(c, actor, change, "Permission assigned to principal")
}

// revokeDatasets serves DELETE /api/v1/permissions/datasets/{principal_id}?permission_name=.
func (d *dialect) revokeDatasets(c *gin.Context, actor tenancy.Actor) error {
	change := func(id tenancy.DatasetID, principal tenancy.PrincipalID, p tenancy.Permissions) tenancy.Change {
		return tenancy.RevokeDataset{Dataset: id, Principal: principal, Permissions: p}
	}
	return d.share(c, actor, change, "Permission revoked from principal")
}

// share makes one change for each dataset of the body: all of them, or none.
func (d *dialect) share(
	c *gin.Context, actor tenancy.Actor,
	change func(tenancy.DatasetID, tenancy.PrincipalID, tenancy.Permissions) tenancy.Change, done string,
) error {
	input := form{c: c}
	principal := input.principal()
	name, _ := input.parameter("permission_name")
	datasets := input.datasets()
	if err := input.check(sharing); err != nil {
		return err
	}
	permission, err := tenancy.ParsePermission(name)
	if err != nil {
		return noSuchPermission(name)
	}
	batch := tenancy.Batch{}
	for _, id := range datasets {
		batch.Changes = append(batch.Changes, change(id, principal, permission))
	}
	if _, err := d.apply(c, actor, batch); err != nil {
		return &failure{operation: sharing, principal: principal, cause: ofEveryItem(err)}
	}
	return ok(c, message{done})
}

// ofEveryItem gives a refusal of several changes what was found against any of
// them: the order of the answers goes before that of the datasets.
func ofEveryItem(err error) error {
	var refusal *tenancy.Refusal
	if !errors.As(err, &refusal) {
		return err
	}
	whole := *refusal
	if items, several := refusal.Result.([]tenancy.ItemRefusal); several {
		whole.Reasons = nil
		for _, item := range items {
			whole.Reasons = append(whole.Reasons, item.Reasons...)
		}
	}
	return &whole
}

// datasets reads the ids that are the body, each once.
func (f *form) datasets() []tenancy.DatasetID {
	var given []string
	if !f.json(&given, false) {
		return nil
	}
	if len(given) == 0 {
		f.faults = append(f.faults, newFault("too_short", "List should have at least 1 item after validation, not 0", f.body, string(api.InBody)))
	}
	ids := make([]tenancy.DatasetID, len(given))
	for i, text := range given {
		id, err := tenancy.ParseDatasetID(text)
		f.uuid(api.InBody, i, text, err)
		ids[i] = id
	}
	return tenancy.SortIDs(ids)
}

// noSuchPermission refuses the name of a permission (U).
func noSuchPermission(name string) error {
	return &reply{
		status: http.StatusForbidden, detail: name + " not found or not in allowed permission types [PermissionNotFoundError]",
		cause: &tenancy.Error{Code: tenancy.CodeForbidden, Msg: "there is no such permission"},
	}
}
