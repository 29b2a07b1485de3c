// A control plane for tests: go-control-plane's snapshot cache and server, driven over HTTP by the test.
//
// Prints one line, {"control":PORT,"xds":PORT}, and ends with its standard input. README.md beside this folder has the
// requests.
package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"time"
)

func main() {
	ads := flag.Bool("ads", true, "answer only what is complete, as for one aggregated stream")
	heartbeat := flag.Duration("heartbeat", 0, "how often resources with a ttl are refreshed; 0 is never")
	flag.Parse()
	plane, err := newPlane(context.Background(), *ads, *heartbeat)
	if err != nil {
		fatal(err)
	}
	control, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		fatal(err)
	}
	line, _ := json.Marshal(map[string]int{"control": portOf(control), "xds": plane.port})
	fmt.Println(string(line))
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		os.Exit(0)
	}()
	server := http.Server{Handler: routes(plane), ReadHeaderTimeout: 5 * time.Second}
	fatal(server.Serve(control))
}

func fatal(err error) {
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
}

func portOf(listener net.Listener) int {
	return listener.Addr().(*net.TCPAddr).Port
}

// routes is what a test can ask for: POST with a JSON body, except for GET /seen.
func routes(p *plane) http.Handler {
	mux := http.NewServeMux()
	post(mux, "/snapshot", p.setSnapshot)
	post(mux, "/inject", p.inject)
	post(mux, "/hold", func(types []string) error { return p.gate.hold(types) })
	post(mux, "/release", func(types []string) error { return p.gate.release(types) })
	post(mux, "/drop", func(struct{}) error { p.gate.drop(); return nil })
	post(mux, "/break-streams", func(on bool) error { p.gate.breakStreams(on); return nil })
	post(mux, "/refuse", func(on bool) error { return p.refuse(on) })
	mux.HandleFunc("GET /seen", func(w http.ResponseWriter, _ *http.Request) {
		_ = json.NewEncoder(w).Encode(p.gate.seen())
	})
	return mux
}

// post reads the body as JSON, does what is asked, and answers 200, or 400 with the reason.
func post[T any](mux *http.ServeMux, path string, do func(T) error) {
	mux.HandleFunc("POST "+path, func(w http.ResponseWriter, r *http.Request) {
		var body T
		err := json.NewDecoder(r.Body).Decode(&body)
		if err == nil {
			err = do(body)
		}
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
		}
	})
}
