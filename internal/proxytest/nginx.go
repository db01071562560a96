package proxytest

import (
	"fmt"
	"os/exec"
	"path/filepath"
	"testing"
)

// Nginx is nginx with deploy/nginx/memberward.conf.
func Nginx() Kind {
	return Kind{
		Name:    "nginx",
		shipped: "deploy/nginx/memberward.conf",
		addresses: func(sidecar, application, listen string) []string {
			return []string{
				"127.0.0.1:8081;", sidecar + ";",
				"127.0.0.1:3000;", application + ";",
				"listen 8000;", "listen " + listen + ";",
			}
		},
		prepare: prepareNginx,
	}
}

func prepareNginx(t testing.TB, binary, dir, config string) *exec.Cmd {
	t.Helper()
	log, main := filepath.Join(dir, logFile), filepath.Join(dir, "nginx.conf")
	write(t, filepath.Join(dir, "memberward.conf"), config)
	write(t, main, fmt.Sprintf(nginxFrame, log, dir))
	return exec.Command(binary, "-e", log, "-p", dir, "-c", main)
}

// nginxFrame is the main configuration around the shipped file: one process,
// all its files in the test's directory.
const nginxFrame = `daemon off;
master_process off;
error_log %[1]s info;
pid %[2]s/nginx.pid;
events { worker_connections 512; }
http {
    access_log off;
    client_body_temp_path %[2]s/body;
    proxy_temp_path %[2]s/proxy;
    fastcgi_temp_path %[2]s/fastcgi;
    uwsgi_temp_path %[2]s/uwsgi;
    scgi_temp_path %[2]s/scgi;
    include %[2]s/memberward.conf;
}
`
