package doctor

import (
	"io"
	"net/http"
	"slices"

	"github.com/go-json-experiment/json"
)

// marker is the header that carries a request's number, both ways: who sees it
// come back knows that the application was reached, and by which request.
const marker = "X-Memberward-Doctor"

// hidden stands for what the application does not repeat.
const hidden = "(hidden)"

// secret are the headers whose values the application does not repeat.
var secret = []string{"Authorization", "Proxy-Authorization", "Cookie", "X-Api-Key", "X-Memberward-Secret"}

// bodyLimit is how much of a body the application counts.
const bodyLimit = 16 << 20 // bytes

// Received is what the application got of a request.
type Received struct {
	Method string              `json:"method"`
	Target string              `json:"target"` // as on the request line
	Host   string              `json:"host"`
	Header map[string][]string `json:"headers"` // without the values of credentials
	Body   int64               `json:"body"`    // bytes
}

// Application answers every request with what it received, but for the values
// of credentials. It stands behind a proxy while that is examined.
type Application struct{}

// ServeHTTP answers 200 with a [Received].
func (Application) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	length, err := io.Copy(io.Discard, http.MaxBytesReader(w, r.Body, bodyLimit))
	if err != nil {
		http.Error(w, "the body could not be read", http.StatusBadRequest)
		return
	}
	got := Received{Method: r.Method, Target: r.RequestURI, Host: r.Host, Header: map[string][]string{}, Body: length}
	for name, values := range r.Header {
		if slices.Contains(secret, name) {
			values = []string{hidden}
		}
		got.Header[name] = values
	}
	text, err := json.Marshal(got, json.Deterministic(true))
	if err != nil { // bytes that are no UTF-8
		http.Error(w, "a header could not be repeated", http.StatusBadRequest)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set(marker, r.Header.Get(marker))
	_, _ = w.Write(text) // nobody is left to tell
}
