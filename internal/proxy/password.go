package proxy

import (
	"crypto/sha256"
	"crypto/subtle"
	"net/http"
)

// ReasonSecret refuses a peer that does not know the secret.
const ReasonSecret Reason = "the proxy's secret (X-Memberward-Secret) is missing or wrong"

// proxySecret is the header in which a proxy shows that it is one of ours.
// Only proxies may ever see it: they remove what a client sends.
const proxySecret = "X-Memberward-Secret"

// password is the secret that every proxy must show. The zero value asks for
// none.
type password []byte

// check refuses a request that does not show the secret exactly once. How
// long it takes tells nothing of the secret, its length included.
func (p password) check(h http.Header) error {
	if p == nil {
		return nil
	}
	shown := h[proxySecret]
	if len(shown) != 1 {
		return ReasonSecret
	}
	got, want := sha256.Sum256([]byte(shown[0])), sha256.Sum256(p)
	if subtle.ConstantTimeCompare(got[:], want[:]) != 1 {
		return ReasonSecret
	}
	return nil
}
