package cli

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){
		"memberward": func() {
			os.Exit(Run(context.Background(), os.Args[1:], os.Environ(), os.Stdout, os.Stderr))
		},
	})
}

// TestScripts runs testdata/cli: each verb and each exit code. The program is
// the test binary. Besides testscript's own commands there are:
//
//	exit CODE COMMAND [ARG...]     runs a command that ends with that code
//	await FILE [TEXT]              waits until there is a file, with a text in it
//	ask STATUS METHOD LISTENER PATH [KEYFILE [BODY]]
//	                               asks the server whose addresses.json lies in ./data
//	match TEXT                     finds a text in the last answer
//	terminate                      sends SIGTERM to what runs in the background
//	mode BITS FILE                 checks a file's permissions
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:                 filepath.Join("..", "..", "testdata", "cli"),
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"exit": exit, "await": await, "ask": ask, "match": match, "mode": mode, "terminate": terminate,
		},
		Setup: func(env *testscript.Env) error {
			policies, err := filepath.Abs(filepath.Join("..", "..", "policies"))
			env.Setenv("POLICIES", policies)
			env.Setenv("MEMBERWARD_GRPC_LISTEN", "127.0.0.1:0") // the scripts run at once
			return err
		},
	})
}

func exit(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exit CODE COMMAND [ARG...]")
	}
	err := ts.Exec(args[1], args[2:]...)
	want := "exit status " + args[0]
	if got := errorText(err); got != want {
		ts.Fatalf("%s: %s, want %s", strings.Join(args[1:], " "), got, want)
	}
}

func errorText(err error) string {
	if err == nil {
		return "exit status 0"
	}
	return err.Error()
}

func await(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 1 || len(args) > 2 {
		ts.Fatalf("usage: await FILE [TEXT]")
	}
	for range 2000 {
		data, err := os.ReadFile(ts.MkAbs(args[0]))
		if err == nil && (len(args) == 1 || strings.Contains(string(data), args[1])) {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	ts.Fatalf("waited in vain for %s", strings.Join(args, " with "))
}

// lastAnswer is where ask leaves the body for match.
const lastAnswer = "answer"

func ask(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 4 || len(args) > 6 {
		ts.Fatalf("usage: ask STATUS METHOD LISTENER PATH [KEYFILE [BODY]]")
	}
	var at map[string]string
	ts.Check(json.Unmarshal([]byte(ts.ReadFile("data/addresses.json")), &at))
	body := ""
	if len(args) == 6 {
		body = args[5]
	}
	request, err := http.NewRequest(args[1], "http://"+at[args[2]]+args[3], strings.NewReader(body))
	ts.Check(err)
	if body != "" {
		request.Header.Set("Content-Type", "application/json")
	}
	if len(args) > 4 {
		request.Header.Set("Authorization", "Bearer "+strings.TrimSpace(ts.ReadFile(args[4])))
	}
	response, err := (&http.Client{Transport: &http.Transport{DisableKeepAlives: true}}).Do(request)
	ts.Check(err)
	defer response.Body.Close()
	data, err := io.ReadAll(response.Body)
	ts.Check(err)
	ts.Check(os.WriteFile(ts.MkAbs(lastAnswer), data, 0o600))
	if !strings.HasPrefix(response.Status, args[0]+" ") {
		ts.Fatalf("%s %s: %s %s, want %s", args[1], args[3], response.Status, data, args[0])
	}
}

func match(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) != 1 {
		ts.Fatalf("usage: match TEXT")
	}
	if text := ts.ReadFile(lastAnswer); strings.Contains(text, args[0]) == neg {
		ts.Fatalf("the answer was %s", text)
	}
}

func mode(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: mode BITS FILE, as in -rw-------")
	}
	info, err := os.Stat(ts.MkAbs(args[1]))
	ts.Check(err)
	if got := info.Mode().Perm().String(); got != args[0] {
		ts.Fatalf("%s has mode %s, want %s", args[1], got, args[0])
	}
}

func terminate(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 0 {
		ts.Fatalf("usage: terminate")
	}
	for _, cmd := range ts.BackgroundCmds() {
		ts.Check(cmd.Process.Signal(syscall.SIGTERM))
	}
}
