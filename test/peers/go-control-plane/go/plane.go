package main

import (
	"context"
	"fmt"
	"net"
	"sync"
	"time"

	"github.com/envoyproxy/go-control-plane/pkg/cache/types"
	"github.com/envoyproxy/go-control-plane/pkg/cache/v3"
	"github.com/envoyproxy/go-control-plane/pkg/resource/v3"
	"github.com/envoyproxy/go-control-plane/pkg/server/v3"
	"google.golang.org/grpc"

	core "github.com/envoyproxy/go-control-plane/envoy/config/core/v3"
	clusterservice "github.com/envoyproxy/go-control-plane/envoy/service/cluster/v3"
	discovery "github.com/envoyproxy/go-control-plane/envoy/service/discovery/v3"
	endpointservice "github.com/envoyproxy/go-control-plane/envoy/service/endpoint/v3"
	listenerservice "github.com/envoyproxy/go-control-plane/envoy/service/listener/v3"
	routeservice "github.com/envoyproxy/go-control-plane/envoy/service/route/v3"
	secretservice "github.com/envoyproxy/go-control-plane/envoy/service/secret/v3"
)

// messageBytesMax is above what any client takes, so that it is the client's limit that is met.
const messageBytesMax = 64 << 20

// everyone shares one snapshot.
type everyone struct{}

func (everyone) ID(*core.Node) string { return "everyone" }

// plane is the cache, the server over it, and the gate between the server and its clients.
type plane struct {
	ctx   context.Context
	cache cache.SnapshotCache
	gate  *gate
	port  int

	mutex sync.Mutex
	grpc  *grpc.Server
}

func newPlane(ctx context.Context, ads bool, heartbeat time.Duration) (*plane, error) {
	p := &plane{ctx: ctx, gate: newGate()}
	if heartbeat > 0 {
		p.cache = cache.NewSnapshotCacheWithHeartbeating(ctx, ads, everyone{}, nil, heartbeat)
	} else {
		p.cache = cache.NewSnapshotCache(ads, everyone{}, nil)
	}
	return p, p.listen()
}

// listen opens the port, the same one each time.
func (p *plane) listen() error {
	listener, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", p.port))
	if err != nil {
		return err
	}
	p.port = portOf(listener)
	xds := server.NewServer(p.ctx, p.cache, nil)
	p.grpc = grpc.NewServer(
		grpc.StreamInterceptor(p.gate.intercept),
		grpc.MaxRecvMsgSize(messageBytesMax),
		grpc.MaxSendMsgSize(messageBytesMax),
	)
	discovery.RegisterAggregatedDiscoveryServiceServer(p.grpc, xds)
	clusterservice.RegisterClusterDiscoveryServiceServer(p.grpc, xds)
	endpointservice.RegisterEndpointDiscoveryServiceServer(p.grpc, xds)
	listenerservice.RegisterListenerDiscoveryServiceServer(p.grpc, xds)
	routeservice.RegisterRouteDiscoveryServiceServer(p.grpc, xds)
	secretservice.RegisterSecretDiscoveryServiceServer(p.grpc, xds)
	go func(g *grpc.Server) { _ = g.Serve(listener) }(p.grpc)
	return nil
}

// refuse closes the port with every connection, or opens it again.
func (p *plane) refuse(on bool) error {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	if on && p.grpc != nil {
		p.gate.drop()
		p.grpc.Stop()
		p.grpc = nil
	} else if !on && p.grpc == nil {
		return p.listen()
	}
	return nil
}

func (p *plane) setSnapshot(sets map[string]written) error {
	items := map[resource.Type][]types.ResourceWithTTL{}
	for name, set := range sets {
		if _, known := kinds[name]; !known {
			return fmt.Errorf("%s is no type: CDS, EDS, LDS, RDS and SDS are", name)
		}
		all, err := set.read(name)
		if err != nil {
			return err
		}
		items[kinds[name].url] = all
	}
	snapshot, err := cache.NewSnapshotWithTTLs("", items)
	if err != nil {
		return err
	}
	for name, set := range sets {
		snapshot.Resources[cache.GetResponseType(kinds[name].url)].Version = set.Version
	}
	return p.cache.SetSnapshot(p.ctx, everyone{}.ID(nil), snapshot)
}

// inject sends a response past the cache to every stream on which that type was asked for.
func (p *plane) inject(r raw) error {
	return p.gate.inject(r)
}
