package authn

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/google/uuid"

	"github.com/memberward/memberward/internal/tenancy"
)

// A key of our own is mw_<id>_<secret>: the id as 32 hexadecimal digits, the
// secret as 256 random bits in base64url without padding.
const (
	keyPrefix    = "mw_"
	secretBytes  = 32
	idDigits     = 32
	secretDigits = 43
	keyLength    = len(keyPrefix) + idDigits + 1 + secretDigits
)

// The lengths of a key that an operator chose, in characters.
const (
	chosenShortest = 32
	chosenLongest  = 256
)

// NewKey is a key that was just made. The text is shown once; only the digest
// is kept.
type NewKey struct {
	ID     tenancy.KeyID
	Text   string
	Digest tenancy.Digest
}

// NewKey makes a key.
func (s *Service) NewKey() (NewKey, error) {
	id, err := uuid.NewRandomFromReader(s.random)
	if err != nil {
		return NewKey{}, fmt.Errorf("make a key: %w", err)
	}
	var secret [secretBytes]byte
	if _, err := io.ReadFull(s.random, secret[:]); err != nil {
		return NewKey{}, fmt.Errorf("make a key: %w", err)
	}
	text := keyPrefix + hex.EncodeToString(id[:]) + "_" + base64.RawURLEncoding.EncodeToString(secret[:])
	return NewKey{ID: tenancy.KeyID(id), Text: text, Digest: DigestOf(text)}, nil
}

// DigestOf gives what is stored of a key: the SHA-256 of its whole text. The
// text is 256 random bits, or chosen by the operator who also holds the
// store, so no slow hash is needed.
func DigestOf(text string) tenancy.Digest { return sha256.Sum256([]byte(text)) }

// CheckChosenKey reports why a text cannot be a key of an operator's choice:
// it has 32 to 256 printable ASCII characters, no space at either end, and
// not the form of a token.
func CheckChosenKey(text string) error {
	switch {
	case len(text) < chosenShortest || len(text) > chosenLongest:
		return fmt.Errorf("a key has %d to %d characters, not %d", chosenShortest, chosenLongest, len(text))
	case strings.ContainsFunc(text, notPrintable):
		return errors.New("a key holds printable ASCII characters only")
	case strings.TrimSpace(text) != text:
		return errors.New("a key neither begins nor ends with a space")
	case looksLikeToken(text):
		return errors.New("a key does not have the form of a token (eyJ….….…)")
	default:
		return nil
	}
}

func notPrintable(r rune) bool { return r < 0x20 || r > 0x7e }

// KeyIDOf reads the id out of the text of a key of our own making; false for
// any other text.
func KeyIDOf(text string) (tenancy.KeyID, bool) {
	if len(text) != keyLength || !strings.HasPrefix(text, keyPrefix) || text[keyLength-secretDigits-1] != '_' {
		return tenancy.KeyID{}, false
	}
	digits := text[len(keyPrefix) : len(keyPrefix)+idDigits]
	var id tenancy.KeyID
	if _, err := hex.Decode(id[:], []byte(digits)); err != nil || id.IsZero() {
		return tenancy.KeyID{}, false
	}
	return id, true
}

// findKey looks a key up: by its id when it is one of ours, else, or when the
// id is not known, by its digest, as keys that an operator chose are.
func (s *Service) findKey(ctx context.Context, text string) (tenancy.Key, error) {
	if len(text) < chosenShortest || len(text) > chosenLongest {
		return tenancy.Key{}, refused("not of a key's length")
	}
	digest := DigestOf(text)
	if id, ok := KeyIDOf(text); ok {
		key, found, err := s.dir.Key(ctx, id)
		if err != nil {
			return tenancy.Key{}, fmt.Errorf("look up a key: %w", err)
		}
		if found && matches(key, digest) {
			return key, nil
		}
	}
	key, found, err := s.dir.KeyByDigest(ctx, digest)
	switch {
	case err != nil:
		return tenancy.Key{}, fmt.Errorf("look up a key: %w", err)
	case !found || !matches(key, digest):
		return tenancy.Key{}, refused("the key is not known")
	default:
		return key, nil
	}
}

// matches compares in constant time.
func matches(key tenancy.Key, digest tenancy.Digest) bool {
	return subtle.ConstantTimeCompare(key.Digest[:], digest[:]) == 1
}
