package proxytest

import (
	"fmt"
	"os/exec"
	"path/filepath"
	"testing"
)

// Apache is Apache with deploy/apache/memberward.conf. It asks over FastCGI.
func Apache() Kind {
	return Kind{
		Name:    "apache2",
		FastCGI: true,
		shipped: "deploy/apache/memberward.conf",
		addresses: func(sidecar, application, listen string) []string {
			return []string{
				"fcgi://127.0.0.1:8083/", "fcgi://" + sidecar + "/",
				"http://127.0.0.1:3000/", "http://" + application + "/",
				"Listen 8000", "Listen " + listen, "<VirtualHost *:8000>", "<VirtualHost *:*>",
			}
		},
		prepare: prepareApache,
	}
}

func prepareApache(t testing.TB, binary, dir, config string) *exec.Cmd {
	t.Helper()
	main := filepath.Join(dir, "apache.conf")
	write(t, filepath.Join(dir, "memberward.conf"), config)
	write(t, main, fmt.Sprintf(apacheFrame, dir, filepath.Join(dir, logFile)))
	return exec.Command(binary, "-d", dir, "-f", main, "-DFOREGROUND")
}

// apacheFrame is the main configuration around the shipped file, with the
// modules that Debian enables and those that the file names.
const apacheFrame = `ServerRoot /etc/apache2
ServerName app.example
PidFile %[1]s/apache.pid
DefaultRuntimeDir %[1]s
Mutex file:%[1]s default
ErrorLog %[2]s
LogLevel warn
User www-data
Group www-data
LoadModule mpm_event_module /usr/lib/apache2/modules/mod_mpm_event.so
LoadModule authn_core_module /usr/lib/apache2/modules/mod_authn_core.so
LoadModule authz_core_module /usr/lib/apache2/modules/mod_authz_core.so
LoadModule authz_user_module /usr/lib/apache2/modules/mod_authz_user.so
LoadModule authnz_fcgi_module /usr/lib/apache2/modules/mod_authnz_fcgi.so
LoadModule headers_module /usr/lib/apache2/modules/mod_headers.so
LoadModule setenvif_module /usr/lib/apache2/modules/mod_setenvif.so
LoadModule env_module /usr/lib/apache2/modules/mod_env.so
LoadModule proxy_module /usr/lib/apache2/modules/mod_proxy.so
LoadModule proxy_http_module /usr/lib/apache2/modules/mod_proxy_http.so
StartServers 1
ThreadsPerChild 16
MinSpareThreads 1
MaxRequestWorkers 16
Include %[1]s/memberward.conf
`
