package authn

import (
	"context"
	"crypto/ed25519"
	"fmt"

	"github.com/lestrrat-go/jwx/v3/jwa"
	"github.com/lestrrat-go/jwx/v3/jws"
	"github.com/lestrrat-go/jwx/v3/jwt"

	"github.com/memberward/memberward/internal/tenancy"
)

// signer signs with its newest key and verifies with any. It never changes:
// after a rotation another one takes its place.
type signer struct {
	newest     tenancy.SigningKey
	private    ed25519.PrivateKey
	public     map[string]ed25519.PublicKey // by key id
	assertions []assertionKey               // one for each key, the oldest first
}

// newSigner takes the keys in the order of [byAge], one at least.
func newSigner(keys []tenancy.SigningKey) (*signer, error) {
	assertions, err := newAssertionKeys(keys)
	if err != nil {
		return nil, err
	}
	result := &signer{newest: keys[len(keys)-1], public: make(map[string]ed25519.PublicKey, len(keys)), assertions: assertions}
	for _, key := range keys {
		result.private = ed25519.NewKeyFromSeed(key.Seed[:])
		result.public[key.ID.String()] = result.private.Public().(ed25519.PublicKey)
	}
	return result, nil
}

// signer gives the keys in force. An unknown key id in a token never makes it
// read them again: they change through this process alone, which reads them
// after each change, so a caller could buy nothing but work.
func (s *Service) signer(ctx context.Context) (*signer, error) {
	if inForce := s.keys.Load(); inForce != nil {
		return inForce, nil
	}
	if err := s.lock(ctx); err != nil {
		return nil, err
	}
	defer s.unlock()
	if inForce := s.keys.Load(); inForce != nil { // another request has read them
		return inForce, nil
	}
	return s.readKeys(ctx)
}

// ReloadSigningKeys reads the keys that sign tokens again; call it after a
// change of them. From when it is called, no token is accepted by what was
// read before: when they cannot be read, the error is the store's, and tokens
// are neither issued nor accepted until a later request has read them.
func (s *Service) ReloadSigningKeys(ctx context.Context) error {
	if err := s.lock(ctx); err != nil {
		return err
	}
	defer s.unlock()
	_, err := s.readKeys(ctx)
	return err
}

// readKeys puts the stored keys in force, and makes the first one. The caller
// holds the lock, so that what was read last is what stays.
func (s *Service) readKeys(ctx context.Context) (*signer, error) {
	s.keys.Store(nil)
	keys, err := s.dir.SigningKeys(ctx)
	if err == nil && len(keys) == 0 {
		keys, err = s.addKey(ctx, keys)
	}
	if err != nil {
		return nil, fmt.Errorf("load the keys that sign tokens: %w", err)
	}
	inForce, err := newSigner(byAge(keys))
	if err != nil {
		return nil, err
	}
	s.keys.Store(inForce)
	return inForce, nil
}

func (s *signer) sign(token jwt.Token) (string, error) {
	header := jws.NewHeaders()
	if err := header.Set(jws.KeyIDKey, s.newest.ID.String()); err != nil {
		return "", fmt.Errorf("sign a token: %w", err)
	}
	signed, err := jwt.Sign(token, jwt.WithKey(jwa.EdDSA(), s.private, jws.WithProtectedHeaders(header)))
	if err != nil {
		return "", fmt.Errorf("sign a token: %w", err)
	}
	return string(signed), nil
}

// keyOf picks the key that a token names. What its header asks for beyond
// that is refused, not ignored, when it would change the meaning of the
// signature (RFC 7515, 4.1.11; RFC 7797).
func (s *signer) keyOf(text string) (ed25519.PublicKey, error) {
	message, err := jws.ParseString(text, jws.WithCompact())
	if err != nil || len(message.Signatures()) != 1 {
		return nil, refused("not a token in the compact form")
	}
	header := message.Signatures()[0].ProtectedHeaders()
	if algorithm, ok := header.Algorithm(); !ok || algorithm != jwa.EdDSA() {
		return nil, refused("the token is not signed with EdDSA")
	}
	if kind, _ := header.Type(); kind == AssertionType {
		return nil, refused("an assertion lets nobody in")
	}
	if header.Has(jws.CriticalKey) || header.Has("b64") {
		return nil, refused("the token has critical headers")
	}
	id, ok := header.KeyID()
	key, known := s.public[id]
	if !ok || !known {
		return nil, refused("the token is signed with an unknown key")
	}
	return key, nil
}
