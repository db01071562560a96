package native

import (
	"context"
	"errors"
	"net/http"

	"github.com/memberward/memberward/internal/api"
	"github.com/memberward/memberward/internal/tenancy"
)

// door authenticates in the words of this API: a credential is right or wrong,
// so an input that is invalid is the header that says for whom it acts.
type door struct{ api.Authenticator }

// Authenticate implements api.Authenticator.
func (d door) Authenticate(ctx context.Context, r *http.Request) (tenancy.Actor, error) {
	actor, err := d.Authenticator.Authenticate(ctx, r)
	var failure *tenancy.Error
	if errors.As(err, &failure) && failure.Code == tenancy.CodeInvalid {
		return actor, &api.InputError{Fault: api.FaultValue, In: api.InHeader, Path: []string{headerActAs}, Msg: failure.Msg, Cause: err}
	}
	return actor, err
}
