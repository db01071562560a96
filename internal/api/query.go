package api

import (
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"unicode/utf8"
)

// Query reads the query parameters of a request whose names are known. A
// malformed query, a known parameter given twice, NUL and invalid UTF-8 are
// an *InputError; so is a parameter that is not known, unless ignoreUnknown
// (contracts/README.md, rule 11). A parameter that is not there is not in the
// result.
func Query(r *http.Request, ignoreUnknown bool, known ...string) (map[string]string, error) {
	values, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return nil, &InputError{Fault: FaultSyntax, In: InQuery, Msg: "the query is malformed", Cause: err}
	}
	return single(values, InQuery, ignoreUnknown, known)
}

// single takes the only value of each known name.
func single(values url.Values, in Place, ignoreUnknown bool, known []string) (map[string]string, error) {
	found := make(map[string]string, len(known))
	for _, name := range slices.Sorted(maps.Keys(values)) { // one answer, whatever the order in memory
		given := values[name]
		switch {
		case !slices.Contains(known, name) && ignoreUnknown:
			continue
		case !slices.Contains(known, name):
			return nil, &InputError{Fault: FaultUnknown, In: in, Path: []string{name}, Input: given[0], Msg: "this parameter is not served"}
		case len(given) > 1:
			return nil, &InputError{Fault: FaultDuplicate, In: in, Path: []string{name}, Input: given[0], Msg: "the parameter is given more than once"}
		case !cleanText(given[0]):
			return nil, &InputError{Fault: FaultValue, In: in, Path: []string{name}, Msg: "the parameter is not clean UTF-8 text"}
		}
		found[name] = given[0]
	}
	return found, nil
}

// cleanText reports whether s is valid UTF-8 without NUL.
func cleanText(s string) bool { return utf8.ValidString(s) && !strings.ContainsRune(s, 0) }
