package api

import (
	"encoding"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
)

// miscased gives the path of the first key in a decoded JSON value that is
// unknown to the Go value it is meant for, but equals a known key when case
// is ignored; nil when there is none.
func miscased(value, into any) []string {
	return miscasedIn(value, reflect.TypeOf(into), nil)
}

func miscasedIn(value any, want reflect.Type, at []string) []string {
	for want != nil && want.Kind() == reflect.Pointer && !readsItself(want) {
		want = want.Elem()
	}
	if want == nil || readsItself(want) {
		return nil
	}
	switch v := value.(type) {
	case map[string]any:
		return miscasedKey(v, want, at)
	case []any:
		return miscasedElement(v, want, at)
	default:
		return nil
	}
}

func miscasedElement(list []any, want reflect.Type, at []string) []string {
	if want.Kind() != reflect.Slice && want.Kind() != reflect.Array {
		return nil
	}
	for i, element := range list {
		if found := miscasedIn(element, want.Elem(), append(at, strconv.Itoa(i))); found != nil {
			return found
		}
	}
	return nil
}

func miscasedKey(object map[string]any, want reflect.Type, at []string) []string {
	if want.Kind() != reflect.Struct && want.Kind() != reflect.Map {
		return nil
	}
	for _, key := range slices.Sorted(maps.Keys(object)) { // one answer, whatever the order in memory
		field, miscased := memberType(want, key)
		if miscased {
			return append(slices.Clone(at), key)
		}
		if found := miscasedIn(object[key], field, append(at, key)); found != nil {
			return found
		}
	}
	return nil
}

// memberType gives the Go type that the member of that name is read into, nil
// for none, and whether the name is a known one in another case.
func memberType(object reflect.Type, name string) (member reflect.Type, miscased bool) {
	if object.Kind() == reflect.Map {
		return object.Elem(), false
	}
	for _, field := range reflect.VisibleFields(object) {
		known := memberName(field)
		if known == name {
			return field.Type, false
		}
		miscased = miscased || (known != "" && strings.EqualFold(known, name))
	}
	return nil, miscased
}

// memberName gives the JSON name of a field, "" for one that has none.
func memberName(field reflect.StructField) string {
	name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
	switch {
	case !field.IsExported() || name == "-" || (field.Anonymous && name == ""):
		return ""
	case name == "":
		return field.Name
	default:
		return name
	}
}

// readsItself reports whether a type has its own way to read JSON, so that
// its fields say nothing about keys.
func readsItself(t reflect.Type) bool {
	for _, reader := range []reflect.Type{
		reflect.TypeFor[json.Unmarshaler](), reflect.TypeFor[json.UnmarshalerFrom](), reflect.TypeFor[encoding.TextUnmarshaler](),
	} {
		if t.Implements(reader) || reflect.PointerTo(t).Implements(reader) {
			return true
		}
	}
	return false
}

// isStruct reports whether a pointer points to a struct.
func isStruct(into any) bool {
	t := reflect.TypeOf(into)
	return t.Kind() == reflect.Pointer && t.Elem().Kind() == reflect.Struct
}

// pointedTo follows pointers to the type that they lead to; nil stays nil.
func pointedTo(t reflect.Type) reflect.Type {
	for t != nil && t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	return t
}

// isTime reports whether a Go type is a time, or points to one.
func isTime(t reflect.Type) bool { return pointedTo(t) == reflect.TypeFor[time.Time]() }

// wanted names the JSON type that a Go type is read from, "" where it is
// unclear.
func wanted(t reflect.Type) string {
	t = pointedTo(t)
	switch {
	case t == nil:
		return ""
	case isTime(t):
		return "string"
	}
	switch t.Kind() {
	case reflect.String:
		return "string"
	case reflect.Bool:
		return "boolean"
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64,
		reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		return "integer"
	case reflect.Float32, reflect.Float64:
		return "number"
	case reflect.Slice, reflect.Array:
		return "array"
	case reflect.Struct, reflect.Map:
		return "object"
	default:
		return ""
	}
}

func typeMessage(want string) string {
	if want == "" {
		return "the value has another type than the one expected"
	}
	return "the value should be of type " + want
}
