package native

import (
	"context"
	"net/http"

	"github.com/memberward/memberward/internal/api"
	"github.com/memberward/memberward/internal/tenancy"
)

func (d *dialect) tokens(s *surface) {
	register(s, describe(http.MethodPost, "/v1/tokens", "createToken", "Exchange a password for a token",
		public), d.createToken)
}

type login struct {
	Email    string  `json:"email"`
	Password string  `json:"password"`
	TenantID *string `json:"tenant_id,omitempty" nullable:"true" doc:"A tenant's id or slug that the token is bound to; absent or null: to none."`
}

type createTokenInput struct{ Body login }

type token struct {
	AccessToken string `json:"access_token"`
	TokenType   string `json:"token_type" enum:"Bearer"`
	ExpiresIn   int64  `json:"expires_in" doc:"Seconds."`
}

type createTokenOutput struct{ Body token }

func (d *dialect) createToken(ctx context.Context, _ *request, in *createTokenInput) (*createTokenOutput, error) {
	var bound tenancy.TenantRef
	if in.Body.TenantID != nil {
		bound = tenantRef(*in.Body.TenantID)
	}
	ctx, cancel := context.WithTimeout(ctx, api.GateTimeout)
	defer cancel()
	made, err := d.accounts.Login(ctx, in.Body.Email, in.Body.Password, bound)
	if err != nil {
		return nil, err
	}
	return &createTokenOutput{token{AccessToken: made.Text, TokenType: "Bearer", ExpiresIn: int64(made.Lifetime.Seconds())}}, nil
}
