package llamacloud

import (
	"errors"
	"strings"

	"github.com/gin-gonic/gin"
	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/memberward/memberward/internal/api"
	"github.com/memberward/memberward/internal/tenancy"
)

// invalid is an input that cannot be read, with all its faults.
type invalid struct{ faults []api.FieldFault }

// Error names the first fault.
func (e *invalid) Error() string { return "validation: " + e.faults[0].Message }

// Unwrap names the code for the shell's log.
func (e *invalid) Unwrap() error { return &tenancy.Error{Code: tenancy.CodeInvalid} }

// form reads the input of one request and collects what is wrong with it, so
// that an answer names every fault, in the order path, query, body.
type form struct {
	c      *gin.Context
	faults []api.FieldFault
}

// check gives the validation error, nil when nothing is wrong.
func (f *form) check() error {
	if len(f.faults) == 0 {
		return nil
	}
	return &invalid{f.faults}
}

// fault notes one thing wrong.
func (f *form) fault(kind, message string, loc ...any) {
	f.faults = append(f.faults, api.FieldFault{Type: kind, Loc: loc, Message: message})
}

func (f *form) missing(loc ...any) { f.fault("missing", "Field required", loc...) }

// value notes why a value is not acceptable; nil notes nothing.
func (f *form) value(err error, loc ...any) {
	if err != nil {
		f.fault("value_error", "Value error, "+err.Error(), loc...)
	}
}

// note notes what the shell found wrong; nil notes nothing.
func (f *form) note(err error) {
	var wrong *api.InputError
	switch {
	case err == nil:
	case errors.As(err, &wrong):
		f.faults = append(f.faults, api.FieldFaultOf(wrong))
	default:
		f.value(errors.New("the input cannot be read"), "body")
	}
}

// idOf reads an id with its parser.
func idOf[ID any](f *form, parse func(string) (ID, error), text string, loc ...any) ID {
	id, err := parse(text)
	if err != nil {
		f.fault("uuid_parsing", "Input should be a valid UUID, "+err.Error(), loc...)
	}
	return id
}

// inPath reads an id of the path.
func inPath[ID any](f *form, parse func(string) (ID, error), name string) ID {
	return idOf(f, parse, f.c.Param(name), string(api.InPath), name)
}

func (f *form) organization() tenancy.TenantID {
	return inPath(f, tenancy.ParseTenantID, "organization_id")
}

func (f *form) project() tenancy.ProjectID {
	return inPath(f, tenancy.ParseProjectID, "project_id")
}

// query reads the parameters that are known, of which none has to be there.
func (f *form) query(known ...string) map[string]string {
	query, err := api.Query(f.c.Request, true, known...)
	f.note(err)
	return query
}

// inQuery reads an id of the query, zero where it is not there.
func inQuery[ID any](f *form, parse func(string) (ID, error), query map[string]string, name string) ID {
	var none ID
	text, given := query[name]
	if !given {
		return none
	}
	return idOf(f, parse, text, string(api.InQuery), name)
}

// json decodes the body and reports whether it could be. An empty one is as
// good as null where it may be.
func (f *form) json(into any, mayBeEmpty bool) bool {
	err := api.JSON(f.c, into, api.DecodeOptions{IgnoreUnknown: true, AllowEmpty: mayBeEmpty})
	f.note(err)
	return err == nil
}

// name reads the name of an organization or a project.
func (f *form) name() string {
	var given struct {
		Name *string `json:"name"`
	}
	switch {
	case !f.json(&given, false):
		return ""
	case given.Name == nil:
		f.missing("body", "name")
		return ""
	case *given.Name == "":
		f.fault("string_too_short", "String should have at least 1 character", "body", "name")
	default:
		f.value(tenancy.CheckName(*given.Name), "body", "name")
	}
	return *given.Name
}

// person says who of an organization is meant: by the id of the account or of
// the membership, or by e-mail address.
type person struct {
	user  tenancy.UserID
	email string
}

// person reads who is meant from the path.
func (f *form) person() person {
	text := f.c.Param("member_user_id")
	if strings.Contains(text, "@") {
		email, err := tenancy.ParseEmail(text)
		f.value(err, "path", "member_user_id")
		return person{email: email}
	}
	return person{user: inPath(f, tenancy.ParseUserID, "member_user_id")}
}

// named reads who is meant from the element of the body at loc.
func (f *form) named(user, email *string, loc ...any) person {
	var p person
	if user == nil && email == nil {
		f.value(errors.New("user_id or email is required"), loc...)
	}
	if user != nil {
		p.user = idOf(f, tenancy.ParseUserID, *user, at(loc, "user_id")...)
	}
	if email != nil {
		var err error
		p.email, err = tenancy.ParseEmail(*email)
		f.value(err, at(loc, "email")...)
	}
	return p
}

// at gives the place of a field.
func at(loc []any, field ...any) []any { return append(append([]any{}, loc...), field...) }

// list is an array that may be null or missing, which are different things.
type list struct {
	given bool
	items *[]string // nil: null
}

// UnmarshalJSONFrom reads an array or null.
func (l *list) UnmarshalJSONFrom(from *jsontext.Decoder) error {
	l.given = true
	return json.UnmarshalDecode(from, &l.items)
}

// projectIDs reads the elements of a list at loc.
func (f *form) projectIDs(items []string, loc ...any) []tenancy.ProjectID {
	ids := make([]tenancy.ProjectID, len(items))
	for i, item := range items {
		ids[i] = idOf(f, tenancy.ParseProjectID, item, at(loc, i)...)
	}
	return ids
}
