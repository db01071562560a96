package main

import (
	"bufio"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// target is a question put to a server, and what every answer must hold.
type target struct {
	address string
	method  string // empty: POST
	path    string
	key     string
	lines   string // further header lines, each with its end
	body    string
	want    string // in the body of every answer
	names   string // a header that every answer names
}

// once asks once and gives the body of the answer.
func (t target) once() (string, error) {
	conn, err := net.Dial("tcp", t.address)
	if err != nil {
		return "", err
	}
	defer conn.Close()
	return t.ask(conn, bufio.NewReader(conn))
}

// rate asks over a number of connections for a while and gives the verified
// answers per second.
func (t target) rate(ctx context.Context, connections int, window time.Duration) (float64, error) {
	ctx, cancel := context.WithTimeout(ctx, window)
	defer cancel()
	var done atomic.Int64
	errs := make([]error, connections)
	var wg sync.WaitGroup
	start := time.Now()
	for i := range connections {
		wg.Go(func() { errs[i] = t.askOn(ctx, &done) })
	}
	wg.Wait()
	return float64(done.Load()) / time.Since(start).Seconds(), errors.Join(errs...)
}

// times asks so many times over a number of connections.
func (t target) times(ctx context.Context, connections, n int) error {
	return t.timesEach(ctx, connections, n, func(int) string { return t.body })
}

// timesEach asks so many times, each time with a body of its own.
func (t target) timesEach(ctx context.Context, connections, n int, body func(i int) string) error {
	var next atomic.Int64
	errs := make([]error, connections)
	var wg sync.WaitGroup
	for c := range connections {
		wg.Go(func() {
			errs[c] = t.onConnection(func(ask func(body string) error) error {
				for i := next.Add(1); i <= int64(n) && ctx.Err() == nil; i = next.Add(1) {
					if err := ask(body(int(i))); err != nil {
						return err
					}
				}
				return ctx.Err()
			})
		})
	}
	wg.Wait()
	return errors.Join(errs...)
}

// onConnection hands work a function that asks on one kept connection.
func (t target) onConnection(work func(ask func(body string) error) error) error {
	conn, err := net.Dial("tcp", t.address)
	if err != nil {
		return err
	}
	defer conn.Close()
	reader := bufio.NewReader(conn)
	return work(func(body string) error {
		t.body = body
		_, err := t.ask(conn, reader)
		return err
	})
}

func (t target) askOn(ctx context.Context, done *atomic.Int64) error {
	return t.onConnection(func(ask func(body string) error) error {
		for ctx.Err() == nil {
			if err := ask(t.body); err != nil {
				return err
			}
			done.Add(1)
		}
		return nil
	})
}

// ask sends one request, reads its answer on a kept connection and gives its
// body.
func (t target) ask(conn net.Conn, reader *bufio.Reader) (string, error) {
	_, body, err := t.exchange(conn, reader)
	return body, err
}

// exchange sends one request and reads its answer on a kept connection.
func (t target) exchange(conn net.Conn, reader *bufio.Reader) (http.Header, string, error) {
	if _, err := io.WriteString(conn, t.wire()); err != nil {
		return nil, "", err
	}
	res, err := http.ReadResponse(reader, nil)
	if err != nil {
		return nil, "", err
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		return nil, "", err
	}
	named := t.names == "" || res.Header.Get(t.names) != ""
	if res.StatusCode >= 300 || !named || !strings.Contains(string(body), t.want) {
		return nil, "", &unwanted{res.StatusCode, res.Header, string(body)}
	}
	return res.Header, string(body), nil
}

// unwanted is an answer that is not the one that is measured.
type unwanted struct {
	status int
	header http.Header
	body   string
}

// Error shows the answer.
func (u *unwanted) Error() string {
	return fmt.Sprintf("answer %d, %v: %s", u.status, u.header, u.body)
}

// wire is the request as it is sent.
func (t target) wire() string {
	announced := ""
	if t.body != "" {
		announced = fmt.Sprintf("Content-Type: application/json\r\nContent-Length: %d\r\n", len(t.body))
	}
	return fmt.Sprintf("%s %s HTTP/1.1\r\nHost: bench\r\nX-Api-Key: %s\r\n%s%s\r\n%s",
		cmp.Or(t.method, http.MethodPost), t.path, t.key, t.lines, announced, t.body)
}
