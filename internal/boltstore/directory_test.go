package boltstore_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/memberward/memberward/internal/boltstore"
	"github.com/memberward/memberward/internal/tenancy"
)

// The program rotates its signing keys by itself: neither adding nor dropping
// one is a change that anybody asked for.
func TestSigningKeysComeAndGoSilently(t *testing.T) {
	s := open(t, boltstore.Options{})
	before := s.Revision()
	keys := []tenancy.SigningKey{{ID: number(1), Seed: [32]byte{1}}, {ID: number(2), Seed: [32]byte{2}}}
	for _, key := range keys {
		if err := s.AddSigningKey(t.Context(), key); err != nil {
			t.Fatal(err)
		}
	}
	for range 2 { // the second time there is none
		if err := s.DeleteSigningKey(t.Context(), keys[0].ID); err != nil {
			t.Fatal(err)
		}
	}
	got, err := s.SigningKeys(t.Context())
	if diff := cmp.Diff(keys[1:], got); diff != "" || err != nil {
		t.Errorf("%v (-want +got)\n%s", err, diff)
	}
	if after := s.Revision(); after != before {
		t.Errorf("the revision rose from %d to %d", before, after)
	}
	whole(t, s)
}
