package authn

import (
	"encoding/base64"
	"fmt"
	"io"

	"github.com/memberward/memberward/internal/tenancy"
)

// codePrefix begins the code of an invitation, so that nobody takes it for a
// key.
const codePrefix = "mwi_"

// NewCode is the code of an invitation that was just made. The text is shown
// once; only the digest is kept.
type NewCode struct {
	Text   string
	Digest tenancy.Digest
}

// NewCode makes the code of an invitation: 256 random bits that can stand in a
// path as they are.
func (s *Service) NewCode() (NewCode, error) {
	var secret [secretBytes]byte
	if _, err := io.ReadFull(s.random, secret[:]); err != nil {
		return NewCode{}, fmt.Errorf("make a code: %w", err)
	}
	text := codePrefix + base64.RawURLEncoding.EncodeToString(secret[:])
	return NewCode{Text: text, Digest: s.CodeDigest(text)}, nil
}

// CodeDigest gives what is stored of a code, or of what somebody takes for one.
func (*Service) CodeDigest(text string) tenancy.Digest { return DigestOf(text) }
