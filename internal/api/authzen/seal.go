package authzen

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"io"
)

// seal makes tokens of pages. A page ends where the search has looked, which
// may be at somebody who was not found: what a token says is nobody's to read
// or to write. It authenticates where the page begins and the search that the
// page is of, and encrypts the former with what authenticates it as the
// nonce (a synthetic initialization vector, as in RFC 5297), so that the same
// page always has the same token. Its keys are made anew by each process, which
// a token does not outlive.
type seal struct{ naming, hiding [sealKeySize]byte }

const (
	sealKeySize = 32
	sealTagSize = aes.BlockSize
)

// newSeal makes a seal. Like the rest of the program, it cannot go on without
// randomness.
func newSeal(random io.Reader) seal {
	var s seal
	for _, key := range [][]byte{s.naming[:], s.hiding[:]} {
		if _, err := io.ReadFull(random, key); err != nil {
			panic(fmt.Sprintf("authzen: no randomness for the tokens of pages: %v", err))
		}
	}
	return s
}

// close gives the token of the page of a search that begins at a place.
func (s seal) close(place string, search []byte) string {
	tag := s.tag([]byte(place), search)
	return base64.RawURLEncoding.EncodeToString(append(tag, s.stream(tag, []byte(place))...))
}

// open reads what close made for that search, and nothing else.
func (s seal) open(token string, search []byte) (place string, known bool) {
	data, err := base64.RawURLEncoding.Strict().DecodeString(token)
	if err != nil || len(data) <= sealTagSize {
		return "", false
	}
	tag, hidden := data[:sealTagSize], data[sealTagSize:]
	plain := s.stream(tag, hidden)
	return string(plain), hmac.Equal(tag, s.tag(plain, search))
}

func (s seal) tag(place, search []byte) []byte {
	of := sha256.Sum256(search) // of one length: where it ends and the place begins is beyond doubt
	mac := hmac.New(sha256.New, s.naming[:])
	mac.Write(of[:])
	mac.Write(place)
	return mac.Sum(nil)[:sealTagSize:sealTagSize]
}

// stream encrypts, and decrypts.
func (s seal) stream(tag, text []byte) []byte {
	block, err := aes.NewCipher(s.hiding[:])
	if err != nil {
		panic("authzen: " + err.Error()) // the key has a length that AES knows
	}
	out := make([]byte, len(text))
	cipher.NewCTR(block, tag).XORKeyStream(out, text)
	return out
}
