package cognee

import (
	"encoding/hex"
	"fmt"

	"github.com/gin-gonic/gin"

	"github.com/memberward/memberward/internal/api"
	"github.com/memberward/memberward/internal/tenancy"
)

// keyLimit is how many keys a user may have (contracts/cognee.md).
const keyLimit = 10

// NewKey is an API key that was just made. Its text is shown once and never
// stored.
type NewKey struct {
	ID     tenancy.KeyID
	Text   string
	Digest tenancy.Digest
}

// shownKey is an API key.
type shownKey struct {
	Key   string  `json:"key"` // the text in the answer that makes it, a mask ever after
	Label string  `json:"label"`
	Name  *string `json:"name"`
	ID    string  `json:"id"`
}

// masked stands for the text of a key that nobody has any more (U).
const masked = "************"

func shownKeyOf(k tenancy.Key, text string) shownKey {
	shown := shownKey{Key: text, Label: labelOf(k.ID), ID: k.ID.String()}
	if k.Label != "" {
		shown.Name = &k.Label
	}
	return shown
}

// labelOf gives the first 8 characters of a key's text, and a mask. The text
// is not stored; but it begins with mw_ and the digits of the id.
func labelOf(id tenancy.KeyID) string { return ("mw_" + hex.EncodeToString(id[:]))[:8] + "****" }

// createKey serves POST /api/v1/auth/api-keys.
func (d *dialect) createKey(c *gin.Context, actor tenancy.Actor) error {
	input := form{c: c}
	var wanted struct {
		Name *string `json:"name"`
	}
	var name string
	if input.json(&wanted, false) && wanted.Name != nil {
		name = *wanted.Name
		input.value(api.InBody, "name", name, tenancy.CheckName(name))
	}
	if err := input.check(making); err != nil {
		return err
	}
	if err := somebody(actor); err != nil {
		return err
	}
	made, err := d.accounts.NewKey()
	if err != nil {
		return fmt.Errorf("make a key: %w", err)
	}
	outcome, err := d.apply(c, actor, tenancy.CreateKey{ID: made.ID, User: actor.User, Label: name, Digest: made.Digest, Most: keyLimit})
	if err != nil {
		return &failure{operation: making, cause: err}
	}
	key, err := api.Result[tenancy.KeyView](outcome)
	if err != nil {
		return err
	}
	return ok(c, shownKeyOf(key.Key, made.Text))
}

// keys serves GET /api/v1/auth/api-keys.
func (d *dialect) keys(c *gin.Context, actor tenancy.Actor) error {
	if err := somebody(actor); err != nil {
		return err
	}
	page := func(last tenancy.KeyView) tenancy.Query {
		return tenancy.ListKeys{User: actor.User, After: last.ID, Limit: api.PageSize}
	}
	return list(d, c, actor, page, func(k tenancy.KeyView) any { return shownKeyOf(k.Key, masked) })
}

// deleteKey serves DELETE /api/v1/auth/api-keys/{api_key_id}.
func (d *dialect) deleteKey(c *gin.Context, actor tenancy.Actor) error {
	input := form{c: c}
	id, err := tenancy.ParseKeyID(c.Param("api_key_id"))
	input.uuid(api.InPath, "api_key_id", c.Param("api_key_id"), err)
	if err := input.check(revoking); err != nil {
		return err
	}
	if err := somebody(actor); err != nil {
		return err
	}
	if _, err := d.apply(c, actor, tenancy.DeleteKey{Key: id}); err != nil {
		return &failure{operation: revoking, cause: err}
	}
	return ok(c, struct{}{})
}
