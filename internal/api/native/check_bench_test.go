package native_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/uuid"

	"github.com/memberward/memberward/internal/tenancy"
)

// settledGate is a gate that has decided before it is asked, so that what is
// measured is the way to it and back.
type settledGate struct{ broken }

func (settledGate) Check(context.Context, tenancy.Actor, tenancy.Question) (tenancy.Verdict, error) {
	return tenancy.Verdict{Allow: true, Outcome: tenancy.Outcome{
		DecisionID: tenancy.DecisionID(uuid.UUID{1}), Revision: 1, PolicyRevision: "0123456789ab",
	}}, nil
}

// BenchmarkCheck measures a check through the shell with its authentication,
// without the gate and with it.
func BenchmarkCheck(b *testing.B) {
	w := newWorld(b)
	for name, world := range map[string]*world{"without the gate": w.with(b, settledGate{}), "with the gate": w} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				request := httptest.NewRequest(http.MethodPost, "/v1/check", strings.NewReader(`{"action":"resource.read","tenant":"acme"}`))
				request.Header.Set("X-Api-Key", keyText(mary))
				recorder := httptest.NewRecorder()
				world.handler.ServeHTTP(recorder, request)
				if recorder.Code != http.StatusOK || !strings.HasPrefix(recorder.Body.String(), `{"allow":true,"reasons":[],`) {
					b.Fatalf("%d %s", recorder.Code, recorder.Body)
				}
			}
		})
	}
}
