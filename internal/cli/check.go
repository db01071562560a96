package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/spf13/cobra"
)

// How long a question may take, and how large its answer may be.
const (
	checkTimeout = 30 * time.Second
	answerMax    = 4 << 20 // bytes; an explanation holds the facts
)

// caller is how SUBJECT names whoever the key belongs to.
const caller = "me"

func newCheck(s streams) *cobra.Command {
	var explain, asJSON bool
	cmd := &cobra.Command{
		Use:   "check SUBJECT ACTION TENANT [RESOURCE]",
		Short: "Ask a running server whether somebody may do something",
		Long: `Ask a running server whether SUBJECT, a user's id or "me" for the owner of the
key, may do ACTION in TENANT, an id or a slug. RESOURCE is TYPE:ID, or for
member.* and tenant.transfer the id of the user it is about. Asking about others
takes a platform key, or that of an administrator of the tenant.

The key is that of --key-file, --key or ` + variableKey + `.

Exit codes: 0 allowed, 1 denied, 5 the question could not be asked.`,
		Example: `  memberward check --key-file admin.key me resource.write acme
  memberward check --key-file platform.key --explain 11111111-1111-4111-8111-111111111111 member.remove acme 22222222-2222-4222-8222-222222222222
  memberward check --url https://memberward.example --key-file my.key me document.read acme document:4711`,
		Args: takes(3, 4),
	}
	at := addServer(cmd)
	cmd.Flags().BoolVar(&explain, "explain", false, "say which rules applied, and which nearly did")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print the server's answer as it is")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		asked, err := questionOf(args)
		if err != nil {
			return err
		}
		answer, err := at.ask(cmd.Context(), s.env, asked, explain)
		if err != nil {
			return unasked(err)
		}
		return answer.print(s.stdout, asJSON)
	}
	return cmd
}

// unaskedError says that there is no answer, neither a yes nor a no.
type unaskedError struct{ error }

// unasked keeps whatever goes wrong from being taken for a no.
func unasked(err error) error {
	if errors.As(err, &usageError{}) {
		return err
	}
	return unaskedError{fmt.Errorf("could not ask: %w", err)}
}

// errDenied ends a check whose answer is no; it was printed.
var errDenied = errors.New("denied")

// question is the body of POST /v1/check.
type question struct {
	Subject  string    `json:"subject,omitzero"`
	Action   string    `json:"action"`
	Tenant   string    `json:"tenant"`
	Resource *resource `json:"resource,omitzero"`
}

type resource struct {
	Type string `json:"type"`
	ID   string `json:"id"`
}

// aboutSomebody are the actions that are asked about with a person beside the
// one who acts.
var aboutSomebody = []string{"member.add", "member.update", "member.remove", "tenant.transfer"}

// questionOf reads the arguments. Whether ids are ids is the server's to say.
func questionOf(args []string) (question, error) {
	q := question{Subject: args[0], Action: args[1], Tenant: args[2]}
	if q.Subject == caller {
		q.Subject = ""
	}
	for i, name := range []string{"SUBJECT", "ACTION", "TENANT", "RESOURCE"} {
		if i < len(args) && args[i] == "" {
			return question{}, usageError{fmt.Errorf("%s is empty", name)}
		}
	}
	if len(args) == 3 {
		if slices.Contains(aboutSomebody, q.Action) {
			return question{}, usageError{fmt.Errorf("RESOURCE is missing: %s is about somebody, name them by their user id", q.Action)}
		}
		return q, nil
	}
	kind, id, typed := strings.Cut(args[3], ":")
	switch {
	case typed && kind != "" && id != "":
		q.Resource = &resource{Type: kind, ID: id}
	case !typed && (strings.HasPrefix(q.Action, "member.") || q.Action == "tenant.transfer"):
		q.Resource = &resource{Type: "user", ID: args[3]}
	default:
		return question{}, usageError{fmt.Errorf("RESOURCE: want TYPE:ID, as in document:4711, not %q", args[3])}
	}
	return q, nil
}

// answer is what the server says. A pointer is nil when it says nothing.
type answer struct {
	Allow   *bool `json:"allow"`
	Reasons []struct {
		Code    string `json:"code"`
		Message string `json:"message"`
	} `json:"reasons"`
	DecisionID     string       `json:"decision_id"`
	PolicyRevision string       `json:"policy_revision"`
	Revision       uint64       `json:"revision"`
	Explanation    *explanation `json:"explanation"`

	text []byte // as it came
}

type explanation struct {
	Fired  []rule `json:"fired"`
	Nearly []struct {
		Rule      rule `json:"rule"`
		Condition struct {
			Text string `json:"text"`
			Line int    `json:"line"`
		} `json:"condition"`
	} `json:"nearly"`
}

type rule struct {
	Title string `json:"title"`
	File  string `json:"file"`
	Line  int    `json:"line"`
}

func (s *server) ask(ctx context.Context, env map[string]string, q question, explain bool) (answer, error) {
	ctx, cancel := context.WithTimeout(ctx, checkTimeout)
	defer cancel()
	body, err := json.Marshal(q) // refuses invalid UTF-8, which no id holds
	if err != nil {
		return answer{}, usageError{fmt.Errorf("the arguments: %w", err)}
	}
	path := "/v1/check"
	if explain {
		path += "?explain=true"
	}
	response, err := s.post(ctx, env, path, string(body))
	if err != nil {
		return answer{}, err
	}
	a, err := readAnswer(response)
	return a, errors.Join(err, response.Body.Close())
}

// readAnswer takes nothing for an answer but a whole one: a page of another
// program, a part, or a yes with reasons against it is none.
func readAnswer(response *http.Response) (answer, error) {
	kind, _, err := mime.ParseMediaType(response.Header.Get("Content-Type"))
	if err != nil || kind != "application/json" {
		return answer{}, errors.New("the answer is no JSON; is it memberward's address?")
	}
	text, err := io.ReadAll(io.LimitReader(response.Body, answerMax+1))
	if err != nil {
		return answer{}, fmt.Errorf("read the answer: %w", err)
	}
	if len(text) > answerMax {
		return answer{}, fmt.Errorf("the answer is longer than %d bytes", answerMax)
	}
	a := answer{text: text}
	if err := json.Unmarshal(text, &a, jsontext.AllowInvalidUTF8(true)); err != nil {
		return answer{}, fmt.Errorf("the answer is no verdict: %w", err)
	}
	if a.Allow == nil || a.DecisionID == "" || *a.Allow != (len(a.Reasons) == 0) {
		return answer{}, errors.New("the answer is no verdict: it needs allow, a decision_id, and reasons when it is a no")
	}
	return a, nil
}

// print says yes or no, and why; a no is errDenied.
func (a answer) print(w io.Writer, asJSON bool) error {
	shown := a.lines()
	if asJSON {
		shown = strings.TrimSpace(string(a.text)) + "\n"
	}
	if _, err := io.WriteString(w, shown); err != nil {
		return unasked(fmt.Errorf("print the answer: %w", err))
	}
	if !*a.Allow {
		return errDenied
	}
	return nil
}

func (a answer) lines() string {
	var b strings.Builder
	line := func(format string, args ...any) { b.WriteString(printable(fmt.Sprintf(format, args...)) + "\n") }
	line("%s", map[bool]string{true: "allow", false: "deny"}[*a.Allow])
	for _, r := range a.Reasons {
		line("  %s: %s", r.Code, r.Message)
	}
	line("decision %s, revision %d, policies %s", a.DecisionID, a.Revision, a.PolicyRevision)
	if a.Explanation == nil {
		return b.String()
	}
	for _, r := range a.Explanation.Fired {
		line("applied: %s (%s:%d)", r.Title, r.File, r.Line)
	}
	for _, n := range a.Explanation.Nearly {
		line("nearly: %s (%s:%d), but not %s (line %d)", n.Rule.Title, n.Rule.File, n.Rule.Line, n.Condition.Text, n.Condition.Line)
	}
	return b.String()
}
