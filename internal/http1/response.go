package http1

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// response is what a handler answers. It is sent as a whole when the handler
// is done, and then used for the next.
type response struct {
	header http.Header
	status int // 0: none yet
	body   []byte

	names []string // for sorting
	text  []byte   // for sending
}

// Header implements [http.ResponseWriter].
func (w *response) Header() http.Header { return w.header }

// WriteHeader implements [http.ResponseWriter]. The first status counts.
func (w *response) WriteHeader(status int) {
	if w.status == 0 {
		w.status = status
	}
}

// Write implements [http.ResponseWriter].
func (w *response) Write(body []byte) (int, error) {
	w.WriteHeader(http.StatusOK)
	w.body = append(w.body, body...)
	return len(body), nil
}

// keep is how much room for answers a connection keeps, in bytes.
const keep = 4 << 10

// framing are the headers that the server sets itself.
var framing = []string{"Content-Length", "Connection", "Date", "Transfer-Encoding"}

// oneLine keeps a value from ending its line, as net/http does.
func oneLine(value string) string {
	if !strings.ContainsAny(value, "\r\n") {
		return value
	}
	return strings.NewReplacer("\r", " ", "\n", " ").Replace(value)
}

// take gives the answer as it is sent, valid until the next one is written.
// The last one ends the connection.
func (w *response) take(r *http.Request, now time.Time, last bool) []byte {
	w.WriteHeader(http.StatusOK)
	w.names = w.names[:0]
	for name := range w.header {
		if !slices.Contains(framing, name) {
			w.names = append(w.names, name)
		}
	}
	slices.Sort(w.names)
	text := append(w.text[:0], "HTTP/1.1 "...)
	if !r.ProtoAtLeast(1, 1) {
		text = append(w.text[:0], "HTTP/1.0 "...)
	}
	text = strconv.AppendInt(text, int64(w.status), 10)
	text = append(append(append(text, ' '), http.StatusText(w.status)...), "\r\n"...)
	for _, name := range w.names {
		for _, value := range w.header[name] {
			text = append(append(append(append(text, name...), ": "...), oneLine(value)...), "\r\n"...)
		}
	}
	text = now.UTC().AppendFormat(append(text, "Date: "...), http.TimeFormat)
	text = strconv.AppendInt(append(text, "\r\nContent-Length: "...), int64(len(w.body)), 10)
	if last {
		text = append(text, "\r\nConnection: close"...)
	}
	text = append(text, "\r\n\r\n"...)
	if r.Method != http.MethodHead {
		text = append(text, w.body...)
	}
	clear(w.header)
	w.status, w.body, w.text = 0, w.body[:0], text[:0]
	if cap(text) > keep || cap(w.body) > keep {
		w.body, w.text = nil, nil
	}
	return text
}
