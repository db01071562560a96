package native

import (
	"context"
	"errors"
	"fmt"

	"github.com/memberward/memberward/internal/api"
	"github.com/memberward/memberward/internal/tenancy"
)

// paramCan narrows a list to what the policies allow.
const paramCan = "can"

// parseCan reads an action; absent is none.
func parseCan(given string) (tenancy.Action, error) {
	if given == "" { // absent: an empty parameter is refused, see checkQuery
		return "", nil
	}
	action, err := tenancy.ParseAction(given)
	if err != nil {
		return "", wrongParameter(paramCan, err)
	}
	return action, nil
}

func wrongParameter(name string, err error) error {
	return &api.InputError{Fault: api.FaultValue, In: api.InQuery, Path: []string{name}, Msg: err.Error(), Cause: err}
}

// permitted gives those rows whose question is answered with yes, each as a
// check would be.
func permitted[R any](ctx context.Context, d *dialect, r *request, rows []R, asked []tenancy.Question) ([]R, error) {
	if len(rows) == 0 {
		return rows, nil
	}
	for i := range asked {
		asked[i].Dialect, asked[i].AtLeast = tenancy.DialectNative, r.terms.AtLeast
	}
	judged, err := d.gate.CheckAll(ctx, r.actor, asked)
	var failure *tenancy.Error
	switch {
	case errors.As(err, &failure) && failure.Code == tenancy.CodeInvalid:
		return nil, wrongParameter(paramCan, errors.New("this action is about more than the tenant: ask /v1/check"))
	case err != nil:
		return nil, err
	case len(judged) != len(rows):
		return nil, fmt.Errorf("native: the gate gave %d verdicts on %d questions", len(judged), len(rows))
	}
	kept := rows[:0]
	for i, row := range rows {
		if judged[i].Allow {
			kept = append(kept, row)
		}
	}
	return kept, nil
}
