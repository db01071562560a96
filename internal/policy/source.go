package policy

import (
	"cmp"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/memberward/memberward/policies"
)

// sourceLimit is the most that the files of one set may hold together, in
// bytes: far beyond any rule book, far below what would hurt.
const sourceLimit = 16 << 20

// Source is a folder of rules, their tests and data. The zero value has none.
type Source struct {
	name     string
	files    fs.FS
	embedded bool
}

// Embedded is the rule book that the program was built with.
func Embedded() Source { return Source{name: "embedded", files: policies.Files, embedded: true} }

// Dir is a folder of an operator's. It replaces the embedded rules as a whole.
// Names that begin with a dot are left out: a Kubernetes volume holds each
// file a second time under such a name.
func Dir(folder string) Source { return Source{name: folder, files: os.DirFS(folder)} }

// String gives "embedded", or the folder's path as it was given.
func (s Source) String() string { return s.name }

// file is one file of a set as it was read, once.
type file struct {
	path    string // below the source, with slashes
	content []byte
}

func (f file) isModule() bool { return path.Ext(f.path) == ".rego" }

func (f file) isTest() bool { return strings.HasSuffix(f.path, "_test.rego") }

func (f file) isData() bool {
	return slices.Contains([]string{".yaml", ".yml", ".json"}, path.Ext(f.path))
}

// read gives the set's rules and data in the order of their paths.
func (s Source) read() ([]file, error) {
	if s.files == nil {
		return nil, errors.New("no policies were named")
	}
	if beneath := s.beneath(); beneath != "" {
		return nil, fmt.Errorf("the rules stand one folder deeper; did you mean %s?", beneath)
	}
	var files []file
	total := 0
	err := fs.WalkDir(s.files, ".", func(name string, entry fs.DirEntry, err error) error {
		if name == "." && errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("there is no folder %s", s.name)
		}
		if err != nil {
			return err
		}
		if name != "." && strings.HasPrefix(entry.Name(), ".") {
			return skip(entry)
		}
		f := file{path: name}
		if entry.IsDir() || (!f.isModule() && !f.isData()) {
			return nil
		}
		f.content, err = fs.ReadFile(s.files, name)
		if total += len(f.content); total > sourceLimit {
			return fmt.Errorf("the files hold more than %d bytes", sourceLimit)
		}
		files = append(files, f)
		return err
	})
	if err != nil {
		return nil, err
	}
	slices.SortFunc(files, func(a, b file) int { return cmp.Compare(a.path, b.path) })
	return files, nil
}

// beneath gives the folder in the source that holds a rule book, where the
// source itself holds none; or "". Rules would be found there as well, but the
// role table would stand in the wrong place.
func (s Source) beneath() string {
	if _, err := fs.Stat(s.files, "roles/data.yaml"); err == nil {
		return ""
	}
	found, _ := fs.Glob(s.files, "*/roles/data.yaml") // the pattern is well-formed
	for _, name := range found {
		folder := path.Dir(path.Dir(name))
		if info, err := fs.Stat(s.files, path.Join(folder, "membership")); err == nil && info.IsDir() && folder[0] != '.' {
			return filepath.Join(s.name, folder)
		}
	}
	return ""
}

func skip(entry fs.DirEntry) error {
	if entry.IsDir() {
		return fs.SkipDir
	}
	return nil
}

// digest gives the SHA-256 of the files, with their paths and lengths, in
// lower-case hexadecimal. It depends on nothing else: two folders with the
// same files have the same digest.
func digest(files []file) string {
	sum := sha256.New()
	for _, f := range files {
		for _, part := range [][]byte{[]byte(f.path), f.content} {
			var length [8]byte
			binary.BigEndian.PutUint64(length[:], uint64(len(part)))
			sum.Write(length[:])
			sum.Write(part)
		}
	}
	return hex.EncodeToString(sum.Sum(nil))
}
