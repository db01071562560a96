package api

import "github.com/memberward/memberward/internal/tenancy"

// Result gives what an outcome holds, which has to be a T: anything else is a
// mistake of ours and no answer.
func Result[T any](outcome tenancy.Outcome) (T, error) {
	result, ok := outcome.Result.(T)
	if !ok {
		return result, Unexpected(outcome.Result)
	}
	return result, nil
}
