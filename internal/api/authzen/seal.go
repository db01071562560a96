package authzen

import (
	"crypto/aes"
	"crypto/cipher"
	"encoding/base64"
	"fmt"
	"io"
)

// seal makes tokens of pages. A page ends where the search has looked, which
// may be at somebody who was not found: what a token says is nobody's to read
// or to write. Its key is made anew by each process, which a token does not
// outlive.
type seal struct{ cipher.AEAD }

// newSeal makes a seal. Like the rest of the program, it cannot go on without
// randomness.
func newSeal(random io.Reader) seal {
	var key [32]byte
	if _, err := io.ReadFull(random, key[:]); err != nil {
		panic(fmt.Sprintf("authzen: no randomness for the tokens of pages: %v", err))
	}
	block, err := aes.NewCipher(key[:])
	if err != nil {
		panic("authzen: " + err.Error()) // the key has a length that AES knows
	}
	sealed, err := cipher.NewGCMWithRandomNonce(block)
	if err != nil {
		panic("authzen: " + err.Error())
	}
	return seal{sealed}
}

// close gives a token of the page of a search that begins at a place.
func (s seal) close(place string, search []byte) string {
	return base64.RawURLEncoding.EncodeToString(s.Seal(nil, nil, []byte(place), search))
}

// open reads what close made for that search, and nothing else.
func (s seal) open(token string, search []byte) (place string, known bool) {
	data, err := base64.RawURLEncoding.Strict().DecodeString(token)
	if err != nil {
		return "", false
	}
	plain, err := s.Open(nil, nil, data, search)
	return string(plain), err == nil
}
