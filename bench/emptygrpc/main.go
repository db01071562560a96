// Command emptygrpc is what Envoy's checks by gRPC are measured against: a
// server of the same library with a handler of the published types that
// answers everything with the same message, and asks nothing.
package main

import (
	"context"
	"encoding/base64"
	"fmt"
	"net"
	"os"

	authv3 "github.com/envoyproxy/go-control-plane/envoy/service/auth/v3"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/proto"
)

// server answers with what it was started with.
type server struct {
	authv3.UnimplementedAuthorizationServer
	answer *authv3.CheckResponse
}

// Check implements authv3.AuthorizationServer.
func (s server) Check(context.Context, *authv3.CheckRequest) (*authv3.CheckResponse, error) {
	return s.answer, nil
}

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: emptygrpc ANSWER, in base64")
		os.Exit(2)
	}
	if err := serve(os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, "emptygrpc:", err)
		os.Exit(1)
	}
}

// serve listens on a free port and prints the address.
func serve(text string) error {
	data, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		return err
	}
	s := server{answer: &authv3.CheckResponse{}}
	if err := proto.Unmarshal(data, s.answer); err != nil {
		return err
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	fmt.Println(listener.Addr())
	g := grpc.NewServer()
	authv3.RegisterAuthorizationServer(g, s)
	return g.Serve(listener)
}
