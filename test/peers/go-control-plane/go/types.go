package main

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/envoyproxy/go-control-plane/pkg/cache/types"
	"github.com/envoyproxy/go-control-plane/pkg/resource/v3"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/anypb"

	clusterv3 "github.com/envoyproxy/go-control-plane/envoy/config/cluster/v3"
	endpointv3 "github.com/envoyproxy/go-control-plane/envoy/config/endpoint/v3"
	listenerv3 "github.com/envoyproxy/go-control-plane/envoy/config/listener/v3"
	routev3 "github.com/envoyproxy/go-control-plane/envoy/config/route/v3"
	tlsv3 "github.com/envoyproxy/go-control-plane/envoy/extensions/transport_sockets/tls/v3"

	// What resources may hold in an Any.
	_ "github.com/envoyproxy/go-control-plane/envoy/extensions/filters/http/fault/v3"
	_ "github.com/envoyproxy/go-control-plane/envoy/extensions/filters/http/router/v3"
	_ "github.com/envoyproxy/go-control-plane/envoy/extensions/filters/network/http_connection_manager/v3"
	_ "github.com/envoyproxy/go-control-plane/envoy/extensions/filters/network/tcp_proxy/v3"
	_ "github.com/envoyproxy/go-control-plane/envoy/extensions/upstreams/http/v3"
)

// kind is one type of resource: its URL and how to make an empty one.
type kind struct {
	url   string
	empty func() proto.Message
}

var kinds = map[string]kind{
	"CDS": {resource.ClusterType, func() proto.Message { return &clusterv3.Cluster{} }},
	"EDS": {resource.EndpointType, func() proto.Message { return &endpointv3.ClusterLoadAssignment{} }},
	"LDS": {resource.ListenerType, func() proto.Message { return &listenerv3.Listener{} }},
	"RDS": {resource.RouteType, func() proto.Message { return &routev3.RouteConfiguration{} }},
	"SDS": {resource.SecretType, func() proto.Message { return &tlsv3.Secret{} }},
}

// shortName is CDS and the like; the URL itself where there is none.
func shortName(url string) string {
	for name, each := range kinds {
		if each.url == url {
			return name
		}
	}
	return url
}

// written is a set of one type as a test writes it.
type written struct {
	Version   string            `json:"version"`
	Resources []json.RawMessage `json:"resources"`
	// TTLMillis is for all of them; 0 is none.
	TTLMillis int `json:"ttlMs"`
}

func (w written) read(name string) ([]types.ResourceWithTTL, error) {
	var ttl *time.Duration
	if w.TTLMillis > 0 {
		each := time.Duration(w.TTLMillis) * time.Millisecond
		ttl = &each
	}
	all := []types.ResourceWithTTL{}
	for _, text := range w.Resources {
		message := kinds[name].empty()
		if err := protojson.Unmarshal(text, message); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		all = append(all, types.ResourceWithTTL{Resource: message, TTL: ttl})
	}
	return all, nil
}

// raw is a response as no cache would send it.
type raw struct {
	Type      string        `json:"type"`
	Version   string        `json:"version"`
	Nonce     string        `json:"nonce"`
	Resources []rawResource `json:"resources"`
	Removed   []string      `json:"removed"`
	// PadBytes makes the message larger by so much.
	PadBytes int `json:"padBytes"`
}

// rawResource is JSON with its @type, or bytes (base64) that are said to be of a type.
type rawResource struct {
	Name    string          `json:"name"`
	JSON    json.RawMessage `json:"json"`
	TypeURL string          `json:"typeUrl"`
	Value   []byte          `json:"value"`
	// Version of this resource alone, in delta; that of the response otherwise.
	Version   string `json:"version"`
	TTLMillis int    `json:"ttlMs"`
	// Heartbeat leaves the resource itself out.
	Heartbeat bool `json:"heartbeat"`
}

func (r rawResource) any() (*anypb.Any, error) {
	if r.JSON == nil {
		return &anypb.Any{TypeUrl: r.TypeURL, Value: r.Value}, nil
	}
	message := &anypb.Any{}
	return message, protojson.Unmarshal(r.JSON, message)
}
