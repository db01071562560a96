package e2e

import (
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

const unit = "../../deploy/systemd/memberward.service"

// notified is a service manager's socket.
func notified(t *testing.T) (path string, told func() string) {
	t.Helper()
	folder, err := os.MkdirTemp("", "mw") // a socket's path holds about a hundred bytes
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(folder) })
	path = filepath.Join(folder, "n")
	socket, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: path, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { socket.Close() })
	return path, func() string {
		t.Helper()
		message := make([]byte, 1000)
		if err := socket.SetReadDeadline(time.Now().Add(patience)); err != nil {
			t.Fatal(err)
		}
		n, err := socket.Read(message)
		if err != nil {
			t.Fatalf("the service manager hears nothing: %v", err)
		}
		return string(message[:n])
	}
}

// The program tells systemd when it listens, that it is alive, and that it
// stops.
func TestTheServiceManagerIsTold(t *testing.T) {
	socket, told := notified(t)
	t.Setenv("NOTIFY_SOCKET", socket)
	t.Setenv("WATCHDOG_USEC", "200000")
	t.Setenv("WATCHDOG_PID", "")
	s := start(t, t.TempDir())
	if got := told(); got != "READY=1\nSTATUS=Serving" {
		t.Errorf("first it says %q", got)
	}
	for range 3 {
		if got := told(); got != "WATCHDOG=1\nSTATUS=Serving" {
			t.Errorf("then it says %q", got)
		}
	}
	s.stop()
	for {
		got := told()
		if strings.HasPrefix(got, "STOPPING=1\n") {
			return
		}
		if !strings.HasPrefix(got, "WATCHDOG=1\n") {
			t.Errorf("at the end it says %q", got)
		}
	}
}

// A start that is refused is never called ready.
func TestARefusedStartIsNotReady(t *testing.T) {
	socket, told := notified(t)
	path, err := binary()
	if err != nil {
		t.Fatal(err)
	}
	program := exec.Command(path, "serve", "--data", t.TempDir(), "--listen", "nowhere")
	program.Env = append(os.Environ(), "NOTIFY_SOCKET="+socket)
	if err := program.Run(); err == nil {
		t.Error("it started")
	}
	connection, err := net.Dial("unixgram", socket)
	if err != nil {
		t.Fatal(err)
	}
	defer connection.Close()
	if _, err := connection.Write([]byte("nothing before this")); err != nil {
		t.Fatal(err)
	}
	if got := told(); got != "nothing before this" {
		t.Errorf("it said %q", got)
	}
}

// directives reads the unit, without the sections.
func directives(t *testing.T) map[string][]string {
	t.Helper()
	data, err := os.ReadFile(unit)
	if err != nil {
		t.Fatal(err)
	}
	found := map[string][]string{}
	for line := range strings.Lines(string(data)) {
		name, value, ok := strings.Cut(strings.TrimSpace(line), "=")
		if ok && !strings.HasPrefix(name, "#") {
			found[name] = append(found[name], value)
		}
	}
	return found
}

// What the unit starts is a command line of ours, and the program stands what
// the unit forbids it.
func TestTheUnitStartsWhatThereIs(t *testing.T) {
	path, err := binary()
	if err != nil {
		t.Fatal(err)
	}
	help, err := exec.Command(path, "help", "serve").Output()
	if err != nil {
		t.Fatal(err)
	}
	found := directives(t)
	words := strings.Fields(strings.Join(found["ExecStart"], " "))
	if len(words) < 2 || filepath.Base(words[0]) != "memberward" || words[1] != "serve" {
		t.Fatalf("ExecStart = %q", words)
	}
	for _, word := range words[2:] {
		if strings.HasPrefix(word, "--") && !regexp.MustCompile(`(?m)^ +`+word+` `).Match(help) {
			t.Errorf("ExecStart has %s, which memberward serve does not know", word)
		}
	}
	for name, want := range map[string]string{
		"Type": "notify", "NotifyAccess": "main", "DynamicUser": "yes", "ProtectSystem": "strict", "NoNewPrivileges": "yes",
		"MemoryDenyWriteExecute": "yes", "StateDirectory": "memberward", "StateDirectoryMode": "0700",
		"RestrictAddressFamilies": "AF_UNIX AF_INET AF_INET6", "CapabilityBoundingSet": "",
	} {
		if got := strings.Join(found[name], "|"); got != want || found[name] == nil {
			t.Errorf("%s = %q, want %q", name, got, want)
		}
	}
	if found["WatchdogSec"] == nil || found["SystemCallFilter"] == nil {
		t.Error("the unit has no watchdog, or no filter of system calls")
	}
}

// systemd's own checks of the unit.
func TestSystemdTakesTheUnit(t *testing.T) {
	analyze, err := exec.LookPath("systemd-analyze")
	if err != nil {
		t.Skip("systemd-analyze is missing: apt-get install systemd")
	}
	path, err := binary()
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(unit)
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range []struct {
		name, old, new string
		good           bool
	}{
		{"as it is", "", "", true},
		{"with a misspelt directive", "WatchdogSec=", "WatchdogSeconds=", false},
		{"with a value that is none", "ProtectSystem=strict", "ProtectSystem=perhaps", false},
	} {
		copied := filepath.Join(t.TempDir(), "memberward.service")
		planted := strings.Replace(strings.ReplaceAll(string(text), "/usr/local/bin/memberward", path), row.old, row.new, 1)
		if err := os.WriteFile(copied, []byte(planted), 0o644); err != nil {
			t.Fatal(err)
		}
		said, err := exec.Command(analyze, "verify", "--man=no", copied).CombinedOutput()
		if got := err == nil && !strings.Contains(string(said), "memberward.service"); got != row.good {
			t.Errorf("%s: systemd-analyze verify: %v\n%s", row.name, err, said)
		}
		if !row.good {
			continue
		}
		if said, err := exec.Command(analyze, "security", "--offline=true", "--threshold=20", copied).CombinedOutput(); err != nil {
			t.Errorf("systemd-analyze security finds more exposed than 2.0: %v\n%s", err, said)
		}
	}
}
