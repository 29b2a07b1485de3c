// A client of gRPC's Go library that resolves xds:/// names by its own xDS client (GRPC_XDS_BOOTSTRAP). Each line of
// standard input is one order, and is answered by one line of JSON:
//
//	call COUNT TARGET METHOD [NAME=VALUE...]   calls, one after the other, with that metadata: how often each answer came
//	forget TARGET                              closes the channel
//
// Messages are bytes as they are; a failed call counts under its status code.
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	_ "google.golang.org/grpc/xds"
)

const callTimeout = 3 * time.Second

// bytesCodec carries *[]byte as it is.
type bytesCodec struct{}

func (bytesCodec) Name() string                 { return "proto" }
func (bytesCodec) Marshal(v any) ([]byte, error) { return *v.(*[]byte), nil }
func (bytesCodec) Unmarshal(data []byte, v any) error {
	*v.(*[]byte) = append([]byte(nil), data...)
	return nil
}

var channels = map[string]*grpc.ClientConn{}

func channel(target string) (*grpc.ClientConn, error) {
	if found := channels[target]; found != nil {
		return found, nil
	}
	made, err := grpc.NewClient(target,
		grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithDefaultCallOptions(grpc.ForceCodec(bytesCodec{})))
	if err == nil {
		channels[target] = made
	}
	return made, err
}

func call(count int, target, method string, pairs []string) (map[string]int, error) {
	conn, err := channel(target)
	if err != nil {
		return nil, err
	}
	fields := metadata.MD{}
	for _, pair := range pairs {
		name, value, _ := strings.Cut(pair, "=")
		fields.Append(name, value)
	}
	outcomes := map[string]int{}
	for range count {
		ctx, cancel := context.WithTimeout(metadata.NewOutgoingContext(context.Background(), fields), callTimeout)
		in, out := []byte("hello"), []byte{}
		if err := conn.Invoke(ctx, method, &in, &out); err != nil {
			outcomes[status.Code(err).String()]++
			fmt.Fprintln(os.Stderr, err)
		} else {
			outcomes[string(out)]++
		}
		cancel()
	}
	return outcomes, nil
}

func obey(words []string) (any, error) {
	switch {
	case len(words) >= 4 && words[0] == "call":
		count, err := strconv.Atoi(words[1])
		if err != nil {
			return nil, err
		}
		return call(count, words[2], words[3], words[4:])
	case len(words) == 2 && words[0] == "forget":
		conn := channels[words[1]]
		delete(channels, words[1])
		if conn == nil {
			return nil, fmt.Errorf("there is no channel to %s", words[1])
		}
		return struct{}{}, conn.Close()
	}
	return nil, fmt.Errorf("not understood: %v", words)
}

func main() {
	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		answer, err := obey(strings.Fields(lines.Text()))
		if err != nil {
			answer = map[string]string{"error": err.Error()}
		}
		text, _ := json.Marshal(answer)
		fmt.Println(string(text))
	}
}
