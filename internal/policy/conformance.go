package policy

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/open-policy-agent/opa/v1/ast"

	"github.com/memberward/memberward/internal/gate"
	"github.com/memberward/memberward/internal/tenancy"
	"github.com/memberward/memberward/testdata/conformance"
)

// vectorFormat is the version of the vector files that this program reads.
const vectorFormat = 1

// vectorFile holds the vectors of one action (testdata/conformance/README.md).
type vectorFile struct {
	Format  int            `json:"format"`
	Action  tenancy.Action `json:"action"`
	Entry   string         `json:"entry"`
	Base    map[string]any `json:"base"`
	Vectors []vector       `json:"vectors"`
}

// vector is one input with the verdict on it.
type vector struct {
	Name  string         `json:"name"`
	Patch map[string]any `json:"patch"` // to the base (RFC 7396)
	Want  verdict        `json:"want"`
}

// verdict is what a set says of an input. Of an access, all but Allow is left
// out.
type verdict struct {
	Allow   bool           `json:"allow"`
	Granted *bool          `json:"granted,omitzero"`
	Codes   []tenancy.Code `json:"codes,omitzero"` // of the objections, sorted, each once
}

// String gives the verdict as the files write it.
func (v verdict) String() string {
	text, err := json.Marshal(v)
	if err != nil {
		return err.Error()
	}
	return string(text)
}

// BuiltInVectors are the vectors that the program was built with: those of the
// built-in set.
func BuiltInVectors() (fs.FS, error) { return conformance.Files() }

// Conformity is how far a set agrees with vectors.
type Conformity struct {
	Held      int      // vectors that were asked
	Differing []string // the name of each vector with another verdict, with both verdicts
}

// Conform holds a set against vectors, once it is sure that the set keeps the
// contract; a set that does not is a *LoadError. It writes a line for each
// vector on which the set decides otherwise, and a summary. Differing is no
// error; vectors that cannot be read are.
func Conform(ctx context.Context, source Source, vectors fs.FS, w io.Writer) (Conformity, error) {
	loading, err := begin(source)
	if err != nil {
		return Conformity{}, fmt.Errorf("hold the policies in %s against the vectors: %w", source, err)
	}
	set := loading.verify(ctx, Options{TimeLimit: probeTimeLimit, Clock: func() time.Time { return probeTime() }})
	if len(loading.problems) > 0 {
		return Conformity{}, &LoadError{Source: source.String(), Problems: loading.problems}
	}
	files, err := readVectors(vectors)
	if err != nil {
		return Conformity{}, err
	}
	var result Conformity
	for _, file := range files {
		for _, v := range file.Vectors {
			result.Held++
			if got := set.verdictOn(ctx, file, v); got != v.Want.String() {
				result.Differing = append(result.Differing, fmt.Sprintf("%s: %s: got %s, want %s", file.Action, v.Name, got, v.Want))
			}
		}
		if err := ctx.Err(); err != nil {
			return result, err
		}
	}
	return result, result.print(w)
}

func (c Conformity) print(w io.Writer) error {
	var text strings.Builder
	for _, difference := range c.Differing {
		fmt.Fprintf(&text, "DIFFERS %s\n", difference)
	}
	fmt.Fprintf(&text, "%d vectors, %d differ\n", c.Held, len(c.Differing))
	_, err := io.WriteString(w, text.String())
	return err
}

// verdictOn gives the set's verdict on a vector as the files write it, or the
// code of what went wrong.
func (s *Set) verdictOn(ctx context.Context, file vectorFile, v vector) string {
	input, err := ast.InterfaceToValue(patched(file.Base, v.Patch))
	if err != nil {
		return err.Error()
	}
	ruling, err := s.judge(ctx, file.Action.Changes(), input, probeTime())
	var failed *tenancy.Error
	switch {
	case errors.As(err, &failed):
		return string(failed.Code)
	case err != nil:
		return err.Error()
	default:
		return verdictOf(file.Action, ruling).String()
	}
}

func verdictOf(action tenancy.Action, ruling gate.Ruling) verdict {
	if !action.Changes() {
		return verdict{Allow: ruling.Allow}
	}
	codes := []tenancy.Code{}
	for _, violation := range ruling.Violations {
		codes = append(codes, violation.Code)
	}
	slices.Sort(codes)
	return verdict{Allow: ruling.Allow, Granted: &ruling.Granted, Codes: slices.Compact(codes)}
}

// patched applies a JSON merge patch (RFC 7396) to an object. Neither is
// changed.
func patched(base, patch map[string]any) map[string]any {
	result := maps.Clone(base)
	if result == nil {
		result = map[string]any{}
	}
	for key, value := range patch {
		inner, isObject := value.(map[string]any)
		switch before, _ := result[key].(map[string]any); {
		case value == nil:
			delete(result, key)
		case isObject:
			result[key] = patched(before, inner)
		default:
			result[key] = value
		}
	}
	return result
}

// readVectors reads and checks every .json file of a folder, in the order of
// their names.
func readVectors(folder fs.FS) ([]vectorFile, error) {
	names, err := fs.Glob(folder, "*.json")
	if err != nil {
		return nil, err
	}
	if len(names) == 0 {
		return nil, errors.New("read the vectors: there is no .json file in the folder")
	}
	var files []vectorFile
	for _, name := range names {
		content, err := fs.ReadFile(folder, name)
		if err != nil {
			return nil, fmt.Errorf("read the vectors: %w", err)
		}
		file := vectorFile{}
		if err := json.Unmarshal(content, &file, json.RejectUnknownMembers(true)); err != nil {
			return nil, fmt.Errorf("read the vectors in %s: %w", name, err)
		}
		if err := file.check(name); err != nil {
			return nil, fmt.Errorf("read the vectors in %s: %w", name, err)
		}
		files = append(files, file)
	}
	return files, nil
}

// entryOfAction names the entry point that an action is asked at.
func entryOfAction(action tenancy.Action) string {
	if action.Changes() {
		return strings.TrimPrefix(decisionEntry, "data.")
	}
	return strings.TrimPrefix(accessEntry, "data.")
}

// check reports what is wrong with a vector file.
func (f vectorFile) check(name string) error {
	_, err := tenancy.ParseAction(string(f.Action))
	switch {
	case f.Format != vectorFormat:
		return fmt.Errorf("the format is %d; this program reads %d", f.Format, vectorFormat)
	case err != nil:
		return err
	case path.Base(name) != string(f.Action)+".json":
		return fmt.Errorf("the file is about %s and is not called so", f.Action)
	case f.Entry != entryOfAction(f.Action):
		return fmt.Errorf("%s is asked at %s, not at %q", f.Action, entryOfAction(f.Action), f.Entry)
	case len(f.Vectors) == 0:
		return errors.New("there is no vector")
	}
	seen := map[string]bool{}
	for _, v := range f.Vectors {
		if v.Name == "" || seen[v.Name] {
			return fmt.Errorf("a vector has no name, or that of another: %q", v.Name)
		}
		seen[v.Name] = true
		if (v.Want.Granted == nil) == f.Action.Changes() || (v.Want.Codes == nil) == f.Action.Changes() {
			return fmt.Errorf("%s: a verdict on a change has granted and codes, and no other has", v.Name)
		}
	}
	return nil
}
