package cli

import (
	"context"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/memberward/memberward/internal/app"
	"github.com/memberward/memberward/internal/config"
	"github.com/memberward/memberward/internal/policy"
)

func newRoutes(s streams) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "routes",
		Short: "Work on the routes of proxy checks",
		Example: `  memberward routes test routes.yaml
  memberward routes match --routes routes.yaml GET https://app.example.com/tenants/acme/reports`,
		Args: cobra.ArbitraryArgs,
		RunE: needsCommand,
	}
	cmd.AddCommand(newRoutesTest(s), newRoutesMatch(s), newRoutesCoverage(s))
	return cmd
}

func newRoutesTest(s streams) *cobra.Command {
	var policies string
	cmd := &cobra.Command{
		Use:   "test FILE",
		Short: "Check a table of routes and the examples in it",
		Long: `Check that the table of routes in FILE could serve, and that it makes of each of
its examples what the example says.

Exit codes: 3 the table could not serve, 4 an example came out differently.`,
		Example: `  memberward routes test routes.yaml`,
		Args:    takes(1, 1),
		RunE: func(cmd *cobra.Command, args []string) error {
			done, err := examine(cmd.Context(), args[0], policies)
			if err != nil {
				return err
			}
			for _, failed := range done.Failed {
				if _, err := fmt.Fprintln(s.stdout, "FAIL "+failed); err != nil {
					return err
				}
			}
			if _, err := fmt.Fprintf(s.stdout, "%d examples, %d failed\n", done.Examples, len(done.Failed)); err != nil {
				return err
			}
			if len(done.Failed) > 0 {
				return fmt.Errorf("%d of the routes' %w", len(done.Failed), errTestsFailed)
			}
			return nil
		},
	}
	addPolicies(cmd, &policies)
	return cmd
}

// addPolicies adds the flag that names the rules of mapping: rego.
func addPolicies(cmd *cobra.Command, policies *string) {
	cmd.Flags().StringVar(policies, "policies", "", "policies in `DIR`, for a table that says mapping: rego; without it the built-in ones")
}

// examine reads a table and asks it about its examples.
func examine(ctx context.Context, path, policies string) (app.Examined, error) {
	table, err := loadTable(ctx, path, policies)
	if err != nil {
		return app.Examined{}, err
	}
	return table.Examine()
}

// loadTable reads a table, and the policies for one that leaves the mapping to
// them.
func loadTable(ctx context.Context, path, policies string) (app.Table, error) {
	table, err := app.LoadTable(path, nil)
	if err != nil || table.File.Mapping != config.MappingRego {
		return table, err
	}
	source := policy.Embedded()
	if policies != "" {
		source = policy.Dir(policies)
	}
	set, err := policy.Load(ctx, source, policy.Options{Clock: time.Now})
	if err != nil {
		return app.Table{}, unreadable(err)
	}
	return app.LoadTable(path, policy.NewEngine(set))
}

func newRoutesCoverage(s streams) *cobra.Command {
	return &cobra.Command{
		Use:   "coverage FILE",
		Short: "Name the routes that no example reaches",
		Long: `Name every method of every route in FILE that none of the examples in it reaches.

Exit codes: 3 the table could not serve, 4 there is such a method.`,
		Example: `  memberward routes coverage routes.yaml`,
		Args:    takes(1, 1),
		RunE: func(cmd *cobra.Command, args []string) error {
			table, err := app.LoadTable(args[0], nil)
			if err != nil {
				return err
			}
			if table.File.Mapping == config.MappingRego {
				return &config.Invalid{Problems: []string{args[0] + ": mapping: rego has no routes to cover: memberward policy test says which lines of the rule no test reaches"}}
			}
			done, err := table.Examine()
			if err != nil {
				return err
			}
			for _, m := range done.Uncovered {
				if _, err := fmt.Fprintf(s.stdout, "not covered: %s:%d: %s %s\n", args[0], m.Line, m.Method, m.Path); err != nil {
					return err
				}
			}
			covered := done.Methods - len(done.Uncovered)
			if _, err := fmt.Fprintf(s.stdout, "%d of %d covered\n", covered, done.Methods); err != nil {
				return err
			}
			if len(done.Uncovered) > 0 {
				return fmt.Errorf("%d methods of routes have no example: %w", len(done.Uncovered), errTestsFailed)
			}
			return nil
		},
	}
}

func newRoutesMatch(s streams) *cobra.Command {
	var file, policies string
	var headers []string
	cmd := &cobra.Command{
		Use:   "match METHOD URL",
		Short: "Say what a request would be judged as",
		Long: `Say which route a request falls under and which question is asked about it,
without a server. A path in place of the URL falls under the routes that hold for
every host. Who may do it is for the policies to say: see memberward check.

Exit codes: 1 the request is denied whoever makes it, 3 the table could not serve.`,
		Example: `  memberward routes match GET /tenants/acme/reports
  memberward routes match --routes routes.yaml --header 'X-Tenant: acme' POST https://app.example.com/api/jobs`,
		Args: takes(2, 2),
	}
	cmd.Flags().StringVar(&file, "routes", "", "table of routes: a `FILE`; without it the built-in ones")
	cmd.Flags().StringArrayVar(&headers, "header", nil, "a header of the request, as `'NAME: VALUE'`; may be repeated")
	addPolicies(cmd, &policies)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		header, err := readHeaders(headers)
		if err != nil {
			return err
		}
		table, err := loadTable(cmd.Context(), file, policies)
		if err != nil {
			return err
		}
		return printMatch(s.stdout, table, args[0], args[1], header)
	}
	return cmd
}

func readHeaders(lines []string) (http.Header, error) {
	h := http.Header{}
	for _, line := range lines {
		name, value, parted := strings.Cut(line, ":")
		if !parted || name == "" {
			return nil, usageError{fmt.Errorf("--header: want NAME: VALUE, not %q; see memberward routes match --help", line)}
		}
		h.Add(name, strings.TrimSpace(value))
	}
	return h, nil
}

// printMatch prints what a table makes of one request. That it is denied is an
// answer, and an exit code of its own.
func printMatch(w io.Writer, table app.Table, method, target string, header http.Header) error {
	got, err := table.Ask(method, target, header)
	lines := []string{app.Says(got, err)}
	if err == nil {
		route := "route: " + got.Route.Template
		if got.Line > 0 {
			route = fmt.Sprintf("route: %s:%d: %s", table.File.Name, got.Line, got.Route.Template)
		}
		lines = append(lines, route, "path: "+got.Path)
		for _, name := range slices.Sorted(maps.Keys(got.Route.Params)) {
			lines = append(lines, fmt.Sprintf("%s: %q", name, got.Route.Params[name]))
		}
	}
	if _, err := fmt.Fprintln(w, strings.Join(lines, "\n")); err != nil {
		return err
	}
	if err != nil {
		return errDenied
	}
	return nil
}
