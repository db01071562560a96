package native

import (
	"cmp"
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/memberward/memberward/internal/tenancy"
)

// entities registers the registry of what is neither an account nor a tenant:
// the subjects and resources that operators' own rules judge.
func (d *dialect) entities(s *surface) {
	const all, one = "/v1/entities", "/v1/entities/{type}/{id}"
	register(s, describe(http.MethodGet, all, "listEntities", "List the entities of a type"), d.listEntities)
	register(s, describe(http.MethodGet, one, "getEntity", "Read an entity of the registry",
		object, refuses(http.StatusNotFound)), d.getEntity)
	register(s, describe(http.MethodPut, one, "putEntity", "Put an entity into the registry, or another in its place",
		changes), d.putEntity)
	register(s, describe(http.MethodDelete, one, "deleteEntity", "Take an entity out of the registry",
		removes, refuses(http.StatusNotFound)), d.deleteEntity)
}

type entityInput struct {
	Type string `path:"type" doc:"1 to 128 bytes of any text but control characters, percent-encoded where the path needs it."`
	ID   string `path:"id" doc:"1 to 512 bytes of such text. Of type user or tenant, an id that is a UUID is Memberward's own and no entity."`
}

type newEntity struct {
	Owner      *string     `json:"owner,omitempty" minLength:"1" maxLength:"512" doc:"The id of the subject of type user that it belongs to: rules read resource.mine, and stored.owner. Nobody when absent."`
	Properties *properties `json:"properties,omitempty"`
}

type putEntityInput struct {
	Type string `path:"type" doc:"1 to 128 bytes of any text but control characters, percent-encoded where the path needs it."`
	ID   string `path:"id" doc:"1 to 512 bytes of such text. Of type user or tenant, an id that is a UUID is Memberward's own and no entity."`
	Body newEntity
}

type entity struct {
	Type       string     `json:"type"`
	ID         string     `json:"id"`
	Owner      *string    `json:"owner" nullable:"true"`
	Properties properties `json:"properties"`
	CreatedAt  time.Time  `json:"created_at"`
	UpdatedAt  time.Time  `json:"updated_at"`
}

// properties are those of an entity, an object that is JSON already.
type properties jsontext.Value

// UnmarshalJSONFrom takes the object as it is.
func (p *properties) UnmarshalJSONFrom(from *jsontext.Decoder) error {
	value, err := from.ReadValue()
	*p = properties(value.Clone())
	return err
}

// MarshalJSONTo writes the object.
func (p properties) MarshalJSONTo(to *jsontext.Encoder) error {
	return to.WriteValue(jsontext.Value(cmp.Or(string(p), "{}")))
}

// Schema implements huma.SchemaProvider.
func (properties) Schema(huma.Registry) *huma.Schema {
	return &huma.Schema{
		Type: huma.TypeObject, AdditionalProperties: true,
		Description: "What rules see as stored: any object of at most 64 KiB. An owner stands here or in owner, not in both.",
	}
}

func entityOf(e tenancy.Entity) entity {
	shown := entity{Type: e.Type, ID: e.ID, Properties: properties(e.Properties), CreatedAt: e.CreatedAt.UTC(), UpdatedAt: e.UpdatedAt.UTC()}
	if e.Owner != "" {
		shown.Owner = &e.Owner
	}
	return shown
}

func (d *dialect) getEntity(ctx context.Context, r *request, in *entityInput) (*body[entity], error) {
	outcome, err := d.read(ctx, r, tenancy.GetEntity{EntityRef: tenancy.EntityRef{Type: in.Type, ID: in.ID}})
	if err != nil {
		return nil, err
	}
	return show(outcome, entityOf)
}

type listEntitiesInput struct {
	Type   string `query:"type" required:"true" minLength:"1" maxLength:"128" doc:"Whose entities."`
	Cursor string `query:"cursor" doc:"The next_cursor of the page before."`
	Limit  int    `query:"limit" minimum:"1" maximum:"1000" default:"50" doc:"How many elements a page has at most."`
}

func (d *dialect) listEntities(ctx context.Context, r *request, in *listEntitiesInput) (*body[list[entity]], error) {
	where := place(listEntities + in.Type)
	after, err := where.afterText(in.Cursor)
	if err != nil {
		return nil, err
	}
	outcome, err := d.read(ctx, r, tenancy.ListEntities{Type: in.Type, After: after, Limit: in.Limit + 1})
	if err != nil {
		return nil, err
	}
	return pageUpTo(outcome, in.Limit, entityOf, func(last tenancy.Entity) string { return where.textCursor(last.ID) })
}

func (d *dialect) putEntity(ctx context.Context, r *request, in *putEntityInput) (*body[entity], error) {
	put := tenancy.PutEntity{EntityRef: tenancy.EntityRef{Type: in.Type, ID: in.ID}, Owner: orZero(in.Body.Owner)}
	if in.Body.Properties != nil {
		var err error
		if put.Properties, err = tenancy.ParseProperties(*in.Body.Properties); err != nil {
			return nil, wrong("properties", err)
		}
	}
	outcome, err := d.apply(ctx, r, put)
	if err != nil {
		return nil, err
	}
	return show(outcome, entityOf)
}

func (d *dialect) deleteEntity(ctx context.Context, r *request, in *entityInput) (*nothing, error) {
	_, err := d.apply(ctx, r, tenancy.DeleteEntity{EntityRef: tenancy.EntityRef{Type: in.Type, ID: in.ID}})
	return &nothing{}, err
}
