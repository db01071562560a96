package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"
	"unicode"

	"github.com/go-json-experiment/json"
	"github.com/spf13/cobra"
)

// What a client of a running server reads besides its flags.
const (
	variableKey = "MEMBERWARD_KEY"
	defaultURL  = "http://127.0.0.1:8080"
	keyFileMax  = 4 << 10  // bytes; a key has 256 at most
	problemMax  = 64 << 10 // bytes of an error's body
)

// server is a running server as a command names it. The key is never printed.
type server struct {
	url, key, keyFile string
	insecure          bool
}

// addServer gives a command the flags of a client.
func addServer(cmd *cobra.Command) *server {
	s := &server{url: defaultURL}
	cmd.Flags().Var(&text{value: defaultURL, word: "URL"}, "url", "address of the server's APIs")
	cmd.Flags().Var(&text{word: "KEY"}, "key", "the key to ask with ("+variableKey+"); other users of the machine can see a flag")
	cmd.Flags().Var(&text{word: "FILE"}, "key-file", "a file that holds the key")
	cmd.Flags().BoolVar(&s.insecure, "insecure", false, "send the key over plain HTTP beyond this machine")
	cmd.Flags().SortFlags = false
	cmd.PreRunE = func(cmd *cobra.Command, _ []string) error {
		s.url, s.key, s.keyFile = cmd.Flag("url").Value.String(), cmd.Flag("key").Value.String(), cmd.Flag("key-file").Value.String()
		return s.check()
	}
	return s
}

// check refuses an address that is none, or over which a key would be read by
// others.
func (s *server) check() error {
	u, err := url.Parse(s.url)
	switch {
	case err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Hostname() == "":
		return usageError{errors.New("--url: want http://HOST:PORT or https://HOST")}
	case u.User != nil || u.RawQuery != "" || u.ForceQuery || u.Fragment != "":
		return usageError{errors.New("--url: want an address without user, query and fragment")}
	case u.Scheme == "http" && !s.insecure && !isLoopback(u.Hostname()):
		return usageError{errors.New("--url: plain HTTP beyond this machine shows the key to whoever listens: use https, or add --insecure")}
	case s.key != "" && s.keyFile != "":
		return usageError{errors.New("--key and --key-file: give one of them")}
	default:
		return nil
	}
}

func isLoopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// credential finds the key: the flag's, else the file's, else the variable's.
func (s *server) credential(env map[string]string) (string, error) {
	key := s.key
	switch {
	case key != "":
	case s.keyFile != "":
		data, err := readSmall(s.keyFile, keyFileMax)
		if err != nil {
			return "", fmt.Errorf("--key-file: %w", err)
		}
		key = strings.TrimSpace(data)
	default:
		key = env[variableKey]
	}
	switch {
	case key == "":
		return "", usageError{errors.New("no key: give --key-file, --key or " + variableKey)}
	case strings.ContainsFunc(key, func(r rune) bool { return r < 0x20 || r > 0x7e }):
		return "", usageError{errors.New("the key holds what no key holds: want printable ASCII characters")}
	}
	return key, nil
}

// readSmall reads a file that has at most so many bytes.
func readSmall(path string, limit int64) (string, error) {
	file, err := os.Open(path)
	if err != nil {
		return "", err
	}
	data, err := io.ReadAll(io.LimitReader(file, limit+1))
	if err = errors.Join(err, file.Close()); err == nil && int64(len(data)) > limit {
		err = fmt.Errorf("%s has more than %d bytes", path, limit)
	}
	return string(data), err
}

// post asks the server with its key. The caller closes the body. An answer that is not 200
// is an error that says what the server said.
func (s *server) post(ctx context.Context, env map[string]string, path, body string) (*http.Response, error) {
	key, err := s.credential(env)
	if err != nil {
		return nil, err
	}
	return s.do(ctx, http.MethodPost, path, body, "Authorization", "Bearer "+key)
}

// do sends a request with a credential.
func (s *server) do(ctx context.Context, method, path, body, name, credential string) (*http.Response, error) {
	at := strings.TrimSuffix(s.url, "/") + path
	request, err := http.NewRequestWithContext(ctx, method, at, strings.NewReader(body))
	if err != nil {
		return nil, fmt.Errorf("ask %s: %w", s.url, err)
	}
	request.Header.Set(name, credential)
	if body != "" {
		request.Header.Set("Content-Type", "application/json")
	}
	client := http.Client{ // no proxy, no redirect: the key is for the server alone
		Transport:     &http.Transport{DisableKeepAlives: true, DisableCompression: true, TLSHandshakeTimeout: 10 * time.Second},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	response, err := client.Do(request)
	if err != nil {
		return nil, fmt.Errorf("no answer: %w; is it running? name its address with --url", err)
	}
	if response.StatusCode != http.StatusOK {
		err := problemOf(response)
		return nil, errors.Join(err, response.Body.Close())
	}
	return response, nil
}

// problemOf tells what an answer that is no success says (RFC 9457).
func problemOf(response *http.Response) error {
	var problem struct {
		Title  string `json:"title"`
		Detail string `json:"detail"`
	}
	data, err := io.ReadAll(io.LimitReader(response.Body, problemMax))
	if err == nil && json.Unmarshal(data, &problem) == nil && problem.Title+problem.Detail != "" {
		return fmt.Errorf("the server answers %d: %s", response.StatusCode, printable(strings.Trim(problem.Title+": "+problem.Detail, ": ")))
	}
	return fmt.Errorf("the server answers %d; is it memberward's address?", response.StatusCode)
}

// printable keeps what a server says from steering a terminal.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return unicode.ReplacementChar
	}, s)
}
