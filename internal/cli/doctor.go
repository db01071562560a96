package cli

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/memberward/memberward/internal/doctor"
)

// What an examination may take.
const (
	examineTimeout = 10 * time.Minute
	caFileMax      = 1 << 20 // bytes
	defaultEcho    = "127.0.0.1:3000"
)

func newDoctor(s streams) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "doctor",
		Short: "Examine the configuration of a reverse proxy",
		Example: `  memberward doctor application --listen 127.0.0.1:3000
  memberward doctor proxy --url https://app.example.com/tenants/acme/reports --credential-file mary.key`,
		Args: cobra.ArbitraryArgs,
		RunE: needsCommand,
	}
	cmd.AddCommand(newDoctorProxy(s), newDoctorApplication(s))
	return cmd
}

// examination is what the flags of doctor proxy say.
type examination struct {
	doctor.Options
	url, credentialFile, caFile string
	api                         server
	json, partial, insecure     bool
}

func newDoctorProxy(s streams) *cobra.Command {
	e := &examination{}
	cmd := &cobra.Command{
		Use:   "proxy --url URL",
		Short: "Send hostile requests through a reverse proxy and say what it lets through",
		Long: `Send hostile requests through a reverse proxy, as any client could, and say which
headers can be spoofed, which paths, methods and hosts reach the application as
others than were judged, and where nobody is asked: with the line of
configuration that mends it.

URL is a page that the credential may read, and nobody without. What the
application got is known when "memberward doctor application" stands in its place
for the time of the examination; requests that could change something are sent
only then. What was judged is known with --api. What could not be judged is said,
and is no pass.

The credential is a key or token, or a line such as "Cookie: auth_token=…", in a
file or in ` + variableKey + `. It is never printed.

Exit codes: 0 all holds, 1 faults were found, 2 it could not be examined, or not
all of it.`,
		Example: `  memberward doctor proxy --url http://127.0.0.1:8000/tenants/acme/reports --credential-file mary.key --proxy nginx
  memberward doctor proxy --url https://app.example.com/reports --connect 10.0.0.7:443 --ca-file ca.pem --credential-file mary.key --api http://127.0.0.1:8080
  memberward doctor proxy --url http://127.0.0.1:8000/tenants/acme/reports --stopped`,
		Args: arguments(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := e.read(s); err != nil {
				return unexamined(err)
			}
			ctx, cancel := context.WithTimeout(cmd.Context(), examineTimeout)
			defer cancel()
			report, err := doctor.Examine(ctx, e.Options)
			if err != nil {
				return unexamined(err)
			}
			return e.conclude(s.stdout, report)
		},
	}
	e.addFlags(cmd)
	return cmd
}

func (e *examination) addFlags(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringVar(&e.url, "url", "", "a page behind the proxy: `URL`")
	f.StringVar(&e.credentialFile, "credential-file", "", "a `FILE` with a credential that may read the page")
	f.StringVar(&e.api.url, "api", "", "Memberward's API at this `URL`, to read what was judged")
	f.StringVar(&e.api.keyFile, "key-file", "", "a `FILE` with the key to ask the API with; without it the credential")
	f.StringVar(&e.Proxy, "proxy", "", "show the lines for this one alone: a `NAME` of "+strings.Join(doctor.Proxies(), ", "))
	f.StringVar(&e.Connect, "connect", "", "connect to this `HOST:PORT` in place of the URL's")
	f.StringVar(&e.caFile, "ca-file", "", "believe servers that the certificates in `FILE` vouch for, and no others")
	f.StringVar(&e.Denied, "denied", "", "a `PATH` that the credential may not read; without it one that is made up")
	f.StringArrayVar(&e.Paths, "path", nil, "a further `PATH` to ask for without a credential; may be repeated")
	f.StringArrayVar(&e.Headers, "header", nil, "a further header that the application believes: a `NAME`; may be repeated")
	f.BoolVar(&e.Stopped, "stopped", false, "Memberward was stopped: find out whether the application can be reached all the same")
	f.BoolVar(&e.partial, "partial", false, "exit with 0 although not everything could be judged")
	f.BoolVar(&e.json, "json", false, "print the report as JSON")
	f.BoolVar(&e.insecure, "insecure", false, "send the credential over plain HTTP beyond this machine")
	f.SortFlags = false
}

// unexaminedError says that nothing is known about the proxy, or not all.
type unexaminedError struct{ error }

func unexamined(err error) error {
	if errors.As(err, &usageError{}) {
		return err
	}
	return unexaminedError{fmt.Errorf("could not examine: %w", err)}
}

// read turns the flags into options.
func (e *examination) read(s streams) error {
	for _, read := range []func(streams) error{e.readURL, e.readNames, e.readCredential, e.readRoots, e.readAPI} {
		if err := read(s); err != nil {
			return err
		}
	}
	return nil
}

func (e *examination) readURL(streams) error {
	u, err := url.Parse(e.url)
	switch {
	case err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Hostname() == "":
		return usageError{errors.New("--url: want http://HOST/PATH or https://HOST/PATH, a page that the credential may read")}
	case u.User != nil || u.RawQuery != "" || u.ForceQuery || u.Fragment != "":
		return usageError{errors.New("--url: want an address without user, query and fragment")}
	}
	if e.Connect != "" {
		if _, _, err := net.SplitHostPort(e.Connect); err != nil {
			return usageError{errors.New("--connect: want HOST:PORT")}
		}
	}
	e.URL = u
	return nil
}

func (e *examination) readNames(streams) error {
	if e.Proxy != "" && !slices.Contains(doctor.Proxies(), e.Proxy) {
		return usageError{fmt.Errorf("--proxy: there are %s, not %q", strings.Join(doctor.Proxies(), ", "), e.Proxy)}
	}
	for _, path := range append(slices.Clone(e.Paths), e.Denied) {
		if path != "" && (path[0] != '/' || strings.ContainsFunc(path, func(r rune) bool { return r <= ' ' || r > '~' })) {
			return usageError{fmt.Errorf("want a path as on a request line, not %q", path)}
		}
	}
	for _, name := range e.Headers {
		if name == "" || strings.Trim(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-") != "" {
			return usageError{fmt.Errorf("--header: want the name of a header, not %q", name)}
		}
	}
	return nil
}

// credentialHeaders are those in which a credential may be sent.
var credentialHeaders = []string{"Authorization", "X-Api-Key", "Cookie"}

func (e *examination) readCredential(s streams) error {
	text := s.env[variableKey]
	if e.credentialFile != "" {
		data, err := readSmall(e.credentialFile, keyFileMax)
		if err != nil {
			return fmt.Errorf("--credential-file: %w", err)
		}
		if text = strings.TrimSpace(data); text == "" {
			return fmt.Errorf("--credential-file: %s is empty", e.credentialFile)
		}
	}
	text = strings.TrimSpace(text)
	if text == "" {
		return nil
	}
	if strings.ContainsFunc(text, func(r rune) bool { return r < ' ' || r > '~' }) {
		return errors.New("the credential holds what no header holds: want one line of printable ASCII characters")
	}
	at := e.URL.Hostname()
	if host, _, err := net.SplitHostPort(e.Connect); err == nil {
		at = host
	}
	if e.URL.Scheme == "http" && !e.insecure && !isLoopback(at) {
		return usageError{errors.New("--url: plain HTTP beyond this machine shows the credential to whoever listens: use https, or add --insecure")}
	}
	name, _, parted := strings.Cut(text, ": ")
	if !parted || !slices.ContainsFunc(credentialHeaders, func(known string) bool { return strings.EqualFold(known, name) }) {
		text = "Authorization: Bearer " + text
	}
	e.Credential = text
	return nil
}

func (e *examination) readRoots(streams) error {
	if e.caFile == "" {
		return nil
	}
	data, err := readSmall(e.caFile, caFileMax)
	if err != nil {
		return fmt.Errorf("--ca-file: %w", err)
	}
	e.Roots = x509.NewCertPool()
	if !e.Roots.AppendCertsFromPEM([]byte(data)) {
		return fmt.Errorf("--ca-file: %s holds no certificate", e.caFile)
	}
	return nil
}

// readAPI prepares to read decisions: everybody may read their own.
func (e *examination) readAPI(s streams) error {
	if e.api.url == "" {
		return nil
	}
	e.api.insecure = e.insecure
	if err := e.api.check(); err != nil {
		return usageError{errors.New(strings.Replace(err.Error(), "--url", "--api", 1))}
	}
	line := e.Credential
	if e.api.keyFile != "" {
		key, err := e.api.credential(s.env)
		if err != nil {
			return err
		}
		line = "Authorization: Bearer " + key
	}
	name, value, parted := strings.Cut(line, ": ")
	if !parted || strings.EqualFold(name, "Cookie") {
		return usageError{errors.New("--api: needs a key to ask with: give --key-file")}
	}
	e.Decisions = func(ctx context.Context, id string) (doctor.Judged, error) { return e.api.judged(ctx, name, value, id) }
	return nil
}

func newDoctorApplication(s streams) *cobra.Command {
	var listen string
	cmd := &cobra.Command{
		Use:   "application",
		Short: "Stand in for the application while its proxy is examined",
		Long: `Answer every request with what was received, but for the values of credentials.
Let the proxy lead here in place of the application, run "memberward doctor
proxy", and end this with Ctrl-C.`,
		Example: `  memberward doctor application --listen 127.0.0.1:3000`,
		Args:    arguments(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			listener, err := net.Listen("tcp", listen)
			if err != nil {
				return fmt.Errorf("--listen: %w", err)
			}
			if _, err := fmt.Fprintf(s.stdout, "the doctor's application listens on %s\n", listener.Addr()); err != nil {
				return errors.Join(err, listener.Close())
			}
			return serveApplication(cmd.Context(), listener)
		},
	}
	cmd.Flags().StringVar(&listen, "listen", defaultEcho, "where the proxy looks for the application: `HOST:PORT`")
	return cmd
}

// serveApplication answers until it is told to end.
func serveApplication(ctx context.Context, listener net.Listener) error {
	ctx, stop := signal.NotifyContext(ctx, os.Interrupt, syscall.SIGTERM)
	defer stop()
	server := &http.Server{
		Handler: doctor.Application{}, ReadHeaderTimeout: 10 * time.Second, ReadTimeout: time.Minute, IdleTimeout: time.Minute,
		MaxHeaderBytes: 256 << 10, DisableGeneralOptionsHandler: true,
	}
	ended := context.AfterFunc(ctx, func() { _ = server.Close() })
	defer ended()
	if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}
