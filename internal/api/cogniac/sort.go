package cogniac

import (
	"bytes"
	"cmp"
	"slices"
	"strings"

	"github.com/gin-gonic/gin"
	"golang.org/x/text/collate"
	"golang.org/x/text/language"

	"github.com/memberward/memberward/internal/api"
)

// reversed reads whether a list is asked for in reverse.
func reversed(c *gin.Context) (bool, error) {
	query, err := api.Query(c.Request, true, "reverse")
	if err != nil {
		return false, err
	}
	given, asked := query["reverse"]
	switch given {
	case "true", "True", "1":
		return true, nil
	case "false", "False", "0":
		return false, nil
	}
	if !asked {
		return false, nil
	}
	return false, &api.InputError{Fault: api.FaultValue, In: api.InQuery, Path: []string{"reverse"}, Msg: "want true, True, 1, false, False or 0"}
}

// sorter puts users into the order of the contract: by given name in root
// collation order, then by surname, then by id. A missing name comes first.
type sorter struct {
	collator *collate.Collator
	keys     collate.Buffer
	rows     []sortedUser
}

type sortedUser struct {
	given, surname []byte // collation keys
	user           listedUser
}

func newSorter() *sorter { return &sorter{collator: collate.New(language.Und)} }

func (s *sorter) add(user listedUser) {
	s.rows = append(s.rows, sortedUser{
		given: s.collator.KeyFromString(&s.keys, user.GivenName), surname: s.collator.KeyFromString(&s.keys, user.Surname), user: user,
	})
}

// users gives the users in order, or in its exact mirror.
func (s *sorter) users(reverse bool) []listedUser {
	slices.SortFunc(s.rows, func(a, b sortedUser) int {
		return cmp.Or(bytes.Compare(a.given, b.given), bytes.Compare(a.surname, b.surname), strings.Compare(a.user.UserID, b.user.UserID))
	})
	if reverse {
		slices.Reverse(s.rows)
	}
	users := make([]listedUser, len(s.rows))
	for i, row := range s.rows {
		users[i] = row.user
	}
	return users
}

func fullName(given, surname string) string { return strings.TrimSpace(given + " " + surname) }
