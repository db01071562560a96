package cognee

import (
	"cmp"
	"errors"
	"net/http"

	"github.com/gin-gonic/gin"

	"github.com/memberward/memberward/internal/api"
	"github.com/memberward/memberward/internal/tenancy"
)

// form reads the input of one request and collects what is wrong with it, so
// that an answer names every fault, in the order path, query, body.
type form struct {
	c      *gin.Context
	faults []fault
	body   any // what was sent, where it may be sent back
}

// user reads the user id of the path.
func (f *form) user() tenancy.UserID { return pathID(f, "user_id", tenancy.ParseUserID) }

// tenant reads the tenant id of the path.
func (f *form) tenant() tenancy.TenantID { return pathID(f, "tenant_id", tenancy.ParseTenantID) }

// role reads the role id of the path.
func (f *form) role() tenancy.RoleID { return pathID(f, "role_id", tenancy.ParseRoleID) }

// principal reads the id of a user, role or tenant in the path.
func (f *form) principal() tenancy.PrincipalID {
	return pathID(f, "principal_id", tenancy.ParsePrincipalID)
}

// pathID reads an id of the path.
func pathID[ID any](f *form, name string, parse func(string) (ID, error)) ID {
	id, err := parse(f.c.Param(name))
	f.uuid(api.InPath, name, f.c.Param(name), err)
	return id
}

// tenantParameter reads the tenant id of the query, which must be there.
func (f *form) tenantParameter() tenancy.TenantID {
	return queryID(f, "tenant_id", f.parameter, tenancy.ParseTenantID)
}

// tenantOption reads the tenant id of the query; zero where there is none.
func (f *form) tenantOption() tenancy.TenantID {
	return queryID(f, "tenant_id", f.option, tenancy.ParseTenantID)
}

// roleParameter reads the role id of the query, which must be there.
func (f *form) roleParameter() tenancy.RoleID {
	return queryID(f, "role_id", f.parameter, tenancy.ParseRoleID)
}

// queryID reads an id of the query.
func queryID[ID any](f *form, name string, read func(string) (string, bool), parse func(string) (ID, error)) ID {
	var id ID
	if given, found := read(name); found {
		var err error
		id, err = parse(given)
		f.uuid(api.InQuery, name, given, err)
	}
	return id
}

// parameter reads a parameter of the query that must be there.
func (f *form) parameter(name string) (string, bool) {
	before := len(f.faults)
	given, found := f.option(name)
	if !found && len(f.faults) == before {
		f.faults = append(f.faults, missing(nil, api.InQuery, name))
	}
	return given, found
}

// option reads a parameter of the query that may be left out. What else the
// query holds is ignored.
func (f *form) option(name string) (string, bool) {
	query, err := api.Query(f.c.Request, true, name)
	f.note(err)
	given, found := query[name]
	return given, found
}

// name reads a parameter of the query that names something new.
func (f *form) name(parameter string) string {
	given, found := f.parameter(parameter)
	if found {
		f.value(api.InQuery, parameter, given, checkGivenName(given))
	}
	return given
}

// checkGivenName reports why nothing can be called so.
func checkGivenName(name string) error {
	if name == "" {
		return errors.New("a name has at least one character")
	}
	return tenancy.CheckName(name)
}

// json decodes the body and reports whether it could be. Of a secret one
// nothing is ever sent back.
func (f *form) json(into any, secret bool) bool {
	if !secret && api.Decode(api.Body(f.c), &f.body, api.DecodeOptions{}) != nil {
		f.body = nil // nothing that could be shown
	}
	err := api.JSON(f.c, into, api.DecodeOptions{IgnoreUnknown: true})
	f.note(err)
	return err == nil
}

// uuid notes why an id is none; nil notes nothing.
func (f *form) uuid(in api.Place, name any, given string, err error) {
	if err != nil {
		f.faults = append(f.faults, newFault("uuid_parsing", "Input should be a valid UUID, "+err.Error(), given, string(in), name))
	}
}

// value notes why a value is not acceptable; nil notes nothing.
func (f *form) value(in api.Place, name string, given any, err error) {
	if err != nil {
		f.faults = append(f.faults, newFault("value_error", "Value error, "+err.Error(), given, string(in), name))
	}
}

// note notes what the shell found wrong; nil notes nothing.
func (f *form) note(err error) {
	var wrong *api.InputError
	switch {
	case err == nil:
	case errors.As(err, &wrong):
		f.faults = append(f.faults, faultOf(wrong, f.body))
	default:
		f.faults = append(f.faults, newFault("value_error", "Value error, the input cannot be read", nil, "body"))
	}
}

// check gives the validation error of the operation, nil when nothing is
// wrong.
func (f *form) check(op operation) error {
	if len(f.faults) == 0 {
		return nil
	}
	return &invalid{status: cmp.Or(op.invalid, http.StatusBadRequest), Details: f.faults, Body: f.body}
}
