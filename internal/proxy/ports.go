package proxy

import (
	"context"
	"net/http"

	"github.com/memberward/memberward/internal/tenancy"
)

// Checker judges a question. A verdict that denies is no error; any error
// denies as well.
type Checker interface {
	Check(context.Context, tenancy.Actor, tenancy.Question) (tenancy.Verdict, error)
}

// Authenticator finds out who made the original request. Without a valid
// credential its error is a *tenancy.Error with the code unauthenticated; any
// other error denies. A credential is never remembered across requests.
type Authenticator interface {
	Authenticate(context.Context, Credentials) (tenancy.Actor, error)
}

// Credentials is all that authentication may see of a checked request.
type Credentials struct {
	Header http.Header // only the headers that carry a credential or say which site sent it
	Method string      // of the original request
	Host   string      // of the original request, with its port when the proxy reported one
}
