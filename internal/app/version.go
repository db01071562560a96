package app

import (
	"runtime"
	"runtime/debug"

	"github.com/memberward/memberward/internal/telemetry"
)

// Version describes the running binary as the Go toolchain stamped it: the
// module's version, the commit it was built from, the compiler.
func Version() telemetry.Build {
	build := telemetry.Build{Version: "unknown", Revision: "unknown", GoVersion: runtime.Version()}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return build
	}
	if info.Main.Version != "" {
		build.Version = info.Main.Version
	}
	changed := ""
	for _, setting := range info.Settings {
		switch {
		case setting.Key == "vcs.revision":
			build.Revision = setting.Value
		case setting.Key == "vcs.modified" && setting.Value == "true":
			changed = "+changes"
		}
	}
	build.Revision += changed
	return build
}
