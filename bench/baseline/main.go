// Command baseline is what a check is measured against: the listener of the
// APIs (net/http's server with its limits, Gin, the router) and the same strict
// decoding of the body, and an answer of the same bytes, but no authentication,
// no lookup and no decision. A proxy's check has no body: it is answered by
// header lines.
package main

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"

	"github.com/gin-gonic/gin"

	"github.com/memberward/memberward/internal/api"
	"github.com/memberward/memberward/internal/app"
)

// request has the shape of a check's body.
type request struct {
	Subject  string         `json:"subject"`
	Action   string         `json:"action"`
	Tenant   string         `json:"tenant"`
	Resource map[string]any `json:"resource"`
	Context  map[string]any `json:"context"`
}

func main() {
	if len(os.Args) < 2 {
		fmt.Fprintln(os.Stderr, "usage: baseline ANSWER [NAME:VALUE...]")
		os.Exit(2)
	}
	if err := serve([]byte(os.Args[1]), os.Args[2:]); err != nil {
		fmt.Fprintln(os.Stderr, "baseline:", err)
		os.Exit(1)
	}
}

// serve listens on a free port, prints the address and answers everything
// with the same bytes.
func serve(answer []byte, head []string) error {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	fmt.Println(listener.Addr())
	gin.SetMode(gin.ReleaseMode)
	engine := gin.New()
	engine.POST("/v1/check", func(c *gin.Context) {
		body, err := io.ReadAll(http.MaxBytesReader(c.Writer, c.Request.Body, 1<<20))
		var in request
		if err == nil {
			err = api.Decode(body, &in, api.DecodeOptions{})
		}
		if err != nil {
			c.String(http.StatusBadRequest, "%v", err)
			return
		}
		c.Data(http.StatusOK, "application/json", answer)
	})
	engine.GET("/authz/nginx", func(c *gin.Context) {
		for _, line := range head {
			name, value, _ := strings.Cut(line, ":")
			c.Header(name, value)
		}
		c.Status(http.StatusOK)
	})
	return app.Server(engine).Serve(listener)
}
