package native

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/gin-gonic/gin"

	"github.com/memberward/memberward/internal/api"
	"github.com/memberward/memberward/internal/tenancy"
)

// checkQuery refuses parameters that are unknown, repeated, malformed or
// empty, and gives those that are there. more are known beside the described
// ones.
func checkQuery(r *http.Request, params []*huma.Param, more ...string) (map[string]string, error) {
	if r.URL.RawQuery == "" {
		return nil, checkRequired(nil, params)
	}
	known := more
	for _, p := range params {
		if p.In == string(api.InQuery) {
			known = append(known, p.Name)
		}
	}
	values, err := api.Query(r, false, known...)
	if err != nil {
		return nil, err
	}
	if err := checkRequired(values, params); err != nil {
		return nil, err
	}
	for _, name := range sortedKeys(values) {
		if values[name] == "" {
			return nil, &api.InputError{Fault: api.FaultValue, In: api.InQuery, Path: []string{name}, Msg: "the parameter is empty"}
		}
	}
	return values, nil
}

// needed says why a parameter has to be there.
var needed = map[string]string{"email": "accounts are not listed"}

func checkRequired(values map[string]string, params []*huma.Param) error {
	for _, p := range params {
		if _, given := values[p.Name]; p.In == string(api.InQuery) && p.Required && !given {
			return &api.InputError{
				Fault: api.FaultMissing, In: api.InQuery, Path: []string{p.Name}, Msg: "give ?" + p.Name + "=; " + needed[p.Name],
			}
		}
	}
	return nil
}

func checkNoBody(c *gin.Context) error {
	if len(api.Body(c)) > 0 {
		return &api.InputError{Fault: api.FaultSyntax, In: api.InBody, Msg: "this operation takes no body"}
	}
	return nil
}

// nobodysSlug can be no tenant's: it holds what no slug may.
const nobodysSlug = "?"

// tenantRef reads a tenant's id or slug. What is neither names a tenant that
// does not exist, so that the gate answers it as any other unknown one; it
// must never become a reference to no tenant at all.
func tenantRef(s string) tenancy.TenantRef {
	ref, err := tenancy.ParseTenantRef(s)
	if err != nil {
		return tenancy.TenantRef{Slug: nobodysSlug}
	}
	return ref
}

// organizationRef reads an organization's id or short name, as tenantRef does.
func organizationRef(s string) tenancy.OrganizationRef {
	ref, err := tenancy.ParseOrganizationRef(s)
	if err != nil {
		return tenancy.OrganizationRef{ShortName: nobodysSlug}
	}
	return ref
}

// inPath reads an id of a path. What is no id is nothing's, and the gate
// answers it as any other id that is nothing's.
func inPath[ID any](s string, parse func(string) (ID, error)) ID {
	id, err := parse(s)
	if err != nil {
		var none ID
		return none
	}
	return id
}

func userInPath(s string) tenancy.UserID { return inPath(s, tenancy.ParseUserID) }

func roleInPath(s string) tenancy.RoleID { return inPath(s, tenancy.ParseRoleID) }

// The words for an id that is none, such as an e-mail address.
const (
	wantUser = "want a user's id"
	wantID   = "want an id: a UUID of 36 characters"
)

// userFields are those that huma checks for the id of a user.
var userFields = []string{"owner_id", "to", "user_id"}

// parseUser reads the id of a user who is there already.
func parseUser(s string) (tenancy.UserID, error) {
	id, err := tenancy.ParseUserID(s)
	if err != nil {
		return id, fmt.Errorf("%s: %w", wantUser, err)
	}
	return id, nil
}

// wrong says what is wrong with a field of the body; the path is dotted.
func wrong(field string, err error) error {
	return &api.InputError{Fault: api.FaultValue, In: api.InBody, Path: strings.Split(field, "."), Msg: err.Error(), Cause: err}
}

// missingField says that a field of the body has to be there.
func missingField(field, msg string) error {
	return &api.InputError{Fault: api.FaultMissing, In: api.InBody, Path: []string{field}, Msg: msg}
}

// optional reads a field with its parser; one that is absent gives zero.
func optional[T any](field string, given *string, parse func(string) (T, error)) (T, error) {
	var zero T
	if given == nil {
		return zero, nil
	}
	value, err := parse(*given)
	if err != nil {
		return zero, wrong(field, err)
	}
	return value, nil
}

// parseName reads the name of something; it may be empty.
func parseName(s string) (string, error) { return s, tenancy.CheckName(s) }

// parseSlug reads the slug for a new tenant.
func parseSlug(s string) (string, error) { return s, tenancy.CheckSlug(s) }

// The times that are taken: later ones have no form in RFC 3339, and the
// earliest of Go would mean never.
const (
	firstYear = 1970
	lastYear  = 9999
)

// instant reads a time, which is kept in UTC to the microsecond; absent is
// zero.
func instant(field string, given *time.Time) (time.Time, error) {
	if given == nil {
		return time.Time{}, nil
	}
	at := given.UTC().Truncate(time.Microsecond)
	if at.Year() < firstYear || at.Year() > lastYear {
		return time.Time{}, &api.InputError{
			Fault: api.FaultValue, In: api.InBody, Path: []string{field}, Msg: "the time lies outside of the years 1970 to 9999 (UTC)",
		}
	}
	return at, nil
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
