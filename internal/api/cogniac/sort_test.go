package cogniac

import (
	"math/rand/v2"
	"slices"
	"testing"
)

// The order of the contract: by given name in root collation order, a missing
// one first, then by surname, then by id; the reverse is its mirror.
func TestTheOrderOfUsers(t *testing.T) {
	want := []listedUser{
		{GivenName: "", Surname: "", UserID: "1"},
		{GivenName: "", Surname: "", UserID: "2"},
		{GivenName: "", Surname: "Aas", UserID: "0"},
		{GivenName: "ana", Surname: "", UserID: "9"},
		{GivenName: "ana", Surname: "Ångström", UserID: "8"},
		{GivenName: "ana", Surname: "Zeta", UserID: "7"},
		{GivenName: "Ana", Surname: "", UserID: "0"},
		{GivenName: "Bob", Surname: "", UserID: "6"},
		{GivenName: "Emil", Surname: "", UserID: "5"},
		{GivenName: "Émile", Surname: "", UserID: "4"},
		{GivenName: "E\u0301mile", Surname: "", UserID: "5"}, // the same name, spelled in two letters
		{GivenName: "Zoe", Surname: "", UserID: "0"},
		{GivenName: "Ömer", Surname: "", UserID: "0"},
	}
	// Ömer stands with the O's.
	want = slices.Insert(want[:len(want)-1], len(want)-2, want[len(want)-1])
	rng := rand.New(rand.NewPCG(1, 2))
	for range 50 {
		mixed := slices.Clone(want)
		rng.Shuffle(len(mixed), func(i, j int) { mixed[i], mixed[j] = mixed[j], mixed[i] })
		up, down := newSorter(), newSorter()
		for _, user := range mixed {
			up.add(user)
			down.add(user)
		}
		got, mirrored := up.users(false), down.users(true)
		slices.Reverse(mirrored)
		for i := range want {
			if got[i].UserID != want[i].UserID || got[i].GivenName != want[i].GivenName || mirrored[i].UserID != got[i].UserID {
				t.Fatalf("place %d: %q %q %s, mirrored %s; want %q %q %s", i, got[i].GivenName, got[i].Surname, got[i].UserID,
					mirrored[i].UserID, want[i].GivenName, want[i].Surname, want[i].UserID)
			}
		}
	}
}
