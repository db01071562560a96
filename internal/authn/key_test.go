package authn

import (
	"regexp"
	"strings"
	"testing"

	"github.com/memberward/memberward/internal/tenancy"
)

func TestNewKeyHasItsForm(t *testing.T) {
	s := newScene(t)
	key, err := s.NewKey()
	if err != nil {
		t.Fatal(err)
	}
	if !regexp.MustCompile(`^mw_[0-9a-f]{32}_[A-Za-z0-9_-]{43}$`).MatchString(key.Text) {
		t.Errorf("text = %q", key.Text)
	}
	if id, ok := KeyIDOf(key.Text); !ok || id != key.ID {
		t.Errorf("its id reads as %v, %v; want %v", id, ok, key.ID)
	}
	if strings.Contains(key.ID.String(), key.Text[36:]) || DigestOf(key.Text) != key.Digest {
		t.Error("the digest is not that of the text")
	}
	if again, _ := s.NewKey(); again.Text == key.Text {
		t.Error("the next key is the same")
	}
}

func TestChosenKeys(t *testing.T) {
	for _, tc := range []struct {
		name, text string
		ok         bool
	}{
		{"32 characters", strings.Repeat("k", 32), true},
		{"256 characters", strings.Repeat("k", 256), true},
		{"spaces within", "four words and a few more of them", true},
		{"31 characters", strings.Repeat("k", 31), false},
		{"257 characters", strings.Repeat("k", 257), false},
		{"empty", "", false},
		{"a space in front", " " + strings.Repeat("k", 32), false},
		{"a space behind", strings.Repeat("k", 32) + " ", false},
		{"a line break", strings.Repeat("k", 32) + "\n", false},
		{"NUL", strings.Repeat("k", 32) + "\x00", false},
		{"beyond ASCII", strings.Repeat("ü", 32), false},
		{"invalid UTF-8", strings.Repeat("k", 32) + "\xff", false},
		{"the form of a token", "eyJ" + strings.Repeat("k", 32) + ".x.y", false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if err := CheckChosenKey(tc.text); (err == nil) != tc.ok {
				t.Errorf("err = %v, want accepted %v", err, tc.ok)
			}
		})
	}
}

// An id in a key that somebody made up must not lead to another's record.
func FuzzKeyID(f *testing.F) {
	f.Add("mw_" + strings.Repeat("a", 32) + "_" + strings.Repeat("A", 43))
	f.Add("mw_" + strings.Repeat("0", 32) + "_" + strings.Repeat("A", 43))
	f.Add("mw__")
	f.Fuzz(func(t *testing.T, text string) {
		id, ok := KeyIDOf(text)
		if ok && (id == tenancy.KeyID{} || len(text) != keyLength) {
			t.Errorf("KeyIDOf(%q) = %v", text, id)
		}
	})
}
