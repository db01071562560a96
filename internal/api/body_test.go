package api_test

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/memberward/memberward/internal/api"
	"github.com/memberward/memberward/internal/tenancy"
)

func TestBodies(t *testing.T) {
	s := serve(t, api.Route{Method: "POST", Path: "/plain/size", Handle: func(c *gin.Context, _ tenancy.Actor) error {
		again, err := io.ReadAll(c.Request.Body)
		c.String(http.StatusOK, "%d %d", len(api.Body(c)), len(again))
		return err
	}})
	rows := []struct {
		name   string
		body   io.Reader
		status int
		answer string
	}{
		{"none", http.NoBody, 200, "0 0"},
		{"1 MiB", strings.NewReader(strings.Repeat("x", api.BodyLimit)), 200, "1048576 1048576"},
		{"1 MiB + 1", strings.NewReader(strings.Repeat("x", api.BodyLimit+1)), 413, "plain too_large"},
		{"1 MiB in chunks", io.MultiReader(strings.NewReader(strings.Repeat("x", api.BodyLimit))), 200, "1048576 1048576"},
		{"1 MiB + 1 in chunks", io.MultiReader(strings.NewReader(strings.Repeat("x", api.BodyLimit+1))), 413, "plain too_large"},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			req, _ := http.NewRequest("POST", s.URL+"/plain/size", row.body)
			req.Header.Set("Authorization", "Bearer olga")
			res, err := http.DefaultTransport.RoundTrip(req)
			if err != nil {
				t.Fatal(err)
			}
			defer res.Body.Close()
			answer, _ := io.ReadAll(res.Body)
			if res.StatusCode != row.status || string(answer) != row.answer {
				t.Errorf("= %d %s, want %d %s", res.StatusCode, answer, row.status, row.answer)
			}
		})
	}
}

// A body that never ends is read no further than the limit, and one that is
// announced too long is not read at all.
func TestBodyIsReadNoFurther(t *testing.T) {
	handler := api.New(api.Options{
		Dialects: []api.Dialect{{
			Name: "plain", Prefixes: []string{"/plain"}, Authenticator: bearerOlga{}, Render: plain,
			Routes: []api.Route{{Method: "POST", Path: "/plain/it", Handle: text("reached")}},
		}},
		Logger: slog.New(slog.DiscardHandler), NewID: func() string { return "id" }, Now: time.Now,
	})
	for length, want := range map[int64]int{-1: api.BodyLimit + 1, api.BodyLimit + 1: 0} {
		endless := &countingReader{}
		req := httptest.NewRequest("POST", "/plain/it", endless)
		req.ContentLength = length
		answer := httptest.NewRecorder()
		handler.ServeHTTP(answer, req)
		if answer.Code != 413 || endless.n != want {
			t.Errorf("length %d: %d after %d bytes, want 413 after %d", length, answer.Code, endless.n, want)
		}
	}
}

type countingReader struct{ n int }

func (r *countingReader) Read(p []byte) (int, error) {
	r.n += len(p)
	return len(p), nil
}

// A client that sends its body byte by byte is given up, and nobody waits.
func TestSlowBody(t *testing.T) {
	s := serveWithin(t, time.Second, api.Route{Method: "POST", Path: "/plain/it", Handle: text("reached")})
	conn, err := net.Dial("tcp", strings.TrimPrefix(s.URL, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	fmt.Fprintf(conn, "POST /plain/it HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer olga\r\nContent-Length: 100\r\n\r\n{")
	if res, body := s.ask(t, "POST", "/plain/it", "{}"); res.StatusCode != 200 {
		t.Errorf("a neighbour got %d %s", res.StatusCode, body)
	}
	answer, err := io.ReadAll(conn) // to the end: the connection is closed
	if err != nil || !strings.HasPrefix(string(answer), "HTTP/1.1 400 ") || !strings.HasSuffix(string(answer), "plain invalid") {
		t.Errorf("the slow client got %q, %v", answer, err)
	}
}

// The deadline for the body ends with the body: a handler may take longer.
func TestBodyDeadlineEndsWithTheBody(t *testing.T) {
	s := serveWithin(t, time.Second, api.Route{Method: "POST", Path: "/plain/it", Handle: func(c *gin.Context, _ tenancy.Actor) error {
		select {
		case <-c.Request.Context().Done():
			return c.Request.Context().Err()
		case <-time.After(1500 * time.Millisecond):
			c.String(http.StatusOK, "done")
			return nil
		}
	}})
	if res, body := s.ask(t, "POST", "/plain/it", "{}"); res.StatusCode != 200 {
		t.Errorf("= %d %s, want 200", res.StatusCode, body)
	}
}

func TestContentType(t *testing.T) {
	rows := []struct {
		name  string
		given []string
		fault api.Fault
	}{
		{"absent", nil, ""},
		{"JSON", []string{"application/json"}, ""},
		{"JSON in UTF-8", []string{`Application/JSON; charset="UTF-8"`}, ""},
		{"JSON in another charset", []string{"application/json; charset=latin1"}, api.FaultMedia},
		{"text", []string{"text/plain"}, api.FaultMedia},
		{"a form, as a cross-site page can send it", []string{"application/x-www-form-urlencoded"}, api.FaultMedia},
		{"malformed", []string{"application/json;;"}, api.FaultMedia},
		{"two", []string{"application/json", "application/json"}, api.FaultMedia},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			err := api.CheckJSON(&http.Request{Header: http.Header{"Content-Type": row.given}})
			if faultOf(err) != row.fault {
				t.Errorf("CheckJSON = %v, want fault %q", err, row.fault)
			}
		})
	}
}

func faultOf(err error) api.Fault {
	var wrong *api.InputError
	if errors.As(err, &wrong) {
		return wrong.Fault
	}
	return ""
}

func TestQuery(t *testing.T) {
	rows := []struct {
		name, query   string
		ignoreUnknown bool
		fault         api.Fault
	}{
		{"known", "a=1&b=%C3%A9", false, ""},
		{"none", "", false, ""},
		{"empty", "a=", false, ""},
		{"unknown", "a=1&dry_run=true", false, api.FaultUnknown},
		{"unknown, ignored", "a=1&dry_run=true&dry_run=1", true, ""},
		{"repeated", "a=1&a=1", true, api.FaultDuplicate},
		{"repeated, once encoded", "a=1&%61=2", true, api.FaultDuplicate},
		{"another case is another parameter", "A=1", false, api.FaultUnknown},
		{"a bad escape", "a=%zz", true, api.FaultSyntax},
		{"a semicolon", "a=1;b=2", true, api.FaultSyntax},
		{"NUL", "a=%00", true, api.FaultValue},
		{"invalid UTF-8", "a=%ff", true, api.FaultValue},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			_, err := api.Query(&http.Request{URL: &url.URL{RawQuery: row.query}}, row.ignoreUnknown, "a", "b")
			if faultOf(err) != row.fault {
				t.Errorf("Query(%q) = %v, want fault %q", row.query, err, row.fault)
			}
		})
	}
}
