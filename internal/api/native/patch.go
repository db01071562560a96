package native

import (
	"fmt"
	"reflect"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// clearable is a property of a patch that null clears. The zero value leaves
// the property as it is.
type clearable[T any] struct {
	given bool
	value *T // nil: cleared
}

// UnmarshalJSONFrom reads a value or null.
func (c *clearable[T]) UnmarshalJSONFrom(from *jsontext.Decoder) error {
	c.given = true
	return json.UnmarshalDecode(from, &c.value)
}

// MarshalJSONTo writes what UnmarshalJSONFrom read.
func (c clearable[T]) MarshalJSONTo(to *jsontext.Encoder) error {
	return json.MarshalEncode(to, c.value)
}

// Schema implements huma.SchemaProvider.
func (c clearable[T]) Schema(r huma.Registry) *huma.Schema {
	schema := huma.SchemaFromType(r, reflect.TypeFor[T]())
	schema.Nullable = true
	return schema
}

// instantOf reads a time of a patch: nil leaves it as it is, a zero time
// clears it.
func instantOf(field string, given clearable[time.Time]) (*time.Time, error) {
	if !given.given {
		return nil, nil
	}
	at, err := instant(field, given.value)
	return &at, err
}

// given reads a field of a patch with its parser; one that is absent is nil.
func given[T any](field string, text *string, parse func(string) (T, error)) (*T, error) {
	value, err := optional(field, text, parse)
	if text == nil || err != nil {
		return nil, err
	}
	return &value, nil
}

// atLeastOne refuses a patch of nothing.
func atLeastOne(isEmpty bool, first, names string) error {
	if !isEmpty {
		return nil
	}
	return missingField(first, fmt.Sprintf("give at least one of %s", names))
}

// orZero gives what a pointer points to, and the zero value for nil.
func orZero[T any](given *T) T {
	if given == nil {
		var zero T
		return zero
	}
	return *given
}
