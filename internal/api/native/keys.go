package native

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/google/uuid"

	"github.com/memberward/memberward/internal/tenancy"
)

func (d *dialect) keys(s *surface) {
	register(s, describe(http.MethodPost, "/v1/users/{user}/api-keys", "createKey", "Create an API key",
		created, refuses(http.StatusNotFound)), d.createKey)
	register(s, describe(http.MethodGet, "/v1/users/{user}/api-keys", "listKeys", "List a user's API keys",
		refuses(http.StatusNotFound)), d.listKeys)
	register(s, describe(http.MethodDelete, "/v1/api-keys/{key}", "deleteKey", "Revoke an API key",
		removes, refuses(http.StatusNotFound)), d.deleteKey)
}

type newKey struct {
	Label     *string    `json:"label,omitempty" maxLength:"256"`
	TenantID  *string    `json:"tenant_id,omitempty" nullable:"true" maxLength:"63" doc:"A tenant's id or slug that the key is bound to; absent or null: to none."`
	Scopes    []string   `json:"scopes,omitempty" nullable:"false" maxItems:"100" doc:"The actions that the key may be used for; absent or empty: all that its user may do."`
	ExpiresAt *time.Time `json:"expires_at,omitempty" nullable:"true" doc:"In the future. Absent or null: never."`
}

type createKeyInput struct {
	User string `path:"user" doc:"The user's id."`
	Body newKey
}

func (d *dialect) createKey(ctx context.Context, r *request, in *createKeyInput) (*body[key], error) {
	change, err := in.Body.change()
	if err != nil {
		return nil, err
	}
	made, err := d.accounts.NewKey()
	if err != nil {
		return nil, fmt.Errorf("make a key: %w", err)
	}
	change.ID, change.Digest, change.User = made.ID, made.Digest, userInPath(in.User)
	outcome, err := d.apply(ctx, r, change)
	if err != nil {
		return nil, err
	}
	shown, err := show(outcome, keyOf)
	if err != nil {
		return nil, err
	}
	if r.isSecretShown() {
		shown.Body.Key = made.Text
	}
	return shown, nil
}

func (n newKey) change() (tenancy.CreateKey, error) {
	label, badLabel := optional("label", n.Label, parseName)
	expires, badExpires := instant("expires_at", n.ExpiresAt)
	scopes, badScopes := actionsOf("scopes", n.Scopes)
	change := tenancy.CreateKey{Label: label, Scopes: scopes, ExpiresAt: expires}
	if n.TenantID != nil {
		change.Tenant = tenantRef(*n.TenantID)
	}
	return change, firstOf(badLabel, badExpires, badScopes)
}

type listKeysInput struct {
	User   string `path:"user" doc:"The user's id."`
	Cursor string `query:"cursor" doc:"The next_cursor of the page before."`
	Limit  int    `query:"limit" minimum:"1" maximum:"1000" default:"50" doc:"How many elements a page has at most."`
}

func (d *dialect) listKeys(ctx context.Context, r *request, in *listKeysInput) (*body[list[key]], error) {
	owner := userInPath(in.User)
	where := place(listKeys + owner.String())
	after, err := where.after(in.Cursor)
	if err != nil {
		return nil, err
	}
	outcome, err := d.read(ctx, r, tenancy.ListKeys{User: owner, After: tenancy.KeyID(after), Limit: in.Limit + 1})
	if err != nil {
		return nil, err
	}
	return pageOf(outcome, where, in.Limit, keyOf, func(k tenancy.KeyView) uuid.UUID { return uuid.UUID(k.ID) })
}

type deleteKeyInput struct {
	Key string `path:"key" doc:"The key's id."`
}

func (d *dialect) deleteKey(ctx context.Context, r *request, in *deleteKeyInput) (*nothing, error) {
	_, err := d.apply(ctx, r, tenancy.DeleteKey{Key: inPath(in.Key, tenancy.ParseKeyID)})
	return &nothing{}, err
}
